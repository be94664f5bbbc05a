//! The turn of a pump whose bytes nobody looks at: the kernel moves them from source to sink.
//!
//! A newcomer's trap: the rules are the same. There has to be room, what finds none waits in the outbox, and
//! what has passed is counted.

use super::{
    Relay,
    outbox::Shared,
    pump::{End, Pump},
    splice::{self, Moved},
};
use mio::Token;
use std::{io::ErrorKind, time::Instant};

impl Relay {
    /// So much was read at once; when that is bulk, pipes at both ends are made wider.
    pub(super) fn weigh(&mut self, source: Token, pump: &mut Pump, n: usize) {
        if !pump.weigh(n) {
            return;
        }
        let source = self.endpoints.get(&source).and_then(|from| from.stream.source());
        let sinks = pump.sinks.iter().filter_map(|sink| self.endpoints.get(sink)?.stream.sink());
        source.into_iter().chain(sinks).for_each(|channel| self.between.widen(channel));
    }

    /// Has the kernel move bytes, if it can: whether there may be more. `None` if they have to be read.
    pub(super) fn shortcut(&mut self, source: Token, pump: &mut Pump, now: Instant) -> Option<bool> {
        let sink = pump.shortcut().filter(|sink| *sink != source)?;
        let [Some(from), Some(to)] = self.endpoints.get_disjoint_mut([&source, &sink]) else { return None };
        if !from.may_read || !to.takes() || !to.outbox.is_empty() {
            return None;
        }
        let moved = match (from.stream.source(), to.stream.sink()) {
            (Some(source), Some(sink)) if splice::suits(source.kind, sink.kind) => self.between.pass(source, sink),
            _ => return None,
        };
        let (came, taken) = match &moved {
            Moved::All(n) => (*n, *n),
            Moved::Some { taken, left } | Moved::SinkFailed { taken, lost: left, .. } => (taken + left, *taken),
            _ => (0, 0),
        };
        if came > 0 {
            from.traffic.received += came as u64;
            from.traffic.last_received = Some(now);
            to.sent(taken, now);
            pump.weigh(came);
        }
        match moved {
            Moved::All(_) => {}
            Moved::Some { taken, left } => {
                pump.refused |= taken == 0;
                self.keep_rest(sink, left, now);
            }
            Moved::Blocked if !from.bytes_alone => return None,
            Moved::Empty | Moved::Blocked => {
                from.may_read = false;
                return Some(false);
            }
            Moved::Full => {
                to.jammed = true;
                to.is_full(now);
            }
            Moved::Ask => return None,
            Moved::Refused => {
                pump.refused = true;
                return None;
            }
            Moved::SourceFailed(error) => {
                (from.ended, from.failed) = (true, true);
                pump.end = Some(End::Failed(error));
            }
            Moved::SinkFailed { error, lost, .. } => self.sink_gone(sink, error, lost),
        }
        Some(true)
    }

    /// What the sink has not taken goes to its outbox.
    fn keep_rest(&mut self, sink: Token, mut left: usize, now: Instant) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut failed = None;
        while left > 0 && failed.is_none() {
            let Some(to) = self.endpoints.get_mut(&sink) else { break };
            failed = match self.between.take(&mut buffer) {
                Ok(n @ 1..) => {
                    left = left.saturating_sub(n);
                    let bytes = buffer.get(..n).unwrap_or_default();
                    to.deliver(&mut Shared::new(bytes), 0..n, usize::MAX, &mut self.spare, now).err()
                }
                Ok(0) => Some((ErrorKind::UnexpectedEof.into(), 0)),
                Err(error) => Some((error, 0)),
            };
        }
        self.buffer = buffer;
        if let Some((error, rest)) = failed {
            self.between.discard();
            self.sink_gone(sink, error, rest + left);
        }
        // How long it may have no room is looked at in its turn.
        self.enqueue(sink);
    }
}
