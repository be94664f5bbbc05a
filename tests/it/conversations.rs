//! The table of ends: in a conversation the half-close waits until the peer has been silent.
//!
//! A peer that keeps talking tells waiting from not waiting without looking at the clock: the
//! half-close that waits for its silence never comes while it talks.

use std::time::Instant;

use crate::lang::{Peer, PeerListener, Session, Wire, bound_known_port, it, ms, netcat, noise};

/// Silence that ends a conversation.
const SILENCE: std::time::Duration = ms(500);

#[test]
fn a_mail_greeting_makes_one() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 mail.example ESMTP\r\n");
        client.shows("220 mail.example ESMTP\r\n");
        client.types("QUIT\r\n");
        client.ends_stdin();
        peer.hears("QUIT\r\n");
        half_close_waits(&mut peer, &mut client);
    });
}

#[test]
fn a_mail_port_makes_one() {
    it(|| {
        let Some(socket) = bound_known_port(&[2525, 1025, 25, 587, 110, 143]) else { return };
        let listener = PeerListener::from(socket);
        let mut client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("QUIT\r\n");
        client.ends_stdin();
        peer.hears("QUIT\r\n");
        half_close_waits(&mut peer, &mut client);
    });
}

#[test]
fn little_over_tls_makes_one() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("GET / HTTP/1.0\r\n\r\n");
        client.ends_stdin();
        peer.hears("GET / HTTP/1.0\r\n\r\n");
        half_close_waits(&mut peer, &mut client);
    });
}

#[test]
fn a_server_that_hangs_up_ends_it_earlier() {
    it(|| {
        for wire in [Wire::Plain, Wire::Tls] {
            let listener = PeerListener::new(wire);
            let mut client = netcat("").over(wire).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends("220 mail.example ESMTP\r\n");
            client.shows("220 mail.example ESMTP\r\n");
            client.types("QUIT\r\n");
            client.ends_stdin();
            peer.hears("QUIT\r\n");
            peer.sends("221 bye\r\n");
            // The server ends first: nothing has been heard of the client's half-close before it.
            peer.half_closes();
            client.shows("221 bye\r\n");
            client.leaves(0);
            peer.hears_end();
        }
    });
}

#[test]
fn plain_bytes_do_not_make_one() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("anything");
        client.ends_stdin();
        peer.hears("anything");
        assert!(ends_while_talking(&mut peer), "the half-close waited for silence");
    });
}

#[test]
fn a_bulk_transfer_over_tls_does_not_make_one() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        let bulk = noise(1, 300 * 1024);
        client.types_all(bulk.clone());
        peer.hears(&bulk);
        assert!(ends_while_talking(&mut peer), "the half-close waited for silence");
    });
}

#[test]
fn a_listener_does_not_make_one() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).listens();
        let mut peer = Peer::dials(&server, Wire::Tls);
        server.types("answer");
        server.ends_stdin();
        peer.hears("answer");
        assert!(ends_while_talking(&mut peer), "the half-close waited for silence");
    });
}

fn half_close_waits(peer: &mut Peer, client: &mut Session) {
    assert!(!ends_while_talking(peer), "the half-close did not wait for silence");
    let before = Instant::now();
    peer.sends("221 bye\r\n");
    peer.hears_end();
    assert!(before.elapsed() >= SILENCE);
    peer.half_closes();
    client.leaves(0);
    assert!(client.shows_to_end().ends_with(b"221 bye\r\n"));
}

/// Talks, with pauses that are no silence, and tells whether the program's end came meanwhile.
fn ends_while_talking(peer: &mut Peer) -> bool {
    (0..10).any(|_| {
        peer.sends(".");
        peer.ends_within(ms(100))
    })
}
