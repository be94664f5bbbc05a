"""Dovecot: POP3, IMAP, LMTP and ManageSieve, and the passwords for postfix.

A newcomer's trap: it gives up root four times over. Whoever logs in is served by one user, mail is
kept by another, and both have to be able to come through the folder.
"""

import grp
import os
import pwd
import time
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Skipped, certificate, free_ports, is_root, shared

PASSWORD = 'a secret'
PEOPLE = ('alice', 'bob', 'carol', 'dave')
LIBEXEC = '/usr/lib/dovecot'


@dataclass
class Dovecot:
    """Its ports on 127.0.0.1; with an s at the end, those with TLS from the start."""
    folder: Path
    pop3: int
    pop3s: int
    imap: int
    imaps: int
    lmtp: int
    sieve: int
    log: Path

    def messages(self, person):
        """The files of what has arrived for somebody, the oldest first."""
        found = [it for kind in ('new', 'cur') for it in (self.folder / 'mail' / person / 'Maildir' / kind).glob('*')]
        return sorted(found, key=lambda it: it.stat().st_mtime_ns)

    def put(self, person, message):
        """Puts a mail into a mailbox, as a server does that shares it."""
        maildir = self.folder / 'mail' / person / 'Maildir'
        for path in (maildir, maildir / 'tmp', maildir / 'cur', maildir / 'new'):
            path.mkdir(exist_ok=True)
            own(path)
        name = f'{time.time():.6f}.M.here'
        (maildir / 'tmp' / name).write_bytes(message)
        own(maildir / 'tmp' / name)
        os.rename(maildir / 'tmp' / name, maildir / 'new' / name)

    def empty(self):
        """Throws away all mail, indexes too: nobody may be logged in."""
        for person in PEOPLE:
            home = self.folder / 'mail' / person
            os.rename(home, self.folder / 'old' / f'{person}.{os.urandom(4).hex()}')
            make_home(home)


@shared
def dovecot(bench, tls=True):
    if not os.path.exists(f'{LIBEXEC}/pop3-login') or not os.path.exists(f'{LIBEXEC}/imap-login'):
        raise Skipped('dovecot-pop3d or dovecot-imapd not installed')
    if not os.path.exists(f'{LIBEXEC}/lmtp'):
        raise Skipped('dovecot-lmtpd not installed')
    version = bench.run('dovecot', '--version').decode()
    if not version.startswith('2.3.'):
        raise Skipped(f'the configuration is for Dovecot 2.3, and this is {version.split()[0]}')
    certificate(bench)
    names = ('pop3', 'pop3s', 'imap', 'imaps', 'lmtp', 'sieve')
    ports = dict(zip(names, free_ports(len(names))))
    has_sieve = os.path.exists(f'{LIBEXEC}/managesieve-login')
    if not has_sieve:
        ports['sieve'] = 0
    for folder in ('run', 'state', 'mail', 'old'):
        (bench.folder / folder).mkdir()
    os.chmod(bench.folder / 'mail', 0o777)
    for person in PEOPLE:
        make_home(bench.folder / 'mail' / person)
    # APOP and CRAM-MD5 prove that both sides know a password, so the server keeps it as it is.
    bench.file('users', ''.join(f'{person}:{{PLAIN}}{PASSWORD}\n' for person in PEOPLE))
    bench.file('dovecot.conf', configuration(bench.folder, ports, has_sieve, tls))
    bench.daemon('dovecot', '-F', '-c', 'dovecot.conf', 
                 ports=[port for name, port in ports.items() if port and (tls or name not in ('pop3s', 'imaps'))])
    bench.logs.append(bench.folder / 'mail.log')
    return Dovecot(folder=bench.folder, log=bench.folder / 'mail.log', **ports)


def managesieve(tls=True):
    """The port of ManageSieve, which is a package of its own."""
    if not (port := dovecot(tls=tls).sieve):
        raise Skipped('dovecot-managesieved not installed')
    return port


def make_home(home):
    home.mkdir()
    own(home)


def own(path):
    if is_root():
        os.chown(path, mail_user().pw_uid, mail_user().pw_gid)


def mail_user():
    """Who keeps mail: it must not be root."""
    return pwd.getpwnam('nobody') if is_root() else pwd.getpwuid(os.geteuid())


def configuration(folder, ports, has_sieve, tls):
    keeper = mail_user()
    own_anvil = '' if is_root() else '  chroot =\n'
    own = '' if is_root() else f'''
default_internal_user = {keeper.pw_name}
default_internal_group = {grp.getgrgid(keeper.pw_gid).gr_name}
default_login_user = {keeper.pw_name}
service imap-login {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
service managesieve-login {{
  chroot =
}}
'''
    sieve = f'''
service managesieve-login {{
  inet_listener sieve {{
    port = {ports["sieve"]}
  }}
}}
plugin {{
  sieve = file:~/sieve;active=~/active.sieve
}}
''' if has_sieve else ''
    return f'''
protocols = pop3 imap lmtp {"sieve" if has_sieve else ""}
listen = {HERE}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/mail.log
hostname = mail.example.net
postmaster_address = postmaster@example.net
ssl = {"yes" if tls else "no"}
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
auth_mechanisms = plain login cram-md5 apop
auth_username_format = %Ln
auth_verbose = yes
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = static
  args = uid={keeper.pw_uid} gid={keeper.pw_gid} home={folder}/mail/%n
}}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_log_prefix = "%s(%u): "
lda_mailbox_autocreate = yes
namespace inbox {{
  inbox = yes
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports["pop3"]}
  }}
  inet_listener pop3s {{
    port = {ports["pop3s"]}
    ssl = yes
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {ports["imap"]}
  }}
  inet_listener imaps {{
    port = {ports["imaps"]}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {ports["lmtp"]}
  }}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
# A wrong password does not make the next, of another case, wait.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
{own_anvil}}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
{sieve}{own}'''
