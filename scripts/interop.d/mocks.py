"""rncat's own mock servers, which many cases use: SMTP and POP3 on one Maildir, and HTTP; in clear and over TLS.

A newcomer's trap: those over TLS are a second program on the same Maildir, because one program has TLS from the start
on all its ports or on none. In clear STARTTLS and STLS are offered.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from bench import HERE, Failed, certificate, free_ports, rncat, same, shared, until
from letters import Shown, address, compare, stripped

PASSWORD = 'any will do'
SECURE = ('--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')


@dataclass
class Mocks:
    """Their ports on 127.0.0.1; with an s at the end, those with TLS from the start."""
    folder: Path
    smtp: int
    pop3: int
    http: int
    smtps: int
    pop3s: int
    https: int

    def mails(self):
        return sorted(it for kind in ('new', 'cur') for it in (self.folder / 'mail' / kind).iterdir())

    def empty(self):
        for path in self.mails():
            path.unlink()

    def put(self, mail):
        path = self.folder / 'mail/tmp/1.here'
        path.write_bytes(mail)
        path.rename(self.folder / 'mail/new/1.here')

    def only(self):
        """Waits for the one mail that has come."""
        found = until(self.mails, 'no mail')
        if len(found) != 1:
            raise Failed(f'{len(found)} mails')
        return found[0].read_bytes()

    def shown(self):
        """What a mail program would show of it."""
        mail = message_from_bytes(stripped(self.only()), policy=policy.default)
        text, page = (mail.get_body((kind,)) for kind in ('plain', 'html'))
        files = [(it.get_filename(), it.get_content_type(), it.get_content()) for it in mail.iter_attachments()]
        return Shown(mail['From'], text.get_content() if text else '', page.get_content() if page else '', files)


@shared
def mocks(bench):
    certificate(bench)
    ports = free_ports(6)
    for options, some in (((), ports[:3]), (('--ssl',), ports[3:])):
        services = ','.join(f'{name}:{port}' for name, port in zip(('smtp', 'pop3', 'http'), some))
        bench.daemon(*rncat('--mock', services, '--mock-dir', 'mail', *options, *SECURE, HERE), ports=some)
    return Mocks(bench.folder, *ports)


def arrives_at_mocks(wanted, *people):
    """Waits for a mail and compares it, its envelope, and those whom it is for."""
    mail = mocks().only()
    compare(stripped(mail), wanted)
    envelope = re.match(rb'Return-Path: <(.*)>\nEnvelope-To: ((?:.*\n)(?: .*\n)*)Received: from ', mail)
    if not envelope:
        raise Failed(f'it begins with {mail[:200]!r}')
    same(envelope[1], b'alice@example.org', 'the sender')
    same(re.split(r',\s+', envelope[2].decode().strip()), [address(it) for it in people], 'recipients')
