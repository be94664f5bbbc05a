"""The cases of much data: through TCP from pipes and files, both ways at once, and by an echo.

A newcomer's trap: what arrives at /dev/null nobody sees. So each tool is looked at once, before it
is measured: there its output is a pipe, and what comes out of it is compared with what went in.
"""

import mmap
import os

from session import MIB, Failed, Session
from table import Case, Row


def measure_pipe(bench, tool, tls=''):
    with Session(bench, tool) as session:
        receiver, port = session.listen(f'{tls}receive')
        sender = spawn_fed(session, f'{tls}send', port)
        return finish(bench, session, sender, receiver)


def prove_pipe(bench, tool, tls=''):
    measure_pipes(bench, tool, tls, digest=True)


def measure_pipes(bench, tool, tls='', digest=False):
    with Session(bench, tool) as session:
        output, arrival = session.drain(digest)
        receiver, port = session.listen(f'{tls}receive', stdout=output)
        output.close()
        sender = spawn_fed(session, f'{tls}send', port, odd=digest)
        values = finish(bench, session, sender, receiver)
        arrival.check(bench, bench.scale.size)
    return values


def measure_file(bench, tool):
    """The target is there already, with other bytes: how fast a machine gives memory is not what is measured."""
    target = bench.scratch / 'target'
    with target.open('ab') as file:
        file.truncate(bench.scale.size)
    spoil(target)
    with Session(bench, tool) as session, bench.source().open('rb') as source:
        with target.open('r+b') as output:
            receiver, port = session.listen('receive', stdout=output)
        sender = session.spawn('send', port, stdin=source)
        values = finish(bench, session, sender, receiver)
    check_same(bench.source(), target)
    return values


def spoil(path):
    """Changes a byte of each page, so that what has not been written anew shows."""
    with path.open('r+b') as file, mmap.mmap(file.fileno(), 0) as pages:
        firsts = pages[::mmap.PAGESIZE]
        pages[::mmap.PAGESIZE] = firsts.translate(bytes(255 - byte for byte in range(256)))


def measure_both(bench, tool):
    """One direction alone goes by the same forms, from a pipe to /dev/null too."""
    size = bench.scale.size // 2
    alone = exchange(bench, tool, [size, 0])
    both = exchange(bench, tool, [size, size])
    return both, both / alone


def prove_both(bench, tool):
    exchange(bench, tool, [bench.scale.size // 2] * 2, digest=True)


def exchange(bench, tool, sizes, digest=False):
    """Sends that much in each direction at once; MiB/s of one."""
    with Session(bench, tool) as session:
        outputs = [session.drain(digest=True) if digest else (None, None) for _ in sizes]
        sources = [session.feed(size, odd=digest) for size in sizes]
        listener, port = session.listen('both_answer', stdin=sources[1], stdout=outputs[0][0])
        client = session.spawn('both', port, stdin=sources[0], stdout=outputs[1][0])
        for file in (*sources, *(output for output, _ in outputs if output)):
            file.close()
        rate = finish(bench, session, client, listener, sizes[0])[0]
        for size, (_, arrival) in zip(sizes, outputs):
            if arrival:
                arrival.check(bench, size)
    return rate


def measure_exec(bench, tool, digest=False):
    size = bench.scale.size // 2
    with Session(bench, tool) as session:
        output, arrival = session.drain(digest=True) if digest else (None, None)
        listener, port = session.listen('exec')
        client = spawn_fed(session, 'exec_talk', port, size, output, odd=digest)
        if digest:
            output.close()
        values = finish(bench, session, client, listener, size)[:1]
        if digest:
            arrival.check(bench, size)
    return values


def prove_exec(bench, tool):
    measure_exec(bench, tool, digest=True)


def spawn_fed(session, part, port, size=None, stdout=None, odd=False):
    source = session.feed(session.bench.scale.size if size is None else size, odd)
    process = session.spawn(part, port, stdin=source, stdout=stdout)
    source.close()
    return process


def finish(bench, session, sender, receiver, size=None):
    """From the sender's start until both ends have left: MiB/s, cpu seconds of both a GiB."""
    size = bench.scale.size if size is None else size
    session.reap(sender)
    session.reap(receiver)
    time_taken = max(sender.ended, receiver.ended) - sender.begun
    return size / MIB / time_taken, (sender.cpu + receiver.cpu) / (size / (1024 * MIB))


def check_same(source, target):
    sizes = os.stat(source).st_size, os.stat(target).st_size
    if sizes[0] != sizes[1]:
        raise Failed(f'{sizes[1]} bytes arrived of {sizes[0]}')
    with source.open('rb', buffering=0) as sent, target.open('rb', buffering=0) as came:
        while chunk := sent.read(MIB):
            if chunk != came.read(MIB):
                raise Failed('other bytes arrived than were sent')


CPU = Row('the same, both ends', 'cpu s/GiB', 2)
CASES = {
    'pipe': Case(measure_pipe, [Row('{size} pipe → TCP → /dev/null', 'MiB/s', 0), CPU], prove_pipe),
    # The first run finds memory that the machine has not touched yet.
    'file': Case(measure_file, [Row('{size} file → TCP → file', 'MiB/s', 0), CPU], measure_file),
    'pipes': Case(measure_pipes, [Row('{size} pipe → TCP → pipe', 'MiB/s', 0), CPU], prove_pipe),
    'both': Case(
        measure_both,
        [Row('both directions at once, {half} each: one of them', 'MiB/s', 0), Row('the same : one alone', '', 2)],
        prove_both,
    ),
    'exec': Case(measure_exec, [Row('`--exec cat` as an echo, {half} (socat: its own 8 KiB buffers)', 'MiB/s', 0)], prove_exec),
}
