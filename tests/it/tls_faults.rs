//! What goes wrong with TLS: streams cut short, garbage, plain text on one side alone.

use crate::lang::{End, Peer, PeerListener, Stdin, Wire, connect, it, listen, netcat};

#[test]
fn a_truncated_stream_is_told_and_0() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).stdin(Stdin::Null).connects_to(&listener);
        truncate(listener.accepts());
        client.leaves(0);
        client.shows("half of it");
        client.says(&["truncated"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_truncated_stream_is_1_under_verify() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify").over(Wire::Tls).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        truncate(listener.accepts());
        client.leaves(1);
        client.shows("half of it");
        client.says(&["truncated"]);
    });
}

#[test]
fn a_listener_tells_of_a_truncated_stream() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).quietly().stdin(Stdin::Null).listens();
        truncate(Peer::dials(&server, Wire::Tls));
        server.leaves(0);
        server.shows("half of it");
        server.says(&["truncated"]);
    });
}

fn truncate(mut peer: Peer) {
    peer.sends("half of it");
    peer.truncates();
    // Whatever the program answers is read, so that no reset follows.
    peer.waits_for_end();
}

#[test]
fn a_server_that_speaks_plain_text_is_recognised() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 mail.example ESMTP\r\n");
        client.leaves(1);
        client.says(&["plain text", "220 mail.example", "--ssl", "STARTTLS"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
        client.shows_nothing_more();
    });
}

#[test]
fn a_client_that_speaks_plain_text_is_recognised() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).quietly().listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("EHLO me\r\n");
        peer.waits_for_end();
        server.leaves(1);
        server.says(&["plain text", "EHLO me"]);
        assert_eq!(server.said().len(), 1, "{:?}", server.said());
        server.shows_nothing_more();
    });
}

#[test]
fn a_server_that_expects_tls_is_recognised() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = connect(&listener, "");
        let mut peer = listener.accepts_without_handshake();
        client.types("EHLO me\r\n");
        assert!(matches!(peer.fails_to_shake_hands(), End::Failed(_)));
        peer.half_closes();
        client.says(&["--ssl"]);
        client.ends_stdin();
        client.shows_to_end();
    });
}

#[test]
fn a_client_that_speaks_tls_is_recognised() {
    it(|| {
        let server = listen("");
        let mut client = netcat("").over(Wire::Tls).connects_to(&server);
        server.says(&["--ssl"]);
        drop(server);
        client.leaves(1);
    });
}

#[test]
fn garbage_instead_of_tls_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends([0xff; 100]);
        client.leaves(1);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
        client.shows_nothing_more();
    });
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        listener.accepts().closes();
        client.leaves(1);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_server_that_is_silent_in_the_handshake_is_bounded_by_w() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-w 300ms").over(Wire::Tls).connects_to(&listener);
        let _peer = listener.accepts();
        client.leaves(1);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn close_notify_without_fin_is_an_end() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("first ");
        peer.hears("first ");
        peer.sends("all I have");
        peer.notifies_of_its_end();
        assert_eq!(client.shows_to_end(), b"all I have");
        client.types("second");
        peer.hears("second");
        client.ends_stdin();
        peer.hears_end();
        client.leaves(0);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_client_that_closes_without_reading_is_no_error() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).stdin(Stdin::Null).quietly().listens();
        let mut peer = Peer::dials(&server, Wire::Tls);
        peer.sends("all I have");
        peer.half_closes();
        // The session tickets it has not read make the kernel reset the connection.
        drop(peer);
        server.leaves(0);
        server.shows("all I have");
        assert_eq!(server.said().len(), 0, "{:?}", server.said());
    });
}

#[test]
fn a_corrupted_record_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("good");
        client.shows("good");
        peer.sends_raw(b"\x17\x03\x03\x00\x20................................");
        client.leaves(1);
        client.shows_nothing_more();
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}
