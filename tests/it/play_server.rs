//! `-l --play`: the server is a text file, for one client or with `-k` for each.

use crate::lang::{A_WHILE, Netcat, Peer, Scratch, Wire, it, netcat, over_tcp_and_tls};

over_tcp_and_tls!(
    a_client_is_answered_line_by_line,
    another_line_is_3_and_both_are_shown,
    with_k_it_is_played_for_each_client,
);

/// A server of nearly no mail.
const SERVER: &str = "S: 220 x.play\nC: EHLO {*}\nS: 250-me\nS: 250 HELP\nC: QUIT\nS: 221 bye\n";

fn plays(text: &str) -> Netcat {
    netcat("--play").arg_file("x.play", text)
}

fn a_client_is_answered_line_by_line(wire: Wire) {
    let mut server = plays(SERVER).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.hears("220 x.play\r\n");
    peer.sends("EHLO you\r\n");
    peer.hears("250-me\r\n250 HELP\r\n");
    peer.hears_nothing_for(A_WHILE);
    peer.sends("QUIT\n");
    peer.hears("221 bye\r\n");
    peer.hears_end();
    peer.closes();
    server.leaves(0);
}

fn another_line_is_3_and_both_are_shown(wire: Wire) {
    let mut server = plays(SERVER).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("HELO you\r\n");
    peer.hears("220 x.play\r\n");
    peer.hears_end();
    peer.closes();
    server.leaves(3);
    server.says(&[r#"x.play:2: expected "EHLO {*}", got "HELO you""#]);
}

fn with_k_it_is_played_for_each_client(wire: Wire) {
    let server = plays(SERVER).arg_words("-k").over(wire).listens();
    let mut peers: Vec<_> = (0..3).map(|_| Peer::dials(&server, wire)).collect();
    for peer in &mut peers {
        peer.hears("220 x.play\r\n");
    }
    peers[0].sends("EHLO 0\r\n");
    peers[0].hears("250-me\r\n250 HELP\r\n");
    peers[1].sends("nonsense\r\n");
    peers[1].hears_end();
    for peer in [2, 0] {
        let peer = &mut peers[peer];
        peer.sends("EHLO x\r\nQUIT\r\n");
        peer.waits_for_end();
    }
    server.says(&[": ", r#"x.play:2: expected "EHLO {*}", got "nonsense""#]);
    server.says(&[r#"x.play:5: expected "QUIT", got "EHLO x""#]);
    let mut late = Peer::dials(&server, wire);
    late.sends("EHLO late\r\nQUIT\r\n");
    assert_eq!(late.hears_to_end(), b"220 x.play\r\n250-me\r\n250 HELP\r\n221 bye\r\n");
    assert_eq!(server.said().iter().filter(|line| line.contains("expected")).count(), 2);
}

#[test]
fn with_k_it_is_told_whose_dialogue_has_failed() {
    it(|| {
        let server = plays(SERVER).arg_words("-k").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let name = peer.own_address().to_string();
        peer.sends("?\r\n");
        peer.hears("220 x.play\r\n");
        peer.hears_end();
        server.says(&[&name, "x.play:2: expected"]);
    });
}

#[test]
fn a_client_that_leaves_early_is_3() {
    it(|| {
        let mut server = plays(SERVER).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 x.play\r\n");
        peer.closes();
        server.leaves(3);
        server.says(&[r#"x.play:2: expected "EHLO {*}", but the peer has left"#]);
        assert_eq!(server.times_said(&["expected"]), 1);
    });
}

#[test]
fn a_client_that_keeps_silent_is_3() {
    it(|| {
        let mut server = plays(SERVER).arg_words("-i 300ms").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 x.play\r\n");
        server.leaves(3);
        server.says(&[r#"x.play:2: expected "EHLO {*}", but nothing came for 300ms"#]);
    });
}

#[test]
fn a_client_that_takes_nothing_is_3() {
    it(|| {
        let scratch = Scratch::new();
        scratch.file("big", vec![b'x'; 40 << 20]);
        let file = scratch.file("x.play", "S: {base64file:big}\nC: ok\n");
        let mut server = netcat("-i 500ms --play").arg(file).listens();
        let peer = Peer::dials(&server, Wire::Plain);
        server.leaves(3);
        server.says(&["x.play:1: the peer has taken nothing for 500ms"]);
        peer.closes();
    });
}

#[test]
fn a_masked_line_is_any() {
    it(|| {
        let text = "S: 220 x\nC: AUTH PLAIN {masked}\nS: 235 yes\nC: {masked}\nS: 221\n";
        let mut server = plays(text).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("AUTH PLAIN AG1lAHg=\r\n\r\n");
        assert_eq!(peer.hears_to_end(), b"220 x\r\n235 yes\r\n221\r\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_message_is_passed_over_up_to_its_dot() {
    it(|| {
        let mut server = plays("C: DATA\nS: 354 go\n...\nS: 250 ok\n").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("DATA\r\n");
        peer.hears("354 go\r\n");
        peer.sends("Subject: x\r\n\r\n..\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends(".\r\n");
        peer.hears("250 ok\r\n");
        peer.hears_end();
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_file_with_a_fault_is_2_before_anybody_is_listened_for() {
    it(|| {
        let mut server = netcat("-l -v --play").arg_file("x.play", "S: 220\nS: {file:missing}\n").arg("0").starts();
        server.leaves(2);
        server.says(&["x.play:2: {file:missing}: No such file"]);
        assert_eq!(server.times_said(&["Listening"]), 0);
    });
}

#[test]
fn a_client_may_be_hostile() {
    it(|| {
        let server = plays(SERVER).arg_words("-k").listens();
        let before = server.resident_kib();
        let mut endless = Peer::dials(&server, Wire::Plain);
        endless.sends_until_blocked(&vec![b'x'; 8 << 20]);
        server.says(&["expected \"EHLO {*}\", got a line of more than 1024 KiB"]);
        let mut binary = Peer::dials(&server, Wire::Plain);
        binary.sends(b"EHLO \0\xff\xfe\r\n\0QUIT\r\n");
        server.says(&[r#"x.play:5: expected "QUIT", got "\u{0}QUIT""#]);
        let mut slow = Peer::dials(&server, Wire::Plain);
        for byte in "EHLO slow\r\nQUIT\r\n".bytes() {
            slow.sends([byte]);
        }
        assert_eq!(slow.hears_to_end(), b"220 x.play\r\n250-me\r\n250 HELP\r\n221 bye\r\n");
        Peer::dials(&server, Wire::Plain).resets();
        let grown = server.resident_kib() - before;
        assert!(grown < 16 * 1024, "it has grown by {grown} KiB");
    });
}
