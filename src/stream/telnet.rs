//! The telnet layer, `-t`: negotiation is refused and kept out of the data, around any byte stream.
//!
//! Answers wait here until the stream below takes them, before any data; there are never
//! more than [`telnet::MOST_ANSWERS`] bytes of them, so reading need not wait for a peer that takes none.
//!
//! Over datagrams each one is doubled as a whole, and answers are datagrams of their own.
//!
//! A newcomer's trap: a read that brings negotiation alone goes on reading, for no event comes
//! before the stream below has said *blocked*.

use super::{Flow, Stream, forward, goodbye::Goodbye};
use crate::proto::telnet::{self, plain_len, undoubled_len};
use std::{io, task::Poll};

/// Data that is doubled at once, in bytes; what is held is at most twice as much.
const PIECE: usize = 8 * 1024;
/// A peer that sends so much negotiation at a stretch, without a byte of data, does nothing else;
/// others would wait for it in vain.
const NEGOTIATION: usize = 1024 * 1024;

/// Telnet over a stream of bytes.
pub struct Telnet {
    inner: Box<dyn Stream>,
    protocol: telnet::Telnet,
    answers: Vec<u8>,
    /// Doubled data that the stream below has not taken.
    held: Vec<u8>,
    /// All data that was ever taken.
    taken: u64,
    /// What the stream below said to an answer or to data that had been taken already.
    write_error: Option<io::Error>,
    goodbye: Goodbye,
}

impl Telnet {
    /// Speaks telnet through `inner`.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>) -> Self {
        Self {
            inner,
            protocol: telnet::Telnet::new(),
            answers: Vec::new(),
            held: Vec::new(),
            taken: 0,
            write_error: None,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// Takes what has arrived and tries to send the answers to it; returns the length of the data.
    fn receive(&mut self, arrived: &mut [u8]) -> usize {
        if self.goodbye != Goodbye::Unsaid {
            // Who has said goodbye cannot answer any more.
            return self.protocol.receive(arrived, &mut Vec::new());
        }
        let data = self.protocol.receive(arrived, &mut self.answers);
        if !self.answers.is_empty() {
            // An error is no matter for the reader; it shows at the next write or flush.
            let pushed = self.push();
            self.keep_error(pushed);
        }
        data
    }

    /// Passes on what is held until the stream below takes no more. Data that was begun goes
    /// first, so that no answer comes between the two bytes of a pair.
    fn push(&mut self) -> io::Result<Poll<()>> {
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        for waiting in [&mut self.held, &mut self.answers] {
            while !waiting.is_empty() {
                match self.inner.write(waiting)? {
                    Flow::Moved(n) => drop(waiting.drain(..n.min(waiting.len()))),
                    Flow::Blocked => return Ok(Poll::Pending),
                    Flow::Ended => return Err(io::ErrorKind::WriteZero.into()),
                }
            }
        }
        Ok(Poll::Ready(()))
    }

    fn keep_error(&mut self, pushed: io::Result<Poll<()>>) {
        if let Err(error) = pushed {
            self.answers.clear();
            self.write_error = Some(error);
        }
    }
}

impl Stream for Telnet {
    forward!(register, timeout, broken, break_off, is_coupled, is_datagram, dropped, deadline);

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut negotiation = 0;
        while negotiation <= NEGOTIATION {
            let n = match self.inner.read(buffer)? {
                Flow::Moved(n) => n,
                other => return Ok(other),
            };
            match self.receive(buffer.get_mut(..n).unwrap_or_default()) {
                0 if n > 0 => negotiation += n,
                data => return Ok(Flow::Moved(data)),
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the peer sends telnet negotiation without end"))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.push()?.is_pending() {
            return Ok(Flow::Blocked);
        }
        if self.inner.is_datagram() {
            let mut doubled = Vec::with_capacity(bytes.len());
            telnet::double(bytes, &mut doubled);
            return Ok(match self.inner.write(&doubled)? {
                Flow::Moved(_) => Flow::Moved(bytes.len()),
                other => other,
            });
        }
        if bytes.is_empty() {
            return Ok(Flow::Blocked);
        }
        let plain = plain_len(bytes);
        if plain == bytes.len() || plain > PIECE {
            let moved = self.inner.write(bytes.get(..plain).unwrap_or(bytes))?;
            if let Flow::Moved(n) = moved {
                self.taken += n as u64;
            }
            return Ok(moved);
        }
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        telnet::double(piece, &mut self.held);
        self.taken += piece.len() as u64;
        // The data is ours now, whatever happens to it.
        let pushed = self.push();
        self.keep_error(pushed);
        Ok(Flow::Moved(piece.len()))
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        if self.push()?.is_pending() {
            return Ok(Poll::Pending);
        }
        self.goodbye.pass_on(&mut *self.inner)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.goodbye.finish();
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        self.goodbye.hang_up();
        Ok(())
    }

    fn undelivered(&self) -> usize {
        // Of what the stream below counts, some may be answers, which nobody would miss.
        let waiting = undoubled_len(&self.held) + self.inner.undelivered();
        usize::try_from(self.taken).map_or(waiting, |taken| taken.min(waiting))
    }

    fn largest_datagram(&self) -> usize {
        // All of it may have to be doubled.
        self.inner.largest_datagram() / 2
    }
}

#[cfg(test)]
mod tests;
