//! Credentials for a proxy, and for being one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use aws_lc_rs::digest;

use crate::lang::{Message, Peer, PeerListener, Wire, it, netcat};

const GRANTED: &str = "HTTP/1.1 200 OK\r\n\r\n";
const BASIC: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 6\r\n\r\nhidden";
const JOE: &str = "Basic am9lOnNlY3JldA==";

#[test]
fn a_proxy_that_demands_credentials_gets_them_on_the_same_connection() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), None);
        peer.sends(BASIC);
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some(JOE));
        peer.sends(format!("{GRANTED}early"));
        client.shows("early");
    });
}

#[test]
fn a_proxy_that_closes_is_connected_to_again() {
    it(|| {
        for demand in [
            BASIC.replace("Content-Length", "Connection: close\r\nContent-Length"),
            BASIC.replace("HTTP/1.1", "HTTP/1.0"),
            BASIC.replace("Content-Length: 6", "X: y"),
            BASIC.replace("hidden", ""),
            BASIC.to_owned(),
        ] {
            let proxy = PeerListener::new(Wire::Plain);
            let mut client = netcat("--proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
            let mut peer = proxy.accepts();
            peer.hears_message();
            peer.sends(&demand);
            peer.closes();
            let mut peer = proxy.accepts();
            assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some(JOE));
            peer.sends(format!("{GRANTED}early"));
            client.shows("early");
            assert_eq!(client.said(), [""; 0], "{demand}");
        }
    });
}

/// It has promised to stay, and its reset comes instead of an end.
#[test]
fn a_proxy_that_resets_instead_is_connected_to_again() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends(BASIC);
        peer.hears_message();
        peer.resets();
        let mut peer = proxy.accepts();
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some(JOE));
        peer.sends(format!("{GRANTED}early"));
        client.shows("early");
    });
}

#[test]
fn digest_is_preferred_and_right() {
    it(|| {
        let demand = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate, Basic realm=x, Digest realm=\"r\", \
                      nonce=\"n\", qop=\"auth\", algorithm=MD5\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\", \
                      qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n";
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends(demand);
        let said = peer.hears_message().field("Proxy-Authorization").unwrap().to_owned();
        let parameter = |name: &str| {
            let (_, rest) = said.split_once(&format!("{name}=")).unwrap();
            rest.split([',', ' ']).next().unwrap().trim_matches('"').to_owned()
        };
        assert!(said.starts_with("Digest ") && parameter("uri") == "h.test:7000", "{said}");
        let expected = Digest { nonce: "n", count: "00000001", cnonce: &parameter("cnonce") };
        assert_eq!(parameter("response"), expected.response("joe:r:secret", "CONNECT:h.test:7000"));
        peer.sends(format!("{GRANTED}early"));
        client.shows("early");
    });
}

#[test]
fn wrong_credentials_are_1() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("-vvv --proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        for _ in 0..2 {
            peer.hears_message();
            peer.sends(BASIC);
        }
        client.leaves(1);
        client.says(&["407", "password"]);
        client.shows_nothing_more();
        assert!(!client.stderr().contains("secret") && !client.stderr().contains("am9lOnNl"), "{}", client.stderr());
    });
}

#[test]
fn a_proxy_that_demands_for_ever_is_1() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-auth joe:secret").via(&proxy).connects_to_name("h.test", 7000);
        let stale = "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=r, nonce=n, qop=auth, stale=true\r\n\r\n";
        // One connection for each, and no more than there is sense in.
        for _ in 0..4 {
            let mut peer = proxy.accepts();
            peer.hears_message();
            peer.sends(stale);
            peer.closes();
        }
        client.leaves(1);
        client.says(&["407"]);
    });
}

#[test]
fn a_demand_without_credentials_to_give_is_1() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("").via(&proxy).connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends(BASIC);
        client.leaves(1);
        client.says(&["407", "--proxy-auth"]);
        client.shows_nothing_more();
    });
}

#[test]
fn the_environment_may_have_the_credentials() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("").env("NCAT_PROXY_AUTH", "joe:secret").via(&proxy);
        let _client = client.connects_to_name("h.test", 7000);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends(BASIC);
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some(JOE));
    });
}

#[test]
fn credentials_in_the_environment_that_make_no_sense_are_2() {
    it(|| {
        for odd in [&b"j\xf6e:secret"[..], b":secret", b"joe:\x07"] {
            let server = netcat("-l --proxy-type http 127.0.0.1 0").env("NCAT_PROXY_AUTH", OsStr::from_bytes(odd));
            server.starts().leaves(2);
        }
    });
}

#[test]
fn a_server_demands_credentials() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = netcat("--proxy-type http --proxy-auth joe:secret").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let demand = ask(&mut peer, &origin, "");
        let schemes: Vec<_> =
            demand.fields("Proxy-Authenticate").iter().filter_map(|it| it.split(' ').next()).collect();
        assert!(demand.status() == 407 && schemes.contains(&"Basic") && schemes.contains(&"Digest"), "{}", demand.head);
        for wrong in ["Basic am9lOg==", "Basic !", "Basic", "NTLM x", "Digest", "Digest username=\"joe\"", ""] {
            assert_eq!(ask(&mut peer, &origin, wrong).status(), 407, "{wrong}");
        }
        tell(&mut peer, &origin, JOE);
        let mut answered = origin.accepts();
        let request = answered.hears_message();
        assert_eq!(request.field("Proxy-Authorization"), None, "it is for the proxy alone");
        answered.sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(peer.hears_message().status(), 200);
    });
}

#[test]
fn a_digest_is_good_once() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = netcat("--proxy-type http --proxy-auth joe:secret").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let uri = format!("http://{}/", origin.address());
        let demand = ask(&mut peer, &origin, "");
        let (realm, nonce) = challenge(&demand);
        let answer = |count: &str, password: &str| {
            let digest = Digest { nonce: &nonce, count, cnonce: "c" };
            let response = digest.response(&format!("joe:{realm}:{password}"), &format!("GET:{uri}"));
            format!(
                "Digest username=\"joe\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm=SHA-256, \
                 qop=auth, nc={count}, cnonce=\"c\", response=\"{response}\""
            )
        };
        let mut granted = |count: &str| {
            tell(&mut peer, &origin, &answer(count, "secret"));
            let mut answered = origin.accepts();
            answered.hears_message();
            answered.sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(peer.hears_message().status(), 200);
        };
        granted("00000001");
        granted("00000002");
        granted("00000004");
        for count in ["00000004", "00000002", "00000001", "00000003"] {
            let refused = ask(&mut peer, &origin, &answer(count, "secret"));
            assert!(refused.status() == 407 && refused.head.contains("stale=true"), "{}", refused.head);
        }
        let mut elsewhere = Peer::dials(&server, Wire::Plain);
        let refused = ask(&mut elsewhere, &origin, &answer("00000001", "secret"));
        assert!(refused.status() == 407 && refused.head.contains("stale=true"), "{}", refused.head);
        for (count, password) in [("00000005", "wrong"), ("5", "secret"), ("00000000", "secret")] {
            let refused = ask(&mut peer, &origin, &answer(count, password));
            assert!(refused.status() == 407, "{count} {password}: {}", refused.head);
        }
    });
}

/// Sends a request with this Proxy-Authorization, or with none.
#[track_caller]
fn tell(peer: &mut Peer, origin: &PeerListener, credentials: &str) {
    let address = origin.address();
    let field = if credentials.is_empty() { String::new() } else { format!("Proxy-Authorization: {credentials}\r\n") };
    peer.sends(format!("GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\n{field}\r\n"));
}

#[track_caller]
fn ask(peer: &mut Peer, origin: &PeerListener, credentials: &str) -> Message {
    tell(peer, origin, credentials);
    peer.hears_message()
}

/// The realm and the nonce of the challenge with SHA-256.
fn challenge(demand: &Message) -> (String, String) {
    let all = demand.fields("Proxy-Authenticate");
    let digest = all.iter().find(|it| it.contains("SHA-256")).unwrap();
    let parameter = |name: &str| {
        let (_, rest) = digest.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    (parameter("realm"), parameter("nonce"))
}

/// RFC 7616, 3.4.1, with SHA-256 and qop=auth.
struct Digest<'a> {
    nonce: &'a str,
    count: &'a str,
    cnonce: &'a str,
}

impl Digest<'_> {
    fn response(&self, who: &str, what: &str) -> String {
        let Self { nonce, count, cnonce } = self;
        hash(&format!("{}:{nonce}:{count}:{cnonce}:auth:{}", hash(who), hash(what)))
    }
}

fn hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
