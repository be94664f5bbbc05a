"""How clients behave: each character is one, from its connection to its end.

Those who behave check what they get: whoever is sent away or gets something else calls that wrong,
and the run fails. Those who do not are told apart by nothing but what they do.
"""

import socket
import time

from client import PATIENCE, Client, Gone, TlsClient, Wrong, client_hello
from modes import ECHO, REPLY, ROOM, exchange
from world import READ

FLOOD = 96 * 1024
ROOM_LINES = 60_000  # deliveries a second that a room's clients may cause …
ROOM_BYTES = 8 << 20  # … and bytes


class Crowd:
    """All that the clients of a mode share."""

    def __init__(self, world, mode, rng, port, origins, clients):
        self.world, self.mode, self.rng, self.port, self.origins = world, mode, rng, port, origins
        self.clients, self.came, self.present = clients, 0, 0
        self.wrong = []
        self.think = max(0.3, clients / 1200)  # seconds between two deeds of a client
        self.hold = 8.0  # seconds for which one stalls
        self.budget, self.filled = 0.0, time.monotonic()

    def place(self, delay):
        """One place of the crowd: clients come to it, one after the other."""
        yield None, 0, delay
        while True:
            yield from self.visit()
            yield None, 0, self.some(self.think / 2)

    def visit(self):
        # Room for who comes and goes in a chat is a matter of budget, too.
        while not self.may_say(80 if self.mode.announces else 0):
            yield None, 0, self.some(self.think)
        character = self.rng.choices(CHARACTERS, WEIGHTS)[0]
        if self.mode.udp:
            client, character = Client(('127.0.0.1', self.port), socket.SOCK_DGRAM), sends_datagrams
        elif self.mode.tls and character not in BELOW_TLS:
            client = TlsClient(('127.0.0.1', self.port))
        else:
            client = Client(('127.0.0.1', self.port))
        self.came += 1
        self.present += 1
        try:
            self.comes_from_somewhere(client.socket)
            yield from character(self, client)
        except Gone as gone:
            if character in WELL_BEHAVED:
                self.complain(character, gone)
        except Wrong as wrong:
            self.complain(character, wrong)
        finally:
            self.present -= 1
            client.reset() if self.rng.random() < 0.3 and client.socket.fileno() >= 0 else client.close()

    def complain(self, character, what):
        self.wrong.append(f'a client that {character.__name__}: {what}')

    def comes_from_somewhere(self, sock):
        """No more from one address than it has ports."""
        if hasattr(socket, 'IP_BIND_ADDRESS_NO_PORT') and not self.mode.udp:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((f'127.0.1.{self.rng.randrange(1, 250)}', 0))

    def some(self, mean):
        return min(self.rng.expovariate(1 / mean), 5 * mean)

    def line(self):
        return b'%x\n' % self.rng.getrandbits(8 * self.rng.randrange(1, 60))

    def may_say(self, length):
        """Whether a room has time for that."""
        if self.mode.answers != ROOM or not length:
            return True
        now = time.monotonic()
        self.budget = min(1.0, self.budget + now - self.filled)
        self.filled = now
        cost = self.present * max(1 / ROOM_LINES, length / ROOM_BYTES)
        if self.budget <= 0:
            return False
        self.budget -= cost
        return True

    def target(self, behaved=True):
        ports = self.origins[0] if behaved else self.rng.choice(self.origins)
        return f'127.0.2.{self.rng.randrange(1, 250)}', ports


def begins(crowd, client, room=None, behaved=True):
    yield from client.connect(room)
    ahead = b''
    for said, complete in crowd.mode.opening(crowd.target(behaved)):
        yield from client.send(said)
        ahead = yield from client.hear(complete, ahead)


def talks(crowd, client):
    yield from begins(crowd, client)
    for _ in range(crowd.rng.randrange(1, 12)):
        line = crowd.line()
        if crowd.may_say(len(line)):
            yield from says(crowd, client, line)
        until = time.monotonic() + crowd.some(crowd.think)
        while (left := until - time.monotonic()) > 0:
            # What is said to all is taken at leisure: by events for each line the driver would be the bottleneck.
            if crowd.mode.answers == ROOM:
                yield None, 0, min(left, 2.0)
                left = 0
            if not (yield from client.drain(left)):
                raise Gone('sent away')
    if crowd.mode.answers == ECHO and crowd.rng.random() < 0.5:
        client.half_close()
        if (some := (yield from client.receive())) != b'':
            raise Wrong(f'no end after {PATIENCE:.0f} s' if some is None else f'{some[:80]!r} instead of an end')


def says(crowd, client, line):
    said, complete = exchange(crowd.mode, line)
    yield from client.send(said)
    if complete:
        yield from client.hear(complete)


def floods(crowd, client):
    yield from begins(crowd, client)
    length = crowd.rng.randrange(1, FLOOD)
    if crowd.mode.answers == ROOM:
        length = min(length, ROOM_BYTES // crowd.clients)  # a second's worth
    if not crowd.may_say(length):
        return
    line = crowd.line()
    if crowd.mode.answers == ECHO:
        # A third each time, so that both directions are never full.
        for _ in range(3):
            yield from says(crowd, client, line * (length // len(line) // 3 or 1))
    elif crowd.mode.answers == REPLY:
        for _ in range(20):
            said, complete = exchange(crowd.mode, line)
            yield from client.send(said * 20)
            ahead = b''
            for _ in range(20):
                ahead = yield from client.hear(complete, ahead)
    else:
        yield from client.send(line * (length // len(line) or 1))


def takes_nothing(crowd, client):
    """Talks as much as one lets it, and reads nothing."""
    yield from begins(crowd, client, room=4096, behaved=False)
    if crowd.mode.answers != ROOM:
        yield from client.send(exchange(crowd.mode, crowd.line())[0] * 10_000, seconds=1.0)
    yield None, 0, crowd.some(crowd.hold)


def stalls(crowd, client):
    """Stops at some byte of what it has to say first."""
    yield from client.connect()
    said = first_words(crowd)
    yield from client.send(said[:crowd.rng.randrange(len(said) + 1)])
    yield None, 0, crowd.some(crowd.hold)


def is_slow(crowd, client):
    """A byte at a time."""
    yield from client.connect()
    until = time.monotonic() + crowd.some(crowd.hold)
    for byte in first_words(crowd):
        yield from client.send(bytes([byte]))
        if time.monotonic() > until or (yield from client.receive(crowd.rng.uniform(0.2, 1.0))) == b'':
            break


def goes_on_for_ever(crowd, client):
    """Begins with an opening that has no end."""
    yield from client.connect()
    said = first_words(crowd)
    yield from client.send(said[:max(1, len(said) - 2)])
    for _ in range(16):
        if not crowd.may_say(16384):
            break
        yield from client.send(b'X-Soak: yes\r\n' * 1260, seconds=crowd.hold)


def says_garbage(crowd, client):
    yield from client.connect()
    for _ in range(crowd.rng.randrange(1, 4)):
        garbage = crowd.rng.randbytes(crowd.rng.randrange(1, 2000))
        if crowd.may_say(len(garbage)):
            yield from client.send(garbage)
        if not (yield from client.drain(crowd.some(1.0))):
            break


def resets(crowd, client):
    yield from begins(crowd, client, behaved=False)
    line = crowd.line() * crowd.rng.randrange(1, 50)
    if crowd.may_say(len(line)):
        yield from client.send(line)
    client.reset()


def half_closes(crowd, client):
    yield from client.connect()
    client.half_close()
    yield from client.drain(crowd.some(crowd.hold))


def passes_by(_crowd, client):
    yield from client.connect()


def sends_datagrams(crowd, client):
    """UDP has no opening and no end; datagrams may be empty."""
    yield from client.connect()
    for _ in range(crowd.rng.randrange(1, 12)):
        for _ in range(crowd.rng.choice((1, 1, 1, 20))):
            data = crowd.rng.choice((crowd.line(), b'', crowd.rng.randbytes(crowd.rng.randrange(1400))))
            try:
                client.socket.send(data)
            except OSError:
                pass  # What finds no room is lost, as on a network.
        yield from client.wait(READ, crowd.some(crowd.think))
        try:
            client.socket.recv(65536)
        except OSError:
            pass


def first_words(crowd):
    if crowd.mode.tls:
        return client_hello()
    return b''.join(said for said, _ in crowd.mode.opening(crowd.target(False))) or crowd.line()


CHARACTERS, WEIGHTS = zip(
    (talks, 40), (floods, 5), (takes_nothing, 8), (stalls, 12), (is_slow, 8), (goes_on_for_ever, 3),
    (says_garbage, 8), (resets, 8), (half_closes, 4), (passes_by, 4),
)
BELOW_TLS = {stalls, is_slow, goes_on_for_ever, says_garbage, passes_by}
WELL_BEHAVED = {talks, floods}


def origin(world, listening, rng, behaved):
    """The servers that a proxy connects to: some echo, and those that do not behave do anything."""
    while True:
        yield listening.fileno(), READ, PATIENCE
        try:
            for _ in range(64):
                world.start(serve(listening.accept()[0], rng, behaved))
        except BlockingIOError:
            pass


def serve(sock, rng, behaved):
    server = Client(None)
    server.socket.close()
    server.socket = sock
    sock.setblocking(False)
    try:
        deed = 'echo' if behaved else rng.choice(('echo', 'echo', 'reset', 'close', 'silence', 'flood'))
        if deed == 'reset':
            server.reset()
        elif deed == 'silence':
            yield None, 0, rng.expovariate(1 / 5)
        elif deed == 'flood':
            yield from server.send(rng.randbytes(4096) * 64, seconds=5.0)
        elif deed == 'echo':
            while some := (yield from server.receive(3600)):
                yield from server.send(some, seconds=3600)
    except Gone:
        pass
    finally:
        server.close()
