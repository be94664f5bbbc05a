//! The table of ends: what happens when the peer ends, in order or by a reset.

use std::time::Instant;

use crate::lang::{A_WHILE, Peer, PeerListener, Stdin, Wire, ms, netcat, noise, over_tcp_and_tls};

over_tcp_and_tls!(
    a_client_at_a_terminal_leaves_at_once,
    a_listener_at_a_terminal_leaves_at_once,
    stdout_ends_and_sending_goes_on,
    a_listener_ends_stdout_and_goes_on_sending,
    a_stdin_that_ended_before_is_not_awaited,
    a_stdin_that_never_gave_a_byte_is_awaited_250_ms,
    a_stdin_that_gave_some_is_awaited_5_seconds,
    k_in_connect_mode_stays_until_stdin_ends,
    a_reset_is_1,
    a_reset_tells_how_much_was_not_delivered,
    a_reset_after_an_orderly_end_is_0,
);

fn a_client_at_a_terminal_leaves_at_once(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).at_a_terminal().connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("bye\r\n");
    peer.closes();
    client.shows("bye\r\n");
    client.leaves(0);
}

fn a_listener_at_a_terminal_leaves_at_once(wire: Wire) {
    let mut server = netcat("").over(wire).at_a_terminal().listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("welcome\n");
    peer.hears("welcome\n");
    peer.sends("bye\r\n");
    peer.closes();
    server.shows("bye\r\n");
    server.leaves(0);
}

fn stdout_ends_and_sending_goes_on(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("first ");
    peer.hears("first ");
    peer.sends("all I have");
    peer.half_closes();
    assert_eq!(client.shows_to_end(), b"all I have");
    client.types("second");
    peer.hears("second");
    client.stays_for(A_WHILE);
    client.ends_stdin();
    peer.hears_end();
    client.leaves(0);
}

fn a_listener_ends_stdout_and_goes_on_sending(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("first ");
    peer.hears("first ");
    peer.sends("all I have");
    peer.half_closes();
    assert_eq!(server.shows_to_end(), b"all I have");
    server.types("second");
    server.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"second");
    server.leaves(0);
}

fn a_stdin_that_ended_before_is_not_awaited(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdin(Stdin::File(b"x".into())).connects_to(&listener);
    let mut peer = listener.accepts();
    assert_eq!(peer.hears_to_end(), b"x");
    peer.closes();
    client.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

fn a_stdin_that_never_gave_a_byte_is_awaited_250_ms(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("bye");
    client.shows("bye");
    let before = Instant::now();
    peer.half_closes();
    client.leaves(0);
    assert!(before.elapsed() >= ms(250));
    client.says(&["stdin"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn a_stdin_that_gave_some_is_awaited_5_seconds(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("some");
    peer.hears("some");
    peer.half_closes();
    client.shows_nothing_more();
    client.stays_for(ms(1500));
    // The five seconds begin anew with what stdin gives.
    let before = Instant::now();
    client.types("more");
    peer.hears("more");
    client.leaves(0);
    assert!(before.elapsed() >= ms(5000));
    client.says(&["stdin"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn k_in_connect_mode_stays_until_stdin_ends(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-k").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.half_closes();
    client.stays_for(ms(700));
    client.types("late");
    peer.hears("late");
    client.ends_stdin();
    peer.hears_end();
    client.leaves(0);
}

fn a_reset_is_1(wire: Wire) {
    let mut server = netcat("").over(wire).quietly().listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("hello");
    server.shows("hello");
    peer.resets();
    server.leaves(1);
    server.says(&["reset"]);
    assert_eq!(server.said().len(), 1, "{:?}", server.said());
}

fn a_reset_tells_how_much_was_not_delivered(wire: Wire) {
    let listener = PeerListener::new(wire).with_a_small_buffer();
    let mut client = netcat("").over(wire).connects_to(&listener);
    let peer = listener.accepts();
    let taken = client.types_until_blocked(&noise(2, 32 << 20));
    peer.resets();
    client.leaves(1);
    let line = client.says(&["reset"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
    let lost = bytes_in(&line);
    assert!(lost > 0 && lost <= taken, "{lost} of {taken} bytes: {line}");
}

fn a_reset_after_an_orderly_end_is_0(wire: Wire) {
    let listener = PeerListener::new(wire).with_a_small_buffer();
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    let bytes = noise(3, 32 << 20);
    // A stdin that has given something is awaited longer than this test takes.
    client.types("something");
    peer.hears("something");
    peer.sends("that is all");
    peer.half_closes();
    assert_eq!(client.shows_to_end(), b"that is all");
    let taken = client.types_until_blocked(&bytes);
    peer.resets();
    client.leaves(0);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
    let lost = bytes_in(&client.said()[0]);
    assert!(lost > 0 && lost <= taken, "{lost} of {taken} bytes");
}

/// The number before the word `bytes`, however it is grouped.
fn bytes_in(line: &str) -> usize {
    let (before, _) = line.split_once(" byte").unwrap_or_else(|| panic!("no bytes in {line:?}"));
    let number = before.rsplit(' ').next().unwrap().replace([',', '_'], "");
    number.parse().unwrap_or_else(|_| panic!("no number of bytes in {line:?}"))
}
