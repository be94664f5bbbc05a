"""nginx: HTTP/1.1 on connections that are kept, with and without TLS.

A newcomer's trap: it has no directive that gives a body back. It asks itself, with what was posted
in a header.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import HERE, certificate, free_ports, is_root, shared

PAGE = ''.join(f'<p>This is line {number} of a page.</p>\n' for number in range(1, 201)).encode()


@dataclass
class Nginx:
    """Its ports on 127.0.0.1."""
    folder: Path
    http: int
    https: int


@shared
def nginx(bench):
    certificate(bench)
    http, https = free_ports(2)
    bench.file('www/index.html', '<h1>Hello</h1>\n')
    bench.file('www/page.html', PAGE)
    bench.file('www/chunked.html', b'<!--# echo var="server_protocol" -->\n' + PAGE)
    bench.file('nginx.conf', CONFIGURATION.format(
        folder=bench.folder, here=HERE, http=http, https=https, user='user nobody nogroup;' if is_root() else ''))
    # -e, because it would open its log in /var/log before it has read where it is to be.
    bench.daemon('nginx', '-p', bench.folder, '-e', bench.folder / 'error.log', '-c', 'nginx.conf', ports=(http, https))
    bench.logs.append(bench.folder / 'error.log')
    return Nginx(bench.folder, http, https)


CONFIGURATION = '''
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
{user}
events {{
}}
http {{
    access_log off;
    types {{
        text/html html;
    }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 4 64k;
    server {{
        listen {here}:{http};
        listen {here}:{https} ssl;
        server_name localhost;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        root {folder}/www;
        # What includes something has no length that is known before, and is sent in chunks.
        location = /chunked.html {{
            ssi on;
        }}
        location = /length {{
            return 200 "$request_method $content_length\\n";
        }}
        location = /echo {{
            client_body_in_single_buffer on;
            proxy_pass http://{here}:{http}/said;
            proxy_set_header X-Said $request_body;
            proxy_set_header Content-Length "";
            proxy_pass_request_body off;
        }}
        location = /said {{
            return 200 "you said: $http_x_said\\n";
        }}
        location = /moved {{
            return 301 /index.html;
        }}
    }}
}}
'''
