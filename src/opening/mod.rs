//! How a connection is made: resolved, dialled or accepted, and taken through its stages.
//!
//! What comes out is a [`Peer`], ready to be wired. A connection keeps one token from its first
//! packet to its last, whoever looks after it.

pub mod dial;
pub mod dialling;
#[cfg(feature = "dtls")]
pub mod dtls;
#[cfg(not(feature = "dtls"))]
#[path = "dtls/missing.rs"]
pub mod dtls;
pub mod entrance;
pub mod exchangers;
pub mod gate;
pub mod handshake;
pub mod pacing;
pub mod proxy;
pub mod questions;
pub mod resolve;
mod retry;
mod route;
pub mod starttls;
pub mod talk;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod upgrade;

use crate::{
    error::{Error, Result},
    reactor::{ByToken, Reactor},
    report::Report,
    stream::{Stream, tapped::Tapped, telnet::Telnet},
    tap::{Ends, Record, Taps},
    transport::{Address, Transport},
};
use mio::Token;
use std::{
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};
use upgrade::Handle;

/// A peer that does not finish its handshake within this time is given up.
const STAGE: Duration = Duration::from_secs(30);

/// A connection just made, before its stages.
pub struct Arrival {
    /// It is registered under this.
    pub token: Token,
    /// The bare connection.
    pub socket: Box<dyn Stream>,
    /// The other end.
    pub remote: Address,
    /// This end.
    pub local: Address,
    /// In listen mode, at which of the places: 0 where there is but one.
    pub door: usize,
    /// The name that a server's certificate is checked for; a client's is not.
    pub host: Option<Rc<str>>,
}

/// A connection that has gone through its stages.
pub struct Peer {
    /// It is registered under this.
    pub token: Token,
    /// All its layers.
    pub stream: Box<dyn Stream>,
    /// The other end.
    pub remote: Address,
    /// This end.
    pub local: Address,
    /// In listen mode, at which of the places it came in.
    pub door: usize,
    /// Whether it is encrypted.
    pub tls: bool,
    /// Encrypts it later, where that can be; tells whether it is encrypted by now.
    pub upgrade: Option<Rc<Handle>>,
}

/// A connection on its way, as its stages know it.
pub struct Whom<'a> {
    /// The other end.
    pub remote: &'a Address,
    /// The name that a server's certificate is checked for; empty for a client, whose is not.
    pub host: &'a str,
    /// What is recorded of it.
    pub record: Option<&'a Rc<Record>>,
}

/// One step on the way from a bare connection to one that can be wired: a proxy's dialogue,
/// STARTTLS, the TLS handshake. It steps aside when it is done.
pub trait Stage {
    /// Goes on as far as possible without waiting; the stream for the next stage when done.
    ///
    /// # Errors
    /// When the connection cannot be used; what the peer should know has been sent.
    fn advance(&mut self, now: Instant) -> Result<Poll<Box<dyn Stream>>>;

    /// What is left after a failure, to be closed lingering: the peer should hear why.
    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>>;

    /// What has not been done when time is up.
    fn timed_out(&self) -> Error;

    /// When it wants to go on at the latest, if nothing comes before.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// It has failed, but a new connection through the same stages would do: it has learnt something.
    fn wants_again(&self) -> bool {
        false
    }
}

/// A connection that has failed on its way, and what is left of it.
pub struct Failed {
    /// Why.
    pub error: Error,
    /// What is to be closed.
    pub stream: Option<Box<dyn Stream>>,
    /// Connecting again is worth a try.
    pub again: bool,
}

impl Failed {
    /// With this left of it.
    #[must_use]
    pub fn with(error: Error, stream: Box<dyn Stream>) -> Self {
        Self { error, stream: Some(stream), again: false }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, stream: None, again: false }
    }
}

impl Whom<'_> {
    /// What is said from now on is encrypted.
    pub fn encrypts(&self) {
        self.record.into_iter().for_each(|record| record.encrypted());
    }
}

/// Makes the stage that a new connection goes through.
pub trait Staging {
    /// Enters the stage with a connection to `whom`.
    ///
    /// # Errors
    /// When the stage cannot even begin.
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>>;

    /// The layer that stays, for `-vvv`; empty if it steps aside altogether.
    fn layer(&self) -> &'static str;
}

/// What all connections of a run go through, in order; and what is put around them then.
pub struct Way {
    /// What carries the bytes.
    pub transport: &'static Transport,
    /// The stages.
    pub stages: Vec<Box<dyn Staging>>,
    /// What can make them encrypted later.
    pub upgrade: Option<Rc<upgrade::Upgrades>>,
    /// `-t`.
    pub telnet: bool,
    /// `-o`, `-x`, `--transcript`.
    pub taps: Rc<Taps>,
    /// `--pace`, `--fail`.
    pub pace: Option<pacing::Pacing>,
}

/// The connections that are on their way through their stages.
pub struct Openings {
    way: Way,
    report: Report,
    deadline: Option<Instant>,
    under_way: ByToken<Opening>,
}

struct Opening {
    stage: Box<dyn Stage>,
    /// Which one of the stages that is.
    number: usize,
    who: Who,
    until: Instant,
}

/// What stays the same of a connection on its way.
struct Who {
    remote: Address,
    local: Address,
    door: usize,
    host: Option<Rc<str>>,
    record: Option<Rc<Record>>,
}

impl Who {
    fn whom(&self) -> Whom<'_> {
        let host = self.host.as_deref().unwrap_or_default();
        Whom { remote: &self.remote, host, record: self.record.as_ref() }
    }
}

impl Openings {
    /// All stages have to be over by `deadline`, if there is one, and each within 30 s.
    #[must_use]
    pub fn new(way: Way, deadline: Option<Instant>, report: Report) -> Self {
        Self { way, report, deadline, under_way: ByToken::default() }
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
        let Arrival { token, socket, remote, local, door, host } = arrival;
        let datagram = self.way.transport.datagram;
        let ends = Ends { remote: &remote, local: &local, host: host.as_deref(), datagram };
        let record = self.way.taps.record(&ends);
        let who = Who { remote, local, door, host, record };
        self.enter(0, token, socket, who, reactor)
    }

    /// Goes on with the connection that has this token.
    ///
    /// # Errors
    /// When its stage fails or takes too long.
    pub fn advance(&mut self, token: Token, reactor: &mut Reactor) -> std::result::Result<Option<Peer>, Failed> {
        let Some(mut opening) = self.under_way.remove(&token) else { return Ok(None) };
        let now = reactor.now();
        let error = match opening.stage.advance(now) {
            Ok(Poll::Ready(stream)) => {
                return self.enter(opening.number + 1, token, stream, opening.who, reactor);
            }
            Ok(Poll::Pending) if now < opening.until => {
                opening.stage.deadline().into_iter().for_each(|at| reactor.wake_at(at, token));
                self.under_way.insert(token, opening);
                return Ok(None);
            }
            Ok(Poll::Pending) => opening.stage.timed_out(),
            Err(error) => error,
        };
        let again = opening.stage.wants_again();
        Err(Failed { error, stream: opening.stage.give_up(), again })
    }

    /// Nobody comes any more: what stages know, a proxy's password among it, is wiped.
    pub fn forget(&mut self) {
        self.way.stages.clear();
    }

    fn enter(
        &mut self,
        number: usize,
        token: Token,
        stream: Box<dyn Stream>,
        who: Who,
        reactor: &mut Reactor,
    ) -> std::result::Result<Option<Peer>, Failed> {
        let Some(staging) = self.way.stages.get(number) else {
            return Ok(Some(self.peer(token, stream, who)));
        };
        let stage = staging.enter(stream, &who.whom())?;
        let until = reactor.now() + STAGE;
        let until = self.deadline.map_or(until, |deadline| deadline.min(until));
        reactor.wake_at(until, token);
        self.under_way.insert(token, Opening { stage, number, who, until });
        self.advance(token, reactor)
    }

    fn peer(&self, token: Token, mut stream: Box<dyn Stream>, who: Who) -> Peer {
        let Way { transport, stages, .. } = &self.way;
        let mut layers = vec![transport.name];
        layers.extend(stages.iter().map(|staging| staging.layer()).filter(|layer| !layer.is_empty()));
        let tls = layers.len() > 1;
        let mut upgrade = tls.then(|| Rc::new(Handle::encrypted()));
        if let Some(upgrades) = self.way.upgrade.as_ref().filter(|_| !tls && !transport.datagram) {
            layers.push("an upgrade");
            let (upgrading, handle) = upgrades.around(stream, &who.whom());
            (stream, upgrade) = (upgrading, Some(handle));
        }
        let Who { remote, local, door, record, .. } = who;
        if let Some(record) = record {
            record.stands();
            layers.push("a tap");
            stream = Box::new(Tapped::new(stream, record));
        }
        if self.way.telnet {
            layers.push("telnet");
            stream = Box::new(Telnet::new(stream));
        }
        if let Some(pace) = &self.way.pace {
            layers.push("pace");
            stream = pace.around(stream, &remote);
        }
        if self.report.shows(3) {
            layers.reverse();
            self.report.detail(3, format_args!("{remote}: the layers are {}.", layers.join(" over ")));
        }
        Peer { token, stream, remote, local, door, tls, upgrade }
    }
}
