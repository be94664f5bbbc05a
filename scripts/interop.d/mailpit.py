"""Mailpit, the mock mail server of the course: it takes any mail, delivers none, and shows what came.

What came is asked through its REST interface. A newcomer's trap: it shows the envelope in a header. Who got
a mail by RCPT TO and stands in no header is in a Bcc that it has written itself, and nobody has sent.
"""

import json
import smtplib
import urllib.request
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import getaddresses

from bench import HERE, PATIENCE, Failed, certificate, free_ports, same, shared, until
from letters import Shown, address, compare, stripped

PASSWORD = 'secret'  # its POP3 takes none with a blank
# What it puts before a mail; the last two only if there is something to be told.
ADDED = (b'message-id', b'bcc')


@dataclass
class Mailpit:
    """Its ports on 127.0.0.1. STARTTLS is offered, and with it AUTH, with any password."""
    smtp: int
    pop3: int
    rest: int

    def ask(self, path, method='GET'):
        """What its REST interface says, which is described at /api/v1/."""
        asked = urllib.request.Request(f'http://{HERE}:{self.rest}/api/v1/{path}', method=method)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return answer.read()

    def messages(self):
        """What has come, as its list shows it, the newest first."""
        return json.loads(self.ask('messages'))['messages']

    def empty(self):
        self.ask('messages', 'DELETE')

    def put(self, mail):
        with smtplib.SMTP(HERE, self.smtp, timeout=PATIENCE) as client:
            client.sendmail('alice@example.org', ['bob@example.net'], mail.replace(b'\n', b'\r\n'))

    def only(self):
        """Waits for the one mail that has come; gives all that is known of it."""
        found = until(self.messages, 'no mail at Mailpit')
        if len(found) != 1:
            raise Failed(f'{len(found)} mails at Mailpit')
        return json.loads(self.ask(f'message/{found[0]["ID"]}'))

    def shown(self):
        """What it shows of that."""
        mail = self.only()
        files = [(it['FileName'], it['ContentType'], self.part(mail, it)) for it in mail['Attachments']]
        return Shown(f"{mail['From']['Name']} <{mail['From']['Address']}>", mail['Text'], mail['HTML'], files)

    def raw(self, mail):
        return self.ask(f'message/{mail["ID"]}/raw')

    def part(self, mail, part):
        return self.ask(f'message/{mail["ID"]}/part/{part["PartID"]}')


@shared
def mailpit(bench):
    certificate(bench)
    smtp, pop3, rest = free_ports(3)
    readers = bench.file('readers', f'bob:{PASSWORD}\n')
    bench.daemon('mailpit', '--database', bench.folder / 'mails.db', '--disable-version-check', '--smtp-disable-rdns',
                 '--listen', f'{HERE}:{rest}', '--smtp', f'{HERE}:{smtp}', '--pop3', f'{HERE}:{pop3}',
                 '--pop3-auth-file', readers, '--smtp-tls-cert', 'cert.pem', '--smtp-tls-key', 'key.pem',
                 '--smtp-auth-accept-any', ports=(smtp, pop3, rest))
    return Mailpit(smtp, pop3, rest)


def arrives_at_mailpit(wanted, *people):
    """Waits for a mail and compares it, and those whom it is for: in its headers, and of all others in Bcc."""
    mail = mailpit().only()
    compare(stripped(mailpit().raw(mail), ADDED), wanted)
    ours = message_from_bytes(wanted)
    named = sorted(at for _, at in getaddresses(ours.get_all('To', []) + ours.get_all('Cc', [])))
    shown = {kind: [it['Address'] for it in mail[kind] or ()] for kind in ('To', 'Cc', 'Bcc')}
    same(sorted(shown['To'] + shown['Cc']), named, 'those in To and Cc')
    same(sorted(shown['Bcc']), sorted({address(person) for person in people} - set(named)), 'those in Bcc')
