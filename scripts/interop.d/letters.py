"""What a mail must be when it has arrived: what was sent, header by header and byte by byte.

A newcomer's trap: servers put headers of their own before the first one, and a dot that began a line
has lost the second that it travelled with.
"""

import base64
import os
import re
from dataclasses import dataclass
from email import message_from_bytes

from bench import SCRIPTS, Failed, same, until
from dovecot import PASSWORD, dovecot

SESSIONS = SCRIPTS / 'sessions'
# Who reads, for the {env:...} of the sessions.
READER = {**os.environ, 'MAIL_USER': 'bob', 'MAIL_PASSWORD': PASSWORD}
TRACE = (b'return-path', b'delivered-to', b'received', b'x-envelope-to', b'envelope-to')


@dataclass
class Shown:
    """What somebody sees of a mail: its sender, text, page, and the files in it: their names, types, bytes."""
    sender: str
    text: str
    page: str
    files: list


def session(name):
    return SESSIONS / name


def letter(name):
    """The message that a session sends, as lines with LF."""
    text = session(name).read_text()
    if name.endswith('.play'):
        text = '\n'.join(line[3:] for line in text.splitlines() if line == 'C:' or line.startswith('C: '))
    lines = text.split('\nDATA\n')[1].split('\n.\n')[0].split('\n')
    whole = '\n'.join(line.removeprefix('.') for line in lines) + '\n'
    return re.sub(r'\{base64file:(.*)}\n', lambda found: encoded(found[1]), whole).encode()


def encoded(name):
    return base64.encodebytes(session(name).read_bytes()).decode()


def address(person):
    return f'{person}@example.net'


def stripped(arrived, added=()):
    """A message without what servers have put before it: the headers of TRACE, and some a server's own."""
    lines = arrived.replace(b'\r\n', b'\n').splitlines(keepends=True)
    while lines and (lines[0][:1] in b' \t' or lines[0].split(b':')[0].lower() in (*TRACE, *added)):
        lines.pop(0)
    return b''.join(lines)


def arrives(wanted, *people):
    """Waits for one mail for each of them, and compares."""
    for person in people or ('bob',):
        found = until(lambda who=person: dovecot().messages(who), f'no mail for {person}')
        if len(found) != 1:
            raise Failed(f'{len(found)} mails for {person}')
        compare(stripped(found[0].read_bytes()), wanted)


def compare(seen, wanted):
    ours, theirs = message_from_bytes(wanted), message_from_bytes(seen)
    for name, value in ours.items():
        if theirs[name] != value:
            raise Failed(f'{name} is {theirs[name]!r} and not {value!r}')
    extra = set(theirs.keys()) - set(ours.keys())
    if extra:
        raise Failed(f'headers that were not sent: {", ".join(sorted(extra))}')
    same(seen, wanted, 'the mail')
