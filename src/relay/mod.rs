//! The relay: endpoints, and the pumps that join them.
//!
//! The three rules that hold for every mode are on [the first page](crate).
//!
//! A newcomer's trap: events are edge-triggered, so whoever stops before the stream said
//! *blocked* must be queued again: by a sink whose outbox has become empty, or by itself.

mod closing;
mod crowd;
mod endpoint;
mod outbox;
mod pump;
mod room;
mod said;
mod shortcut;
mod splice;
mod stall;
#[cfg(test)]
mod tests;
mod turn;

pub use closing::Patience;
pub use endpoint::Traffic;
pub use pump::{End, Voice};
pub use stall::RATE;

use crate::{
    filter::{Filter, spacing::Spacing},
    reactor::{ByToken, Ready},
    stream::Stream,
};
use closing::Closing;
use crowd::Crowd;
use endpoint::{Endpoint, Goodbye};
use mio::Token;
use outbox::{Shared, Spare};
use pump::Work;
use room::Room;
use said::Said;
use splice::Between;
use stall::Stall;
use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

/// Bytes read at a time: twice as fast as 8 or 16 KiB, and no faster beyond.
const CHUNK: usize = 256 * 1024;

/// What is cut into datagrams is cut at this many bytes, as in Ncat. Datagrams that came as such pass whole.
const DATAGRAM: usize = 8192;

/// Reads of one endpoint before the others have their turn.
const TURNS: usize = 16;

/// What the wiring is told.
#[derive(Debug)]
pub enum Notice {
    /// Nothing more will come from this endpoint.
    Ended(Token, End),
    /// This endpoint has been half-closed: its stream was given everything, and the end of it.
    Finished(Token),
    /// This endpoint takes nothing more; so many bytes given to it were not delivered.
    Gone(Token, io::Error, usize),
    /// This sink has held others up for too long, and is still there.
    Stalled(Token),
    /// An endpoint that was to be closed is closed; so many bytes were not delivered, and this
    /// is what had passed through it.
    Closed(Token, usize, Traffic),
}

/// See the module's description.
#[derive(Default)]
pub struct Relay {
    /// Apart from the table, which may be twice as large as it has to be.
    endpoints: ByToken<Box<Endpoint>>,
    queue: VecDeque<Token>,
    notices: VecDeque<Notice>,
    room: Room,
    said: Said,
    buffer: Vec<u8>,
    work: Work,
    spare: Spare,
    between: Between,
    crowd: Crowd,
    /// When it was last looked how much has arrived where.
    looked: Option<Instant>,
    /// The time of the present round.
    now: Option<Instant>,
}

impl Relay {
    /// Takes an endpoint, whose stream is registered under `token`. It is joined to nobody yet.
    pub fn add(&mut self, token: Token, stream: Box<dyn Stream>) {
        self.endpoints.insert(token, Box::new(Endpoint::new(stream)));
        self.enqueue(token);
    }

    /// What `source` sends goes to `sink`, also.
    pub fn join(&mut self, source: Token, sink: Token) {
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        to.fed_by.insert(source);
        if let Some(from) = self.endpoints.get_mut(&source) {
            from.pump.sinks.insert(sink);
        }
        self.enqueue(source);
    }

    /// Gives these bytes to `sink` alone, behind what waits for it.
    pub fn tell(&mut self, sink: Token, bytes: &[u8], now: Instant) {
        self.deliver_to(sink, &mut Shared::new(bytes), 0..bytes.len(), bytes.len(), now);
    }

    /// If a source of `sink` fails, there will be no end in order for it: its peer should not take what
    /// it got for all there is.
    pub fn mirror_failure(&mut self, sink: Token) {
        if let Some(to) = self.endpoints.get_mut(&sink) {
            to.mirrors = true;
        }
    }

    /// What `sink` has been given is not all that there is for it, and no more comes: there will be no end in order.
    pub fn cut_short(&mut self, sink: Token) {
        if let Some(to) = self.endpoints.get_mut(&sink) {
            to.cut_short = true;
        }
    }

    /// `sink` may hold others up for `limit` while it takes fewer than [`RATE`] bytes a second; then
    /// comes [`Notice::Stalled`].
    pub fn limit_stalls(&mut self, sink: Token, limit: Duration) {
        if let Some(to) = self.endpoints.get_mut(&sink) {
            to.stall.limit(limit);
        }
    }

    /// Gives a stream back to somebody else, who finds it as it is: registered, and perhaps with bytes
    /// to read. What waited for it is lost, so look whether it [is drained](Relay::is_drained) first.
    pub fn take(&mut self, token: Token) -> Option<Box<dyn Stream>> {
        self.discard(token);
        self.forget_sources(token);
        self.leave_room(token);
        self.endpoints.remove(&token).map(|endpoint| endpoint.stream)
    }

    /// What `source` sends from now on goes nowhere.
    pub fn discard(&mut self, source: Token) {
        self.leave_sinks(source);
        if let Some(from) = self.endpoints.get_mut(&source) {
            from.pump.discards = true;
        }
        self.enqueue(source);
    }

    /// What `source` sends passes this filter last.
    pub fn filter(&mut self, source: Token, filter: Box<dyn Filter>) {
        if let Some(from) = self.endpoints.get_mut(&source) {
            from.pump.filters.push(filter);
        }
    }

    /// The lines that `source` sends are spaced by `time`.
    pub fn space(&mut self, source: Token, time: Duration) {
        if let Some(from) = self.endpoints.get_mut(&source) {
            from.pump.spacing = Some(Spacing::new(time));
        }
    }

    /// Throws away the lines of `source` that wait for their time, and says how many bytes they were.
    pub fn discard_spaced(&mut self, source: Token) -> usize {
        let spacing = self.endpoints.get_mut(&source).and_then(|from| from.pump.spacing.as_mut());
        spacing.map_or(0, Spacing::discard)
    }

    /// `sink` is half-closed by [`Relay::finish`] alone, not by rule 3.
    pub fn hold_open(&mut self, sink: Token) {
        if let Some(to) = self.endpoints.get_mut(&sink) {
            to.held_open = true;
        }
    }

    /// Half-closes `sink` once its outbox is empty; [`Notice::Finished`] says when.
    pub fn finish(&mut self, sink: Token) {
        self.say_goodbye(sink, Goodbye::HalfClose);
    }

    /// Delivers what waits, says goodbye, discards what still comes, and removes the endpoint
    /// when all is delivered or patience ends; [`Notice::Closed`] says when.
    pub fn close(&mut self, token: Token, patience: Patience, now: Instant) {
        self.now = Some(now);
        if let Some(endpoint) = self.endpoints.get_mut(&token) {
            let mut pump = std::mem::take(&mut endpoint.pump);
            self.empty_filters(token, &mut pump, now);
            self.endpoints.entry(token).and_modify(|endpoint| endpoint.pump = pump);
        }
        self.discard(token);
        self.forget_sources(token);
        self.leave_room(token);
        let Some(endpoint) = self.endpoints.get_mut(&token) else { return };
        // It holds nobody up any more; how long it is waited for, `patience` says.
        endpoint.stall = Stall::default();
        // Who is not waited for is dropped; what he takes at the last moment must not look like all.
        endpoint.cut_short |= patience == Patience::For(Duration::ZERO) && !endpoint.outbox.is_empty();
        endpoint.closing = Some(Closing::new(patience, endpoint.undelivered(), now));
        self.say_goodbye(token, Goodbye::HangUp);
    }

    /// Whether an endpoint is there.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        self.endpoints.contains_key(&token)
    }

    /// How many are there.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.endpoints.len()
    }

    /// What has passed through an endpoint.
    #[must_use]
    pub fn traffic(&self, token: Token) -> Traffic {
        self.endpoints.get(&token).map(|endpoint| endpoint.traffic).unwrap_or_default()
    }

    /// Whether everything given to `sink` has been taken by its stream.
    #[must_use]
    pub fn is_drained(&self, sink: Token) -> bool {
        self.endpoints.get(&sink).is_none_or(|endpoint| endpoint.is_drained())
    }

    /// When `source` last waited for a sink without room: `now`, if it does, or if its stream has set
    /// a time of its own until which it waits for the other end.
    #[must_use]
    pub fn held_up(&self, source: Token, now: Instant) -> Option<Instant> {
        let endpoint = self.endpoints.get(&source)?;
        let has_patience = endpoint.stream.is_coupled() && endpoint.stream.deadline().is_some();
        if endpoint.waits || has_patience { Some(now) } else { endpoint.traffic.last_held_up }
    }

    /// Whether lines of `source` wait for their time.
    #[must_use]
    pub fn has_spaced(&self, source: Token) -> bool {
        self.endpoints.get(&source).is_some_and(|endpoint| endpoint.pump.holds())
    }

    /// Bytes given to `sink` that are not known to have reached its peer's machine.
    #[must_use]
    pub fn undelivered(&self, sink: Token) -> usize {
        self.endpoints.get(&sink).map_or(0, |endpoint| endpoint.undelivered())
    }

    /// Notes what has become possible.
    pub fn ready(&mut self, token: Token, ready: Ready) {
        let Some(endpoint) = self.endpoints.get_mut(&token) else { return };
        if ready.read {
            endpoint.may_read = true;
            endpoint.bytes_alone = ready.bytes_alone && endpoint.stream.short_read_is_all();
        }
        endpoint.trouble |= ready.trouble;
        self.enqueue(token);
    }

    /// An alarm for this token has gone off; nothing happens where it was not ours.
    pub fn alarm(&mut self, token: Token) {
        self.enqueue(token);
    }

    /// Whether somebody could go on at once.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// What the wiring has to know next.
    pub fn notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Nobody feeds `sink` any more.
    fn forget_sources(&mut self, sink: Token) {
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        for source in std::mem::take(&mut to.fed_by) {
            if let Some(from) = self.endpoints.get_mut(&source) {
                from.pump.sinks.remove(&sink);
            }
        }
    }

    fn enqueue(&mut self, token: Token) {
        if let Some(endpoint) = self.endpoints.get_mut(&token)
            && !endpoint.queued
        {
            endpoint.queued = true;
            self.queue.push_back(token);
        }
    }

    fn say_goodbye(&mut self, sink: Token, goodbye: Goodbye) {
        if let Some(to) = self.endpoints.get_mut(&sink) {
            to.goodbye = to.goodbye.max(Some(goodbye));
        }
        self.enqueue(sink);
    }
}
