//! How a command and its peer end each other, when one of them does not end in order.

use crate::lang::{Peer, PeerListener, Wire, it, netcat, noise, over_tcp_and_tls, starts_programs};

/// A command that neither reads nor cares whom it was started for, and goes when the program does.
const STAYS: &str = "echo started >&2; exec 2>/dev/null; while kill -0 $PPID; do sleep 0.1; done";

over_tcp_and_tls!(
    a_reset_is_1_though_the_command_is_silent,
    a_reset_tells_how_much_of_the_command_was_not_delivered,
    a_reset_after_the_command_tells_how_much_was_not_delivered,
    the_client_of_a_command_that_cannot_be_run_gets_an_orderly_end,
);

fn a_reset_is_1_though_the_command_is_silent(wire: Wire) {
    let mut server = netcat("-c").arg(STAYS).over(wire).quietly().listens();
    let peer = Peer::dials(&server, wire);
    server.says(&["started"]);
    peer.resets();
    server.leaves(1);
    server.says(&["reset"]);
    assert_eq!(server.said().len(), 2, "{:?}", server.said());
}

fn a_reset_tells_how_much_of_the_command_was_not_delivered(wire: Wire) {
    // More than lies at the peer unread has been taken from the command, which has yet more.
    let command = "head -c 1000000 /dev/zero; echo on >&2; cat /dev/zero 2>&-";
    let mut server = netcat("-c").arg(command).over(wire).quietly().listens();
    let peer = Peer::dials(&server, wire);
    server.says(&["on"]);
    peer.resets();
    server.leaves(1);
    server.says(&["reset", "bytes not delivered"]);
    assert_eq!(server.said().len(), 2, "{:?}", server.said());
}

fn a_reset_after_the_command_tells_how_much_was_not_delivered(wire: Wire) {
    let mut server = netcat("-c").arg("head -c 1000000 /dev/zero; echo done >&2").over(wire).quietly().listens();
    let peer = Peer::dials(&server, wire);
    server.says(&["done"]);
    peer.resets();
    server.leaves(1);
    server.says(&["reset", "bytes not delivered"]);
    assert_eq!(server.said().len(), 2, "{:?}", server.said());
}

fn the_client_of_a_command_that_cannot_be_run_gets_an_orderly_end(wire: Wire) {
    let mut server = netcat("-e /nosuch/command").over(wire).quietly().listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends(noise(33, 50_000));
    peer.hears_end();
    peer.closes();
    server.leaves(2);
    server.says(&["/nosuch/command"]);
    assert_eq!(server.said().len(), 1, "{:?}", server.said());
}

#[test]
fn a_truncated_stream_is_1_under_verify_for_a_command_too() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("--ssl-verify -c").arg("cat >/dev/null").over(Wire::Tls);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("half of it");
        peer.truncates();
        // What the program answers is read, so that no reset follows.
        peer.waits_for_end();
        client.leaves(1);
        client.says(&["truncated"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_command_whose_client_is_gone_still_counts_for_m() {
    it(|| {
        let server = netcat("-k -m 2 -c").arg(STAYS).listens();
        for count in 1..=2 {
            let peer = Peer::dials(&server, Wire::Plain);
            server.says_times(&["started"], count);
            peer.resets();
        }
        for _ in 0..5 {
            Peer::dials(&server, Wire::Plain).waits_for_end();
        }
        server.says_times(&["connection limit reached (2)"], 5);
        assert_eq!(server.times_said(&["started"]), 2, "{:?}", server.said());
    });
}

#[test]
fn a_commands_end_is_noticed_though_sigchld_is_blocked() {
    it(|| {
        let starter = "exec env --block-signal=CHLD";
        if !starts_programs(starter) {
            return;
        }
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-c").arg("echo hi").started_by(starter).connects_to(&listener);
        let mut peer = listener.accepts();
        assert_eq!(peer.hears_to_end(), b"hi\n");
        // The peer does not end, so it is the command that lets the program leave.
        client.leaves(0);
    });
}

#[test]
fn a_command_has_the_limits_that_the_program_was_given() {
    it(|| {
        let starter = "ulimit -Sn 256; exec";
        let server = netcat("-k -c").arg("ulimit -Sn").started_by(starter).listens();
        assert_eq!(Peer::dials(&server, Wire::Plain).hears_to_end(), b"256\n");
    });
}
