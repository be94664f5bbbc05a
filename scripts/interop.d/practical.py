"""The practical of the course: its session files, its Java client, and all of it in order, at Mailpit and at the mock.

A newcomer's trap: that a server has taken a mail tells nothing of what it shows. So Mailpit is asked what it
understood: who the mail is for, its text and its page, the bytes of its attachment.
"""

import json
import os
import re

from bench import HERE, Failed, case, certificate, free_port, rncat, same
from dovecot import dovecot
from letters import address, encoded, letter, session
from mailpit import PASSWORD, mailpit
from mocks import mocks
from plays import MAILS
from postfix import postfix
from servers import MAILPIT, MOCK
from terminal import Terminal
from ways import JAVA, SENDER, Letter, typed

READER = {**os.environ, 'MAIL_USER': 'bob', 'MAIL_PASSWORD': PASSWORD}
TLS = ('--ssl-verify', '--ssl-trustfile', 'ca.pem')


def head(subject, *more):
    lines = ('From: Alice <alice@example.org>', 'To: Bob <bob@example.net>', f'Subject: {subject}',
             'Date: Mon, 2 Mar 2026 09:00:00 +0100', *more)
    return ''.join(f'{line}\n' for line in lines) + '\n'


# As students write them, one after the other.
BY_HAND = Letter('typed', (head('By hand') + 'Hello Bob,\n\nthis is typed.\n').encode(), ('bob',))
BY_JAVA = (head('By Java', 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8')
           + 'Grüße,\n\n.profile is a file.\n').encode()
WITH_COPIES = Letter('CC and BCC', (head('For three', 'Cc: Carol <carol@example.net>') + 'Who has it?\n').encode(),
                     ('bob', 'carol', 'dave'))
IN_HTML = Letter('HTML', (head('A page', 'MIME-Version: 1.0', 'Content-Type: text/html; charset=utf-8')
                          + '<p>Gr&uuml;&szlig;e</p>\n').encode(), ('bob',))
WITH_PICTURE = Letter('an attachment', (head('A picture', 'MIME-Version: 1.0',
                                             'Content-Type: multipart/mixed; boundary="next"') + f'''--next
Content-Type: text/plain; charset=utf-8

Here it is.
--next
Content-Type: image/png
Content-Disposition: attachment; filename="picture.png"
Content-Transfer-Encoding: base64

{encoded('picture.png')}
--next--
''').encode(), ('bob',))


def shows(server, text, page='', pictures=0):
    """The one mail at a server is shown with this text, as this page, with so many pictures."""
    seen = server().shown()
    same(seen.sender, f'Alice <{SENDER}>', 'who it is from')
    for kind, shown, wanted in (('text', seen.text, text), ('page', seen.page, page)):
        same(shown.replace('\r\n', '\n').rstrip('\n'), wanted, f'the {kind}')
    picture = ('picture.png', 'image/png', session('picture.png').read_bytes())
    same(seen.files, [picture] * pictures, 'the attachments')


SHOWN = {
    'mail.play': (letter('mail.play').decode().partition('\n\n')[2].rstrip('\n'),),
    'cc-bcc.play': ('The envelope has three recipients, the letter names two.',),
    'html.play': (
        'Grüße, and an equals sign is written as =3D.',
        '<!DOCTYPE html>\n<html lang="de">\n<body>\n<h1 style="color: green">Grüße</h1>\n'
        '<p>A line can be <b>bold</b> here, and an equals sign is written as =3D.</p>\n</body>\n</html>'),
    'attachment.play': ('Hello Bob, here is the picture.', '', 1),
    'starttls.play': ('From this server to the next it may be a postcard again.',),
    'submission.play': ('This server takes mail to anywhere, but only from those that it knows.',),
    'wrong-order.play': None,
    'wrong-words.play': None,
}


def with_mailpit(bench, name):
    certificate(bench)
    mailpit().empty()
    trust = TLS if '\n--- TLS\n' in session(name).read_text() else ()
    bench.run(*rncat('--play', session(name), *trust, 'localhost', mailpit().smtp), env=READER)
    if SHOWN[name]:
        MAILPIT.arrives(letter(name), *MAILS.get(name, ('bob',)))
        shows(mailpit, *SHOWN[name])
    else:
        same(mailpit().messages(), [], 'mails')


@case('--play pop3.play, Mailpit')
def pop3(bench):
    mailpit().empty()
    bench.run(*rncat('--play', session('mail.play'), HERE, mailpit().smtp))
    bench.run(*rncat('--play', session('pop3.play'), HERE, mailpit().pop3), env=READER)
    same(mailpit().messages(), [], 'mails')


@case('the practical, in order, Mailpit', 'java', 'javac')
def at_mailpit(bench):
    practical(bench, MAILPIT, mailpit, listed_at_mailpit)


@case('the practical, in order, --mock smtp', 'java', 'javac')
def at_mock(bench):
    practical(bench, MOCK, mocks, listed_at_mock)


def practical(bench, at, server, listed):
    """Steps 3 to 5: a mail by hand, one by Java, and further; after each, what the server shows."""
    wrong_order(bench, at)
    by_hand(bench, at, BY_HAND)
    shows(server, 'Hello Bob,\n\nthis is typed.')
    listed(bench, 'By hand')
    at.empty()
    bench.file('mail.txt', BY_JAVA)
    bench.run('java', JAVA, 'localhost', at.port(), 'mail.txt', SENDER, address('bob'))
    at.arrives(BY_JAVA, 'bob')
    shows(server, 'Grüße,\n\n.profile is a file.')
    by_hand(bench, at, WITH_COPIES)
    shows(server, 'Who has it?')
    by_hand(bench, at, IN_HTML)
    # Mailpit makes a text of a page that has none beside it.
    shows(server, 'Grüße' if at is MAILPIT else '', '<p>Gr&uuml;&szlig;e</p>')
    by_hand(bench, at, WITH_PICTURE)
    shows(server, 'Here it is.', '', 1)


def by_hand(bench, at, it):
    at.empty()
    typed(bench, at, it, '-C', 'localhost')
    at.arrives(it.mail, *it.people)


def wrong_order(bench, at):
    with Terminal(bench, *rncat('-C', 'localhost', at.port())) as terminal:
        terminal.hear(b'220 ')
        for command, reply in (('EHLO me', b'250 '), ('RCPT TO:<bob@example.net>', b'503 '), ('DATA', b'503 '),
                               ('MAKE COFFEE', b'500 '), ('QUIT', b'221 ')):
            terminal.say(command)
            terminal.hear(reply)
        terminal.end()


def listed_at_mailpit(bench, subject):
    """The REST interface, asked by hand, too: one mail, of this subject."""
    asked = b'GET /api/v1/messages HTTP/1.1\nHost: localhost\nConnection: close\n\n'
    answer = bench.run(*rncat('-C', 'localhost', mailpit().rest), send=asked)
    same(answer[:15], b'HTTP/1.1 200 OK')
    same([it['Subject'] for it in json.loads(answer.partition(b'\r\n\r\n')[2])['messages']], [subject], 'the list')


def listed_at_mock(bench, subject):
    """Who started the server sees it there; and by POP3, by hand, there is one mail, of this subject."""
    shown = (mocks().folder / 'rncat.log').read_bytes()
    if f'\nSubject: {subject}\n'.encode() not in shown:
        raise Failed(f'{shown[-300:]!r}')
    with Terminal(bench, *rncat('localhost', mocks().pop3)) as terminal:
        terminal.hear(rb'\+OK ')
        for command, replies in (('USER bob', (rb'\+OK ',)), ('PASS x', (rb'\+OK .*1 message',)),
                                 ('TOP 1 0', (rb'\+OK ', f'Subject: {subject}'.encode(), rb'\.')),
                                 ('QUIT', (rb'\+OK ',))):
            terminal.say(command)
            for reply in replies:
                terminal.hear(reply)
        terminal.end()


@case('the Java client: its message piped, replies of many lines', 'java', 'javac')
def java_served(bench):
    """A server that says exactly what is written, and takes nothing else."""
    text = session('mail.play').read_text().replace('S: 220', 'S: 220-Hello\nS: 220 and welcome', 1)
    text = text.replace('S: 250', 'S: 250-mail.example.net\nS: 250-SIZE 1000\nS: 250', 1)
    text = text.replace('S: 221', 'S: 221-Good\nS: 221 bye')
    port = free_port()
    server = bench.server(*rncat('-l', '--play', bench.file('served.play', text), HERE, port), port=port)
    bench.run('java', JAVA, HERE, port, '-', SENDER, address('bob'), send=letter('mail.play'))
    _, said = server.communicate(timeout=20)
    if server.returncode:
        raise Failed(f'the server: exit {server.returncode}: {said[-300:]!r}')


@case('the Java client: a reply that is another, postfix', 'java', 'javac')
def java_refused(bench):
    """It tells which, in one line, and the mail has gone to nobody."""
    dovecot().empty()
    _, said = bench.run_both('java', JAVA, HERE, postfix().smtp, '-', SENDER, address('bob'), address('eve'),
                             send=BY_HAND.mail, code=1)
    if not re.fullmatch(rb'SendMail: expected 250 to RCPT TO:<eve@example.net>, got: 550 5.1.1 .*\n', said):
        raise Failed(f'{said!r}')
    same(dovecot().messages('bob'), [], 'mails')


for one in SHOWN:
    case(f'--play {one}, Mailpit')(lambda bench, name=one: with_mailpit(bench, name))
