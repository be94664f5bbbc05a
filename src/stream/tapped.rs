//! The layer that records what passes, on top of TLS: what was really sent, when it was sent.

use super::{Flow, Stream, forward};
use crate::tap::Taps;
use std::{io, rc::Rc};

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
    forward!(
        register,
        timeout,
        flush,
        finish,
        hang_up,
        broken,
        undelivered,
        is_datagram,
        largest_datagram,
        dropped,
        deadline
    );

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let moved = self.inner.read(buffer);
        self.record(moved, buffer)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let moved = self.inner.write(bytes);
        self.record(moved, bytes)
    }
}
