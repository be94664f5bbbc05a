//! The three rules and the one way to leave, with streams that do as they are told.

mod breaking;
mod coupled;
mod rooms;
mod seeds;

use super::*;
use crate::{error::Result, reactor::Reactor, stream::Flow};
use mio::Registry;
use proptest::prelude::*;
use std::{cell::RefCell, collections::VecDeque, rc::Rc, task::Poll};

/// What a stream has to say next.
enum Step {
    Bytes(Vec<u8>),
    Wait,
    End,
    Reset,
}

/// The far side of a stream.
#[derive(Default)]
struct Far {
    says: VecDeque<Step>,
    /// So many bytes it still takes.
    room: usize,
    heard: Vec<u8>,
    half_closed: bool,
    hung_up: bool,
    /// It has a layer that has not passed on all it took.
    holds: bool,
    /// What the kernel would not have delivered.
    queue: usize,
    /// It carries datagrams: each is heard with a bar behind it.
    datagrams: bool,
    /// Nobody can tell in how many pieces it heard what it heard.
    hides: bool,
    reads: usize,
    /// So many of its reads were of datagrams joined.
    joined: usize,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<Far>>);

impl Stream for Fake {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut far = self.0.borrow_mut();
        far.reads += 1;
        match far.says.pop_front() {
            Some(Step::Bytes(bytes)) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(Flow::Moved(bytes.len()))
            }
            None | Some(Step::Wait) => Ok(Flow::Blocked),
            Some(Step::End) => Ok(Flow::Ended),
            Some(Step::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut far = self.0.borrow_mut();
        assert!(!far.half_closed, "written after the half-close");
        if far.datagrams {
            if far.room < bytes.len() {
                return Ok(Flow::Blocked);
            }
            far.room -= bytes.len();
            far.heard.extend_from_slice(bytes);
            far.heard.push(b'|');
            return Ok(Flow::Moved(bytes.len()));
        }
        let n = bytes.len().min(far.room);
        far.room -= n;
        far.heard.extend_from_slice(&bytes[..n]);
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
    }
    fn flush(&mut self) -> io::Result<Poll<()>> {
        Ok(if self.0.borrow().holds { Poll::Pending } else { Poll::Ready(()) })
    }
    fn finish(&mut self) -> io::Result<()> {
        self.0.borrow_mut().half_closed = true;
        Ok(())
    }
    fn hang_up(&mut self) -> io::Result<()> {
        self.0.borrow_mut().hung_up = true;
        self.finish()
    }
    fn broken(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
    fn undelivered(&self) -> usize {
        self.0.borrow().queue
    }
    fn is_datagram(&self) -> bool {
        self.0.borrow().datagrams
    }
    fn hides_boundaries(&self) -> bool {
        self.0.borrow().hides
    }
    fn read_joined(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        self.0.borrow_mut().joined += 1;
        self.read(buffer)
    }
}

impl Fake {
    fn says(&self, steps: impl IntoIterator<Item = Step>) {
        self.0.borrow_mut().says.extend(steps);
    }
    fn has_room(&self, bytes: usize) {
        self.0.borrow_mut().room = bytes;
    }
    fn heard(&self) -> Vec<u8> {
        self.0.borrow().heard.clone()
    }
    fn half_closed(&self) -> bool {
        self.0.borrow().half_closed
    }
}

/// A relay, and the clock it needs.
struct World {
    relay: Relay,
    reactor: Reactor,
    notices: Vec<String>,
}

impl World {
    fn new() -> Result<Self> {
        Ok(Self { relay: Relay::default(), reactor: Reactor::new()?, notices: Vec::new() })
    }
    fn add(&mut self) -> (Token, Fake) {
        let (token, fake) = (self.reactor.token(), Fake::default());
        fake.has_room(usize::MAX);
        self.relay.add(token, Box::new(fake.clone()));
        (token, fake)
    }
    fn ready(&mut self, token: Token) {
        self.relay.ready(token, Ready { read: true, write: true, trouble: false, bytes_alone: false });
        self.works();
    }
    /// Until nobody can go on.
    fn works(&mut self) {
        while self.relay.is_busy() {
            self.relay.work(&mut self.reactor);
        }
        while let Some(notice) = self.relay.notice() {
            self.notices.push(match notice {
                Notice::Ended(Token(n), end) => format!("{n} ended {end:?}"),
                Notice::Finished(Token(n)) => format!("{n} finished"),
                Notice::Gone(Token(n), _, lost) => format!("{n} gone, {lost} lost"),
                Notice::Stalled(Token(n)) => format!("{n} stalled"),
                Notice::Closed(Token(n), lost, _) => format!("{n} closed, {lost} lost"),
            });
        }
    }
}

fn bytes(text: &str) -> Step {
    Step::Bytes(text.into())
}

#[test]
fn without_a_sink_nothing_is_read() -> Result<()> {
    let mut world = World::new()?;
    let (source, stdin) = world.add();
    stdin.says([bytes("kept"), Step::End]);
    world.ready(source);
    assert_eq!(stdin.0.borrow().reads, 0);
    let (sink, peer) = world.add();
    world.relay.join(source, sink);
    world.works();
    assert_eq!(peer.heard(), b"kept");
    Ok(())
}

#[test]
fn a_full_sink_holds_its_sources_back_and_keeps_the_order() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (slow, turtle), (quick, hare)) = (world.add(), world.add(), world.add());
    world.relay.join(source, slow);
    world.relay.join(source, quick);
    turtle.has_room(2);
    stdin.says([bytes("abc"), bytes("def"), Step::End]);
    world.works();
    assert_eq!((turtle.heard(), hare.heard()), (b"ab".to_vec(), b"abc".to_vec()));
    assert_eq!(stdin.0.borrow().reads, 1, "nothing is read while a sink is full");
    assert!(!turtle.half_closed());
    turtle.has_room(100);
    world.ready(slow);
    assert_eq!((turtle.heard(), hare.heard()), (b"abcdef".to_vec(), b"abcdef".to_vec()));
    assert!(turtle.half_closed() && hare.half_closed());
    Ok(())
}

#[test]
fn what_a_layer_holds_keeps_no_source_waiting_but_the_half_close() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (sink, peer)) = (world.add(), world.add());
    world.relay.join(source, sink);
    peer.0.borrow_mut().holds = true;
    peer.has_room(1);
    stdin.says([bytes("ab"), bytes("cd"), Step::End]);
    world.works();
    peer.has_room(100);
    world.ready(sink);
    assert_eq!((peer.heard(), peer.half_closed()), (b"abcd".to_vec(), false));
    peer.0.borrow_mut().holds = false;
    world.ready(sink);
    assert!(peer.half_closed());
    Ok(())
}

#[test]
fn a_sink_half_closes_when_its_last_source_has_ended_and_its_outbox_is_empty() -> Result<()> {
    let mut world = World::new()?;
    let ((one, first), (two, second), (sink, stdout)) = (world.add(), world.add(), world.add());
    world.relay.join(one, sink);
    world.relay.join(two, sink);
    first.says([Step::End]);
    world.works();
    assert!(!stdout.half_closed(), "one source is left");
    stdout.has_room(1);
    second.says([bytes("xy"), Step::End]);
    world.ready(two);
    assert!(!stdout.half_closed(), "a byte is left");
    stdout.has_room(1);
    world.ready(sink);
    assert!(stdout.half_closed() && !stdout.0.borrow().hung_up);
    assert_eq!(world.notices, ["1 ended InOrder", "2 ended InOrder", "3 finished"]);
    Ok(())
}

#[test]
fn a_sink_that_was_never_fed_or_is_held_open_does_not_half_close() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (held, peer), (_, stranger)) = (world.add(), world.add(), world.add());
    world.relay.join(source, held);
    world.relay.hold_open(held);
    stdin.says([Step::End]);
    world.works();
    assert!(!peer.half_closed() && !stranger.half_closed());
    world.relay.finish(held);
    world.works();
    assert!(peer.half_closed());
    Ok(())
}

#[test]
fn closing_waits_until_all_is_delivered_and_discards_what_comes() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (sink, peer)) = (world.add(), world.add());
    world.relay.join(source, sink);
    peer.has_room(1);
    peer.0.borrow_mut().queue = 1;
    stdin.says([bytes("ab")]);
    peer.says([bytes("too late")]);
    world.works();
    world.relay.close(sink, Patience::Endless, world.reactor.now());
    world.works();
    assert!(world.relay.has(sink) && !peer.half_closed());
    peer.has_room(1);
    world.ready(sink);
    assert!(peer.0.borrow().hung_up, "the goodbye is said once the outbox is empty");
    assert!(world.relay.has(sink), "the kernel still has a byte");
    peer.0.borrow_mut().queue = 0;
    world.ready(sink);
    assert!(!world.relay.has(sink));
    assert_eq!((peer.heard(), world.notices.concat()), (b"ab".to_vec(), "2 closed, 0 lost".to_owned()));
    Ok(())
}

#[test]
fn who_is_not_waited_for_hears_no_end_in_order_even_if_there_is_room_at_last() -> Result<()> {
    for (patience, in_order) in [(Duration::ZERO, false), (Duration::from_secs(9), true)] {
        let mut world = World::new()?;
        let ((source, stdin), (sink, peer)) = (world.add(), world.add());
        world.relay.join(source, sink);
        peer.has_room(0);
        stdin.says([bytes("abc")]);
        world.works();
        world.relay.close(sink, Patience::For(patience), world.reactor.now());
        peer.has_room(9);
        world.works();
        assert_eq!((world.relay.has(sink), peer.half_closed()), (false, in_order));
    }
    Ok(())
}

#[test]
fn a_reset_while_closing_tells_what_was_lost() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (sink, peer)) = (world.add(), world.add());
    world.relay.join(source, sink);
    peer.has_room(0);
    peer.0.borrow_mut().queue = 10;
    stdin.says([bytes("abc")]);
    world.works();
    world.relay.close(sink, Patience::Endless, world.reactor.now());
    peer.says([Step::Wait, Step::Reset]);
    world.works();
    world.ready(sink);
    assert_eq!(world.notices.last().map(String::as_str), Some("2 closed, 13 lost"));
    Ok(())
}

#[test]
fn a_sink_that_breaks_is_told_of_once_and_the_others_go_on() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (broken, peer), (whole, other)) = (world.add(), world.add(), world.add());
    world.relay.join(source, broken);
    world.relay.join(source, whole);
    peer.has_room(1);
    stdin.says([bytes("ab"), bytes("cd"), Step::End]);
    world.works();
    world.relay.ready(broken, Ready { read: false, write: true, trouble: true, bytes_alone: false });
    world.works();
    assert_eq!(other.heard(), b"abcd");
    assert_eq!(world.notices, ["2 gone, 1 lost", "1 ended InOrder", "3 finished"]);
    Ok(())
}

#[test]
fn spaced_lines_wait_for_their_time_and_so_does_the_end() -> Result<()> {
    let mut world = World::new()?;
    let ((source, stdin), (sink, peer)) = (world.add(), world.add());
    world.relay.join(source, sink);
    world.relay.space(source, Duration::from_millis(5));
    stdin.says([bytes("a\nb\n"), Step::End]);
    world.works();
    assert_eq!((peer.heard(), peer.half_closed()), (b"a\n".to_vec(), false));
    let (mut events, mut alarms) = (Vec::new(), Vec::new());
    while !peer.half_closed() {
        world.reactor.wait(false, &mut events, &mut alarms)?;
        alarms.iter().for_each(|token| world.relay.alarm(*token));
        world.works();
    }
    assert_eq!(peer.heard(), b"a\nb\n");
    Ok(())
}

proptest! {
    #[test]
    fn whatever_the_pieces_all_bytes_arrive_in_order(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..30),
        rooms in prop::collection::vec(0usize..150, 1..10),
    ) {
        let mut world = World::new().unwrap();
        let ((source, stdin), (sink, peer)) = (world.add(), world.add());
        world.relay.join(source, sink);
        peer.has_room(0);
        let whole = pieces.concat();
        // Each step has room for a byte at least, or finds the end of a piece.
        let steps = whole.len() + 2 * pieces.len() + 2;
        stdin.says(pieces.into_iter().flat_map(|piece| [Step::Bytes(piece), Step::Wait]));
        stdin.says([Step::End]);
        world.works();
        for room in rooms.iter().copied().cycle().take(steps) {
            if peer.half_closed() {
                break;
            }
            peer.has_room(room + 1);
            world.ready(source);
            world.ready(sink);
        }
        prop_assert_eq!(peer.heard(), whole);
        prop_assert!(peer.half_closed());
    }
}
