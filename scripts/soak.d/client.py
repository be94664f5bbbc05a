"""A client of the crowd: a socket, or one with TLS on it, whose every step is one of a task.

A newcomer's trap: `reset` and `close` differ by what the server sees. A socket that is closed while
something waits in it to be read is reset by the kernel, too.
"""

import errno
import os
import socket
import ssl
import struct

from world import READ, WRITE

PATIENCE = 60.0  # seconds until a client that is served says that it is not

UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE


class Gone(Exception):
    """The server has ended the connection, or it came to nothing."""


class Wrong(Exception):
    """The server did what it must not."""


class Client:
    def __init__(self, address, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setblocking(False)
        self.address = address

    def wait(self, events, seconds=PATIENCE):
        come = yield self.socket.fileno(), events, seconds
        return come

    def connect(self, room=None):
        """`room`: for how many bytes the kernel keeps what has come and is not read."""
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        code = self.socket.connect_ex(self.address)
        if code == errno.EINPROGRESS:
            if not (yield from self.wait(WRITE)):
                raise Wrong(f'no connection after {PATIENCE:.0f} s')
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise Gone(os.strerror(code))

    def send(self, data, seconds=PATIENCE):
        """Returns how much of it the server's machine took until then."""
        sent = 0
        while sent < len(data):
            try:
                sent += self.socket.send(data[sent:sent + 65536])
            except BlockingIOError:
                if not (yield from self.wait(WRITE, seconds)):
                    break
            except OSError as error:
                raise Gone(error.strerror) from error
        return sent

    def receive(self, seconds=PATIENCE):
        """Some bytes; none at the end; None when the time is over."""
        while True:
            try:
                return self.socket.recv(65536)
            except BlockingIOError:
                if not (yield from self.wait(READ, seconds)):
                    return None
            except OSError as error:
                raise Gone(error.strerror) from error

    def hear(self, complete, ahead=b''):
        """Reads until `complete` knows the length of the answer; returns what came behind it."""
        heard = ahead
        while (length := complete(heard)) is None:
            some = yield from self.receive()
            if some is None:
                raise Wrong(f'no answer after {PATIENCE:.0f} s; so far: {heard[:80]!r}')
            if not some:
                raise Gone('closed')
            heard += some
        return heard[length:]

    def drain(self, seconds):
        """Takes what comes for so long; returns whether the connection still is."""
        some = yield from self.receive(seconds)
        while some:
            some = yield from self.receive(0.01)
        return some is None

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Gone(error.strerror) from error

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def close(self):
        self.socket.close()


class TlsClient(Client):
    def __init__(self, address):
        super().__init__(address)
        self.received, self.sending = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = UNVERIFIED.wrap_bio(self.received, self.sending)

    def connect(self, room=None):
        yield from super().connect(room)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                yield from self.pass_on()
            some = yield from super().receive()
            if some is None:
                raise Wrong(f'no handshake after {PATIENCE:.0f} s')
            if not some:
                raise Gone('closed')
            self.received.write(some)
        yield from self.pass_on()

    def pass_on(self):
        if self.sending.pending:
            yield from super().send(self.sending.read())

    def send(self, data, seconds=PATIENCE):
        self.tls.write(data)
        sealed = self.sending.read()
        return (yield from super().send(sealed, seconds)) and len(data)

    def receive(self, seconds=PATIENCE):
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                yield from self.pass_on()
            except ssl.SSLZeroReturnError:
                return b''
            except ssl.SSLError as error:
                raise Gone(error.reason) from error
            some = yield from super().receive(seconds)
            if some is None:
                return None
            if not some:
                self.received.write_eof()
                return b''
            self.received.write(some)

    def half_close(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # It has written close_notify, and wants to read the server's.
        try:
            self.socket.send(self.sending.read())
        except OSError as error:
            raise Gone(error.strerror) from error
        super().half_close()


def client_hello():
    received, sending = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        UNVERIFIED.wrap_bio(received, sending, server_hostname='soak.test').do_handshake()
    except ssl.SSLWantReadError:
        return sending.read()
