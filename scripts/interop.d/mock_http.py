"""`--mock http`: the clients that people have get back what they sent.

A newcomer's trap: a client does not tell all that it sends, so what comes back is compared with what the server has
shown of it, and its body with the one that was to be sent.
"""

import http.client
import ssl
import urllib.request

from bench import HERE, LARGE, PATIENCE, Failed, case, certificate, free_port, rncat, same

SECURE = ('--ssl', '--ssl-cert', 'cert.pem', '--ssl-key', 'key.pem')


def serves(bench, *options):
    port = free_port()
    return bench.server(*rncat('--mock', 'http', *options, HERE, port), port=port), port


def begins(answer, *lines):
    """The request that came back: its lines and its body."""
    head, empty, body = answer.partition(b'\r\n\r\n')
    seen = head.split(b'\r\n')
    missing = [line for line in lines if line not in seen]
    if not empty or seen[:1] != list(lines[:1]) or missing:
        raise Failed(f'{missing} not in {head!r}')
    return body


def unchunked(body):
    found = b''
    while body:
        size, _, body = body.partition(b'\r\n')
        found, body = found + body[:int(size, 16)], body[int(size, 16) + 2:]
    return found


def host(port):
    return f'Host: localhost:{port}'.encode()


def curl(bench, port, *words, scheme='http', **options):
    return bench.run('curl', '-sS', '--noproxy', '*', '--max-time', PATIENCE, *words,
                     f'{scheme}://localhost:{port}/a?b', **options)


@case('--mock http, curl', 'curl')
def gets(bench):
    server, port = serves(bench)
    same(begins(curl(bench, port), b'GET /a?b HTTP/1.1', host(port)), b'')
    if b' GET /a?b HTTP/1.1, ' not in bench.hear(server, b'bytes\n'):
        raise Failed('the request is not shown')


@case('--mock http, curl: POST', 'curl')
def posts(bench):
    _, port = serves(bench)
    sent = bench.file('body', LARGE * 10)
    form = curl(bench, port, '--data', 'some=thing')
    same(begins(form, b'POST /a?b HTTP/1.1', b'Content-Length: 10'), b'some=thing')
    same(begins(curl(bench, port, '--data-binary', f'@{sent}'), b'POST /a?b HTTP/1.1'), LARGE * 10)


@case('--mock http, curl: chunked', 'curl')
def uploads(bench):
    _, port = serves(bench)
    answer = curl(bench, port, '-T', '-', send=LARGE)
    same(unchunked(begins(answer, b'PUT /a?b HTTP/1.1', b'Transfer-Encoding: chunked')), LARGE)


@case('--mock http, curl: Expect', 'curl')
def expects(bench):
    _, port = serves(bench)
    answer = curl(bench, port, '-v', '-H', 'Expect: 100-continue', '--expect100-timeout', '60', '--data', 'some=thing',
                  '-i')
    interim, _, rest = answer.partition(b'\r\n\r\n')
    same(interim, b'HTTP/1.1 100 Continue')
    head, _, body = rest.partition(b'\r\n\r\n')
    same(begins(body, b'POST /a?b HTTP/1.1', b'Expect: 100-continue'), b'some=thing')
    same(head.split(b'\r\n')[0], b'HTTP/1.1 200 OK')


@case('--mock http, curl: --head, HTTP/1.0', 'curl')
def heads(bench):
    _, port = serves(bench)
    wanted = len(curl(bench, port)) + len('HEAD') - len('GET')
    head = curl(bench, port, '--head')
    if f'\r\nContent-Length: {wanted}\r\n'.encode() not in head:
        raise Failed(f'{wanted} in {head!r}')
    answer = curl(bench, port, '--http1.0', '-i')
    head, _, body = answer.partition(b'\r\n\r\n')
    same(begins(body, b'GET /a?b HTTP/1.0'), b'')
    if b'Connection: close' not in head:
        raise Failed(f'{head!r}')


@case('--mock http, curl: one connection', 'curl')
def keeps(bench):
    _, port = serves(bench)
    place = f'http://localhost:{port}/'
    out = bench.run('curl', '-sS', '--noproxy', '*', '-w', '%{num_connects};', place, place, place, '-o', 'a', '-o', 'b',
                    '-o', 'c')
    same(out, b'1;0;0;', 'new connections')


@case('--mock http, curl: https', 'curl')
def encrypts(bench):
    certificate(bench)
    _, port = serves(bench, *SECURE)
    answer = curl(bench, port, '--cacert', 'ca.pem', '--data', 'x=y', scheme='https')
    same(begins(answer, b'POST /a?b HTTP/1.1'), b'x=y')
    curl(bench, port, scheme='https', code=60)
    _, other = serves(bench, '--ssl')
    begins(curl(bench, other, '-k', scheme='https'), b'GET /a?b HTTP/1.1')


@case('--mock http, curl: https without --ssl', 'curl')
def is_clear(bench):
    server, port = serves(bench)
    curl(bench, port, '-k', scheme='https', code=35)
    if b'this is TLS' not in bench.hear(server, b'\n'):
        raise Failed('it is not told')


@case('--mock http, wget', 'wget')
def wget(bench):
    _, port = serves(bench)
    words = ('wget', '-q', '--no-proxy', '-O', '-', '--tries', '1', '--timeout', PATIENCE)
    begins(bench.run(*words, f'http://localhost:{port}/a'), b'GET /a HTTP/1.1', host(port))
    sent = bench.file('body', LARGE)
    answer = bench.run(*words, f'--post-file={sent}', f'http://localhost:{port}/a')
    same(begins(answer, b'POST /a HTTP/1.1'), LARGE)


@case('--mock http, Python http.client')
def client(bench):
    _, port = serves(bench)
    connection = http.client.HTTPConnection('localhost', port, timeout=PATIENCE)
    for number in range(3):
        # All of it is sent before anything is read.
        connection.request('POST', f'/{number}', LARGE * 20)
        same(begins(connection.getresponse().read(), f'POST /{number} HTTP/1.1'.encode(), host(port)), LARGE * 20)
        connection.request('PUT', '/', iter([LARGE, LARGE]), encode_chunked=True)
        same(unchunked(begins(connection.getresponse().read(), b'PUT / HTTP/1.1')), LARGE * 2)
        connection.request('HEAD', '/')
        same(connection.getresponse().read(), b'')
    connection.close()


@case('--mock http, Python urllib')
def urllib_request(bench):
    certificate(bench)
    _, port = serves(bench, *SECURE)
    context = ssl.create_default_context(cafile=bench.folder / 'ca.pem')
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f'https://localhost:{port}/a', b'x=y', timeout=PATIENCE) as answer:
        same((answer.status, answer.headers['Content-Type']), (200, 'text/plain; charset=utf-8'), 'the head')
        same(begins(answer.read(), b'POST /a HTTP/1.1', host(port), b'Connection: close'), b'x=y')
