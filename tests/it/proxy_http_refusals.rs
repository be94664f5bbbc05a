//! What the HTTP proxy server answers by itself: refusals, and what must not come back to it.

use std::net::SocketAddr;

use crate::lang::{Peer, PeerListener, Session, Wire, it, netcat};
use crate::proxy_http_server::{EMPTY, ask, proxy};

#[test]
fn what_cannot_be_asked_for_is_refused() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let (own, port) = (server.address(), server.address().port());
        let nobody = { PeerListener::new(Wire::Plain).address() };
        let long = "x".repeat(9000);
        let many = "X: y\r\n".repeat(201);
        for (request, status) in [
            (format!("GET http://{nobody}/{long} HTTP/1.1\r\n\r\n"), 414),
            (format!("GET http://{nobody}/ HTTP/1.1\r\nX: {}\r\n\r\n", long.repeat(10)), 431),
            (format!("GET http://{nobody}/ HTTP/1.1\r\n{many}\r\n"), 431),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("nonsense\r\n\r\n".to_owned(), 400),
            ("\x16\x03\x01\x02\0\x01\0\x01\x03\x03".to_owned(), 400),
            ("GET http://h:99999/ HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET http://h:0/ HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET http:///x HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("CONNECT h HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("CONNECT http://h:1/ HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET https://h/ HTTP/1.1\r\n\r\n".to_owned(), 501),
            ("GET ftp://h/ HTTP/1.1\r\n\r\n".to_owned(), 501),
            ("GET http://h/ HTTP/3.0\r\n\r\n".to_owned(), 505),
            ("GET http://no-such-host.invalid/ HTTP/1.1\r\n\r\n".to_owned(), 504),
            ("CONNECT no-such-host.invalid:443 HTTP/1.1\r\n\r\n".to_owned(), 504),
            (format!("GET http://{nobody}/ HTTP/1.1\r\n\r\n"), 504),
            (format!("CONNECT {nobody} HTTP/1.1\r\n\r\n"), 504),
            (format!("GET http://{own}/ HTTP/1.1\r\n\r\n"), 403),
            (format!("CONNECT {own} HTTP/1.1\r\n\r\n"), 403),
            (format!("CONNECT 0.0.0.0:{port} HTTP/1.1\r\n\r\n"), 403),
            (format!("CONNECT 127.1:{port} HTTP/1.1\r\n\r\n"), 403),
            (format!("CONNECT 2130706433:{port} HTTP/1.1\r\n\r\n"), 403),
            (format!("CONNECT [::ffff:127.0.0.1]:{port} HTTP/1.1\r\n\r\n"), 403),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(&request);
            let shown = &request[..request.len().min(60)];
            assert_eq!(peer.hears_message().status(), status, "{shown}");
        }
        works(&server, &origin);
    });
}

#[test]
fn an_answer_of_its_own_leaves_the_connection_open() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let nobody = { PeerListener::new(Wire::Plain).address() };
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("POST http://{nobody}/ HTTP/1.1\r\nContent-Length: 5\r\n\r\n"));
        assert_eq!(peer.hears_message().status(), 504);
        // The body comes all the same, and is no request.
        peer.sends("hello");
        ask(&mut peer, &origin, "GET", "/", "", EMPTY);
    });
}

/// A proxy on all addresses is led back by any of them.
#[test]
fn a_proxy_on_every_address_is_led_back_by_none() {
    it(|| {
        let server = netcat("--proxy-type http").listens_on(None);
        let port = server.address().port();
        for host in ["127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "[::1]", "[::]"] {
            let mut peer = Peer::dials(&SocketAddr::from(([127, 0, 0, 1], port)), Wire::Plain);
            peer.sends(format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n"));
            assert_eq!(peer.hears_message().status(), 403, "{host}");
        }
    });
}

/// Through another proxy it would come back, too.
#[test]
fn a_request_that_has_passed_before_is_refused() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = ask(&mut peer, &origin, "GET", "/", "", EMPTY).0;
        let via = request.field("via").unwrap().to_owned();
        peer.sends(format!("GET http://{}/ HTTP/1.1\r\nVia: 1.0 x, {via}\r\n\r\n", origin.address()));
        assert_eq!(peer.hears_message().status(), 403);
        ask(&mut peer, &origin, "GET", "/", "Via: 1.0 x, 1.1 y\r\n", EMPTY);
    });
}

#[test]
fn max_forwards_ends_here() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = ask(&mut peer, &origin, "OPTIONS", "/", "Max-Forwards: 5\r\n", EMPTY).0;
        assert_eq!(request.fields("max-forwards"), ["4"]);
        let address = origin.address();
        peer.sends(format!("OPTIONS http://{address}/ HTTP/1.1\r\nMax-Forwards: 0\r\n\r\n"));
        assert_eq!(peer.hears_message().status(), 200);
        peer.sends(format!("TRACE http://{address}/ HTTP/1.1\r\nMax-Forwards: 0\r\n\r\n"));
        assert_eq!(peer.hears_message().status(), 501);
    });
}

#[track_caller]
fn works(server: &Session, origin: &PeerListener) {
    ask(&mut Peer::dials(server, Wire::Plain), origin, "GET", "/", "", EMPTY);
}
