"""`--play` with scripts/sessions/*.play: each with every server that it fits, and with rncat in the server's part.

A newcomer's trap: a session file is for any server, so what it expects is what they agree on; what
became of it, in the mailbox, is looked at here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import HERE, Failed, case, certificate, free_port, rncat, same, until
from dovecot import dovecot
from letters import READER, arrives, letter, session, stripped
from mocks import arrives_at_mocks, mocks
from nginx import nginx
from postfix import postfix
from servers import arrives_at_mock, mock_smtp

MAILS = {
    'mail.play': ('bob',),
    'cc-bcc.play': ('bob', 'carol', 'dave'),
    'html.play': ('bob',),
    'attachment.play': ('bob',),
}


@dataclass
class Play:
    """A session file with a server: in what words rncat finds it, who gets a mail, what is there before and after."""
    name: str
    server: str
    find: Any
    people: tuple = ()
    before: bytes = b''
    after: Any = None


@dataclass
class Keeper:
    """Where a server's mails are."""
    empty: Callable[[], None]
    put: Callable[[bytes], None]
    messages: Callable[[], list]
    arrives: Callable[..., None]


DOVECOT = Keeper(lambda: dovecot().empty(), lambda mail: dovecot().put('bob', mail), lambda: dovecot().messages('bob'),
                 arrives)
MOCKS = Keeper(lambda: mocks().empty(), lambda mail: mocks().put(mail), lambda: mocks().mails(), arrives_at_mocks)


def deleted(keeper):
    until(lambda: not keeper.messages(), 'the mail is still there')


def kept(keeper):
    same([stripped(it.read_bytes()) for it in keeper.messages()], [READ], 'the mails')


def drafted(keeper):
    found = keeper.messages()
    if len(found) != 1:
        raise Failed(f'{len(found)} mails where there was to be one draft')
    same(stripped(found[0].read_bytes()), b'Subject: A draft\n\nNot yet.\n', 'the draft')


def in_clear(server, port):
    return lambda: (HERE, getattr(server(), port))


def in_tls(server, port):
    return lambda: ('--ssl-verify', '--ssl-trustfile', 'ca.pem', 'localhost', getattr(server(), port))


READ = letter('mail.play')
PLAYS = (
    *(Play(name, 'postfix', in_clear(postfix, 'smtp'), people) for name, people in MAILS.items()),
    Play('wrong-order.play', 'postfix', in_clear(postfix, 'smtp')),
    Play('second-sender.play', 'postfix', in_clear(postfix, 'smtp')),
    Play('wrong-words.play', 'postfix', in_clear(postfix, 'smtp')),
    Play('starttls.play', 'postfix', in_tls(postfix, 'smtp'), ('bob',)),
    Play('submission.play', 'postfix', in_tls(postfix, 'submission'), ('bob',)),
    Play('auth.play', 'postfix, TLS', in_tls(postfix, 'submissions'), ('bob',)),
    Play('pop3.play', 'dovecot', in_clear(dovecot, 'pop3'), before=READ, after=deleted),
    Play('pop3.play', 'dovecot, TLS', in_tls(dovecot, 'pop3s'), before=READ, after=deleted),
    Play('pop3-read.play', 'dovecot', in_clear(dovecot, 'pop3'), before=READ, after=kept),
    Play('pop3-apop.play', 'dovecot', in_clear(dovecot, 'pop3')),
    Play('pop3-cram.play', 'dovecot', in_clear(dovecot, 'pop3')),
    Play('pop3-stls.play', 'dovecot', in_tls(dovecot, 'pop3')),
    Play('imap.play', 'dovecot', in_clear(dovecot, 'imap'), before=READ, after=drafted),
    Play('imap.play', 'dovecot, TLS', in_tls(dovecot, 'imaps'), before=READ, after=drafted),
    Play('imap-read.play', 'dovecot', in_clear(dovecot, 'imap'), before=READ, after=kept),
    Play('imap-starttls.play', 'dovecot', in_tls(dovecot, 'imap')),
    # The page of http.play is one that the mock does not have; it says back what it is asked.
    Play('http.play', 'nginx', in_clear(nginx, 'http')),
    Play('http.play', 'nginx, TLS', in_tls(nginx, 'https')),
    Play('http-echo.play', 'nginx', in_clear(nginx, 'http')),
    Play('http-echo.play', '--mock http', in_clear(mocks, 'http')),
    Play('http-echo.play', '--mock http, TLS', in_tls(mocks, 'https')),
    *(Play(name, '--mock smtp', in_clear(mocks, 'smtp'), people) for name, people in MAILS.items()),
    *(Play(name, '--mock smtp', in_clear(mocks, 'smtp')) for name in (
        'wrong-order.play', 'second-sender.play', 'wrong-words.play')),
    *(Play(name, '--mock smtp', in_tls(mocks, 'smtp'), ('bob',)) for name in ('starttls.play', 'submission.play')),
    Play('auth.play', '--mock smtp', in_clear(mocks, 'smtp'), ('bob',)),
    *(Play(name, '--mock smtp, TLS', in_tls(mocks, 'smtps'), ('bob',)) for name in ('mail.play', 'auth.play')),
    *(Play(f'pop3{name}.play', '--mock pop3', in_clear(mocks, 'pop3'), before=READ, after=after) for name, after in {
        '': deleted, '-read': kept, '-apop': kept, '-cram': kept}.items()),
    Play('pop3-stls.play', '--mock pop3', in_tls(mocks, 'pop3'), before=READ, after=kept),
    Play('pop3.play', '--mock pop3, TLS', in_tls(mocks, 'pop3s'), before=READ, after=deleted),
)


def with_server(bench, play):
    where = play.find()
    if where[0] == '--ssl-verify':
        certificate(bench)
    keeper = MOCKS if play.server.startswith('--mock') else DOVECOT
    if play.people or play.before:
        keeper.empty()
    if play.before:
        keeper.put(play.before)
    bench.run(*rncat('--play', session(play.name), *where), env=READER)
    if play.people:
        keeper.arrives(letter(play.name), *play.people)
    if play.after:
        play.after(keeper)


def with_mock(bench, name):
    """The project's own mock server, which is a shell script."""
    mock_smtp().empty()
    bench.run(*rncat('--play', session(name), HERE, mock_smtp().port))
    if name in MAILS:
        arrives_at_mock(letter(name), *MAILS[name])


def with_itself(bench, name):
    """Both parts by rncat; the transcript of that can be played again."""
    certificate(bench)
    port = free_port()
    text = session(name).read_text()
    # Lines that begin later than the first: the certificate is for --- TLS.
    secure = ('--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem') if '\n--- TLS\n' in text else ()
    server = bench.server(*rncat('-l', '--play', session(name), *secure, HERE, port), port=port, env=READER)
    trust = ('--ssl-verify', '--ssl-trustfile', 'ca.pem') if secure else ()
    bench.run(*rncat('--play', session(name), *trust, 'localhost', port), env=READER)
    _, said = server.communicate(timeout=20)
    if server.returncode:
        raise Failed(f'the server: exit {server.returncode}: {said[-300:]!r}')


@case('--play, postfix: another reply')
def another_reply(bench):
    """Both lines are shown, with where in the file; what comes after is not said."""
    play = bench.file('unknown.play', session('mail.play').read_text().replace('bob@', 'eve@'))
    out, said = bench.run_both(*rncat('-v', '--play', play, HERE, postfix().smtp), code=3)
    if out or not all(it in said for it in (b'unknown.play:9', b'250', b'550 5.1.1 <eve@example.net>')):
        raise Failed(f'{out[:100]!r}, {said[-400:]!r}')


for one in PLAYS:
    case(f'--play {one.name}, {one.server}')(lambda bench, play=one: with_server(bench, play))
for one in (*MAILS, 'wrong-order.play', 'second-sender.play', 'wrong-words.play'):
    case(f'--play {one}, mock-smtp')(lambda bench, name=one: with_mock(bench, name))
for one in sorted(path.name for path in session('').glob('*.play')):
    case(f'--play {one}, itself')(lambda bench, name=one: with_itself(bench, name))
