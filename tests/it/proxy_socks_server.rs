//! The SOCKS servers: what clients ask for, byte by byte, and what they are told.

use std::net::{SocketAddr, TcpListener};

use crate::lang::{A_WHILE, Peer, PeerListener, Session, Wire, ipv6, it, netcat, noise, over_tcp_and_tls, same_bytes};

over_tcp_and_tls!(socks5_makes_a_tunnel, socks4_makes_a_tunnel);

fn socks5_makes_a_tunnel(wire: Wire) {
    let origin = PeerListener::new(Wire::Plain);
    let server = netcat("--proxy-type socks5").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends(b"\x05\x01\0");
    peer.hears(b"\x05\0");
    peer.sends([&request5(&origin)[..], b"early "].concat());
    let reply = peer.hears_next(10);
    assert_eq!(reply[..4], *b"\x05\0\0\x01");
    tunnels(&mut peer, &mut origin.accepts(), &reply[4..]);
}

fn socks4_makes_a_tunnel(wire: Wire) {
    let origin = PeerListener::new(Wire::Plain);
    let server = netcat("--proxy-type socks4").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends([&request4(&origin, "anyone")[..], b"early "].concat());
    let reply = peer.hears_next(8);
    assert_eq!(reply[..2], *b"\0\x5a");
    let bound = [&reply[4..], &reply[2..4]].concat();
    tunnels(&mut peer, &mut origin.accepts(), &bound);
}

#[test]
fn all_may_be_said_at_once_or_byte_by_byte() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = proxy("socks5", "--proxy-auth joe:secret");
        let all = [&b"\x05\x02\x02\0\x01\x03joe\x06secret"[..], &request5(&origin), b"early "].concat();
        for size in [1, all.len()] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            all.chunks(size).for_each(|piece| peer.sends(piece));
            peer.hears(b"\x05\x02\x01\0\x05\0\0\x01");
            let bound = peer.hears_next(6);
            tunnels(&mut peer, &mut origin.accepts(), &bound);
        }
    });
}

#[test]
fn names_are_looked_up_here() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let port = origin.address().port().to_be_bytes();
        let server = proxy("socks5", "-4");
        let mut peer = greeted(&server);
        peer.sends([&b"\x05\x01\0\x03\x09localhost"[..], &port].concat());
        origin.accepts();
        assert_eq!(peer.hears_next(10)[..2], [5, 0]);
        let server = proxy("socks4", "-4");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends([&b"\x04\x01"[..], &port, b"\0\0\0\x01me\0localhost\0"].concat());
        origin.accepts();
        assert_eq!(peer.hears_next(8)[..2], *b"\0\x5a");
    });
}

#[test]
fn ipv6_addresses_are_reached_by_socks5() {
    it(|| {
        if !ipv6() {
            return;
        }
        let origin = PeerListener::from(TcpListener::bind("[::1]:0").unwrap());
        let server = proxy("socks5", "");
        let mut peer = greeted(&server);
        peer.sends(request5(&origin));
        let reply = peer.hears_next(22);
        assert_eq!(reply[..4], *b"\x05\0\0\x04");
        let other = origin.accepts();
        assert_eq!(reply[20..], other.address().port().to_be_bytes());
    });
}

#[test]
fn the_user_has_to_be_known() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = proxy("socks5", "--proxy-auth joe:secret");
        // Who offers no password is refused at once.
        for greeting in [&b"\x05\x01\0"[..], b"\x05\0", b"\x05\x02\0\x01"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(greeting);
            assert_eq!(peer.hears_to_end(), b"\x05\xff");
        }
        for login in [
            &b"\x01\x03joe\x05wrong"[..],
            b"\x01\x03jim\x06secret",
            b"\x01\0\0",
            b"\x01\x03joe\0",
            b"\x02\x03joe\x06secret",
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(b"\x05\x01\x02");
            peer.hears(b"\x05\x02");
            peer.sends([login, &request5(&origin)].concat());
            assert_eq!(peer.hears_to_end(), b"\x01\x01", "{login:?}");
        }
        let server = proxy("socks4", "--proxy-auth joe");
        for user in ["", "jim", "joey"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(request4(&origin, user));
            assert_eq!(peer.hears_to_end()[..2], *b"\0\x5d", "{user}");
        }
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(request4(&origin, "joe"));
        // The first that comes to the origin.
        tunnels_on(&mut peer, 8, &origin);
    });
}

#[test]
fn what_cannot_be_done_is_refused() {
    it(|| {
        let server = proxy("socks5", "");
        for (request, code) in [
            (&b"\x05\x02\0\x01\x7f\0\0\x01\0\x19"[..], 7),
            (b"\x05\x03\0\x01\0\0\0\0\0\0", 7),
            (b"\x05\x63\0\x01\0\0\0\0\0\0", 7),
            (b"\x05\x01\0\x02\0\0\0\0\0\0", 8),
            (b"\x04\x01\0\x01\x7f\0\0\x01\0\x19", 1),
            (b"\x05\x01\0\x03\0\0\x19", 1),
            (b"\x05\x01\0\x03\x04a\r\nb\0\x19", 1),
            (b"\x05\x01\0\x03\x04a\0bc\0\x19", 1),
            (b"\x05\x01\0\x03\x02\xff\xfe\0\x19", 1),
            (b"\x05\x01\0\x03\x14no-such-host.invalid\0\x19", 4),
        ] {
            let mut peer = greeted(&server);
            peer.sends(request);
            let reply = peer.hears_to_end();
            assert!(reply.len() == 10 && reply[..2] == [5, code], "{}: {reply:?}", request.escape_ascii());
        }
        let server = proxy("socks4", "");
        for request in [
            &b"\x04\x02\0\x19\x7f\0\0\x01\0"[..],
            b"\x04\x63\0\x19\x7f\0\0\x01\0",
            b"\x04\x01\0\x19\0\0\0\x01\0\0",
            b"\x04\x01\0\x19\0\0\0\x01\0a b\0",
            b"\x04\x01\0\x19\0\0\0\x01\0no-such-host.invalid\0",
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(request);
            let reply = peer.hears_to_end();
            assert!(reply.len() == 8 && reply[..2] == *b"\0\x5b", "{}: {reply:?}", request.escape_ascii());
        }
    });
}

#[test]
fn who_speaks_something_else_is_not_served() {
    it(|| {
        for (kind, words) in [
            ("socks5", &b"GET / HTTP/1.1\r\n\r\n"[..]),
            ("socks5", b"\x04\x01\0\x19\x7f\0\0\x01\0"),
            ("socks4", b"\x05\x01\0"),
            ("socks4", b"CONNECT h:1 HTTP/1.1\r\n\r\n"),
        ] {
            let server = proxy(kind, "");
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(words);
            peer.waits_for_end();
        }
    });
}

#[test]
fn a_name_without_end_is_refused() {
    it(|| {
        let server = proxy("socks4", "");
        for beginning in [&b"\x04\x01\0\x19\x7f\0\0\x01"[..], b"\x04\x01\0\x19\0\0\0\x01\0"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends([beginning, &[b'a'; 600]].concat());
            assert_eq!(peer.hears_next(8)[..2], *b"\0\x5b");
            peer.waits_for_end();
        }
    });
}

#[test]
fn an_origin_that_refuses_is_told_of() {
    it(|| {
        let gone = PeerListener::new(Wire::Plain);
        let (five, four) = (request5(&gone), request4(&gone, ""));
        drop(gone);
        let server = proxy("socks5", "");
        let mut peer = greeted(&server);
        peer.sends(five);
        assert_eq!(peer.hears_to_end()[..2], [5, 5]);
        let server = proxy("socks4", "");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(four);
        assert_eq!(peer.hears_to_end()[..2], *b"\0\x5b");
    });
}

#[test]
fn nobody_is_led_back() {
    it(|| {
        let server = proxy("socks5", "");
        let port = server.address().port().to_be_bytes();
        for request in [
            &b"\x05\x01\0\x01\x7f\0\0\x01"[..],
            b"\x05\x01\0\x01\0\0\0\0",
            b"\x05\x01\0\x03\x05127.1",
            b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01",
        ] {
            let mut peer = greeted(&server);
            peer.sends([request, &port].concat());
            assert_eq!(peer.hears_to_end()[..2], [5, 2]);
        }
    });
}

#[test]
fn bulk_passes_both_ways_at_once() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = proxy("socks5", "");
        let mut peer = greeted(&server);
        peer.sends(request5(&origin));
        peer.hears_next(10);
        let mut other = origin.accepts();
        let (up, down) = (noise(51, 4 << 20), noise(52, 4 << 20));
        let theirs = std::thread::spawn({
            let down = down.clone();
            move || other.exchanges(&down)
        });
        same_bytes(&peer.exchanges(&up), &down);
        same_bytes(&theirs.join().unwrap(), &up);
    });
}

#[test]
fn a_client_that_says_nothing_stops_nobody() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = proxy("socks5", "");
        let mut silent = Peer::dials(&server, Wire::Plain);
        let mut half = Peer::dials(&server, Wire::Plain);
        half.sends(b"\x05\x01\0\x05\x01");
        for _ in 0..3 {
            let mut peer = greeted(&server);
            peer.sends(request5(&origin));
            tunnels_on(&mut peer, 10, &origin);
        }
        silent.hears_nothing_for(A_WHILE);
    });
}

#[test]
fn either_end_ends_both() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = proxy("socks5", "");
        for who in 0..4 {
            let mut peer = greeted(&server);
            peer.sends(request5(&origin));
            peer.hears_next(10);
            let mut other = origin.accepts();
            match who {
                0 => {
                    peer.closes();
                    other.hears_end();
                }
                1 => {
                    other.closes();
                    peer.hears_end();
                }
                2 => {
                    peer.resets();
                    other.waits_for_end();
                }
                _ => {
                    other.resets();
                    peer.waits_for_end();
                }
            }
        }
    });
}

/// The origin hears what came early, then both talk and take leave; `bound` is what the client was told.
#[track_caller]
fn tunnels(peer: &mut Peer, other: &mut Peer, bound: &[u8]) {
    let SocketAddr::V4(address) = other.address() else { panic!("an IPv4 address") };
    assert_eq!(*bound, [&address.ip().octets()[..], &address.port().to_be_bytes()].concat());
    other.hears("early ");
    other.sends("welcome");
    peer.hears("welcome");
    peer.sends("late");
    peer.half_closes();
    assert_eq!(other.hears_to_end(), b"late");
    other.sends("bye");
    other.half_closes();
    assert_eq!(peer.hears_to_end(), b"bye");
}

/// The reply has so many bytes; then something passes.
#[track_caller]
fn tunnels_on(peer: &mut Peer, reply: usize, origin: &PeerListener) {
    peer.hears_next(reply);
    peer.sends("up");
    origin.accepts().hears("up");
}

#[track_caller]
fn greeted(server: &Session) -> Peer {
    let mut peer = Peer::dials(server, Wire::Plain);
    peer.sends(b"\x05\x01\0");
    peer.hears(b"\x05\0");
    peer
}

fn request5(origin: &PeerListener) -> Vec<u8> {
    let address = origin.address();
    let (kind, ip) = match address {
        SocketAddr::V4(address) => (1, address.ip().octets().to_vec()),
        SocketAddr::V6(address) => (4, address.ip().octets().to_vec()),
    };
    [&[5, 1, 0, kind][..], &ip, &address.port().to_be_bytes()].concat()
}

fn request4(origin: &PeerListener, user: &str) -> Vec<u8> {
    let SocketAddr::V4(address) = origin.address() else { panic!("an IPv4 address") };
    [&[4, 1][..], &address.port().to_be_bytes(), &address.ip().octets(), user.as_bytes(), b"\0"].concat()
}

fn proxy(kind: &str, options: &str) -> Session {
    netcat(&format!("--proxy-type {kind} {options}")).listens()
}
