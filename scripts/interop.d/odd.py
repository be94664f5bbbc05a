"""Odd lines for servers: in the wrong order, in wrong words, or not sent at all as lines should be.

Where a mock is to answer otherwise than the real server beside it, the reason is written here. A newcomer's trap:
each is a session of its own, so that one answer does not hang on another; what is `before` it has to be taken.
"""

from dataclasses import dataclass


@dataclass
class Odd:
    """What is said, in pieces, each with how many answers it has; and why the mock's are others, if they are."""
    name: str
    before: tuple
    pieces: tuple
    reason: str


def rows(group, before, *lines, reason=''):
    """Each line is said with CR LF; bytes, as they are; what has several answers, in a tuple of its own."""
    for line in lines:
        name, said = line if isinstance(line, tuple) else (readable(line), line)
        pieces = said if isinstance(said, tuple) else (said,)
        yield Odd(f'{group}: {name}', before, tuple(piece(it) for it in pieces), reason)


def piece(it):
    said, count = it if isinstance(it, tuple) else (it, 1)
    return (said if isinstance(said, bytes) else said.encode() + b'\r\n'), count


def readable(line):
    text = line.decode('latin-1') if isinstance(line, bytes) else line
    text = ascii(text.replace(A, 'MAIL FROM:<A>').replace(B, 'RCPT TO:<B>'))[1:-1]
    text = text if len(text) < 36 else f'{text[:26]}... ({len(line)})'
    return text if text.strip() == text and text else f'"{text}"'


A = 'MAIL FROM:<alice@example.org>'
B = 'RCPT TO:<bob@example.net>'
HELLO = ('EHLO client.example.org',)
SENDER = (*HELLO, A)
RECIPIENT = (*SENDER, B)
TEXT = (*RECIPIENT, 'DATA')
OVER_TLS = (*HELLO, 'STARTTLS', *HELLO)
LOGIN = 'AUTH PLAIN AGJvYgBhIHNlY3JldA=='
END = b'\r\n.\r\n'

SMTP = (
    *rows('first', (), 'EHLO', 'HELO', 'EHLO ', 'EHLO [192.0.2.1]', 'EHLO [IPv6:::1]', 'EHLO a_b',
          'EHLO client.example.org.', 'ehlo client.example.org', 'LHLO client.example.org', B, 'DATA', 'RSET', 'NOOP',
          'QUIT', 'VRFY bob', 'AUTH PLAIN', '', ' ', b'NOOP\n', b'EHLO client.example.org\n', b'NO\0OP\r\n',
          b'\xff\xfe\r\n'),
    *rows('first', (), 'HELO a b', 'EHLO a b', 'EHLO @', reason='RFC 5321, 4.1.1.1: it is no name of a machine'),
    *rows('first', (), A, 'STARTTLS', reason='4.1.4: EHLO comes first'),
    *rows('first', (), 'HELP', reason='4.1.1.8: it is there for those who learn'),
    *rows('first', (), 'GET / HTTP/1.1', reason='4.2: 221 answers QUIT, and this is an error'),
    *rows('first', (), ' NOOP', b'NOOP\r\r\n', reason='4.1.1: no blank comes first, no CR last'),

    *rows('EHLO', HELLO, 'HELO again.example.org', 'EHLO again.example.org', 'NOOP a b', 'RSET now', 'VRFY',
          'VRFY bob@example.net', 'EXPN all', 'TURN', b'BDAT 3\r\nabc', 'MAKE COFFEE', B, 'DATA', 'STARTTLS now', 'AUTH',
          'X' * 600, 'NOOP ' + 'x' * 500, 'NOOP ' + 'x' * 1500, 'Grüße', b'NOOP \xff\r\n', b'NOOP\n',
          ('a mail, pipelined', ((f'{A}\r\n{B}\r\nDATA', 3), END)), ('QUIT, and more', ((b'QUIT\r\nNOOP\r\n', 2),))),
    *rows('EHLO', HELLO, 'QUIT now', reason='4.1.1.10: nothing follows it'),
    *rows('EHLO', HELLO, 'HELP MAIL', reason='4.1.1.8: it is there for those who learn'),
    *rows('EHLO', HELLO, 'VRFY a b', reason='3.5: a person may be asked for by name'),
    *rows('EHLO', HELLO, 'ETRN example.net', reason='RFC 1985: it was not offered'),
    *rows('EHLO', HELLO, 'Subject: Hello', reason='4.2: 221 answers QUIT, and this is an error'),
    *rows('EHLO', HELLO, 'NOOP\t', 'MAIL\tFROM:<alice@example.org>', b'NOOP \0\r\n', b'NOOP \x1b[1m\r\n',
          reason='4.1.1: a line of text, with blanks between its words'),
    *rows('EHLO', HELLO, 'NOOP ' + 'x' * 3000, 'NOOP ' + 'x' * 20000, reason='4.5.3.1.4: a line may have 512 bytes'),
    *rows('EHLO', HELLO, ('NOOP, pipelined', ((b'NOOP\r\nNOOP\r\nNOOP\r\n', 3),)),
          reason='RFC 2920, 3.1, wants NOOP to be the last; a mock does not hang up for that, nor does Mailpit'),

    *rows('MAIL', HELLO, 'MAIL', 'MAIL FROM', 'MAIL FROM:', 'MAIL FROM: ', 'MAIL TO:<alice@example.org>', 'MAIL FROM:<>',
          'MAIL FROM:<', 'MAIL FROM: <alice@example.org>', 'mail from:<alice@example.org>', 'MAIL FROM:<alice@>',
          'MAIL FROM:<a b@example.org>', 'MAIL FROM:<"a b"@example.org>', 'MAIL FROM:<alice@[192.0.2.1]>',
          'MAIL FROM:<alice@[IPv6:2001:db8::1]>', 'MAIL FROM:<alice@[300.0.2.1]>', 'MAIL FROM:<alice@[IPv6:1]>',
          'MAIL FROM:<alice@[]>', 'MAIL FROM:<alice@example..org>', 'MAIL FROM:<alice@-example.org>',
          f'MAIL FROM:<alice@{"a" * 63}.org>', f'MAIL FROM:<alice@{"a" * 64}.org>', 'MAIL FROM:<alice@example.org',
          'MAIL FROM:<alice@example.org>x', 'MAIL FROM:Alice <alice@example.org>',
          'MAIL FROM:<@a.example,@b.example:alice@example.org>', f'{A} SIZE=100', f'{A} SIZE=999999999999', f'{A} SIZE=x',
          f'{A} SIZE', f'{A} SIZE=', f'{A} size=100', f'{A} BODY=7BIT', f'{A} BODY=8BITMIME', f'{A} BODY=BINARYMIME',
          f'{A} BODY=X', f'{A} BODY', f'{A} SMTPUTF8', f'{A} SMTPUTF8=1', f'{A} AUTH=<>', f'{A} FOO=BAR', f'{A} FOO',
          f'{A}  BODY=7BIT', 'MAIL FROM:<jürgen@example.org> SMTPUTF8'),
    *rows('MAIL', HELLO, 'MAIL FROM:>', 'MAIL FROM:alice@example.org', 'MAIL FROM:alice@example.org>',
          reason='4.1.2: a path has brackets'),
    *rows('MAIL', HELLO, 'MAIL FROM:<alice>', 'MAIL FROM:<@example.org>', 'MAIL FROM:<a@b@example.org>',
          'MAIL FROM:<a..b@example.org>', reason='4.1.2: it is no mailbox'),
    *rows('MAIL', HELLO, f'MAIL FROM:<{"a" * 65}@example.org>', f'MAIL FROM:<{"a" * 300}@example.org>',
          reason='4.5.3.1.1: a name may have 64 bytes'),
    *rows('MAIL', HELLO, f'{A} SIZE=1 SIZE=2', reason='of two sizes neither is known'),
    *rows('MAIL', HELLO, f'{A} AUTH=', reason='RFC 4954, 5: it has a value'),
    *rows('MAIL', HELLO, f'{A} RET=FULL', reason='4.1.1.11: DSN was not offered'),
    *rows('MAIL', HELLO, 'MAIL FROM:<jürgen@example.org>', reason='RFC 6531, 3.4: SMTPUTF8 has to be said'),

    *rows('HELO', ('HELO client.example.org',), f'{A} FOO', 'AUTH PLAIN', 'STARTTLS'),
    *rows('HELO', ('HELO client.example.org',), f'{A} SIZE=100', f'{A} BODY=8BITMIME',
          reason='2.2.1: without EHLO there are no extensions'),

    *rows('RCPT', SENDER, 'RCPT', 'RCPT TO', 'RCPT TO:', 'RCPT TO:<>', 'RCPT FROM:<bob@example.net>',
          'RCPT TO: <bob@example.net>', 'RCPT TO:<postmaster>', 'RCPT TO:<bob@>', 'RCPT TO:<bob@example.net',
          f'{B} FOO=BAR', f'{B}, <carol@example.net>', f'{B} <carol@example.net>',
          'RCPT TO:<@a.example:bob@example.net>', 'RCPT TO:<BOB@EXAMPLE.NET>', A, 'DATA', 'EHLO again.example.org',
          'STARTTLS', 'VRFY bob'),
    *rows('RCPT', SENDER, 'RCPT TO:bob@example.net', reason='4.1.2: a path has brackets'),
    *rows('RCPT', SENDER, 'RCPT TO:<bob>', reason='4.1.2: it is no mailbox'),
    *rows('RCPT', SENDER, f'{B} NOTIFY=NEVER', reason='4.1.1.11: DSN was not offered'),

    *rows('DATA', RECIPIENT, 'DATA now', B, A, 'STARTTLS', 'RSET', ('EHLO, then DATA', ('EHLO x.example.org', 'DATA')),
          ('NOOP, then DATA', ('NOOP', 'DATA'))),

    *rows('text', TEXT, ('none', b'.\r\n'), ('no headers', b'hello' + END), ('QUIT', b'QUIT' + END),
          ('LF alone', b'a\nb' + END), ('LF . CR LF', b'a\n.\r\n' + END), ('NUL', b'a\0b' + END),
          ('8-bit', b'Subject: x\r\n\r\n\xff' + END), ('a line of 2000', b'a' * 2000 + END),
          ('a line of 100000', b'a' * 100000 + END), ('a dot and a blank', b'. ' + END), ('then NOOP', (END, 'NOOP')),
          ('then DATA', (END, 'DATA')), ('then a second mail', (END, A, B, 'DATA', END))),
    *rows('text', TEXT, ('CR alone', b'a\rb' + END), reason='2.3.8: CR stands before LF only'),

    *rows('TLS', OVER_TLS, 'STARTTLS', 'AUTH', 'AUTH FOO', 'AUTH PLAIN =', 'AUTH PLAIN x', 'AUTH PLAIN Ym9i',
          'AUTH LOGIN x y', ('AUTH PLAIN, then *', ('AUTH PLAIN', '*')), ('AUTH LOGIN, then *', ('AUTH LOGIN', '*')),
          ('AUTH LOGIN, then nothing', ('AUTH LOGIN', '')), ('AUTH PLAIN, then x', ('AUTH PLAIN', 'x')),
          ('AUTH twice', (LOGIN, LOGIN)), ('MAIL, then AUTH', (A, LOGIN))),
    *rows('TLS', OVER_TLS, ('AUTH LOGIN, then QUIT', ('AUTH LOGIN', 'QUIT')),
          reason='RFC 4954, 4: QUIT is Base64, and so an answer; here all names are known'),
    *rows('TLS, no EHLO', (*HELLO, 'STARTTLS'), 'STARTTLS', 'RSET'),
    *rows('TLS, no EHLO', (*HELLO, 'STARTTLS'), A, 'AUTH PLAIN', reason='RFC 3207, 4.2: EHLO is forgotten'),
)

READER = ('USER bob', 'PASS {password}')
POP3 = (
    *rows('first', (), 'USER bob', 'user bob', 'PASS', 'PASS x', 'APOP', 'APOP bob', 'APOP bob x', 'AUTH', 'AUTH FOO',
          'AUTH PLAIN', 'AUTH PLAIN =', 'AUTH PLAIN x', 'STAT', 'LIST', 'RETR 1', 'DELE 1', 'NOOP', 'RSET', 'UIDL',
          'TOP 1 0', 'CAPA', 'CAPA x', 'QUIT', 'QUIT x', 'STLS x', '', ' ', ' QUIT', 'MAKE COFFEE', 'EHLO x',
          'GET / HTTP/1.1', b'NOOP\n', b'NO\0OP\r\n', b'\xff\r\n', 'X' * 300, 'USER ' + 'x' * 300, 'USER ' + 'x' * 3000,
          ('USER twice', ('USER bob', 'USER alice')), ('USER, then STAT', ('USER bob', 'STAT')),
          ('USER, then PASS alone', ('USER bob', 'PASS')), ('AUTH PLAIN, then *', ('AUTH PLAIN', '*')),
          ('AUTH PLAIN, then x', ('AUTH PLAIN', 'x'))),
    *rows('first', (), 'USER', 'USER ', reason='RFC 1939, 7: it has a name'),
    *rows('first', (), b'CAPA\n', reason='3: lines end with CR LF, as whoever learns is told'),

    *rows('reader', READER, 'USER bob', 'PASS x', 'APOP bob x', 'AUTH PLAIN', 'STLS', 'STAT', 'stat', 'STAT 1', 'LIST',
          'LIST 1', 'LIST 0', 'LIST 2', 'LIST -1', 'LIST x', 'LIST 1 1', 'LIST 99999999999999999999', 'RETR', 'RETR 0',
          'RETR 2', 'RETR x', 'RETR 1x', 'RETR 01', 'RETR +1', 'RETR 1 1', 'RETR 1', 'RETR  1', 'TOP', 'TOP 1',
          'TOP 1 x', 'TOP 1 -1', 'TOP 2 0', 'TOP 1 0', 'TOP 1 0 0', 'DELE', 'DELE 0', 'DELE 2', 'DELE x', 'UIDL 1',
          'UIDL 2', 'UIDL x', 'NOOP', 'NOOP x', 'RSET', 'RSET x', 'CAPA', 'LAST', 'XTND', 'MAKE COFFEE', '',
          b'NO\0OP\r\n', b'\xff\r\n', 'X' * 300, 'NOOP ' + 'x' * 3000, ('DELE twice', ('DELE 1', 'DELE 1')),
          ('DELE, then RETR', ('DELE 1', 'RETR 1')), ('DELE, then LIST 1', ('DELE 1', 'LIST 1')),
          ('DELE, RSET, then STAT', ('DELE 1', 'RSET', 'STAT')), ('pipelined', ((b'STAT\r\nNOOP\r\nRSET\r\n', 3),)),
          ('QUIT, and more', ((b'QUIT\r\nNOOP\r\n', 2),))),
    *rows('reader', READER, b'NOOP\n', reason='3: lines end with CR LF, as whoever learns is told'),
    *rows('reader', READER, 'TOP 1 99999999999999999999', reason='7: more lines than there are is all of them'),
)
