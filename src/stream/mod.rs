//! What an endpoint is made of: a stream, which may be a layer around another stream.
//!
//! A layer wraps a stream and is one. What must talk back to the peer (TLS, telnet, a proxy)
//! is a layer; what only changes bytes one way is a [filter](crate::filter).
//!
//! A newcomer's trap: events are edge-triggered. After `Blocked` (and only then) an event
//! will come; whoever stops reading or writing earlier must come back by itself.

pub mod channel;
#[cfg(feature = "dtls")]
pub mod dtls;
#[cfg(feature = "dtls-openssl")]
pub mod dtls_openssl;
mod forward;
mod goodbye;
pub mod http_proxy;
pub mod paced;
pub mod played;
pub mod prefixed;
pub mod tapped;
pub mod telnet;
pub mod tls;

pub(crate) use forward::forward;

use channel::Channel;

use mio::{Registry, Token};
use std::{
    io::{self, IoSlice},
    os::fd::BorrowedFd,
    task::Poll,
    time::Instant,
};

/// What a read or a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// This many bytes were moved; 0 only for an empty datagram.
    Moved(usize),
    /// Nothing can be moved until an event says so.
    Blocked,
    /// The other side has ended in order: end of file, FIN, close_notify. Reads only.
    Ended,
}

/// A byte stream in both directions that never blocks, or one of [datagrams](Stream::is_datagram).
///
/// An error of kind [`io::ErrorKind::UnexpectedEof`] from `read` means that the peer's end was
/// not in order (a TLS stream cut off without close_notify); any other error ends that direction.
pub trait Stream {
    /// Asks for events of both directions, edge-triggered, under `token`.
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()>;

    /// Reads at most `buffer.len()` bytes.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow>;

    /// Like [`Stream::read`], for those to whom boundaries do not matter: of datagrams, it may give several that
    /// have come, one behind the other.
    fn read_joined(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        self.read(buffer)
    }

    /// Takes bytes to send. What was taken may still be held by a layer: see [`Stream::flush`].
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow>;

    /// Like [`Stream::write`], but datagrams may be held until [`Stream::flush`], to be sent at once.
    fn write_gathered(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.write(bytes)
    }

    /// Whether it holds any.
    fn gathers(&self) -> bool {
        false
    }

    /// Like [`Stream::write`], from several slices at once; layers that gain nothing keep this default.
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Flow> {
        match slices.iter().find(|slice| !slice.is_empty()) {
            Some(slice) => self.write(slice),
            None => Ok(Flow::Blocked),
        }
    }

    /// Passes on what a layer holds; `Ready` when it holds nothing any more.
    fn flush(&mut self) -> io::Result<Poll<()>> {
        Ok(Poll::Ready(()))
    }

    /// Half-closes: no more will be written (FIN, close_notify, closing a pipe). Needs a
    /// [`Stream::flush`] until ready; reading goes on.
    fn finish(&mut self) -> io::Result<()>;

    /// Says goodbye on every layer, where [`Stream::finish`] speaks on the outermost alone
    /// (TLS: close_notify, then FIN). Also needs [`Stream::flush`] until ready.
    fn hang_up(&mut self) -> io::Result<()> {
        self.finish()
    }

    /// Called when an event tells of trouble: an error if what is written can reach nobody any
    /// more. [`io::ErrorKind::BrokenPipe`] if the reader has left in order, as with write(2).
    fn broken(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Bytes taken by `write` that are not known to have reached the peer's machine: those that
    /// layers hold and those in the kernel's send queue, as far as it tells; 0 where it does not.
    fn undelivered(&self) -> usize {
        0
    }

    /// Whether boundaries count: each read gives exactly one datagram (`Moved(0)` is an empty one),
    /// and each write takes a whole one or none.
    fn is_datagram(&self) -> bool {
        false
    }

    /// Whether nobody can tell in how many pieces it was written: a file, a pipe, a connection.
    fn hides_boundaries(&self) -> bool {
        false
    }

    /// The largest datagram that it can carry, in bytes; what would be larger is cut.
    fn largest_datagram(&self) -> usize {
        usize::MAX
    }

    /// Datagrams that were dropped because nobody took them in time.
    fn dropped(&self) -> u64 {
        0
    }

    /// Whether what is read can make writing possible, or what is written reading, with no event to
    /// tell of it: a layer that waits for a reply, or something in this process that answers.
    /// After progress of one direction the other is tried again then.
    fn is_coupled(&self) -> bool {
        false
    }

    /// When [`Stream::timeout`] has to be called at the latest, if nothing comes before (DTLS retransmits).
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed: does what was put off until then.
    fn timeout(&mut self, _now: Instant) -> io::Result<()> {
        Ok(())
    }

    /// Whether a read that gives less than there was room for has given all, when an event has told of bytes alone.
    /// What comes later, of whatever kind, is an event of its own then.
    fn short_read_is_all(&self) -> bool {
        false
    }

    /// Where the kernel can read by itself what would be read here.
    fn source(&self) -> Option<Channel<'_>> {
        None
    }

    /// Where the kernel can write by itself what would be written here.
    fn sink(&self) -> Option<Channel<'_>> {
        None
    }

    /// The kernel's socket, if what passes through it is exactly what passes through this stream.
    fn bare(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// It is about to be dropped, and what was written is not all there was: to the peer that must not look like an
    /// end in order, and nothing should be kept for it. The default is for those whose goodbye would tell, and is unsaid.
    fn break_off(&mut self) {}
}

/// A layer that has to agree with its peer before anything else.
pub trait Handshaking: Stream {
    /// Goes on with the handshake; `Ready` when it is done and all of it has been passed on.
    /// Call it for every event, and at the [deadline](Stream::deadline).
    ///
    /// After an error, [`Stream::hang_up`] and [`Stream::flush`] still try to deliver the alert
    /// that tells the peer why.
    ///
    /// # Errors
    /// When the peer refuses, is refused, or does not answer; or that
    /// of the stream below.
    fn handshake(&mut self) -> io::Result<Poll<()>>;

    /// What `-v` says when it is done. Remote text is escaped.
    fn facts(&self) -> Vec<String>;
}

/// Puts as much of what is `ready` as there is room for into a reader's `buffer`; how many bytes that is.
pub(crate) fn hand_over(ready: &[u8], buffer: &mut [u8]) -> usize {
    let count = ready.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

/// Turns what a non-blocking call returned into a [`Flow`]; `EINTR` is the caller's to retry.
pub fn flow(result: io::Result<usize>) -> io::Result<Flow> {
    match result {
        Ok(0) => Ok(Flow::Ended),
        Ok(n) => Ok(Flow::Moved(n)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Flow::Blocked),
        Err(error) => Err(error),
    }
}
