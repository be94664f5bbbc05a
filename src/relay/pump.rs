//! What a source's bytes go through, and where they go.

use crate::filter::{Filter, spacing::Spacing};
use mio::Token;
use std::{collections::BTreeSet, io, time::Instant};

/// So many large reads, one after the other, are bulk.
const BULK: u8 = 4;

/// What has been bulk for so long goes on being it for as many small ones.
const STEADY: u8 = 64;

/// So many bytes are a large read.
const LARGE: usize = 16 * 1024;

/// How a source came to its end.
#[derive(Debug)]
pub enum End {
    /// In order: end of file, FIN, close_notify.
    InOrder,
    /// A TLS stream cut off without close_notify.
    Truncated,
    /// It failed.
    Failed(io::Error),
}

/// What somebody does who has a room to himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Speaks to nobody; so that his end is noticed.
    Speaks,
    /// Waits for somebody to hear it.
    Waits,
}

/// The one-way path from a source: filters, and the sinks that it feeds.
#[derive(Default)]
pub(super) struct Pump {
    pub(super) sinks: BTreeSet<Token>,
    /// It also feeds everybody else in the room.
    pub(super) voice: Option<Voice>,
    pub(super) filters: Vec<Box<dyn Filter>>,
    pub(super) spacing: Option<Spacing>,
    /// Read, and throw away.
    pub(super) discards: bool,
    /// How much of it is bulk, see [`Pump::weigh`].
    bulk: u8,
    /// The kernel does not move bytes by itself for this source and sink.
    pub(super) refused: bool,
    /// The source has ended, but `spacing` still holds bytes of it.
    pub(super) end: Option<End>,
}

impl Pump {
    /// Runs `bytes` through the filters.
    pub(super) fn filter<'a>(&mut self, bytes: &'a [u8], work: &'a mut Work) -> &'a [u8] {
        if self.filters.is_empty() {
            return bytes;
        }
        work.bytes.clear();
        work.bytes.extend_from_slice(bytes);
        for filter in &mut self.filters {
            filter.apply(&mut work.bytes, &mut work.spare);
        }
        self.filters.retain(|filter| !filter.is_done());
        &work.bytes
    }

    /// What the filters still hold, now that the source has ended.
    pub(super) fn rest<'a>(&mut self, work: &'a mut Work) -> &'a [u8] {
        work.bytes.clear();
        for filter in &mut self.filters {
            if !work.bytes.is_empty() {
                filter.apply(&mut work.bytes, &mut work.spare);
            }
            filter.end(&mut work.bytes);
        }
        &work.bytes
    }

    /// The one sink, if what is read is its as it is, and so much that the kernel should move it.
    pub(super) fn shortcut(&self) -> Option<Token> {
        let as_it_is = self.filters.is_empty() && self.spacing.is_none() && self.voice.is_none() && !self.discards;
        let sink = if self.sinks.len() == 1 { self.sinks.first() } else { None };
        sink.copied().filter(|_| as_it_is && self.bulk >= BULK && !self.refused)
    }

    /// Takes note of how much came at once: whether that has made it bulk.
    pub(super) fn weigh(&mut self, n: usize) -> bool {
        let before = self.bulk;
        self.bulk = match before {
            _ if n >= LARGE => STEADY.min(before + 1),
            BULK.. => before - 1,
            _ => 0,
        };
        before < BULK && self.bulk >= BULK
    }

    /// Whether bytes wait here for their time.
    pub(super) fn holds(&self) -> bool {
        self.spacing.as_ref().is_some_and(|spacing| !spacing.is_empty())
    }

    /// When the next line may go, if one waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.spacing.as_ref().and_then(Spacing::due)
    }
}

/// Memory that filters work in, borrowed by every pump in turn.
#[derive(Default)]
pub(super) struct Work {
    bytes: Vec<u8>,
    spare: Vec<u8>,
}
