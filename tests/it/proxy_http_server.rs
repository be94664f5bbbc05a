//! The HTTP proxy server: what a client asks for, and what its origin hears of it.

use std::net::TcpListener;

use crate::lang::{
    A_WHILE, Message, Peer, PeerListener, Session, Wire, bound_known_port, ipv6, it, ms, netcat, over_tcp_and_tls,
};

pub(crate) const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

over_tcp_and_tls!(connect_makes_a_tunnel, a_request_is_passed_on);

fn connect_makes_a_tunnel(wire: Wire) {
    let origin = PeerListener::new(Wire::Plain);
    let server = netcat("--proxy-type http").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    let address = origin.address();
    // What comes before the answer is for the origin all the same.
    peer.sends(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\nearly "));
    let mut other = origin.accepts();
    other.hears("early ");
    assert_eq!(peer.hears_message().status(), 200);
    other.sends("welcome");
    peer.hears("welcome");
    peer.sends("late");
    peer.half_closes();
    assert_eq!(other.hears_to_end(), b"late");
    other.sends("bye");
    other.half_closes();
    assert_eq!(peer.hears_to_end(), b"bye");
}

fn a_request_is_passed_on(wire: Wire) {
    let origin = PeerListener::new(Wire::Plain);
    let server = netcat("--proxy-type http").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    let address = origin.address();
    peer.sends(format!("GET http://{address}/path?query HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    let mut other = origin.accepts();
    let request = other.hears_message();
    assert!(request.head.starts_with("GET /path?query HTTP/1."), "{}", request.head);
    other.sends("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    let response = peer.hears_message();
    assert_eq!((response.status(), &response.body[..]), (200, &b"body"[..]));
}

#[test]
fn any_method_is_passed_on() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "X-Odd"] {
            let request = ask(&mut peer, &origin, method, "/x", "", EMPTY).0;
            assert!(request.head.starts_with(&format!("{method} /x HTTP/1.")), "{}", request.head);
        }
        for method in ["POST", "PUT", "PATCH"] {
            let address = origin.address();
            peer.sends(format!("{method} http://{address}/x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"));
            let mut other = origin.accepts();
            let request = other.hears_message();
            assert!(request.head.starts_with(&format!("{method} /x HTTP/1.")) && request.body == b"body");
            other.sends(EMPTY);
            assert_eq!(peer.hears_message().status(), 200);
        }
    });
}

#[test]
fn head_has_a_length_and_no_body() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for _ in 0..2 {
            peer.sends(format!("HEAD http://{}/ HTTP/1.1\r\n\r\n", origin.address()));
            let mut other = origin.accepts();
            other.hears_message();
            other.sends("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            let head = peer.hears_through("\r\n\r\n");
            assert!(head.contains("Content-Length: 1000000\r\n"), "{head}");
        }
        peer.hears_nothing_for(A_WHILE);
    });
}

#[test]
fn hop_by_hop_fields_are_removed() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let fields = "Connection: X-Named, keep-alive,X-Other\r\nconnection: x-third\r\nX-NAMED: 1\r\nx-other: 2\r\n\
                      X-Third: 3\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: X\r\n\
                      Upgrade: h2c\r\nProxy-Authorization: Basic eA==\r\nX-Kept: 4\r\n";
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Back\r\nX-Back: 1\r\nKeep-Alive: 5\r\n\
                      Proxy-Authenticate: Basic\r\nX-Kept: 2\r\n\r\n";
        let (request, response) = ask(&mut peer, &origin, "GET", "/", fields, answer);
        for gone in ["x-named", "x-other", "x-third", "keep-alive", "te", "trailer", "upgrade", "proxy-authorization"] {
            assert_eq!(request.field(gone), None, "{}", request.head);
        }
        assert_eq!((request.field("proxy-connection"), request.field("x-kept")), (None, Some("4")));
        for gone in ["x-back", "keep-alive", "proxy-authenticate"] {
            assert_eq!(response.field(gone), None, "{}", response.head);
        }
        assert_eq!(response.field("x-kept"), Some("2"));
    });
}

#[test]
fn fields_of_one_name_are_combined_in_order() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let answer = "HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: a=1\r\nX-a: 2\r\nSet-Cookie: b=2\r\n\
                      Content-Length: 0\r\n\r\n";
        let (request, response) = ask(&mut peer, &origin, "GET", "/", "X-A: 1\r\nX-B: 3\r\nx-a: 2\r\n", answer);
        assert_eq!((request.fields("x-a"), request.fields("x-b")), (vec!["1, 2"], vec!["3"]));
        assert_eq!((response.fields("x-a"), response.fields("set-cookie")), (vec!["1", "2"], vec!["a=1", "b=2"]));
    });
}

#[test]
fn the_host_is_that_of_the_uri() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for fields in ["", "Host: elsewhere.test\r\n", "Host: \r\n"] {
            let request = ask(&mut peer, &origin, "GET", "/", fields, EMPTY).0;
            assert_eq!(request.fields("Host"), [origin.address().to_string()]);
        }
    });
}

#[test]
fn a_path_may_be_missing_and_escapes_stay() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for (method, rest, target) in [
            ("GET", "", "/"),
            ("GET", "?q=1", "/?q=1"),
            ("GET", "/a%20b%2Fc?d%3D", "/a%20b%2Fc?d%3D"),
            ("GET", "//double/../dots", "//double/../dots"),
            ("OPTIONS", "", "*"),
            ("OPTIONS", "/", "/"),
        ] {
            let request = ask(&mut peer, &origin, method, rest, "", EMPTY).0;
            assert!(request.head.starts_with(&format!("{method} {target} HTTP/1.")), "{rest}: {}", request.head);
        }
    });
}

#[test]
fn hosts_are_written_in_many_ways() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let port = origin.address().port();
        for uri in [
            format!("http://%31%32%37.0.0.1:{port}/"),
            format!("HTTP://127.0.0.1:{port}/"),
            format!("http://127.0.0.1:00{port}/"),
        ] {
            peer.sends(format!("GET {uri} HTTP/1.1\r\n\r\n"));
            let mut other = origin.accepts();
            assert_eq!(other.hears_message().fields("Host"), [format!("127.0.0.1:{port}")]);
            other.sends(EMPTY);
            assert_eq!(peer.hears_message().status(), 200, "{uri}");
        }
    });
}

#[test]
fn ipv6_addresses_have_brackets() {
    it(|| {
        if !ipv6() {
            return;
        }
        let origin = PeerListener::from(TcpListener::bind("[::1]:0").unwrap());
        let server = proxy("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = ask(&mut peer, &origin, "GET", "/", "", EMPTY).0;
        assert_eq!(request.fields("Host"), [origin.address().to_string()]);
        peer.sends(format!("CONNECT {} HTTP/1.1\r\n\r\n", origin.address()));
        let mut other = origin.accepts();
        assert_eq!(peer.hears_message().status(), 200);
        other.sends("through");
        peer.hears("through");
    });
}

#[test]
fn a_port_may_be_missing() {
    it(|| {
        let Some(origin) = bound_known_port(&[80]) else { return };
        let origin = PeerListener::from(origin);
        let server = proxy("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        for host in ["127.0.0.1", "127.0.0.1:", "127.0.0.1:80"] {
            peer.sends(format!("GET http://{host}/ HTTP/1.1\r\n\r\n"));
            let mut other = origin.accepts();
            assert_eq!(other.hears_message().fields("Host"), ["127.0.0.1"]);
            other.sends(EMPTY);
            assert_eq!(peer.hears_message().status(), 200);
        }
    });
}

#[test]
fn one_connection_asks_two_origins_in_turn() {
    it(|| {
        let (server, origins) = (proxy(""), [(); 2].map(|()| PeerListener::new(Wire::Plain)));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for turn in 0..6 {
            let origin = &origins[turn % 2];
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nturn {turn}");
            let response = ask(&mut peer, origin, "GET", &format!("/{turn}"), "", &answer).1;
            assert_eq!(response.body, format!("turn {turn}").as_bytes());
        }
        // And then has a tunnel.
        peer.sends(format!("CONNECT {} HTTP/1.1\r\n\r\n", origins[0].address()));
        let mut other = origins[0].accepts();
        assert_eq!(peer.hears_message().status(), 200);
        peer.closes();
        other.hears_end();
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    it(|| {
        let (server, origins) = (proxy(""), [(); 2].map(|()| PeerListener::new(Wire::Plain)));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let [one, two] = origins.each_ref().map(PeerListener::address);
        peer.sends(format!(
            "POST http://{one}/1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET http://{two}/2 HTTP/1.1\r\n\r\n\
             PUT http://{one}/3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
             GET http://{two}/4 HTTP/1.1\r\n\r\n"
        ));
        for (turn, body) in [(1, &b"body"[..]), (2, b""), (3, b"3\r\nabc\r\n0\r\n\r\n"), (4, b"")] {
            let mut other = origins[(turn + 1) % 2].accepts();
            let request = other.hears_through("\r\n\r\n");
            assert!(request.contains(&format!(" /{turn} HTTP/1.")), "{request}");
            other.hears(body);
            other.sends(format!("HTTP/1.1 21{turn} OK\r\nContent-Length: 1\r\n\r\n{turn}"));
            let response = peer.hears_message();
            assert_eq!((usize::from(response.status()), &response.body[..]), (210 + turn, turn.to_string().as_bytes()));
        }
        peer.hears_nothing_for(ms(100));
    });
}

#[test]
fn http_1_0_has_one_request_for_each_connection() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for fields in ["", "Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("GET http://{}/ HTTP/1.0\r\n{fields}\r\n", origin.address()));
            let mut other = origin.accepts();
            other.hears_message();
            // It knows no chunks.
            other.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n");
            let head = peer.hears_through("\r\n\r\n");
            assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
            assert_eq!(peer.hears_to_end(), b"helloyou");
        }
    });
}

#[test]
fn who_says_close_is_closed() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for field in ["Connection: close\r\n", "Connection: x, CLOSE\r\n", "Proxy-Connection: close\r\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            let response = ask(&mut peer, &origin, "GET", "/", field, EMPTY).1;
            assert_eq!(response.field("connection"), Some("close"));
            peer.hears_end();
        }
    });
}

#[test]
fn a_client_that_has_half_closed_gets_its_answer() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("GET http://{}/ HTTP/1.1\r\n\r\n", origin.address()));
        peer.half_closes();
        let mut other = origin.accepts();
        other.hears_message();
        other.sends("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
        assert_eq!(peer.hears_message().body, b"body");
        peer.hears_end();
    });
}

/// Asks for something, answers as the origin, and gives what the origin and the client heard.
#[track_caller]
pub(crate) fn ask(
    peer: &mut Peer,
    origin: &PeerListener,
    method: &str,
    rest: &str,
    fields: &str,
    answer: &str,
) -> (Message, Message) {
    peer.sends(format!("{method} http://{}{rest} HTTP/1.1\r\n{fields}\r\n", origin.address()));
    let mut other = origin.accepts();
    let request = other.hears_message();
    other.sends(answer);
    let response = peer.hears_message();
    assert_eq!(response.status(), 200, "{}", response.head);
    (request, response)
}

pub(crate) fn proxy(options: &str) -> Session {
    netcat(&format!("--proxy-type http {options}")).listens()
}
