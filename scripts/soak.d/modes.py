"""What is soaked: how rncat is called for each mode, and how a client that behaves begins and talks.

A newcomer's trap: whoever says something in a room says it to everybody. Ten thousand clients who say a
line a second are a hundred million deliveries; so rooms have a budget, and the other modes have none.
"""

from client import Gone, Wrong

ECHO, HEARD, ROOM, REPLY = 'echo', 'heard', 'room', 'reply'


class Mode:
    """`answers`: a line comes back, is heard on stdout, by all others, or gets a reply of its own.

    `heap`: KiB that the heap may keep for each client of the busiest moment. `pipes`: descriptors of the
    one pipe through which all bytes of a proxy go; it is made for the first, and stays.
    """

    def __init__(self, name, words, answers, share=1.0, opening=None, tls=False, udp=False, announces=False,
                 heap=2, pipes=0):
        self.name, self.words, self.answers, self.share = name, words.split(), answers, share
        self.heap, self.pipes = heap, pipes
        self.opening_of, self.tls, self.udp, self.announces = opening, tls, udp, announces

    def opening(self, target):
        """What a client says first, each with what tells that it was answered; `target` is where to be connected."""
        return self.opening_of(*target) if self.opening_of else []


def exactly(expected):
    """Bytes that must be these."""
    def complete(heard):
        if heard[:len(expected)] != expected[:len(heard)]:
            raise Wrong(f'another answer: {heard[:80]!r}, expected {expected[:80]!r}')
        return len(expected) if len(heard) >= len(expected) else None
    return complete


def smtp_reply(code):
    def complete(heard):
        at = 0
        while (end := heard.find(b'\r\n', at)) >= 0:
            if heard[at:at + 3] != code:
                raise Wrong(f'another reply than {code!r}: {heard[:80]!r}')
            if heard[at + 3:at + 4] == b' ':
                return end + 2
            at = end + 2
        return None
    return complete


def head_of_success(heard):
    end = heard.find(b'\r\n\r\n')
    if end < 0:
        return None
    if not heard.startswith((b'HTTP/1.1 200', b'HTTP/1.0 200')):
        raise Gone(f'refused: {heard[:80]!r}')
    return end + 4


def socks_reply(heard):
    if len(heard) < 10:
        return None
    if heard[:4] != b'\5\0\0\1':
        raise Gone(f'refused: {heard[:10]!r}')
    return 10


def connect(host, port):
    target = f'{host}:{port}'
    return [(f'CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nX-Soak: yes\r\n\r\n'.encode(), head_of_success)]


def socks5(host, port):
    address = bytes(map(int, host.split('.'))) + port.to_bytes(2, 'big')
    return [(b'\5\1\0', exactly(b'\5\0')), (b'\5\1\0\1' + address, socks_reply)]


def ehlo(_host, _port):
    return [(b'', smtp_reply(b'220')), (b'EHLO soak.test\r\n', smtp_reply(b'250'))]


# A command for each client is a process for each, and is what a machine has fewest of.
MODES = {mode.name: mode for mode in (
    Mode('exec', '--exec {cat}', ECHO, share=0.1),
    Mode('listen', '', HEARD),
    Mode('broker', '--broker', ROOM),
    # Whoever comes and goes is announced to everybody.
    Mode('chat', '--chat', ROOM, share=0.1, announces=True),
    Mode('ssl', '--ssl', HEARD, tls=True, heap=5),
    Mode('http', '--proxy-type http', ECHO, opening=connect, pipes=2),
    Mode('socks', '--proxy-type socks5', ECHO, opening=socks5, pipes=2),
    Mode('mock', '--mock smtp:0', REPLY, opening=ehlo, heap=5),
    Mode('udp', '-u', HEARD, udp=True),
)}


def exchange(mode, line):
    """A line, as this mode's clients say it, and what its answer is, if there is one."""
    if mode.answers == ECHO:
        return line, exactly(line)
    if mode.answers == REPLY:
        return b'NOOP ' + line[:-1] + b'\r\n', smtp_reply(b'250')
    return line, None
