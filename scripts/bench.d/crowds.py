"""The cases of many clients: what each costs, and whether one's words cost more among many.

A newcomer's trap: a listener has to have accepted all clients before anything is measured, and the
only thing that shows it is that each has been heard. So every client says a line with its number.
"""

import contextlib
import os
import resource
import socket
import ssl
import time

from session import MIB, Failed, Session, enlarge, one_processor
from table import Case, Row
from tools import say

FEW = 100
SPARE = 200  # descriptors that a listener and this process need for themselves


def measure_crowd(bench, tool):
    """All the clients are in another process, which is the same for all tools."""
    many = bench.scale.clients
    with Session(bench, tool) as session, many_files(many):
        listener = Listener(session, 'serve', many)
        begun = time.perf_counter()
        listener.talk(many)
        taken = time.perf_counter() - begun
        return taken * 1e3, listener.process.cpu_so_far() * 1e3


def measure_event(bench, tool):
    few, many = (cost_of_lines(bench, tool, idle) for idle in (FEW, bench.scale.clients))
    return few, many, many / few


def cost_of_lines(bench, tool, idle):
    """Processor time of the listener for a line, in µs, while so many other clients say nothing."""
    with Session(bench, tool) as session, many_files(idle):
        listener = Listener(session, 'serve', idle + 1)
        listener.talk(idle)
        with socket.create_connection(('127.0.0.1', listener.port)) as client, one_processor(listener.process):
            line = b'a line\n'
            for number in range(bench.scale.lines + 1):
                client.sendall(line)
                if listener.heard.read(len(line)) != line:
                    raise Failed('a line was not heard')
                if number == 0:
                    before = listener.process.cpu_so_far()
            session.wait(listener.process.sleeps)
            return (listener.process.cpu_so_far() - before) / bench.scale.lines * 1e6


def measure_memory(bench, tool):
    many = bench.scale.idle
    with Session(bench, tool) as session, many_files(many):
        listener = Listener(session, 'serve', many + 1)
        # What the first one costs, it costs once.
        listener.talk(1)
        before = listener.memory()
        listener.talk(many)
        return ((listener.memory() - before) / many,)


def measure_tls_memory(bench, tool):
    many = bench.scale.tls_idle
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Session(bench, tool) as session, contextlib.ExitStack() as clients:
        listener = Listener(session, 'tls_serve', many + 1)

        def connect(name):
            raw = socket.create_connection(('127.0.0.1', listener.port), timeout=bench.patience())
            client = clients.enter_context(context.wrap_socket(clients.enter_context(raw)))
            client.sendall(f'{name}\n'.encode())
            listener.hear([name])

        connect('first')
        before = listener.memory()
        for each in range(many):
            connect(str(each))
        return ((listener.memory() - before) / many,)


class Listener:
    """A listener for many, and what it has heard."""

    def __init__(self, session, part, clients):
        self.session = session
        self.heard, output = session.pipe()
        enlarge(output)
        self.process, self.port = session.listen(part, stdout=output, clients=clients)
        output.close()

    def talk(self, many):
        """As many clients; returns when each has been heard. They stay."""
        stay, _ = self.session.pipe()
        self.session.helper('crowd', 'talk', self.port, many, stdin=stay)
        stay.close()
        self.hear(f'client {each:08}' for each in range(many))

    def hear(self, lines):
        """Waits for these lines, in any order.

        Now and then it is looked what has come: a reader that is woken by every line would take
        the processor from those that are measured.
        """
        lines, text = sorted(lines), b''
        wanted = sum(len(line) + 1 for line in lines)
        os.set_blocking(self.heard.fileno(), False)

        def heard_all():
            nonlocal text
            while chunk := self.heard.read(MIB):
                text += chunk
            return len(text) >= wanted or chunk == b''

        self.session.wait(heard_all)
        os.set_blocking(self.heard.fileno(), True)
        if sorted(text.decode(errors='replace').splitlines()) != lines:
            raise Failed(f'{text.count(10)} lines were heard of {len(lines)}, or others')

    def memory(self):
        """KiB that are its own, when it has nothing more to do."""
        self.session.wait(self.process.sleeps)
        return self.process.status()['RssAnon']


@contextlib.contextmanager
def many_files(clients):
    """What is started meanwhile may have so many clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(clients + SPARE, hard)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def possible(clients):
    """As many, or fewer where this user may not have so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # Only root may raise the hard limit.
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, clients + SPARE)))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < clients + SPARE:
        say(f'{hard - SPARE} clients instead of {clients}: the hard limit of descriptors is {hard}')
    return min(clients, hard - SPARE)


CASES = {
    'crowd': Case(measure_crowd, [
        Row('{clients} clients of `-l -k`, until each has been heard', 'ms', 0), Row('the same, the listener', 'cpu ms', 0),
    ]),
    'event': Case(measure_event, [
        Row(f'a line of one client among {FEW}', 'cpu µs', 1), Row('among {clients}', 'cpu µs', 1),
        Row('the same : among 100', '', 2),
    ]),
    'clients': Case(measure_memory, [Row('each idle client of `-l -k`', 'KiB', 2)]),
    'clients-tls': Case(measure_tls_memory, [Row('each idle client of `-l -k --ssl`', 'KiB', 2)]),
}
