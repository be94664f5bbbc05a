"""InspIRCd: IRC with STARTTLS.

A newcomer's trap: the server speaks when it likes, before it is asked and in between.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import HERE, as_user, certificate, free_port, shared


@dataclass
class Inspircd:
    """Its port on 127.0.0.1."""
    folder: Path
    irc: int


@shared
def inspircd(bench, tls=True):
    certificate(bench)
    port = free_port()
    bench.file('inspircd.conf', f'''
<server name="irc.example.net" description="A server for a few seconds" network="Example">
<admin name="Alice" nick="alice" email="alice@example.net">
<pid file="{bench.folder}/inspircd.pid">
<path datadir="{bench.folder}" logdir="{bench.folder}" runtimedir="{bench.folder}">
{secure(bench.folder) if tls else ""}<bind address="{HERE}" port="{port}" type="clients">
<connect allow="*" resolvehostnames="no" useident="no">
<dns server="127.0.0.1" timeout="1">
<log method="file" type="*" level="normal" target="{bench.folder}/irc.log">
''')
    bench.daemon('inspircd', '--config', bench.folder / 'inspircd.conf', '--nofork', port=port, **as_user(bench, 'irc'))
    bench.logs.append(bench.folder / 'irc.log')
    return Inspircd(bench.folder, port)


def secure(folder):
    return f'''
<module name="ssl_gnutls">
<module name="starttls">
<sslprofile name="here" provider="gnutls" certfile="{folder}/cert.pem" keyfile="{folder}/key.pem"
  cafile="{folder}/ca.pem">
<gnutls starttls="here">
<starttls sslprofile="here">
'''
