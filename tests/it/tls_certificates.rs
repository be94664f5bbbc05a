//! Whom a TLS connection is with: warnings under `--ssl`, refusals under `--ssl-verify`.

use crate::lang::{
    Identity, Peer, PeerListener, Scratch, Session, Stdin, Tls, Wire, authority_pem, it, netcat, sha256,
};

#[test]
fn a_trusted_certificate_is_no_matter() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify").over(Wire::Tls).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn an_address_is_found_in_a_certificate() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify").over(Wire::Tls).stdin(Stdin::Null);
        let mut client = session.connects_to_name("127.0.0.1", listener.address().port());
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn an_intermediate_authority_is_found_in_the_chain() {
    it(|| {
        let listener = PeerListener::with_tls(Tls::server(&Identity::with_intermediate()));
        let session = netcat("--ssl-verify").trusting(&authority_pem()).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_self_signed_certificate_is_told() {
    it(|| is_warned_of(&Identity::self_signed(), &["self-signed"]));
}

#[test]
fn an_expired_certificate_is_told_with_its_date() {
    it(|| is_warned_of(&Identity::expired(), &["expired", "2020"]));
}

#[test]
fn a_certificate_for_another_is_told_with_its_name() {
    it(|| is_warned_of(&Identity::issued_for(&["other.example"]), &["other.example"]));
}

#[test]
fn an_unknown_issuer_is_told() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("--ssl").stdin(Stdin::Null).connects_to(&listener);
        exchange(&listener, &mut client);
        client.says(&["unknown issuer"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn verify_refuses_a_self_signed_certificate() {
    it(|| is_refused(&Identity::self_signed(), &["self-signed"]));
}

#[test]
fn verify_refuses_an_expired_certificate() {
    it(|| is_refused(&Identity::expired(), &["expired", "2020"]));
}

#[test]
fn verify_refuses_a_certificate_for_another() {
    it(|| is_refused(&Identity::issued_for(&["other.example"]), &["other.example"]));
}

#[test]
fn verify_refuses_an_unknown_issuer() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("--ssl-verify").connects_to(&listener);
        listener.accepts_without_handshake().fails_to_shake_hands();
        client.leaves(1);
        client.says(&["unknown issuer"]);
    });
}

#[test]
fn quiet_hides_the_warning() {
    it(|| {
        let listener = PeerListener::with_tls(Tls::server(&Identity::self_signed()));
        let mut client = netcat("--ssl --quiet").stdin(Stdin::Null).connects_to(&listener);
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn ssl_cert_file_is_heeded() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.file("roots.pem", authority_pem());
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify").env("SSL_CERT_FILE", file).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        exchange(&listener, &mut client);
    });
}

#[test]
fn ssl_cert_dir_is_heeded() {
    it(|| {
        let scratch = Scratch::new();
        // Named like a subject's hash, as OpenSSL's rehash would.
        scratch.file("0a1b2c3d.0", authority_pem());
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify").env("SSL_CERT_DIR", scratch.path("")).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        exchange(&listener, &mut client);
    });
}

#[test]
fn a_trustfile_replaces_the_stores() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.file("roots.pem", authority_pem());
        let listener = PeerListener::new(Wire::Tls);
        let other = Identity::self_signed().certificate_pem();
        let session = netcat("--ssl-verify").trusting(&other).env("SSL_CERT_FILE", file);
        let mut client = session.connects_to(&listener);
        listener.accepts_without_handshake().fails_to_shake_hands();
        client.leaves(1);
    });
}

#[test]
fn a_trusted_self_signed_certificate_is_trusted() {
    it(|| {
        let identity = Identity::self_signed();
        let listener = PeerListener::with_tls(Tls::server(&identity));
        let trusting = netcat("--ssl-verify").trusting(&identity.certificate_pem());
        let mut client = trusting.stdin(Stdin::Null).connects_to(&listener);
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_listener_without_a_certificate_makes_one_and_prints_its_fingerprint() {
    it(|| {
        let server = netcat("--ssl").listens();
        let peer = Peer::dials_tls(&server, &Tls::trusting_client());
        let certificate = &peer.tls().peer_certificates().unwrap()[0];
        assert_eq!(fingerprint_told_by(&server), sha256(certificate).replace(':', ""));
    });
}

#[test]
fn a_printed_fingerprint_can_be_trusted() {
    it(|| {
        let mut server = netcat("--ssl").stdin(Stdin::Null).listens();
        let fingerprint = fingerprint_told_by(&server);
        let session = netcat("--ssl-verify --ssl-fingerprint").arg(&fingerprint);
        let mut client = session.connects_to(&server);
        client.types("hello");
        client.ends_stdin();
        server.shows("hello");
        server.leaves(0);
        client.leaves(0);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_fingerprint_trusts_exactly_one_certificate() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let other = sha256(&Identity::self_signed().chain[0]);
        let session = netcat("--ssl-fingerprint").arg(other).over(Wire::Tls);
        let mut client = session.connects_to(&listener);
        listener.accepts_without_handshake().fails_to_shake_hands();
        client.leaves(1);
        client.says(&["fingerprint"]);
    });
}

#[test]
fn a_fingerprint_may_have_colons() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-fingerprint").arg(sha256(&Identity::trusted().chain[0]));
        let mut client = session.stdin(Stdin::Null).connects_to(&listener);
        exchange(&listener, &mut client);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_certificates_text_is_escaped() {
    it(|| {
        let identity = Identity::self_signed_by("\x1b[31mred\r\n");
        let listener = PeerListener::with_tls(Tls::server(&identity));
        let mut client = netcat("-v --ssl").stdin(Stdin::Null).connects_to(&listener);
        exchange(&listener, &mut client);
        client.says(&["red"]);
        assert!(!client.stderr().contains(['\x1b', '\r']), "{:?}", client.stderr());
    });
}

#[test]
fn v_tells_of_the_certificate() {
    it(|| {
        let listener = PeerListener::with_tls(Tls::server(&Identity::expired()));
        let trusting = netcat("-v --ssl").trusting(&authority_pem()).stdin(Stdin::Null);
        let mut client = trusting.connects_to(&listener);
        exchange(&listener, &mut client);
        for fact in ["localhost", "Test Authority", "2020"] {
            client.says(&[fact]);
        }
    });
}

fn is_warned_of(identity: &Identity, words: &[&str]) {
    let listener = PeerListener::with_tls(Tls::server(identity));
    let trusting = netcat("--ssl").trusting(&authority_pem()).stdin(Stdin::Null);
    let mut client = trusting.connects_to(&listener);
    exchange(&listener, &mut client);
    client.says(words);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn is_refused(identity: &Identity, words: &[&str]) {
    let listener = PeerListener::with_tls(Tls::server(identity));
    let mut client = netcat("--ssl-verify").trusting(&authority_pem()).connects_to(&listener);
    listener.accepts_without_handshake().fails_to_shake_hands();
    client.leaves(1);
    client.says(words);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn exchange(listener: &PeerListener, client: &mut Session) {
    let mut peer = listener.accepts();
    peer.sends("hello");
    peer.closes();
    client.leaves(0);
    client.shows("hello");
}

/// The 64 hexadecimal digits in a listener's words, however they are grouped.
fn fingerprint_told_by(server: &Session) -> String {
    let line = server.says(&["fingerprint"]);
    let words = line.split_whitespace().map(|word| word.replace(':', "").to_uppercase());
    let is_hex = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words: Vec<_> = words.collect();
    let found = words.iter().map(|word| word.trim_matches(['.', ','])).find(|word| is_hex(word));
    found.unwrap_or_else(|| panic!("no fingerprint in {line:?}")).to_owned()
}
