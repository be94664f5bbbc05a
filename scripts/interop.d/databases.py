"""PostgreSQL and MariaDB: TLS that is asked for in a packet.

A newcomer's trap: both refuse to be root, and neither shows its key to others.
"""

import glob
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Skipped, as_user, certificate, free_port, shared


@dataclass
class Database:
    """Its port on 127.0.0.1."""
    folder: Path
    port: int


@shared
def postgres(bench, tls=True):
    homes = sorted(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda home: int(home.split('/')[4]))
    if not homes:
        raise Skipped('postgresql not installed')
    certificate(bench)
    user = as_user(bench, 'postgres')
    port = free_port()
    data = bench.folder / 'data'
    bench.run(f'{homes[-1]}/initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', **user)
    settings = (f'port={port}', f'listen_addresses={HERE}', f'unix_socket_directories={bench.folder}',
                f'ssl={"on" if tls else "off"}', f'ssl_cert_file={bench.folder}/cert.pem',
                f'ssl_key_file={bench.folder}/key.pem', 'fsync=off')
    bench.daemon(f'{homes[-1]}/postgres', '-D', data, *(it for setting in settings for it in ('-c', setting)),
                 port=port, **user)
    return Database(bench.folder, port)


@shared
def mariadb(bench, tls=True):
    if not shutil.which('mariadb-install-db'):
        raise Skipped('mariadb-install-db not installed')
    certificate(bench)
    port = free_port()
    data = bench.folder / 'data'
    bench.file('init.sql', "CREATE USER bob@'%' IDENTIFIED BY '';\n")
    with_tls = (f'--ssl-cert={bench.folder}/cert.pem', f'--ssl-key={bench.folder}/key.pem')
    user = as_user(bench, 'mysql')
    bench.run('mariadb-install-db', '--no-defaults', f'--datadir={data}', '--skip-test-db',
              '--auth-root-authentication-method=normal', **user)
    bench.daemon('mariadbd', '--no-defaults', f'--datadir={data}', f'--bind-address={HERE}', f'--port={port}',
                 f'--socket={bench.folder}/socket', f'--pid-file={bench.folder}/pid', '--skip-name-resolve',
                 f'--init-file={bench.folder}/init.sql', *(with_tls if tls else ('--skip-ssl',)), port=port, **user)
    return Database(bench.folder, port)
