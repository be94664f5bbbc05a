//! Bodies through the HTTP proxy server: by their length, in chunks, to the end; short and long.

use crate::lang::{A_WHILE, Peer, PeerListener, Session, Wire, it, netcat, noise, same_bytes};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_request_has_as_many_bytes_as_it_says() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for length in [0, 1, 4096, 65535, 65536, 70_000, 3 << 20] {
            let body = noise(length as u64, length);
            peer.sends(head(&origin, &format!("Content-Length: {length}\r\n")));
            let mut other = origin.accepts();
            let request = other.hears_through("\r\n\r\n");
            assert!(request.contains(&format!("\r\nContent-Length: {length}\r\n")), "{request}");
            send_while_heard(&mut peer, &body, &mut other);
            other.sends(EMPTY);
            assert_eq!(peer.hears_message().status(), 200);
        }
    });
}

#[test]
fn a_response_has_as_many_bytes_as_it_says() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for length in [0, 1, 4096, 65535, 65536, 70_000, 3 << 20] {
            let body = noise(length as u64, length);
            peer.sends(head(&origin, ""));
            let mut other = origin.accepts();
            other.hears_message();
            other.sends(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
            peer.hears_through("\r\n\r\n");
            send_while_heard(&mut other, &body, &mut peer);
        }
    });
}

#[test]
fn chunks_pass_both_ways() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let mut large: Vec<u8> = Vec::new();
        for (seed, size) in [1_usize, 15, 16, 4095, 65536, 300_000].into_iter().enumerate() {
            large.extend(format!("{size:x};name=value\r\n").bytes());
            large.extend(noise(seed as u64, size));
            large.extend(b"\r\n");
        }
        large.extend(b"0\r\nX-Trailer: y\r\n\r\n");
        for body in [&b"0\r\n\r\n"[..], b"5\r\nhello\r\n0\r\n\r\n", &large] {
            peer.sends(head(&origin, "Transfer-Encoding: chunked\r\n"));
            let mut other = origin.accepts();
            let request = other.hears_through("\r\n\r\n");
            assert!(request.contains("\r\nTransfer-Encoding: chunked\r\n"), "{request}");
            send_while_heard(&mut peer, body, &mut other);
            other.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let response = peer.hears_through("\r\n\r\n");
            assert!(response.contains("\r\nTransfer-Encoding: chunked\r\n"), "{response}");
            send_while_heard(&mut other, body, &mut peer);
        }
        peer.hears_nothing_for(A_WHILE);
    });
}

#[test]
fn a_body_may_come_byte_by_byte() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = head(&origin, "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\nT: x\r\n\r\n";
        request.bytes().for_each(|byte| peer.sends([byte]));
        let mut other = origin.accepts();
        other.hears_through("\r\n\r\n");
        other.hears("3\r\nabc\r\n0\r\nT: x\r\n\r\n");
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        answer.bytes().for_each(|byte| other.sends([byte]));
        peer.hears_through("\r\n\r\n");
        peer.hears("3\r\nabc\r\n0\r\n\r\n");
    });
}

#[test]
fn a_response_may_end_with_the_connection() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        for version in ["1.0", "1.1"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(head(&origin, ""));
            let mut other = origin.accepts();
            other.hears_message();
            let body = noise(7, 500_000);
            other.sends(format!("HTTP/{version} 200 OK\r\n\r\n"));
            let response = peer.hears_through("\r\n\r\n");
            assert!(response.contains("\r\nConnection: close\r\n"), "{response}");
            send_while_heard(&mut other, &body, &mut peer);
            other.closes();
            peer.hears_end();
        }
    });
}

#[test]
fn both_bodies_flow_at_once() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let (up, down) = (noise(1, 4 << 20), noise(2, 4 << 20));
        let length = up.len();
        peer.sends(head(&origin, &format!("Connection: close\r\nContent-Length: {length}\r\n")));
        let mut other = origin.accepts();
        other.hears_through("\r\n\r\n");
        // The origin answers while it reads the request, as an echo would.
        let echo = std::thread::spawn({
            let down = down.clone();
            move || {
                other.sends(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
                let heard = other.exchanges_until(&down[1..], length);
                other.sends(&down[..1]);
                heard
            }
        });
        peer.hears_through("\r\n\r\n");
        let heard = peer.exchanges_until(&up, length);
        same_bytes(&heard, &[&down[1..], &down[..1]].concat());
        same_bytes(&echo.join().unwrap(), &up);
        peer.hears_end();
    });
}

#[test]
fn a_body_may_be_held_back_until_it_is_asked_for() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(head(&origin, "Expect: 100-continue\r\nContent-Length: 4\r\n"));
        let mut other = origin.accepts();
        let request = other.hears_through("\r\n\r\n");
        assert!(request.contains("Expect: 100-continue\r\n"), "{request}");
        other.sends("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(peer.hears_message().status(), 100);
        peer.sends("body");
        other.hears("body");
        other.sends(EMPTY);
        assert_eq!(peer.hears_message().status(), 200);
        // It may as well be told that nobody wants it.
        peer.sends(head(&origin, "Expect: 100-continue\r\nContent-Length: 4\r\n"));
        let mut other = origin.accepts();
        other.hears_through("\r\n\r\n");
        other.sends("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(peer.hears_message().status(), 413);
        // Whether the body still comes nobody knows; so the connection does not go on.
        peer.hears_end();
    });
}

#[test]
fn an_answer_may_come_before_the_request_is_whole() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(head(&origin, "Content-Length: 1000000\r\n") + "begun");
        let mut other = origin.accepts();
        other.hears_through("\r\n\r\n");
        other.hears("begun");
        other.sends("HTTP/1.1 413 No\r\nContent-Length: 4\r\n\r\nstop");
        other.closes();
        let response = peer.hears_message();
        assert_eq!((response.status(), response.field("connection")), (413, Some("close")));
        peer.hears_end();
    });
}

#[test]
fn responses_without_a_body_have_none() {
    it(|| {
        let (server, origin) = (proxy(), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for (answer, status) in [
            ("HTTP/1.1 204 No\r\n\r\n", 204),
            ("HTTP/1.1 304 Same\r\nContent-Length: 1000\r\n\r\n", 304),
            ("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 103),
        ] {
            peer.sends(head(&origin, ""));
            let mut other = origin.accepts();
            other.hears_message();
            other.sends(answer);
            let mut first = peer.hears_through("\r\n\r\n");
            assert!(first.starts_with(&format!("HTTP/1.1 {status} ")), "{first}");
            if status == 103 {
                first = peer.hears_through("\r\n\r\n");
                assert!(first.starts_with("HTTP/1.1 204 "), "{first}");
            }
        }
    });
}

fn head(origin: &PeerListener, fields: &str) -> String {
    let method = if fields.is_empty() { "GET" } else { "POST" };
    format!("{method} http://{}/ HTTP/1.1\r\n{fields}\r\n", origin.address())
}

/// One sends what the other hears: more than the buffers in between hold.
#[track_caller]
fn send_while_heard(from: &mut Peer, bytes: &[u8], to: &mut Peer) {
    for piece in bytes.chunks(64 * 1024) {
        from.sends(piece);
        same_bytes(&to.hears_next(piece.len()), piece);
    }
}

fn proxy() -> Session {
    netcat("--proxy-type http").listens()
}
