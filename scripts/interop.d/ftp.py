"""vsftpd: FTP's control connection with AUTH TLS.

A newcomer's trap: files travel on connections of their own, which rncat has nothing to do with
unless it is told to; a listing here is only announced.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Skipped, certificate, free_port, is_root, shared


@dataclass
class Vsftpd:
    """Its port on 127.0.0.1."""
    folder: Path
    ftp: int


@shared
def vsftpd(bench, tls=True):
    if not is_root():
        raise Skipped('vsftpd is started by root only')
    certificate(bench)
    port = free_port()
    bench.file('root/hello.txt', 'hello\n')
    (bench.folder / 'empty').mkdir()
    bench.file('vsftpd.conf', f'''
listen=YES
listen_address={HERE}
listen_port={port}
background=NO
anonymous_enable=YES
ftp_username=daemon
nopriv_user=nobody
anon_root={bench.folder}/root
secure_chroot_dir={bench.folder}/empty
ssl_enable={"YES" if tls else "NO"}
allow_anon_ssl=YES
ssl_tlsv1=YES
ssl_ciphers=HIGH
rsa_cert_file={bench.folder}/cert.pem
rsa_private_key_file={bench.folder}/key.pem
seccomp_sandbox=NO
vsftpd_log_file={bench.folder}/vsftpd.log
''')
    bench.daemon('vsftpd', bench.folder / 'vsftpd.conf', port=port)
    return Vsftpd(bench.folder, port)
