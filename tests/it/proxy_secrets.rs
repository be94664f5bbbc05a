//! Credentials in a file: read once, shown nowhere, forgotten when they have been used.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::lang::{Netcat, Peer, PeerListener, Scratch, Session, Wire, it, netcat};

const GRANTED: &str = "HTTP/1.1 200 OK\r\n\r\n";
const BASIC: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
const DIGEST: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"\r\n\
    Content-Length: 0\r\n\r\n";
/// Long enough to be found nowhere by chance.
const PASSWORD: &str = "correct-horse-battery-staple";
const LOGIN: &str = "joe:correct-horse-battery-staple";
const ENCODED: &str = "am9lOmNvcnJlY3QtaG9yc2UtYmF0dGVyeS1zdGFwbGU=";

#[test]
fn a_file_says_who_we_are() {
    it(|| {
        let (scratch, proxy) = (Scratch::new(), PeerListener::new(Wire::Plain));
        let client = netcat("-vvv --proxy-auth-file").arg(private(&scratch, &format!("{LOGIN}\n")));
        let (mut client, _peer) = joined_by_basic(client, &proxy);
        client.ends_stdin();
        let said = client.stderr();
        assert!(!said.contains(PASSWORD) && !said.contains(ENCODED) && !said.contains("chmod"), "{said}");
    });
}

#[test]
fn a_file_says_who_may_use_a_proxy() {
    it(|| {
        let (scratch, origin) = (Scratch::new(), PeerListener::new(Wire::Plain));
        for kind in ["http", "socks5"] {
            let file = || private(&scratch, LOGIN);
            let server = netcat("--proxy-type").arg(kind).arg("--proxy-auth-file").arg(file()).listens();
            let client = |auth: &str| netcat(auth).arg("--proxy-type").arg(kind).via(&server).connects_to(&origin);
            client("--proxy-auth joe:wrong").leaves(1);
            let mut client = client(&format!("--proxy-auth {LOGIN}"));
            let mut peer = origin.accepts();
            peer.sends("hello");
            client.shows("hello");
        }
    });
}

#[test]
fn a_file_that_all_may_read_is_warned_of() {
    it(|| {
        let (scratch, proxy) = (Scratch::new(), PeerListener::new(Wire::Plain));
        let file = private(&scratch, LOGIN);
        for (mode, warns) in [(0o600, 0), (0o640, 0), (0o644, 1), (0o604, 1)] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let (mut client, peer) = joined_by_basic(netcat("--proxy-auth-file").arg(&file), &proxy);
            client.ends_stdin();
            peer.closes();
            client.leaves(0);
            assert_eq!(client.times_said(&["every user may read it", "chmod 600"]), warns, "{mode:o}");
        }
    });
}

#[test]
fn a_file_that_says_nothing_of_use_is_2_and_is_not_shown() {
    it(|| {
        let scratch = Scratch::new();
        for (content, why) in
            [("", "user is missing"), ("joe:hush\nme:hush", "more than one line"), ("joe:hush\x07", "")]
        {
            for mode in ["--proxy 127.0.0.1:1 127.0.0.1 1", "-l --proxy-type socks5 127.0.0.1 0"] {
                let file = private(&scratch, content);
                let mut session = netcat("--proxy-auth-file").arg(&file).arg_words(mode).starts();
                session.leaves(2);
                session.says(&["--proxy-auth-file", why]);
                assert!(!session.stderr().contains("hush"));
            }
        }
        for (words, why) in [
            ("--proxy-auth-file /nonexistent --proxy x 127.0.0.1 1", "/nonexistent"),
            ("--proxy-auth-file - --proxy x 127.0.0.1 1", "stdin"),
            ("--proxy-auth-file x --proxy-auth a:b --proxy x 127.0.0.1 1", "--proxy-auth and --proxy-auth-file"),
        ] {
            let mut session = netcat(words).starts();
            session.leaves(2);
            session.says(&[why]);
        }
    });
}

#[test]
fn a_file_goes_before_the_environment() {
    it(|| {
        let (scratch, proxy) = (Scratch::new(), PeerListener::new(Wire::Plain));
        let client = netcat("--proxy-auth-file").arg(private(&scratch, LOGIN)).env("NCAT_PROXY_AUTH", "joe:other");
        joined_by_basic(client, &proxy);
    });
}

#[test]
fn what_was_said_to_a_proxy_is_in_memory_no_more() {
    it(|| {
        let (scratch, proxy) = (Scratch::new(), PeerListener::new(Wire::Plain));
        let client = || netcat("--proxy-auth-file").arg(private(&scratch, LOGIN));
        let (client_basic, _peer) = joined_by_basic(client(), &proxy);
        let (client_digest, _other) = joined_by_digest(client(), &proxy);
        let (client_socks, _third) = joined_by_socks(client(), &proxy);
        for client in [&client_basic, &client_digest, &client_socks] {
            for text in [PASSWORD, ENCODED] {
                assert_eq!(client.remembers(text.as_bytes()), Vec::<String>::new(), "{text}");
            }
        }
        // What the command line or the environment says stays where the kernel has put it; and so it would be found.
        let (client, _peer) = joined_by_basic(netcat("--proxy-auth").arg(LOGIN), &proxy);
        assert!(client.remembers(PASSWORD.as_bytes()).contains(&"[stack]".to_owned()));
    });
}

#[test]
fn what_a_client_of_socks_has_said_is_in_memory_no_more() {
    it(|| {
        let scratch = Scratch::new();
        // Another password than that of the client, because a server has to know its own.
        let login = private(&scratch, "joe:right");
        let server = netcat("--proxy-type socks5 --proxy-auth-file").arg(login).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends([5, 1, 2]);
        peer.hears([5, 2]);
        peer.sends([b"\x01\x03joe\x1c", PASSWORD.as_bytes()].concat());
        peer.hears([1, 1]);
        // Who hears that is forgotten only then.
        peer.hears_end();
        assert_eq!(server.remembers(PASSWORD.as_bytes()), Vec::<String>::new());
    });
}

fn private(scratch: &Scratch, content: &str) -> PathBuf {
    let file = scratch.file("login", content);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    file
}

#[track_caller]
fn joined_by_basic(client: Netcat, proxy: &PeerListener) -> (Session, Peer) {
    let mut client = client.via(proxy).connects_to_name("h.test", 7000);
    let mut peer = proxy.accepts();
    peer.hears_message();
    peer.sends(BASIC);
    let value = format!("Basic {ENCODED}");
    assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some(value.as_str()));
    peer.sends(format!("{GRANTED}hello"));
    client.shows("hello");
    (client, peer)
}

#[track_caller]
fn joined_by_digest(client: Netcat, proxy: &PeerListener) -> (Session, Peer) {
    let mut client = client.via(proxy).connects_to_name("h.test", 7000);
    let mut peer = proxy.accepts();
    peer.hears_message();
    peer.sends(DIGEST);
    assert!(peer.hears_message().field("Proxy-Authorization").unwrap().starts_with("Digest username=\"joe\""));
    peer.sends(format!("{GRANTED}hello"));
    client.shows("hello");
    (client, peer)
}

#[track_caller]
fn joined_by_socks(client: Netcat, proxy: &PeerListener) -> (Session, Peer) {
    let mut client = client.arg_words("--proxy-type socks5").via(proxy).connects_to_name("h.test", 7000);
    let mut peer = proxy.accepts();
    peer.hears([5, 2, 0, 2]);
    peer.sends([5, 2]);
    peer.hears([b"\x01\x03joe\x1c", PASSWORD.as_bytes()].concat());
    peer.sends([1, 0]);
    peer.hears(b"\x05\x01\x00\x03\x06h.test\x1b\x58");
    peer.sends(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00hello");
    client.shows("hello");
    (client, peer)
}
