"""The servers that take a letter: how each is asked for one, what has become of it there, and who can read it.

A newcomer's trap: a server may be the way to another. What postfix takes, dovecot keeps, and is read there.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from bench import HERE, SCRIPTS, Failed, certificate, free_port, rncat, same, shared, until
from dovecot import PASSWORD, dovecot
from letters import arrives, compare, stripped
from mailpit import ADDED, arrives_at_mailpit, mailpit
from mailpit import PASSWORD as MAILPIT_PASSWORD
from postfix import postfix
from readers import IMAP, POP3, Mailbox, Reader


@dataclass
class Server:
    """One row: its name in the cases, its protocol, and what a case does with it."""
    name: str
    proto: str  # as --pace calls it
    port: Callable[[], int]
    empty: Callable[[], None]
    arrives: Callable[..., None]  # is given the mail, and for whom it is
    mailbox: Callable[[], Mailbox] | None = None
    readers: tuple[Reader, ...] = ()
    added: tuple[bytes, ...] = ()  # headers that it puts before a mail, besides those of letters.TRACE

    def readers_see(self, bench, mail):
        """The mail is read back by each reader, and is the one that was sent, with CR LF at each line's end."""
        for reader in self.readers:
            seen = reader.read(bench, self.mailbox()).removesuffix(reader.extra)
            try:
                compare(stripped(seen, self.added), mail)
                same(re.findall(rb'\r?\n', seen), [b'\r\n'] * seen.count(b'\n'), 'the line ends')
            except Failed as failed:
                raise Failed(f'by {reader.says}: {failed}') from failed


@dataclass
class Built:
    """The mock servers that are built in, with one Maildir for both."""
    smtp: int
    pop3: int
    folder: object

    def mails(self):
        return list(self.folder.glob('mails/new/*'))

    def empty(self):
        for path in self.mails():
            path.unlink()


@shared
def built_in(bench):
    smtp, pop3 = free_port(), free_port()
    certificate(bench)
    bench.daemon(*rncat('--mock', f'smtp:{smtp},pop3:{pop3}', '--mock-dir', 'mails', '--ssl-cert', 'cert.pem',
                        '--ssl-key', 'key.pem', HERE), ports=(smtp, pop3))
    return Built(smtp, pop3, bench.folder)


def arrives_built_in(wanted, *people):
    # What it has kept is on disk when its reply is said.
    mail, = (path.read_bytes() for path in built_in().mails())
    compare(stripped(mail), wanted)
    said = re.sub(rb'\s', b'', re.search(rb'(?m)^Envelope-To: ((?:.*\n[ \t])*.*)$', mail)[1])
    same([it.partition(b'@')[0] for it in said.split(b',')], [it.encode() for it in people], 'recipients')


@dataclass
class Mock:
    """The project's own mock server, which is a shell script."""
    port: int
    folder: object

    def mails(self):
        return list(self.folder.glob('mail/*.eml'))

    def empty(self):
        for path in self.mails():
            path.unlink()


@shared
def mock_smtp(bench):
    port = free_port()
    bench.daemon(*rncat('-lk', '--exec', SCRIPTS / 'mock-smtp', HERE, port), port=port,
                 env={**os.environ, 'MOCK_SMTP_DIR': str(bench.folder / 'mail')})
    return Mock(port, bench.folder)


def arrives_at_mock(wanted, *people):
    found = until(mock_smtp().mails, 'no mail')
    if len(found) != 1:
        raise Failed(f'{len(found)} mails')
    seen = found[0].read_bytes()
    compare(stripped(seen), wanted)
    same(re.findall(rb'(?m)^X-Envelope-To: <(.*)@', seen), [it.encode() for it in people], 'recipients')


def readers_of_dovecot():
    return Mailbox(PASSWORD, dovecot().pop3, dovecot().imap)


def readers_of_mailpit():
    return Mailbox(MAILPIT_PASSWORD, mailpit().pop3)


MAILPIT = Server(
    # Its POP3 ends each mail with an empty line of its own.
    'Mailpit', 'smtp', lambda: mailpit().smtp, lambda: mailpit().empty(), arrives_at_mailpit,
    readers_of_mailpit, tuple(Reader(it.says, it.read, b'\r\n') for it in POP3), ADDED)
SERVERS = (
    MAILPIT,
    Server('postfix', 'smtp', lambda: postfix().smtp, lambda: dovecot().empty(), arrives,
           readers_of_dovecot, (*POP3, *IMAP)),
    Server("dovecot's LMTP", 'lmtp', lambda: dovecot().lmtp, lambda: dovecot().empty(), arrives,
           readers_of_dovecot, (*POP3, *IMAP)),
    Server('--mock smtp', 'smtp', lambda: built_in().smtp, lambda: built_in().empty(), arrives_built_in,
           lambda: Mailbox('any', built_in().pop3), POP3),
    Server('mock-smtp', 'smtp', lambda: mock_smtp().port, lambda: mock_smtp().empty(), arrives_at_mock),
)
