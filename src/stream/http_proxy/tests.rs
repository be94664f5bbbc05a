//! The two layers in a real relay, between streams that do as they are told.

use super::*;
use crate::{
    proto::http::testing::Everyone,
    reactor::{Reactor, Ready},
    relay::{Notice, Relay},
};
use proptest::prelude::*;
use std::collections::VecDeque;

/// The far side of a stream.
struct Far {
    says: VecDeque<u8>,
    /// Then it ends, or is reset.
    ends: bool,
    resets: bool,
    /// At most so many bytes are moved at once, and so many are still taken.
    step: usize,
    room: usize,
    heard: Vec<u8>,
    finished: bool,
    hung_up: bool,
}

#[derive(Clone)]
struct Fake(Rc<RefCell<Far>>);

impl Fake {
    fn new(says: &str, step: usize) -> Self {
        Self(Rc::new(RefCell::new(Far {
            says: says.bytes().collect(),
            ends: false,
            resets: false,
            step,
            room: usize::MAX,
            heard: Vec::new(),
            finished: false,
            hung_up: false,
        })))
    }
    fn ending(self) -> Self {
        self.0.borrow_mut().ends = true;
        self
    }
    fn heard(&self) -> String {
        String::from_utf8(self.0.borrow().heard.clone()).unwrap()
    }
}

impl Stream for Fake {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut far = self.0.borrow_mut();
        let n = far.says.len().min(far.step).min(buffer.len());
        buffer.iter_mut().zip(far.says.drain(..n)).for_each(|(to, from)| *to = from);
        match n {
            0 if far.resets => Err(io::ErrorKind::ConnectionReset.into()),
            0 if far.ends => Ok(Flow::Ended),
            0 => Ok(Flow::Blocked),
            n => Ok(Flow::Moved(n)),
        }
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut far = self.0.borrow_mut();
        assert!(!far.finished, "written after the end");
        let n = bytes.len().min(far.step).min(far.room);
        far.room -= n;
        far.heard.extend_from_slice(&bytes[..n]);
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
    }
    fn finish(&mut self) -> io::Result<()> {
        self.0.borrow_mut().finished = true;
        Ok(())
    }
    fn hang_up(&mut self) -> io::Result<()> {
        self.0.borrow_mut().hung_up = true;
        self.finish()
    }
}

/// A small wiring: one client, and the origins it will find.
struct World {
    relay: Relay,
    reactor: Reactor,
    side: ClientSide,
    client: Token,
    asked: Vec<String>,
    origins: VecDeque<Result<Fake, Failure>>,
}

impl World {
    fn new(client: &Fake, origins: impl IntoIterator<Item = Result<Fake, Failure>>) -> Self {
        let settings = Rc::new(Settings { pseudonym: "rncat-test".to_owned() });
        let mut reactor = Reactor::new().unwrap();
        Self {
            relay: Relay::default(),
            side: ClientSide::new(Box::new(client.clone()), settings),
            client: reactor.token(),
            asked: Vec::new(),
            origins: origins.into_iter().collect(),
            reactor,
        }
    }

    /// Until there is nothing to do before more comes.
    fn serve(&mut self) -> Demand {
        loop {
            let demand = self.side.advance(&mut Everyone).unwrap();
            let Demand::Connect(to) = demand else {
                if demand == Demand::Pause {
                    continue;
                }
                if demand == Demand::Leave {
                    self.relay.add(self.client, self.side.leave());
                    self.relay.close(self.client, crate::relay::Patience::Endless, self.reactor.now());
                    self.work(|notice| matches!(notice, Notice::Closed(..)));
                }
                return demand;
            };
            self.asked.push(format!("{}:{}", to.host, to.port));
            match self.origins.pop_front().unwrap() {
                Err(failure) => self.side.failed(failure),
                Ok(origin) => {
                    let token = self.reactor.token();
                    let pair = self.side.join(Box::new(origin));
                    self.relay.add(self.client, pair.client);
                    self.relay.add(token, pair.origin);
                    self.relay.join(self.client, token);
                    self.relay.join(token, self.client);
                    let client = self.client;
                    if !self.work(|notice| matches!(notice, Notice::Finished(it) if *it == client)) {
                        return Demand::Wait;
                    }
                    self.relay.take(self.client);
                    self.relay.take(token);
                    if pair.kind == Kind::Tunnel {
                        return Demand::Leave;
                    }
                }
            }
        }
    }

    /// Lets the relay work until it says this, or nothing more.
    fn work(&mut self, until: impl Fn(&Notice) -> bool) -> bool {
        for _ in 0..100_000 {
            self.relay.work(&mut self.reactor);
            while let Some(notice) = self.relay.notice() {
                if until(&notice) {
                    return true;
                }
            }
            if !self.relay.is_busy() {
                return false;
            }
        }
        panic!("the relay goes round in circles");
    }
}

const GET: &str = "GET http://h:81/ HTTP/1.1\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const PASSED: &str = "HTTP/1.1 200 OK\r\nVia: 1.1 rncat-test\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

#[test]
fn one_request_after_the_other_on_one_connection() {
    for step in [1, 5, 1 << 20] {
        let post = "POST http://[::1]/p HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
        let client = Fake::new(&[GET, post].concat(), step);
        let origins = [Fake::new(OK, step), Fake::new(OK, step)];
        let mut world = World::new(&client, origins.clone().map(Ok));
        assert_eq!(world.serve(), Demand::Wait);
        assert_eq!(world.asked, ["h:81", "::1:80"]);
        assert_eq!(client.heard(), [PASSED, PASSED].concat());
        assert!(origins[0].heard().starts_with("GET / HTTP/1.1\r\nHost: h:81\r\n"));
        assert!(origins[1].heard().starts_with("POST /p HTTP/1.1\r\nHost: [::1]\r\n"));
        assert!(origins[1].heard().ends_with("\r\n\r\nbody"));
        assert!(origins.iter().all(|origin| !origin.0.borrow().finished), "a FIN would end the request for many");
        assert!(world.side.is_idle() && !client.0.borrow().finished);
        client.0.borrow_mut().says.extend(b"GET");
        assert_eq!((world.serve(), world.side.is_idle()), (Demand::Wait, false));
    }
}

#[test]
fn a_client_that_has_said_all_gets_its_response_and_is_closed() {
    let client = Fake::new(GET, 100).ending();
    let mut world = World::new(&client, [Ok(Fake::new(OK, 100))]);
    assert_eq!(world.serve(), Demand::Leave);
    assert_eq!(client.heard(), PASSED);
    assert!(client.0.borrow().hung_up);
}

#[test]
fn a_tunnel_passes_what_was_said_too_early_and_both_ends() {
    for step in [1, 1 << 20] {
        let client = Fake::new("CONNECT h:22 HTTP/1.1\r\n\r\nearly", step).ending();
        let origin = Fake::new("welcome", step).ending();
        let mut world = World::new(&client, [Ok(origin.clone())]);
        assert_eq!(world.serve(), Demand::Leave);
        assert_eq!(client.heard(), "HTTP/1.1 200 Connection established\r\n\r\nwelcome");
        assert_eq!(origin.heard(), "early");
        assert!(client.0.borrow().finished && origin.0.borrow().finished);
    }
}

#[test]
fn a_connection_that_cannot_be_made_is_told_and_the_next_request_served() {
    let client = Fake::new(&[GET, GET].concat(), 9);
    let mut world = World::new(&client, [Err(Failure::Refused), Ok(Fake::new(OK, 9))]);
    assert_eq!(world.serve(), Demand::Wait);
    assert!(client.heard().starts_with("HTTP/1.1 504 Gateway Timeout\r\n") && client.heard().ends_with(PASSED));
}

#[test]
fn an_origin_that_is_none_is_a_bad_gateway() {
    for (says, resets) in [("220 mail\r\n", false), ("", false), ("HTTP/1.1 200", false), ("", true)] {
        let origin = Fake::new(says, 3).ending();
        origin.0.borrow_mut().resets = resets;
        let client = Fake::new(GET, 9);
        let mut world = World::new(&client, [Ok(origin)]);
        assert_eq!(world.serve(), Demand::Wait);
        assert!(client.heard().starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{says:?}: {}", client.heard());
    }
}

#[test]
fn a_response_that_breaks_off_closes_the_connection() {
    let client = Fake::new(&[GET, GET].concat(), 9);
    let mut world = World::new(&client, [Ok(Fake::new("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", 9).ending())]);
    assert_eq!(world.serve(), Demand::Leave);
    assert!(client.heard().ends_with("\r\n\r\nok") && client.0.borrow().hung_up);
}

#[test]
fn a_request_that_breaks_off_is_told_to_the_origin_and_answered() {
    let put = "PUT http://h/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort";
    let (client, origin) = (Fake::new(put, 9).ending(), Fake::new("", 9));
    let mut world = World::new(&client, [Ok(origin.clone())]);
    assert_eq!(world.serve(), Demand::Wait);
    assert!(origin.heard().ends_with("short") && origin.0.borrow().finished);

    let (client, origin) = (Fake::new(put, 9).ending(), Fake::new("", 9).ending());
    assert_eq!(World::new(&client, [Ok(origin)]).serve(), Demand::Leave);
    let status = &client.heard()[..12];
    assert!(["HTTP/1.1 400", "HTTP/1.1 502"].contains(&status), "{status}");
}

#[test]
fn chunks_are_undone_for_an_old_client() {
    for step in [1, 4, 1 << 20] {
        let client = Fake::new("GET http://h/ HTTP/1.0\r\n\r\n", step);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\nand more";
        let mut world = World::new(&client, [Ok(Fake::new(chunked, step))]);
        assert_eq!(world.serve(), Demand::Leave);
        assert_eq!(client.heard(), "HTTP/1.1 200 OK\r\nVia: 1.1 rncat-test\r\nConnection: close\r\n\r\nabcde");
    }
}

#[test]
fn a_bad_request_is_answered_and_the_connection_closed_even_if_nobody_reads() {
    let client = Fake::new("\x16\x03\x01 TLS", 100);
    client.0.borrow_mut().room = 10;
    let mut world = World::new(&client, []);
    assert_eq!(world.serve(), Demand::Leave);
    assert_eq!(client.heard(), "HTTP/1.1 4");
    client.0.borrow_mut().room = usize::MAX;
    world.relay.ready(world.client, Ready::WRITE);
    assert!(world.work(|notice| matches!(notice, Notice::Closed(_, 0, _))));
    assert!(client.heard().starts_with("HTTP/1.1 400 Bad Request\r\n") && client.0.borrow().hung_up);
}

#[test]
fn who_does_not_read_answers_is_not_read() {
    let client = Fake::new(&GET.repeat(1000), 1000);
    client.0.borrow_mut().room = 10;
    let mut world = World::new(&client, std::iter::repeat_with(|| Err(Failure::Denied)).take(1000));
    assert_eq!(world.serve(), Demand::Wait);
    assert_eq!(world.asked.len(), 1);
    assert!(client.0.borrow().says.len() > 20_000);
}

#[test]
fn an_interim_response_comes_before_the_body_is_sent() {
    let put = "PUT http://h/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let (client, origin) = (Fake::new(put, 99), Fake::new("HTTP/1.1 100 Continue\r\n\r\n", 99));
    let mut world = World::new(&client, [Ok(origin.clone())]);
    assert_eq!(world.serve(), Demand::Wait);
    assert_eq!(client.heard(), "HTTP/1.1 100 Continue\r\nVia: 1.1 rncat-test\r\n\r\n");
    client.0.borrow_mut().says.extend(b"ab");
    world.relay.ready(world.client, Ready::READ);
    world.work(|_| false);
    assert!(origin.heard().ends_with("ab"));
}

proptest! {
    #[test]
    fn however_the_bytes_come_they_arrive(bodies in proptest::collection::vec("[a-z]{0,30}", 1..4), steps in (1usize..40, 1usize..40)) {
        let mut says = String::new();
        for body in &bodies {
            says.push_str("PUT http://h/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
            if !body.is_empty() {
                says.push_str(&format!("{:x}\r\n{body}\r\n", body.len()));
            }
            says.push_str("0\r\n\r\n");
        }
        let client = Fake::new(&says, steps.0);
        let origins: Vec<Fake> = bodies.iter().map(|_| Fake::new(OK, steps.1)).collect();
        let mut world = World::new(&client, origins.iter().cloned().map(Ok));
        // A response may overtake its request: then the connection ends with it.
        let demand = world.serve();
        prop_assert!(client.heard().starts_with("HTTP/1.1 200 OK\r\n"));
        if demand == Demand::Wait {
            prop_assert_eq!(client.heard(), PASSED.repeat(bodies.len()));
            for (origin, body) in origins.iter().zip(&bodies) {
                prop_assert!(origin.heard().contains(body.as_str()));
            }
        } else {
            prop_assert!(client.heard().ends_with("Connection: close\r\n\r\nok"));
        }
    }

    #[test]
    fn whatever_comes_it_ends_or_waits(client in "(GET http://h/ HTTP/1.1\r\n|\r\n|[ -~]{0,5}|Content-Length: 3\r\n){0,6}", origin in "(HTTP/1.1 200 OK\r\n|\r\n|[ -~]{0,5}){0,6}") {
        let client = Fake::new(&client, 7).ending();
        let origins = std::iter::repeat_with(|| Ok(Fake::new(&origin, 7).ending())).take(20);
        prop_assert_eq!(World::new(&client, origins).serve(), Demand::Leave);
    }
}
