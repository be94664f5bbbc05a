//! A datagram socket that many peers share: a listener that tells them apart, and a session for each.
//!
//! A newcomer's trap: a session has no events of its own. The hub reads for all, leaves each
//! datagram in its session's inbox and nudges the reactor; what comes for an inbox that is full is
//! dropped and counted, because one slow peer must not stop the others. The first peer of a hub
//! that serves one takes the socket over and has none of this.

use super::{Datagrams, Doorman, Knock, LARGEST};
use crate::{
    reactor::{Reactor, Ready},
    stream::{Flow, Stream, flow},
    transport::{Accepted, Address, Listener, Serves},
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    io,
    os::fd::{AsFd, AsRawFd},
    rc::Rc,
};

/// Bytes that may wait in one inbox.
const INBOX: usize = 256 * 1024;

/// What a waiting datagram costs besides its bytes, so that empty ones are bounded, too.
const OVERHEAD: usize = 64;

/// Datagrams read before the sessions have their turn.
const TURNS: usize = 16;

/// See the module's description.
pub struct Hub {
    shared: Rc<Shared>,
    serves: Serves,
    doorman: Option<Rc<dyn Doorman>>,
    buffer: Vec<u8>,
}

struct Shared {
    socket: Box<dyn Datagrams>,
    sessions: RefCell<HashMap<Address, Rc<Inbox>>>,
    /// Those for whose datagrams the socket had no room.
    blocked: RefCell<Vec<Token>>,
    /// The one who has the socket to itself.
    owned: Cell<bool>,
    _keep: Option<Box<dyn std::any::Any>>,
}

#[derive(Default)]
struct Inbox {
    datagrams: RefCell<VecDeque<Vec<u8>>>,
    bytes: Cell<usize>,
    token: Cell<Option<Token>>,
    dropped: Cell<u64>,
}

/// One peer's share of the socket.
struct Session {
    shared: Rc<Shared>,
    inbox: Rc<Inbox>,
    peer: Address,
    serves: Serves,
}

impl Hub {
    /// `keep` lives as long as the socket.
    #[must_use]
    pub fn new(socket: Box<dyn Datagrams>, serves: Serves, keep: Option<impl std::any::Any>) -> Self {
        let shared = Shared {
            socket,
            sessions: RefCell::default(),
            blocked: RefCell::default(),
            owned: Cell::new(false),
            _keep: keep.map(|keep| Box::new(keep) as Box<dyn std::any::Any>),
        };
        Self { shared: Rc::new(shared), serves, doorman: None, buffer: Vec::new() }
    }

    /// Gives a datagram to the peer that it came from; a new session if there is none.
    fn sort(&self, datagram: &[u8], from: Address, reactor: &mut Reactor) -> Option<Session> {
        if let Some(inbox) = self.shared.sessions.borrow().get(&from) {
            inbox.push(datagram);
            if let Some(token) = inbox.token.get() {
                reactor.nudge(token, Ready::READ);
            }
            return None;
        }
        let inbox = Rc::new(Inbox::default());
        match self.doorman.as_ref().map(|doorman| doorman.knock(datagram, &from, reactor.now())) {
            Some(Knock::Answer(answers)) => {
                // What cannot be sent now is as good as lost: he will knock again.
                answers.iter().for_each(|answer| drop(self.shared.socket.send(answer, Some(&from))));
                return None;
            }
            Some(Knock::LetIn) => {}
            None => inbox.push(datagram),
        }
        self.shared.sessions.borrow_mut().insert(from.clone(), Rc::clone(&inbox));
        Some(Session { shared: Rc::clone(&self.shared), inbox, peer: from, serves: self.serves })
    }
}

impl Listener for Hub {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let fd = self.shared.socket.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE | Interest::WRITABLE)
    }

    fn local(&self) -> io::Result<Address> {
        self.shared.socket.local()
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
            let (n, from) = match self.shared.socket.receive(&mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Accepted::Nobody),
                // A datagram of ours that came back. Whose, the kernel does not say.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let datagram = self.buffer.get(..n).unwrap_or_default();
            if let Some(session) = self.sort(datagram, from.clone(), reactor) {
                let local = self.local()?;
                return Ok(Accepted::Peer { stream: Box::new(session), remote: from, local });
            }
        }
        Ok(Accepted::Later)
    }
}

impl Inbox {
    fn push(&self, datagram: &[u8]) {
        let bytes = self.bytes.get() + datagram.len() + OVERHEAD;
        if bytes > INBOX {
            return self.dropped.set(self.dropped.get() + 1);
        }
        self.bytes.set(bytes);
        self.datagrams.borrow_mut().push_back(datagram.to_vec());
    }

    fn pop(&self) -> Option<Vec<u8>> {
        let datagram = self.datagrams.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get().saturating_sub(datagram.len() + OVERHEAD));
        Some(datagram)
    }
}

impl Stream for Session {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inbox.token.set(Some(token));
        if self.serves == Serves::One {
            // The kernel turns others away from now on, and tells when this one refuses.
            self.shared.socket.connect(&self.peer).or_else(|error| match self.peer {
                // Who has no name can only be listened to.
                Address::Unix(_) => Ok(()),
                _ => Err(error),
            })?;
            self.shared.owned.set(true);
            let fd = self.shared.socket.as_fd().as_raw_fd();
            registry.reregister(&mut SourceFd(&fd), token, Interest::READABLE | Interest::WRITABLE)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if let Some(datagram) = self.inbox.pop() {
            let n = datagram.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..n), datagram.get(..n)) {
                to.copy_from_slice(from);
            }
            return Ok(Flow::Moved(n));
        }
        while self.shared.owned.get() {
            match self.shared.socket.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok((_, from)) if from != self.peer => {}
                Ok((n, _)) => return Ok(Flow::Moved(n)),
                Err(error) => return flow(Err(error)),
            }
        }
        Ok(Flow::Blocked)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let connected = self.shared.owned.get() && self.peer.inet().is_some();
        loop {
            match self.shared.socket.send(bytes, (!connected).then_some(&self.peer)) {
                Ok(_) => return Ok(Flow::Moved(bytes.len())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.shared.blocked.borrow_mut().extend(self.inbox.token.get());
                    return Ok(Flow::Blocked);
                }
                // Somebody else's refusal, on a socket that all share.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && !connected => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        match self.shared.owned.get().then(|| self.shared.socket.take_error()).transpose()?.flatten() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn is_datagram(&self) -> bool {
        true
    }

    fn dropped(&self) -> u64 {
        self.inbox.dropped.get()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.sessions.borrow_mut().remove(&self.peer);
    }
}
