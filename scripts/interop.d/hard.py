"""One mail by each way: typed with STARTTLS, piped with `--pace`, played. It is a hard one.

A newcomer's trap: postfix drops clients that do not wait and refuses bare LF, which two cases here
prove; so what goes through has waited, and has its CR LF.
"""

import base64
import re

from bench import HERE, Failed, case, certificate, free_port, rncat, same
from dovecot import PASSWORD, dovecot
from letters import arrives, letter, session
from postfix import postfix
from terminal import Terminal

HEAD = b'''From: Alice <alice@example.org>
To: Bob <bob@example.net>
Subject: A mail with everything
Date: Mon, 2 Mar 2026 11:00:00 +0100
Message-ID: <hard.1@client.example.org>
X-Folded: on this line,
 and on the next
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

'''
BODY = '''Grüße, \N{SNOWMAN} and bytes of no character set: '''.encode() + b'\xff\xfe\x80' + b'''
.one dot before this
..two dots before this
.. 
...

STARTTLS
QUIT
RCPT TO:<nobody@example.net>
a1 STARTTLS {10}
{*} {{ {env:HOME} ...
''' + b'The longest line: ' + b'0123456789' * 98 + b'''
	tabs	and blanks at the end  	
--- TLS
C: S: #

The last line, and three empty ones.



'''
MAIL = HEAD + BODY
STUFFED = b''.join(b'.' + line if line.startswith(b'.') else line for line in MAIL.splitlines(keepends=True))
# No end of a line after QUIT.
SCRIPT = b'''EHLO client.example.org
MAIL FROM:<alice@example.org> BODY=8BITMIME
RCPT TO:<bob@example.net>
DATA
''' + STUFFED + b'.\nQUIT'
EHLO = b'EHLO client.example.org\n'

TLS = ('--ssl-verify', '--ssl-trustfile', 'ca.pem')


def with_password():
    secret = base64.b64encode(f'\0bob\0{PASSWORD}'.encode())
    return SCRIPT.replace(EHLO, EHLO + b'AUTH PLAIN\n' + secret + b'\n', 1)


WAYS = (
    # The words for rncat, one of postfix's ports, what is sent.
    (('--pace', 'smtp'), 'smtp', SCRIPT),
    (('--pace', 'auto'), 'smtp', SCRIPT),
    (('--pace', 'smtp', '--fail'), 'smtp', SCRIPT),
    (('--pace', 'smtp', '--starttls', 'smtp', *TLS), 'smtp', SCRIPT),
    (('--pace', 'smtp', '--starttls', 'typed', *TLS), 'smtp', EHLO + b'STARTTLS\n' + SCRIPT),
    (('--pace', 'smtp', '--starttls', 'typed', *TLS), 'submission', EHLO + b'STARTTLS\n' + with_password()),
    (('--pace', 'smtp', *TLS), 'submissions', with_password()),
    # So that its lines are not waited for, either, it is a short one.
    (('--pace', '60ms'), 'smtp', session('smtp.txt').read_bytes()),
)


def piped(bench, words, port, script):
    certificate(bench)
    dovecot().empty()
    bench.run(*rncat(*words, 'localhost', getattr(postfix(), port)), send=script)
    arrives(letter('smtp.txt') if script.startswith(session('smtp.txt').read_bytes()) else MAIL)


@case('a hard mail: typed, STARTTLS typed')
def typed(bench):
    certificate(bench)
    dovecot().empty()
    with Terminal(bench, *rncat(*TLS, '--starttls', 'typed', 'localhost', postfix().smtp)) as terminal:
        type_mail(terminal, True)
    arrives(MAIL)


@case('a hard mail: typed')
def typed_in_clear(bench):
    dovecot().empty()
    with Terminal(bench, *rncat(HERE, postfix().smtp)) as terminal:
        type_mail(terminal, False)
    arrives(MAIL)


def type_mail(terminal, starttls):
    terminal.hear(b'220 ')
    terminal.say('EHLO client.example.org')
    terminal.hear(b'250 ')
    if starttls:
        terminal.say('STARTTLS')
        terminal.hear(b'220 ')
        terminal.hear(b'rncat: .* is encrypted now. Certificate for localhost.*; trusted. Say EHLO again')
        terminal.say('EHLO client.example.org')
        terminal.hear(b'250 ')
    for line, reply in (('MAIL FROM:<alice@example.org> BODY=8BITMIME', b'250 '),
                        ('RCPT TO:<bob@example.net>', b'250 '), ('DATA', b'354 ')):
        terminal.say(line)
        terminal.hear(reply)
    terminal.type(STUFFED + b'.\n')
    terminal.hear(b'250 ')
    terminal.say('QUIT')
    terminal.hear(b'221 ')
    terminal.end()


@case('a hard mail: played')
def played(bench):
    play_file(bench, MAIL, MAIL)


@case('a hard mail: played, no newline at its end')
def played_without_end(bench):
    without = MAIL.rstrip(b'\n')
    play_file(bench, without, without + b'\n')


def play_file(bench, mail, wanted):
    dovecot().empty()
    bench.file('hard.eml', mail)
    before, after = session('mail.play').read_text().split('C: From: ')[0], 'C: .\n' + \
        session('mail.play').read_text().split('C: .\n')[1]
    bench.file('hard.play', before.replace('.org>\n', '.org> BODY=8BITMIME\n') + 'C: {file:hard.eml}\n' + after)
    bench.run(*rncat('--play', 'hard.play', HERE, postfix().smtp))
    arrives(wanted)


@case('a hard mail: recorded and played again')
def played_again(bench):
    dovecot().empty()
    bench.run(*rncat('--pace', 'smtp', '--transcript', 'hard.play', HERE, postfix().smtp), send=SCRIPT)
    arrives(MAIL)
    # The queue's number for a mail is never the same.
    text = (bench.folder / 'hard.play').read_text()
    bench.file('hard.play', re.sub(r'queued as .*', 'queued as {*}', text))
    dovecot().empty()
    bench.run(*rncat('--play', 'hard.play', HERE, postfix().smtp))
    arrives(MAIL)


@case('a hard mail: through a SOCKS proxy, STARTTLS', 'microsocks')
def through_proxy(bench):
    certificate(bench)
    through = free_port()
    bench.server('microsocks', '-i', HERE, '-p', through, port=through)
    proxy = ('--proxy', f'{HERE}:{through}', '--proxy-type', 'socks5', *TLS)
    for words, script in ((('--starttls', 'smtp'), SCRIPT), (('--starttls', 'typed'), EHLO + b'STARTTLS\n' + SCRIPT)):
        dovecot().empty()
        bench.run(*rncat('--pace', 'smtp', *words, *proxy, 'localhost', postfix().smtp), send=script)
        arrives(MAIL)


@case('a large mail: STARTTLS typed, recorded, read by POP3 and IMAP')
def large(bench):
    certificate(bench)
    dovecot().empty()
    mail = MAIL + b''.join(b'.%06d %s\n' % (at, b'x' * 70) for at in range(50_000))
    stuffed = b''.join(b'.' + line if line.startswith(b'.') else line for line in mail.splitlines(keepends=True))
    script = EHLO + b'STARTTLS\n' + SCRIPT.replace(STUFFED, stuffed)
    words = ('--pace', 'smtp', '--starttls', 'typed', '--transcript', 'large.play', *TLS)
    bench.run(*rncat(*words, 'localhost', postfix().smtp), send=script)
    arrives(mail)
    ends = stuffed.replace(b'\n', b'\r\n') + b'.\r\n'
    words = ('--pace', 'pop3', '--starttls', 'pop3', *TLS, 'localhost', dovecot().pop3)
    out = bench.run(*rncat(*words), send=f'USER bob\nPASS {PASSWORD}\nRETR 1\nRETR 1\nQUIT\n'.encode())
    same(out.count(ends), 2, 'mails read by POP3')
    whole = mail.replace(b'\n', b'\r\n')
    append = b'c APPEND INBOX {%d+}\n' % len(whole) + whole + b'\n'
    words = ('--pace', 'imap', *TLS, 'localhost', dovecot().imaps)
    out = bench.run(*rncat(*words), send=f'a LOGIN bob "{PASSWORD}"\nb SELECT INBOX\n'.encode()
                    + append + b'd FETCH 1:2 BODY[TEXT]\ne LOGOUT\n')
    same(out.count(whole.partition(b'\r\n\r\n')[2]), 2, 'mails read by IMAP')


@case('a hard mail: not waiting is refused')
def not_waiting(bench):
    dovecot().empty()
    out = bench.run(*rncat('-C', HERE, postfix().smtp), send=SCRIPT, code=None)
    if b'synchronization' not in out and b'pipelining' not in out or dovecot().messages('bob'):
        raise Failed(f'{out[-200:]!r}')


@case('a hard mail: a bare LF is refused')
def bare_lf(bench):
    dovecot().empty()
    with Terminal(bench, *rncat('--no-crlf', HERE, postfix().smtp)) as terminal:
        terminal.hear(b'220 ')
        terminal.say('EHLO client.example.org')
        if b'bare <LF>' not in terminal.hear(b'5.. '):
            raise Failed(f'{terminal.seen[-200:]!r}')


for words, port, script in WAYS:
    case(f'a hard mail: {" ".join(words).replace(" ".join(TLS), "TLS")}{"" if port == "smtp" else f", {port}"}')(
        lambda bench, w=words, p=port, s=script: piped(bench, w, p, s))
