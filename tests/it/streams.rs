//! Any kind of stdin and stdout works, and the program leaves them as they were.

use rustix::process::Signal;
use rustix::termios::tcgetattr;

use crate::lang::{Peer, PeerListener, Stdin, Stdout, Wire, connect, it, listen, netcat, noise, same_bytes};

#[test]
fn sockets_serve_as_stdin_and_stdout() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("").stdin(Stdin::Socket).stdout(Stdout::Socket);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("up");
        peer.hears("up");
        peer.sends("down");
        client.shows("down");
        client.ends_stdin();
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn one_socket_serves_as_both_and_hears_of_the_peers_end() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").at_a_socket().connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("up");
        peer.hears("up");
        peer.sends("down");
        peer.half_closes();
        client.shows("down");
        client.shows_nothing_more();
        client.types("more");
        peer.hears("more");
        client.ends_stdin();
        peer.hears_end();
        client.leaves(0);
    });
}

#[test]
fn a_file_is_sent_and_a_file_is_filled() {
    it(|| {
        let (up, down) = (noise(21, 700_000), noise(22, 700_000));
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("").stdin(Stdin::File(up.clone())).stdout(Stdout::File);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        same_bytes(&peer.exchanges(&down), &up);
        client.leaves(0);
        same_bytes(&std::fs::read(client.file("stdout")).unwrap(), &down);
    });
}

#[test]
fn a_terminal_types_lines_and_ctrl_d_half_closes() {
    it(|| {
        let mut server = netcat("").at_a_terminal().listens();
        let mut client = netcat("").at_a_terminal().connects_to(&server);
        client.types("hello\n");
        server.shows("hello\n");
        server.types("world\n");
        client.shows("world\n");
        client.ends_stdin();
        server.leaves(0);
        client.leaves(0);
    });
}

#[test]
fn with_everything_closed_it_still_connects() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("").stdin(Stdin::Closed).stdout(Stdout::Closed);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("nobody reads this");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn shared_descriptors_stay_blocking() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("x\n");
        peer.hears("x\n");
        let flags = rustix::fs::fcntl_getfl(client.terminal()).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "the terminal is non-blocking");
    });
}

#[test]
fn a_signal_ends_it_with_its_status() {
    it(|| {
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let mut server = listen("-k");
            let mut client = connect(&server, "");
            client.types("x");
            server.shows("x");
            for session in [&mut server, &mut client] {
                session.is_sent(signal);
                session.dies_of(signal);
            }
        }
    });
}

#[test]
fn a_signal_leaves_the_terminal_sane() {
    it(|| {
        let mut server = netcat("").at_a_terminal().listens();
        let before = tcgetattr(server.terminal()).unwrap();
        let mut peer = Peer::dials(&server, Wire::Plain);
        server.types("x\n");
        peer.hears("x\n");
        server.is_sent(Signal::INT);
        server.dies_of(Signal::INT);
        let after = tcgetattr(server.terminal()).unwrap();
        assert_eq!(before.local_modes, after.local_modes);
        assert_eq!(before.input_modes, after.input_modes);
        assert_eq!(before.output_modes, after.output_modes);
    });
}
