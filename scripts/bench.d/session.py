"""What every case stands on: processes that are started, waited for, and ended, and their pipes.

A newcomer's trap: a measurement that hangs must fail, not stand still. A watchdog kills what it
has started, and whatever is waited for ends by that.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20
# Sent again and again: whole pages, as tar, dd and cat write them.
BLOCK = os.urandom(MIB)
# Where what arrives is compared, the odd length shows when chunks are lost or swapped.
ODD = BLOCK[1:]


class Failed(Exception):
    """A tool did not do what it was asked for."""


class Missing(Exception):
    """A tool has no form for a case, or this machine does not have what a case needs."""


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int
    size: int  # bytes of a transfer
    trips: int  # round trips a turn
    starts: int  # processes a turn
    clients: int  # of the largest crowd
    idle: int  # clients whose memory is measured
    tls_idle: int
    lines: int  # that one of a crowd says
    shared: int  # bytes that a broker writes
    datagrams: int


FULL = Scale(
    rounds=5, size=1024 * MIB, trips=200, starts=8, clients=10_000, idle=1_000, tls_idle=300, lines=3_000,
    shared=4096 * MIB, datagrams=400_000,
)
SHORT = Scale(
    rounds=1, size=16 * MIB, trips=20, starts=1, clients=300, idle=100, tls_idle=20, lines=50,
    shared=64 * MIB, datagrams=5_000,
)


@dataclass
class Bench:
    """What is the same for all tools."""

    scale: Scale
    scratch: Path
    certificate: str  # '' without openssl
    programs: bool  # whether the C programs are in `scratch`
    digests: dict = field(default_factory=dict)

    def patience(self):
        """Seconds after which a tool hangs."""
        return 15 + self.scale.size / (16 * MIB)

    def blocks(self, size, odd=False):
        """What is sent from a pipe."""
        block = ODD if odd else BLOCK
        while size > 0:
            yield block if size >= len(block) else block[:size]
            size -= len(block)

    def digest(self, size):
        if size not in self.digests:
            digest = hashlib.sha256()
            for block in self.blocks(size, odd=True):
                digest.update(block)
            self.digests[size] = digest.digest()
        return self.digests[size]

    def source(self):
        """The file that is sent from a file: random, and on the disk before anything is measured."""
        path = self.scratch / 'source'
        if not path.exists():
            free, needed = shutil.disk_usage(self.scratch).free, 2 * self.scale.size + 256 * MIB
            if free < needed:
                where, free, needed = self.scratch.parent, free // MIB, needed // MIB
                sys.exit(f'bench: file: {where} has {free} MiB free, needed are {needed}; set TMPDIR')
            with path.open('wb') as file:
                for _ in range(self.scale.size // MIB):
                    file.write(os.urandom(MIB))
                file.flush()
                os.fsync(file.fileno())
        return path


@dataclass
class Process:
    pid: int
    begun: float
    ended: float = 0.0
    cpu: float = 0.0
    statuses: frozenset = frozenset([0])

    def cpu_so_far(self):
        """Seconds, while it runs: /proc/PID/schedstat begins with nanoseconds."""
        return int(Path(f'/proc/{self.pid}/schedstat').read_text().split()[0]) / 1e9

    def written(self):
        """Bytes by write(2) and its like, to whatever they went."""
        lines = Path(f'/proc/{self.pid}/io').read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith('wchar:'))

    def status(self):
        """KiB of memory, by the names that /proc/PID/status has for them."""
        lines = Path(f'/proc/{self.pid}/status').read_text().splitlines()
        return {key: int(value.split()[0]) for key, value in (line.split(':', 1) for line in lines) if ' kB' in value}

    def sleeps(self):
        return Path(f'/proc/{self.pid}/stat').read_text().rpartition(') ')[2].startswith('S')


class Arrival(threading.Thread):
    """Reads a pipe to its end: how much came, when it ended, and what it was if `digest`."""

    def __init__(self, reader, digest):
        super().__init__(daemon=True)
        self.reader, self.digest = reader, hashlib.sha256() if digest else None
        self.size, self.ended = 0, 0.0
        self.start()

    def run(self):
        chunk = memoryview(bytearray(MIB))
        while count := self.reader.readinto(chunk):
            self.size += count
            if self.digest:
                self.digest.update(chunk[:count])
        self.ended = time.perf_counter()

    def check(self, bench, size):
        """Waits for the end of it."""
        self.join()
        if self.size != size:
            raise Failed(f'{self.size} bytes arrived of {size}')
        if self.digest and self.digest.digest() != bench.digest(size):
            raise Failed('other bytes arrived than were sent')


class Session:
    """The processes and pipes of one measurement: none outlives it, and none hangs."""

    def __init__(self, bench, tool):
        self.bench, self.tool = bench, tool
        self.running = {}
        self.feeds, self.drains = [], []
        self.late = self.refused = False
        self.lock = threading.Lock()
        self.open = contextlib.ExitStack()
        self.watchdog = threading.Timer(bench.patience(), self.give_up)
        self.watchdog.daemon = True

    def __enter__(self):
        self.errors = self.open.enter_context(tempfile.TemporaryFile(dir=self.bench.scratch))
        self.null = self.open.enter_context(open(os.devnull, 'r+b', buffering=0))
        self.watchdog.start()
        return self

    def __exit__(self, kind, error, trace):
        self.watchdog.cancel()
        self.kill()
        for pid in self.running:
            os.waitpid(pid, 0)
        for reader, thread in self.feeds:
            reader.close()
            thread.join()
        for writer, arrival in self.drains:
            writer.close()
            arrival.join()
        if isinstance(error, (Failed, OSError)):
            error.args = (self.explain(error),)
        self.open.close()

    def pipe(self, flags=0):
        reader, writer = os.pipe2(os.O_CLOEXEC | flags)
        files = os.fdopen(reader, 'rb', buffering=0), os.fdopen(writer, 'wb', buffering=0)
        for file in files:
            self.open.enter_context(file)
        return files

    def feed(self, size, odd=False):
        """A pipe from which comes what is sent. A thread of this process is as fast as one in C."""
        reader, writer = self.pipe()

        def write():
            try:
                with writer:
                    for block in self.bench.blocks(size, odd):
                        # A raw file may write less.
                        sent = 0
                        while sent < len(block):
                            sent += writer.write(memoryview(block)[sent:])
            except BrokenPipeError:
                self.refused = True

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        self.feeds.append((reader, thread))
        return reader

    def drain(self, digest=False):
        """A pipe that is read to its end, and what is known of that."""
        reader, writer = self.pipe()
        self.drains.append((writer, Arrival(reader, digest)))
        return self.drains[-1]

    def listen(self, part, table='tcp', **streams):
        """Starts a listener on a free port; returns when it listens."""
        kind = {'tcp': socket.SOCK_STREAM, 'udp': socket.SOCK_DGRAM}[table]
        for attempt in itertools.count(1):
            with socket.socket(socket.AF_INET, kind) as free:
                free.bind(('127.0.0.1', 0))
                port = free.getsockname()[1]
            process = self.spawn(part, port, **streams)
            self.wait(lambda: is_bound(table, port) or self.has_ended(process))
            if is_bound(table, port):
                return process, port
            # Somebody else may have been given the same port.
            if attempt == 3:
                self.reap(process)
                raise Failed('the listener does not listen')
            self.reap(process, check=False)

    def spawn(self, part, port=0, stdin=None, stdout=None, **values):
        """Starts the tool in one of its parts."""
        form = self.tool.forms.get(part)
        if not form:
            raise Missing('it has no such form')
        if '{certificate}' in form and not self.bench.certificate:
            raise Missing('install openssl')
        values |= {'certificate': self.bench.certificate, 'programs': self.bench.scratch, 'cat': shutil.which('cat')}
        words = [*self.tool.words, *(word.format(port=port, **values) for word in form.split())]
        return self.start(words, stdin, stdout, self.tool.statuses)

    def helper(self, program, *words, stdin=None, stdout=None):
        """Starts one of the C programs."""
        if not self.bench.programs:
            raise Missing('install gcc')
        return self.start([str(self.bench.scratch / program), *map(str, words)], stdin, stdout)

    def start(self, words, stdin, stdout, statuses=frozenset([0])):
        streams = [(stdin or self.null).fileno(), (stdout or self.null).fileno(), self.errors.fileno()]
        begun = time.perf_counter()
        pid = os.posix_spawn(
            words[0], words, os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate(streams)],
            setpgroup=0, setsigdef=[signal.SIGPIPE],
        )
        process = Process(pid, begun, statuses=statuses)
        self.running[pid] = process
        return process

    def reap(self, process, check=True):
        """Waits for a process to end, well if `check`."""
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        process.ended = time.perf_counter()
        with self.lock:
            _, how, usage = os.wait4(process.pid, 0)
            del self.running[process.pid]
        process.cpu = usage.ru_utime + usage.ru_stime
        status = os.waitstatus_to_exitcode(how)
        if check and status not in process.statuses:
            raise Failed(f'exit status {status}')
        if check and self.refused:
            raise Failed('it left before the end of stdin')

    def has_ended(self, process):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, condition):
        """For what the kernel tells only to those who ask."""
        while not condition():
            if self.late:
                raise Failed('nothing happens')
            time.sleep(0.0005)

    def give_up(self):
        self.late = True
        self.kill()

    def kill(self):
        with self.lock:
            for pid in self.running:
                os.killpg(pid, signal.SIGKILL)  # RNCAT may be a script.

    def explain(self, error):
        self.errors.seek(0)
        said = self.errors.read().decode(errors='replace').strip().splitlines()[-5:]
        late = f' (killed after {self.bench.patience():.0f} s)' if self.late else ''
        return ''.join([str(error), late, *(f'\n    {line}' for line in said)])


@contextlib.contextmanager
def one_processor(*processes):
    """For this thread and what it starts, and those that are given."""
    allowed = os.sched_getaffinity(0)
    for pid in (0, *(process.pid for process in processes)):
        os.sched_setaffinity(pid, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def expect(reader, wanted):
    """Reads as much as is wanted, which has to be it."""
    came = b''
    while len(came) < len(wanted) and (piece := reader.read(len(wanted) - len(came))):
        came += piece
    if came != wanted:
        raise Failed(f'{len(came)} bytes arrived of {len(wanted)}, or others')


def enlarge(pipe):
    """To what everybody may have; fewer changes between processes."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MIB)


def sockets(table, port):
    """The lines of /proc/net/TABLE whose local address, their second word, has this port."""
    lines = Path('/proc/net', table).read_text().splitlines()[1:]
    return [words for words in map(str.split, lines) if words[1].endswith(f':{port:04X}')]


def is_bound(table, port):
    """The fourth word is the state: 0A is LISTEN, 07 a UDP socket without a peer."""
    return any(words[3] in ('0A', '07') for words in sockets(table, port))


def make_certificate(scratch):
    """socat has none of its own, and the server in this process neither."""
    if not shutil.which('openssl'):
        return ''
    path = scratch / 'certificate.pem'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
         '-subj', '/CN=localhost', '-keyout', path, '-out', scratch / 'certificate'],
        check=True, capture_output=True,
    )
    with path.open('a') as file:
        file.write((scratch / 'certificate').read_text())
    return str(path)
