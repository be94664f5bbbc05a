"""A server that rncat plays or runs offers STARTTLS; the clients that people have take it.

A newcomer's trap: who answers agrees to STARTTLS in its own words, in clear; rncat only encrypts
when it has. A client that checks the certificate shows that it did.
"""

import imaplib
import poplib
import ssl

from bench import HERE, PATIENCE, Failed, case, certificate, free_port, rncat, same
from letters import letter, session

CERTIFICATE = ('--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')
# A mail server that takes what it gets.
SHELL = r'''
data=
mail=mail.$$
printf '220 mail.example.net\r\n'
while IFS= read -r line; do
    line=${line%?}
    if [ "$data" ]; then
        printf '%s\n' "$line" >>"$mail"
        if [ "$line" = . ]; then data=; printf '250 ok\r\n'; fi
        continue
    fi
    case $line in
    EHLO*) printf '250-mail.example.net\r\n250 STARTTLS\r\n' ;;
    STARTTLS) printf '220 go ahead\r\n' ;;
    DATA) data=yes; printf '354 go on\r\n' ;;
    QUIT) printf '221 bye\r\n'; exit ;;
    *) printf '250 ok\r\n' ;;
    esac
done
'''
PLAYS = {
    'smtp': '''S: 220 mail.example.net
C: EHLO {*}
S: 250-mail.example.net
S: 250 STARTTLS
C: STARTTLS
S: 220 go ahead
--- TLS
...
C: QUIT
S: 221 bye
''',
    'pop3': '''S: +OK ready
C: CAPA
S: +OK
S: STLS
S: .
C: STLS
S: +OK go ahead
--- TLS
C: NOOP
S: +OK nothing
C: QUIT
S: +OK bye
''',
    'imap': '''S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready
C: {tag=*} CAPABILITY
S: * CAPABILITY IMAP4rev1 STARTTLS
S: {tag} OK done
C: {tag=*} STARTTLS
S: {tag} OK go ahead
--- TLS
C: {tag=*} CAPABILITY
S: * CAPABILITY IMAP4rev1
S: {tag} OK done
C: {tag=*} LOGOUT
S: * BYE
S: {tag} OK bye
''',
}


def runs(bench, listens='-l'):
    """A shell script that offers STARTTLS."""
    certificate(bench)
    bench.file('server.sh', SHELL)
    port = free_port()
    return bench.server(*rncat(listens, '--starttls', 'smtp', *CERTIFICATE, '--exec', '/bin/sh server.sh', HERE, port),
                        port=port), port


def plays(bench, proto):
    """A dialogue, which says itself when to encrypt."""
    certificate(bench)
    play = bench.file('server.play', PLAYS[proto])
    port = free_port()
    return bench.server(*rncat('-l', '--play', play, *CERTIFICATE, HERE, port), port=port), port


def in_order(server, codes=(0,)):
    _, said = server.communicate(timeout=PATIENCE)
    if server.returncode not in codes:
        raise Failed(f'exit {server.returncode}: {said[-300:]!r}')


def context(bench):
    return ssl.create_default_context(cafile=bench.folder / 'ca.pem')


@case('STARTTLS of --exec, curl', 'curl')
def curl(bench):
    server, port = runs(bench)
    mail = bench.file('letter', letter('mail.play').replace(b'\n', b'\r\n'))
    bench.run('curl', '-sS', '--ssl-reqd', '--cacert', 'ca.pem', '--mail-from', 'alice@example.org', '--mail-rcpt',
              'bob@example.net', '-T', mail, f'smtp://localhost:{port}')
    taken(bench, server)


@case('STARTTLS of --exec, 40 times curl at once', 'curl')
def many(bench):
    _, port = runs(bench, '-lk')
    mail = bench.file('letter', letter('mail.play').replace(b'\n', b'\r\n'))
    clients = [bench.start('curl', '-sS', '--ssl-reqd', '--cacert', 'ca.pem', '--mail-from', 'alice@example.org',
                           '--mail-rcpt', 'bob@example.net', '-T', mail, f'smtp://localhost:{port}')
               for _ in range(40)]
    for client in clients:
        bench.output(client)
    same([client.returncode for client in clients], [0] * 40, 'the exit statuses')
    same(len({path.read_bytes() for path in bench.folder.glob('mail.*')}), 1, 'different mails')


@case('STARTTLS of --exec, swaks', 'swaks')
def swaks(bench):
    server, port = runs(bench)
    mail = bench.file('letter', letter('mail.play'))
    bench.run('swaks', '--server', 'localhost', '--port', port, '--tls', '--tls-verify', '--tls-ca-path', 'ca.pem',
              '--from', 'alice@example.org', '--to', 'bob@example.net', '--data', f'@{mail}')
    # Swaks leaves close_notify unread, which makes a reset of its FIN; what it had not acknowledged is told then.
    taken(bench, server, codes=(0, 1))


def taken(bench, server, codes=(0,)):
    in_order(server, codes)
    seen, = (path.read_bytes() for path in bench.folder.glob('mail.*'))
    wanted = b''.join(b'.' + line if line.startswith(b'.') else line
                      for line in letter('mail.play').splitlines(keepends=True))
    # Swaks ends a mail with an empty line of its own.
    same(seen.removesuffix(b'\n.\n').rstrip(b'\n'), wanted.rstrip(b'\n'), 'the mail')


@case('STARTTLS of --play, openssl (smtp)', 'openssl')
def openssl(bench):
    server, port = plays(bench, 'smtp')
    out = bench.run('openssl', 's_client', '-quiet', '-crlf', '-starttls', 'smtp', '-CAfile', 'ca.pem',
                    '-verify_return_error', '-verify_hostname', 'localhost', '-connect', f'{HERE}:{port}',
                    send=b'NOOP\nQUIT\n')
    if b'221 bye' not in out:
        raise Failed(f'{out!r}')
    in_order(server)


@case('STARTTLS of --play, Python (pop3)')
def pop3(bench):
    server, port = plays(bench, 'pop3')
    client = poplib.POP3('localhost', port, timeout=PATIENCE)
    client.stls(context(bench))
    same(client.noop(), b'+OK nothing')
    client.quit()
    in_order(server)


@case('STARTTLS of --play, Python (imap)')
def imap(bench):
    server, port = plays(bench, 'imap')
    client = imaplib.IMAP4('localhost', port, timeout=PATIENCE)
    client.starttls(context(bench))
    client.logout()
    in_order(server)


@case('STARTTLS of --play, a client that does not trust', 'curl')
def distrust(bench):
    """The client leaves in the handshake, and that is a failure for the server."""
    server, port = plays(bench, 'smtp')
    bench.run('curl', '-sS', '--ssl-reqd', '--mail-from', 'a@example.org', '--mail-rcpt', 'bob@example.net', '-T',
              session('smtp.txt'), f'smtp://localhost:{port}', code=60)
    _, said = server.communicate(timeout=PATIENCE)
    if server.returncode != 1 or b'rncat: ' not in said:
        raise Failed(f'exit {server.returncode}: {said[-300:]!r}')
