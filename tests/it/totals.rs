//! What a session tells of itself when a signal asks how far it is.

use crate::lang::{Peer, PeerListener, Wire, it, netcat};
use rustix::process::Signal;

#[test]
fn a_signal_asks_a_client_how_far_it_is_and_ends_nothing() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("hello");
        peer.hears("hello");
        peer.sends("good day");
        client.shows("good day");
        for times in 1..=3 {
            client.is_sent(Signal::USR1);
            client.says_times(&["127.0.0.1", "5 bytes sent, 8 bytes received in"], times);
        }
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_listener_tells_of_each_client() {
    it(|| {
        let mut server = netcat("-k").listens();
        server.is_sent(Signal::USR1);
        server.says(&["Nobody is connected."]);
        let mut peers = [Peer::dials(&server, Wire::Plain), Peer::dials(&server, Wire::Plain)];
        let [first, second] = &mut peers;
        first.sends("one");
        server.shows("one");
        second.sends("second");
        server.shows("second");
        server.is_sent(Signal::USR1);
        server.says(&["0 bytes sent, 3 bytes received in"]);
        server.says(&["0 bytes sent, 6 bytes received in"]);
    });
}

#[test]
fn a_crowd_is_told_of_in_fifty_lines() {
    it(|| {
        let server = netcat("-k --broker").listens();
        let mut peers: Vec<_> = (0..53).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        let (last, others) = peers.split_last_mut().unwrap();
        // Who hears it is joined.
        last.sends("all here");
        others.iter_mut().for_each(|peer| peer.hears("all here"));
        server.is_sent(Signal::USR1);
        server.says(&["and 3 more."]);
        server.says_times(&["bytes sent,", "bytes received in"], 50);
        assert_eq!(server.times_said(&["bytes sent,", "bytes received in"]), 50);
    });
}

#[test]
fn what_has_gone_by_a_command_is_counted_too() {
    it(|| {
        let mut server = netcat("--sh-exec").arg("cat").over(Wire::Tls).listens();
        let mut peer = Peer::dials(&server, Wire::Tls);
        peer.sends("echo");
        peer.hears("echo");
        server.is_sent(Signal::USR1);
        server.says(&["4 bytes sent, 4 bytes received in"]);
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn progress_is_a_line_in_a_file_that_says_how_much() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("--progress").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("hello");
        peer.hears("hello");
        client.says(&["5 B sent, 0 B received"]);
        assert!(!client.stderr().contains(['\r', '\x1b']), "{:?}", client.stderr());
    });
}

#[test]
fn no_progress_takes_progress_back() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("--progress --no-progress").connects_to(&listener);
        let _peer = listener.accepts();
        client.stays_for(std::time::Duration::from_millis(2500));
        assert_eq!(client.stderr(), "");
    });
}
