"""The cases of little data: round trips, starting and leaving, help, and waiting.

A newcomer's trap: between two processors, what one sees of a round trip is how long the kernel
takes to wake the other. It is five times as much and decided anew by every run.
"""

import contextlib
import socket
import statistics
import threading
import time

from session import Failed, Session, one_processor
from table import Case, Row


def measure_rtt(bench, tool, crlf=''):
    """This process is at both ends, and waits for the byte at each in turn; all share a processor."""
    with Session(bench, tool) as session, one_processor():
        (far_in, from_us), (to_us, far_out) = session.pipe(), session.pipe()
        _, port = session.listen(f'{crlf}answer', stdin=far_in, stdout=far_out)
        (near_in, to_near), (from_near, near_out) = session.pipe(), session.pipe()
        session.spawn(f'{crlf}talk', port, stdin=near_in, stdout=near_out)
        for theirs in (far_in, far_out, near_in, near_out):
            theirs.close()
        times = []
        for number in range(bench.scale.trips):
            byte = bytes([ord('a') + number % 26])
            begun = time.perf_counter()
            to_near.write(byte)
            there = to_us.read(1)
            from_us.write(there)
            back = from_near.read(1)
            times.append(time.perf_counter() - begun)
            if (there, back) != (byte, byte):
                raise Failed(f'round trip {number}: sent {byte}, came {there} and {back}')
    return (statistics.median(times) * 1e6,)


def measure_crlf_rtt(bench, tool):
    return measure_rtt(bench, tool, crlf='crlf_')


def measure_start(bench, tool):
    with Session(bench, tool) as session, greeting() as port:
        return (statistics.median(lifetimes(bench, session, 'leave', port)) * 1e3,)


def measure_help(bench, tool):
    with Session(bench, tool) as session:
        return (statistics.median(lifetimes(bench, session, 'help')) * 1e3,)


def lifetimes(bench, session, part, port=0):
    for _ in range(bench.scale.starts):
        process = session.spawn(part, port)
        session.reap(process)
        yield process.ended - process.begun


@contextlib.contextmanager
def greeting(greet=socket.socket.close):
    """A server that does only that with each client; leaves at once, if nothing else is said."""
    with socket.create_server(('127.0.0.1', 0), backlog=64) as server:
        def serve():
            with contextlib.suppress(OSError):  # It is shut down.
                while True:
                    greet(server.accept()[0])

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def measure_idle(bench, tool):
    with Session(bench, tool) as session, socket.create_server(('127.0.0.1', 0)) as server:
        return idle(session, 'talk', server, lambda peer: peer)


def idle(session, part, server, accepted):
    """A byte each way shows that the client is connected and has done all that it does."""
    patience = session.bench.patience()
    server.settimeout(patience)
    (near_in, to_near), (from_near, near_out) = session.pipe(), session.pipe()
    client = session.spawn(part, server.getsockname()[1], stdin=near_in, stdout=near_out)
    near_in.close()
    near_out.close()
    raw = server.accept()[0]
    raw.settimeout(patience)
    with accepted(raw) as peer:
        to_near.write(b'x')
        there = peer.recv(1)
        peer.sendall(there)
        if (there, from_near.read(1)) != (b'x', b'x'):
            raise Failed('the byte that was sent did not come back')
        session.wait(client.sleeps)
        status = client.status()
    return tuple(status[key] / 1024 for key in ('VmRSS', 'RssAnon'))


def memory(what):
    return [Row(f'{what}, resident', 'MiB', 2), Row(f'{what}, anonymous', 'MiB', 2)]


CASES = {
    'rtt': Case(measure_rtt, [Row('one byte there and back, p50', 'µs', 1)], turns=5),
    'rtt-crlf': Case(measure_crlf_rtt, [Row('the same with `-C`', 'µs', 1)], turns=5),
    'start': Case(measure_start, [Row('start, connect and leave', 'ms', 2)], turns=5),
    'help': Case(measure_help, [Row('`--help` (nc: `-h`)', 'ms', 2)], turns=5),
    'idle': Case(measure_idle, memory('idle client')),
}
