"""The ways by which people send a letter: by rncat in three, and by the programs and libraries that they have.

A newcomer's trap: who gets a letter is said beside it, by each way in words of its own. And a letter of the
course's Java client is text: what is not UTF-8 cannot be sent by it.
"""

import dataclasses
import smtplib
from collections.abc import Callable
from dataclasses import dataclass

from bench import HERE, PATIENCE, SCRIPTS, Bench, rncat, shared
from hard import MAIL
from letters import address, letter, session
from terminal import Terminal

SENDER = 'alice@example.org'
JAVA = SCRIPTS.parent / 'tests/java/SendMail.java'


@dataclass
class Letter:
    """What is sent, as lines with LF, to whom, and the session file that does it, if there is one."""
    name: str
    mail: bytes
    people: tuple
    play: str = ''

    def in_utf8(self):
        """The same, with other characters in the place of bytes that are none."""
        text = self.mail.decode(errors='replace').encode()
        return self if text == self.mail else dataclasses.replace(self, mail=text)

    def addresses(self):
        return [address(person) for person in self.people]

    def envelope(self, hello):
        """What is said before the text: each command with the code of its reply."""
        recipients = [(f'RCPT TO:<{it}>', '250') for it in self.addresses()]
        # What is not ASCII is announced, by those who may not know whether the server takes it, too.
        eight = '' if self.mail.isascii() else ' BODY=8BITMIME'
        return [(f'{hello} client.example.org', '250'), (f'MAIL FROM:<{SENDER}>{eight}', '250'), *recipients,
                ('DATA', '354')]

    def stuffed(self):
        return b''.join(b'.' + line if line.startswith(b'.') else line for line in self.mail.splitlines(keepends=True))


LETTERS = (
    Letter('the hard one', MAIL, ('bob',)),
    *(Letter(f'that of {name}', letter(name), people, name) for name, people in (
        ('mail.play', ('bob',)), ('cc-bcc.play', ('bob', 'carol', 'dave')), ('html.play', ('bob',)),
        ('attachment.play', ('bob',)))),
)


def hello(server):
    return 'LHLO' if server.proto == 'lmtp' else 'EHLO'


def taken(server, it):
    """How many replies come to the end of the text: by LMTP one for each recipient (RFC 2033, 4.2)."""
    return len(it.people) if server.proto == 'lmtp' else 1


def typed(bench, server, it, *words):
    with Terminal(bench, *rncat(*(words or (HERE,)), server.port())) as terminal:
        terminal.hear(b'220 ')
        for command, code in it.envelope(hello(server)):
            terminal.say(command)
            terminal.hear(code.encode() + b' ')
        terminal.type(it.stuffed() + b'.\n')
        for _ in range(taken(server, it)):
            terminal.hear(b'250 ')
        terminal.say('QUIT')
        terminal.hear(b'221 ')
        terminal.end()


def piped(bench, server, it):
    commands = ''.join(f'{command}\n' for command, _ in it.envelope(hello(server)))
    bench.run(*rncat('--pace', server.proto, '--fail', HERE, server.port()),
              send=commands.encode() + it.stuffed() + b'.\nQUIT\n')


def played(bench, server, it):
    play = session(it.play)
    if not it.play or server.proto == 'lmtp':
        bench.file('letter.eml', it.mail)
        said = ''.join(f'C: {command}\nS: {code}\n' for command, code in it.envelope(hello(server)))
        taken_by_all = 'S: 250\n' * taken(server, it)
        play = bench.file('letter.play', f'S: 220\n{said}C: {{file:letter.eml}}\nC: .\n{taken_by_all}C: QUIT\nS: 221\n')
    bench.run(*rncat('--play', play, HERE, server.port()))


@shared
def java_classes(bench):
    bench.run('javac', '-Xlint:all', '-Werror', '-d', 'classes', JAVA)
    return bench.folder / 'classes'


def by_java(bench, server, it):
    bench.file('letter.eml', it.mail)
    bench.run('java', '-XX:TieredStopAtLevel=1', '-cp', java_classes(), 'SendMail', HERE, server.port(), 'letter.eml',
              SENDER, *it.addresses())


def by_smtplib(_bench, server, it):
    kind = smtplib.LMTP if server.proto == 'lmtp' else smtplib.SMTP
    # Its LMTP reads one reply to the text, however many have to come.
    envelopes = [[at] for at in it.addresses()] if server.proto == 'lmtp' else [it.addresses()]
    with kind(HERE, server.port(), 'client.example.org', timeout=PATIENCE) as client:
        for envelope in envelopes:
            client.sendmail(SENDER, envelope, it.mail.replace(b'\n', b'\r\n'), ['BODY=8BITMIME'])


def by_swaks(bench, server, it):
    # It ends the text with a line end of its own.
    mail = bench.file('letter.eml', it.mail.removesuffix(b'\n'))
    bench.run('swaks', '--server', HERE, '--port', server.port(), '--protocol', server.proto, '--helo',
              'client.example.org', '--from', SENDER, '--to', ','.join(it.addresses()), '--data', f'@{mail}')


def by_curl(bench, server, it):
    mail = bench.file('letter.eml', it.mail.replace(b'\n', b'\r\n'))
    people = [word for at in it.addresses() for word in ('--mail-rcpt', at)]
    bench.run('curl', '-sS', '--mail-from', SENDER, *people, '-T', mail,
              f'smtp://{HERE}:{server.port()}/client.example.org')


@dataclass
class Way:
    """How a letter is sent by it, as the names of cases say it, what it needs, and what it cannot."""
    says: str
    send: Callable[[Bench, object, Letter], None]
    needs: tuple = ()
    protocols: tuple = ('smtp', 'lmtp')
    only_text: bool = False


WAYS = (
    Way('typed', typed),
    Way('piped with --pace', piped),
    Way('played', played),
    Way('by the Java client', by_java, ('java', 'javac'), ('smtp',), only_text=True),
    Way('by smtplib', by_smtplib),
    Way('by swaks', by_swaks, ('swaks',)),
    Way('by curl', by_curl, ('curl',), ('smtp',)),
)
