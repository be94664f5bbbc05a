//! What is said on stderr, in the words that scripts look for.

use crate::lang::{Peer, PeerListener, Session, Stdin, Wire, connect, free_port, it, listen, netcat, over_tcp_and_tls};

over_tcp_and_tls!(without_v_nothing_is_said, v_tells_the_totals, quiet_hides_what_is_no_error);

fn without_v_nothing_is_said(wire: Wire) {
    let mut server = netcat("").over(wire).quietly().listens();
    let mut client = netcat("").over(wire).connects_to(&server);
    client.types("hello");
    client.ends_stdin();
    server.shows("hello");
    server.ends_stdin();
    client.leaves(0);
    server.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
    assert_eq!(server.said().len(), 0, "{:?}", server.said());
}

fn v_tells_the_totals(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-v").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("four");
    peer.hears("four");
    peer.sends("seven..");
    peer.closes();
    client.shows("seven..");
    client.ends_stdin();
    client.leaves(0);
    client.says(&["4 bytes sent, 7 bytes received in ", " seconds"]);
}

fn quiet_hides_what_is_no_error(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--quiet").over(wire).connects_to(&listener);
    // The stdin that is left behind would be worth a line.
    listener.accepts().closes();
    client.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

#[test]
fn quiet_does_not_hide_errors() {
    it(|| {
        let mut client = netcat("--quiet").connects_to_name("127.0.0.1", free_port());
        client.leaves(1);
        client.says(&["refused"]);
    });
}

#[test]
fn v_tells_who_connected_to_whom() {
    it(|| {
        let server = listen("");
        let address = server.address();
        server.says(&[&format!("Listening on {address}")]);
        let mut client = connect(&server, "-v");
        client.says(&[&format!("Connected to {address}.")]);
        server.says(&["Connection from 127.0.0.1:"]);
        client.ends_stdin();
        drop(server);
        client.leaves(0);
    });
}

#[test]
fn v_tells_of_tls() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let client = netcat("-v").over(Wire::Tls).connects_to(&listener);
        let _peer = listener.accepts();
        client.says(&[&format!("SSL connection to {}.", listener.address())]);
    });
}

#[test]
fn v_begins_with_the_version() {
    it(|| {
        let server = listen("");
        assert!(server.said()[0].starts_with("Version "), "{:?}", server.said());
    });
}

#[test]
fn vv_tells_of_half_closes() {
    it(|| {
        let once = connect_once("-v").said().len();
        let twice = connect_once("-vv").said().len();
        assert!(twice > once, "-v said {once} lines, -vv {twice}");
    });
}

#[test]
fn vv_tells_of_each_half_close_once() {
    it(|| {
        let client = connect_once("-vv");
        assert_eq!(client.times_said(&[": half-closed"]), 1, "{:?}", client.said());
        assert_eq!(client.times_said(&["has half-closed"]), 1, "{:?}", client.said());
    });
}

#[test]
fn every_message_is_one_line_whatever_the_command() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-vv -c").arg("true\ntrue").connects_to(&listener);
        listener.accepts().hears_end();
        client.leaves(0);
        for line in client.stderr().lines() {
            assert!(line.starts_with("rncat: ") || line.starts_with("Ncat: "), "{:?}", client.stderr());
        }
    });
}

#[test]
fn with_k_a_client_that_leaves_is_no_news_to_an_open_stdin() {
    it(|| {
        let server = listen("-k");
        for count in 1..=2 {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends("x");
            peer.half_closes();
            peer.waits_for_end();
            server.says_times(&["bytes received in"], count);
        }
        assert_eq!(server.times_said(&["leaving"]), 0, "{:?}", server.said());
        assert_eq!(server.times_said(&["stdin"]), 0, "{:?}", server.said());
    });
}

fn connect_once(args: &str) -> Session {
    let listener = PeerListener::new(Wire::Plain);
    let mut client = connect(&listener, args);
    let mut peer = listener.accepts();
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    client
}

#[test]
fn z_is_silent() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-z").connects_to(&listener);
        client.leaves(0);
        listener.accepts().hears_end();
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn z_with_v_tells_the_connection_and_the_totals() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-z -v").stdin(Stdin::Null).connects_to(&listener);
        client.leaves(0);
        client.says(&[&format!("Connected to {}.", listener.address())]);
        client.says(&["0 bytes sent, 0 bytes received in"]);
    });
}

#[test]
fn z_with_tls_shakes_hands() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("-z").over(Wire::Tls).connects_to(&listener);
        listener.accepts().hears_end();
        client.leaves(0);
        let plain = PeerListener::new(Wire::Plain);
        let mut client = netcat("-z").over(Wire::Tls).connects_to(&plain);
        plain.accepts().sends("220 plain\r\n");
        client.leaves(1);
    });
}

#[test]
fn z_of_nobody_is_1() {
    it(|| netcat("-z").connects_to_name("127.0.0.1", free_port()).leaves(1));
}

#[test]
fn remote_text_is_escaped() {
    it(|| {
        let server = netcat("").over(Wire::Tls).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("EHLO \x1b[31mred\x07\r\n");
        peer.waits_for_end();
        server.says(&["EHLO"]);
        let stderr = server.stderr();
        assert!(!stderr.contains(['\x1b', '\x07', '\r']), "{stderr:?}");
    });
}
