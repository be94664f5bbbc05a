//! The HTTP proxy server when others misbehave: origins, clients, and too many of them.

use std::time::Instant;

use crate::lang::{A_WHILE, End, Message, Peer, PeerListener, Session, Wire, it, ms, netcat};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn an_origin_that_answers_nothing_usable_is_502() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        for answer in [
            "",
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
        ] {
            let mut other = asks(&mut peer, &origin);
            other.sends(answer);
            other.closes();
            assert_eq!(peer.hears_message().status(), 502, "{answer:?}");
        }
        // The connection has been good all the time.
        asks(&mut peer, &origin).sends(EMPTY);
        assert_eq!(peer.hears_message().status(), 200);
    });
}

#[test]
fn an_origin_that_resets_is_502() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        asks(&mut peer, &origin).resets();
        assert_eq!(peer.hears_message().status(), 502);
        works(&server, &origin);
    });
}

#[test]
fn an_origin_with_an_endless_header_is_502() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for beginning in ["HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nX: y\r\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            let mut other = asks(&mut peer, &origin);
            other.sends(beginning);
            other.sends_until_blocked(&b"X: y\r\n".repeat(50_000));
            assert_eq!(peer.hears_message().status(), 502);
        }
        works(&server, &origin);
    });
}

/// What is cut off must not look whole, nor go on with something else.
#[test]
fn a_response_that_is_cut_off_ends_the_connection() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "hello"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "5\r\nhello\r\n"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", "5\r\nhello\r\n"),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            let mut other = asks(&mut peer, &origin);
            other.sends(answer);
            other.closes();
            peer.hears_through("\r\n\r\n");
            assert_eq!(peer.hears_to_end(), body.as_bytes(), "{answer:?}");
        }
    });
}

#[test]
fn i_ends_an_exchange_that_stalls() {
    it(|| {
        let (server, origin) = (proxy("-i 500ms"), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let mut other = asks(&mut peer, &origin);
        let begun = Instant::now();
        peer.waits_for_end();
        assert!(begun.elapsed() >= ms(300));
        other.waits_for_end();
        // A tunnel, too, and a client that says nothing at all.
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("CONNECT {} HTTP/1.1\r\n\r\n", origin.address()));
        let mut other = origin.accepts();
        assert_eq!(peer.hears_message().status(), 200);
        peer.waits_for_end();
        other.waits_for_end();
        Peer::dials(&server, Wire::Plain).waits_for_end();
        works(&server, &origin);
    });
}

#[test]
fn a_client_that_leaves_in_mid_body_is_told_to_the_origin() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for body in ["Content-Length: 100\r\n\r\nbegun", "Transfer-Encoding: chunked\r\n\r\n10\r\nbegun"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("POST http://{}/ HTTP/1.1\r\n{body}", origin.address()));
            let mut other = origin.accepts();
            other.hears_through("begun");
            peer.closes();
            other.hears_end();
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("POST http://{}/ HTTP/1.1\r\n{body}", origin.address()));
            let mut other = origin.accepts();
            other.hears_through("begun");
            peer.resets();
            other.waits_for_end();
        }
        works(&server, &origin);
    });
}

#[test]
fn a_client_that_resets_while_it_waits_frees_the_origin() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let mut other = asks(&mut peer, &origin);
        peer.resets();
        other.waits_for_end();
    });
}

#[test]
fn a_request_that_is_cut_off_is_400() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("GET http://127.0.0.1/ HTTP/1.1\r\nX: y");
        peer.half_closes();
        assert_eq!(peer.hears_message().status(), 400);
        peer.hears_end();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("POST http://{}/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nbegun", origin.address()));
        let mut other = origin.accepts();
        other.hears_through("begun");
        peer.half_closes();
        other.hears_end();
        other.closes();
        assert_eq!(peer.hears_message().status(), 400);
        peer.hears_end();
    });
}

#[test]
fn an_end_before_a_request_is_no_fault() {
    it(|| {
        let server = proxy("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.half_closes();
        peer.hears_end();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("\r\n\r\n");
        peer.half_closes();
        peer.hears_end();
    });
}

#[test]
fn a_slow_client_stops_nobody() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        // One that takes nothing, one that says little, one whose origin is silent.
        let mut deaf = Peer::dials(&server, Wire::Plain);
        let mut flooding = asks(&mut deaf, &origin);
        flooding.sends("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        assert!(flooding.sends_until_blocked(&vec![b'x'; 100_000_000]) < 100_000_000);
        let mut slow = Peer::dials(&server, Wire::Plain);
        slow.sends("GET ht");
        let mut waiting = Peer::dials(&server, Wire::Plain);
        let _silent = asks(&mut waiting, &origin);
        for _ in 0..3 {
            works(&server, &origin);
        }
        slow.sends(format!("tp://{}/ HTTP/1.1\r\n\r\n", origin.address()));
        let mut other = origin.accepts();
        other.hears_message();
        other.sends(EMPTY);
        assert_eq!(slow.hears_message().status(), 200);
    });
}

/// One who reads the answers, too.
#[test]
fn a_client_that_floods_stops_nobody() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut flooding = Peer::dials(&server, Wire::Plain);
        let flood = std::thread::spawn(move || flooding.exchanges(&b"GET / HTTP/1.1\r\n\r\n".repeat(200_000)));
        for _ in 0..5 {
            works(&server, &origin);
        }
        assert!(!flood.is_finished(), "the others had to wait");
        let answers = flood.join().unwrap();
        assert_eq!(answers.windows(12).filter(|it| it == b"HTTP/1.1 400").count(), 200_000);
    });
}

#[test]
fn an_origin_that_never_comes_to_its_response_stops_nobody() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for version in ["1.0", "1.1"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(format!("GET http://{}/ HTTP/{version}\r\n\r\n", origin.address()));
            let mut other = origin.accepts();
            other.hears_message();
            let flood = std::thread::spawn(move || {
                other.sends_until_blocked(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(400_000))
            });
            works(&server, &origin);
            peer.hears_through("HTTP/1.1 502 ");
            flood.join().unwrap();
        }
    });
}

#[test]
fn two_hundred_clients_are_served_at_once() {
    it(|| {
        let (server, origin) = (proxy("-m 300"), PeerListener::new(Wire::Plain));
        let mut peers: Vec<_> = (0..200).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.sends(format!("GET http://{}/{number} HTTP/1.1\r\n\r\n", origin.address()));
        }
        let mut others: Vec<_> = (0..200).map(|_| origin.accepts()).collect();
        let asked: Vec<_> = others.iter_mut().map(Peer::hears_message).collect();
        for (other, request) in others.iter_mut().zip(asked) {
            let path = request.head.split(' ').nth(1).unwrap().to_owned();
            other.sends(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()));
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            assert_eq!(peer.hears_message().body, format!("/{number}").as_bytes());
        }
    });
}

#[test]
fn it_goes_on_when_its_clients_have_left() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        for _ in 0..3 {
            works(&server, &origin);
        }
        server.stays_for(A_WHILE);
        assert!(server.wakes_in_a_second() < 20);
    });
}

#[test]
fn m_limits_the_clients() {
    it(|| {
        let (server, origin) = (proxy("-m 1"), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let other = asks(&mut peer, &origin);
        let mut too_many = Peer::dials(&server, Wire::Plain);
        too_many.waits_for_end();
        server.says(&["connection limit reached"]);
        drop((peer, other));
    });
}

#[test]
fn those_who_are_not_allowed_are_not_served() {
    it(|| {
        for lists in ["--deny 127.0.0.1", "--allow 10.0.0.0/8", "--allow 127.0.0.1 --deny localhost"] {
            let server = proxy(lists);
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.waits_for_end();
            server.says(&["not allowed"]);
        }
        works(&proxy("--allow 127.0.0.0/8"), &PeerListener::new(Wire::Plain));
    });
}

#[test]
fn an_origin_that_stays_after_its_response_is_left() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        let mut other = asks(&mut peer, &origin);
        // What follows the response is nobody's.
        other.sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Evil\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(peer.hears_message().body, b"ok");
        assert!(matches!(other.waits_for_end(), End::Closed | End::Failed(_)));
        asks(&mut peer, &origin).sends("HTTP/1.1 201 Good\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(peer.hears_message().status(), 201);
    });
}

/// Asks for something; gives the origin's end, which has been asked.
#[track_caller]
fn asks(peer: &mut Peer, origin: &PeerListener) -> Peer {
    peer.sends(format!("GET http://{}/ HTTP/1.1\r\n\r\n", origin.address()));
    let mut other = origin.accepts();
    let _: Message = other.hears_message();
    other
}

#[track_caller]
fn works(server: &Session, origin: &PeerListener) {
    let mut peer = Peer::dials(server, Wire::Plain);
    asks(&mut peer, origin).sends(EMPTY);
    assert_eq!(peer.hears_message().status(), 200);
    peer.closes();
}

fn proxy(options: &str) -> Session {
    netcat(&format!("--proxy-type http {options}")).listens()
}

#[test]
fn a_reset_at_the_end_of_a_tunnel_is_no_end_in_order() {
    it(|| {
        let (server, origin) = (proxy(""), PeerListener::new(Wire::Plain));
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(format!("CONNECT {} HTTP/1.1\r\n\r\n", origin.address()));
        let mut other = origin.accepts();
        peer.hears("HTTP/1.1 200 Connection established\r\n\r\n");
        other.sends("half of it");
        peer.hears("half of it");
        other.resets();
        assert!(matches!(peer.waits_for_end(), End::Failed(_)));
    });
}
