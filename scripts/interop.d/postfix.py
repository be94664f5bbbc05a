"""Postfix: a mail server with STARTTLS, AUTH and no patience for clients that do not wait.

What it takes it gives to dovecot at once, so that a case can read what has arrived. A newcomer's
trap: it is no program but a dozen, started by its master as users of their own; they find each
other by sockets in the queue's folder, and only root can start them.
"""

import grp
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Skipped, certificate, free_ports, is_root, shared
from dovecot import PEOPLE, dovecot


@dataclass
class Postfix:
    """Its ports on 127.0.0.1, called by what they are when they are not chosen by the kernel."""
    folder: Path
    smtp: int  # 25: TLS may be asked for
    clear: int  # 25 of a server that has no TLS
    submission: int  # 587: TLS must be asked for, then a password
    submissions: int  # 465: TLS from the start, then a password
    log: Path


@shared
def postfix(bench):
    if not shutil.which('postconf'):
        raise Skipped('postfix not installed')
    if not is_root():
        raise Skipped('postfix is started by root only')
    mailboxes = dovecot()
    certificate(bench)
    smtp, clear, submission, submissions = free_ports(4)
    folder = bench.folder
    # A configuration of our own from the first, because /etc/postfix may have none.
    bench.file('etc/main.cf', '')
    ask = ('postconf', '-c', folder / 'etc', '-d', '-h')
    sbin, owner = bench.run(*ask, 'daemon_directory', 'mail_owner').decode().split()
    bench.file('etc/main.cf', MAIN.format(
        folder=folder, sbin=sbin, owner=owner, mailboxes=mailboxes.folder))
    bench.file('etc/master.cf', MASTER.format(
        here=HERE, smtp=smtp, clear=clear, submission=submission, submissions=submissions))
    domains = ('example.net', 'example.org', 'localhost')
    bench.file('people', ''.join(f'{person}@{domain} yes\n' for person in PEOPLE for domain in domains))
    make_queue(folder, owner)
    log = folder / 'mail.log'
    bench.daemon(f'{sbin}/master', '-d', '-c', folder / 'etc', ports=(smtp, clear, submission, submissions),
                 env={**os.environ, 'MAIL_CONFIG': str(folder / 'etc')})
    bench.logs.append(log)
    return Postfix(folder, smtp, clear, submission, submissions, log)


def make_queue(folder, owner):
    """What `postfix start` makes, by the list of files of a whole installation."""
    user, group = pwd.getpwnam(owner).pw_uid, grp.getgrnam('postdrop').gr_gid
    for name in ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'private', 'saved',
                 'trace', 'maildrop', 'public'):
        path = folder / 'queue' / name
        path.mkdir(parents=True)
        shared_by_group = name in ('maildrop', 'public')
        path.chmod(0o730 if name == 'maildrop' else 0o710 if shared_by_group else 0o700)
        os.chown(path, user, group if shared_by_group else 0)
    (folder / 'queue' / 'pid').mkdir()
    (folder / 'data').mkdir()
    os.chown(folder / 'data', user, 0)


MAIN = '''
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {sbin}
mail_owner = {owner}
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
shlib_directory = no
alias_maps =
alias_database =

myhostname = mail.example.net
myorigin = example.net
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 192.0.2.1/32
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
virtual_mailbox_domains = example.net, example.org, localhost
virtual_mailbox_maps = texthash:{folder}/people
virtual_transport = lmtp:unix:{mailboxes}/lmtp
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination

# No header is added or changed, or there would be nothing to compare.
local_header_rewrite_clients =

smtpd_tls_chain_files = {folder}/key.pem, {folder}/cert.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {mailboxes}/auth
smtpd_sasl_auth_enable = yes

smtpd_forbid_bare_newline = reject
smtpd_forbid_unauth_pipelining = yes
smtpd_data_restrictions = reject_unauth_pipelining
# The first mistake is answered without a pause, and the tenth.
smtpd_error_sleep_time = 0
smtpd_client_connection_rate_limit = 0
'''

MASTER = '''
{here}:{smtp} inet n - n - - smtpd
{here}:{clear} inet n - n - - smtpd
  -o smtpd_tls_security_level=none
{here}:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{here}:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
'''
