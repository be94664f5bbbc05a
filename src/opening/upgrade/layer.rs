//! The layer that turns a connection in clear into an encrypted one, when both sides have agreed to.
//!
//! A newcomer's trap: a byte in clear behind the agreement looks like any other, and must reach nobody
//! (command injection, CVE-2011-0411). So what is read or written ends with the agreement, and TLS
//! begins with the next call, when whoever is around this layer has seen it.

mod asking;
mod serving;

use super::{By, Handle, Upgrades};
use crate::{
    error::Error,
    opening::{
        STAGE, Stage, Whom,
        handshake::{Handshake, Midway},
    },
    proto::starttls::watch::Watch,
    stream::{Flow, Stream},
    tap::Record,
    transport::Address,
};
use mio::{Registry, Token};
use std::{
    io::{self, IoSlice},
    os::fd::BorrowedFd,
    rc::Rc,
    task::Poll,
    time::Instant,
};

/// See the module's description.
pub struct Upgrading {
    state: State,
    /// `None` where nothing is to be watched for, or not any more.
    watch: Option<Watch>,
    upgrades: Rc<Upgrades>,
    handle: Rc<Handle>,
    remote: Address,
    host: Box<str>,
    record: Option<Rc<Record>>,
    /// All that has been written in clear.
    sent: u64,
    /// What a client has said before the server has answered.
    early: Vec<u8>,
    /// The client has ended with that, and this is how long its program has to answer.
    left: Option<Instant>,
    /// Both have agreed: what of the protocol is to be said again.
    agreed: Option<Midway>,
    /// Something was to be sent behind STARTTLS before it was answered.
    held: bool,
    /// The server has said all.
    server_ended: bool,
    /// A half-close has to wait until it is known whether to encrypt.
    finishing: bool,
    /// A failure that has not been told, and since when.
    failure: Option<(Error, Option<Instant>)>,
    /// When the handshake has ended, if nobody has been told: its last bytes may have had others behind them,
    /// of which no event will tell.
    ended: Option<Instant>,
}

enum State {
    Clear(Box<dyn Stream>),
    /// In the handshake, and until when.
    Shaking(Box<Handshake>, Instant),
    Encrypted(Box<dyn Stream>),
    /// What is left has nothing to say but goodbye.
    Failed(Option<Box<dyn Stream>>),
}

impl Upgrading {
    pub(super) fn new(stream: Box<dyn Stream>, upgrades: Rc<Upgrades>, handle: Rc<Handle>, whom: &Whom<'_>) -> Self {
        Self {
            state: State::Clear(stream),
            watch: (upgrades.by == By::Watching).then(|| upgrades.watch()),
            upgrades,
            handle,
            remote: whom.remote.clone(),
            host: whom.host.into(),
            record: whom.record.cloned(),
            sent: 0,
            early: Vec::new(),
            left: None,
            agreed: None,
            held: false,
            server_ended: false,
            finishing: false,
            failure: None,
            ended: None,
        }
    }

    /// Begins TLS if it is time, and goes on with the handshake.
    fn advance(&mut self) {
        let due = self.handle.after.get().is_some_and(|after| after <= self.sent);
        if due || self.agreed.is_some() {
            self.begin();
        }
        let State::Shaking(handshake, _) = &mut self.state else { return };
        match handshake.advance(Instant::now()) {
            Ok(Poll::Ready(stream)) => {
                self.state = State::Encrypted(stream);
                self.handle.secure();
                self.ended = Some(Instant::now());
            }
            Ok(Poll::Pending) => {}
            Err(error) => self.fail(error),
        }
    }

    fn begin(&mut self) {
        let midway = self.agreed.take().unwrap_or_default();
        (self.watch, self.early) = (None, Vec::new());
        self.handle.after.set(None);
        match self.upgrades.tls().and_then(|tls| Ok((tls, tls.prepare(&self.host)?))) {
            Ok((tls, prepared)) => {
                let State::Clear(stream) = std::mem::replace(&mut self.state, State::Failed(None)) else { return };
                self.handle.encrypted.set(true);
                self.record.iter().for_each(|record| record.encrypted());
                let handshake = tls.handshake(stream, prepared, &self.remote).midway(midway);
                self.state = State::Shaking(Box::new(handshake), Instant::now() + STAGE);
            }
            Err(error) => self.fail(error),
        }
    }

    /// Nothing more is read or written; the next read tells why.
    fn fail(&mut self, error: Error) {
        let mut left = match std::mem::replace(&mut self.state, State::Failed(None)) {
            State::Clear(stream) | State::Encrypted(stream) => Some(stream),
            State::Shaking(handshake, _) => handshake.give_up(),
            State::Failed(stream) => stream,
        };
        // The peer should hear why, as far as it can.
        if let Some(stream) = left.as_mut().filter(|_| self.handle.encrypted.get()) {
            let _ = stream.hang_up().and_then(|()| stream.flush());
        }
        self.state = State::Failed(left);
        (self.watch, self.agreed, self.early) = (None, None, Vec::new());
        self.failure = Some((error, Some(Instant::now())));
    }

    /// Whether it is open what becomes of the connection.
    fn is_unsettled(&self) -> bool {
        let asked = !self.upgrades.serves && self.watch.as_ref().is_some_and(Watch::is_asked);
        asked || self.agreed.is_some() || self.handle.after.get().is_some() || matches!(self.state, State::Shaking(..))
    }

    fn inner(&self) -> Option<&dyn Stream> {
        match &self.state {
            State::Clear(stream) | State::Encrypted(stream) | State::Failed(Some(stream)) => Some(&**stream),
            State::Shaking(handshake, _) => handshake.layer.as_deref().map(|layer| layer as &dyn Stream),
            State::Failed(None) => None,
        }
    }

    fn inner_mut(&mut self) -> Option<&mut dyn Stream> {
        match &mut self.state {
            State::Clear(stream) | State::Encrypted(stream) | State::Failed(Some(stream)) => Some(&mut **stream),
            State::Shaking(handshake, _) => handshake.layer.as_deref_mut().map(|layer| layer as &mut dyn Stream),
            State::Failed(None) => None,
        }
    }
}

impl Stream for Upgrading {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner_mut().map_or(Ok(()), |inner| inner.register(registry, token))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        self.advance();
        if let Some((error, _)) = self.failure.take() {
            return Err(error.into());
        }
        match &mut self.state {
            State::Encrypted(stream) => stream.read(buffer),
            // What comes now may be the first bytes of TLS, or what nobody may see.
            State::Clear(_) if self.handle.after.get().is_some() => Ok(Flow::Blocked),
            State::Clear(_) if self.upgrades.serves && (self.watch.is_some() || !self.early.is_empty()) => {
                self.hear_client(buffer)
            }
            State::Clear(_) if self.watch.is_some() => self.hear_server(buffer),
            State::Clear(stream) => stream.read(buffer),
            State::Shaking(..) => Ok(Flow::Blocked),
            State::Failed(_) => Ok(Flow::Ended),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.advance();
        let before = self.handle.after.get().map_or(u64::MAX, |after| after.saturating_sub(self.sent));
        let bytes = usize::try_from(before).ok().and_then(|before| bytes.get(..before)).unwrap_or(bytes);
        let flow = match &mut self.state {
            State::Encrypted(stream) => return stream.write(bytes),
            State::Clear(_) if self.watch.is_some() && self.upgrades.serves => self.tell_client(bytes)?,
            State::Clear(_) if self.watch.is_some() => self.tell_server(bytes)?,
            State::Clear(stream) => stream.write(bytes)?,
            // A failure is told by reading.
            State::Shaking(..) | State::Failed(_) => Flow::Blocked,
        };
        if let Flow::Moved(n) = flow {
            self.sent += n as u64;
        }
        Ok(flow)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Flow> {
        match (&mut self.state, slices.iter().find(|slice| !slice.is_empty())) {
            (State::Encrypted(stream), _) => stream.write_vectored(slices),
            (_, Some(slice)) => self.write(slice),
            (_, None) => Ok(Flow::Blocked),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        self.advance();
        let is_open = self.is_unsettled();
        match &mut self.state {
            State::Shaking(..) => Ok(Poll::Pending),
            State::Clear(_) if self.finishing && is_open => Ok(Poll::Pending),
            State::Clear(stream) | State::Encrypted(stream) => {
                if std::mem::take(&mut self.finishing) {
                    stream.finish()?;
                }
                stream.flush()
            }
            State::Failed(_) => Ok(Poll::Ready(())),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.is_unsettled() {
            self.finishing = true;
            return Ok(());
        }
        // Nobody will ask any more, or answer.
        self.watch = None;
        self.inner_mut().map_or(Ok(()), Stream::finish)
    }

    fn hang_up(&mut self) -> io::Result<()> {
        (self.watch, self.agreed) = (None, None);
        self.handle.after.set(None);
        self.inner_mut().map_or(Ok(()), Stream::hang_up)
    }

    fn broken(&mut self) -> io::Result<()> {
        let is_open = self.is_unsettled();
        match &mut self.state {
            State::Clear(stream) | State::Encrypted(stream) if !is_open => stream.broken(),
            // Reading tells more.
            _ => Ok(()),
        }
    }

    fn undelivered(&self) -> usize {
        self.inner().map_or(0, Stream::undelivered)
    }

    fn is_coupled(&self) -> bool {
        match self.state {
            State::Clear(_) => self.watch.is_some() || self.agreed.is_some() || self.upgrades.by == By::Handle,
            State::Shaking(..) => true,
            State::Encrypted(_) | State::Failed(_) => false,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match (&self.state, &self.failure) {
            (_, Some((_, since))) => *since,
            (State::Shaking(handshake, until), _) => Some(handshake.deadline().map_or(*until, |at| at.min(*until))),
            _ if self.ended.is_some() => self.ended,
            (State::Clear(_), _) if self.left.is_some() => self.left,
            _ => self.inner()?.deadline(),
        }
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        match (&mut self.failure, &self.state) {
            // The caller reads next; once is enough to make it do so.
            (Some((_, since)), _) => *since = None,
            // So here, and it writes.
            _ if self.ended.take().is_some() => {}
            (None, State::Clear(_)) if self.left.is_some_and(|until| now >= until) => self.give_up(),
            (None, State::Shaking(handshake, until)) if now >= *until => self.fail(handshake.timed_out()),
            _ => return self.inner_mut().map_or(Ok(()), |inner| inner.timeout(now)),
        }
        Ok(())
    }

    fn bare(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Clear(stream) if self.upgrades.by_default => stream.bare(),
            State::Clear(stream) if !self.is_coupled() && self.early.is_empty() => stream.bare(),
            _ => None,
        }
    }

    fn break_off(&mut self) {
        // Whether TLS might have begun later makes no difference; if it has, the stream is TLS's own.
        if let State::Clear(stream) | State::Encrypted(stream) = &mut self.state {
            stream.break_off();
        }
    }
}
