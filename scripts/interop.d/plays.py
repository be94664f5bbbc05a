"""`--play` with scripts/sessions/*.play: each with every server that it fits, and with rncat in the server's part.

A newcomer's trap: a session file is for any server, so what it expects is what they agree on; what
became of it, in the mailbox, is looked at here.
"""

from dataclasses import dataclass
from typing import Any

from bench import HERE, Failed, case, certificate, free_port, rncat, same, until
from dovecot import dovecot
from letters import READER, arrives, letter, session, stripped
from nginx import nginx
from postfix import postfix
from servers import arrives_at_mock, arrives_built_in, built_in, mock_smtp

MAILS = {
    'mail.play': ('bob',),
    'cc-bcc.play': ('bob', 'carol', 'dave'),
    'html.play': ('bob',),
    'attachment.play': ('bob',),
}


@dataclass
class Play:
    """A session file with a server: in what words rncat finds it, and what is there before and after."""
    name: str
    server: str
    find: Any
    people: tuple = ()
    before: bytes = b''
    after: Any = None


def deleted():
    until(lambda: not dovecot().messages('bob'), 'the mail is still there')


def kept():
    arrives(READ)


def drafted():
    found = dovecot().messages('bob')
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
    Play('http.play', 'nginx', in_clear(nginx, 'http')),
    Play('http.play', 'nginx, TLS', in_tls(nginx, 'https')),
)


def with_server(bench, play):
    where = play.find()
    if where[0] == '--ssl-verify':
        certificate(bench)
    if play.people or play.before:
        dovecot().empty()
    if play.before:
        dovecot().put('bob', play.before)
    bench.run(*rncat('--play', session(play.name), *where), env=READER)
    if play.people:
        arrives(letter(play.name), *play.people)
    if play.after:
        play.after()


def with_mock(bench, name):
    """The project's own mock server, which is a shell script."""
    mock_smtp().empty()
    bench.run(*rncat('--play', session(name), HERE, mock_smtp().port))
    if name in MAILS:
        arrives_at_mock(letter(name), *MAILS[name])


def with_built_in(bench, name):
    """`--mock smtp,pop3`, which takes any password."""
    servers = built_in()
    servers.empty()
    if name.startswith('pop3'):
        (servers.folder / 'mails/new/1.here').write_bytes(READ)
    certificate(bench)
    trust = ('--ssl-verify', '--ssl-trustfile', 'ca.pem') if '\n--- TLS\n' in session(name).read_text() else ()
    port = servers.pop3 if name.startswith('pop3') else servers.smtp
    bench.run(*rncat('--play', session(name), *trust, 'localhost', port), env=READER)
    if name in MAILS:
        arrives_built_in(letter(name), *MAILS[name])
    if name == 'pop3.play':
        same(servers.mails(), [], 'what is left')


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
for one in (*MAILS, 'wrong-order.play', 'second-sender.play', 'wrong-words.play', 'starttls.play', 'submission.play',
            'pop3.play', 'pop3-read.play', 'pop3-apop.play', 'pop3-cram.play', 'pop3-stls.play'):
    case(f'--play {one}, --mock')(lambda bench, name=one: with_built_in(bench, name))
for one in sorted(path.name for path in session('').glob('*.play')):
    case(f'--play {one}, itself')(lambda bench, name=one: with_itself(bench, name))
