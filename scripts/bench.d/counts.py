"""Instructions for small fixed inputs, counted by valgrind's callgrind: unlike times, they hardly vary.

A newcomer's trap: these are the program's own instructions. What it has the kernel do is not among
them: fewer instructions with more system calls are no gain.
"""

import re
import shutil
import socket
from dataclasses import replace

from session import MIB, Failed, Missing, Session, expect
from small import greeting
from tls import greeting_tls
from tools import say

LINES = 1000
LINE = b'one line of text\n'
SIZE = 16 * MIB


def count_leave(session):
    with greeting() as port:
        session.reap(session.spawn('leave', port))


def count_help(session):
    session.reap(session.spawn('help'))


def count_handshake(session):
    with greeting_tls(session.bench) as port:
        session.reap(session.spawn('tls_leave', port))


def count_lines(session, part='talk'):
    """Each line there and back, before the next."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(session.bench.patience())
        (near_in, to_near), (from_near, near_out) = session.pipe(), session.pipe()
        client = session.spawn(part, server.getsockname()[1], stdin=near_in, stdout=near_out)
        near_in.close()
        near_out.close()
        with server.accept()[0] as peer, peer.makefile('rb') as said:
            for _ in range(LINES):
                to_near.write(LINE)
                line = said.readline()
                peer.sendall(line)
                expect(from_near, line)
        to_near.close()
        session.reap(client)


def count_crlf_lines(session):
    # nc writes CR LF by itself, and by Nagle's algorithm that waits 40 ms; socat takes the CR away again.
    if session.tool.name not in ('rncat', 'ncat'):
        raise Missing('it is another thing there')
    count_lines(session, 'crlf_talk')


def count_send(session, part='send'):
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(session.bench.patience())
        source = session.feed(SIZE)
        client = session.spawn(part, server.getsockname()[1], stdin=source)
        source.close()
        with server.accept()[0] as peer:
            while peer.recv(MIB):
                pass
        session.reap(client)


def count_receive(session):
    receiver, port = session.listen('receive')
    with socket.create_connection(('127.0.0.1', port)) as sender:
        for block in session.bench.blocks(SIZE):
            sender.sendall(block)
    session.reap(receiver)


COUNTS = {
    'start, connect and leave': count_leave,
    '`--help` (nc: `-h`)': count_help,
    '`--ssl`: start, handshake and leave': count_handshake,
    f'{LINES:,} lines there and back': count_lines,
    'the same with `-C`': count_crlf_lines,
    f'{SIZE // MIB} MiB pipe → TCP, the sender': count_send,
    f'{SIZE // MIB} MiB TCP → /dev/null, the receiver': count_receive,
}


def print_counts(bench, tools, names):
    """For these of the tools: starting ncat takes valgrind seconds."""
    valgrind = shutil.which('valgrind')
    if not valgrind:
        say('no valgrind: instructions are not counted')
        return
    log = bench.scratch / 'callgrind'
    words = (valgrind, '--tool=callgrind', '--callgrind-out-file=/dev/null', f'--log-file={log}')
    names = [name for name in names if name in tools]
    print('\nInstructions, in thousands, as valgrind --tool=callgrind counts them:\n')
    print('| input |', ' | '.join(names), '|')
    print('|---|' + '--:|' * len(names))
    for what, count in COUNTS.items():
        cells = []
        for name in names:
            cells.append(counted(bench, replace(tools[name], words=words + tools[name].words), count, log))
            say(f'instructions, {what}: {name} {cells[-1]}')
        print(f'| {what} |', ' | '.join(cells), '|', flush=True)


def counted(bench, tool, count, log):
    try:
        with Session(bench, tool) as session:
            count(session)
    except Missing:
        return '–'
    except (Failed, OSError) as error:
        say(f'instructions: failed: {error}')
        return 'failed'
    found = re.search(r'Collected : (\d+)', log.read_text(errors='replace'))
    return f'{int(found[1]) / 1000:,.0f}' if found else 'failed'
