//! What lies between rustls and the stream below: how it writes, and what it reads into.
//!
//! A newcomer's trap: a stream's `Blocked` is an error to rustls, `WouldBlock`.

use super::READ;
use crate::stream::{Flow, Stream};
use std::{
    cell::Cell,
    io::{self, IoSlice, Read, Write},
    mem,
};

/// The stream below, as rustls wants to see it.
pub(super) struct Below<'a>(pub(super) &'a mut dyn Stream);

impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).and_then(written)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices).and_then(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream with nothing to read for the time being.
pub(super) struct Nothing;

impl Read for Nothing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn written(flow: Flow) -> io::Result<usize> {
    match flow {
        Flow::Moved(n) => Ok(n),
        Flow::Blocked => Err(io::ErrorKind::WouldBlock.into()),
        Flow::Ended => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// The buffer for ciphertext that the connections of a thread take in turn.
pub(in crate::stream) struct Scratch(pub(in crate::stream) Vec<u8>);

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Scratch {
    /// TLS inside TLS finds it taken, and makes another.
    pub(in crate::stream) fn borrow() -> Self {
        let mut buffer = SCRATCH.take();
        if buffer.is_empty() {
            buffer = vec![0; READ];
        }
        Self(buffer)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SCRATCH.set(mem::take(&mut self.0));
    }
}
