"""The ways by which people read a mailbox: POP3 and IMAP, by rncat's session files and by Python's libraries.

A newcomer's trap: nothing here takes anything from the mailbox, so that each reader finds what the last one did.
What they give is what the server has sent, CR LF and all, with the dots of POP3 taken off.
"""

import imaplib
import os
import poplib
import re
from collections.abc import Callable
from dataclasses import dataclass

from bench import HERE, PATIENCE, Failed, rncat
from letters import session


@dataclass
class Mailbox:
    """Where somebody's mail is, and what opens it."""
    password: str
    pop3: int
    imap: int = 0
    user: str = 'bob'


@dataclass
class Reader:
    """How the first mail is read; `extra` is what a server puts behind it."""
    says: str
    read: Callable
    extra: bytes = b''


def pop3_played(bench, box):
    said = heard(recorded(bench, box, 'pop3-read.play', box.pop3), b'RETR 1')
    lines = said.removesuffix(b'.\r\n').split(b'\r\n')[1:]
    return b'\r\n'.join(line.removeprefix(b'.') for line in lines)


def pop3_by_python(_bench, box):
    client = poplib.POP3(HERE, box.pop3, timeout=PATIENCE)
    client.user(box.user)
    client.pass_(box.password)
    lines = client.retr(1)[1]
    client.quit()
    return b''.join(line + b'\r\n' for line in lines)


def imap_played(bench, box):
    said = heard(recorded(bench, box, 'imap-read.play', box.imap), b'a3 FETCH 1 BODY.PEEK[]')
    literal = re.search(rb'\{(\d+)\}\r\n', said)
    if not literal:
        raise Failed(f'no literal in {said[:100]!r}')
    return said[literal.end():literal.end() + int(literal[1])]


def imap_by_python(_bench, box):
    with imaplib.IMAP4(HERE, box.imap, timeout=PATIENCE) as client:
        client.login(box.user, box.password)
        client.select(readonly=True)
        return client.fetch('1', '(BODY.PEEK[])')[1][0][1]


def recorded(bench, box, name, port):
    """The transcript of a session file that was played to a mailbox."""
    transcript = bench.folder / 'seen.play'
    env = {**os.environ, 'MAIL_USER': box.user, 'MAIL_PASSWORD': box.password}
    bench.run(*rncat('--transcript', transcript, '--play', session(name), HERE, port), env=env)
    return transcript.read_bytes()


def heard(transcript, command):
    """What the server has said to a command; escapes in a transcript are `{{` and `{hex:...}`."""
    _, _, rest = transcript.partition(b'\nC: ' + command + b'\n')
    said = b''
    for line in rest.split(b'\n'):
        if line != b'S:' and not line.startswith(b'S: '):
            break
        said += re.sub(rb'\{\{|\{hex:([0-9a-f]*)\}', unescaped, line[3:]) + b'\r\n'
    return said


def unescaped(found):
    return b'{' if found[1] is None else bytes.fromhex(found[1].decode())


POP3 = (Reader('POP3, played', pop3_played), Reader('poplib', pop3_by_python))
IMAP = (Reader('IMAP, played', imap_played), Reader('imaplib', imap_by_python))
