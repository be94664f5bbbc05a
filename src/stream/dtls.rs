//! The DTLS layer: datagrams in records, around any stream of datagrams.
//!
//! A record lost, repeated or out of order is the same as a datagram that was: only the handshake
//! is repeated until it gets through, and for that the layer has [deadlines](Stream::deadline).
//! Whatever else arrives, from whomever, is passed over.
//!
//! A newcomer's trap: DTLS 1.2 has no half-close. A peer that hears close_notify says nothing any
//! more, so it is not said before [`Stream::hang_up`], unless the version is 1.3.

use super::{
    Flow, Handshaking, Stream,
    goodbye::Goodbye,
    hand_over,
    tls::{Failure, Scratch},
};
use crate::{
    clock,
    proto::dtls::fatal_alert,
    tls::{Check, dtls_facts},
};
use mio::{Registry, Token};
use session::{Event, Failed, Session};
use std::{
    collections::VecDeque,
    io,
    task::Poll,
    time::{Duration, Instant},
};

#[cfg(test)]
mod link;
mod session;
#[cfg(test)]
mod tests;
mod unproven;

pub use unproven::Unproven;

/// The most that one record, and so one datagram, takes (RFC 6347, 4.1).
pub const LARGEST: usize = 16 * 1024;
/// As many datagrams wait for the stream below to have room; what is beyond is lost, as on any
/// way. Only handshakes come to it: data is not taken while one waits.
const WAITING: usize = 32;
/// Nothing is due sooner: a forged hello can make dimpl's DTLS 1.3 ask for its turn, and answer,
/// without end.
const SOONEST: Duration = Duration::from_millis(50);
/// The alert for a certificate that is not trusted (RFC 5246, 7.2.2).
const BAD_CERTIFICATE: u8 = 42;

/// DTLS over a stream of datagrams. Take it through [`Handshaking::handshake`] before anything else.
pub struct Dtls {
    inner: Box<dyn Stream>,
    session: Session,
    clock: fn() -> Instant,
    /// The judge of the peer's certificate, as long as there was none.
    check: Option<Check>,
    certificate: Option<Vec<u8>>,
    phase: Phase,
    /// Datagrams for which the stream below had no room.
    outgoing: VecDeque<Vec<u8>>,
    /// What the peer has sent and nobody has read.
    arrived: VecDeque<Vec<u8>>,
    wake: Option<Instant>,
    failure: Option<Failure>,
    /// What the peer will be told after a failure: by an alert, until the handshake is done.
    alert: Option<u8>,
    goodbye: Goodbye,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Connected,
    /// The peer has said close_notify.
    Closed,
}

impl Dtls {
    /// `session` is one that has not begun its handshake; `check` judges the peer's certificate.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, session: dimpl::Dtls, check: Option<Check>) -> Self {
        Self::with_clock(inner, Session::new(session), check, clock::now)
    }

    /// Goes on with a client that has proven its address.
    #[must_use]
    pub fn resume(inner: Box<dyn Stream>, proven: Unproven) -> Self {
        let (session, outgoing) = proven.into_parts();
        Self { outgoing, ..Self::with_clock(inner, session, None, clock::now) }
    }

    fn with_clock(inner: Box<dyn Stream>, session: Session, check: Option<Check>, clock: fn() -> Instant) -> Self {
        Self {
            inner,
            session,
            clock,
            check,
            certificate: None,
            phase: Phase::Handshake,
            outgoing: VecDeque::new(),
            arrived: VecDeque::new(),
            wake: Some(clock()),
            failure: None,
            alert: None,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// `DTLS 1.2` or `DTLS 1.3`; just `DTLS` until it is agreed.
    #[must_use]
    pub fn version(&self) -> &'static str {
        session::name(self.session.version())
    }

    /// The cipher suite agreed, by IANA's number.
    #[must_use]
    pub fn suite(&self) -> Option<u16> {
        self.session.suite()
    }

    /// The peer's certificate, as DER.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// Takes one datagram from the stream below; `Ready` unless there is none.
    fn receive(&mut self) -> io::Result<Poll<()>> {
        let mut scratch = Scratch::borrow();
        match self.inner.read(&mut scratch.0)? {
            Flow::Blocked => return Ok(Poll::Pending),
            Flow::Ended => self.failure = self.failure.take().or_else(|| failed("the peer is gone")),
            Flow::Moved(n) => {
                let now = (self.clock)();
                let fed = self.session.feed(scratch.0.get(..n).unwrap_or_default(), now);
                self.follow(fed, &mut scratch.0, now)?;
            }
        }
        Ok(Poll::Ready(()))
    }

    /// Does all that the session wants done.
    fn turn(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<()> {
        loop {
            let event = self.session.next(buffer, now);
            let part = |n: usize| buffer.get(..n).unwrap_or_default().to_vec();
            match event {
                // What was to be said before something went wrong must not be said now.
                Event::Send(_) if self.failure.is_some() => {}
                Event::Send(n) => {
                    if self.outgoing.len() < WAITING {
                        self.outgoing.push_back(part(n));
                    }
                    let _ = self.push()?;
                }
                Event::Data(n) => self.arrived.push_back(part(n)),
                Event::Certificate(n) => {
                    let certificate = part(n);
                    if let Some(Err(failure)) = self.check.take().map(|check| check(&certificate)) {
                        self.failure = Some(failure);
                        self.alert = Some(BAD_CERTIFICATE);
                    }
                    self.certificate = Some(certificate);
                }
                Event::Connected if self.failure.is_none() => self.phase = Phase::Connected,
                Event::Connected => {}
                Event::Closed => self.phase = Phase::Closed,
                Event::Wait(until) => {
                    let until = until.map(|at| at.max(now + SOONEST));
                    self.wake = until.filter(|_| self.failure.is_none());
                    return Ok(());
                }
            }
        }
    }

    /// Does what follows from having told the session something; the first failure counts.
    fn follow(&mut self, told: Result<(), Failed>, buffer: &mut [u8], now: Instant) -> io::Result<()> {
        match told {
            Ok(()) => return self.turn(buffer, now),
            Err(_) if self.failure.is_some() => {}
            Err(Failed { failure, alert }) => {
                self.failure = Some(failure);
                // Once there are keys, nobody believes a plain one.
                self.alert = alert.filter(|_| self.phase == Phase::Handshake);
                self.wake = None;
            }
        }
        Ok(())
    }

    /// Passes on datagrams until the stream below takes no more.
    fn push(&mut self) -> io::Result<Poll<()>> {
        while let Some(datagram) = self.outgoing.pop_front() {
            // One that cannot be sent is gone: nobody would want it later.
            if self.inner.write(&datagram)? == Flow::Blocked {
                self.outgoing.push_front(datagram);
                return Ok(Poll::Pending);
            }
        }
        Ok(Poll::Ready(()))
    }

    fn close(&mut self) -> io::Result<()> {
        self.session.close();
        self.turn(&mut Scratch::borrow().0, (self.clock)())
    }
}

impl Handshaking for Dtls {
    fn handshake(&mut self) -> io::Result<Poll<()>> {
        let now = (self.clock)();
        if self.wake.is_some_and(|at| at <= now) {
            self.timeout(now)?;
        }
        while self.phase == Phase::Handshake && self.failure.is_none() {
            if self.receive()?.is_pending() {
                return self.push().map(|_| Poll::Pending);
            }
        }
        match &self.failure {
            Some(failure) => Err(error(failure)),
            None => self.push(),
        }
    }

    fn facts(&self) -> Vec<String> {
        dtls_facts(self.version(), self.suite(), self.certificate())
    }
}

impl Stream for Dtls {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner.register(registry, token)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            if let Some(mut datagram) = self.arrived.pop_front() {
                let n = hand_over(&datagram, buffer);
                if n < datagram.len() {
                    self.arrived.push_front(datagram.split_off(n));
                }
                return Ok(Flow::Moved(n));
            }
            match (&self.failure, self.phase) {
                (Some(failure), _) => return Err(error(failure)),
                (None, Phase::Closed) => return Ok(Flow::Ended),
                (None, _) => {}
            }
            if self.receive()?.is_pending() {
                return Ok(Flow::Blocked);
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.goodbye != Goodbye::Unsaid || self.phase == Phase::Closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if let Some(failure) = &self.failure {
            return Err(error(failure));
        }
        if bytes.len() > LARGEST {
            let why =
                format!("a datagram of {} bytes is too long for DTLS, which takes {LARGEST} at most", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, Failure { why, hint: None }));
        }
        if self.push()?.is_pending() || self.phase == Phase::Handshake {
            return Ok(Flow::Blocked);
        }
        let now = (self.clock)();
        let sent = self.session.send(bytes, now);
        self.follow(sent, &mut Scratch::borrow().0, now)?;
        match &self.failure {
            Some(failure) => Err(error(failure)),
            None => Ok(Flow::Moved(bytes.len())),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        if self.push()?.is_pending() {
            return Ok(Poll::Pending);
        }
        self.goodbye.pass_on(&mut *self.inner)
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.goodbye == Goodbye::Unsaid {
            self.goodbye = Goodbye::Finished;
            if self.phase == Phase::Connected && self.version() == "DTLS 1.3" {
                self.close()?;
            }
        }
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        if matches!(self.goodbye, Goodbye::HangingUp | Goodbye::HungUp) {
            return Ok(());
        }
        self.goodbye = Goodbye::HangingUp;
        if let Some(description) = self.alert.take() {
            self.outgoing.push_back(fatal_alert(description));
        } else if self.failure.is_none() {
            self.close()?;
        }
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        self.inner.broken()
    }

    fn undelivered(&self) -> usize {
        self.outgoing.iter().map(Vec::len).sum::<usize>() + self.inner.undelivered()
    }

    fn is_datagram(&self) -> bool {
        true
    }

    fn deadline(&self) -> Option<Instant> {
        match (self.wake, self.inner.deadline()) {
            (Some(ours), Some(below)) => Some(ours.min(below)),
            (ours, below) => ours.or(below),
        }
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.inner.timeout(now)?;
        if self.failure.is_none() {
            let told = self.session.tick(now);
            self.follow(told, &mut Scratch::borrow().0, now)?;
        }
        match &self.failure {
            Some(failure) => Err(error(failure)),
            None => Ok(()),
        }
    }
}

fn failed(why: &str) -> Option<Failure> {
    Some(Failure { why: why.to_owned(), hint: None })
}

fn error(failure: &Failure) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, failure.clone())
}
