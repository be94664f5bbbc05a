//! `-z`: connect, say so, and leave.

use super::{Context, Totals, Wiring};
use crate::{
    error::Exit,
    opening::{Failed, Peer},
    relay::{Notice, Patience},
};
use mio::Token;
use std::time::Duration;

/// Nobody is joined to anybody.
#[derive(Debug, Default)]
pub struct Probe {
    done: Option<Exit>,
}

impl Wiring for Probe {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> Result<(), Failed> {
        context.relay.add(peer.token, peer.stream);
        context.relay.close(peer.token, Patience::For(Duration::ZERO), context.reactor.now());
        context.report.detail(1, Totals(context.relay.traffic(peer.token), Duration::ZERO));
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, _context: &mut Context<'_>) {
        if matches!(notice, Notice::Closed(..)) {
            self.done = Some(Exit::Done);
        }
    }

    fn woken(&mut self, _token: Token, _context: &mut Context<'_>) {}

    fn present(&self) -> usize {
        0
    }

    fn outcome(&self) -> Option<Exit> {
        self.done
    }
}
