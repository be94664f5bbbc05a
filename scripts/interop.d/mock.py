"""`--mock smtp` and the clients that people send mail with: in clear, over TLS, with STARTTLS, with a password.

A newcomer's trap: what a mock server has kept is on disk when its reply is said, so nothing has to be waited for.
"""

import contextlib
import smtplib
import ssl

from bench import HERE, PATIENCE, Failed, case, certificate, free_port, rncat, same
from letters import compare, letter, stripped

CERTIFICATE = ('--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')
SENDER = 'alice@example.org'
READERS = ('bob@example.net', 'carol@example.net')


def serves(bench, *words):
    """A mock server with the certificate of this run; gives its port."""
    certificate(bench)
    port = free_port()
    with open(bench.folder / 'shown', 'wb') as shown:
        bench.server(*rncat('--mock', 'smtp', '--mock-dir', 'mails', *CERTIFICATE, *words, HERE, port), port=port,
                     stdout=shown)
    return port


def kept(bench, wanted, how, end=False):
    """That one mail is there, was handed in this way, and is what was sent; with `end`, its end may have grown."""
    mail, = (path.read_bytes() for path in (bench.folder / 'mails/new').iterdir())
    if f' (rncat) with {how}; '.encode() not in mail:
        raise Failed(f'not by {how}: {mail[:300]!r}')
    envelope = f'Return-Path: <{SENDER}>\nEnvelope-To: {", ".join(READERS)}\n'.encode()
    same(mail[:len(envelope)], envelope, 'the envelope')
    text = stripped(mail)
    compare(text.rstrip(b'\n') + b'\n' if end else text, wanted)
    if text not in (bench.folder / 'shown').read_bytes():
        raise Failed('it is not shown')


def context(bench):
    return ssl.create_default_context(cafile=bench.folder / 'ca.pem')


def text():
    """As smtplib wants it: only of a string does it change the line ends."""
    return letter('mail.play').decode()


def by_smtplib(bench, client, how, user=None, starttls=False):
    with contextlib.closing(client):
        client.ehlo()
        if starttls:
            client.starttls(context=context(bench))
        if user:
            client.login(user, 'anything')
        refused = client.sendmail(SENDER, READERS, text())
        same(refused, {}, 'who was refused')
        client.quit()
    kept(bench, letter('mail.play'), how)


@case('--mock smtp, Python')
def python(bench):
    client = smtplib.SMTP('localhost', serves(bench), timeout=PATIENCE)
    by_smtplib(bench, client, 'ESMTP')


@case('--mock smtp, Python, a password')
def python_login(bench):
    client = smtplib.SMTP('localhost', serves(bench), timeout=PATIENCE)
    by_smtplib(bench, client, 'ESMTPA', user='alice')


@case('--mock smtp, Python, STARTTLS, a password')
def python_starttls(bench):
    client = smtplib.SMTP('localhost', serves(bench), timeout=PATIENCE)
    by_smtplib(bench, client, 'ESMTPSA', user='alice', starttls=True)


@case('--mock smtp, Python, TLS')
def python_tls(bench):
    client = smtplib.SMTP_SSL('localhost', serves(bench, '--ssl'), timeout=PATIENCE, context=context(bench))
    by_smtplib(bench, client, 'ESMTPS')


@case('--mock smtp, Python, addresses beyond ASCII')
def python_utf8(bench):
    with smtplib.SMTP('localhost', serves(bench), timeout=PATIENCE) as client:
        client.sendmail('jürgen@example.org', ['bøb@example.net'], text(),
                        mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
    mail, = (path.read_bytes() for path in (bench.folder / 'mails/new').iterdir())
    if not mail.startswith('Return-Path: <jürgen@example.org>\nEnvelope-To: bøb@example.net\n'.encode()):
        raise Failed(f'{mail[:300]!r}')


@case('--mock smtp, Python, what is refused')
def python_refused(bench):
    with smtplib.SMTP('localhost', serves(bench), timeout=PATIENCE) as client:
        client.ehlo()
        for ask, codes in ((lambda: client.mail('a@b', ['SIZE=99999999']), (552,)), (lambda: client.rcpt('c@d'), (503,)),
                           (lambda: client.docmd('DATA'), (503,)), (lambda: client.verify('bob'), (252,)),
                           (lambda: client.expn('all'), (502,)), (lambda: client.docmd('BREW', 'TEA'), (500,))):
            code, text = ask()
            if code not in codes:
                raise Failed(f'{code} {text!r}, not {codes}')


def swaks(bench, port, how, *words):
    mail = bench.file('letter', letter('mail.play'))
    bench.run('swaks', '--server', 'localhost', '--port', port, '--from', SENDER, '--to', ','.join(READERS),
              '--data', f'@{mail}', *words)
    # Swaks ends a mail with an empty line of its own.
    kept(bench, letter('mail.play'), how, end=True)


TLS = ('--tls-verify', '--tls-ca-path', 'ca.pem')
LOGIN = ('--auth-user', 'alice', '--auth-password', 'anything')
SWAKS = {
    '': ('ESMTP',),
    ', AUTH PLAIN': ('ESMTPA', '--auth', 'PLAIN', *LOGIN),
    ', AUTH LOGIN': ('ESMTPA', '--auth', 'LOGIN', *LOGIN),
    ', STARTTLS': ('ESMTPS', '--tls', *TLS),
    ', STARTTLS, AUTH LOGIN': ('ESMTPSA', '--tls', *TLS, '--auth', 'LOGIN', *LOGIN),
    ', pipelining': ('ESMTP', '--pipeline'),
    ', HELO': ('SMTP', '--protocol', 'SMTP'),
}


def with_swaks(name, how, *words):
    @case(f'--mock smtp, swaks{name}', 'swaks')
    def sends(bench):
        swaks(bench, serves(bench), how, *words)


for name, words in SWAKS.items():
    with_swaks(name, *words)


@case('--mock smtp, swaks, TLS', 'swaks')
def swaks_tls(bench):
    swaks(bench, serves(bench, '--ssl'), 'ESMTPS', '--tls-on-connect', *TLS)


def curl(bench, url, how, *words):
    mail = bench.file('letter', letter('mail.play').replace(b'\n', b'\r\n'))
    people = [word for reader in READERS for word in ('--mail-rcpt', reader)]
    bench.run('curl', '-sS', '--cacert', 'ca.pem', '--mail-from', SENDER, *people, '-T', mail, *words, url)
    kept(bench, letter('mail.play'), how)


@case('--mock smtp, curl', 'curl')
def curl_clear(bench):
    curl(bench, f'smtp://localhost:{serves(bench)}', 'ESMTP')


@case('--mock smtp, curl, STARTTLS, a password', 'curl')
def curl_starttls(bench):
    curl(bench, f'smtp://localhost:{serves(bench)}', 'ESMTPSA', '--ssl-reqd', '--user', 'alice:anything')


@case('--mock smtp, curl, TLS', 'curl')
def curl_tls(bench):
    curl(bench, f'smtps://localhost:{serves(bench, "--ssl")}', 'ESMTPS')


@case('--mock smtp, 40 times curl at once', 'curl')
def curl_often(bench):
    port = serves(bench)
    mail = bench.file('letter', letter('mail.play').replace(b'\n', b'\r\n'))
    clients = [bench.start('curl', '-sS', '--mail-from', SENDER, '--mail-rcpt', READERS[0], '-T', mail,
                           f'smtp://localhost:{port}') for _ in range(40)]
    for client in clients:
        bench.output(client)
    same([client.returncode for client in clients], [0] * 40, 'the exit statuses')
    mails = [stripped(path.read_bytes()) for path in (bench.folder / 'mails/new').iterdir()]
    same(mails, [letter('mail.play')] * 40, 'the mails')
