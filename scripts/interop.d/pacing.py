"""`--pace` and `--fail` with real servers: scripts that wait for each reply, and end at the first error.

A newcomer's trap: what a reply holds looks like what ends it (dots, tags, codes, blank lines), so
that what is fetched here is a hard text, and whole.
"""

import base64
import os
import re
from dataclasses import dataclass
from typing import Any

from bench import HERE, Failed, case, certificate, rncat, same
from dovecot import PASSWORD, dovecot, managesieve
from ftp import vsftpd
from hard import MAIL, STUFFED, TLS
from letters import arrives, stripped
from news import nnrpd
from nginx import PAGE, nginx
from postfix import postfix

# Lines that are all of them the end of something, or the begin.
TRICKS = b''.join(b'.\n+OK\n-ERR no\na3 OK done\n)\n* BYE\n+ \n250 ok\n554 no\n%d more\n\n' % at for at in range(2000))
LETTER = MAIL + TRICKS
CRLF = LETTER.replace(b'\n', b'\r\n')
DOTTED = b''.join(b'.' + line if line.startswith(b'.') else line for line in CRLF.splitlines(keepends=True))
SIEVE = b'# ' + b'x' * 70 + b'\r\n' + b'# {5}\r\n# OK\r\nkeep;\r\n' * 300
PLAIN = base64.b64encode(f'\0bob\0{PASSWORD}'.encode()).decode()


def paced(bench, proto, port, send, *words, **options):
    send = send if isinstance(send, bytes) else send.encode()
    return bench.run_both(*rncat('--pace', proto, *words, HERE, port), send=send, **options)


def holds(out, *wanted):
    at = 0
    for piece in wanted:
        at = out.find(piece, at)
        if at < 0:
            raise Failed(f'no {piece[:60]!r} in {out[-300:]!r}')
        at += len(piece)


@case('--pace pop3, dovecot')
def pop3(bench):
    dovecot().empty()
    dovecot().put('bob', LETTER)
    script = f'CAPA\nUSER bob\nPASS {PASSWORD}\nSTAT\nLIST\nLIST 1\nUIDL\nTOP 1 3\nRETR 1\nDELE 1\nNOOP\nQUIT'
    for proto in ('pop3', 'auto'):
        out, _ = paced(bench, proto, dovecot().pop3, script if proto == 'pop3' else 'CAPA\nQUIT\n')
        holds(out, b'+OK', b'\r\nSTLS\r\n', b'\r\n.\r\n', b'+OK')
        if proto == 'pop3':
            holds(out, b'octets\r\n' + DOTTED + b'.\r\n', b'+OK Marked', b'+OK', b'deleted')
    if dovecot().messages('bob'):
        raise Failed('the mail is still there')


@case('--pace imap, dovecot')
def imap(bench):
    dovecot().empty()
    dovecot().put('bob', LETTER)
    # A synchronizing literal and one that waits for nothing; both are counted, so both have their own CR LF.
    draft = b'Subject: A draft\r\n\r\na9 LOGOUT\n {5}\nGr\xfc\xdfe\n'
    script = (f'a1 LOGIN bob {{{len(PASSWORD)}}}\n{PASSWORD}\na2 SELECT INBOX\na3 FETCH 1 (UID BODY.PEEK[])\n'.encode()
              + b'a4 APPEND INBOX {%d}\n' % len(draft) + draft + b'\n'
              + b'a5 APPEND INBOX {%d+}\n' % len(draft) + draft + b'\n'
              + b'a6 FETCH 1:* (FLAGS)\na7 LOGOUT')
    for proto in ('imap', 'auto'):
        out, _ = paced(bench, proto, dovecot().imap, script if proto == 'imap' else b'a1 CAPABILITY\na2 LOGOUT\n')
        holds(out, b'* OK', b'\r\na1 OK', b'\r\n* BYE', b' OK Logout')
        if proto == 'imap':
            holds(out, b'a2 OK', b'{%d}\r\n' % len(CRLF) + CRLF + b')\r\na3 OK', b'+ OK', b'a4 OK', b'a5 OK', b'a6 OK')
    drafts = [stripped(path.read_bytes()) for path in dovecot().messages('bob') if b'A draft' in path.read_bytes()]
    same(drafts, [draft.replace(b'\r\n', b'\n')] * 2, 'the drafts')


@case('--pace sieve, dovecot')
def sieve(bench):
    dovecot().empty()
    script = (f'AUTHENTICATE "PLAIN" "{PLAIN}"\nHAVESPACE "long" {len(SIEVE)}\n'.encode()
              + b'PUTSCRIPT "long" {%d+}\n' % len(SIEVE) + SIEVE + b'\nLISTSCRIPTS\nGETSCRIPT "long"\nNOOP "x"\nLOGOUT')
    for proto in ('sieve', 'auto'):
        out, _ = paced(bench, proto, managesieve(), script)
        holds(out, b'"IMPLEMENTATION"', b'OK', b'"long"', b'{%d}\r\n' % len(SIEVE) + SIEVE + b'\r\nOK', b'OK')


@case('--pace lmtp, dovecot')
def lmtp(bench):
    dovecot().empty()
    script = (b'LHLO client.example.org\nMAIL FROM:<alice@example.org> BODY=8BITMIME\nRCPT TO:<bob@example.net>\n'
              b'RCPT TO:<carol@example.net>\nDATA\n' + STUFFED + b'.\nNOOP\nQUIT')
    out, _ = paced(bench, 'lmtp', dovecot().lmtp, script)
    holds(out, b'354', b'250 2.0.0 <bob', b'250 2.0.0 <carol', b'250 ', b'221 ')
    arrives(MAIL, 'bob', 'carol')


@case('--pace smtp, postfix: BDAT, and DATA refused')
def chunks(bench):
    dovecot().empty()
    body = MAIL.replace(b'\n', b'\r\n')
    half = len(body) // 2
    start = b'MAIL FROM:<alice@example.org> BODY=8BITMIME\nRCPT TO:<bob@example.net>\n'
    # A message that is refused is not said, or its lines would be commands.
    script = (b'EHLO client.example.org\nMAIL FROM:<alice@example.org>\nRCPT TO:<eve@example.net>\nDATA\n'
              b'VRFY alice\nMAKE COFFEE\n.\nRSET\n' + start
              + b'BDAT %d\n' % half + body[:half] + b'BDAT %d LAST\n' % (len(body) - half) + body[half:] + b'QUIT\n')
    out, _ = paced(bench, 'smtp', postfix().smtp, script)
    codes = [line[:3] for line in out.splitlines() if line[3:4] == b' ']
    same(codes, [b'220', b'250', b'250', b'550', b'554', b'250', b'250', b'250', b'250', b'250', b'221'], 'the codes')
    arrives(MAIL)


@case('--pace http, nginx')
def http(bench):
    said = b'what was said, 5 200 HTTP/1.1'
    host = 'Host: localhost\n'
    script = (f'GET /page.html HTTP/1.1\n{host}\n'
              f'HEAD /page.html HTTP/1.1\n{host}\n'
              f'GET /chunked.html HTTP/1.1\n{host}\n'
              f'POST /echo HTTP/1.1\n{host}Content-Length: {len(said)}\n\n'.encode() + said
              + f'GET /moved HTTP/1.1\n{host}\nGET / HTTP/1.1\n{host}Connection: close\n\n'.encode())
    for words in (('http',), ('auto',)):
        out, _ = paced(bench, words[0], nginx().http, script)
        holds(out, PAGE, b'200 OK', b'\r\n\r\nHTTP/1.1 200 OK', b'chunked', b'\r\n0\r\n\r\nHTTP/1.1 200',
              b'you said: ' + said, b'301', b'<h1>Hello</h1>\n')


@case('--pace ftp, vsftpd', common=False)
def ftp(bench):
    for proto in ('ftp', 'auto'):
        out, _ = paced(bench, proto, vsftpd().ftp,
                       'USER anonymous\nPASS x\nFEAT\nPWD\nTYPE I\nSIZE hello.txt\nHELP\nQUIT')
        holds(out, b'220 ', b'331 ', b'230 ', b'211-', b'211 End', b'257 "/"', b'200 ', b'213 6', b'214-', b'214 ',
              b'221 ')


@case('--pace nntp, inn', common=False)
def nntp(bench):
    article = (b'From: alice@example.org\nNewsgroups: local.test\nSubject: A test\nMessage-ID: <%s@example.org>\n\n'
               b'Hello,\n..a dot\n220 code\n')
    for proto in ('nntp', 'auto'):
        name = f'{proto}.{os.urandom(4).hex()}'.encode()
        one = article % name
        out, _ = paced(bench, proto, nnrpd().nntp,
                       b'CAPABILITIES\nMODE READER\nLIST\nPOST\n' + one + b'.\nGROUP local.test\nLISTGROUP\nOVER 1-\n'
                       + b'ARTICLE <%s@example.org>\nDATE\nQUIT' % name)
        holds(out, b'200 ', b'101 ', b'\r\n.\r\n200 ', b'215 ', b'\r\n.\r\n340 ', b'240 ', b'211 ', b'211 ', b'220 ',
              b'\r\n\r\nHello,\r\n..a dot\r\n220 code\r\n.\r\n111 ', b'205 ')


@dataclass
class Sealed:
    """A script for a connection that becomes encrypted: how that is asked for, what is said then, what comes back."""
    proto: str
    program: str
    port: Any
    asks: str
    says: str
    hears: tuple
    common: bool = True


SEALED = (
    Sealed('lmtp', 'dovecot', lambda: dovecot().lmtp, 'LHLO x\nSTARTTLS\n', 'LHLO x\nNOOP\nQUIT\n',
           (b'250 ', b'250 ', b'221 ')),
    Sealed('pop3', 'dovecot', lambda: dovecot().pop3, 'CAPA\nSTLS\n', f'CAPA\nAUTH PLAIN\n{PLAIN}\nSTAT\nQUIT\n',
           (b'+ \r\n', b'+OK Logged in', b'+OK 0 0', b'+OK ')),
    Sealed('imap', 'dovecot', lambda: dovecot().imap, 'x.1 STARTTLS\n',
           f'a1 AUTHENTICATE PLAIN\n{PLAIN}\na2 SELECT INBOX\na3 IDLE\nDONE\na4 LOGOUT\n',
           (b'+ \r\n', b'a1 OK', b'a2 OK', b'+ idling', b'a3 OK', b'a4 OK')),
    Sealed('sieve', 'dovecot', managesieve, 'CAPABILITY\nSTARTTLS\n',
           f'AUTHENTICATE "PLAIN" "{PLAIN}"\nLISTSCRIPTS\nLOGOUT\n',
           (b'OK "TLS', b'OK "Logged in', b'OK "List', b'OK "Logout')),
    Sealed('ftp', 'vsftpd', lambda: vsftpd().ftp, 'FEAT\nAUTH TLS\n',
           'USER anonymous\nPASS x\nPBSZ 0\nPROT P\nFEAT\nQUIT\n',
           (b'230 ', b'200 ', b'200 ', b'211 ', b'221 '), False),
    Sealed('nntp', 'inn', lambda: nnrpd().nntp, 'CAPABILITIES\nSTARTTLS\n', 'MODE READER\nLIST\nHELP\nDATE\nQUIT\n',
           (b'200 ', b'215 ', b'100 ', b'111 ', b'205 '), False),
)


def sealed(bench, it):
    """By `--starttls` and typed, the protocol named or told by the greeting."""
    certificate(bench)
    dovecot().empty()
    for proto in (it.proto, 'auto'):
        for how, script in ((it.proto, it.says), ('typed', it.asks + it.says)):
            words = ('--pace', proto, '--fail', '--starttls', how, *TLS)
            out = bench.run(*rncat(*words, 'localhost', it.port()), send=script.encode())
            holds(out, *it.hears)


@dataclass
class Mistake:
    """A script with a mistake in it: what the server answers to it, and what is not said any more."""
    proto: str
    program: str
    port: Any
    says: str
    refused: bytes
    ends: bytes
    common: bool = True


EHLO = 'EHLO client.example.org\nMAIL FROM:<alice@example.org>\n'
TO_EVE, TO_BOB = 'RCPT TO:<eve@example.net>\n', 'RCPT TO:<bob@example.net>\n'
DATA = 'DATA\nSubject: Not to be seen\n\n.\n'
MISTAKES = (
    Mistake('smtp', 'postfix', lambda: postfix().smtp, f'{EHLO}{TO_EVE}{TO_BOB}{DATA}',
            b'550 5.1.1 <eve@example.net>', b'221 '),
    Mistake('lmtp', 'dovecot', lambda: dovecot().lmtp,
            f'{EHLO}{TO_EVE}{TO_BOB}{DATA}'.replace('EHLO', 'LHLO'), b'550 ', b'221 '),
    Mistake('pop3', 'dovecot', lambda: dovecot().pop3, 'USER bob\nPASS wrong\nSTAT\n', b'-ERR ', b'+OK '),
    Mistake('imap', 'dovecot', lambda: dovecot().imap, 'a1 LOGIN bob wrong\na2 SELECT INBOX\n', b'a1 NO ', b'* BYE'),
    Mistake('sieve', 'dovecot', managesieve, f'AUTHENTICATE "PLAIN" "{PLAIN[:-4]}AAAA"\nLISTSCRIPTS\n',
            b'NO', b'OK '),
    Mistake('http', 'nginx', lambda: nginx().http,
            'GET /nothing HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\nHost: x\nConnection: close\n\n',
            b'HTTP/1.1 404', b'</html>'),
    Mistake('ftp', 'vsftpd', lambda: vsftpd().ftp, 'USER anonymous\nPASS x\nCWD nowhere\nPWD\n',
            b'550 ', b'221 ', False),
    Mistake('nntp', 'inn', lambda: nnrpd().nntp, 'GROUP no.such\nDATE\n', b'411 ', b'205 ', False),
)


def fails(bench, it):
    """Exit status 3; the reply is quoted; nothing more is said but QUIT."""
    dovecot().empty()
    out, said = paced(bench, it.proto, it.port(), it.says, '--fail', code=3)
    lines = [line for line in out.splitlines() if line.strip()]
    reply = next((at for at, line in enumerate(lines) if line.startswith(it.refused)), None)
    if reply is None or it.refused not in said.splitlines()[-1]:
        raise Failed(f'{out[-300:]!r}, {said!r}')
    rest = lines[reply + 1:]
    if it.ends != b'</html>' and not (rest and rest[0].startswith(it.ends)) or b'HTTP/1.1 200' in out \
            or dovecot().messages('bob'):
        raise Failed(f'{out[-300:]!r}')
    if not re.match(rb'rncat: ', said):
        raise Failed(f'{said!r}')


for one in SEALED:
    case(f'--pace {one.proto} --starttls, {one.program}', common=one.common)(lambda bench, it=one: sealed(bench, it))
for one in MISTAKES:
    case(f'--pace {one.proto} --fail, {one.program}', common=one.common)(lambda bench, it=one: fails(bench, it))
