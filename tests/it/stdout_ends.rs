//! The table of ends: what happens when stdout takes no more.

use crate::lang::{Peer, PeerListener, Stdout, Wire, ms, netcat, noise, over_tcp_and_tls, same_bytes};

over_tcp_and_tls!(
    without_a_reader_what_stdin_has_is_still_sent,
    a_reader_that_goes_later_is_no_error,
    a_listener_whose_reader_is_gone_is_no_error,
    a_reader_that_went_before_the_client_came_does_not_hurry,
    with_k_the_clients_of_a_listener_whose_reader_is_gone_are_served,
    a_full_disk_is_2,
    a_closed_stdout_is_as_good_as_dev_null,
);

fn without_a_reader_what_stdin_has_is_still_sent(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdout(Stdout::Gone).connects_to(&listener);
    // Before the missing reader is noticed, or stdin would be one that never gave a byte.
    client.types("begin ");
    let mut peer = listener.accepts();
    peer.hears("begin ");
    peer.sends("nobody reads this");
    client.types("end");
    client.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"end");
    peer.half_closes();
    client.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

fn a_reader_that_goes_later_is_no_error(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdout(Stdout::Unread).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("more than the pipe holds: ");
    peer.sends_until_blocked(&noise(4, 32 << 20));
    client.drops_stdout();
    let bulk = noise(5, 300_000);
    client.types_all(bulk.clone());
    same_bytes(&peer.hears_to_end(), &bulk);
    client.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

fn a_listener_whose_reader_is_gone_is_no_error(wire: Wire) {
    let mut server = netcat("").over(wire).quietly().stdout(Stdout::Gone).listens();
    server.types("begin ");
    let mut peer = Peer::dials(&server, wire);
    peer.hears("begin ");
    peer.sends("nobody reads this");
    server.types("end");
    server.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"end");
    peer.half_closes();
    server.leaves(0);
    assert_eq!(server.said().len(), 0, "{:?}", server.said());
}

fn a_reader_that_went_before_the_client_came_does_not_hurry(wire: Wire) {
    let mut server = netcat("").over(wire).stdout(Stdout::Gone).listens();
    server.types("what stdin has");
    // Longer than a stdin is awaited that never gave a byte: nobody was there to give it to.
    server.stays_for(ms(600));
    let mut peer = Peer::dials(&server, wire);
    peer.hears("what stdin has");
    server.ends_stdin();
    peer.closes();
    server.leaves(0);
}

fn with_k_the_clients_of_a_listener_whose_reader_is_gone_are_served(wire: Wire) {
    let mut server = netcat("-k").over(wire).stdout(Stdout::Unread).listens();
    let mut peer = Peer::dials(&server, wire);
    server.drops_stdout();
    peer.sends("nobody reads this");
    // Longer than a stdin is awaited that never gave a byte.
    peer.hears_nothing_for(ms(600));
    server.types("still there\n");
    peer.hears("still there\n");
    let mut late = Peer::dials(&server, wire);
    late.hears_nothing_for(ms(600));
    server.types("to all\n");
    peer.hears("to all\n");
    late.hears("to all\n");
}

fn a_full_disk_is_2(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdout(Stdout::Full).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("too much");
    client.leaves(2);
    client.says(&["space"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn a_closed_stdout_is_as_good_as_dev_null(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdout(Stdout::Closed).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("nobody reads this");
    client.types("hello");
    peer.hears("hello");
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
}
