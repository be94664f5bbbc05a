"""What every case of scripts/interop stands on: programs that are started, waited for, and ended.

A newcomer's trap: a port that was free a moment ago can be taken a moment later. A case that
cannot begin is tried three times before it has failed, and so is a server that many cases share.
"""

import contextlib
import functools
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 20  # seconds, for anything
SMALL = b'a line\r\nand another\n'
LARGE = os.urandom(300_000)
HERE = '127.0.0.1'
SCRIPTS = Path(__file__).resolve().parent.parent

CASES = []
SHARED = []
PROGRAM = []


class Failed(Exception):
    """A case did not go as it should; the text says how."""


class Skipped(Exception):
    """What a case needs is not there; the text says what."""


def case(name, *needs, common=True):
    """Enters a function into the table; it gets a Bench, where things are started and ended.

    One that is not common is left out unless all are wanted.
    """
    def enter(function):
        CASES.append((name, needs, common, function))
        return function
    return enter


class Bench:
    """A folder, and the programs of one case; all of them end with it."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix='rncat-interop-', ignore_cleanup_errors=True)
        self.folder = Path(self.temporary.name)
        # Servers give up root and go on reading here.
        self.folder.chmod(0o755)
        self.running = []
        self.logs = []

    def start(self, *words, **options):
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
        words = [str(word) for word in words]
        try:
            program = subprocess.Popen(words, start_new_session=True, cwd=self.folder, **options)
        except FileNotFoundError as error:
            if shutil.which(words[0]):
                raise
            raise Skipped(f'{Path(words[0]).name} not installed') from error
        self.running.append(program)
        return program

    def server(self, *words, port=None, ports=(), path=None, udp=False, **options):
        """Starts a program and waits until it listens."""
        program = self.start(*words, **options)
        ports = [*ports, *([port] if port else [])]

        def ready():
            if program.poll() is not None:
                said = program.stderr.read() if program.stderr else b''
                raise Failed(f'{words[0]} ended: {said.decode(errors="replace").strip()[-200:]}')
            return (not path or os.path.exists(path)) and all(listens(port, udp) for port in ports)
        until(ready, f'{words[0]} does not listen')
        return program

    def daemon(self, *words, **waits):
        """Starts a server that many cases will use: what it says goes to a file, so that it never waits for us."""
        log = self.folder / f'{Path(str(words[0])).name}.log'
        self.logs.append(log)
        with open(log, 'ab') as out:
            return self.server(*words, stdout=out, stderr=out, **waits)

    def run(self, *words, send=b'', code=0, **options):
        """Runs a program to its end; gives its output."""
        return self.run_both(*words, send=send, code=code, **options)[0]

    def run_both(self, *words, send=b'', code=0, **options):
        """Runs a program to its end; gives its output and its errors."""
        line = ' '.join(map(str, words))
        program = self.start(*words, stdin=subprocess.PIPE, **options)
        try:
            out, err = program.communicate(send, PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failed(f'{line} does not end') from error
        if code is not None and program.returncode != code:
            raise Failed(f'{line}: exit {program.returncode}: {err.decode(errors="replace")[-300:]}')
        return out, err

    def hear(self, program, wanted):
        """Reads what a program writes until this is there, wherever; gives all that was read."""
        end, seen = time.monotonic() + PATIENCE, b''
        while wanted not in seen:
            if not select.select([program.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed(f'no {wanted!r} in {seen[-300:]!r}')
            if not (piece := os.read(program.stdout.fileno(), 65536)):
                said = program.stderr.read()
                raise Failed(f'no {wanted!r} in {seen[-300:]!r}; {said[-300:]!r}')
            seen += piece
        return seen

    def output(self, program):
        """What a program has written, at its end."""
        try:
            return program.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired as error:
            raise Failed('the server does not end') from error

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def daemons(self):
        return [it for it in reversed(self.running) if it.poll() is None and it.stdin is None and it.stdout is None]

    def ask_to_end(self):
        for program in self.daemons():
            program.terminate()

    def end(self):
        # In order first: a database's children have sessions of their own, and end only if they are asked to.
        self.ask_to_end()
        for program in self.daemons():
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(5)
        for program in self.running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(program.pid, signal.SIGKILL)
            for pipe in (program.stdin, program.stdout, program.stderr):
                if pipe:
                    pipe.close()
            program.wait()
        self.temporary.cleanup()


def shared(start):
    """Makes a function that starts a server into one that starts it once (of each kind), for all cases of this run."""
    known = {}

    @functools.wraps(start)
    def get(**kind):
        key = tuple(kind.items())
        if key not in known:
            known[key] = attempt(functools.partial(start, **kind))
        if isinstance(known[key], Exception):
            raise known[key]
        return known[key]
    return get


def attempt(start):
    """What `start` makes on a bench of its own, or why it does not."""
    why = None
    for _ in range(3):
        bench = Bench()
        try:
            made = start(bench)
        except Skipped as skipped:
            bench.end()
            return skipped
        except (Failed, OSError) as failed:
            why = Failed(f'{failed}{"".join(map(last_words, bench.logs))}')
            bench.end()
        else:
            SHARED.append(bench)
            return made
    return why


def end_shared():
    for bench in SHARED:
        bench.ask_to_end()
    while SHARED:
        SHARED.pop().end()


def last_words(log, count=5):
    lines = log.read_text(errors='replace').splitlines() if log.exists() else []
    return ''.join(f'; {line}' for line in lines[-count:])


def until(ready, why):
    """Comes back when something is so; gives what `ready` gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.02)
    raise Failed(why)


def listens(port, udp=False):
    """Whether somebody listens at a port: looked up, not tried, because a listener for one would be used up."""
    wanted = f'{port:04X}'
    for name in (('udp', 'udp6') if udp else ('tcp', 'tcp6')):
        with contextlib.suppress(OSError), open(f'/proc/net/{name}') as table:
            for line in table:
                words = line.split()
                if len(words) > 3 and words[1].endswith(':' + wanted) and words[3] in ('0A', '07'):
                    return True
    return False


def free_port(kind=socket.SOCK_STREAM):
    return free_ports(1, kind)[0]


def free_ports(count, kind=socket.SOCK_STREAM):
    """So many ports, no two the same."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket(socket.AF_INET, kind)) for _ in range(count)]
        for it in sockets:
            it.bind((HERE, 0))
        return [it.getsockname()[1] for it in sockets]


def same(seen, wanted, what='what arrived'):
    """Two things of a length are the same; else shows where they are not."""
    if seen != wanted:
        at = max(0, next((at for at, (a, b) in enumerate(zip(seen, wanted)) if a != b), min(len(seen), len(wanted))) - 20)
        raise Failed(f'{what}: {len(seen)} long, at {at} {seen[at:at + 60]!r}, where {len(wanted)} and '
                     f'{wanted[at:at + 60]!r} were expected')


def rncat(*words):
    return (*PROGRAM, *words)


def is_root():
    return os.geteuid() == 0


@shared
def authority(bench):
    """A folder with an authority, ca.pem, and what it has signed for localhost: cert.pem, key.pem, both.pem."""
    new = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30'.split()
    bench.run(*new, '-subj', '/CN=scripts-interop', '-keyout', 'ca.key', '-out', 'ca.pem')
    bench.run(*new, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
              '-addext', 'basicConstraints=critical,CA:FALSE', '-CA', 'ca.pem', '-CAkey', 'ca.key',
              '-keyout', 'key.pem', '-out', 'cert.pem')
    bench.file('both.pem', (bench.folder / 'key.pem').read_bytes() + (bench.folder / 'cert.pem').read_bytes())
    return bench.folder


def certificate(bench):
    """Puts those files into the folder of a case or a server; the key is for its owner alone."""
    for name in ('ca.pem', 'cert.pem', 'key.pem', 'both.pem'):
        bench.file(name, (authority() / name).read_bytes())
    (bench.folder / 'key.pem').chmod(0o600)


def as_user(bench, user):
    """All that is in the folder becomes that user's, who is not root; gives what starts a program as them."""
    if not is_root():
        return {}
    try:
        known = pwd.getpwnam(user)
    except KeyError as error:
        raise Skipped(f'there is no user {user}') from error
    for path in (bench.folder, *bench.folder.rglob('*')):
        os.chown(path, known.pw_uid, known.pw_gid)
    return {'user': user, 'group': known.pw_gid, 'extra_groups': []}
