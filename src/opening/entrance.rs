//! Where connections come from: a peer that is dialled, or clients that are let in.
//!
//! A newcomer's trap: `-z` with a list of ports dials several peers, one after the other; only when
//! the last is done has the entrance [come to its end](Entrance::is_over).

use super::{Arrival, dialling::Dialling, gate::Gate};
use crate::{
    cli::config::{Config, Mode},
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
            Mode::Connect(connect) => {
                let dialling = Dialling::begin(config, connect, Rc::clone(found), reactor, report)?;
                Ok(Self::Dial(Box::new(dialling)))
            }
        }
    }

    /// What has come of an event or alarm under `token`; `present` clients are there already.
    ///
    /// # Errors
    /// When the peer cannot be reached.
    pub fn advance(&mut self, token: Token, present: usize, reactor: &mut Reactor) -> Result<Vec<Arrival>> {
        match self {
            Self::Gate(gate) if gate.has(token) => Ok(gate.accept(token, present, reactor)),
            Self::Gate(_) => Ok(Vec::new()),
            Self::Dial(dialling) => dialling.advance(token, reactor).map(Vec::from_iter),
        }
    }

    /// The addresses listened on.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        match self {
            Self::Gate(gate) => gate.addresses(),
            Self::Dial(_) => Vec::new(),
        }
    }

    /// The same, each with the number of the place to listen at that it belongs to.
    #[must_use]
    pub fn doors(&self) -> Vec<(usize, Address)> {
        match self {
            Self::Gate(gate) => gate.doors(),
            Self::Dial(_) => Vec::new(),
        }
    }

    /// Connects to the same peer once more.
    pub fn again(&mut self, reactor: &mut Reactor) {
        if let Self::Dial(dialling) = self {
            dialling.again(reactor);
        }
    }

    /// Whether nobody will come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Dial(dialling) if dialling.is_over())
    }
}
