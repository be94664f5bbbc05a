//! Who takes too little is dropped when it has held the others up for a while; who is only slow is not.

use std::time::{Duration, Instant};

use rustix::termios::{Action, tcflow};

use crate::lang::{End, Peer, Session, Stdin, Wire, it, ms, netcat, noise, over_tcp_and_tls, same_bytes};

/// More than all buffers between the program and one who does not read can hold.
const TOO_MUCH: usize = 24 << 20;

/// How long one who stalls is borne with here.
const PATIENCE: Duration = ms(500);

/// What a busy machine may add to that.
const LEEWAY: Duration = ms(8000);

over_tcp_and_tls!(
    a_broker_drops_who_takes_nothing,
    a_listener_drops_who_takes_nothing,
    several_are_dropped_at_the_same_time,
    who_takes_enough_is_borne_with,
    who_has_half_closed_and_takes_nothing_is_dropped,
);

fn a_broker_drops_who_takes_nothing(wire: Wire) {
    let server = netcat("--broker --stall-timeout 500ms").over(wire).listens();
    let [mut stuck, mut speaker, mut listener] = three(&server, wire);
    let bulk = noise(51, TOO_MUCH);
    let before = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| speaker.sends(&bulk));
        same_bytes(&listener.exchanges_until(b"", bulk.len()), &bulk);
    });
    assert!(before.elapsed() < PATIENCE + LEEWAY, "{:?}", before.elapsed());
    let said = server.says(&["too slow: dropped", &stuck.own_address().to_string(), "bytes not delivered"]);
    // What it has been given is a beginning of the whole, and does not look like all of it.
    let heard = stuck.hears_what_is_left();
    assert!(!matches!(stuck.waits_for_end(), End::Closed), "{} bytes and an end in order", heard.len());
    assert!(heard.len() < bulk.len() && lost(&said) > 0, "{said}");
    same_bytes(&heard, &bulk[..heard.len()]);
    assert_eq!(server.times_said(&["too slow"]), 1, "{:?}", server.said());
    listener.sends("still here\n");
    speaker.hears("still here\n");
}

fn a_listener_drops_who_takes_nothing(wire: Wire) {
    let mut server = netcat("-k --stall-timeout 500ms").over(wire).listens();
    let [stuck, mut first, mut second] = [(); 3].map(|()| {
        let mut peer = Peer::dials(&server, wire);
        peer.sends("here\n");
        server.shows("here\n");
        peer
    });
    let bulk = noise(52, TOO_MUCH);
    let before = Instant::now();
    server.types_all(bulk.clone());
    std::thread::scope(|scope| {
        scope.spawn(|| same_bytes(&first.hears_to_end(), &bulk));
        same_bytes(&second.hears_to_end(), &bulk);
    });
    assert!(before.elapsed() < PATIENCE + LEEWAY, "{:?}", before.elapsed());
    let said = server.says(&["too slow: dropped", &stuck.own_address().to_string(), "bytes not delivered"]);
    assert!(lost(&said) > 0, "{said}");
}

fn several_are_dropped_at_the_same_time(wire: Wire) {
    let server = netcat("--broker --stall-timeout 2").over(wire).listens();
    // Their buffers are full one after the other.
    let stuck: Vec<_> =
        (0..6).map(|n| Peer::dials(&server, wire).with_a_buffer((16 << 10) + n * (400 << 10))).collect();
    server.says_times(&[if wire == Wire::Tls { "SSL connection from" } else { "Connection from" }], stuck.len());
    let mut speaker = Peer::dials(&server, wire);
    let mut listener = Peer::dials(&server, wire);
    listener.sends("here\n");
    speaker.hears("here\n");
    let bulk = noise(53, TOO_MUCH);
    let before = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| speaker.sends(&bulk));
        same_bytes(&listener.exchanges_until(b"", bulk.len()), &bulk);
    });
    // One after the other, it would take 12 seconds.
    assert!(before.elapsed() < ms(2000) + LEEWAY, "{:?}", before.elapsed());
    server.says_times(&["too slow"], stuck.len());
    for peer in &stuck {
        assert_eq!(server.times_said(&["too slow", &peer.own_address().to_string()]), 1);
    }
}

fn who_takes_enough_is_borne_with(wire: Wire) {
    let server = netcat("--broker --stall-timeout 500ms").over(wire).listens();
    let [mut slow, mut speaker, mut listener] = three(&server, wire);
    let bulk = noise(54, 6 << 20);
    std::thread::scope(|scope| {
        scope.spawn(|| speaker.sends(&bulk));
        scope.spawn(|| same_bytes(&listener.exchanges_until(b"", bulk.len()), &bulk));
        // More than enough, but in no piece does the kernel find a third of its queue free.
        let mut heard = Vec::new();
        while heard.len() < bulk.len() {
            let piece = (128 << 10).min(bulk.len() - heard.len());
            heard.extend(slow.exchanges_until(b"", piece));
            // This is its pace.
            std::thread::sleep(ms(100));
        }
        same_bytes(&heard, &bulk);
    });
    assert_eq!(server.times_said(&["too slow"]), 0, "{:?}", server.said());
}

fn who_has_half_closed_and_takes_nothing_is_dropped(wire: Wire) {
    let server = netcat("--broker --stall-timeout 3 -m 2").over(wire).listens();
    let mut stuck = Peer::dials(&server, wire).with_a_buffer(16 << 10);
    server.types("welcome\n");
    stuck.hears("welcome\n");
    let mut speaker = Peer::dials(&server, wire);
    speaker.sends("here\n");
    stuck.hears("here\n");
    speaker.sends_until_blocked(&noise(55, TOO_MUCH));
    stuck.half_closes();
    server.says(&[&stuck.own_address().to_string(), "bytes not known to have been delivered"]);
    assert_eq!(server.times_said(&["too slow"]), 0, "it was to be seen off: {:?}", server.said());
    // Its place is free.
    let mut newcomer = Peer::dials(&server, wire);
    newcomer.sends("hello\n");
    speaker.hears("hello\n");
}

#[test]
fn who_stops_the_hosts_terminal_stops_nobody_else() {
    it(|| {
        let mut server = netcat("--broker --stall-timeout 500ms").at_a_terminal().listens();
        let mut speaker = Peer::dials(&server, Wire::Plain);
        speaker.sends("one\n");
        server.shows("one\n");
        let mut listener = Peer::dials(&server, Wire::Plain);
        listener.sends("two\n");
        server.shows("two\n");
        speaker.hears("two\n");
        tcflow(server.terminal(), Action::OOff).unwrap();
        let bulk = noise(56, TOO_MUCH);
        std::thread::scope(|scope| {
            scope.spawn(|| speaker.sends(&bulk));
            same_bytes(&listener.exchanges_until(b"", bulk.len()), &bulk);
        });
        server.says(&["stdout", "too slow"]);
        tcflow(server.terminal(), Action::OOn).unwrap();
        server.says(&["stdout", "again"]);
        speaker.sends("three\n");
        server.shows_line_with("three");
    });
}

#[test]
fn announcements_do_not_pile_up_for_who_takes_nothing() {
    it(|| {
        let server = netcat("--chat --stall-timeout 1h -m 400").quietly().stdin(Stdin::Null).listens();
        let mut stuck = Peer::dials(&server, Wire::Plain).with_a_buffer(16 << 10);
        stuck.hears_line();
        let mut speaker = Peer::dials(&server, Wire::Plain);
        speaker.sends_until_blocked(&"all work and no play\n".repeat(1 << 20).into_bytes());
        // Each is announced with the names of all the others. What the kernel still has room for does not wait.
        for _ in 0..60 {
            if server.times_said(&["too slow"]) > 0 {
                break;
            }
            let crowd: Vec<_> = (0..130).map(|_| Peer::dials(&server, Wire::Plain)).collect();
            drop(crowd);
        }
        server.says(&["too slow: dropped", &stuck.own_address().to_string()]);
    });
}

/// Three clients who have heard of each other, or their words.
fn three(server: &Session, wire: Wire) -> [Peer; 3] {
    let mut first = Peer::dials(server, wire);
    server.types("welcome\n");
    first.hears("welcome\n");
    let mut second = Peer::dials(server, wire);
    second.sends("second\n");
    first.hears("second\n");
    let mut third = Peer::dials(server, wire);
    third.sends("third\n");
    first.hears("third\n");
    second.hears("third\n");
    [first, second, third]
}

/// `N bytes not delivered`
fn lost(line: &str) -> usize {
    let words: Vec<_> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "bytes").unwrap();
    words[at - 1].parse().unwrap()
}
