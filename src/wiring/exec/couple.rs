//! A peer and its command, and what joins them.
//!
//! A newcomer's trap: who has the peer's socket has it to himself. The relay gets it only to close it.

use crate::{
    relay::Patience,
    transport::child::handed::Handed,
    wiring::{Context, departure::Departure},
};
use mio::Token;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// A peer and its command.
pub(super) struct Couple {
    pub(super) departure: Departure,
    pub(super) joined: Instant,
    pub(super) joint: Joint,
    /// Its process.
    pub(super) process: Token,
    /// All its output has been read.
    pub(super) said_all: bool,
    /// Since when the peer takes nothing more, though what it has sent is still to be read.
    pub(super) unheard: Option<Instant>,
    /// The peer has been given the end of what the command said.
    pub(super) half_closed: bool,
    pub(super) leaving: bool,
}

/// How a command is joined to its peer.
pub(super) enum Joint {
    /// By pipes, which are an endpoint with this token.
    Pipes(Token),
    /// It has the peer's socket.
    Socket(Handed),
    /// It had; now the relay has, to close it.
    Returned,
}

impl Couple {
    /// Delivers what is on its way, and closes the connection.
    pub(super) fn leave(&mut self, peer: Token, patience: Patience, context: &mut Context<'_>) {
        self.leaving = true;
        match std::mem::replace(&mut self.joint, Joint::Returned) {
            Joint::Socket(handed) => context.relay.add(peer, handed.take_back()),
            joint => self.joint = joint,
        }
        context.relay.close(peer, patience, context.reactor.now());
    }
}

/// In place of the totals, where the bytes did not come by us.
pub(super) struct Uncounted(pub(super) Duration);

impl fmt::Display for Uncounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        write!(f, "The command had the connection itself, which counts no bytes, for {seconds:.2} seconds.")
    }
}
