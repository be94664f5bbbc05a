//! A datagram socket that many peers share: a listener that tells them apart, and a session for each.
//!
//! A newcomer's trap: a session has no events of its own. The hub reads for all, leaves each
//! datagram in its session's inbox and nudges the reactor; what comes for an inbox that is full is
//! dropped and counted, because one slow peer must not stop the others. The first peer of a hub
//! that serves one takes the socket over and has none of this.

use super::{Datagrams, Doorman, Hears, Knock, LARGEST, Received, Solo, join, largest_for, largest_from};
use crate::{
    clock,
    reactor::{Reactor, Ready},
    stream::{Flow, Stream, hand_over},
    transport::{Accepted, Address, Listener, Serves, again},
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    os::fd::{AsFd, AsRawFd},
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

/// Bytes that may wait in one inbox, or one datagram.
const INBOX: usize = 256 * 1024;

/// What a waiting datagram costs besides its bytes, so that empty ones are bounded, too.
const OVERHEAD: usize = 64;

/// Datagrams read before the sessions have their turn.
const TURNS: usize = 16;

/// Who has sent nothing for so long makes room for another peer.
const SILENT: Duration = Duration::from_secs(5 * 60);

/// When a datagram is tried again for which a Unix socket had no room: no event tells of it.
const RETRY: Duration = Duration::from_millis(10);

/// See the module's description.
pub struct Hub {
    shared: Rc<Shared>,
    serves: Serves,
    doorman: Option<Rc<dyn Doorman>>,
    buffer: Vec<u8>,
}

struct Shared {
    /// Another one when one peer has it to himself.
    socket: RefCell<Rc<dyn Datagrams>>,
    sessions: RefCell<HashMap<Address, Rc<Inbox>>>,
    /// Those for whose datagrams the socket had no room.
    blocked: RefCell<Vec<Token>>,
    _keep: Option<Box<dyn std::any::Any>>,
}

impl Shared {
    fn socket(&self) -> Rc<dyn Datagrams> {
        Rc::clone(&self.socket.borrow())
    }
}

struct Inbox {
    datagrams: RefCell<VecDeque<Vec<u8>>>,
    bytes: Cell<usize>,
    token: Cell<Option<Token>>,
    dropped: Cell<u64>,
    /// When the last datagram came …
    heard: Cell<Instant>,
    /// … and at which of our addresses.
    at: Cell<Option<IpAddr>>,
    /// It has to leave, because others want to come.
    evicted: Cell<bool>,
}

/// One peer's share of the socket.
struct Session {
    shared: Rc<Shared>,
    inbox: Rc<Inbox>,
    peer: Address,
    serves: Serves,
    /// The socket, once this one has it to itself.
    alone: Option<Solo>,
    /// Why writing has failed, for the reader.
    failed: Option<io::Error>,
    retry: Option<Instant>,
}

impl Hub {
    /// `keep` lives as long as the socket.
    #[must_use]
    pub fn new(socket: Rc<dyn Datagrams>, serves: Serves, keep: Option<impl std::any::Any>) -> Self {
        let shared = Shared {
            socket: RefCell::new(socket),
            sessions: RefCell::default(),
            blocked: RefCell::default(),
            _keep: keep.map(|keep| Box::new(keep) as Box<dyn std::any::Any>),
        };
        Self { shared: Rc::new(shared), serves, doorman: None, buffer: Vec::new() }
    }

    /// Gives a datagram to the peer that it came from; a new session if there is none.
    fn sort(&self, datagram: &[u8], it: &Received, reactor: &mut Reactor) -> Option<Session> {
        let from = &it.from;
        if let Some(inbox) = self.shared.sessions.borrow().get(from) {
            inbox.at.set(it.at);
            inbox.push(datagram, reactor.now());
            if let Some(token) = inbox.token.get() {
                reactor.nudge(token, Ready::READ);
            }
            return None;
        }
        let inbox = Rc::new(Inbox::new(reactor.now()));
        inbox.at.set(it.at);
        match self.doorman.as_ref().map(|doorman| doorman.knock(datagram, from, reactor.now())) {
            Some(Knock::Answer(answers)) => {
                // What cannot be sent now is as good as lost: he will knock again.
                answers.iter().for_each(|answer| drop(self.shared.socket().send(answer, Some(from), it.at)));
                return None;
            }
            Some(Knock::LetIn) => {}
            None => inbox.push(datagram, reactor.now()),
        }
        self.shared.sessions.borrow_mut().insert(from.clone(), Rc::clone(&inbox));
        Some(Session {
            shared: Rc::clone(&self.shared),
            inbox,
            peer: from.clone(),
            serves: self.serves,
            alone: None,
            failed: None,
            retry: None,
        })
    }
}

impl Listener for Hub {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let fd = self.shared.socket().as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE | Interest::WRITABLE)
    }

    fn local(&self) -> io::Result<Address> {
        self.shared.socket().local()
    }

    fn guard(&mut self, doorman: Rc<dyn Doorman>) {
        self.doorman = Some(doorman);
    }

    fn accept(&mut self, reactor: &mut Reactor) -> io::Result<Accepted> {
        for token in self.shared.blocked.take() {
            reactor.nudge(token, Ready::WRITE);
        }
        self.buffer.resize(LARGEST, 0);
        for _ in 0..TURNS {
            let it = match self.shared.socket().receive(&mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Accepted::Nobody),
                // A datagram of ours that came back. Whose, the kernel does not say.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let datagram = self.buffer.get(..it.length).unwrap_or_default();
            if let Some(session) = self.sort(datagram, &it, reactor) {
                let mut local = self.local()?;
                if let (Address::Inet(local), Some(at)) = (&mut local, it.at) {
                    local.set_ip(at);
                }
                return Ok(Accepted::Peer { stream: Box::new(session), remote: it.from, local });
            }
        }
        Ok(Accepted::Later)
    }

    fn make_room(&mut self, reactor: &mut Reactor) -> bool {
        let now = reactor.now();
        let mut sessions = self.shared.sessions.borrow_mut();
        let silent = sessions.iter().filter(|(_, it)| now.saturating_duration_since(it.heard.get()) >= SILENT);
        let longest = silent.min_by_key(|(_, it)| it.heard.get()).map(|(peer, _)| peer.clone());
        let Some(inbox) = longest.and_then(|peer| sessions.remove(&peer)) else { return false };
        inbox.evicted.set(true);
        if let Some(token) = inbox.token.get() {
            reactor.nudge(token, Ready::READ);
        }
        true
    }
}

impl Inbox {
    fn new(now: Instant) -> Self {
        Self {
            datagrams: RefCell::default(),
            bytes: Cell::default(),
            token: Cell::default(),
            dropped: Cell::default(),
            heard: Cell::new(now),
            at: Cell::default(),
            evicted: Cell::default(),
        }
    }

    fn push(&self, datagram: &[u8], now: Instant) {
        self.heard.set(now);
        let bytes = self.bytes.get() + datagram.len() + OVERHEAD;
        if bytes > INBOX && !self.datagrams.borrow().is_empty() {
            return self.dropped.set(self.dropped.get() + 1);
        }
        self.bytes.set(bytes);
        self.datagrams.borrow_mut().push_back(datagram.to_vec());
    }

    fn is_empty(&self) -> bool {
        self.datagrams.borrow().is_empty()
    }

    fn take(&self, buffer: &mut [u8]) -> Flow {
        let Some(datagram) = self.datagrams.borrow_mut().pop_front() else { return Flow::Blocked };
        self.bytes.set(self.bytes.get().saturating_sub(datagram.len() + OVERHEAD));
        Flow::Moved(hand_over(&datagram, buffer))
    }
}

impl Session {
    /// The socket is this peer's alone: the kernel turns others away from now on, and tells when it refuses.
    fn take_over(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let (old, peer) = (self.shared.socket(), self.peer.clone());
        let source = |socket: &dyn Datagrams| socket.as_fd().as_raw_fd();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let own = match old.connect(&peer, self.inbox.at.get()) {
            Ok(own) => own,
            // Who has no name can only be listened to.
            Err(_) if peer.inet().is_none() => {
                registry.reregister(&mut SourceFd(&source(&*old)), token, interest)?;
                self.alone = Some(Solo::sending_to(old, peer, Hears::Peer));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(new) = own else {
            registry.reregister(&mut SourceFd(&source(&*old)), token, interest)?;
            self.alone = Some(Solo::connected(old, peer, Hears::Peer));
            return Ok(());
        };
        // What has come for him meanwhile.
        let mut buffer = vec![0; LARGEST];
        while let Ok(it) = old.receive(&mut buffer) {
            if it.from == peer {
                self.inbox.push(buffer.get(..it.length).unwrap_or_default(), self.inbox.heard.get());
            }
        }
        registry.deregister(&mut SourceFd(&source(&*old)))?;
        registry.register(&mut SourceFd(&source(&*new)), token, interest)?;
        // With the old one goes what others have sent.
        *self.shared.socket.borrow_mut() = Rc::clone(&new);
        self.alone = Some(Solo::connected(new, peer, Hears::Peer));
        Ok(())
    }
}

impl Stream for Session {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inbox.token.set(Some(token));
        if self.serves == Serves::One {
            self.take_over(registry, token)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if let taken @ Flow::Moved(_) = self.inbox.take(buffer) {
            return Ok(taken);
        }
        if let Some(alone) = &mut self.alone {
            return alone.read(buffer);
        }
        if self.inbox.evicted.take() {
            let why = format!("silent for {} minutes: made room for another peer", SILENT.as_secs() / 60);
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        self.failed.take().map_or(Ok(Flow::Blocked), Err)
    }

    fn read_joined(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        match &mut self.alone {
            Some(alone) if self.inbox.is_empty() => alone.read_joined(buffer),
            None if self.inbox.is_empty() => self.read(buffer),
            _ => join(buffer, largest_from(&self.peer), |rest| Ok(self.inbox.take(rest))).0,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if let Some(alone) = &mut self.alone {
            return alone.write(bytes);
        }
        let inet = self.peer.inet().is_some();
        loop {
            match self.shared.socket().send(bytes, Some(&self.peer), self.inbox.at.get()) {
                Ok(_) => return Ok(Flow::Moved(bytes.len())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if inet {
                        self.shared.blocked.borrow_mut().extend(self.inbox.token.get());
                    } else {
                        self.retry = Some(clock::now() + RETRY);
                    }
                    return Ok(Flow::Blocked);
                }
                // Somebody else's refusal, on a socket that all share. A Unix socket's is its own.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && inet => {}
                Err(error) => {
                    self.failed = again(&error);
                    return Err(error);
                }
            }
        }
    }

    fn write_gathered(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        match &mut self.alone {
            Some(alone) => alone.write_gathered(bytes),
            None => self.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        self.alone.as_mut().map_or(Ok(Poll::Ready(())), Stream::flush)
    }

    fn gathers(&self) -> bool {
        self.alone.as_ref().is_some_and(Stream::gathers)
    }

    fn undelivered(&self) -> usize {
        self.alone.as_ref().map_or(0, Stream::undelivered)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_datagram(&self) -> bool {
        true
    }

    fn largest_datagram(&self) -> usize {
        largest_for(&self.peer)
    }

    fn dropped(&self) -> u64 {
        self.inbox.dropped.get() + self.alone.as_ref().map_or(0, Stream::dropped)
    }

    fn deadline(&self) -> Option<Instant> {
        self.retry
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.retry = self.retry.filter(|at| *at > now);
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut sessions = self.shared.sessions.borrow_mut();
        // Its peer may have come anew since it was evicted.
        if sessions.get(&self.peer).is_some_and(|inbox| Rc::ptr_eq(inbox, &self.inbox)) {
            sessions.remove(&self.peer);
        }
    }
}

#[cfg(test)]
mod tests;
