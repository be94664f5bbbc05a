"""INN: news to be read and posted, with STARTTLS.

A newcomer's trap: nnrpd talks with readers, and innd keeps the articles; neither does without the other.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Skipped, as_user, certificate, free_ports, is_root, shared

BIN = '/usr/lib/news/bin'


@dataclass
class Nnrpd:
    """Its port on 127.0.0.1, that for readers."""
    folder: Path
    nntp: int


@shared
def nnrpd(bench, tls=True):
    if not os.path.exists(f'{BIN}/nnrpd'):
        raise Skipped('inn2 not installed')
    if not is_root():
        raise Skipped('inn is started by root only')
    # Those in the folder would be found, told of or not.
    if tls:
        certificate(bench)
    folder = bench.folder
    innd, port = free_ports(2)
    for name in ('db', 'tmp', 'run', 'log', 'filter', 'spool/incoming/tmp', 'spool/articles', 'spool/overview'):
        (folder / name).mkdir(parents=True)
    bench.file('inn.conf', f'''
mta: "/bin/false %s"
domain: example.net
pathhost: news.example.net
pathnews: /usr/lib/news
hismethod: hisv6
enableoverview: true
ovmethod: tradindexed
pathdb: {folder}/db
pathetc: {folder}
pathrun: {folder}/run
pathlog: {folder}/log
pathtmp: {folder}/tmp
pathfilter: {folder}/filter
pathspool: {folder}/spool
patharticles: {folder}/spool/articles
pathincoming: {folder}/spool/incoming
pathoverview: {folder}/spool/overview
''' + (f'''
tlscafile: {folder}/ca.pem
tlscertfile: {folder}/cert.pem
tlskeyfile: {folder}/key.pem
''' if tls else ''))
    bench.file('db/active', ''.join(
        f'{group} 0000000000 0000000001 {flag}\n'
        for group, flag in (('control', 'n'), ('control.cancel', 'n'), ('junk', 'n'), ('local.test', 'y'))))
    bench.file('db/newsgroups', 'local.test\tA group for a few seconds\n')
    for name in ('db/active.times', 'db/history', 'inn-secrets.conf', 'moderators'):
        bench.file(name, '')
    bench.file('newsfeeds', 'ME:*::\nnowhere:!*:Tf:/dev/null\n')
    bench.file('incoming.conf', '')
    bench.file('storage.conf', 'method timehash {\n    newsgroups: *\n    class: 0\n}\n')
    bench.file('readers.conf', '''
auth "all" {
    hosts: "*"
    default: "<all>"
}
access "all" {
    users: "<all>"
    newsgroups: "*"
    access: RP
}
''')
    own = {'env': {**os.environ, 'INNCONF': str(folder / 'inn.conf')}, **as_user(bench, 'news')}
    bench.run(f'{BIN}/makedbz', '-i', '-o', '-s', '100', '-f', folder / 'db/history', **own)
    bench.daemon(f'{BIN}/innd', '-f', '-4', HERE, '-P', innd, port=innd, **own)
    bench.daemon(f'{BIN}/nnrpd', '-D', '-f', '-n', '-4', HERE, '-p', port, port=port, **own)
    return Nnrpd(folder, port)
