"""A domain's mail server, found by asking dnsmasq: `--mx`.

A newcomer's trap: exchangers have to be at the same port of several addresses. 127.0.0.2 and the like are this
machine's own on Linux, and nowhere else.
"""

import contextlib
import socket

from bench import HERE, Failed, Skipped, case, rncat, same

DOMAIN = 'example.test'
HOSTS = ('127.0.0.2', '127.0.0.3')
SPF = 'v=spf1 mx -all'
LONG = [f'{number:03} ' + 'x' * 200 for number in range(12)]


def dnsmasq(bench, *words):
    """Starts it with these records; gives what makes rncat ask it."""
    port = port_of((HERE, socket.SOCK_DGRAM), (HERE, socket.SOCK_STREAM))
    own = (f'--port={port}', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=',
           f'--pid-file={bench.folder}/dnsmasq.pid', '--bind-interfaces', f'--listen-address={HERE}', '--local=/test/')
    bench.server('dnsmasq', *own, *words, port=port)
    return '--dns', f'{HERE}:{port}'


def two(bench, *words):
    """Two exchangers, the first of which is on 127.0.0.2."""
    return dnsmasq(bench, f'--mx-host={DOMAIN},b.{DOMAIN},20', f'--mx-host={DOMAIN},a.{DOMAIN},10',
                   f'--host-record=a.{DOMAIN},{HOSTS[0]}', f'--host-record=b.{DOMAIN},{HOSTS[1]}',
                   f'--txt-record={DOMAIN},{SPF}', *words)


def port_of(*places):
    """A port that is free at all of these: an address, and a kind of socket."""
    for _ in range(50):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            port = 0
            for host, kind in places:
                it = held.enter_context(socket.socket(socket.AF_INET, kind))
                it.bind((host, port))
                port = it.getsockname()[1]
            return port
    raise Skipped(f'no port is free at {places}')


def port_of_both():
    """A port that is free at both exchangers' addresses."""
    return port_of(*((host, socket.SOCK_STREAM) for host in HOSTS))


def server(bench, host, port, *words):
    """Says its address to whoever connects."""
    return bench.server(*rncat('-lk', *words, '-c', f'echo {host}', host, port), port=port)


def find(bench, ask, *words, code=0):
    return bench.run(*rncat('--mx', DOMAIN, *ask, '--recv-only', *words), code=code)


def certificates(bench, names):
    """An authority, ca.pem, and for each name NAME.pem with its certificate and key."""
    new = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3'.split()
    bench.run(*new, '-subj', '/CN=interop-dns', '-keyout', 'ca.key', '-out', 'ca.pem')
    for name in names:
        bench.run(*new, '-subj', f'/CN={name}', '-addext', f'subjectAltName=DNS:{name}', '-addext',
                  'basicConstraints=critical,CA:FALSE', '-CA', 'ca.pem', '-CAkey', 'ca.key',
                  '-keyout', 'new.key', '-out', 'new.pem')
        bench.file(f'{name}.pem', (bench.folder / 'new.pem').read_bytes() + (bench.folder / 'new.key').read_bytes())


@case('dns: the exchanger of the lowest preference', 'dnsmasq')
def _(bench):
    ask, port = two(bench), port_of_both()
    for host in HOSTS:
        server(bench, host, port)
    same(find(bench, ask, port), b'127.0.0.2\n')


@case('dns: the next exchanger when one is dead', 'dnsmasq')
def _(bench):
    ask, port = two(bench), port_of_both()
    server(bench, HOSTS[1], port)
    same(find(bench, ask, port), b'127.0.0.3\n')


@case('dns: exchangers of one preference are both used', 'dnsmasq')
def _(bench):
    ask = dnsmasq(bench, *(f'--mx-host={DOMAIN},{name}.{DOMAIN},5' for name in 'ab'),
                  *(f'--host-record={name}.{DOMAIN},{host}' for name, host in zip('ab', HOSTS)))
    port = port_of_both()
    for host in HOSTS:
        server(bench, host, port)
    seen = set()
    for _ in range(60):
        seen.add(find(bench, ask, port))
        if len(seen) == 2:
            return
    raise Failed(f'only {seen} in 60 runs')


@case('dns: records are shown', 'dnsmasq')
def _(bench):
    ask = two(bench)
    lines = [f'{DOMAIN} MX 10 a.{DOMAIN}', f'{DOMAIN} MX 20 b.{DOMAIN}', f'a.{DOMAIN} A {HOSTS[0]}',
             f'b.{DOMAIN} A {HOSTS[1]}', f'{DOMAIN} TXT "{SPF}" (SPF)']
    same(find(bench, ask, '-z'), ''.join(f'{line}\n' for line in lines).encode())


@case('dns: what is too long for a datagram', 'dnsmasq')
def _(bench):
    ask = two(bench, *(f'--txt-record={DOMAIN},{text}' for text in LONG))
    shown = find(bench, ask, '-z').decode().splitlines()
    texts = sorted(line for line in shown if ' TXT ' in line and '(SPF)' not in line)
    same(texts, [f'{DOMAIN} TXT "{text}"' for text in LONG])


@case('dns: an alias, and a domain that takes its mail itself', 'dnsmasq')
def _(bench):
    ask = dnsmasq(bench, f'--cname={DOMAIN},host.{DOMAIN}', f'--host-record=host.{DOMAIN},{HOSTS[0]}')
    port = port_of_both()
    server(bench, HOSTS[0], port)
    same(find(bench, ask, port), b'127.0.0.2\n')


@case('dns: nobody takes the mail', 'dnsmasq')
def _(bench):
    for words, code, why in (
            ((f'--mx-host={DOMAIN},.,0',), 1, b'RFC 7505'),
            ((), 2, b'NXDOMAIN'),
            ((f'--txt-record={DOMAIN},x',), 2, b'no MX record')):
        ask = dnsmasq(bench, *words)
        _, said = bench.run_both(*rncat('--mx', DOMAIN, *ask), code=code)
        if why not in said or said.count(b'\n') != 1:
            raise Failed(f'{words}: {said!r}')
    _, said = bench.run_both(*rncat('--mx', 'example.com', *dnsmasq(bench)), code=1)
    if b'REFUSED' not in said:
        raise Failed(f'{said!r}')


@case('dns: the certificate is for the exchanger', 'dnsmasq', 'openssl')
def _(bench):
    ask, port = two(bench), port_of_both()
    certificates(bench, (f'a.{DOMAIN}', DOMAIN))
    verify = ('--ssl-verify', '--ssl-trustfile', 'ca.pem')
    for name, code in ((f'a.{DOMAIN}', 0), (DOMAIN, 1)):
        # It answers a request with what it knows of the session.
        web = bench.server('openssl', 's_server', '-www', '-servername', f'a.{DOMAIN}', '-servername_fatal',
                           '-cert', f'{name}.pem', '-cert2', f'{name}.pem', '-accept', f'{HOSTS[0]}:{port}', port=port)
        seen, said = bench.run_both(*rncat('--mx', DOMAIN, *ask, *verify, port), send=b'GET / HTTP/1.0\r\n\r\n', code=code)
        if (b's_server' not in seen) if code == 0 else (f'a.{DOMAIN}'.encode() not in said):
            raise Failed(f'{seen!r} {said!r}')
        web.kill()
        web.wait()


@case('dns: STARTTLS with the exchanger', 'dnsmasq', 'openssl')
def _(bench):
    ask, port = two(bench), port_of_both()
    certificates(bench, (f'a.{DOMAIN}', DOMAIN))
    dialogue = ('S: 220 hi\nC: EHLO {*}\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n--- TLS\n'
                'C: QUIT\nS: 221 bye\n')
    bench.file('server.play', dialogue)
    for name, code in ((f'a.{DOMAIN}', 0), (DOMAIN, 1)):
        listener = bench.server(*rncat('-lk', '--play', 'server.play', '--ssl-cert', f'{name}.pem', '--ssl-key',
                                       f'{name}.pem', HOSTS[0], port), port=port)
        words = ('--mx', DOMAIN, *ask, '--starttls', 'smtp', '--ssl-verify', '--ssl-trustfile', 'ca.pem', port)
        seen = bench.run(*rncat(*words), send=b'QUIT\r\n', code=code)
        same(seen, b'221 bye\r\n' if code == 0 else b'')
        listener.kill()
        listener.wait()
