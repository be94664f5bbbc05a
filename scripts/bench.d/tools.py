"""What is measured: rncat, the other netcats, and the limit programs in C; how each is called.

A newcomer's trap: a tool has to be called the best way that it can do a part. A default that makes
it slow or lose something (a buffer of 8 KiB, no half-close) is no reason to be ahead of it.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = '127.0.0.1 {port}'


@dataclass(frozen=True)
class Tool:
    """A program, and its words for each part that it plays."""

    forms: dict
    statuses: frozenset = frozenset([0])  # that are no failure
    package: str = ''  # that has it
    words: tuple = ()  # how it begins: usually its path
    version: str = ''
    name: str = ''

    def has_tls(self):
        return 'tls_leave' in self.forms


# The parts:
#   send, receive          stdin to the peer, leaves when all is there; listens, the peer to stdout
#   talk, answer           both ways, little at a time; listens
#   both, both_answer      both ways, much: ncat and nc may lose the rest of one when the other ends first
#   crlf_talk, crlf_answer both ways, with -C
#   leave                  connects, leaves when the server does
#   help                   the longest help
#   exec, exec_talk        listens, an echo by cat; both ways with that
#   serve, broker          listens for many; passes on what one says to the others
#   udp_send, udp_listen   each read of stdin is a datagram; listens, does not leave
# Ncat's command line, as far as rncat does with it the best that it can do, too.
NCAT = {
    'talk': HERE,
    'answer': f'-l {HERE}',
    'both': HERE,
    'both_answer': f'-l {HERE}',
    'crlf_talk': f'-C {HERE}',
    'crlf_answer': f'-l -C {HERE}',
    'help': '--help',
    'broker': f'-l --broker -m {{clients}} {HERE}',
    'udp_send': f'-u --send-only {HERE}',
    'tls_send': f'--ssl {HERE}',
    'tls_talk': f'--ssl {HERE}',
    'tls_serve': f'-l -k --ssl -m {{clients}} {HERE}',
}
TOOLS = {
    'rncat': Tool(NCAT | {
        'send': HERE,
        'receive': f'-l {HERE}',
        'leave': HERE,
        'exec': f'-l --exec {{cat}} {HERE}',
        'exec_talk': HERE,
        'serve': f'-l -k -m {{clients}} {HERE}',
        'udp_listen': f'-l -u {HERE}',
        'tls_receive': f'-l --ssl {HERE}',
        'tls_leave': f'--ssl {HERE}',
    }),
    # No 'exec': 7.93 loses data, 7.991 stands still. No 'serve': both abort at 1,021 clients.
    'ncat': Tool(NCAT | {
        'send': f'--send-only {HERE}',
        'receive': f'-l --recv-only {HERE}',
        'leave': f'--recv-only {HERE}',
        'udp_listen': f'-l -u --recv-only {HERE}',
        # With tls_send the only pair by which 7.93 loses nothing over TLS; it leaves without close_notify,
        # and calls that an error when the other end does it.
        'tls_receive': f'-l --ssl --no-shutdown {HERE}',
        'tls_leave': f'--ssl --recv-only {HERE}',
    }, statuses=frozenset([0, 1]), package='ncat'),
    # -N: half-close at the end of stdin. -d: do not read stdin. It has no TLS: there, plain TCP by nc
    # is what TLS by the others is compared with. Of two reads of stdin it may make one datagram.
    'nc': Tool({
        'send': f'-N {HERE}',
        'receive': f'-d -l {HERE}',
        'talk': f'-N {HERE}',
        'answer': f'-N -l {HERE}',
        'both': f'-N {HERE}',
        'both_answer': f'-N -l {HERE}',
        'crlf_talk': f'-N -C {HERE}',
        'crlf_answer': f'-N -C -l {HERE}',
        'leave': f'-d {HERE}',
        'help': '-h',
        'udp_listen': f'-u -d -l {HERE}',
        'tls_send': f'-N {HERE}',
        'tls_receive': f'-d -l {HERE}',
        'tls_talk': f'-N {HERE}',
    }, package='netcat-openbsd'),
    # Larger buffers than its own of 8 KiB double what it can do. Over TLS more than 64 KiB is slower
    # again; both ways it writes as much at once without reading, and with more two of it stand still.
    # -t: how long the other direction may go on after the end of one.
    'socat': Tool({
        'send': '-u -b 262144 STDIN TCP4:127.0.0.1:{port}',
        'receive': '-u -b 262144 TCP4-LISTEN:{port},bind=127.0.0.1 STDOUT',
        'talk': 'STDIO TCP4:127.0.0.1:{port}',
        'answer': 'TCP4-LISTEN:{port},bind=127.0.0.1 STDIO',
        'both': '-t 60 -b 65536 STDIO TCP4:127.0.0.1:{port}',
        'both_answer': '-t 60 -b 65536 TCP4-LISTEN:{port},bind=127.0.0.1 STDIO',
        'crlf_talk': 'STDIO TCP4:127.0.0.1:{port},crlf',
        'crlf_answer': 'TCP4-LISTEN:{port},bind=127.0.0.1,crlf STDIO',
        'leave': '-u TCP4:127.0.0.1:{port} STDOUT',
        'help': '-hhh',
        # With "nofork" it would hand over the socket too: then nothing of socat is measured. Its buffers
        # are those that everybody gets here, since these are what rncat was to be compared with; those of
        # 64 KiB make an echo 2.7 times as fast.
        'exec_talk': '-t 60 STDIO TCP4:127.0.0.1:{port}',
        'exec': '-t 60 TCP4-LISTEN:{port},bind=127.0.0.1 EXEC:{cat}',
        'udp_send': '-u STDIN UDP4:127.0.0.1:{port}',
        'udp_listen': '-u UDP4-RECV:{port},bind=127.0.0.1 STDOUT',
        'tls_send': '-u -b 65536 STDIN OPENSSL:127.0.0.1:{port},pf=ip4,verify=0',
        'tls_receive': '-u -b 65536 OPENSSL-LISTEN:{port},pf=ip4,bind=127.0.0.1,cert={certificate},verify=0 STDOUT',
        'tls_talk': 'STDIO OPENSSL:127.0.0.1:{port},pf=ip4,verify=0',
        'tls_leave': '-u OPENSSL:127.0.0.1:{port},pf=ip4,verify=0 STDOUT',
    }, package='socat'),
    'C loop': Tool({
        'send': '{programs}/loop send {port}',
        'receive': '{programs}/loop receive {port}',
        'serve': '{programs}/epoll serve {port}',
        'udp_send': '{programs}/udp send {port}',
        'udp_listen': '{programs}/udp listen {port}',
    }, package='gcc'),
    'C splice': Tool({
        'send': '{programs}/splice send {port}',
        'receive': '{programs}/splice receive {port}',
        'both': '{programs}/splice talk {port}',
        'both_answer': '{programs}/splice answer {port}',
        'exec_talk': '{programs}/splice talk {port}',
        'exec': '{programs}/splice exec {port} {cat}',
    }, package='gcc'),
}
NETCATS = ('rncat', 'ncat', 'nc', 'socat')
LIMITS = ('C loop', 'C splice')


def find_tools(programs, scratch):
    """rncat, those of the others that are installed, and the limits if `programs` could be built."""
    rncat = installed(find_rncat(), scratch)
    found = {'rncat': rncat, 'ncat': shutil.which('ncat'), 'nc': find_nc(), 'socat': shutil.which('socat')}
    asked = {'rncat': '--version', 'ncat': '--version', 'nc': '-h', 'socat': '-V'}
    tools = {}
    for name, path in found.items():
        if path:
            lines = words_of(path, asked[name])
            line = next((line for line in lines if 'version' in line.lower()), lines[0] if lines else '')
            version = line.split(',')[0].split(' on ')[0].split(' ( ')[0]
            tools[name] = replace(TOOLS[name], name=name, words=(path,), version=version)
    return tools | {name: replace(TOOLS[name], name=name) for name in LIMITS if programs}


def find_rncat():
    if name := os.environ.get('RNCAT'):
        return shutil.which(name) or sys.exit(f'bench: RNCAT={name} is not a program')
    say('building rncat (cargo build --release)')
    return build_rncat()


def installed(path, scratch):
    """A copy, as cargo install makes one: of the linker's own file, which was written in pieces, the kernel
    maps other pages."""
    with open(path, 'rb') as file:
        if file.read(4) != b'\x7fELF':
            return path  # A script may look for what is beside it.
    return str(shutil.copy(path, scratch / 'rncat'))


def build_rncat(*options):
    """Returns where the release build is."""
    command = 'cargo build --release --quiet --locked --bin rncat --message-format json-render-diagnostics'
    try:
        built = subprocess.run([*command.split(), *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        sys.exit('bench: cargo is missing: install Rust (https://rustup.rs), or set RNCAT to an rncat')
    if built.returncode:
        sys.exit('bench: rncat could not be built')
    # Only cargo knows where configuration and environment put the binary.
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    return next(message['executable'] for message in messages if message.get('executable'))


def find_nc():
    """Several programs are called nc; this is about OpenBSD's."""
    paths = filter(None, map(shutil.which, ['nc.openbsd', 'nc']))
    return next((path for path in paths if any('OpenBSD' in line for line in words_of(path, '-h'))), None)


def words_of(path, option):
    both = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT}
    done = subprocess.run([path, option], stdin=subprocess.DEVNULL, **both, text=True, timeout=20)
    return done.stdout.splitlines()


def build_programs(scratch):
    """Compiles the C programs beside this file; returns whether they are there."""
    compiler = shutil.which('cc')
    if not compiler:
        say('no C compiler (cc): no limit programs, and no cases with crowds of clients or floods of datagrams')
        return False
    for source in sorted(Path(__file__).parent.glob('*.c')):
        words = [compiler, '-O2', '-Wall', '-Wextra', '-o', scratch / source.stem, source]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f'bench: {source.name} could not be compiled:\n{done.stdout}')
    return True


def say(text):
    print(f'bench: {text}', file=sys.stderr, flush=True)
