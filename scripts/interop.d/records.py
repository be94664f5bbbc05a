"""`--transcript`: a session with a real server, recorded, then served by rncat in the server's place.

A newcomer's trap: a server's words hold dates and numbers that are others the next time, so a
transcript is played to the same client, who cannot tell the difference; not to the same server.
"""

import base64

from bench import HERE, Failed, case, certificate, free_port, rncat, same
from dovecot import PASSWORD, dovecot
from hard import SCRIPT, TLS, with_password
from nginx import nginx
from pacing import LETTER, PLAIN
from postfix import postfix
from served import CERTIFICATE

POP3 = f'CAPA\nUSER bob\nPASS {PASSWORD}\nSTAT\nLIST\nUIDL\nRETR 1\nTOP 1 0\nDELE 2\nRSET\nQUIT\n'
IMAP = f'a1 LOGIN bob "{PASSWORD}"\na2 SELECT INBOX\na3 FETCH 1 (FLAGS BODY.PEEK[])\na4 NOOP\na5 LOGOUT\n'
HTTP = ('GET /page.html HTTP/1.1\nHost: x\n\nHEAD / HTTP/1.1\nHost: x\n\n'
        'POST /echo HTTP/1.1\nHost: x\nContent-Length: 9\n\nsome{*}ng'
        'GET /chunked.html HTTP/1.1\nHost: x\nConnection: close\n\n')
SERVED = {
    'smtp, postfix': ('smtp', lambda: postfix().smtp, SCRIPT),
    'pop3, dovecot': ('pop3', lambda: dovecot().pop3, POP3.encode()),
    'imap, dovecot': ('imap', lambda: dovecot().imap, IMAP.encode()),
    'http, nginx': ('http', lambda: nginx().http, HTTP.encode()),
}


def served(bench, proto, port, script):
    dovecot().empty()
    dovecot().put('bob', LETTER)
    dovecot().put('bob', b'Subject: {*} and {env:HOME}\n\n...\n\0\xff\n')
    paced = ('--pace', proto)
    first = bench.run(*rncat(*paced, '--transcript', 'session.play', '--show-secrets', HERE, port()), send=script)
    again = free_port()
    server = bench.server(*rncat('-l', '--play', 'session.play', HERE, again), port=again)
    second = bench.run(*rncat(*paced, HERE, again), send=script)
    same(second, first, 'what was served')
    _, said = server.communicate(timeout=20)
    if server.returncode:
        raise Failed(f'the server: exit {server.returncode}: {said[-300:]!r}')


@case('--transcript: secrets of SMTP, POP3, IMAP')
def secrets(bench):
    """They are in no transcript; a client stops where one was, and a server takes any."""
    certificate(bench)
    login = base64.b64encode(PASSWORD.encode())
    asked = (f'EHLO x\nAUTH LOGIN\n{base64.b64encode(b"bob").decode()}\n{login.decode()}\nQUIT\n').encode()
    smtp = postfix().submissions
    for proto, port, script in (('smtp', smtp, with_password()), ('smtp', smtp, asked),
                                ('pop3', dovecot().pop3s, POP3.encode()), ('imap', dovecot().imaps, IMAP.encode())):
        dovecot().empty()
        dovecot().put('bob', LETTER)
        dovecot().put('bob', b'Subject: Two\n\nTwo\n')
        (bench.folder / 'session.play').unlink(missing_ok=True)
        words = ('--pace', proto, '--transcript', 'session.play', '--timestamps', *TLS, 'localhost', port)
        bench.run(*rncat(*words), send=script)
        text = (bench.folder / 'session.play').read_bytes()
        if b'{masked}' not in text or any(it in text for it in (PASSWORD.encode(), PLAIN.encode(), login)):
            raise Failed(f'{text[:3000]!r}')
        out, said = bench.run_both(*rncat('--play', 'session.play', *TLS, 'localhost', port), code=None)
        if b'masked' not in said:
            raise Failed(f'{said!r}')
        again = free_port()
        # The transcript says that TLS came first.
        server = bench.server(*rncat('-l', '--play', 'session.play', *CERTIFICATE, HERE, again), port=again)
        other = script.replace(PASSWORD.encode(), b'another').replace(login, b'YW5vdGhlcg==').replace(
            PLAIN.encode(), base64.b64encode(b'\0bob\0another'))
        bench.run(*rncat('--pace', proto, *TLS, 'localhost', again), send=other)
        _, said = server.communicate(timeout=20)
        if server.returncode:
            raise Failed(f'the server: exit {server.returncode}: {said[-300:]!r}')


for name, (proto, port, script) in SERVED.items():
    case(f'--transcript, then served: {name}')(
        lambda bench, p=proto, where=port, s=script: served(bench, p, where, s))
