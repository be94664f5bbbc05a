"""Proxies: curl, wget and ncat through rncat, and rncat through other people's.

A newcomer's trap: squid and dante give up root and go on writing, so their folder is open to all.
"""

import contextlib
import http.server
import os
import socket
import threading

from bench import HERE, LARGE, PATIENCE, Skipped, case, certificate, free_port, rncat, same

# An origin for what goes through proxies.

class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if self.path == '/chunked':
            self.send_response(200)
            self.send_header('Transfer-Encoding', 'chunked')
            self.end_headers()
            for at in range(0, len(LARGE), 70_000):
                piece = LARGE[at:at + 70_000]
                self.wfile.write(b'%x\r\n%s\r\n' % (len(piece), piece))
            self.wfile.write(b'0\r\n\r\n')
            return
        self.reply(LARGE if self.path == '/large' else b'hello\n')

    def do_POST(self):
        if self.headers.get('Transfer-Encoding') == 'chunked':
            body = b''
            while size := int(self.rfile.readline().split(b';')[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers['Content-Length']))
        self.reply(body)

    def reply(self, body):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def origin(kind=http.server.ThreadingHTTPServer, host=HERE):
    server = kind((host, 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def proxy(bench, kind, *options):
    port = free_port()
    bench.server(*rncat('-l', '--proxy-type', kind, *options, '127.0.0.1', port), port=port)
    return port


def curl(bench, *words, send=b''):
    return bench.run('curl', '-sS', '--max-time', PATIENCE, '--noproxy', '', *words, send=send)


@case('http proxy: curl', 'curl')
def _(bench):
    with origin() as port:
        through = f'http://127.0.0.1:{proxy(bench, "http")}'
        base = f'http://127.0.0.1:{port}'
        same(curl(bench, '-x', through, f'{base}/large'), LARGE)
        same(curl(bench, '-x', through, f'{base}/chunked'), LARGE)
        same(curl(bench, '-x', through, '--data-binary', '@-', f'{base}/', send=LARGE), LARGE)
        chunked = ('-H', 'Transfer-Encoding: chunked', '--data-binary', '@-')
        same(curl(bench, '-x', through, *chunked, f'{base}/', send=LARGE), LARGE)


@case('http proxy: curl, CONNECT', 'curl')
def _(bench):
    with origin() as port:
        through = f'http://127.0.0.1:{proxy(bench, "http")}'
        same(curl(bench, '-p', '-x', through, f'http://127.0.0.1:{port}/large'), LARGE)


@case('http proxy: curl, keep-alive', 'curl')
def _(bench):
    with origin() as one, origin() as two:
        through = f'http://127.0.0.1:{proxy(bench, "http")}'
        urls = [f'http://127.0.0.1:{port}/' for port in (one, two, one)]
        out = curl(bench, '-w', '%{num_connects}', '-x', through, *urls)
        same(out, b'hello\n1hello\n0hello\n0')


@case('http proxy: curl, IPv6', 'curl')
def _(bench):
    with origin(Server6, '::1') as port:
        same(curl(bench, '-x', f'http://127.0.0.1:{proxy(bench, "http")}', f'http://[::1]:{port}/large'), LARGE)


@case('http proxy: curl, Basic and Digest', 'curl')
def _(bench):
    with origin() as port:
        through = f'http://127.0.0.1:{proxy(bench, "http", "--proxy-auth", "me:secret")}'
        for scheme in ('--proxy-basic', '--proxy-digest', '--proxy-anyauth'):
            words = (scheme, '-U', 'me:secret', '-x', through)
            same(curl(bench, *words, f'http://127.0.0.1:{port}/large'), LARGE, scheme)
            same(curl(bench, '-p', *words, f'http://127.0.0.1:{port}/large'), LARGE, f'{scheme}, CONNECT')
        code = ('-o', '/dev/null', '-w', '%{http_code}')
        wrong = curl(bench, *code, '-U', 'me:wrong', '-x', through, f'http://127.0.0.1:{port}/')
        same(wrong, b'407')


@case('http proxy over TLS: curl', 'curl', 'openssl')
def _(bench):
    certificate(bench)
    with origin() as port:
        through = proxy(bench, 'http', '--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')
        words = ('--proxy-cacert', 'ca.pem', '-x', f'https://localhost:{through}')
        same(curl(bench, *words, f'http://127.0.0.1:{port}/large'), LARGE)


@case('http proxy: wget', 'wget')
def _(bench):
    with origin() as port:
        through = proxy(bench, 'http', '--proxy-auth', 'me:secret')
        words = ('-e', 'use_proxy=yes', '-e', f'http_proxy=http://127.0.0.1:{through}', '--proxy-user=me',
                 '--proxy-password=secret', f'--timeout={PATIENCE}', '--tries=1')
        same(bench.run('wget', '-q', '-O', '-', *words, f'http://127.0.0.1:{port}/large'), LARGE)


for version, option in (('socks4', '--socks4'), ('socks4', '--socks4a'), ('socks5', '--socks5'),
                        ('socks5', '--socks5-hostname')):
    @case(f'socks proxy: curl {option}', 'curl')
    def _(bench, version=version, option=option):
        with origin() as port:
            host = 'localhost' if option in ('--socks4a', '--socks5-hostname') else '127.0.0.1'
            through = proxy(bench, version)
            same(curl(bench, option, f'127.0.0.1:{through}', f'http://{host}:{port}/large'), LARGE)


@case('socks proxy: curl, a password', 'curl')
def _(bench):
    with origin() as port:
        through = proxy(bench, 'socks5', '--proxy-auth', 'me:secret')
        words = ('--socks5', f'me:secret@127.0.0.1:{through}')
        same(curl(bench, *words, f'http://127.0.0.1:{port}/large'), LARGE)


# rncat through other people's proxies.

def fetch(bench, *options):
    """A request by hand through the proxy, and its answer."""
    with origin() as port:
        request = b'GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        out = bench.run(*rncat(*options, '127.0.0.1', port), send=request)
        same(out.partition(b'\r\n\r\n')[2], LARGE)


@case('through squid', 'squid')
def _(bench):
    port = free_port()
    bench.folder.chmod(0o777)
    bench.file('squid.conf', f'''
http_port 127.0.0.1:{port}
acl all_ports port 1-65535
http_access allow all
cache deny all
access_log none
cache_log {bench.folder}/cache.log
pid_filename {bench.folder}/squid.pid
coredump_dir {bench.folder}
pinger_enable off
shutdown_lifetime 0 seconds
''')
    bench.server('squid', '-N', '-n', f'rncat{port}', '-f', 'squid.conf', port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}')


@case('through squid, Digest', 'squid')
def _(bench):
    helper = next((it for it in ('/usr/lib/squid/digest_file_auth',) if os.path.exists(it)), None)
    if not helper:
        raise Skipped('squid has no digest_file_auth')
    port = free_port()
    bench.folder.chmod(0o777)
    bench.file('users', 'me:secret\n').chmod(0o644)
    bench.file('squid.conf', f'''
http_port 127.0.0.1:{port}
auth_param digest program {helper} {bench.folder}/users
auth_param digest children 1
auth_param digest realm here
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
access_log none
cache_log {bench.folder}/cache.log
pid_filename {bench.folder}/squid.pid
coredump_dir {bench.folder}
pinger_enable off
shutdown_lifetime 0 seconds
''')
    bench.server('squid', '-N', '-n', f'rncat{port}', '-f', 'squid.conf', port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-auth', 'me:secret')


@case('through tinyproxy, Basic', 'tinyproxy')
def _(bench):
    port = free_port()
    bench.file('tinyproxy.conf', f'Port {port}\nListen 127.0.0.1\nTimeout 20\nBasicAuth me secret\nMaxClients 10\n')
    bench.server('tinyproxy', '-d', '-c', 'tinyproxy.conf', port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-auth', 'me:secret')


@case('through microsocks', 'microsocks')
def _(bench):
    port = free_port()
    bench.server('microsocks', '-i', '127.0.0.1', '-p', port, port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-type', 'socks5')


@case('through microsocks, a password', 'microsocks')
def _(bench):
    port = free_port()
    bench.server('microsocks', '-i', '127.0.0.1', '-p', port, '-u', 'me', '-P', 'secret', port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-type', 'socks5', '--proxy-auth', 'me:secret')


for version in ('socks4', 'socks5'):
    @case(f'through dante, {version}', 'danted')
    def _(bench, version=version):
        port = free_port()
        bench.file('danted.conf', f'''
logoutput: {bench.folder}/log
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
''')
        bench.folder.chmod(0o777)
        bench.server('danted', '-f', 'danted.conf', '-p', bench.folder / 'pid', port=port)
        fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-type', version)


@case('through ncat', 'ncat')
def _(bench):
    port = free_port()
    bench.server('ncat', '-l', '-k', '--proxy-type', 'http', '--proxy-auth', 'me:secret', '127.0.0.1', port, port=port)
    fetch(bench, '--proxy', f'127.0.0.1:{port}', '--proxy-auth', 'me:secret')


@case('ncat through rncat', 'ncat')
def _(bench):
    with origin() as port:
        through = proxy(bench, 'http', '--proxy-auth', 'me:secret')
        words = ('--proxy', f'127.0.0.1:{through}', '--proxy-auth', 'me:secret', '127.0.0.1', port)
        request = b'GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        out = bench.run('ncat', *words, send=request)
        same(out.partition(b'\r\n\r\n')[2], LARGE)


@case('through a chain of our own')
def _(bench):
    one, two, three = proxy(bench, 'http'), proxy(bench, 'socks4'), proxy(bench, 'http')
    fetch(bench, '--proxy', f'127.0.0.1:{one}', '--proxy', f'127.0.0.1:{three}')
    fetch(bench, '--proxy', f'127.0.0.1:{two}', '--proxy-type', 'socks4')
