//! `--fail`: the first reply that is an error ends the session, exit status 3.

use crate::lang::{PeerListener, Wire, it, ms, netcat, over_tcp_and_tls};
use crate::pace::{answers, script};

over_tcp_and_tls!(an_error_is_3_and_quit_is_said);

fn an_error_is_3_and_quit_is_said(wire: Wire) {
    let listener = PeerListener::new(wire);
    let text = "MAIL FROM:<a>\nRCPT TO:<b>\nDATA\nx\n.\nQUIT\n";
    let mut client = script("--pace smtp --fail", text).over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("220 hi\r\n");
    answers(&mut peer, "MAIL FROM:<a>", "250 ok\r\n");
    answers(&mut peer, "RCPT TO:<b>", "550-5.1.1 nobody\x1b[2J\r\n550 here\r\n");
    answers(&mut peer, "QUIT", "221 bye\r\n");
    peer.hears_end();
    client.leaves(3);
    client.shows("220 hi\r\n250 ok\r\n550-5.1.1 nobody\x1b[2J\r\n550 here\r\n221 bye\r\n");
    client.shows_nothing_more();
    client.says(&["\"RCPT TO:<b>\": 550-5.1.1 nobody\\u{1b}[2J; 14 bytes not sent"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

#[test]
fn an_ehlo_may_be_refused_if_helo_follows() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp --fail", "EHLO me\nHELO me\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "EHLO me", "502 what?\r\n");
        answers(&mut peer, "HELO me", "250 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
        assert!(client.said().is_empty(), "{:?}", client.said());
    });
}

#[test]
fn an_ehlo_refused_is_3_otherwise() {
    it(|| {
        for next in ["MAIL FROM:<a>\n", ""] {
            let listener = PeerListener::new(Wire::Plain);
            let text = format!("EHLO me\n{next}");
            let mut client = script("--pace smtp --fail", &text).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends("220 hi\r\n");
            answers(&mut peer, "EHLO me", "502 what?\r\n");
            answers(&mut peer, "QUIT", "221 bye\r\n");
            peer.waits_for_end();
            client.leaves(3);
            client.says(&["\"EHLO me\": 502 what?"]);
            assert_eq!(client.times_said(&["14 bytes not sent"]), usize::from(!next.is_empty()));
        }
    });
}

#[test]
fn one_recipient_of_several_is_enough() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "LHLO me\nMAIL FROM:<a>\nRCPT TO:<b>\nRCPT TO:<c>\nDATA\nx\n.\nQUIT\n";
        let mut client = script("--pace lmtp --fail", text).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        for line in ["LHLO me", "MAIL FROM:<a>", "RCPT TO:<b>", "RCPT TO:<c>"] {
            answers(&mut peer, line, "250 ok\r\n");
        }
        answers(&mut peer, "DATA", "354 go\r\n");
        answers(&mut peer, "x\r\n.", "250 b has it\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("452 c is full\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.waits_for_end();
        client.leaves(3);
        client.says(&["the message: 452 c is full"]);
    });
}

#[test]
fn a_greeting_that_is_an_error_is_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp --fail", "EHLO me\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("421 not now\r\n");
        peer.closes();
        client.leaves(3);
        client.shows("421 not now\r\n");
        client.says(&["the greeting: 421 not now; 8 bytes not sent"]);
    });
}

#[test]
fn a_status_from_400_on_is_3_when_the_body_was_shown() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "GET /x HTTP/1.1\nHost: h\n\nGET /y HTTP/1.1\nHost: h\n\n";
        let mut client = script("--pace http --fail", text).connects_to(&listener);
        let mut peer = listener.accepts();
        answers(&mut peer, "GET /x HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 404 None\r\nContent-Length: 4\r\n\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("none");
        peer.hears_end();
        client.leaves(3);
        assert!(client.shows_to_end().ends_with(b"none"));
        client.says(&["\"GET /x HTTP/1.1\": HTTP/1.1 404 None; 25 bytes not sent"]);
    });
}

#[test]
fn a_mailbox_is_left_with_a_tag_of_its_own() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace imap --fail", "a1 SELECT x\na2 NOOP\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("* OK hi\r\n");
        answers(&mut peer, "a1 SELECT x", "* NO is no answer\r\na1 NO none\r\n");
        let farewell = peer.hears_line();
        let (tag, command) = farewell.split_once(' ').unwrap();
        assert_eq!(command, "LOGOUT");
        peer.sends(format!("* BYE\r\n{tag} OK bye\r\n"));
        peer.hears_end();
        client.leaves(3);
        client.says(&["\"a1 SELECT x\": a1 NO none; 8 bytes not sent"]);
    });
}

#[test]
fn a_password_is_not_quoted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace pop3 --fail", "USER joe\nPASS secret\nLIST\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK hi\r\n");
        answers(&mut peer, "USER joe", "+OK\r\n");
        answers(&mut peer, "PASS secret", "-ERR no\r\n");
        answers(&mut peer, "QUIT", "+OK bye\r\n");
        peer.waits_for_end();
        client.leaves(3);
        client.says(&["\"PASS …\": -ERR no; 5 bytes not sent"]);
    });
}

#[test]
fn a_server_that_does_not_answer_quit_is_still_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-i 300ms --pace smtp --fail").connects_to(&listener);
        client.types("NOOP\n");
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "NOOP", "500 what?\r\n");
        peer.hears("QUIT\r\n");
        client.leaves(3);
        client.says(&["\"NOOP\": 500 what?"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
        peer.waits_for_end();
    });
}

#[test]
fn a_command_that_fails_is_3_as_well() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("--pace smtp --fail -c").arg("printf 'EHLO me\\nNOOP\\nQUIT\\n'");
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "EHLO me", "250 hi\r\n");
        answers(&mut peer, "NOOP", "500 what?\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.waits_for_end();
        client.leaves(3);
        client.says(&["\"NOOP\": 500 what?; 5 bytes not sent"]);
    });
}

#[test]
fn send_only_hears_an_error_as_well() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--send-only --pace smtp --fail", "NOOP\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "NOOP", "500 what?\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.waits_for_end();
        client.leaves(3);
        client.says(&["\"NOOP\": 500 what?"]);
    });
}
