"""The mocks with programs that people have besides curl and swaks: they send a mail, fetch it, ask for a page.

A newcomer's trap: most of them change a mail, each in its own way: headers are added, a last line end. So what is
looked at is what they may not change: the envelope, headers that were written, the text.
"""

import os
import re
import smtplib
from contextlib import closing
from email import message_from_bytes, policy

from bench import HERE, PATIENCE, Failed, Skipped, certificate, case, same
from letters import address, letter
from mocks import PASSWORD, arrives_at_mocks, mocks
from ways import SENDER

TLS = 'sslcertck sslcertfile "ca.pem"'  # as fetchmail has it
TEXT = letter('mail.play').partition(b'\n\n')[2]


def home(bench):
    """An environment that has nothing of whoever runs this."""
    return {'PATH': os.environ['PATH'], 'HOME': str(bench.folder), 'LC_ALL': 'C.UTF-8', 'TERM': 'dumb'}


def secret(bench, name, content):
    bench.file(name, content).chmod(0o600)
    return bench.folder / name


def arrived(subject, text, how, *people):
    """The one mail that has come, by this protocol: for them, of this subject, with this text."""
    mail = mocks().only()
    if f' (rncat) with {how}; '.encode() not in mail:
        raise Failed(f'not by {how}: {mail[:300]!r}')
    envelope = re.match(rb'Return-Path: <(.*)>\nEnvelope-To: (.*)\n', mail)
    same(envelope.groups(), (SENDER.encode(), ', '.join(map(address, people)).encode()), 'the envelope')
    seen = message_from_bytes(mail, policy=policy.default)
    same(seen['Subject'], subject, 'the subject')
    same(seen.get_content().rstrip('\n'), text.rstrip('\n'), 'the text')


def by_auth(name, mechanism, at_once):
    @case(f'--mock smtp, Python, AUTH {name}{", at once" if at_once else ""}')
    def logs_in(_bench):
        mocks().empty()
        with closing(smtplib.SMTP(HERE, mocks().smtp, timeout=PATIENCE)) as client:
            client.ehlo()
            # Where smtplib is told them, and does not choose by itself.
            client.user, client.password = 'bob', PASSWORD
            code, _ = client.auth(name, getattr(client, mechanism), initial_response_ok=at_once)
            same(code, 235, 'the reply')
            client.sendmail(SENDER, [address('bob')], letter('mail.play').replace(b'\n', b'\r\n'))
            client.quit()
        arrives_at_mocks(letter('mail.play'), 'bob')
        if b' with ESMTPA; ' not in mocks().only():
            raise Failed('there is no trace of it')


for mechanism in (('PLAIN', 'auth_plain'), ('LOGIN', 'auth_login')):
    for at_once in (True, False):
        by_auth(*mechanism, at_once)


@case('--mock smtp, msmtp', 'msmtp', common=False)
def msmtp(bench):
    certificate(bench)
    bench.file('password', PASSWORD)
    words = ('msmtp', '--host=localhost', f'--from={SENDER}', '--user=bob', '--passwordeval=cat password',
             '--set-date-header=off', '--set-msgid-header=off', '--set-from-header=off')
    for how, *options in (
        ('ESMTP', f'--port={mocks().smtp}', '--auth=off', '--tls=off'),
        ('ESMTPSA', f'--port={mocks().smtp}', '--auth=plain', '--tls=on', '--tls-trust-file=ca.pem'),
        ('ESMTPSA', f'--port={mocks().smtps}', '--auth=login', '--tls=on', '--tls-starttls=off',
         '--tls-trust-file=ca.pem'),
    ):
        mocks().empty()
        bench.run(*words, *options, *map(address, ('bob', 'carol')), send=letter('mail.play'), env=home(bench))
        arrives_at_mocks(letter('mail.play'), 'bob', 'carol')
        if f' with {how}; '.encode() not in mocks().only():
            raise Failed(f'not by {how}')


@case('--mock smtp, s-nail', 's-nail', common=False)
def s_nail(bench):
    certificate(bench)
    # Without anything to ask for it says HELO.
    for how, *options in (
        ('SMTP', f'mta=smtp://localhost:{mocks().smtp}', 'smtp-auth=none'),
        ('ESMTPSA', f'mta=submission://bob:any@localhost:{mocks().smtp}', 'smtp-auth=login', 'smtp-use-starttls'),
        ('ESMTPSA', f'mta=smtps://bob:any@localhost:{mocks().smtps}', 'smtp-auth=plain'),
    ):
        mocks().empty()
        words = [word for it in ('v15-compat', 'tls-verify=strict', 'tls-ca-file=ca.pem', f'from={SENDER}', *options)
                 for word in ('-S', it)]
        bench.run('s-nail', '-:/', *words, '-s', 'Grüße', address('bob'), send='Hello Bob,\n\n.a dot, ü\n'.encode(),
                  env=home(bench))
        arrived('Grüße', 'Hello Bob,\n\n.a dot, ü', how, 'bob')


@case('--mock smtp, git send-email', 'git', common=False)
def git_send_email(bench):
    """Two patches, as engineers send them."""
    certificate(bench)
    if not os.path.exists('/usr/lib/git-core/git-send-email'):
        raise Skipped('git-email not installed')
    if bench.start('perl', '-MAuthen::SASL', '-e', '').wait(PATIENCE):
        raise Skipped('libauthen-sasl-perl not installed')
    env = {**home(bench), 'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_NOSYSTEM': '1'}
    git = ('git', '-C', 'work', '-c', 'user.name=Alice', '-c', f'user.email={SENDER}')
    bench.run('git', 'init', '-q', 'work', env=env)
    for name in ('one', 'two'):
        bench.file(f'work/{name}', f'{name}: Grüße\n.a dot\n')
        bench.run(*git, 'add', name, env=env)
        bench.run(*git, 'commit', '-q', '-m', f'Add {name}', env=env)
    bench.run(*git, 'format-patch', '-q', '--root', env=env)
    mocks().empty()
    bench.run(*git, 'send-email', '--smtp-server=localhost', f'--smtp-server-port={mocks().smtp}',
              '--smtp-encryption=tls', f'--smtp-ssl-cert-path={bench.folder}/ca.pem', '--smtp-user=bob',
              '--smtp-pass=any', f'--to={address("bob")}', f'--cc={address("carol")}', '--suppress-cc=all',
              '--confirm=never', '0001-Add-one.patch', '0002-Add-two.patch', env=env)
    bench.run('git', 'init', '-q', 'copy', env=env)
    for mail in mocks().mails():
        head = mail.read_bytes()[:400]
        if b'Envelope-To: bob@example.net, carol@example.net\n' not in head or b' with ESMTPSA; ' not in head:
            raise Failed(f'{head!r}')
    # What has come can be taken as it lies there.
    bench.run('git', '-C', 'copy', '-c', 'user.name=Bob', '-c', 'user.email=bob@example.net', 'am', '-q',
              *mocks().mails(), env=env)
    for name in ('one', 'two'):
        same((bench.folder / 'copy' / name).read_bytes(), (bench.folder / 'work' / name).read_bytes(), name)


def fetches(bench, *words):
    """A program reads a mailbox, and deletes what it has read."""
    mocks().empty()
    mocks().put(letter('mail.play'))
    out, said = bench.run_both(*words, env=home(bench), code=None)
    found = [it for it in (bench.folder / 'inbox').rglob('*') if it.is_file()]
    if len(found) != 1:
        raise Failed(f'{len(found)} files: {found}; {(out + said)[-300:]!r}')
    seen = found[0].read_bytes()
    if TEXT not in seen:
        raise Failed(f'{seen[:600]!r}')
    same(mocks().mails(), [], 'what is left')


def maildir(bench):
    for name in ('tmp', 'new', 'cur'):
        (bench.folder / 'inbox' / name).mkdir(parents=True, exist_ok=True)
    for path in (bench.folder / 'inbox').glob('*/*'):
        path.unlink()


@case('--mock pop3, mpop', 'mpop', common=False)
def mpop(bench):
    certificate(bench)
    for auth, tls in (('user', 'off'), ('apop', 'off'), ('plain', 'on'), ('cram-md5', 'on'), ('login', 'on')):
        maildir(bench)
        config = secret(bench, 'mpoprc', f'''account default
host localhost
port {mocks().pop3}
user bob
password "{PASSWORD}"
auth {auth}
tls {tls}
{"tls_trust_file ca.pem" if tls == "on" else ""}
delivery maildir inbox
uidls_file {bench.folder}/{auth}.uidls
received_header off
''')
        fetches(bench, 'mpop', '-q', f'--file={config}')


@case('--mock pop3, fetchmail', 'fetchmail', common=False)
def fetchmail(bench):
    certificate(bench)
    for port, tls in ((mocks().pop3, "sslproto ''"), (mocks().pop3, TLS), (mocks().pop3s, f'ssl {TLS}')):
        maildir(bench)
        config = secret(bench, 'fetchmailrc', f'''poll localhost protocol pop3 port {port} auth password uidl
    user "bob" password "{PASSWORD}" is "bob" here {tls}
    mda "cat > {bench.folder}/inbox/new/mail"
''')
        fetches(bench, 'fetchmail', '--nosyslog', '--pidfile', 'pid', '--idfile', 'ids', '-f', config)


@case('--mock pop3, getmail', 'getmail', common=False)
def getmail(bench):
    certificate(bench)
    for kind, port in (('SimplePOP3Retriever', mocks().pop3), ('SimplePOP3SSLRetriever', mocks().pop3s)):
        maildir(bench)
        certs = f'ca_certs = {bench.folder}/ca.pem' if 'SSL' in kind else ''
        config = secret(bench, 'getmailrc', f'''[retriever]
type = {kind}
server = localhost
port = {port}
username = bob
password = {PASSWORD}
{certs}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {bench.folder}/inbox/new/mail")
allow_root_commands = true
[options]
delete = true
delivered_to = false
received = false
''')
        fetches(bench, 'getmail', f'--getmaildir={bench.folder}', f'--rcfile={config}')


JAVA = '''
import java.net.URI;
import java.net.http.*;

class Ask {
    public static void main(String[] args) throws Exception {
        var client = HttpClient.newHttpClient();
        var place = URI.create(args[0]);
        for (var request : new HttpRequest[] {
                HttpRequest.newBuilder(place).build(),
                HttpRequest.newBuilder(place).POST(HttpRequest.BodyPublishers.ofString("Gr\\u00fc\\u00dfe")).build()}) {
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.version() + " " + answer.body());
        }
    }
}
'''


@case('--mock http, Java', 'java', 'javac', common=False)
def java(bench):
    """It asks for HTTP/2 in passing, which is passed over."""
    bench.file('Ask.java', JAVA)
    said = bench.run('java', '-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', 'Ask.java',
                     f'http://localhost:{mocks().http}/a?b').decode()
    wanted = r'200 HTTP_1_1 GET /a\?b HTTP/1\.1\r\n.*\n200 HTTP_1_1 POST /a\?b HTTP/1\.1\r\n.*\r\n\r\nGrüße\n'
    if not re.fullmatch(wanted, said, re.DOTALL):
        raise Failed(repr(said))
