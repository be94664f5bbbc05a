//! Where connections come from: a peer that is dialled, or clients that are let in.
//!
//! A newcomer's trap: `-z` with a list of ports dials several peers, one after the other; only when
//! the last is done has the entrance [come to its end](Entrance::is_over).

use super::{Arrival, dialling::Dialling, exchangers::Exchangers, gate::Gate};
use crate::{
    cli::config::{Config, Mode, To},
    error::Result,
    reactor::Reactor,
    report::Report,
    transport::Address,
};
use mio::Token;
use std::{cell::RefCell, net::SocketAddr, rc::Rc};

/// The address of the peer behind the proxies, once it has been looked up here.
pub type Found = Rc<RefCell<Option<SocketAddr>>>;

/// See the module's description.
pub enum Entrance {
    /// Connect mode.
    Dial(Box<Dialling>),
    /// Connect mode with `--mx`.
    Mail(Box<Exchangers>),
    /// Listen mode.
    Gate(Gate),
}

impl Entrance {
    /// Opens it: listens, or begins to connect. What is found out about a peer behind proxies is left in `found`.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the peer is known at once to be out of reach.
    pub fn open(config: &Config, found: &Found, reactor: &mut Reactor, report: Report) -> Result<Self> {
        match &config.mode {
            Mode::Listen(listen) => Gate::open(config, listen, reactor, report).map(Self::Gate),
            Mode::Connect(connect) => match &connect.to {
                To::Place(place) => Dialling::begin(config, connect, place, Rc::clone(found), reactor, report)
                    .map(|dialling| Self::Dial(Box::new(dialling))),
                To::Mail(mail) => Exchangers::begin(config, connect, mail, reactor, report)
                    .map(|exchangers| Self::Mail(Box::new(exchangers))),
            },
        }
    }

    /// What has come of an event or alarm under `token`; `present` clients are there already.
    ///
    /// # Errors
    /// When the peer cannot be reached.
    pub fn advance(
        &mut self,
        token: Token,
        present: impl FnOnce() -> usize,
        reactor: &mut Reactor,
    ) -> Result<Vec<Arrival>> {
        match self {
            Self::Gate(gate) if gate.has(token) => Ok(gate.accept(token, present(), reactor)),
            Self::Gate(_) => Ok(Vec::new()),
            Self::Dial(dialling) => dialling.advance(token, reactor).map(Vec::from_iter),
            Self::Mail(exchangers) => exchangers.advance(token, reactor).map(Vec::from_iter),
        }
    }

    /// The addresses listened on.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        match self {
            Self::Gate(gate) => gate.addresses(),
            Self::Dial(_) | Self::Mail(_) => Vec::new(),
        }
    }

    /// The same, each with the number of the place to listen at that it belongs to.
    #[must_use]
    pub fn doors(&self) -> Vec<(usize, Address)> {
        match self {
            Self::Gate(gate) => gate.doors(),
            Self::Dial(_) | Self::Mail(_) => Vec::new(),
        }
    }

    /// Whether somebody may be listened to before there is a connection: a name server, or whoever knocks.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        matches!(self, Self::Gate(_) | Self::Mail(_))
    }

    /// Connects to the same peer once more.
    pub fn again(&mut self, reactor: &mut Reactor) {
        // Only proxies ask for that, and they are not on the way to exchangers.
        if let Self::Dial(dialling) = self {
            dialling.again(reactor);
        }
    }

    /// Whether nobody will come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Dial(dialling) => dialling.is_over(),
            Self::Mail(exchangers) => exchangers.is_over(),
            Self::Gate(gate) => gate.is_over(),
        }
    }
}
