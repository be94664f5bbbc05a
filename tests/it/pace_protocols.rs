//! `--pace` beyond the usual mail: a message's last dot, where replies end in POP3, IMAP and HTTP, a line each, a
//! time, and by itself.

use std::time::Instant;

use crate::lang::{PeerListener, Wire, it, ms, netcat};
use crate::pace::{answers, script};

#[test]
fn a_message_may_end_with_a_dot_that_has_no_end() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "DATA\nx\n.").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "DATA", "354 go\r\n");
        answers(&mut peer, "x\r\n.", "250 queued\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_listing_of_pop3_ends_with_a_dot() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace pop3", "USER joe\nLIST\nRETR 1\nLIST 1\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK hi\r\n");
        answers(&mut peer, "USER joe", "+OK\r\n");
        answers(&mut peer, "LIST", "+OK\r\n1 120\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends(".\r\n");
        answers(&mut peer, "RETR 1", "+OK\r\n-ERR is text here\r\n..\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends(".\r\n");
        answers(&mut peer, "LIST 1", "+OK 1 120\r\n");
        answers(&mut peer, "QUIT", "+OK bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_literal_of_imap_waits_for_the_go_ahead_and_passes_as_it_is() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "a1 LOGIN joe x\na2 APPEND INBOX {6}\na\nb\ncd\na3 LOGOUT\n";
        let mut client = script("--pace imap", text).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("* OK hi\r\n");
        answers(&mut peer, "a1 LOGIN joe x", "* CAPABILITY IMAP4rev1\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("a1 OK in\r\n");
        answers(&mut peer, "a2 APPEND INBOX {6}", "+ go\r\n");
        answers(&mut peer, "a\nb\ncd", "* 1 EXISTS\r\na2 OK done\r\n");
        answers(&mut peer, "a3 LOGOUT", "* BYE\r\na3 OK bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn requests_of_http_wait_for_the_whole_response() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "POST /a HTTP/1.1\nHost: h\nContent-Length: 4\n\na\nb\nGET /b HTTP/1.1\nHost: h\n\n";
        let mut client = script("--pace http", text).connects_to(&listener);
        let mut peer = listener.accepts();
        let first = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\na\nb\n";
        peer.hears(first);
        peer.hears_nothing_for(ms(50));
        peer.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("0\r\n\r\n");
        answers(&mut peer, "GET /b HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 200 OK\r\n\r\nto the end");
        peer.hears_nothing_for(ms(50));
        peer.closes();
        client.leaves(0);
        assert!(client.shows_to_end().ends_with(b"to the end"));
        assert!(client.said().is_empty(), "{:?}", client.said());
    });
}

#[test]
fn a_line_is_answered_by_a_line() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace line", "PING\nPING 2\n").connects_to(&listener);
        let mut peer = listener.accepts();
        answers(&mut peer, "PING", "PO");
        peer.hears_nothing_for(ms(50));
        peer.sends("NG\r\n");
        answers(&mut peer, "PING 2", "PONG\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_time_is_that_of_silence() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace 300ms", "one\ntwo\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears_nothing_for(ms(200));
        let before = Instant::now();
        peer.sends("hi");
        peer.hears("one\r\n");
        assert!(before.elapsed() >= ms(300), "{:?}", before.elapsed());
        peer.hears_nothing_for(ms(200));
        peer.hears("two\r\n");
        peer.hears_nothing_for(ms(200));
        peer.hears_end();
        assert!(before.elapsed() >= ms(900), "{:?}", before.elapsed());
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn auto_tells_by_the_greeting() {
    it(|| {
        for (greeting, capabilities, ends, bye) in [
            ("220 mail ESMTP\r\n", "EHLO me", "250-mail\r\n", "250 ok\r\n"),
            ("+OK hi\r\n", "CAPA", "+OK\r\nUSER\r\n", ".\r\n"),
            ("* OK hi\r\n", "a1 CAPABILITY", "* CAPABILITY IMAP4rev1\r\n", "a1 OK\r\n"),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = script("--pace auto", &format!("{capabilities}\nx\n")).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.hears_nothing_for(ms(50));
            peer.sends(greeting);
            answers(&mut peer, capabilities, ends);
            peer.hears_nothing_for(ms(50));
            peer.sends(bye);
            peer.hears("x\r\n");
            peer.resets();
            client.leaves(1);
        }
    });
}

#[test]
fn auto_knows_a_request_where_nobody_greets() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "GET /a HTTP/1.1\nHost: h\n\nGET /b HTTP/1.1\nHost: h\n\n";
        let mut client = script("--pace auto --fail", text).connects_to(&listener);
        let mut peer = listener.accepts();
        answers(&mut peer, "GET /a HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("ok");
        answers(&mut peer, "GET /b HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n");
        peer.waits_for_end();
        client.leaves(3);
    });
}

#[test]
fn auto_knows_a_port() {
    it(|| {
        // The greeting would not tell FTP from mail.
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = script("--pace auto", "LIST\nQUIT\n").via(&proxy).connects_to_name("localhost", 21);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends("HTTP/1.1 200 OK\r\n\r\n220 hi\r\n");
        answers(&mut peer, "LIST", "150 here it comes\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("226 done\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn what_was_asked_for_encryption_does_not_greet_again() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("--ssl-verify --starttls smtp --pace auto").trusting(&crate::lang::authority_pem());
        let mut client = session.connects_to(&listener);
        client.types("EHLO me\nQUIT\n");
        client.ends_stdin();
        let mut peer = listener.accepts();
        crate::starttls::offers_starttls(&mut peer);
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&crate::lang::Tls::server(crate::lang::Identity::trusted()));
        answers(&mut peer, "EHLO me", "250-hi\r\n250 ok\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}
