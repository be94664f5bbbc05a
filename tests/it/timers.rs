//! `-i`, `-d` and the ways to write a time. `-q` is with the ends, `-w` with the failures.

use std::time::Instant;

use crate::lang::{Peer, PeerListener, Wire, connect, it, listen, ms, netcat, over_tcp_and_tls};

over_tcp_and_tls!(an_idle_client_is_1, an_idle_listener_is_1, activity_either_way_is_not_idle);

fn an_idle_client_is_1(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-i 400ms").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    let before = Instant::now();
    peer.sends("hello");
    client.leaves(1);
    assert!(before.elapsed() >= ms(400), "{:?}", before.elapsed());
    client.shows("hello");
    client.says(&["Idle timeout expired (400 ms)"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn an_idle_listener_is_1(wire: Wire) {
    let mut server = netcat("-i 400ms").over(wire).quietly().listens();
    let mut peer = Peer::dials(&server, wire);
    let before = Instant::now();
    peer.sends("hello");
    server.leaves(1);
    assert!(before.elapsed() >= ms(400), "{:?}", before.elapsed());
    server.shows("hello");
    server.says(&["Idle timeout expired (400 ms)"]);
    assert_eq!(server.said().len(), 1, "{:?}", server.said());
}

fn activity_either_way_is_not_idle(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-i 1").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    for _ in 0..2 {
        client.stays_for(ms(400));
        client.types("x");
        peer.hears("x");
        client.stays_for(ms(400));
        peer.sends("y");
        client.shows("y");
    }
}

#[test]
fn a_listener_without_clients_is_not_idle() {
    it(|| {
        let server = listen("-k -i 200ms");
        server.stays_for(ms(600));
    });
}

#[test]
fn a_delay_spaces_lines() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = connect(&listener, "-d 200ms");
        let mut peer = listener.accepts();
        let before = Instant::now();
        client.types("one\ntwo\nthree\nfour\n");
        peer.hears("one\n");
        peer.hears("two\nthree\nfour\n");
        assert!(before.elapsed() >= ms(600));
    });
}

#[test]
fn a_delay_loses_nothing_at_the_end() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-d 100ms");
        let mut peer = listener.accepts();
        client.types("one\ntwo\nno line end");
        client.ends_stdin();
        assert_eq!(peer.hears_to_end(), b"one\ntwo\nno line end");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn times_have_units_and_fractions() {
    it(|| {
        for (time, length) in
            [("300ms", 300), ("0.3", 300), ("0.3s", 300), (".3", 300), ("0.005m", 300), ("0.0001h", 360)]
        {
            let listener = PeerListener::new(Wire::Plain);
            let before = Instant::now();
            let mut client = netcat("-i").arg(time).connects_to(&listener);
            let _peer = listener.accepts();
            client.leaves(1);
            assert!(before.elapsed() >= ms(length), "{time} was {:?}", before.elapsed());
            client.says(&[&format!("({length} ms)")]);
        }
    });
}

#[test]
fn what_is_no_time_is_2() {
    it(|| {
        for time in ["1x", "ms", "1.2.3", "-1", "nan", "inf"] {
            let mut client = netcat("127.0.0.1 9").arg(format!("--wait={time}")).starts();
            client.leaves(2);
            client.says(&[time]);
        }
    });
}
