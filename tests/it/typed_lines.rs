//! At a terminal CRLF comes on by itself, when there is evidence of a protocol that wants it.

use crate::lang::{Peer, PeerListener, Wire, bound_known_port, it, netcat};

#[test]
fn a_greeting_is_evidence() {
    it(|| {
        for greeting in ["220 mail.example ESMTP\r\n", "+OK ready\r\n", "* OK IMAP4rev2\r\n", "200 news\r\n"] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = netcat("").at_a_terminal().connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends(greeting);
            client.shows(greeting);
            client.types("whoever\n");
            peer.hears("whoever\r\n");
        }
    });
}

#[test]
fn a_typed_line_is_evidence_from_then_on() {
    it(|| {
        for line in ["EHLO me", "helo me", "GET / HTTP/1.1", "POST /mail HTTP/1.0"] {
            let listener = PeerListener::new(Wire::Plain);
            let client = netcat("").at_a_terminal().connects_to(&listener);
            let mut peer = listener.accepts();
            client.types("before\n");
            peer.hears("before\n");
            client.types(format!("{line}\n"));
            peer.hears(format!("{line}\r\n"));
            client.types("after\n");
            peer.hears("after\r\n");
        }
    });
}

#[test]
fn a_typed_reply_is_evidence_when_playing_the_server() {
    it(|| {
        for line in ["220 me ESMTP", "+OK ready", "* OK ready", "HTTP/1.1 200 OK"] {
            let server = netcat("").at_a_terminal().listens();
            let mut peer = Peer::dials(&server, Wire::Plain);
            server.types(format!("{line}\n"));
            peer.hears(format!("{line}\r\n"));
            server.types("after\n");
            peer.hears("after\r\n");
        }
    });
}

#[test]
fn a_known_port_is_evidence() {
    it(|| {
        let Some(socket) = bound_known_port(&[2525, 8025, 1110, 1143, 1025, 8000, 8080]) else {
            return;
        };
        let listener = PeerListener::from(socket);
        let client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("anything\n");
        peer.hears("anything\r\n");
    });
}

#[test]
fn without_evidence_a_shell_gets_plain_lf() {
    it(|| {
        let mut server = netcat("").at_a_terminal().listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("$ ");
        server.shows("$ ");
        server.types("ls -l\n");
        peer.hears("ls -l\n");
        server.types("echo 220 EHLO\n");
        peer.hears("echo 220 EHLO\n");
    });
}

#[test]
fn no_crlf_forbids_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--no-crlf").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 mail.example ESMTP\r\n");
        client.shows("220 mail.example ESMTP\r\n");
        client.types("EHLO me\n");
        peer.hears("EHLO me\n");
    });
}

#[test]
fn a_typed_crlf_stays_crlf() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("-C").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("line\n");
        peer.hears("line\r\n");
    });
}

#[test]
fn v_says_that_it_came_on() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("-v").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        assert_eq!(client.times_said(&["CRLF"]), 0);
        client.types("EHLO me\n");
        peer.hears("EHLO me\r\n");
        client.types("QUIT\n");
        peer.hears("QUIT\r\n");
        client.says(&["CRLF"]);
        assert_eq!(client.times_said(&["CRLF"]), 1);
    });
}
