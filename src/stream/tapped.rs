//! The layer that records what passes, on top of TLS: what was really sent, when it was sent.

use super::{Flow, Stream, forward};
use crate::tap::Record;
use std::{io, rc::Rc};

/// A stream whose bytes are also recorded.
pub struct Tapped {
    inner: Box<dyn Stream>,
    record: Rc<Record>,
}

impl Tapped {
    /// Records what passes through `inner`.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, record: Rc<Record>) -> Self {
        Self { inner, record }
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
        break_off,
        undelivered,
        is_coupled,
        is_datagram,
        largest_datagram,
        dropped,
        deadline
    );

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let flow = self.inner.read(buffer)?;
        if let Flow::Moved(n) = flow {
            self.record.received(buffer.get(..n).unwrap_or(buffer));
        }
        Ok(flow)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let flow = self.inner.write(bytes)?;
        if let Flow::Moved(n) = flow {
            self.record.sent(bytes.get(..n).unwrap_or(bytes));
        }
        Ok(flow)
    }
}
