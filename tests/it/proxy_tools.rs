//! Together with other people's clients and proxies, as far as they are installed.
//!
//! What is sent and answered is played by the test at the other end; `scripts/interop` has more pairs.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::lang::{
    Message, Netcat, Peer, PeerListener, Scratch, Session, Wire, authority_pem, free_port, it, netcat, noise, program,
    same_bytes, tool,
};

#[test]
fn curl_asks_the_http_proxy() {
    it(|| {
        let Some(curl) = curl() else { return };
        let (server, origin) = (proxy("http", ""), PeerListener::new(Wire::Plain));
        let body = noise(61, 500_000);
        let mut client = curl_via(&curl, &format!("-x http://{}", server.address()), &origin).starts();
        let (mut other, request) = asked(&origin);
        assert!(request.head.starts_with("GET /path HTTP/1."), "{}", request.head);
        other.sends(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()));
        other.sends(&body);
        same_bytes(&client.shows_to_end(), &body);
        client.leaves(0);
    });
}

#[test]
fn curl_sends_and_gets_chunks() {
    it(|| {
        let Some(curl) = curl() else { return };
        let (server, origin) = (proxy("http", ""), PeerListener::new(Wire::Plain));
        let options = format!("-x http://{} -H Transfer-Encoding:chunked --data-binary @-", server.address());
        let mut client = curl_via(&curl, &options, &origin).starts();
        client.types("hello");
        client.ends_stdin();
        let mut other = origin.accepts();
        let head = other.hears_through("\r\n\r\n");
        assert!(head.starts_with("POST /path ") && head.contains("Transfer-Encoding: chunked"), "{head}");
        other.hears("5\r\nhello\r\n0\r\n\r\n");
        other.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
        assert_eq!(client.shows_to_end(), b"abc");
        client.leaves(0);
    });
}

#[test]
fn curl_keeps_its_connection() {
    it(|| {
        let Some(curl) = curl() else { return };
        let (server, origins) = (proxy("http", ""), [(); 2].map(|()| PeerListener::new(Wire::Plain)));
        let options = format!("-w %{{num_connects}} -x http://{}", server.address());
        let mut client = curl_via(&curl, &options, &origins[0]);
        client = client.arg(format!("http://{}/2", origins[1].address()));
        let mut client = client.starts();
        for origin in &origins {
            asked(origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
        }
        assert_eq!(client.shows_to_end(), b".1.0");
    });
}

#[test]
fn curl_logs_in() {
    it(|| {
        let Some(curl) = curl() else { return };
        let (server, origin) = (proxy("http", "--proxy-auth joe:secret"), PeerListener::new(Wire::Plain));
        for scheme in ["--proxy-basic", "--proxy-digest", "--proxy-anyauth", "-p --proxy-digest"] {
            let options = format!("{scheme} -U joe:secret -x http://{}", server.address());
            let mut client = curl_via(&curl, &options, &origin).starts();
            asked(&origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
            assert_eq!(client.shows_to_end(), b".", "{scheme}");
        }
        let options = format!("-o /dev/null -w %{{http_code}} --proxy-digest -U joe:x -x http://{}", server.address());
        assert_eq!(curl_via(&curl, &options, &origin).starts().shows_to_end(), b"407");
    });
}

#[test]
fn curl_speaks_to_the_proxy_over_tls() {
    it(|| {
        let Some(curl) = curl() else { return };
        let server = netcat("--proxy-type http").over(Wire::Tls).listens();
        let origin = PeerListener::new(Wire::Plain);
        for tunnel in ["", "-p "] {
            let options = format!("{tunnel}-x https://localhost:{} --proxy-cacert", server.address().port());
            let client = program(&curl, &format!("-sS --max-time 20 {options}"));
            let client = client.arg_file("authority.pem", authority_pem());
            let mut client = client.arg(format!("http://{}/path", origin.address())).starts();
            asked(&origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
            assert_eq!(client.shows_to_end(), b".");
            client.leaves(0);
        }
    });
}

#[test]
fn curl_speaks_socks() {
    it(|| {
        let Some(curl) = curl() else { return };
        let origin = PeerListener::new(Wire::Plain);
        for (kind, option) in
            [("socks4", "--socks4"), ("socks4", "--socks4a"), ("socks5", "--socks5"), ("socks5", "--socks5-hostname")]
        {
            let server = proxy(kind, "");
            let mut client = curl_via(&curl, &format!("{option} {}", server.address()), &origin).starts();
            asked(&origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
            assert_eq!(client.shows_to_end(), b".", "{option}");
        }
        let server = proxy("socks5", "--proxy-auth joe:secret");
        let mut client = curl_via(&curl, &format!("--socks5 joe:secret@{}", server.address()), &origin).starts();
        asked(&origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
        assert_eq!(client.shows_to_end(), b".");
    });
}

#[test]
fn wget_asks_the_http_proxy() {
    it(|| {
        let Some(wget) = tool("wget") else { return };
        let (server, origin) = (proxy("http", "--proxy-auth joe:secret"), PeerListener::new(Wire::Plain));
        let words = "-q -O - --timeout=20 --tries=1 --proxy-user=joe --proxy-password=secret -e use_proxy=yes -e";
        let client = program(&wget, words).arg(format!("http_proxy=http://{}", server.address()));
        let mut client = client.arg(format!("http://{}/path", origin.address())).starts();
        asked(&origin).0.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(client.shows_to_end(), b"hello");
        client.leaves(0);
    });
}

#[test]
fn squid_leads_on() {
    it(|| {
        let Some(squid) = system_tool("squid") else { return };
        let helper = Path::new("/usr/lib/squid/digest_file_auth");
        for digest in [false, true] {
            if digest && !helper.exists() {
                continue;
            }
            let (scratch, port) = (Scratch::open_to_all(), free_port());
            let place = scratch.path(".").display().to_string();
            scratch.file("users", "joe:secret\n");
            let access = if digest {
                format!(
                    "auth_param digest program {} {place}/users\nauth_param digest children 1\n\
                     auth_param digest realm here\nacl known proxy_auth REQUIRED\nhttp_access allow known\n",
                    helper.display()
                )
            } else {
                "http_access allow all\n".to_owned()
            };
            let config = format!(
                "http_port 127.0.0.1:{port}\n{access}http_access deny all\ncache deny all\naccess_log none\n\
                 cache_log {place}/cache.log\npid_filename {place}/squid.pid\ncoredump_dir {place}\n\
                 pinger_enable off\nshutdown_lifetime 0 seconds\n"
            );
            let config = scratch.file("squid.conf", config);
            let _squid = program(&squid, &format!("-N -n rncat{port} -f")).arg(config).starts();
            leads_on(port, if digest { "--proxy-auth joe:secret" } else { "" });
        }
    });
}

#[test]
fn tinyproxy_leads_on() {
    it(|| {
        let Some(tinyproxy) = tool("tinyproxy") else { return };
        let (scratch, port) = (Scratch::new(), free_port());
        let config = format!("Port {port}\nListen 127.0.0.1\nTimeout 20\nBasicAuth joe secret\nMaxClients 10\n");
        let config = scratch.file("tinyproxy.conf", config);
        let _tinyproxy = program(&tinyproxy, "-d -c").arg(config).starts();
        leads_on(port, "--proxy-auth joe:secret");
        let mut client = netcat("--proxy-auth joe:wrong").via(&local(port)).connects_to(&local(port));
        client.leaves(1);
        client.says(&["password"]);
    });
}

#[test]
fn microsocks_leads_on() {
    it(|| {
        let Some(microsocks) = tool("microsocks") else { return };
        for (theirs, ours) in [("", ""), ("-u joe -P secret", "--proxy-auth joe:secret")] {
            let port = free_port();
            let _microsocks = program(&microsocks, &format!("-i 127.0.0.1 -p {port} {theirs}")).starts();
            leads_on(port, &format!("--proxy-type socks5 {ours}"));
        }
    });
}

#[test]
fn dante_leads_on() {
    it(|| {
        let Some(danted) = system_tool("danted") else { return };
        let (scratch, port) = (Scratch::open_to_all(), free_port());
        let place = scratch.path(".").display().to_string();
        let config = format!(
            "logoutput: {place}/log\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\nclientmethod: none\n\
             socksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n\
             client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\nsocks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n"
        );
        let config = scratch.file("danted.conf", config);
        let _danted = program(&danted, "-f").arg(config).arg("-p").arg(scratch.path("pid")).starts();
        for kind in ["socks4", "socks5"] {
            leads_on(port, &format!("--proxy-type {kind}"));
        }
    });
}

#[test]
fn ncat_leads_on() {
    it(|| {
        let Some(ncat) = tool("ncat") else { return };
        let port = free_port();
        let words = format!("-l -k --proxy-type http --proxy-auth joe:secret 127.0.0.1 {port}");
        let _ncat = program(&ncat, &words).starts();
        leads_on(port, "--proxy-auth joe:secret");
    });
}

#[test]
fn ncat_is_led_on() {
    it(|| {
        let Some(ncat) = tool("ncat") else { return };
        for (kind, auth) in [("http", "--proxy-auth joe:secret"), ("http", ""), ("socks4", ""), ("socks5", "")] {
            let (server, origin) = (proxy(kind, auth), PeerListener::new(Wire::Plain));
            let client = program(&ncat, &format!("--proxy-type {kind} {auth}")).via(&server);
            talks(client, &origin);
        }
    });
}

/// Through the proxy on this port, once it is there.
#[track_caller]
fn leads_on(port: u16, options: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        // Other people's servers do not tell when they listen.
        assert!(Instant::now() < until, "the proxy does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    talks(netcat(options).via(&local(port)), &PeerListener::new(Wire::Plain));
}

#[track_caller]
fn talks(client: Netcat, origin: &PeerListener) {
    let mut client = client.connects_to(origin);
    let mut peer: Peer = origin.accepts();
    peer.sends("welcome\n");
    client.shows("welcome\n");
    client.types("up\n");
    peer.hears("up\n");
    let bulk = noise(71, 300_000);
    peer.sends(&bulk);
    same_bytes(&client.shows_bytes(bulk.len()), &bulk);
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
}

fn asked(origin: &PeerListener) -> (Peer, Message) {
    let mut other = origin.accepts();
    let request = other.hears_message();
    (other, request)
}

fn curl() -> Option<PathBuf> {
    tool("curl")
}

fn curl_via(curl: &Path, options: &str, origin: &PeerListener) -> Netcat {
    program(curl, &format!("-sS --max-time 20 {options} http://{}/path", origin.address()))
}

fn proxy(kind: &str, options: &str) -> Session {
    netcat(&format!("--proxy-type {kind} {options}")).listens()
}

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// Daemons are not everybody's to start, but they are there.
fn system_tool(name: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/sbin").join(name);
    if path.is_file() { Some(path) } else { tool(name) }
}
