"""Prosody: XMPP with STARTTLS, for clients and between servers.

A newcomer's trap: encryption is asked for by domain, and the stream that asked is over when it has
begun; a new one is opened inside it.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import HERE, as_user, certificate, free_ports, shared


@dataclass
class Prosody:
    """Its ports on 127.0.0.1: for clients, and for servers."""
    folder: Path
    c2s: int
    s2s: int


@shared
def prosody(bench, tls=True):
    certificate(bench)
    c2s, s2s = free_ports(2)
    bench.file('prosody.cfg.lua', f'''
data_path = "{bench.folder}"
pidfile = "{bench.folder}/prosody.pid"
log = {{ info = "{bench.folder}/xmpp.log" }}
interfaces = {{ "{HERE}" }}
c2s_ports = {{ {c2s} }}
s2s_ports = {{ {s2s} }}
modules_enabled = {{ "roster", "saslauth", {'"tls", ' if tls else ""}"dialback", "disco", "ping" }}
modules_disabled = {{ "s2s_auth_dane_in"{'' if tls else ', "tls"'} }}
authentication = "internal_hashed"
ssl = {{ key = "{bench.folder}/key.pem", certificate = "{bench.folder}/cert.pem" }}
VirtualHost "localhost"
VirtualHost "elsewhere.example"
''')
    bench.daemon('prosody', '-F', '--config', bench.folder / 'prosody.cfg.lua', ports=(c2s, s2s),
                 **as_user(bench, 'prosody'))
    return Prosody(bench.folder, c2s, s2s)
