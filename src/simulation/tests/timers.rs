//! Each time-out at its moment: not before, and not later than the network may make it.

use super::*;
use Step::*;

const SERVER: &str = "10.0.0.1:25";
const TO: [&str; 2] = ["10.0.0.1", "25"];
const LISTEN: [&str; 3] = ["-l", "10.0.0.2", "2000"];

fn run(world: &World, options: &[&str], rest: &[&str]) -> Ran {
    world.run(&[options, rest].concat())
}

#[test]
fn who_does_not_answer_is_waited_for_as_long_as_w_says() {
    for (options, due) in [(&[][..], 10 * SECOND), (&["-w", "90s"], 90 * SECOND), (&["-w", "3h"], 3 * HOUR)] {
        let world = World::new(1, 24 * HOUR);
        world.user(plan([]));
        world.server(SERVER, Server::BlackHole);
        let ran = run(&world, options, &TO);
        assert_eq!((ran.exit, ran.at), (Some(Exit::Network), due), "{ran:?}");
        ran.said("TIMEOUT");
        ran.is_tidy();
    }
}

#[test]
fn who_does_not_agree_on_tls_has_half_a_minute_or_what_w_says() {
    for (options, due) in [(&["--ssl"][..], 30 * SECOND), (&["--ssl", "-w", "7s"], 7 * SECOND)] {
        for seed in 0..8 {
            let world = World::new(seed, 24 * HOUR);
            world.user(plan([]));
            world.server(SERVER, accepts([HearAnything, HearEnd]));
            let ran = run(&world, options, &TO);
            assert_eq!(ran.exit, Some(Exit::Network), "{ran:?}");
            let error = ran.said("TLS");
            at(error, due, NETWORK);
            at(ran.at, error, SECOND + NETWORK);
            ran.is_tidy();
        }
    }
}

#[test]
fn who_is_idle_is_left_so_long_after_its_last_byte() {
    for seed in 0..8 {
        let world = World::new(seed, 24 * HOUR);
        world.user(plan([]));
        let drip = (0..50).flat_map(|_| [Wait(299 * SECOND), Say(1)]);
        world.server(SERVER, accepts(drip.chain([HearEnd])));
        let ran = run(&world, &["-i", "5m"], &TO);
        assert_eq!(ran.exit, Some(Exit::Network), "{ran:?}");
        at(ran.said("Idle timeout expired (300000 ms)."), 50 * 299 * SECOND + 5 * MINUTE, NETWORK);
        assert_eq!(world.peer(0, |user| user.heard), 50);
        ran.is_tidy();
    }
}

#[test]
fn after_the_end_of_stdin_q_says_how_long_it_goes_on() {
    for (quit, due) in [("30s", 30 * SECOND), ("2h", 2 * HOUR)] {
        let world = World::new(3, 24 * HOUR);
        world.user(plan([Wait(MINUTE), Say(10), HalfClose]));
        // Somebody who never stops.
        world.server(SERVER, accepts((0..10_000).flat_map(|_| [Say(1), Wait(SECOND)])));
        let ran = run(&world, &["-q", quit], &TO);
        at(ran.at, MINUTE + due, NETWORK);
        assert_eq!(ran.exit, Some(Exit::Done), "{ran:?}");
        assert_eq!(world.peer(1, |server| server.heard), 10);
        ran.is_tidy();
    }
}

#[test]
fn lines_are_spaced_by_the_time_that_d_says() {
    const LINES: &str = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\n";
    let world = World::new(4, 24 * HOUR);
    world.user(plan([Text(LINES), HalfClose]));
    world.server(SERVER, accepts([HearAnything, HearEnd, Leave]));
    let ran = run(&world, &["-d", "11m"], &TO);
    assert_eq!(ran.exit, Some(Exit::Done), "{ran:?}");
    let times = world.peer(1, |server| server.times.clone());
    assert_eq!(times.len(), 20, "{times:?}");
    for pair in times.windows(2) {
        assert_eq!(pair[1].0 - pair[0].0, 11 * MINUTE);
    }
    ran.is_tidy();
}

#[test]
fn who_takes_little_is_waited_for_until_all_has_arrived() {
    for seed in 0..2 {
        let world = World::new(seed, 24 * HOUR);
        world.user(plan([Say(3_000_000), HalfClose]));
        world.server(SERVER, accepts([Slow(300), HearEnd, Leave]));
        let ran = run(&world, &["--send-only"], &TO);
        assert_eq!(ran.exit, Some(Exit::Done), "{ran:?}");
        assert_eq!(world.peer(1, |server| (server.heard, server.end)), (3_000_000, Some(End::InOrder)));
        assert!(world.peer(1, |server| server.times.last().unwrap().0) >= 2 * HOUR);
        ran.is_tidy();
    }
}

#[test]
fn a_client_that_stalls_is_dropped_in_time_and_the_others_hear_all() {
    for seed in 0..2 {
        let world = World::new(seed, 24 * HOUR).nearby();
        world.user(plan([Wait(SECOND), Say(4_000_000), HalfClose]));
        let quick = world.client(Duration::ZERO, "10.0.0.2:2000", plan([HearEnd, Leave]));
        let stuck = world.client(Duration::ZERO, "10.0.0.2:2000", plan([Deaf, Wait(2 * HOUR), Listen, HearEnd]));
        let slow = world.client(Duration::ZERO, "10.0.0.2:2000", plan([Slow(40_000), HearEnd, Leave]));
        let ran = run(&world, &["-k", "--send-only", "--stall-timeout", "90s"], &LISTEN);
        let all = (4_000_000, Some(End::InOrder));
        assert_eq!(world.peer(quick, |it| (it.heard, it.end)), all, "{ran:?}");
        assert_eq!(world.peer(slow, |it| (it.heard, it.end)), all, "{ran:?}");
        let told = ran.said("too slow: dropped");
        at(told, 91 * SECOND, 6 * SECOND);
        assert_eq!(world.peer(stuck, |it| it.end), Some(End::Cut), "{ran:?}");
        ran.is_tidy();
    }
}

#[test]
fn a_peer_whose_machine_vanishes_is_noticed_when_the_kernel_notices() {
    let world = World::new(5, 24 * HOUR);
    world.user(plan([]));
    world.server(SERVER, accepts([Say(100), Wait(HOUR), Vanish]));
    let ran = run(&world, &[], &TO);
    assert_eq!(ran.exit, Some(Exit::Network), "{ran:?}");
    at(ran.at, HOUR + 135 * SECOND, NETWORK);
    assert_eq!(world.peer(0, |user| user.heard), 100);
    ran.is_tidy();
}

#[test]
fn a_server_that_does_not_reply_is_given_up_after_a_minute() {
    for seed in 0..8 {
        let world = World::new(seed, 24 * HOUR);
        world.user(plan([HearAnything, Text("EHLO a\nNOOP\nNOOP\nQUIT\n"), HalfClose]));
        let slowly = [HearAnything, Text("220 here\r\n"), Hear(8), Wait(59 * SECOND), Text("250 yes\r\n"), Hear(14)];
        world.server(SERVER, accepts(slowly.into_iter().chain([Wait(59 * SECOND), Text("250 ok\r\n"), HearEnd])));
        let ran = run(&world, &["--pace", "smtp"], &TO);
        at(ran.at, (59 + 59 + 60) * SECOND, 4 * NETWORK);
        assert!(ran.exit != Some(Exit::Done) && ran.exit.is_some(), "{ran:?}");
        ran.is_tidy();
    }
}
