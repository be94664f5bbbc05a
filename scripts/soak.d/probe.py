"""A client that measures how long it waits while the others misbehave.

It is a process of its own, so that what the crowd's process is busy with is not counted as the server's.
For each answer it writes a line to a pipe: what it was (`line`, `newcomer`, `typed`, `lost`) and the seconds.

A newcomer's trap: in the modes where a line is heard on stdout, this process has to read all of it
without a pause, or the server would rightly hold up everybody.
"""

import os
import select
import signal
import socket
import ssl
import time

from client import PATIENCE, UNVERIFIED, Gone, Wrong
from modes import ECHO, HEARD, REPLY, ROOM, exchange

KEPT = 256  # bytes that are looked at again, for a token that came in pieces
TYPED = b'typed %d ' + b'.' * 180 + b'\n'


class Probe:
    """The side of the process that started it."""

    def __init__(self, *arguments):
        self.reading, writing = os.pipe()
        self.process = os.fork()
        if not self.process:
            os.close(self.reading)
            run(writing, *arguments)
        os.close(writing)
        os.set_blocking(self.reading, False)
        self.rest, self.seconds, self.wrong, self.answered = b'', {}, [], 0

    def collect(self):
        """Takes what has been measured since."""
        if self.reading is None:
            return self.seconds
        try:
            while some := os.read(self.reading, 65536):
                self.rest += some
        except BlockingIOError:
            pass
        *lines, self.rest = self.rest.split(b'\n')
        for line in lines:
            kind, value = line.decode(errors='replace').split(' ', 1)
            if kind == 'wrong':
                self.wrong.append(f'the probe: {value}')
            else:
                self.seconds.setdefault(kind, []).append(float(value))
        return self.seconds

    def was_answered(self):
        return bool(self.answered or self.seconds.get('line'))

    def end(self):
        if not self.process:
            return
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.collect()
        os.close(self.reading)
        self.reading = self.process = None


def run(out, mode, port, target, stdin, stdout):
    """Measures until it is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        measure(out, mode, port, target, stdin, stdout)
    except (OSError, Gone, Wrong) as error:
        os.write(out, f'wrong {error}\n'.encode())
    finally:
        os._exit(1)


def measure(out, mode, port, target, stdin, stdout):
    prober = Prober(mode, port, target, stdout)
    line_every, newcomer_every = (0.25, 2.0) if mode.answers == ROOM else (0.02, 0.5)
    next_newcomer = next_typed = time.monotonic()
    number = 0

    def note(kind, seconds):
        os.write(out, f'{kind} {seconds:.6f}\n'.encode())

    while True:
        number += 1
        note('line', prober.ask(prober.speaker, number))
        now = time.monotonic()
        if now >= next_newcomer:
            begun = time.perf_counter()
            newcomer = prober.connects()
            number += 1
            prober.ask(newcomer, number)
            note('newcomer', time.perf_counter() - begun)
            newcomer.close()
            next_newcomer = now + newcomer_every
        if mode.answers == HEARD and now >= next_typed:
            begun = time.perf_counter()
            os.write(stdin, TYPED % number)
            if prober.own.hears(b'typed %d ' % number, PATIENCE, mode.udp):
                note('typed', time.perf_counter() - begun)
            else:
                note('lost', 1)
            next_typed = now + 2.0
        note('lost', prober.lost)
        prober.lost = 0
        prober.idles(line_every)


class Ears:
    """Where something is heard: a socket, or the server's stdout."""

    def __init__(self, descriptor, read):
        self.descriptor, self.read, self.kept = descriptor, read, b''
        self.poll = select.poll()
        self.poll.register(descriptor, select.POLLIN)

    def ready(self, seconds):
        return bool(self.poll.poll(max(0, seconds) * 1e3))

    def more(self):
        some = self.read()
        if not some and some is not None:
            raise Wrong('it was sent away')
        self.kept = (self.kept + some)[-max(KEPT, len(some or b'')):] if some else self.kept

    def hears(self, token, seconds, gives_up=False):
        until = time.monotonic() + seconds
        while token not in self.kept:
            if not self.ready(until - time.monotonic()):
                if gives_up:
                    return False
                raise Wrong(f'{token!r} was not heard for {seconds:.0f} s')
            self.more()
        self.kept = self.kept[self.kept.index(token) + len(token):]
        return True


class Prober:
    def __init__(self, mode, port, target, stdout):
        self.mode, self.port, self.target, self.lost = mode, port, target, 0
        self.speaker = self.connects()
        self.own = ears_of(self.speaker)
        self.ears = [self.own]
        if mode.answers == ROOM:
            self.hearing = ears_of(self.connects())
            self.ears.append(self.hearing)
        elif mode.answers == HEARD:
            self.hearing = Ears(stdout, lambda: os.read(stdout, 1 << 20))
            self.ears.append(self.hearing)

    def connects(self):
        kind = socket.SOCK_DGRAM if self.mode.udp else socket.SOCK_STREAM
        sock = socket.socket(socket.AF_INET, kind)
        sock.settimeout(PATIENCE)
        sock.connect(('127.0.0.1', self.port))
        if not self.mode.udp:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.mode.tls:
            sock = UNVERIFIED.wrap_socket(sock)
        ahead = b''
        for said, complete in self.mode.opening(self.target):
            sock.sendall(said)
            ahead = answer(sock, complete, ahead)
        return sock

    def ask(self, sock, number):
        """Says a line; returns the seconds until it was answered, or heard."""
        token = b'token %d %d\n' % (os.getpid(), number)
        said, complete = exchange(self.mode, token)
        begun = time.perf_counter()
        sock.sendall(said)
        if self.mode.answers in (ECHO, REPLY):
            answer(sock, complete, b'')
        else:
            while not self.hearing.hears(token, 1.0 if self.mode.udp else PATIENCE, self.mode.udp):
                # A datagram that is lost is not late.
                self.lost += 1
                begun = time.perf_counter()
                sock.sendall(said)
        return time.perf_counter() - begun

    def idles(self, seconds):
        """What comes meanwhile is taken."""
        until = time.monotonic() + seconds
        poll = select.poll()
        heard = [ears for ears in self.ears if self.mode.answers in (ROOM, HEARD)]
        for ears in heard:
            poll.register(ears.descriptor, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poll.poll(left * 1e3)}
            for ears in heard:
                if ears.descriptor in ready:
                    ears.more()


def ears_of(sock):
    def read():
        try:
            return sock.recv(65536)
        except ssl.SSLWantReadError:
            return None
    return Ears(sock.fileno(), read)


def answer(sock, complete, heard):
    while (length := complete(heard)) is None:
        some = sock.recv(65536)
        if not some:
            raise Wrong('it was sent away')
        heard += some
    return heard[length:]
