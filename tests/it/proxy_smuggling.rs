//! Requests that two servers could understand differently: nothing of them is passed on.
//!
//! A newcomer's trap: what is refused must not reach the origin even in part, so each test ends with
//! a request that is in order, and the origin's first words must be that one's.

use crate::lang::{Peer, PeerListener, Session, Wire, it, netcat};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const INNER: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn a_body_of_two_lengths_is_refused() {
    it(|| {
        refused(&[
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
            "Content-Length: 5, 0\r\n\r\nhello",
            "Content-Length: 5\r\ncontent-length: 05, 6\r\n\r\nhello",
        ]);
    });
}

#[test]
fn a_length_that_is_none_is_refused() {
    it(|| {
        refused(&[
            "Content-Length: +5\r\n\r\nhello",
            "Content-Length: -5\r\n\r\nhello",
            "Content-Length: 0x5\r\n\r\nhello",
            "Content-Length: 5 5\r\n\r\nhello",
            "Content-Length: 5,\r\n\r\nhello",
            "Content-Length: 5;\r\n\r\nhello",
            "Content-Length: \r\n\r\nhello",
            "Content-Length: five\r\n\r\nhello",
            "Content-Length: \"5\"\r\n\r\nhello",
            "Content-Length: 99999999999999999999\r\n\r\nhello",
            "Content-Length: 18446744073709551621\r\n\r\nhello",
        ]);
    });
}

#[test]
fn a_transfer_coding_in_disguise_is_refused() {
    it(|| {
        refused(&[
            "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
            "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: ,\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chun\0ked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n",
            " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
            "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "X: y\0\r\n\r\n",
            "X\0: y\r\n\r\n",
            "X y\r\n\r\n",
            ": y\r\n\r\n",
            "X(y): z\r\n\r\n",
            "X: y\r\r\n\r\n",
        ]);
    });
}

#[test]
fn a_first_line_of_two_meanings_is_refused() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let address = origin.address();
        for line in [
            format!("GET  http://{address}/ HTTP/1.1"),
            format!("GET\thttp://{address}/ HTTP/1.1"),
            format!("GET http://{address}/ HTTP/1.1 "),
            format!(" GET http://{address}/ HTTP/1.1"),
            format!("GET http://{address}/ x HTTP/1.1"),
            format!("GET http://{address}/"),
            format!("GET http://{address}/ http/1.1"),
            format!("GET http://{address}/ HTTP/1.1x"),
            format!("GET http://{address}/ HTTP/01.1"),
            format!("G(T http://{address}/ HTTP/1.1"),
            format!("GET http://joe@{address}/ HTTP/1.1"),
            format!("GET http://{address}@elsewhere.test/ HTTP/1.1"),
            format!("GET http://elsewhere.test:80@{address}/ HTTP/1.1"),
            format!("GET http://{address}#@elsewhere.test/ HTTP/1.1"),
            format!("GET http://{address}/#x HTTP/1.1"),
            format!("GET http://{address}\\@elsewhere.test/ HTTP/1.1"),
            format!("GET http://{address}:80/ HTTP/1.1"),
            format!("GET http:/{address}/ HTTP/1.1"),
            format!("GET http:{address}/ HTTP/1.1"),
            format!("GET {address}/ HTTP/1.1"),
            format!("GET //{address}/ HTTP/1.1"),
            format!("GET http://{address}/\0 HTTP/1.1"),
            format!("GET http://{address}/\x7f HTTP/1.1"),
            format!("GET http://127.0.0.1%00:{}/ HTTP/1.1", address.port()),
            format!("GET http://127.0.0.1%0d%0a:{}/ HTTP/1.1", address.port()),
            format!("GET http://127.0.0.1%2f:{}/ HTTP/1.1", address.port()),
            format!("GET http://127.0.0.1%4:{}/ HTTP/1.1", address.port()),
            format!("GET http://127.0.0.1:+{}/ HTTP/1.1", address.port()),
            format!("GET http://127.0.0.1:{}a/ HTTP/1.1", address.port()),
            format!("GET http://[127.0.0.1]:{}/ HTTP/1.1", address.port()),
            "GET http://[::1/ HTTP/1.1".to_owned(),
            format!("CONNECT joe@{address} HTTP/1.1"),
            format!("CONNECT {address}/ HTTP/1.1"),
            format!("connect {address} HTTP/1.1"),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("{line}\r\nHost: {address}\r\n\r\n{INNER}"));
            let message = peer.hears_message();
            assert!(matches!(message.status(), 400 | 501 | 505), "{line:?}: {}", message.head);
        }
        first_to_arrive(&server, &origin);
    });
}

#[test]
fn two_hosts_are_refused() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for hosts in ["Host: a\r\nHost: a", "Host: a\r\nhost: b"] {
            peer.sends(format!("GET http://{}/ HTTP/1.1\r\n{hosts}\r\n\r\n", origin.address()));
            assert_eq!(peer.hears_message().status(), 400);
        }
        first_to_arrive(&server, &origin);
    });
}

#[test]
fn http_1_0_has_no_chunks() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!(
            "POST http://{}/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            origin.address()
        ));
        assert_eq!(peer.hears_message().status(), 400);
        peer.hears_end();
        first_to_arrive(&server, &origin);
    });
}

#[test]
fn connect_has_no_body() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        for body in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("CONNECT {} HTTP/1.1\r\n{body}", origin.address()));
            assert_eq!(peer.hears_message().status(), 400);
            peer.hears_end();
        }
        first_to_arrive(&server, &origin);
    });
}

/// What is understood, though written oddly, is written anew.
#[test]
fn what_is_passed_on_is_in_order() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let address = origin.address();
        for (request, framing, body) in [
            (format!("\r\n\nGET http://{address}/ HTTP/1.1\nX: y\n\n"), None, ""),
            (
                format!("POST http://{address}/ HTTP/1.1\ncontent-LENGTH: 005\n\nhello"),
                Some("Content-Length: 5"),
                "hello",
            ),
            (
                format!("POST http://{address}/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
                Some("Content-Length: 5"),
                "hello",
            ),
            (
                format!("POST http://{address}/ HTTP/1.1\r\nTransfer-Encoding:\tCHUNKED \r\n\r\n1\r\nx\r\n0\r\n\r\n"),
                Some("Transfer-Encoding: chunked"),
                "1\r\nx\r\n0\r\n\r\n",
            ),
            (
                format!(
                    "POST http://{address}/ HTTP/1.1\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello"
                ),
                Some("Content-Length: 5"),
                "hello",
            ),
            (
                format!(
                    "POST http://{address}/ HTTP/1.1\r\nConnection: transfer-encoding, host\r\nHost: x\r\n\
                     Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                ),
                Some("Transfer-Encoding: chunked"),
                "0\r\n\r\n",
            ),
            (format!("GET http://{address}/ HTTP/1.9\r\nContent-Length: 2\r\n\r\nok"), Some("Content-Length: 2"), "ok"),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(&request);
            let mut other = origin.accepts();
            let head = other.hears_through("\r\n\r\n");
            assert!(head.lines().count() == head.matches("\r\n").count(), "{head:?}");
            assert!(head.lines().next().unwrap().ends_with(" HTTP/1.1"), "{head}");
            assert_eq!(head.matches(&format!("\r\nHost: {address}\r\n")).count(), 1, "{head}");
            let framings: Vec<_> = head
                .lines()
                .filter(|line| {
                    ["content-length", "transfer-encoding"]
                        .contains(&line.split(':').next().unwrap().to_lowercase().as_str())
                })
                .collect();
            assert_eq!(framings, framing.into_iter().collect::<Vec<_>>(), "{request:?}");
            other.hears(body);
            other.sends(EMPTY);
            assert_eq!(peer.hears_message().status(), 200);
        }
    });
}

/// Behind a chunk that makes no sense nothing is known to belong to the body.
#[test]
fn a_bad_chunk_ends_the_request() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        for body in [
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5\nhello\n0\n\n",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhelloXX0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "\r\n5\r\nhello\r\n0\r\n\r\n",
            "5;a\nb\r\nhello\r\n0\r\n\r\n",
            "5\r\r\nhello\r\n0\r\n\r\n",
            "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
            "5,5\r\nhello\r\n0\r\n\r\n",
            "0\r\nX : y\r\n\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\n\r\n",
            "0\r\nX\r\n\r\n",
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            let address = origin.address();
            peer.sends(format!("POST http://{address}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}{INNER}"));
            let mut other = origin.accepts();
            other.hears_through("\r\n\r\n");
            let heard = String::from_utf8(other.hears_to_end()).unwrap();
            assert!(!heard.contains("smuggled") && !heard.ends_with("0\r\n\r\n"), "{body:?}: {heard:?}");
            other.closes();
            assert_eq!(peer.hears_message().status(), 400, "{body:?}");
            peer.hears_end();
        }
    });
}

/// The same the other way round: who sends both is believed about this response, and about no other.
#[test]
fn a_response_of_two_lengths_is_the_last() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("GET http://{}/ HTTP/1.1\r\n\r\n", origin.address()));
        let mut other = origin.accepts();
        other.hears_message();
        other.sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
        let head = peer.hears_through("\r\n\r\n");
        assert!(!head.to_lowercase().contains("content-length"), "{head}");
        assert_eq!(peer.hears_to_end(), b"1\r\nx\r\n0\r\n\r\n");
    });
}

/// The fields (and body) of a POST, none of which may be passed on.
#[track_caller]
fn refused(requests: &[&str]) {
    let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
    for request in requests {
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("POST http://{}/ HTTP/1.1\r\n{request}{INNER}", origin.address()));
        let message = peer.hears_message();
        assert!(matches!(message.status(), 400 | 501), "{request:?}: {}", message.head);
        // Where the next request begins is not known, so there is none.
        peer.hears_end();
    }
    first_to_arrive(&server, &origin);
}

#[track_caller]
fn first_to_arrive(server: &Session, origin: &PeerListener) {
    let mut peer = Peer::dials(server, Wire::Plain);
    peer.sends(format!("GET http://{}/in-order HTTP/1.1\r\n\r\n", origin.address()));
    let mut other = origin.accepts();
    let head = other.hears_message().head;
    assert!(head.starts_with("GET /in-order "), "{head}");
    other.sends(EMPTY);
    assert_eq!(peer.hears_message().status(), 200);
}

fn proxy() -> Session {
    netcat("--proxy-type http").listens()
}
