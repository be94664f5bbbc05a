"""The broker: one client sends, and all others get it.

A newcomer's trap: who connects while the sender speaks gets only the rest. So the sender comes
last: clients are accepted in the order in which they came.
"""

import contextlib
import socket
import time

from crowds import many_files
from session import BLOCK, MIB, Missing, Session, expect
from table import Case, Row

FEW, MANY = 50, 1000


def measure_broker(bench, tool):
    return fan_out(bench, tool, FEW)


def measure_linear(bench, tool):
    few, many = (fan_out(bench, tool, readers)[1] for readers in (FEW, MANY))
    return many, many / few


def fan_out(bench, tool, readers):
    """MiB/s that all readers together get, cpu seconds of the broker for a GiB of that.

    The readers are one program in C that does not copy what it takes from the kernel: the broker
    shall be what takes the time.
    """
    size = bench.scale.shared // readers
    with Session(bench, tool) as session, many_files(readers + 1):
        broker, port = session.listen('broker', clients=readers + 1)
        told, telling = session.pipe()
        crowd = session.helper('crowd', 'read', port, readers, size, stdout=telling)
        telling.close()
        if told.readline() != b'connected\n':
            session.reap(crowd)
        with socket.create_connection(('127.0.0.1', port), timeout=bench.patience()) as sender:
            begun = time.perf_counter()
            for block in bench.blocks(size):
                sender.sendall(block)
            session.reap(crowd)
            written = size * readers
            rate = written / MIB / (crowd.ended - begun)
            return rate, broker.cpu_so_far() / (written / (1024 * MIB))


def prove_broker(bench, tool):
    """What three readers get is looked at, each in turn: little enough for the kernel to hold."""
    size = 64 * 1024
    with Session(bench, tool) as session, contextlib.ExitStack() as clients:
        _, port = session.listen('broker', clients=4)
        connect = (socket.create_connection(('127.0.0.1', port), timeout=bench.patience()) for _ in range(4))
        *readers, sender = (clients.enter_context(client) for client in connect)
        sender.sendall(BLOCK[:size])
        for reader in readers:
            expect(clients.enter_context(reader.makefile('rb', buffering=0)), BLOCK[:size])


def prove_linear(bench, tool):
    """Of the others none is known for so many."""
    if tool.name != 'rncat':
        raise Missing('not for so many')


CPU = 'cpu s/GiB out'
CASES = {
    'broker': Case(measure_broker, [
        Row(f'broker, one sender, {FEW} readers, out', 'MiB/s', 0), Row('the same, the broker', CPU, 2),
    ], prove_broker),
    'linear': Case(measure_linear, [
        Row(f'broker, {MANY:,} readers', CPU, 2), Row(f'the same : {FEW} readers', '', 2),
    ], prove_linear),
}
