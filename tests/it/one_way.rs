//! The table of ends: `--send-only` and `--recv-only`.

use crate::lang::{A_WHILE, Peer, PeerListener, Wire, it, listen, netcat, noise, over_tcp_and_tls, same_bytes};

over_tcp_and_tls!(
    send_only_half_closes_and_discards,
    send_only_leaves_when_the_kernel_has_delivered_all,
    send_only_loses_nothing_to_a_reset,
    send_only_in_listen_mode,
    recv_only_never_reads_stdin,
    recv_only_in_listen_mode,
    recv_only_ends_with_the_peer,
);

fn send_only_half_closes_and_discards(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--send-only").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("nobody reads this");
    client.types("data");
    peer.hears("data");
    client.shows_nothing_for(A_WHILE);
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    client.shows_nothing_more();
}

fn send_only_leaves_when_the_kernel_has_delivered_all(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--send-only").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("data");
    client.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"data");
    // The peer has everything and does not end.
    client.leaves(0);
}

fn send_only_loses_nothing_to_a_reset(wire: Wire) {
    let listener = PeerListener::new(wire).with_a_small_buffer();
    let mut client = netcat("--send-only").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    // Unread input makes the kernel reset the connection of a program that merely closes it.
    peer.sends("220 a greeting that nobody reads\r\n");
    let bulk = noise(9, 1 << 20);
    client.types_all(bulk.clone());
    same_bytes(&peer.hears_to_end(), &bulk);
    client.leaves(0);
}

fn send_only_in_listen_mode(wire: Wire) {
    let mut server = netcat("--send-only").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("nobody reads this");
    let bulk = noise(10, 300_000);
    server.types_all(bulk.clone());
    same_bytes(&peer.hears_to_end(), &bulk);
    peer.closes();
    server.leaves(0);
    server.shows_nothing_more();
}

fn recv_only_never_reads_stdin(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--recv-only").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    client.types("nobody reads this");
    client.ends_stdin();
    peer.hears_nothing_for(A_WHILE);
    peer.sends("data");
    client.shows("data");
    client.stays_for(A_WHILE);
    peer.closes();
    client.leaves(0);
}

fn recv_only_in_listen_mode(wire: Wire) {
    let mut server = netcat("--recv-only").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("nobody reads this");
    peer.sends("data");
    server.shows("data");
    peer.hears_nothing_for(A_WHILE);
    peer.closes();
    server.leaves(0);
}

fn recv_only_ends_with_the_peer(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("--recv-only").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    let bulk = noise(11, 1 << 20);
    peer.sends(&bulk);
    peer.closes();
    // Its stdin is open and no reason to stay, nor to say anything.
    client.leaves(0);
    same_bytes(&client.shows_to_end(), &bulk);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

#[test]
fn one_sends_and_the_other_receives() {
    it(|| {
        let mut server = listen("--recv-only");
        let mut client = netcat("--send-only").connects_to(&server);
        let bulk = noise(12, 4 << 20);
        client.types_all(bulk.clone());
        same_bytes(&server.shows_to_end(), &bulk);
        client.leaves(0);
        server.leaves(0);
    });
}
