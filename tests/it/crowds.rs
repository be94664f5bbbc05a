//! Thousands at once: each is heard once, hears all that it should, and costs little.
//!
//! The clients are opened by a program of their own, because descriptors are counted for each
//! process: this test binary, which [`a_crowd`] makes that program. It is told what to do in
//! lines, and answers with what came of it.

use std::collections::HashSet;
use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rustix::event::epoll;

use crate::lang::{Peer, Session, Stdin, Wire, descriptors, it, netcat, program};

/// Waking up so often in a second is rest.
const AT_REST: u64 = 60;

/// What each client says: its number, in five digits, and a line feed.
const LINE: usize = 6;

#[test]
fn three_thousand_clients_of_a_listener_are_heard_once_and_hear_stdin() {
    it(|| serves(3000));
}

#[test]
fn ten_thousand_clients_of_a_listener_are_heard_once_and_hear_stdin() {
    it(|| serves(10_000));
}

fn serves(count: usize) {
    if !descriptors(count as u64 + 200) {
        return;
    }
    let mut server = netcat("-k").arg("-m").arg((2 * count).to_string()).listens_on(Some("0.0.0.0"));
    let alone = (server.open_descriptors(), server.resident_kib());
    let mut crowd = Crowd::comes(&server, count);
    crowd.does("speak", "spoken");
    let heard = server.shows_bytes(count * LINE);
    assert_eq!(distinct(&heard), count, "each is heard once");
    server.types("to all\n");
    crowd.does("hear 7", "heard 7");
    let bulk = 50 << 10;
    server.types(vec![b'x'; bulk]);
    crowd.does(&format!("hear {bulk}"), &format!("heard {bulk}"));
    costs_little(&server, alone.1, count);
    let wakes = server.wakes_in_a_second();
    assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
    // Otherwise it would be given a while to say something to those who have half-closed.
    server.ends_stdin();
    crowd.does("leave", "left");
    is_as_before(&server, alone.0);
    let mut late = Peer::dials(&server, Wire::Plain);
    late.sends("late\n");
    server.shows("late\n");
}

#[test]
fn three_thousand_clients_of_a_broker_hear_each_other_once() {
    it(|| {
        let count = 3000;
        if !descriptors(count as u64 + 200) {
            return;
        }
        let server = netcat("--broker -m 4000").listens_on(Some("0.0.0.0"));
        let alone = (server.open_descriptors(), server.resident_kib());
        let mut crowd = Crowd::comes(&server, count);
        // Who comes last is let in last.
        let mut last = Peer::dials(&server, Wire::Plain);
        last.sends("all here\n");
        crowd.does("hear 9", "heard 9");
        server.types("to all\n");
        crowd.does("hear 7", "heard 7");
        crowd.does("speak", "spoken");
        let all = (count - 1) * LINE;
        crowd.does(&format!("hear {all}"), &format!("heard {all}"));
        costs_little(&server, alone.1, count);
        let wakes = server.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
        crowd.does("leave", "left");
        last.closes();
        is_as_before(&server, alone.0);
    });
}

#[test]
fn what_one_of_a_thousand_does_not_take_is_kept_once_for_all() {
    it(|| {
        let count = 1000;
        if !descriptors(count as u64 + 200) {
            return;
        }
        let mut server = netcat("--broker -m 2000").listens_on(Some("0.0.0.0"));
        let alone = server.resident_kib();
        // None of them reads, so that something waits for each.
        let mut crowd = Crowd::comes(&server, count);
        server.types_until_blocked(&vec![b'x'; 32 << 20]);
        costs_little(&server, alone, count);
        crowd.does("leave", "left");
        server.ends_stdin();
    });
}

#[test]
fn a_broker_without_a_descriptor_left_serves_those_it_has() {
    it(|| {
        let session = netcat("--broker -m 1000").started_by("ulimit -n 50; exec");
        let server = session.listens();
        let mut first = Peer::dials(&server, Wire::Plain);
        server.types("first\n");
        first.hears("first\n");
        let mut second = Peer::dials(&server, Wire::Plain);
        second.sends("second\n");
        first.hears("second\n");
        let waiting: Vec<_> = (0..60).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        server.says(&["too many open files"]);
        let wakes = server.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
        assert_eq!(server.times_said(&["too many open files"]), 1, "{:?}", server.said());
        first.sends("still here\n");
        second.hears("still here\n");
        waiting.into_iter().for_each(Peer::closes);
        let mut late = Peer::dials(&server, Wire::Plain);
        late.sends("late\n");
        second.hears("late\n");
    });
}

#[test]
fn members_of_a_room_who_are_silent_are_no_work() {
    it(|| {
        let server = netcat("--chat -m 200 -i 1h").stdin(Stdin::Null).listens();
        let peers: Vec<_> = (0..100).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        server.says_times(&["Connection from"], peers.len());
        let wakes = server.wakes_in_a_second();
        assert!(wakes < AT_REST, "it woke up {wakes} times in a second");
    });
}

/// A few KiB each, whatever waits for them.
#[track_caller]
fn costs_little(server: &Session, alone: u64, count: usize) {
    let grown = server.resident_kib() - alone;
    println!("{count} clients cost {grown} KiB");
    assert!(grown < 4 * count as u64, "{count} clients cost {grown} KiB");
}

/// After all have left, nothing of them stays.
#[track_caller]
fn is_as_before(server: &Session, open: usize) {
    for _ in 0..400 {
        if server.open_descriptors() == open {
            return;
        }
        server.stays_for(crate::lang::ms(50));
    }
    panic!("{} descriptors are open, {open} before", server.open_descriptors());
}

fn distinct(lines: &[u8]) -> usize {
    lines.chunks(LINE).filter(|line| line.ends_with(b"\n")).collect::<HashSet<_>>().len()
}

/// The program that opens many clients.
struct Crowd(Session);

impl Crowd {
    /// So many come; all have been accepted by the kernel.
    #[track_caller]
    fn comes(server: &Session, count: usize) -> Self {
        let own = std::env::current_exe().unwrap();
        let crowd = program(&own, "--exact crowds::a_crowd --nocapture --test-threads 1")
            .env("CROWD_PORT", server.address().port().to_string())
            .env("CROWD_COUNT", count.to_string());
        let mut crowd = Self(crowd.starts());
        crowd.0.shows_line_with("all are here");
        crowd
    }

    #[track_caller]
    fn does(&mut self, what: &str, answer: &str) {
        self.0.types(format!("{what}\n"));
        self.0.shows_line_with(answer);
    }
}

/// Not a test: what a crowd's process runs.
#[test]
fn a_crowd() {
    let (Ok(port), Ok(count)) = (std::env::var("CROWD_PORT"), std::env::var("CROWD_COUNT")) else { return };
    let (port, count): (u16, usize) = (port.parse().unwrap(), count.parse().unwrap());
    let mut clients: Vec<_> = (0..count)
        .map(|number| {
            // No more to one address than there are ports to come from.
            let address = SocketAddr::from(([127, 0, 1, u8::try_from(number / 5000).unwrap()], port));
            let client = TcpStream::connect(address).unwrap();
            client.set_nonblocking(true).unwrap();
            client
        })
        .collect();
    println!("\nall are here");
    for command in std::io::stdin().lock().lines() {
        let command = command.unwrap();
        if command == "speak" {
            for (number, client) in clients.iter_mut().enumerate() {
                client.write_all(format!("{number:05}\n").as_bytes()).unwrap();
            }
            println!("spoken");
        } else if let Some(bytes) = command.strip_prefix("hear ") {
            hear(&mut clients, bytes.parse().unwrap());
            println!("heard {bytes}");
        } else {
            drop(std::mem::take(&mut clients));
            println!("left");
        }
    }
}

/// Reads so much from each of them, in whatever order it comes. Lines in that are never the same for one.
fn hear(clients: &mut [TcpStream], bytes: usize) {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    for (number, client) in clients.iter().enumerate() {
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&poll, client, data, epoll::EventFlags::IN).unwrap();
    }
    let mut heard = vec![0; clients.len()];
    let mut kept = vec![Vec::new(); clients.len()];
    let mut left = clients.len();
    let (mut events, mut buffer) = (Vec::with_capacity(1024), vec![0; 64 << 10]);
    while left > 0 {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None).unwrap();
        for event in &events {
            let number = usize::try_from(event.data.u64()).unwrap();
            let n = match clients[number].read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                other => other.unwrap(),
            };
            assert!(n > 0, "{number} was sent away");
            heard[number] += n;
            assert!(heard[number] <= bytes, "{number} heard too much: {}", heard[number]);
            if number % 100 == 0 {
                kept[number].extend_from_slice(&buffer[..n]);
            }
            if heard[number] == bytes {
                epoll::delete(&poll, &clients[number]).unwrap();
                left -= 1;
            }
        }
    }
    for (number, kept) in kept.iter().enumerate().filter(|(_, kept)| kept.first().is_some_and(u8::is_ascii_digit)) {
        assert_eq!(distinct(kept) * LINE, bytes, "{number} heard some twice, or not whole");
        let own = format!("{number:05}\n");
        assert!(!kept.chunks(LINE).any(|line| line == own.as_bytes()), "{number} heard itself");
    }
}
