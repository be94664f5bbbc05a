//! The table of ends: what happens when stdin ends.

use std::time::Instant;

use crate::lang::{A_WHILE, Peer, PeerListener, Stdin, Wire, ms, netcat, over_tcp_and_tls};

over_tcp_and_tls!(
    a_client_half_closes_and_goes_on_receiving,
    a_listener_half_closes_and_goes_on_receiving,
    what_was_typed_before_the_connection_is_sent,
    no_shutdown_does_not_half_close,
    q_leaves_after_its_time,
    q_waits_for_nothing_when_it_is_0,
    a_negative_q_never_leaves,
    q_leaves_no_sooner_than_the_peer_ends,
    an_empty_file_half_closes,
    an_empty_pipe_half_closes,
    a_listener_with_dev_null_never_half_closes,
    a_listener_with_a_closed_stdin_never_half_closes,
    a_client_with_dev_null_half_closes,
);

fn a_client_half_closes_and_goes_on_receiving(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("question");
    client.ends_stdin();
    peer.hears("question");
    peer.hears_end();
    client.stays_for(A_WHILE);
    peer.sends("answer");
    client.shows("answer");
    peer.sends(" and more");
    peer.closes();
    client.shows(" and more");
    client.leaves(0);
    client.shows_nothing_more();
}

fn a_listener_half_closes_and_goes_on_receiving(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("question");
    server.ends_stdin();
    peer.hears("question");
    peer.hears_end();
    server.stays_for(A_WHILE);
    peer.sends("answer");
    server.shows("answer");
    peer.closes();
    server.leaves(0);
}

fn what_was_typed_before_the_connection_is_sent(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    server.types("early");
    server.ends_stdin();
    let mut peer = Peer::dials(&server, wire);
    peer.hears("early");
    peer.hears_end();
    peer.closes();
    server.leaves(0);
}

fn no_shutdown_does_not_half_close(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--no-shutdown").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("question");
    client.ends_stdin();
    peer.hears("question");
    peer.hears_nothing_for(ms(800));
    peer.sends("answer");
    client.shows("answer");
    peer.closes();
    client.leaves(0);
}

fn q_leaves_after_its_time(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-q 700ms").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("question");
    peer.hears("question");
    let before = Instant::now();
    client.ends_stdin();
    client.leaves(0);
    assert!(before.elapsed() >= ms(700), "{:?}", before.elapsed());
}

fn q_waits_for_nothing_when_it_is_0(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-q 0").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("all of it");
    client.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"all of it");
    client.leaves(0);
}

fn a_negative_q_never_leaves(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-q -1").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("question");
    client.ends_stdin();
    peer.hears("question");
    peer.hears_end();
    client.stays_for(A_WHILE);
    peer.sends("answer");
    peer.closes();
    client.shows("answer");
    client.leaves(0);
}

fn q_leaves_no_sooner_than_the_peer_ends(wire: Wire) {
    let server_time = "-q 1h";
    let mut server = netcat(server_time).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.ends_stdin();
    peer.hears_end();
    peer.sends("answer");
    peer.closes();
    server.shows("answer");
    server.leaves(0);
}

fn an_empty_file_half_closes(wire: Wire) {
    let mut server = netcat("").over(wire).stdin(Stdin::File(Vec::new())).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.hears_end();
    peer.sends("answer");
    peer.closes();
    server.shows("answer");
    server.leaves(0);
}

fn an_empty_pipe_half_closes(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    server.ends_stdin();
    let mut peer = Peer::dials(&server, wire);
    peer.hears_end();
    peer.sends("answer");
    peer.closes();
    server.shows("answer");
    server.leaves(0);
}

fn a_listener_with_dev_null_never_half_closes(wire: Wire) {
    listener_that_has_nothing_to_say(wire, Stdin::Null);
}

fn a_listener_with_a_closed_stdin_never_half_closes(wire: Wire) {
    listener_that_has_nothing_to_say(wire, Stdin::Closed);
}

fn listener_that_has_nothing_to_say(wire: Wire, stdin: Stdin) {
    let mut server = netcat("").over(wire).stdin(stdin).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("first ");
    server.shows("first ");
    peer.hears_nothing_for(A_WHILE);
    peer.sends("second");
    peer.closes();
    server.shows("second");
    server.leaves(0);
}

fn a_client_with_dev_null_half_closes(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdin(Stdin::Null).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.hears_end();
    peer.sends("answer");
    peer.closes();
    client.shows("answer");
    client.leaves(0);
}
