"""The cases over TLS 1.3: much data, a handshake, and a client that waits.

nc has no TLS. What is compared with it is measured with plain TCP by nc, and its row says so.

A newcomer's trap: a client that is to be compared needs the same server as all others. It is one
of this process, by Python's ssl, with a certificate of this run.
"""

import contextlib
import socket
import ssl
import statistics

from session import Missing, Session
from small import greeting, idle, memory
from table import Case, Row
from transfer import CPU, measure_pipe, prove_pipe


def measure_tls(bench, tool):
    return measure_pipe(bench, tool, tls='tls_')


def prove_tls(bench, tool):
    prove_pipe(bench, tool, tls='tls_')


def measure_handshake(bench, tool):
    """Processor time, of the client alone: the server's is none of its own."""
    with Session(bench, tool) as session, greeting_tls(bench) as port:
        times = []
        for _ in range(bench.scale.starts):
            process = session.spawn('tls_leave', port)
            session.reap(process)
            times.append(process.cpu)
    return (statistics.median(times) * 1e3,)


@contextlib.contextmanager
def greeting_tls(bench):
    """A server: a handshake and a close_notify; whether the client answers that does not matter."""
    context = server_context(bench)

    def greet(client):
        client.settimeout(bench.patience())
        with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as peer:
            peer.unwrap()

    with greeting(greet) as port:
        yield port


def measure_idle_tls(bench, tool):
    context = server_context(bench)

    def accepted(peer):
        return context.wrap_socket(peer, server_side=True) if tool.has_tls() else peer

    with Session(bench, tool) as session, socket.create_server(('127.0.0.1', 0)) as server:
        return idle(session, 'tls_talk', server, accepted)


def server_context(bench):
    if not bench.certificate:
        raise Missing('install openssl')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(bench.certificate)
    return context


CASES = {
    'tls': Case(measure_tls, [Row('{size} pipe → TLS 1.3 → /dev/null (nc: plain TCP)', 'MiB/s', 0), CPU], prove_tls),
    'handshake': Case(measure_handshake, [Row('`--ssl`: start, handshake and leave', 'cpu ms', 2)], turns=5),
    'idle-tls': Case(measure_idle_tls, memory('idle client with `--ssl` (nc: plain TCP)')),
}
