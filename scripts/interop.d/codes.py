"""The same odd lines to real servers and to rncat's mocks: what each answers, side by side.

A real server is right until there is a reason: where the mock's answers are of another class than postfix's or
dovecot's, it stands in odd.py. A newcomer's trap: an answer is read before more is said, because postfix hangs
up on whoever does not wait.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from bench import HERE, Failed, authority, case
from dovecot import PASSWORD, dovecot
from letters import letter
from mailpit import PASSWORD as MAILPIT_PASSWORD
from mailpit import mailpit
from mocks import mocks
from odd import POP3, SMTP
from postfix import postfix

PATIENCE = 5  # seconds, for one answer


@dataclass
class Column:
    """A server, as the table calls it."""
    says: str
    port: Callable[[], int]
    password: str = 'x'


class Line:
    """A connection to a server."""

    def __init__(self, column):
        self.socket = socket.create_connection((HERE, column.port()), PATIENCE)
        self.file = self.socket.makefile('rb')

    def encrypt(self):
        context = ssl.create_default_context(cafile=authority() / 'ca.pem')
        self.socket = context.wrap_socket(self.socket, server_hostname='localhost')
        self.file = self.socket.makefile('rb')

    def say(self, words):
        # Whoever has hung up does not hear it, and that is found when the answer is read.
        with contextlib.suppress(OSError):
            self.socket.sendall(words)

    def answer(self):
        """The code of the next answer: 250, +OK; or that there is none."""
        try:
            while (line := self.file.readline())[3:4] == b'-' and line[:3].isdigit():
                pass
        except TimeoutError:
            return 'silent'
        except OSError:
            return 'closed'
        word = line[:3] if line[:3].isdigit() else line.split()[:1][0] if line.strip() else b''
        return word.decode(errors='replace') or 'closed'

    def close(self):
        self.file.close()
        self.socket.close()


def answers(column, odd):
    """To something odd, said after what has to come before it."""
    with contextlib.closing(Line(column)) as line:
        line.answer()
        for words in odd.before:
            line.say(words.format(password=column.password).encode() + b'\r\n')
            if (code := line.answer())[0] not in '23+':
                raise Failed(f'{column.says}: {words}: {code}')
            if words == 'STARTTLS':
                line.encrypt()
        found = []
        for said, count in odd.pieces:
            line.say(said)
            found += [line.answer() for _ in range(count)]
        return found


def classes(codes):
    """The first digit is what a client goes by; and it is as good to be hung up on as to be told why."""
    return ['5' if it == 'closed' else it[:1] if it.isdigit() else it for it in codes]


def judged(real, mock, rows):
    """Where the mock is not with the real server there is a reason, and where it is there is none."""
    for odd in rows:
        here, there = answers(mock, odd), answers(real, odd)
        if (classes(here) != classes(there)) != bool(odd.reason):
            raise Failed(f'{odd.name}: {" ".join(here)}, {real.says} {" ".join(there)}; {odd.reason or "no reason"}')


def shown(columns, rows):
    print(f'{"":44}{"".join(f"{it.says:20}" for it in columns)}')
    for odd in rows:
        codes = (' '.join(answers(column, odd)) for column in columns)
        print(f'{odd.name:44}{"".join(f"{it:20}" for it in codes)}{odd.reason}', flush=True)


SENDING = (
    Column('postfix', lambda: postfix().smtp), Column('Mailpit', lambda: mailpit().smtp),
    Column('--mock smtp', lambda: mocks().smtp))
READING = (
    Column('dovecot', lambda: dovecot().pop3, PASSWORD), Column('Mailpit', lambda: mailpit().pop3, MAILPIT_PASSWORD),
    Column('--mock pop3', lambda: mocks().pop3))


def one_mail():
    """The same in all mailboxes."""
    mail = letter('mail.play')
    dovecot().empty()
    dovecot().put('bob', mail)
    mocks().empty()
    mocks().put(mail)
    mailpit().empty()
    mailpit().put(mail)


@case('odd lines: --mock smtp answers as postfix does')
def odd_smtp(_bench):
    judged(SENDING[0], SENDING[-1], SMTP)


@case('odd lines: --mock pop3 answers as dovecot does')
def odd_pop3(_bench):
    one_mail()
    judged(READING[0], READING[-1], POP3)


@case('odd lines: the codes of postfix, Mailpit, the mock', common=False)
def codes_smtp(_bench):
    shown(SENDING, SMTP)


@case('odd lines: the codes of dovecot, Mailpit, the mock', common=False)
def codes_pop3(_bench):
    one_mail()
    shown(READING, POP3)
