//! `--broker`: what each client says goes to all the others.

use crate::lang::{A_WHILE, Peer, Session, Wire, free_port, it, ms, netcat, noise, over_tcp_and_tls, same_bytes};

over_tcp_and_tls!(
    what_one_says_reaches_every_other_and_not_itself,
    stdin_speaks_to_every_client,
    stdin_waits_for_somebody_to_hear_it,
    it_stays_when_stdin_has_ended,
    nothing_is_shown_but_at_a_terminal,
    a_terminal_shows_what_is_said,
    who_half_closes_is_seen_off_with_what_waits_for_him,
    a_reset_touches_nobody_else,
    c_is_for_stdin,
    send_only_hears_nobody_and_leaves_after_stdin,
    recv_only_leaves_stdin_alone,
    q_sees_everybody_off_after_its_time,
    an_idle_client_goes_alone,
    m_closes_one_client_too_many,
    much_from_three_at_once_arrives_in_order,
);

fn what_one_says_reaches_every_other_and_not_itself(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 4, wire);
    for speaker in 0..peers.len() {
        let line = format!("this is {speaker}\n");
        peers[speaker].sends(&line);
        for (listener, peer) in peers.iter_mut().enumerate() {
            if listener != speaker {
                peer.hears(&line);
            }
        }
    }
    // Its own words would have come before those of who spoke after it.
    for peer in &mut peers {
        peer.hears_nothing_for(ms(20));
    }
}

fn stdin_speaks_to_every_client(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 3, wire);
    server.types("to all\n");
    for peer in &mut peers {
        peer.hears("to all\n");
    }
}

fn stdin_waits_for_somebody_to_hear_it(wire: Wire) {
    let mut server = netcat("--broker").over(wire).listens();
    let bulk = noise(41, 4 << 20);
    let taken = server.types_until_blocked(&bulk);
    assert!(taken < bulk.len(), "stdin was read with nobody there");
    server.ends_stdin();
    let mut peer = Peer::dials(&server, wire);
    peer.hears(&bulk[..taken]);
}

fn it_stays_when_stdin_has_ended(wire: Wire) {
    let mut server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 2, wire);
    server.types("the last word\n");
    server.ends_stdin();
    for peer in &mut peers {
        peer.hears("the last word\n");
        peer.hears_nothing_for(ms(100));
    }
    peers[0].sends("still here\n");
    peers[1].hears("still here\n");
    peers.into_iter().for_each(Peer::closes);
    server.stays_for(A_WHILE);
}

fn nothing_is_shown_but_at_a_terminal(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 2, wire);
    peers[0].sends("for the other\n");
    peers[1].hears("for the other\n");
    server.types("for both\n");
    peers[0].hears("for both\n");
    server.shows_nothing_for(A_WHILE);
}

fn a_terminal_shows_what_is_said(wire: Wire) {
    let mut server = netcat("--broker").over(wire).at_a_terminal().listens();
    let mut first = Peer::dials(&server, wire);
    first.sends("hello\n");
    server.shows("hello\n");
    let mut second = Peer::dials(&server, wire);
    second.sends("me, too\n");
    server.shows("me, too\n");
    first.hears("me, too\n");
    server.types("welcome\n");
    first.hears("welcome\n");
    second.hears("welcome\n");
    // What is typed is shown by the terminal, not by us.
    server.shows_nothing_for(ms(100));
}

fn who_half_closes_is_seen_off_with_what_waits_for_him(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 3, wire);
    let bulk = noise(42, 1 << 20);
    peers[0].sends(&bulk);
    peers[1].hears(&bulk);
    peers[2].half_closes();
    same_bytes(&peers[2].hears_to_end(), &bulk);
    peers[1].sends("still here\n");
    peers[0].hears("still here\n");
}

fn a_reset_touches_nobody_else(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let mut peers = room(&server, 4, wire);
    peers.remove(1).resets();
    for _ in 0..10 {
        peers[0].sends("still here\n");
        peers[1].hears("still here\n");
        peers[2].hears("still here\n");
    }
    server.types("good\n");
    for peer in &mut peers {
        peer.hears("good\n");
    }
}

fn c_is_for_stdin(wire: Wire) {
    let server = netcat("--broker -C").over(wire).listens();
    let mut first = Peer::dials(&server, wire);
    server.types("one\ntwo\r\n");
    first.hears("one\r\ntwo\r\n");
    let mut second = Peer::dials(&server, wire);
    second.sends("as it is\n");
    first.hears("as it is\n");
}

fn send_only_hears_nobody_and_leaves_after_stdin(wire: Wire) {
    let mut server = netcat("--broker --send-only").over(wire).listens();
    let mut first = Peer::dials(&server, wire);
    server.types("news\n");
    first.hears("news\n");
    let mut second = Peer::dials(&server, wire);
    second.sends("what?\n");
    first.hears_nothing_for(ms(200));
    let bulk = noise(43, 1 << 20);
    server.types_all(bulk.clone());
    same_bytes(&first.hears_to_end(), &bulk);
    second.hears_to_end();
    drop((first, second));
    server.leaves(0);
}

fn recv_only_leaves_stdin_alone(wire: Wire) {
    let server = netcat("--broker --recv-only").over(wire).listens();
    let mut peers = [Peer::dials(&server, wire), Peer::dials(&server, wire)];
    let taken = server.types_until_blocked(&noise(44, 1 << 20));
    assert!(taken < 1 << 20, "stdin was read");
    peers[0].sends("hello\n");
    peers[1].hears("hello\n");
    peers[1].hears_nothing_for(ms(50));
    peers[0].hears_nothing_for(ms(50));
}

fn q_sees_everybody_off_after_its_time(wire: Wire) {
    let mut server = netcat("--broker -q 600ms").over(wire).listens();
    let mut peers = room(&server, 2, wire);
    server.types("the end is near\n");
    server.ends_stdin();
    for peer in &mut peers {
        peer.hears("the end is near\n");
    }
    peers[0].sends("not yet\n");
    peers[1].hears("not yet\n");
    for peer in &mut peers {
        peer.hears_nothing_for(ms(50));
    }
    for peer in &mut peers {
        peer.hears_end();
    }
    drop(peers);
    server.leaves(0);
}

fn an_idle_client_goes_alone(wire: Wire) {
    let server = netcat("--broker -i 500ms --send-only").over(wire).listens();
    let mut idle = Peer::dials(&server, wire);
    let mut busy = Peer::dials(&server, wire);
    let mut left = false;
    for _ in 0..100 {
        busy.sends("busy\n");
        left = left || idle.ends_within(ms(50));
        if left {
            break;
        }
    }
    assert!(left, "the idle client was kept");
    server.says(&["idle timeout expired (500 ms)", &idle.own_address().to_string()]);
    busy.sends("still here\n");
    assert!(!busy.ends_within(ms(100)), "the other went, too");
    assert_eq!(server.times_said(&["idle timeout"]), 1, "{:?}", server.said());
}

fn m_closes_one_client_too_many(wire: Wire) {
    let server = netcat("--broker -m 2").over(wire).listens();
    let mut peers = room(&server, 2, wire);
    Peer::dials(&server, Wire::Plain).waits_for_end();
    server.says(&["New connection denied: connection limit reached (2)"]);
    peers[0].sends("still here\n");
    peers[1].hears("still here\n");
}

fn much_from_three_at_once_arrives_in_order(wire: Wire) {
    let server = netcat("--broker").over(wire).listens();
    let much = if wire == Wire::Plain { 20 << 20 } else { 4 << 20 };
    let mut peers = room(&server, 3, wire);
    // The two highest bits of each byte tell whose it is.
    let said: Vec<Vec<u8>> = (0..3_u8)
        .map(|who| {
            let block: Vec<_> = noise(45 + u64::from(who), 99_991).iter().map(|byte| byte >> 2 | who << 6).collect();
            let mut bytes = block.repeat(much / block.len() + 1);
            bytes.truncate(much);
            bytes
        })
        .collect();
    let heard: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let pairs = peers.iter_mut().zip(&said);
        let threads: Vec<_> = pairs.map(|(peer, own)| scope.spawn(|| peer.exchanges_until(own, 2 * much))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (listener, heard) in heard.iter().enumerate() {
        let (mut rest, mut of_each) = (heard.as_slice(), said.iter().map(Vec::as_slice).collect::<Vec<_>>());
        while let Some(first) = rest.first() {
            let of_one = &mut of_each[usize::from(first >> 6)];
            let run = common(rest, of_one);
            assert!(run > 0, "{listener} heard a byte of {} that was not its next", first >> 6);
            (rest, *of_one) = (&rest[run..], &of_one[run..]);
        }
        for (speaker, left) in of_each.iter().enumerate() {
            let missing = if speaker == listener { much } else { 0 };
            assert_eq!(left.len(), missing, "of what {speaker} said to {listener}");
        }
    }
}

/// How far two byte strings are the same, found out without looking at each byte in turn.
fn common(one: &[u8], other: &[u8]) -> usize {
    let (mut same, mut step) = (0, one.len().min(other.len()));
    while step > 0 {
        let end = same + step;
        if end <= one.len() && end <= other.len() && one[same..end] == other[same..end] {
            same = end;
        } else {
            step /= 2;
        }
    }
    same
}

#[test]
fn it_implies_l_and_k() {
    it(|| {
        let port = free_port();
        let server = netcat("--broker -v 127.0.0.1").arg(port.to_string()).starts();
        server.says(&["Listening on 127.0.0.1"]);
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let mut first = Peer::dials(&address, Wire::Plain);
        server.types("hello\n");
        first.hears("hello\n");
        first.half_closes();
        first.hears_end();
        let mut second = Peer::dials(&address, Wire::Plain);
        server.types("hello again\n");
        second.hears("hello again\n");
    });
}

#[test]
fn a_place_is_free_again_when_a_client_has_half_closed() {
    it(|| {
        let server = netcat("--broker -m 1").listens();
        for line in ["one\n", "two\n", "three\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            server.types(line);
            peer.hears(line);
            peer.half_closes();
            peer.hears_end();
        }
    });
}

#[test]
fn who_speaks_and_leaves_at_once_is_heard() {
    it(|| {
        let server = netcat("--broker").listens();
        let mut peers = room(&server, 2, Wire::Plain);
        for _ in 0..20 {
            let mut brief = Peer::dials(&server, Wire::Plain);
            brief.sends("good bye\n");
            brief.closes();
            peers[0].hears("good bye\n");
            peers[1].hears("good bye\n");
        }
    });
}

/// So many clients, all of whom are in.
#[track_caller]
fn room(server: &Session, count: usize, wire: Wire) -> Vec<Peer> {
    room_of(server, count, |_| Peer::dials(server, wire))
}

/// Lets so many in, who say that they are here; after that nothing is on its way.
#[track_caller]
pub(crate) fn room_of(server: &Session, count: usize, dial: impl Fn(usize) -> Peer) -> Vec<Peer> {
    let mut room: Vec<Peer> = Vec::new();
    for number in 0..count {
        let mut peer = dial(number);
        if let Some((first, others)) = room.split_first_mut() {
            peer.sends("I am here\n");
            first.hears("I am here\n");
            others.iter_mut().for_each(|other| other.hears("I am here\n"));
        } else {
            server.types("welcome\n");
            peer.hears("welcome\n");
        }
        room.push(peer);
    }
    room
}
