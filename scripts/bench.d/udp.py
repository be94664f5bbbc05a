"""The cases of datagrams, of 1,400 bytes each, sender and listener by themselves.

The listener gets them from a program in C that sends faster than any tool reads (UDP_SEGMENT);
what the kernel had to drop at the listener's socket is not counted as delivered. It writes to
/dev/null.

The sender gets them from a pipe that keeps writes apart (O_DIRECT), one a read, because each read
becomes a datagram: so all of them send the same, however large their buffers are. At the other end
is a socket that nobody reads. The kernel counts there what it drops: together with what it holds,
that has to be all that was to be sent.

A newcomer's trap: with UDP nobody is told what got lost. What was not counted may not have happened.
"""

import os
import socket
import time

from session import Failed, Session, enlarge, expect, sockets
from table import Case, Row

SIZE = 1400


def measure_listen(bench, tool):
    many = 2 * bench.scale.datagrams
    with Session(bench, tool) as session:
        listener, port = session.listen('udp_listen', table='udp')
        flood = session.helper('datagrams', 'flood', port, many)
        session.reap(flood)
        session.wait(lambda: queued(port) == 0 or session.has_ended(listener))
        taken = time.perf_counter() - flood.begun
        session.wait(listener.sleeps)
        delivered = many - dropped(port)
        return delivered / taken, listener.cpu_so_far() / delivered * 1e6, delivered / many * 100


def prove_listen(bench, tool):
    """One after another, nothing is dropped; what is written then are the same bytes."""
    with Session(bench, tool) as session, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        arrived, output = session.pipe()
        _, port = session.listen('udp_listen', table='udp', stdout=output)
        output.close()
        sender.connect(('127.0.0.1', port))
        for number in range(20):
            datagram = bytes([number]) * SIZE
            sender.send(datagram)
            expect(arrived, datagram)


def measure_send(bench, tool):
    many = bench.scale.datagrams
    with Session(bench, tool) as session, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(('127.0.0.1', 0))
        sink.settimeout(bench.patience())
        port = sink.getsockname()[1]
        packets, feed = session.pipe(os.O_DIRECT)
        enlarge(feed)
        sender = session.spawn('udp_send', port, stdin=packets)
        packets.close()
        # That one datagram came shows that the sender has started; only now the time begins.
        feed.write(first := os.urandom(SIZE))
        if sink.recv(2 * SIZE) != first:
            raise Failed('another datagram arrived than was sent')
        used = sender.cpu_so_far()
        feeder = session.helper('datagrams', 'feed', many, stdout=feed)
        feed.close()
        session.reap(feeder)
        session.reap(sender)
        sent = dropped(port) + held(sink)
        if sent != many:
            raise Failed(f'{sent} datagrams came of {many}')
        return many / (sender.ended - feeder.begun), (sender.cpu - used) / many * 1e6


def queued(port):
    """Bytes that wait in the kernel: the fifth word is tx:rx."""
    return sum(int(words[4].split(':')[1], 16) for words in sockets('udp', port))


def dropped(port):
    """The last word."""
    return sum(int(words[-1]) for words in sockets('udp', port))


def held(sink):
    """Counts the datagrams that wait."""
    sink.setblocking(False)
    many = 0
    try:
        while sink.recv(2 * SIZE):
            many += 1
    except BlockingIOError:
        return many


CASES = {
    'udp-send': Case(measure_send, [
        Row('UDP sender, 1,400 bytes each', 'datagrams/s', 0), Row('the same, each', 'cpu µs', 2),
    ]),
    'udp-listen': Case(measure_listen, [
        Row('UDP listener, 1,400 bytes each', 'datagrams/s', 0), Row('the same, each', 'cpu µs', 2),
        Row('the same, of all that were sent', '%', 0),
    ], prove_listen),
}
