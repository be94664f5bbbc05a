//! `-C`, and what pipes keep without it.

use crate::lang::{Peer, PeerListener, Stdin, Wire, bound_known_port, connect, it, listen, netcat};

/// The ports where bare LF in a mail is a mistake.
const MAIL_PORTS: [u16; 9] = [2525, 1025, 25, 110, 143, 465, 587, 993, 995];

#[test]
fn c_turns_lf_into_crlf() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = connect(&listener, "-C");
        let mut peer = listener.accepts();
        client.types("EHLO me\nQUIT\n");
        peer.hears("EHLO me\r\nQUIT\r\n");
    });
}

#[test]
fn c_works_in_listen_mode_too() {
    it(|| {
        let server = listen("--crlf");
        let mut peer = Peer::dials(&server, Wire::Plain);
        server.types("one\ntwo\n");
        peer.hears("one\r\ntwo\r\n");
    });
}

#[test]
fn c_leaves_crlf_alone() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-C");
        client.types("a\r\n\r\nb\n\n");
        client.ends_stdin();
        assert_eq!(listener.accepts().hears_to_end(), b"a\r\n\r\nb\r\n\r\n");
    });
}

#[test]
fn c_leaves_crlf_alone_when_it_comes_in_two_reads() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-C");
        let mut peer = listener.accepts();
        client.types("a\r");
        peer.hears("a");
        client.types("\nb\n");
        client.ends_stdin();
        assert_eq!(peer.hears_to_end(), b"\r\nb\r\n");
    });
}

#[test]
fn c_leaves_a_lone_cr_alone() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-C");
        client.types("a\rb\nc\r");
        client.ends_stdin();
        assert_eq!(listener.accepts().hears_to_end(), b"a\rb\r\nc\r");
    });
}

#[test]
fn c_changes_nothing_that_is_received() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-C");
        let mut peer = listener.accepts();
        peer.sends("a\nb\r\nc\r");
        peer.closes();
        client.ends_stdin();
        assert_eq!(client.shows_to_end(), b"a\nb\r\nc\r");
    });
}

#[test]
fn a_pipe_is_exact_whatever_the_greeting() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "");
        let mut peer = listener.accepts();
        peer.sends("220 mail.example ESMTP\r\n");
        client.shows("220 mail.example ESMTP\r\n");
        client.types("EHLO me\n");
        peer.hears("EHLO me\n");
    });
}

#[test]
fn a_file_is_exact() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let bytes = b"GET / HTTP/1.0\n\n\0\r\n\xff\n";
        let _client = netcat("").stdin(Stdin::File(bytes.to_vec())).connects_to(&listener);
        assert_eq!(listener.accepts().hears_to_end(), bytes);
    });
}

#[test]
fn bare_lf_to_a_mail_port_suggests_c_once() {
    it(|| {
        let Some(socket) = bound_known_port(&MAIL_PORTS) else { return };
        let listener = PeerListener::from(socket);
        let mut client = connect(&listener, "");
        let mut peer = listener.accepts();
        client.types("EHLO me\n");
        peer.hears("EHLO me\n");
        client.types("QUIT\n");
        peer.hears("QUIT\n");
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
        assert_eq!(client.times_said(&["-C"]), 1, "{:?}", client.said());
    });
}

#[test]
fn nothing_is_suggested_without_need() {
    it(|| {
        let Some(socket) = bound_known_port(&MAIL_PORTS) else { return };
        let mail = PeerListener::from(socket);
        let elsewhere = PeerListener::new(Wire::Plain);
        for (listener, args, text) in [(&mail, "", "QUIT\r\n"), (&mail, "-C", "QUIT\n"), (&elsewhere, "", "QUIT\n")] {
            let mut client = connect(listener, args);
            let mut peer = listener.accepts();
            client.types(text);
            peer.hears("QUIT");
            client.ends_stdin();
            peer.hears_to_end();
            peer.closes();
            client.leaves(0);
            assert_eq!(client.said().len(), 0, "{:?}", client.said());
        }
    });
}
