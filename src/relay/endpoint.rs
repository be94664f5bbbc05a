//! One party of the relay: a stream, the outbox in front of it, and how far each direction is.

use super::{
    closing::Closing,
    outbox::{Outbox, Shared, Spare},
    pump::Pump,
    stall::Stall,
};
use crate::{
    reactor::Alarm,
    stream::{Flow, Stream},
};
use mio::Token;
use rustix::event::PollFlags;
use std::{collections::BTreeSet, io, ops::Range, task::Poll, time::Instant};

pub(super) struct Endpoint {
    pub(super) stream: Box<dyn Stream>,
    pub(super) outbox: Outbox,
    pub(super) pump: Pump,
    pub(super) traffic: Traffic,
    /// The source has more, as far as we know.
    pub(super) may_read: bool,
    /// All that can be read is bytes: a read that gives few of them has given all.
    pub(super) bytes_alone: bool,
    /// The read side has ended, in whatever way.
    pub(super) ended: bool,
    /// The read side failed: the connection is dead.
    pub(super) failed: bool,
    pub(super) writing: Writing,
    /// How to say goodbye once the outbox is empty.
    pub(super) goodbye: Option<Goodbye>,
    /// It is cut short when a source of it fails.
    pub(super) mirrors: bool,
    /// What it has been given is not all there was: it is told no end.
    pub(super) cut_short: bool,
    /// Rule 3 does not apply: only an explicit `finish` half-closes.
    pub(super) held_open: bool,
    /// The sources whose pumps feed this sink.
    pub(super) fed_by: BTreeSet<Token>,
    /// Sources that wait until the outbox is empty.
    pub(super) waiting: Vec<Token>,
    /// This source is in some sink's `waiting`.
    pub(super) waits: bool,
    pub(super) queued: bool,
    /// The kernel has no room for what it would move here by itself.
    pub(super) jammed: bool,
    /// An event told of trouble, which has not been looked into.
    pub(super) trouble: bool,
    pub(super) closing: Option<Closing>,
    pub(super) stall: Stall,
    /// For its stream's deadline, and for the end of all patience with it.
    pub(super) alarm: Alarm,
}

/// How far the write side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    Open,
    /// The goodbye was given to the stream, which has not sent it all.
    Leaving(Goodbye),
    Finished(Goodbye),
    /// Writing failed.
    Gone,
}

/// How a write side ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Goodbye {
    HalfClose,
    HangUp,
}

/// What has passed through an endpoint, and when last.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Bytes read from it.
    pub received: u64,
    /// Bytes its stream has taken.
    pub sent: u64,
    /// When bytes last came.
    pub last_received: Option<Instant>,
    /// When its stream last took bytes.
    pub last_sent: Option<Instant>,
    /// When it last waited, as a source, for room in a sink.
    pub last_held_up: Option<Instant>,
    /// Datagrams from it that nobody took in time; counted when it is closed.
    pub dropped: u64,
}

/// What came of [`Endpoint::drain`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// Something still waits for the stream.
    Waiting,
    /// The outbox is empty.
    Empty,
    /// The outbox is empty and the half-close has just been said.
    HalfClosed,
}

impl Endpoint {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            outbox: Outbox::default(),
            pump: Pump::default(),
            traffic: Traffic::default(),
            may_read: true,
            bytes_alone: false,
            ended: false,
            failed: false,
            writing: Writing::Open,
            goodbye: None,
            mirrors: false,
            cut_short: false,
            held_open: false,
            fed_by: BTreeSet::new(),
            waiting: Vec::new(),
            waits: false,
            queued: false,
            jammed: false,
            trouble: false,
            closing: None,
            stall: Stall::default(),
            alarm: Alarm::default(),
        }
    }

    /// When it wants a turn, whatever happens: its stream has put something off, or it will have stalled.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        [self.stream.deadline(), self.stall.look_at(now)].into_iter().flatten().min()
    }

    /// Whether bytes may still be given to it.
    pub(super) fn takes(&self) -> bool {
        self.writing == Writing::Open && self.goodbye.is_none()
    }

    /// Gives a part of what was read to the stream as far as it takes them, and the rest to the outbox. Where boundaries
    /// count, they go as datagrams of at most `cut` bytes.
    /// On an error, the number of bytes that were not taken comes with it.
    pub(super) fn deliver(
        &mut self,
        shared: &mut Shared<'_>,
        part: Range<usize>,
        cut: usize,
        spare: &mut Spare,
        now: Instant,
    ) -> Result<(), (io::Error, usize)> {
        let datagram = self.stream.is_datagram();
        let cut = cut.min(self.stream.largest_datagram());
        let Range { start: mut at, end: all } = part;
        // An empty datagram is one; an empty piece of a stream is nothing.
        let mut more = datagram || at < all;
        while more {
            let end = if datagram { all.min(at.saturating_add(cut)) } else { all };
            let piece = shared.bytes().get(at..end).unwrap_or_default();
            let written = if self.outbox.is_empty() { self.stream.write_gathered(piece) } else { Ok(Flow::Blocked) };
            match written {
                Ok(Flow::Moved(n)) => {
                    self.sent(n, now);
                    at += n;
                }
                Ok(Flow::Blocked) => {
                    self.outbox.push(shared, at..end, spare);
                    at = end;
                }
                Ok(Flow::Ended) => return Err((io::ErrorKind::WriteZero.into(), all - at)),
                Err(error) => return Err((error, all - at)),
            }
            more = at < all;
        }
        if !self.outbox.is_empty() {
            self.is_full(now);
        }
        Ok(())
    }

    /// Writes what waits; once nothing does, says the goodbye that is due.
    pub(super) fn drain(&mut self, spare: &mut Spare, now: Instant) -> io::Result<Drained> {
        // A goodbye needs no room.
        self.jammed = self.jammed && self.goodbye.is_none() && self.has_no_room();
        if self.jammed {
            return Ok(Drained::Waiting);
        }
        let datagram = self.stream.is_datagram();
        while let Some(waiting) = self.outbox.waiting() {
            match self.stream.write_gathered(waiting)? {
                Flow::Moved(n) => {
                    self.outbox.delivered(n, datagram, spare);
                    self.sent(n, now);
                }
                Flow::Blocked => return Ok(Drained::Waiting),
                Flow::Ended => return Err(io::ErrorKind::WriteZero.into()),
            }
        }
        self.stall.has_room(now);
        if self.stream.flush()?.is_pending() {
            return Ok(Drained::Waiting);
        }
        loop {
            match (self.writing, self.goodbye) {
                (Writing::Open, Some(goodbye)) => self.say(goodbye)?,
                (Writing::Finished(said), Some(goodbye)) if said < goodbye => self.say(goodbye)?,
                (Writing::Leaving(said), _) => {
                    if self.stream.flush()? == Poll::Pending {
                        return Ok(Drained::Waiting);
                    }
                    self.writing = Writing::Finished(said);
                    if said == Goodbye::HalfClose && self.goodbye == Some(said) {
                        return Ok(Drained::HalfClosed);
                    }
                }
                _ => return Ok(Drained::Empty),
            }
        }
    }

    fn say(&mut self, goodbye: Goodbye) -> io::Result<()> {
        self.writing = Writing::Leaving(goodbye);
        if self.cut_short {
            return Ok(());
        }
        match goodbye {
            Goodbye::HalfClose => self.stream.finish(),
            Goodbye::HangUp => self.stream.hang_up(),
        }
    }

    fn has_no_room(&self) -> bool {
        self.stream.sink().is_some_and(|sink| !sink.is_ready(PollFlags::OUT))
    }

    /// Whether nothing waits for its stream to take it.
    pub(super) fn is_drained(&self) -> bool {
        self.outbox.is_empty() && !self.jammed
    }

    pub(super) fn sent(&mut self, n: usize, now: Instant) {
        self.traffic.sent += n as u64;
        self.traffic.last_sent = Some(now);
    }

    /// Bytes given to this endpoint that its peer's machine is not known to have.
    pub(super) fn undelivered(&self) -> usize {
        self.outbox.len() + self.stream.undelivered()
    }
}
