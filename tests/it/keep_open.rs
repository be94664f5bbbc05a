//! The table of ends, listen mode: one client, and with `-k` many.

use std::net::TcpStream;

use crate::lang::{
    A_WHILE, Peer, Session, Stdin, Tls, Wire, it, listen, ms, netcat, noise, over_tcp_and_tls, same_bytes,
};

over_tcp_and_tls!(
    without_k_one_client_is_taken,
    with_k_one_end_touches_nobody_else,
    with_k_a_reset_touches_nobody_else,
    with_k_an_idle_client_touches_nobody_else,
    with_k_stdin_goes_to_every_client,
    with_k_stdin_waits_for_a_client,
    with_k_who_comes_after_stdins_end_gets_neither_data_nor_fin,
    with_k_send_only_ends_with_stdin,
    m_closes_one_client_too_many,
    m_0_takes_nobody,
    m_0_without_k_takes_nobody,
);

fn without_k_one_client_is_taken(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("hello");
    server.shows("hello");
    assert!(TcpStream::connect(server.address()).is_err(), "it listens still");
    peer.closes();
    server.ends_stdin();
    server.leaves(0);
}

fn with_k_one_end_touches_nobody_else(wire: Wire) {
    let mut server = netcat("-k").over(wire).listens();
    let (first, mut second) = two_clients(&mut server, wire);
    first.closes();
    second.sends("still here\n");
    server.shows("still here\n");
    server.types("good\n");
    second.hears("good\n");
    second.closes();
    let mut third = Peer::dials(&server, wire);
    third.sends("new\n");
    server.shows("new\n");
    server.stays_for(A_WHILE);
}

fn with_k_a_reset_touches_nobody_else(wire: Wire) {
    let mut server = netcat("-k").over(wire).listens();
    let (first, mut second) = two_clients(&mut server, wire);
    first.resets();
    second.sends("still here\n");
    server.shows("still here\n");
    server.types("good\n");
    second.hears("good\n");
}

fn with_k_an_idle_client_touches_nobody_else(wire: Wire) {
    let mut server = netcat("-k -i 500ms").over(wire).listens();
    let mut idle = Peer::dials(&server, wire);
    idle.sends("idle\n");
    server.shows("idle\n");
    let mut busy = Peer::dials(&server, wire);
    let mut left = false;
    // Each line of the busy one is shown, until long after the idle one has been sent away.
    for _ in 0..100 {
        busy.sends("busy\n");
        server.shows("busy\n");
        left = left || idle.ends_within(ms(0));
        if left {
            break;
        }
        busy.hears_nothing_for(ms(50));
    }
    assert!(left, "the idle client was kept");
    server.says(&["idle timeout expired (500 ms)"]);
    busy.sends("still here\n");
    server.shows("still here\n");
}

fn with_k_stdin_goes_to_every_client(wire: Wire) {
    let mut server = netcat("-k").over(wire).listens();
    let (mut first, mut second) = two_clients(&mut server, wire);
    server.types("to all\n");
    first.hears("to all\n");
    second.hears("to all\n");
}

fn with_k_stdin_waits_for_a_client(wire: Wire) {
    let mut server = netcat("-k").over(wire).listens();
    let bulk = noise(6, 4 << 20);
    let taken = server.types_until_blocked(&bulk);
    assert!(taken < bulk.len(), "stdin was read without a client");
    server.ends_stdin();
    let mut peer = Peer::dials(&server, wire);
    peer.hears(&bulk[..taken]);
}

fn with_k_who_comes_after_stdins_end_gets_neither_data_nor_fin(wire: Wire) {
    let mut server = netcat("-k").over(wire).listens();
    let mut first = Peer::dials(&server, wire);
    server.types("all there is\n");
    server.ends_stdin();
    first.hears("all there is\n");
    first.hears_end();
    first.closes();
    let mut late = Peer::dials(&server, wire);
    late.sends("late\n");
    server.shows("late\n");
    late.hears_nothing_for(A_WHILE);
    server.stays_for(ms(0));
}

fn with_k_send_only_ends_with_stdin(wire: Wire) {
    let mut server = netcat("-k --send-only").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("news\n");
    peer.hears("news\n");
    server.types("more news\n");
    server.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"more news\n");
    peer.closes();
    server.leaves(0);
}

fn m_closes_one_client_too_many(wire: Wire) {
    let mut server = netcat("-k -m 1").over(wire).listens();
    let mut first = Peer::dials(&server, wire);
    first.sends("first\n");
    server.shows("first\n");
    let mut second = Peer::dials(&server, Wire::Plain);
    second.waits_for_end();
    server.says(&["New connection denied: connection limit reached (1)"]);
    first.sends("still here\n");
    server.shows("still here\n");
}

fn m_0_takes_nobody(wire: Wire) {
    let server = netcat("-k -m 0").over(wire).listens();
    for _ in 0..2 {
        Peer::dials(&server, Wire::Plain).waits_for_end();
    }
    server.says(&["New connection denied: connection limit reached (0)"]);
    server.stays_for(ms(0));
}

fn m_0_without_k_takes_nobody(wire: Wire) {
    let server = netcat("-m 0").over(wire).listens();
    for _ in 0..2 {
        Peer::dials(&server, Wire::Plain).waits_for_end();
    }
    server.stays_for(A_WHILE);
}

#[test]
fn m_without_k_is_only_a_warning() {
    it(|| {
        let mut server = listen("-m 5");
        server.says(&["-m"]);
        Peer::dials(&server, Wire::Plain).sends("hello");
        server.shows("hello");
    });
}

#[test]
fn a_freed_place_is_taken_again() {
    it(|| {
        let mut server = listen("-k -m 1");
        for line in ["one\n", "two\n", "three\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(line);
            server.shows(line);
            peer.half_closes();
            // The server, too, ends it: only then is the place free.
            peer.waits_for_end();
        }
    });
}

#[test]
fn two_hundred_clients_are_served() {
    it(|| {
        let mut server = listen("-k -m 200");
        let mut peers: Vec<_> = (0..200).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for peer in &mut peers {
            peer.sends("x");
        }
        server.shows("x".repeat(200));
        let text = noise(7, 5000);
        server.types(&text);
        for peer in &mut peers {
            peer.hears(&text);
        }
    });
}

#[test]
fn a_handshake_that_fails_ends_a_listener() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).quietly().listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends([0xff; 64]);
        peer.waits_for_end();
        server.leaves(1);
        assert_eq!(server.said().len(), 1, "{:?}", server.said());
    });
}

#[test]
fn a_handshake_that_fails_touches_nobody_else() {
    it(|| {
        let mut server = netcat("-k").over(Wire::Tls).listens();
        let mut bad = Peer::dials(&server, Wire::Plain);
        let mut good = Peer::dials_tls(&server, &Tls::client());
        bad.sends([0xff; 64]);
        bad.waits_for_end();
        good.sends("hello\n");
        server.shows("hello\n");
    });
}

#[test]
fn a_client_that_is_silent_in_the_handshake_holds_nobody_up() {
    it(|| {
        let mut server = netcat("-k").over(Wire::Tls).listens();
        let _silent = Peer::dials(&server, Wire::Plain);
        let mut busy = Peer::dials(&server, Wire::Tls);
        busy.sends("hello\n");
        server.shows("hello\n");
        server.types("world\n");
        busy.hears("world\n");
    });
}

#[test]
fn a_client_that_does_not_read_holds_only_stdin_up() {
    it(|| {
        let mut server = listen("-k");
        let (_slow, mut busy) = two_clients(&mut server, Wire::Plain);
        let bulk = noise(24, 48 << 20);
        // Each byte goes to both, and one of them takes few.
        let taken = server.types_until_blocked(&bulk);
        assert!(taken < bulk.len(), "all was taken for a client that reads none");
        busy.sends("still here\n");
        server.shows("still here\n");
        Peer::dials(&server, Wire::Plain).sends("new\n");
        server.shows("new\n");
    });
}

#[test]
fn all_clients_data_goes_to_stdout() {
    it(|| {
        let mut server = netcat("-k").stdin(Stdin::Null).listens();
        let bulk = noise(8, 1 << 20);
        for _ in 0..3 {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(&bulk);
            peer.closes();
        }
        // One after the other on the wire is not one after the other to the server.
        let mut seen = server.shows_bytes(3 * bulk.len());
        let mut sent = bulk.repeat(3);
        seen.sort_unstable();
        sent.sort_unstable();
        same_bytes(&seen, &sent);
    });
}

fn two_clients(server: &mut Session, wire: Wire) -> (Peer, Peer) {
    let [first, second] = ["first\n", "second\n"].map(|line| {
        let mut peer = Peer::dials(&*server, wire);
        peer.sends(line);
        server.shows(line);
        peer
    });
    (first, second)
}
