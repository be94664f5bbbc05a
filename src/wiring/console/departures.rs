//! What is said, and with which exit status, when a peer ends, refuses more, or is gone.
//!
//! A newcomer's trap: a failed write is noticed before the peer's end that came before it has
//! been read. Whether a peer left in order is known only when its end was read, or from EPIPE.

use super::Console;
use crate::{
    error::{Error, Exit, why},
    relay::{End, Patience},
    wiring::{Context, bytes, ends::Why, worse},
};
use mio::Token;
use std::{io, time::Duration};

impl Console {
    /// A peer's read side has ended.
    pub(super) fn peer_ended(&mut self, token: Token, end: End, context: &mut Context<'_>) {
        let failure = self.failure();
        let Some(peer) = self.peers.get_mut(&token) else { return };
        if peer.leaving.is_some() {
            return;
        }
        let error = match (peer.gone.take(), end) {
            (Some((error, lost)), End::InOrder) if error.kind() == io::ErrorKind::BrokenPipe => {
                // It had left in order before it refused more: that was its decision.
                peer.end = Some(context.reactor.now());
                return self.peer_gone(token, error, lost, context);
            }
            // Its end, which comes after the failed write, is no orderly one.
            (Some((error, lost)), _) => Some((why(&error), lost)),
            (None, End::Failed(error)) => Some((why(&error), context.relay.undelivered(token))),
            (None, End::Truncated) => {
                let text = "the stream is truncated: the peer closed without close_notify";
                if self.verify {
                    context.report.error(&Error::network(&*peer.name, text));
                    self.exit = worse(self.exit, failure);
                } else {
                    context.report.note(format_args!("{}: {text}", peer.name));
                }
                None
            }
            (None, End::InOrder) => {
                context.report.detail(2, format_args!("{} has half-closed.", peer.name));
                None
            }
        };
        peer.end = Some(context.reactor.now());
        match error {
            None => self.review(token, context),
            Some((why, lost)) => {
                let why = if lost == 0 { why } else { format!("{why}; {} not delivered", bytes(lost)) };
                context.report.error(&Error::network(&*peer.name, why));
                self.exit = worse(self.exit, failure);
                // Dead already: nothing is left to be waited for or to be told.
                peer.gone = Some((io::ErrorKind::ConnectionReset.into(), 0));
                peer.leaving = Some(Why::PeerEnded);
                context.relay.close(token, Patience::For(Duration::ZERO), context.reactor.now());
            }
        }
    }

    /// A peer takes nothing more.
    pub(super) fn peer_gone(&mut self, token: Token, error: io::Error, lost: usize, context: &mut Context<'_>) {
        let failure = self.failure();
        let Some(peer) = self.peers.get_mut(&token) else { return };
        if peer.leaving.is_some() || peer.end.is_some() {
            let in_order = peer.end.is_some();
            if lost > 0 {
                context
                    .report
                    .error(&Error::network(&*peer.name, format!("{}; {} not delivered", why(&error), bytes(lost))));
                self.exit = worse(self.exit, if in_order { Exit::Done } else { failure });
            }
            if peer.leaving.is_none() {
                self.leave(token, Why::PeerEnded, context);
            }
        } else {
            // What it had sent before may still be read; its end will be told.
            peer.gone = Some((error, lost));
        }
    }

    pub(super) fn peer_closed(&mut self, token: Token, mut lost: usize, context: &mut Context<'_>) {
        let Some(peer) = self.peers.remove(&token) else { return };
        if peer.gone.is_some() {
            lost = 0;
        }
        if !self.keeps_open {
            // Lines that `-d` has kept waiting for a peer that is no more.
            lost += context.relay.discard_spaced(self.token);
        }
        if lost > 0 {
            let text = format!("{} not known to have been delivered", bytes(lost));
            context.report.error(&Error::network(&*peer.name, text));
            self.exit = worse(self.exit, if peer.end.is_some() { Exit::Done } else { self.failure() });
        }
    }
}
