//! Replies and greetings of many lines that never come to their last: what is of use to the user is passed on and not
//! kept, and where a server never comes to the point it is left.

use crate::lang::{Peer, PeerListener, Session, Stdin, Wire, it, ms, netcat};

/// What may be added to the memory that a session needs anyway, in KiB.
const LITTLE: u64 = 4 * 1024;

/// What a server says, more or less, before the test gives up to believe that it has an end.
const MUCH: usize = 16 << 20;

#[test]
fn a_listing_without_end_is_shown_while_it_comes_and_not_kept() {
    it(|| {
        for (protocol, line, greeting, beginning, again) in [
            ("pop3", "RETR 1\n", "+OK hi\r\n", "+OK\r\n", "..x y z\r\n"),
            ("nntp", "LIST\n", "200 hi\r\n", "215 here they are\r\n", "alt.x 1 2 y\r\n"),
            ("imap", "a NOOP\n", "* OK hi\r\n", "", "* 1 EXISTS\r\n"),
            ("ftp", "STAT\n", "220 hi\r\n", "211-\r\n", " x y z\r\n"),
            ("http", GET, "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        ] {
            let (mut client, mut peer) = asks(protocol, line, greeting);
            peer.sends(beginning);
            client.shows([greeting, beginning].concat());
            let before = client.peak_kib();
            let lines = again.repeat(MUCH / again.len());
            peer.sends(&lines);
            client.shows_bytes(lines.len());
            let grown = client.peak_kib() - before;
            assert!(grown < LITTLE, "{protocol}: {grown} KiB more");
            // The next line still waits for its turn.
            peer.hears_nothing_for(ms(20));
        }
    });
}

#[test]
fn a_reply_without_end_is_1() {
    it(|| {
        for (protocol, line, greeting, again, why) in [
            ("smtp", "EHLO me\n", "220 hi\r\n", "250-x y z\r\n", "is longer than 1 MiB"),
            ("sieve", "LISTSCRIPTS\n", "OK\r\n", "\"x y z\"\r\n", "is longer than 1 MiB"),
            ("http", GET, "", "HTTP/1.1 100 Continue\r\n\r\n", "never comes to its end"),
        ] {
            let (mut client, mut peer) = asks(protocol, line, greeting);
            is_left_while_it_talks(&mut peer, again);
            client.leaves(1);
            client.says(&["the reply: it", why, "; 5 bytes not sent"]);
            assert_eq!(client.said().len(), 1, "{protocol}: {:?}", client.said());
        }
    });
}

#[test]
fn a_server_that_never_comes_to_agree_on_encryption_is_1() {
    it(|| {
        let stream = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
        for (protocol, greeting, beginning, again) in [
            ("smtp", "", "", "220-x y z\r\n"),
            ("smtp", "220 hi\r\n", "", "250-x y z\r\n"),
            ("lmtp", "220 hi\r\n", "", "250-x y z\r\n"),
            ("pop3", "+OK hi\r\n", "+OK\r\n", "X-Y-Z\r\n"),
            ("imap", "* OK hi\r\n", "", "* OK x y z\r\n"),
            ("ftp", "220 hi\r\n", "234-\r\n", " x y z\r\n"),
            ("nntp", "200 hi\r\n", "101 here they are\r\n", "X-Y-Z\r\n"),
            ("sieve", "", "", "\"X\" \"y z\"\r\n"),
            ("irc", "", "", ":x NOTICE * :y z\r\n"),
            ("xmpp", "", stream, "<message/>"),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = netcat("--starttls").arg(protocol).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends(greeting);
            if !greeting.is_empty() || matches!(protocol, "irc" | "xmpp") {
                peer.hears_next(1);
            }
            peer.sends(beginning);
            is_left_while_it_talks(&mut peer, again);
            client.leaves(1);
            client.says(&[&format!("STARTTLS ({protocol}) with")]);
            assert_eq!(client.said().len(), 1, "{protocol}: {:?}", client.said());
            client.shows_nothing_more();
        }
    });
}

const GET: &str = "GET / HTTP/1.1\nHost: x\n\n";

/// A client that has said this line to a server that greets so, and has one more, of five bytes.
#[track_caller]
fn asks(protocol: &str, line: &str, greeting: &str) -> (Session, Peer) {
    let listener = PeerListener::new(Wire::Plain);
    let client = netcat("--pace").arg(protocol).stdin(Stdin::File(format!("{line}QUIT\n").into()));
    let client = client.connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends(greeting);
    peer.hears(line.replace('\n', "\r\n"));
    (client, peer)
}

/// The client has gone long before the server has said all.
#[track_caller]
fn is_left_while_it_talks(peer: &mut Peer, again: &str) {
    let lines = again.repeat(MUCH / again.len());
    let sent = peer.sends_until_blocked(lines.as_bytes());
    assert!(sent < lines.len(), "all {sent} bytes were taken");
}
