"""`--starttls PROTO` with the servers that people run: encrypted, refused, or not offered.

A newcomer's trap: with `--ssl-verify` the certificate must be of this run's authority and of the name
that was connected to; that nothing in clear follows a refusal is seen by what the server was not told.
"""

import subprocess
from dataclasses import dataclass
from typing import Any

from bench import PATIENCE, Failed, case, certificate, rncat
from databases import mariadb, postgres
from dovecot import dovecot, managesieve
from ftp import vsftpd
from irc import inspircd
from ldap import slapd
from news import nnrpd
from postfix import postfix
from terminal import Terminal
from xmpp import prosody

# A query that only the encrypted side gets, and a piece of what it answers.
STREAM = (b"<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='http://etherx.jabber.org/streams' "
          b"to='localhost' version='1.0'>")
LDAP_BIND = bytes.fromhex('300c020101 6007 020103 0400 8000')
LDAP_BOUND = bytes.fromhex('300c020101 6107 0a0100 0400 0400')
POSTGRES_HELLO = bytes.fromhex('00000029 00030000') + b'user\0postgres\0database\0postgres\0\0'
# HandshakeResponse41, the second packet after SSLRequest: CLIENT_PROTOCOL_41, _SSL, _SECURE_CONNECTION; no password.
MYSQL_BODY = bytes.fromhex('008a0000 00000001 21') + bytes(23) + b'bob\0\0'
MYSQL_HELLO = len(MYSQL_BODY).to_bytes(3, 'little') + b'\2' + MYSQL_BODY
MYSQL_QUIT = bytes.fromhex('01000000 01')


@dataclass
class Server:
    """What `--starttls` calls it, where it is, where one without TLS is, and what is said when encrypted."""
    program: str
    proto: str
    port: Any
    clear: Any
    says: bytes
    hears: bytes
    common: bool = False
    last: bytes = b''  # what is said when that was heard
    careless: bool = False  # it ends without close_notify, which rncat tells


SERVERS = (
    Server('postfix', 'smtp', lambda: postfix().smtp, lambda: postfix().clear, b'QUIT\r\n', b'221 ', True),
    Server('dovecot', 'lmtp', lambda: dovecot().lmtp, lambda: dovecot(tls=False).lmtp, b'QUIT\r\n', b'221 ', True),
    Server('dovecot', 'pop3', lambda: dovecot().pop3, lambda: dovecot(tls=False).pop3, b'QUIT\r\n', b'+OK ', True),
    Server('dovecot', 'imap', lambda: dovecot().imap, lambda: dovecot(tls=False).imap, b'z LOGOUT\r\n', b'z OK ', True),
    Server('dovecot', 'sieve', managesieve, lambda: managesieve(tls=False), b'LOGOUT\r\n', b'OK ', True),
    Server('vsftpd', 'ftp', lambda: vsftpd().ftp, lambda: vsftpd(tls=False).ftp, b'QUIT\r\n', b'221 ',
           careless=True),
    Server('inn', 'nntp', lambda: nnrpd().nntp, lambda: nnrpd(tls=False).nntp, b'QUIT\r\n', b'205 '),
    Server('inspircd', 'irc', lambda: inspircd().irc, lambda: inspircd(tls=False).irc,
           b'NICK alice\r\nUSER alice 0 * :Alice\r\n', b' 001 alice ', last=b'QUIT\r\n'),
    Server('prosody', 'xmpp', lambda: prosody().c2s, lambda: prosody(tls=False).c2s,
           STREAM % b'jabber:client' + b'</stream:stream>', b'<mechanism>PLAIN</mechanism>'),
    Server('prosody', 'xmpp-server', lambda: prosody().s2s, lambda: prosody(tls=False).s2s,
           STREAM % b'jabber:server' + b'</stream:stream>', b'<stream:features'),
    Server('slapd', 'ldap', lambda: slapd().ldap, lambda: slapd(tls=False).ldap, LDAP_BIND, LDAP_BOUND),
    Server('postgres', 'postgres', lambda: postgres().port, lambda: postgres(tls=False).port,
           POSTGRES_HELLO + b'X\0\0\0\4', b'server_version'),
    Server('mariadb', 'mysql', lambda: mariadb().port, lambda: mariadb(tls=False).port,
           MYSQL_HELLO, bytes.fromhex('07000003 000000'), last=MYSQL_QUIT, careless=True),
)


def trusting(bench, server):
    certificate(bench)
    return rncat('-v', '--starttls', server.proto, '--ssl-verify', '--ssl-trustfile', 'ca.pem')


def encrypted(bench, server):
    """The opening is shown and held back; what comes then is the server's answer to us, through TLS."""
    program = bench.start(*trusting(bench, server), 'localhost', server.port(), stdin=subprocess.PIPE)
    program.stdin.write(server.says)
    program.stdin.flush()
    out = bench.hear(program, server.hears)
    _, said = program.communicate(server.last, PATIENCE)
    last = said.splitlines()[-2] if server.careless else b''
    if program.returncode != int(server.careless) or server.careless and b'close_notify' not in last:
        raise Failed(f'exit {program.returncode}: {said[-300:]!r}')
    shown = [line for line in said.splitlines() if line.startswith((b'rncat: < ', b'rncat: > '))]
    if b'\nrncat: TLS 1.' not in said or len(shown) < 2 or shown[-1][9:] in out.splitlines():
        raise Failed(f'{out[:200]!r}, {said[:300]!r}')


def wrong_name(bench, server):
    refused(bench, *trusting(bench, server), '--ssl-servername', 'elsewhere.example', 'localhost', server.port(),
            wanted=b'elsewhere.example')


def unknown_authority(bench, server):
    refused(bench, *rncat('--starttls', server.proto, '--ssl-verify', 'localhost', server.port()),
            wanted=b'certificate')


def not_offered(bench, server):
    # InspIRCd passes over what it does not know.
    refused(bench, *trusting(bench, server), '-w', '3', 'localhost', server.clear(), wanted=b'STARTTLS')


def refused(bench, *words, wanted):
    """Exit status 1, one line that says why, and nothing to stdout."""
    out, said = bench.run_both(*words, send=b'nothing may see this\r\n', code=1)
    last = said.splitlines()[-1] if said else b''
    if out or wanted not in last or b'nothing may see this' in said:
        raise Failed(f'{out[:200]!r}, {said[-300:]!r}')


@dataclass
class Typed:
    """What somebody types: the command, how the server agrees; what is asked then, how it answers; how it ends."""
    program: str
    port: Any
    greeting: bytes
    command: str
    agrees: bytes
    asks: str
    answers: bytes
    ends: str
    common: bool = False


TYPED = (
    Typed('postfix', lambda: postfix().smtp, b'220 ', 'StartTLS', b'220 ', 'EHLO localhost', b'250 ', 'QUIT', True),
    Typed('dovecot, LMTP', lambda: dovecot().lmtp, b'220 ', 'STARTTLS', b'220 ', 'LHLO localhost', b'250 ', 'QUIT',
          True),
    Typed('dovecot, POP3', lambda: dovecot().pop3, rb'\+OK', 'STLS', rb'\+OK', 'CAPA', rb'\+OK', 'QUIT', True),
    Typed('dovecot, IMAP', lambda: dovecot().imap, rb'\* OK', 'x.1 STARTTLS', b'x.1 OK', 'x.2 NOOP', b'x.2 OK',
          'x.3 LOGOUT', True),
    Typed('vsftpd', lambda: vsftpd().ftp, b'220 ', 'AUTH TLS', b'234 ', 'PBSZ 0', b'200 ', 'QUIT'),
    Typed('inn', lambda: nnrpd().nntp, b'200 ', 'STARTTLS', b'382 ', 'CAPABILITIES', b'101 ', 'QUIT'),
)


def typed(bench, it):
    """At a terminal nothing else is wanted but the command; a certificate of nobody known is told."""
    with Terminal(bench, *rncat('localhost', it.port())) as terminal:
        terminal.hear(it.greeting)
        terminal.say(it.command)
        terminal.hear(it.agrees)
        terminal.hear(b'rncat: .* is encrypted now. .*unknown issuer')
        terminal.say(it.asks)
        terminal.hear(it.answers)
        terminal.say(it.ends)
        # That it ends without close_notify is a failure for those who verify.
        terminal.end()


for one in TYPED:
    case(f'{one.command} typed, {one.program}', common=one.common)(lambda bench, it=one: typed(bench, it))
for one in SERVERS:
    for what, function in (('encrypted', encrypted), ('another name', wrong_name),
                           ('another authority', unknown_authority), ('not offered', not_offered)):
        case(f'--starttls {one.proto}, {one.program}: {what}', common=one.common)(
            lambda bench, does=function, server=one: does(bench, server))
