//! How a connection is made: resolved, dialled or accepted, and taken through its stages.
//!
//! What comes out is a [`Peer`], ready to be wired. A connection keeps one token from its first
//! packet to its last, whoever looks after it.

pub mod dial;
pub mod entrance;
pub mod gate;
pub mod resolve;
pub mod tls;

use crate::{
    error::{Error, Result},
    reactor::Reactor,
    report::Report,
    stream::{Stream, tapped::Tapped},
    tap::Taps,
    transport::tcp::Tcp,
};
use mio::Token;
use std::{
    collections::HashMap,
    net::SocketAddr,
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

/// A peer that does not finish its handshake within this time is given up.
const STAGE: Duration = Duration::from_secs(30);

/// A connection just made, before its stages.
#[derive(Debug)]
pub struct Arrival {
    /// It is registered under this.
    pub token: Token,
    /// The bare connection.
    pub socket: Tcp,
    /// The other end.
    pub remote: SocketAddr,
    /// This end.
    pub local: SocketAddr,
}

/// A connection that has gone through its stages.
pub struct Peer {
    /// It is registered under this.
    pub token: Token,
    /// All its layers.
    pub stream: Box<dyn Stream>,
    /// The other end.
    pub remote: SocketAddr,
    /// This end.
    pub local: SocketAddr,
    /// Whether it is encrypted.
    pub tls: bool,
}

/// One step on the way from a bare connection to one that can be wired: a proxy's dialogue,
/// STARTTLS, the TLS handshake. It steps aside when it is done.
pub trait Stage {
    /// Goes on as far as possible without waiting; the stream for the next stage when done.
    ///
    /// # Errors
    /// When the connection cannot be used; what the peer should know has been sent.
    fn advance(&mut self) -> Result<Poll<Box<dyn Stream>>>;

    /// What is left after a failure, to be closed lingering: the peer should hear why.
    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>>;
}

/// A connection that has failed on its way, and what is left of it.
pub struct Failed {
    /// Why.
    pub error: Error,
    /// What is to be closed.
    pub stream: Option<Box<dyn Stream>>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, stream: None }
    }
}

/// Makes the stage that a new connection goes through.
pub trait Staging {
    /// Enters the stage with a bare connection to `remote`.
    ///
    /// # Errors
    /// When the stage cannot even begin.
    fn enter(&self, stream: Box<dyn Stream>, remote: SocketAddr) -> Result<Box<dyn Stage>>;
}

/// The connections that are on their way through their stages.
pub struct Openings {
    staging: Option<Box<dyn Staging>>,
    taps: Rc<Taps>,
    report: Report,
    deadline: Option<Instant>,
    under_way: HashMap<Token, Opening>,
}

struct Opening {
    stage: Box<dyn Stage>,
    remote: SocketAddr,
    local: SocketAddr,
    until: Instant,
}

impl Openings {
    /// All stages have to be over by `deadline`, if there is one, and each within 30 s.
    #[must_use]
    pub fn new(staging: Option<Box<dyn Staging>>, taps: Rc<Taps>, deadline: Option<Instant>, report: Report) -> Self {
        Self { staging, taps, report, deadline, under_way: HashMap::new() }
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.under_way.len()
    }

    /// Whether the connection with this token is under way.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        self.under_way.contains_key(&token)
    }

    /// Begins with a new connection; one that has no stages to go through is a peer at once.
    ///
    /// # Errors
    /// When a stage fails.
    pub fn begin(&mut self, arrival: Arrival, reactor: &mut Reactor) -> std::result::Result<Option<Peer>, Failed> {
        let Arrival { token, socket, remote, local } = arrival;
        let Some(staging) = &self.staging else {
            return Ok(Some(self.peer(token, Box::new(socket), remote, local)));
        };
        let stage = staging.enter(Box::new(socket), remote)?;
        let until = reactor.now() + STAGE;
        let until = self.deadline.map_or(until, |deadline| deadline.min(until));
        reactor.wake_at(until, token);
        self.under_way.insert(token, Opening { stage, remote, local, until });
        self.advance(token, reactor.now())
    }

    /// Goes on with the connection that has this token.
    ///
    /// # Errors
    /// When its stage fails or takes too long.
    pub fn advance(&mut self, token: Token, now: Instant) -> std::result::Result<Option<Peer>, Failed> {
        let Some(mut opening) = self.under_way.remove(&token) else { return Ok(None) };
        let error = match opening.stage.advance() {
            Ok(Poll::Ready(stream)) => return Ok(Some(self.peer(token, stream, opening.remote, opening.local))),
            Ok(Poll::Pending) if now < opening.until => {
                self.under_way.insert(token, opening);
                return Ok(None);
            }
            Ok(Poll::Pending) => {
                let why = "TIMEOUT. The handshake was not done in time";
                Error::network(format!("TLS with {}", opening.remote), why).hint("does the peer speak TLS?")
            }
            Err(error) => error,
        };
        Err(Failed { error, stream: opening.stage.give_up() })
    }

    fn peer(&self, token: Token, mut stream: Box<dyn Stream>, remote: SocketAddr, local: SocketAddr) -> Peer {
        let tls = if self.staging.is_some() { "TLS over " } else { "" };
        let tap = if self.taps.is_empty() { "" } else { "a tap over " };
        self.report.detail(3, format_args!("{remote}: the layers are {tap}{tls}TCP."));
        if !self.taps.is_empty() {
            stream = Box::new(Tapped::new(stream, Rc::clone(&self.taps)));
        }
        Peer { token, stream, remote, local, tls: self.staging.is_some() }
    }
}
