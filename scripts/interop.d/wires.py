"""Both ways over each wire: rncat and ncat, nc, socat or openssl.

A newcomer's trap: who listens and who connects are two cases; what one tool takes, it may not give.
"""

import socket
import subprocess
import threading

from bench import LARGE, PATIENCE, SMALL, Failed, case, certificate, free_port, rncat, same

# Both ways over each wire: who listens, who connects, in what words.

SPEAKERS = {
    # wire: {tool: (listen words, connect words)}; {} is the port, or the path
    'tcp': {
        'ncat': ('ncat -l 127.0.0.1 {}', 'ncat 127.0.0.1 {}'),
        'nc': ('nc -l -N 127.0.0.1 {}', 'nc -N 127.0.0.1 {}'),
        'socat': ('socat -t5 - TCP-LISTEN:{},bind=127.0.0.1', 'socat -t5 - TCP:127.0.0.1:{}'),
    },
    'ipv6': {
        'ncat': ('ncat -6 -l ::1 {}', 'ncat -6 ::1 {}'),
        'nc': ('nc -6 -l -N ::1 {}', 'nc -6 -N ::1 {}'),
        'socat': ('socat -t5 - TCP6-LISTEN:{},bind=[::1]', 'socat -t5 - TCP6:[::1]:{}'),
    },
    'unix': {
        'ncat': ('ncat -l -U {}', 'ncat -U {}'),
        'nc': ('nc -l -N -U {}', 'nc -N -U {}'),
        'socat': ('socat -t5 - UNIX-LISTEN:{}', 'socat -t5 - UNIX-CONNECT:{}'),
    },
    'tls': {
        'ncat': ('ncat -l --ssl 127.0.0.1 {}', 'ncat --ssl 127.0.0.1 {}'),
        'socat': ('socat -t5 - OPENSSL-LISTEN:{},bind=127.0.0.1,cert=both.pem,verify=0',
                  'socat -t5 - OPENSSL:127.0.0.1:{},verify=0'),
    },
    'udp': {
        'ncat': ('ncat -u -l 127.0.0.1 {}', 'ncat -u 127.0.0.1 {}'),
        'nc': ('nc -u -l 127.0.0.1 {}', 'nc -u 127.0.0.1 {}'),
        'socat': ('socat -t5 - UDP-LISTEN:{},bind=127.0.0.1', 'socat -t5 - UDP:127.0.0.1:{}'),
    },
    'dtls': {
        # Ncat has no DTLS listener.
        'ncat': (None, 'ncat -u --ssl 127.0.0.1 {}'),
        'openssl': ('openssl s_server -quiet -dtls1_2 -listen -cert cert.pem -key key.pem -accept 127.0.0.1:{}',
                    'openssl s_client -quiet -dtls1_2 -connect 127.0.0.1:{}'),
    },
}
OURS = {
    'tcp': ('-l 127.0.0.1 {}', '127.0.0.1 {}'),
    'ipv6': ('-l ::1 {}', '::1 {}'),
    'unix': ('-l -U {}', '-U {}'),
    'tls': ('-l --ssl 127.0.0.1 {}', '--ssl 127.0.0.1 {}'),
    'udp': ('-u -l 127.0.0.1 {}', '-u 127.0.0.1 {}'),
    'dtls': ('-u -l --ssl 127.0.0.1 {}', '-u --ssl 127.0.0.1 {}'),
}


def speak(bench, wire, listen, connect):
    """Something there, something back."""
    udp = wire in ('udp', 'dtls')
    if wire == 'unix':
        where = str(bench.folder / 'socket')
        waits = {'path': where}
    else:
        where = free_port(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        waits = {'port': where, 'udp': udp}
    if wire in ('tls', 'dtls'):
        certificate(bench)
    words = [word.replace('{}', str(where)) for word in listen.split()]
    connect = [word.replace('{}', str(where)) for word in connect.split()]
    ours = [rncat()[0] if word == 'rncat' else word for word in words]
    if udp:
        return speak_datagrams(bench, ours, connect, waits)
    # Ncat 7.93 and nc leave what they have not sent when their client half-closes, whoever it is.
    large = SMALL if listen.startswith(('ncat ', 'nc ')) else LARGE
    answer = bench.file('answer', large)
    with open(answer, 'rb') as stdin:
        server = bench.server(*ours, stdin=stdin, **waits)
    connect = [rncat()[0] if word == 'rncat' else word for word in connect]
    same(bench.run(*connect, send=SMALL, code=None), large, 'what came back')
    same(bench.output(server), SMALL, 'what got there')


def speak_datagrams(bench, listen, connect, waits):
    """Typed on both sides, because datagrams have no end."""
    connect = [rncat()[0] if word == 'rncat' else word for word in connect]
    server = bench.server(*listen, stdin=subprocess.PIPE, **waits)
    client = bench.start(*connect, stdin=subprocess.PIPE)
    # A handshake may come first; what is typed waits for it.
    client.stdin.write(b'there\n')
    client.stdin.flush()
    same(read_line(server.stdout), b'there\n', 'what got there')
    server.stdin.write(b'back\n')
    server.stdin.flush()
    same(read_line(client.stdout), b'back\n', 'what came back')


def read_line(pipe):
    """The next line that is not OpenSSL's own."""
    line = []

    def read():
        while not line or line[-1] not in (b'there\n', b'back\n', b''):
            line.append(pipe.readline())
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        raise Failed('nothing came')
    return line[-1]


def enter_speakers():
    for wire, tools in SPEAKERS.items():
        for tool, (listen, connect) in tools.items():
            ours_listen, ours_connect = (f'rncat {words}' for words in OURS[wire])
            needs = (tool, 'openssl') if wire in ('tls', 'dtls') else (tool,)
            if listen:
                case(f'{wire}: rncat to {tool}', *needs)(
                    lambda bench, w=wire, ll=listen, c=ours_connect: speak(bench, w, ll, c))
            case(f'{wire}: {tool} to rncat', *needs)(
                lambda bench, w=wire, ll=ours_listen, c=connect: speak(bench, w, ll, c))


enter_speakers()
