//! Many clients, few descriptors, and no work while there is nothing to do.

use crate::lang::{Peer, PeerListener, Stdin, Wire, descriptors, it, listen, netcat};

/// Waking up so often in a second is rest; what does not rest wakes up for each client or byte.
const AT_REST: u64 = 60;

#[test]
fn a_thousand_clients_are_heard() {
    it(|| {
        if !descriptors(2500) {
            return;
        }
        // The limit that shells give is raised by the program itself.
        let session = netcat("-k -m 2000").stdin(Stdin::Null).started_by("ulimit -Sn 256; exec");
        let mut server = session.listens();
        let mut peers: Vec<_> = (0..1000).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for peer in &mut peers {
            peer.sends("x");
        }
        server.shows("x".repeat(1000));
        let last = peers.pop().unwrap();
        drop(peers);
        last.closes();
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends("y");
        server.shows("y");
    });
}

#[test]
fn who_finds_no_descriptor_left_waits_for_one() {
    it(|| {
        let session = netcat("-k -m 1000").stdin(Stdin::Null).started_by("ulimit -n 24; exec");
        let mut server = session.listens();
        let mut first = Peer::dials(&server, Wire::Plain);
        first.sends("first\n");
        server.shows("first\n");
        let waiting: Vec<_> = (0..40).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        server.says(&["too many open files"]);
        let wakes = server.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
        assert_eq!(server.times_said(&["too many open files"]), 1, "{:?}", server.said());
        first.sends("still here\n");
        server.shows("still here\n");
        waiting.into_iter().for_each(Peer::closes);
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends("late\n");
        server.shows("late\n");
    });
}

#[test]
fn awaiting_what_the_kernel_delivers_is_no_work_however_much_the_peer_says() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain).with_a_small_buffer();
        let mut client = netcat("--send-only").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types(vec![0; 300_000]);
        client.ends_stdin();
        for _ in 0..300 {
            peer.sends("x");
            client.stays_for(std::time::Duration::from_millis(1));
        }
        let wakes = client.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
        peer.hears_bytes(300_000);
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn clients_that_are_silent_are_no_work() {
    it(|| {
        let mut server = listen("-k -m 200 -i 1h");
        let mut peers: Vec<_> = (0..100).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for peer in &mut peers {
            peer.sends("x");
        }
        server.shows("x".repeat(100));
        let wakes = server.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
    });
}
