//! `--starttls PROTO` with servers that refuse, cannot, or are not alone: nothing goes on in clear.

use crate::lang::{Peer, PeerListener, Session, Wire, it, netcat};
use crate::starttls::offers_starttls;

#[test]
fn bytes_in_clear_behind_the_agreement_are_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls smtp");
        offers_starttls(&mut peer);
        peer.sends("220 go\r\n250 injected\r\n");
        gives_up(&mut client, &mut peer, &["STARTTLS (smtp) with 127.0.0.1:", ": 14 bytes came in clear behind"]);
    });
}

#[test]
fn what_a_database_says_in_clear_behind_its_greeting_is_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls mysql");
        peer.sends(b"\x18\0\0\0\x0a8.0.1\0\x07\0\0\0noncenon\0\xff\xff\x21\x02injected");
        peer.hears_bytes(36);
        gives_up(&mut client, &mut peer, &["STARTTLS (mysql) with", "8 bytes came in clear"]);
    });
}

#[test]
fn a_server_that_does_not_offer_it_is_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls smtp");
        peer.sends("220 hi\r\n");
        assert!(peer.hears_line().starts_with("EHLO "));
        peer.sends("250-mail\r\n250 XSTARTTLS\r\n");
        gives_up(&mut client, &mut peer, &["it does not offer STARTTLS", "--ssl"]);
    });
}

#[test]
fn a_refusal_is_quoted_and_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls smtp");
        offers_starttls(&mut peer);
        peer.sends("454 4.7.0 \x1b[31mnot now\r\n");
        gives_up(&mut client, &mut peer, &["it refuses STARTTLS: 454 4.7.0 \\u{1b}[31mnot now"]);
    });
}

#[test]
fn a_mailbox_that_is_open_already_is_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls imap");
        peer.sends("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n");
        gives_up(&mut client, &mut peer, &["PREAUTH"]);
    });
}

#[test]
fn an_endless_reply_is_1() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls smtp");
        peer.sends_until_blocked(&vec![b'2'; 10_000]);
        gives_up(&mut client, &mut peer, &["longer than 8192 bytes"]);
    });
}

#[test]
fn a_server_that_leaves_without_a_greeting_is_1_and_ssl_is_proposed() {
    it(|| {
        let (mut client, peer) = meets("--starttls pop3");
        peer.closes();
        client.leaves(1);
        client.says(&["STARTTLS (pop3) with", "it closed the connection without a word", "--ssl"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_server_that_waits_for_tls_is_1_and_ssl_is_proposed() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("-w 300ms --starttls smtp").connects_to(&listener);
        let _peer = listener.accepts_without_handshake();
        client.leaves(1);
        client.says(&["STARTTLS (smtp) with", "TIMEOUT", "--ssl"]);
    });
}

#[test]
fn a_server_that_answers_with_an_alert_is_recognised() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("--starttls irc").connects_to(&listener);
        let mut peer = listener.accepts_without_handshake();
        peer.fails_to_shake_hands();
        client.leaves(1);
        client.says(&["STARTTLS (irc) with", "it speaks TLS from the first byte on", "--ssl"]);
    });
}

#[test]
fn another_kind_of_server_is_recognised() {
    it(|| {
        let (mut client, mut peer) = meets("--starttls postgres");
        peer.sends(b"220 mail\r\n");
        peer.hears_bytes(8);
        gives_up(&mut client, &mut peer, &["not PostgreSQL's", "another kind of server"]);
    });
}

#[test]
fn the_server_that_a_proxy_leads_to_is_named() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--starttls postgres").via(&proxy).connects_to_name("db.example", 5432);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends("HTTP/1.1 200 OK\r\n\r\n");
        peer.hears(b"\0\0\0\x08\x04\xd2\x16\x2f");
        peer.sends("N");
        gives_up(&mut client, &mut peer, &["STARTTLS (postgres) with db.example:5432: it does not offer TLS"]);
    });
}

/// A client with something to say, and the server it has come to.
fn meets(args: &str) -> (Session, Peer) {
    let listener = PeerListener::new(Wire::Plain);
    let client = netcat(args).connects_to(&listener);
    client.types("AUTH PLAIN secret\r\n");
    let peer = listener.accepts();
    (client, peer)
}

/// The client says why in one line, and nothing more to the server.
#[track_caller]
fn gives_up(client: &mut Session, peer: &mut Peer, words: &[&str]) {
    assert_eq!(peer.hears_what_is_left(), b"");
    client.leaves(1);
    client.says(words);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
    client.shows_nothing_more();
}
