//! Clients and those they are joined to, while the relay has them.
//!
//! A newcomer's trap: when one side fails, what it had said before is still on its way to the other.
//! So the other is closed lingering, never at once.

use super::{Pair, STUCK};
use crate::{
    reactor::ByToken,
    relay::{End, Patience},
    wiring::Context,
};
use mio::Token;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Which end of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Origin,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client of a pair",
            Self::Origin => "the origin of a pair",
        })
    }
}

#[derive(Debug)]
struct Half {
    side: Side,
    /// Nobody, if it is only being closed.
    other: Option<Token>,
    since: Instant,
    goes_on: bool,
    ended: bool,
    leaving: bool,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Pairs(ByToken<Half>);

impl Pairs {
    /// Joins two streams, both ways.
    pub(super) fn add(&mut self, client: Token, origin: Token, pair: Pair, context: &mut Context<'_>) {
        let (relay, since) = (&mut *context.relay, context.reactor.now());
        relay.add(client, pair.client);
        relay.add(origin, pair.origin);
        // Who is joined to somebody that fails should not take it for an end in order.
        relay.mirror_failure(client);
        relay.mirror_failure(origin);
        relay.join(client, origin);
        relay.join(origin, client);
        let half = |side, other| {
            let goes_on = pair.goes_on;
            Half { side, other: Some(other), since, goes_on, ended: false, leaving: false }
        };
        self.0.insert(client, half(Side::Client, origin));
        self.0.insert(origin, half(Side::Origin, client));
    }

    /// A client that the relay only closes.
    pub(super) fn alone(&mut self, client: Token, since: Instant) {
        let half = Half { side: Side::Client, other: None, since, goes_on: false, ended: true, leaving: true };
        self.0.insert(client, half);
    }

    /// Which end this is, if it is not being left.
    pub(super) fn side(&self, token: Token) -> Option<Side> {
        self.0.get(&token).filter(|half| !half.leaving).map(|half| half.side)
    }

    /// Since when a client is joined.
    pub(super) fn joined(&self, client: Token) -> Option<Instant> {
        self.0.get(&client).filter(|half| half.side == Side::Client && !half.leaving).map(|half| half.since)
    }

    /// Nothing more comes from one side.
    pub(super) fn ended(&mut self, token: Token, end: &End, context: &mut Context<'_>) {
        let Some(half) = self.0.get_mut(&token) else { return };
        half.ended = true;
        // A client that is gone wants no response; an origin that is gone owes one, which is made up for it.
        let (other, goes_on) = (half.other, half.goes_on && half.side == Side::Origin);
        let exchange = half.goes_on;
        let Some(other) = other else { return };
        let both = self.0.get(&other).is_none_or(|half| half.ended);
        if !goes_on && matches!(end, End::Failed(_)) || !exchange && both {
            self.close(token, STUCK, context);
        }
    }

    /// One side takes nothing more. What it still says is passed on, until its end.
    pub(super) fn gone(&mut self, token: Token, context: &mut Context<'_>) {
        let Some(half) = self.0.get(&token) else { return };
        match (half.side, half.other, half.ended) {
            (Side::Origin, Some(client), false) if !half.leaving => {
                if !half.goes_on {
                    context.relay.discard(client);
                }
            }
            _ => self.close(token, STUCK, context),
        }
    }

    /// One side has been told all; true if that is a client whose connection goes on.
    pub(super) fn finished(&mut self, token: Token, context: &mut Context<'_>) -> bool {
        let Some(half) = self.0.get(&token).filter(|half| half.goes_on && half.side == Side::Client) else {
            return false;
        };
        let origin = half.other;
        self.0.remove(&token);
        if let Some((origin, half)) = origin.and_then(|origin| Some((origin, self.0.get_mut(&origin)?))) {
            (half.other, half.leaving) = (None, true);
            context.relay.close(origin, Patience::For(Duration::ZERO), context.reactor.now());
        }
        true
    }

    /// Closes both sides, once what waits for them has been delivered.
    pub(super) fn close(&mut self, token: Token, patience: Duration, context: &mut Context<'_>) {
        let other = self.0.get(&token).and_then(|half| half.other);
        for token in std::iter::once(token).chain(other) {
            if let Some(half) = self.0.get_mut(&token).filter(|half| !half.leaving) {
                half.leaving = true;
                context.relay.close(token, Patience::For(patience), context.reactor.now());
            }
        }
    }

    /// One side is closed: which, and since when it was joined.
    pub(super) fn closed(&mut self, token: Token) -> Option<(Side, Instant)> {
        self.0.remove(&token).map(|half| (half.side, half.since))
    }
}
