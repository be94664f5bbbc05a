//! Thirty-two descriptors and a hundred clients: those who find none wait, at no cost, and all is well when others leave.

use std::time::{Duration, Instant};

use crate::lang::{Peer, PeerListener, Session, Stdin, Wire, it, ms, netcat};

const CLIENTS: usize = 100;

/// CPU time in a second, in milliseconds, that is rest; what spins has used a thousand.
const AT_REST: u64 = 300;

/// All who have left are gone by then.
const LIMIT: Duration = Duration::from_secs(20);

/// Starts a server that runs out of descriptors, and has those who made it so leave again.
fn crowded(args: &str) -> Session {
    let server = netcat(args).stdin(Stdin::Null).started_by("ulimit -n 32; exec").listens();
    let alone = server.open_descriptors();
    let mut crowd: Vec<_> = (0..CLIENTS).map(|_| Peer::dials(&server, Wire::Plain)).collect();
    server.says(&["too many open files"]);
    let busy = server.busy_in_a_second();
    assert!(busy < AT_REST, "it was busy for {busy} ms of a second");
    let last = crowd.pop().unwrap();
    crowd.into_iter().for_each(drop);
    last.closes();
    // What each server keeps from its first client on: a pipe, or a pair of sockets.
    let until = Instant::now() + LIMIT;
    let came = || server.said().iter().filter(|line| line.contains("Connection from")).count();
    // Those who left while they waited come and go, too.
    while came() < CLIENTS || server.open_descriptors() > alone + 4 {
        assert!(Instant::now() < until, "{} descriptors where there were {alone}", server.open_descriptors());
        server.stays_for(ms(20));
    }
    assert!(server.said().len() < 10 * CLIENTS, "{:?}", server.said());
    server
}

#[test]
fn a_server_that_runs_commands_serves_again_when_others_have_left() {
    it(|| {
        let server = crowded("-k -m 1000 -e /bin/cat");
        server.says(&["run /bin/cat", "too many open files", "-m"]);
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends("late\n");
        late.hears("late\n");
        late.half_closes();
        late.hears_end();
    });
}

#[test]
fn a_server_that_runs_commands_at_pipes_serves_again_when_others_have_left() {
    it(|| {
        let server = crowded("-k -m 1000 -i 1h -e /bin/cat");
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends("late\n");
        late.hears("late\n");
        late.half_closes();
        late.hears_end();
    });
}

#[test]
fn a_broker_serves_again_when_others_have_left() {
    it(|| {
        let server = crowded("--broker -m 1000");
        let mut one = Peer::dials(&server, Wire::Plain);
        let mut other = Peer::dials(&server, Wire::Plain);
        // It is let in after the first.
        other.sends("late\n");
        one.hears("late\n");
        one.sends("too\n");
        other.hears("too\n");
    });
}

#[test]
fn a_proxy_server_serves_again_when_others_have_left() {
    it(|| {
        let server = crowded("--proxy-type http -m 1000");
        let target = PeerListener::new(Wire::Plain);
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends(format!("CONNECT {} HTTP/1.1\r\n\r\n", target.address()));
        let mut asked = target.accepts();
        assert!(late.hears_line().contains("200"));
        asked.sends("late\n");
        while late.hears_line() != "late" {}
    });
}
