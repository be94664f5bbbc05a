//! What a command finds: its descriptors, its signals, and over plain TCP the socket itself.

use rustix::process::Signal;

use crate::lang::{Peer, Wire, it, listen, ms, netcat, noise, over_tcp_and_tls, same_bytes, starts_programs};

over_tcp_and_tls!(
    sort_answers_when_its_peer_has_half_closed,
    what_a_command_leaves_in_the_background_still_answers,
    what_no_longer_has_the_connection_does_not_keep_it,
    only_three_descriptors_reach_a_command,
    a_commands_writes_fail_when_its_peer_has_left,
    ended_commands_are_reaped,
    at_the_programs_end_commands_get_sighup,
    a_command_that_ignores_sighup_gets_sigterm,
);

fn sort_answers_when_its_peer_has_half_closed(wire: Wire) {
    let mut server = netcat("--sh-exec").arg("sort -n").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("10\n9\n8\n");
    peer.half_closes();
    assert_eq!(peer.hears_to_end(), b"8\n9\n10\n");
    server.leaves(0);
}

fn what_a_command_leaves_in_the_background_still_answers(wire: Wire) {
    let mut server = netcat("-c").arg("(sleep 0.5; echo late) & echo early").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    assert_eq!(peer.hears_to_end(), b"early\nlate\n");
    peer.closes();
    server.leaves(0);
}

fn what_no_longer_has_the_connection_does_not_keep_it(wire: Wire) {
    let mut server = netcat("-c").arg("sleep 5 <&- >&- 2>&- & echo started").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.hears("started\n");
    assert!(peer.ends_within(ms(2500)));
    peer.closes();
    server.leaves(0);
}

fn only_three_descriptors_reach_a_command(wire: Wire) {
    let starter = "exec 5</dev/null 7>/dev/null; exec";
    let server = netcat("-e").arg("/bin/ls /proc/self/fd").over(wire).started_by(starter).listens();
    // The fourth is the directory that is listed.
    assert_eq!(Peer::dials(&server, wire).hears_to_end(), b"0\n1\n2\n3\n");
}

fn a_commands_writes_fail_when_its_peer_has_left(wire: Wire) {
    let command = "trap '' PIPE; while echo on; do sleep 0.05; done 2>/dev/null; echo failed >&2";
    let server = netcat("-k -c").arg(command).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.hears("on\n");
    drop(peer);
    server.says(&["failed"]);
}

fn ended_commands_are_reaped(wire: Wire) {
    // How many children of the program there are; itself, if all others are gone.
    let command = "set -- $(cat /proc/$PPID/task/$PPID/children); echo $#";
    let server = netcat("-k -c").arg(command).over(wire).listens();
    for _ in 0..20 {
        Peer::dials(&server, wire).hears_to_end();
    }
    // The last of them may just be ending.
    let alone = || Peer::dials(&server, wire).hears_to_end() == b"1\n";
    assert!((0..20).any(|_| alone()));
}

fn at_the_programs_end_commands_get_sighup(wire: Wire) {
    let command = "trap 'echo hung up >&2; exit' HUP; echo ready; while :; do sleep 0.05; done";
    let mut server = netcat("-k -c").arg(command).over(wire).listens();
    let mut peers = [0, 1].map(|_| Peer::dials(&server, wire));
    peers.iter_mut().for_each(|peer| peer.hears("ready\n"));
    server.is_sent(Signal::TERM);
    server.dies_of(Signal::TERM);
    assert_eq!(server.times_said(&["hung up"]), 2, "{:?}", server.said());
}

fn a_command_that_ignores_sighup_gets_sigterm(wire: Wire) {
    let command = "trap '' HUP; trap 'echo terminated >&2; exit' TERM; echo ready; while :; do sleep 0.05; done";
    let mut server = netcat("-c").arg(command).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.hears("ready\n");
    server.is_sent(Signal::INT);
    server.dies_of(Signal::INT);
    server.says(&["terminated"]);
}

#[test]
fn a_command_is_signalled_when_its_peer_has_ended_the_program() {
    it(|| {
        let command = "trap 'echo hung up >&2; exit' HUP; echo ready; while :; do sleep 0.05; done";
        let mut server = netcat("-c").arg(command).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("ready\n");
        peer.resets();
        server.leaves(1);
        server.says(&["hung up"]);
    });
}

#[test]
fn what_a_command_has_started_loses_the_connection_at_the_programs_end() {
    it(|| {
        let mut server = netcat("-c").arg("cat | cat").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("x");
        peer.hears("x");
        server.is_sent(Signal::TERM);
        server.dies_of(Signal::TERM);
        peer.waits_for_end();
    });
}

#[test]
fn a_signal_that_is_ignored_from_the_start_stays_so() {
    it(|| {
        let server = netcat("-c cat").started_by("trap '' HUP; exec").listens();
        server.is_sent(Signal::HUP);
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("still here");
        peer.hears("still here");
    });
}

#[test]
fn signals_reach_a_command_as_they_do_any_program() {
    it(|| {
        let starter = "exec env --block-signal=USR1,CHLD";
        if !starts_programs(starter) {
            return;
        }
        let command = "/bin/grep -E ^Sig(Blk|Ign): /proc/self/status";
        let server = netcat("-e").arg(command).started_by(starter).listens();
        let signals = String::from_utf8(Peer::dials(&server, Wire::Plain).hears_to_end()).unwrap();
        let mask = |name: &str| {
            let line = signals.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        assert_eq!(mask("SigBlk:"), 0);
        assert_eq!(mask("SigIgn:") & (1 << (Signal::PIPE.as_raw() - 1)), 0);
    });
}

#[test]
fn a_command_has_the_socket_itself_and_it_blocks() {
    it(|| {
        // O_RDWR, and nothing else.
        let command = "readlink /proc/$$/fd/0 /proc/$$/fd/1 | sed 's/[0-9]//g'; grep flags /proc/$$/fdinfo/0";
        let mut server = netcat("-c").arg(command).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        assert_eq!(peer.hears_to_end(), b"socket:[]\nsocket:[]\nflags:\t02\n");
        peer.closes();
        server.leaves(0);
        server.says(&["counts no bytes"]);
    });
}

#[test]
fn what_lies_in_between_makes_it_pipes() {
    it(|| {
        let command = "readlink /proc/$$/fd/0 | sed 's/[0-9]//g'";
        for between in ["-C", "-i 60s", "-o /dev/null"] {
            let server = netcat(between).arg("-c").arg(command).listens();
            let heard = Peer::dials(&server, Wire::Plain).hears_to_end();
            assert!(heard.starts_with(b"pipe:[]"), "{between}: {}", heard.escape_ascii());
        }
    });
}

#[test]
fn much_flows_both_ways_at_once_through_a_socket() {
    it(|| much_flows_both_ways("--exec /bin/cat"));
}

#[test]
fn much_flows_both_ways_at_once_through_pipes() {
    it(|| much_flows_both_ways("-i 60s --exec /bin/cat"));
}

fn much_flows_both_ways(args: &str) {
    let mut server = listen(args);
    let mut peer = Peer::dials(&server, Wire::Plain);
    let much = noise(17, 64 << 20);
    same_bytes(&peer.exchanges(&much), &much);
    server.leaves(0);
}

#[test]
fn two_hundred_commands_at_once() {
    it(|| {
        let server = netcat("-k -m 200 --exec /bin/cat").listens();
        let mut peers: Vec<_> = (0..200).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.sends(format!("{number}\n"));
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.hears(format!("{number}\n"));
        }
        for peer in &mut peers {
            peer.half_closes();
            peer.hears_end();
        }
    });
}
