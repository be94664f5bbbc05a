//! Who waits for somebody else is not silent: neither idle, nor at the end of a sentence, nor gone.

use std::time::Instant;

use crate::lang::{Peer, PeerListener, Stdin, Stdout, Wire, it, ms, netcat, noise, over_tcp_and_tls, same_bytes};

/// More than all buffers between a writer and a reader can hold, so that it must block.
const TOO_MUCH: usize = 32 << 20;

/// Little enough to lie in such a buffer unread.
const PIECE: usize = 64 << 10;

over_tcp_and_tls!(
    a_client_that_waits_for_another_is_not_idle,
    a_peer_that_waits_for_our_stdout_is_not_idle,
    a_server_that_waits_for_our_stdout_has_not_said_all,
    lines_that_are_held_for_a_delay_outlive_the_peers_end,
    the_client_that_takes_nothing_is_idle,
    a_command_that_waits_for_its_peer_is_idle,
);

fn a_client_that_waits_for_another_is_not_idle(wire: Wire) {
    let mut server = netcat("-k -i 1").over(wire).listens();
    let [mut first, stuck, mut last] = [(); 3].map(|()| {
        let mut peer = Peer::dials(&server, wire);
        peer.sends("here\n");
        server.shows("here\n");
        peer
    });
    server.types_all(vec![0; TOO_MUCH]);
    // So much comes only when the stuck one has been sent away.
    for _ in 0..TOO_MUCH / PIECE {
        first.hears_bytes(PIECE);
        last.hears_bytes(PIECE);
    }
    server.says(&["idle timeout expired (1000 ms)", &stuck.own_address().to_string()]);
    assert_eq!(server.times_said(&["idle timeout"]), 1, "{:?}", server.said());
}

fn a_peer_that_waits_for_our_stdout_is_not_idle(wire: Wire) {
    let bulk = noise(31, TOO_MUCH);
    let mut server = netcat("-i 1").over(wire).quietly().stdin(Stdin::Null).stdout(Stdout::Unread).listens();
    let mut peer = Peer::dials(&server, wire);
    let taken = peer.sends_until_blocked(&bulk);
    server.stays_for(ms(1500));
    server.reads_stdout();
    peer.sends(&bulk[taken..]);
    peer.half_closes();
    same_bytes(&server.shows_to_end(), &bulk);
    server.leaves(0);
    assert_eq!(server.said().len(), 0, "{:?}", server.said());
}

fn a_server_that_waits_for_our_stdout_has_not_said_all(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("").over(wire).stdout(Stdout::Unread).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("220 mail.example ESMTP\r\n");
    let bulk = noise(32, TOO_MUCH);
    let taken = peer.sends_until_blocked(&bulk);
    client.types("RETR 1\r\n");
    client.ends_stdin();
    peer.hears("RETR 1\r\n");
    // Longer than the silence that ends a conversation.
    peer.hears_nothing_for(ms(1200));
    client.reads_stdout();
    peer.sends(&bulk[taken..]);
    peer.hears_end();
    peer.half_closes();
    client.leaves(0);
    client.shows("220 mail.example ESMTP\r\n");
    same_bytes(&client.shows_to_end(), &bulk);
}

fn lines_that_are_held_for_a_delay_outlive_the_peers_end(wire: Wire) {
    let listener = PeerListener::new(wire);
    // Longer than a stdin is awaited that fell silent, or a peer that takes nothing more.
    let mut client = netcat("-d 5500ms").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.half_closes();
    let before = Instant::now();
    client.types("one\ntwo\n");
    client.ends_stdin();
    assert_eq!(peer.hears_to_end(), b"one\ntwo\n");
    assert!(before.elapsed() >= ms(5500), "{:?}", before.elapsed());
    client.leaves(0);
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

fn the_client_that_takes_nothing_is_idle(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-i 400ms").over(wire).stdin(Stdin::Endless).connects_to(&listener);
    let _peer = listener.accepts();
    client.leaves(1);
    client.says(&["Idle timeout expired (400 ms)", "bytes not delivered"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn a_command_that_waits_for_its_peer_is_idle(wire: Wire) {
    let mut server = netcat("-i 400ms -c").arg("cat /dev/zero 2>&-").over(wire).quietly().listens();
    let _peer = Peer::dials(&server, wire);
    server.leaves(1);
    server.says(&["Idle timeout expired (400 ms)", "bytes not delivered"]);
    assert_eq!(server.said().len(), 1, "{:?}", server.said());
}

#[test]
fn lines_that_are_held_when_the_peer_resets_are_counted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-d 1h").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("one\ntwo\nthree\n");
        peer.hears("one\n");
        client.ends_stdin();
        peer.resets();
        client.leaves(1);
        client.says(&["reset", "10 bytes not delivered"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}
