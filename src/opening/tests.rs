//! Stages in time and out of it, by a made-up clock.

use super::*;
use crate::{
    proto::evidence::Side,
    stream::Flow,
    tap::{Sessions, Taps},
    transport::tcp::TCP,
};
use mio::Registry;
use std::{cell::Cell, io};

/// A stream that nothing ever comes from.
struct Silence;

impl Stream for Silence {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, _: &mut [u8]) -> io::Result<Flow> {
        Ok(Flow::Blocked)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        Ok(Flow::Moved(bytes.len()))
    }
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stage that is over when its peer has said so.
#[derive(Clone, Default)]
struct Waits(Rc<Cell<bool>>);

impl Staging for Waits {
    fn enter(&self, _: Box<dyn Stream>, _: &Whom<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(self.clone()))
    }
    fn layer(&self) -> &'static str {
        ""
    }
}

impl Stage for Waits {
    fn advance(&mut self, _: Instant) -> Result<Poll<Box<dyn Stream>>> {
        Ok(if self.0.get() { Poll::Ready(Box::new(Silence)) } else { Poll::Pending })
    }
    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>> {
        Some(Box::new(Silence))
    }
    fn timed_out(&self) -> Error {
        Error::network("the peer", "TIMEOUT")
    }
}

/// Openings through these stages, all within `time`.
fn openings(stages: &[Waits], time: Option<Duration>) -> Result<(Openings, Reactor)> {
    let (reactor, report) = (Reactor::new()?, Report::new("rncat", 0, false));
    let stages = stages.iter().map(|stage| Box::new(stage.clone()) as Box<dyn Staging>).collect();
    let sessions = Sessions { side: Side::Client, many: false, target: None };
    let way = Way {
        transport: &TCP,
        stages,
        upgrade: None,
        telnet: false,
        pace: None,
        taps: Rc::new(Taps::open(&[], sessions, report)?),
    };
    Ok((Openings::new(way, time.map(|time| reactor.now() + time), report), reactor))
}

fn begin(openings: &mut Openings, reactor: &mut Reactor) -> Token {
    let (token, anywhere) = (reactor.token(), Address::Inet(([127, 0, 0, 1], 1).into()));
    let (socket, local) = (Box::new(Silence), anywhere.clone());
    let arrival = Arrival { token, socket, remote: anywhere, local, door: 0, host: None };
    assert!(openings.begin(arrival, reactor).is_ok_and(|peer| peer.is_none()));
    token
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn who_does_not_finish_is_given_up_in_its_time_and_nobody_else_is() -> Result<()> {
    let (mut openings, mut reactor) = openings(&[Waits::default()], None)?;
    let first = begin(&mut openings, &mut reactor);
    reactor.pass(STAGE - SECOND);
    let second = begin(&mut openings, &mut reactor);
    assert!(openings.advance(first, &mut reactor).is_ok_and(|peer| peer.is_none()), "a byte came, just in time");
    reactor.pass(SECOND);
    assert!(openings.advance(second, &mut reactor).is_ok_and(|peer| peer.is_none()));
    let Err(failed) = openings.advance(first, &mut reactor) else { panic!("it is still there") };
    assert!(failed.error.to_string().contains("TIMEOUT") && failed.stream.is_some() && !failed.again);
    assert_eq!((openings.count(), openings.has(first), openings.has(second)), (1, false, true));
    Ok(())
}

#[test]
fn an_alarm_is_set_for_who_says_nothing() -> Result<()> {
    let (mut openings, mut reactor) = openings(&[Waits::default()], Some(Duration::from_millis(5)))?;
    let token = begin(&mut openings, &mut reactor);
    let (mut events, mut alarms) = (Vec::new(), Vec::new());
    while alarms.is_empty() {
        reactor.wait(false, &mut events, &mut alarms)?;
    }
    assert_eq!(alarms, [token]);
    assert!(openings.advance(token, &mut reactor).is_err());
    Ok(())
}

#[test]
fn each_stage_has_a_time_of_its_own_and_all_have_one_together() -> Result<()> {
    let stages = [Waits::default(), Waits::default()];
    for (all, given_up) in [(None, false), (Some(STAGE), true)] {
        stages[0].0.set(false);
        let (mut openings, mut reactor) = openings(&stages, all)?;
        let token = begin(&mut openings, &mut reactor);
        reactor.pass(STAGE - SECOND);
        stages[0].0.set(true);
        assert!(openings.advance(token, &mut reactor).is_ok_and(|peer| peer.is_none()), "the second stage begins");
        reactor.pass(STAGE - SECOND);
        assert_eq!(openings.advance(token, &mut reactor).is_err(), given_up);
    }
    Ok(())
}
