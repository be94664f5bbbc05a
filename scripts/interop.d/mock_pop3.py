"""`--mock pop3`: the clients that people have read its mails, and delete them.

A newcomer's trap: a mail has LF at the ends of its lines in the folder, and CR LF on the wire; and curl
leaves without QUIT when it is told to, so that nothing is deleted.
"""

import os
import poplib
import ssl
from contextlib import closing

from bench import HERE, PATIENCE, Failed, case, certificate, free_port, rncat, same
from letters import letter

SECURE = ('--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')
NAMES = ('html.play', 'mail.play', 'attachment.play')
USER, PASSWORD = 'bob', 'any password'


def serves(bench, *options):
    """A server with three mails and a large one."""
    port = free_port()
    for name in ('tmp', 'new', 'cur'):
        (bench.folder / 'mail' / name).mkdir(parents=True)
    mails = [*map(letter, NAMES), b'Subject: large\n\n' + b'.a line of many\n' * 200_000]
    for number, mail in enumerate(mails):
        bench.file(f'mail/new/{number}.here', mail)
    bench.server(*rncat('--mock', 'pop3', '--mock-dir', 'mail', *options, HERE, port), port=port)
    return port, mails


def left(bench):
    return sorted(path.name for path in (bench.folder / 'mail').glob('[nc]*/*'))


def on_the_wire(mail):
    return mail.replace(b'\n', b'\r\n')


def context(bench):
    return ssl.create_default_context(cafile=bench.folder / 'ca.pem')


def reads(bench, client, mails):
    """All that a mail program does, with a client that has logged in."""
    octets = [len(on_the_wire(mail)) for mail in mails]
    same(client.stat(), (len(mails), sum(octets)), 'STAT')
    same(client.list()[1], [b'%d %d' % it for it in enumerate(octets, 1)], 'LIST')
    same(client.uidl()[1], [b'%d %d.here' % (it + 1, it) for it in range(len(mails))], 'UIDL')
    same(client.uidl(2), b'+OK 2 1.here', 'UIDL 2')
    for number, mail in enumerate(mails, 1):
        same(b'\n'.join(client.retr(number)[1]) + b'\n', mail, f'mail {number}')
        head, _, body = mail.partition(b'\n\n')
        same(client.top(number, 2)[1], head.split(b'\n') + [b''] + body.split(b'\n')[:2], f'TOP {number} 2')
    client.dele(1)
    client.dele(3)
    same(client.stat()[0], len(mails) - 2, 'STAT')
    client.rset()
    client.dele(2)
    client.quit()
    same(left(bench), ['0.here', '2.here', '3.here'], 'what is left')


def by_password(client):
    client.user(USER)
    client.pass_(PASSWORD)
    return client


@case('--mock pop3, Python poplib')
def in_clear(bench):
    port, mails = serves(bench)
    client = poplib.POP3(HERE, port, PATIENCE)
    wanted = {'TOP', 'UIDL', 'USER', 'SASL', 'STLS', 'PIPELINING', 'RESP-CODES', 'EXPIRE', 'IMPLEMENTATION'}
    if missing := wanted - set(client.capa()):
        raise Failed(f'no {", ".join(missing)}')
    reads(bench, by_password(client), mails)


@case('--mock pop3, Python poplib: APOP')
def by_apop(bench):
    port, mails = serves(bench)
    client = poplib.POP3(HERE, port, PATIENCE)
    client.apop(USER, PASSWORD)
    reads(bench, client, mails)


@case('--mock pop3, Python poplib: TLS')
def in_tls(bench):
    certificate(bench)
    port, mails = serves(bench, '--ssl', *SECURE)
    client = by_password(poplib.POP3_SSL('localhost', port, timeout=PATIENCE, context=context(bench)))
    if 'STLS' in client.capa():
        raise Failed('STLS within TLS')
    reads(bench, client, mails)


@case('--mock pop3, Python poplib: STLS')
def by_stls(bench):
    certificate(bench)
    port, mails = serves(bench, *SECURE)
    client = poplib.POP3('localhost', port, PATIENCE)
    client.stls(context(bench))
    reads(bench, by_password(client), mails)


@case('--mock pop3, Python poplib: no QUIT, errors')
def without_quit(bench):
    port, mails = serves(bench)
    with closing(poplib.POP3(HERE, port, PATIENCE)) as client:
        by_password(client).dele(1)
        for ask in (client.retr, client.top, client.uidl, client.list, client.dele):
            try:
                said = ask(1, 1) if ask == client.top else ask(1)
            except poplib.error_proto as error:
                said = error.args[0]
            if not said.startswith(b'-ERR message 1 is deleted'):
                raise Failed(f'{ask.__name__}: {said!r}')
    by_password(poplib.POP3(HERE, port, PATIENCE)).quit()
    same(len(left(bench)), len(mails), 'mails that are left')


def curl(bench, *words, **options):
    return bench.run('curl', '-sS', '--max-time', PATIENCE, '-u', f'{USER}:{PASSWORD}', *words, **options)


@case('--mock pop3, curl', 'curl')
def curls(bench):
    port, mails = serves(bench)
    place = f'pop3://{HERE}:{port}/'
    for options in ((), *(('--login-options', f'AUTH={it}') for it in ('PLAIN', 'LOGIN', 'CRAM-MD5', '+APOP')),
                    ('--login-options', 'AUTH=PLAIN', '--sasl-ir')):
        same(curl(bench, *options, f'{place}2'), on_the_wire(mails[1]), f'the mail, {options}')
    listed = curl(bench, place)
    same(listed, b''.join(b'%d %d\r\n' % (it, len(on_the_wire(mail))) for it, mail in enumerate(mails, 1)), 'LIST')
    # All in one session.
    both = curl(bench, f'{place}1', f'{place}4')
    same(both, on_the_wire(mails[0] + mails[3]), 'two mails')
    curl(bench, f'{place}9', code=8)
    curl(bench, '-X', 'DELE', '--list-only', f'{place}2')
    same(left(bench), ['0.here', '2.here', '3.here'], 'what is left')


@case('--mock pop3, curl: TLS, STLS', 'curl')
def curls_in_tls(bench):
    certificate(bench)
    for scheme, server, client in (('pop3s', ('--ssl', *SECURE), ()), ('pop3', SECURE, ('--ssl-reqd',))):
        port, mails = serves(bench, *server)
        out = curl(bench, '--cacert', 'ca.pem', *client, f'{scheme}://localhost:{port}/4')
        same(out, on_the_wire(mails[3]), scheme)
        os.rename(bench.folder / 'mail', bench.folder / f'mail.{scheme}')
