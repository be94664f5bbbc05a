//! Much at once: every byte arrives, and who is slow holds the other side back.

use crate::lang::{Peer, PeerListener, Stdin, Stdout, Wire, netcat, noise, over_tcp_and_tls, same_bytes};

const MUCH: usize = 4 << 20;

/// More than all buffers between a writer and a reader can hold, so that it must block.
const TOO_MUCH: usize = 48 << 20;
const BUFFERS: usize = 24 << 20;

over_tcp_and_tls!(
    a_client_is_exact_in_both_directions_at_once,
    a_listener_is_exact_in_both_directions_at_once,
    a_file_arrives_in_a_file,
    every_byte_value_in_small_pieces,
    a_blocked_peer_holds_stdin_back,
    a_blocked_stdout_holds_the_peer_back,
);

fn a_client_is_exact_in_both_directions_at_once(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    let (up, down) = (noise(14, MUCH), noise(15, MUCH));
    client.types_all(up.clone());
    same_bytes(&peer.exchanges(&down), &up);
    same_bytes(&client.shows_to_end(), &down);
    client.leaves(0);
}

fn a_listener_is_exact_in_both_directions_at_once(wire: Wire) {
    let mut server = netcat("").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    let (up, down) = (noise(16, MUCH), noise(17, MUCH));
    server.types_all(down.clone());
    same_bytes(&peer.exchanges(&up), &down);
    same_bytes(&server.shows_to_end(), &up);
    server.leaves(0);
}

fn a_file_arrives_in_a_file(wire: Wire) {
    let bytes = noise(18, MUCH);
    let mut server = netcat("").over(wire).stdin(Stdin::Null).stdout(Stdout::File).listens();
    let mut client = netcat("").over(wire).stdin(Stdin::File(bytes.clone())).connects_to(&server);
    server.leaves(0);
    client.leaves(0);
    same_bytes(&std::fs::read(server.file("stdout")).unwrap(), &bytes);
}

fn every_byte_value_in_small_pieces(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    for value in 0..=255_u8 {
        client.types([value]);
        peer.hears([value]);
        peer.sends([value]);
        client.shows([value]);
    }
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
}

fn a_blocked_peer_holds_stdin_back(wire: Wire) {
    let listener = PeerListener::new(wire).with_a_small_buffer();
    let mut client = netcat("").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    let bytes = noise(19, TOO_MUCH);
    let taken = client.types_until_blocked(&bytes);
    assert!(taken < BUFFERS, "{taken} bytes were taken for a peer that reads none");
    client.ends_stdin();
    same_bytes(&peer.hears_to_end(), &bytes[..taken]);
    peer.closes();
    client.leaves(0);
}

fn a_blocked_stdout_holds_the_peer_back(wire: Wire) {
    let mut server = netcat("").over(wire).stdin(Stdin::Null).stdout(Stdout::Unread).listens();
    let mut peer = Peer::dials(&server, wire);
    let bytes = noise(20, TOO_MUCH);
    let taken = peer.sends_until_blocked(&bytes);
    assert!(taken < BUFFERS, "{taken} bytes were taken for a stdout that nobody reads");
    server.reads_stdout();
    peer.sends(""); // what TLS holds
    peer.half_closes();
    same_bytes(&server.shows_to_end(), &bytes[..taken]);
    server.leaves(0);
}
