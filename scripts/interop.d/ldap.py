"""slapd: LDAP with StartTLS.

A newcomer's trap: what is said is BER, not lines; a case says it byte by byte.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import HERE, certificate, free_port, shared


@dataclass
class Slapd:
    """Its port on 127.0.0.1."""
    folder: Path
    ldap: int


@shared
def slapd(bench, tls=True):
    certificate(bench)
    port = free_port()
    bench.file('slapd.conf', f'''
pidfile {bench.folder}/slapd.pid
''' + (f'''TLSCACertificateFile {bench.folder}/ca.pem
TLSCertificateFile {bench.folder}/cert.pem
TLSCertificateKeyFile {bench.folder}/key.pem
TLSVerifyClient never
''' if tls else ''))
    # A level, however low, keeps it from going to the background.
    bench.daemon('slapd', '-d', '0', '-f', 'slapd.conf', '-h', f'ldap://{HERE}:{port}', port=port)
    return Slapd(bench.folder, port)
