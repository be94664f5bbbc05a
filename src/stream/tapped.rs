//! The layer that records what passes, on top of TLS: what was really sent, when it was sent.

use super::{Flow, Stream};
use crate::tap::Taps;
use mio::{Registry, Token};
use std::{io, rc::Rc, task::Poll, time::Instant};

/// A stream whose bytes are also written to the taps.
pub struct Tapped {
    inner: Box<dyn Stream>,
    taps: Rc<Taps>,
}

impl Tapped {
    /// Records what passes through `inner`.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, taps: Rc<Taps>) -> Self {
        Self { inner, taps }
    }

    fn record(&self, moved: io::Result<Flow>, bytes: &[u8]) -> io::Result<Flow> {
        if let Ok(Flow::Moved(n)) = moved {
            self.taps.record(bytes.get(..n).unwrap_or(bytes));
        }
        moved
    }
}

impl Stream for Tapped {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner.register(registry, token)
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let moved = self.inner.read(buffer);
        self.record(moved, buffer)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let moved = self.inner.write(bytes);
        self.record(moved, bytes)
    }
    fn flush(&mut self) -> io::Result<Poll<()>> {
        self.inner.flush()
    }
    fn finish(&mut self) -> io::Result<()> {
        self.inner.finish()
    }
    fn hang_up(&mut self) -> io::Result<()> {
        self.inner.hang_up()
    }
    fn broken(&mut self) -> io::Result<()> {
        self.inner.broken()
    }
    fn undelivered(&self) -> usize {
        self.inner.undelivered()
    }
    fn is_datagram(&self) -> bool {
        self.inner.is_datagram()
    }
    fn largest_datagram(&self) -> usize {
        self.inner.largest_datagram()
    }
    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }
    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }
    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.inner.timeout(now)
    }
}
