//! The TLS layer: rustls' state machine around any stream.
//!
//! Ciphertext is read in large pieces into a buffer that all connections of the thread share, and
//! plaintext is taken only when all earlier ciphertext has been passed on, so that what one
//! connection holds is bounded by one write.
//!
//! A newcomer's trap: what has been received before something went wrong is delivered first. An
//! error is therefore kept until the plaintext before it has been read.

use self::below::{Below, Nothing};
use super::{Flow, Handshaking, Stream, goodbye::Goodbye};
use crate::tls::{explain_in_session, facts};
use mio::{Registry, Token};
use rustls::Connection;
use std::{
    io::{self, IoSlice, Read, Write},
    mem,
    task::Poll,
};

mod below;
mod failure;
#[cfg(test)]
pub(crate) mod pipe;
#[cfg(test)]
mod tests;

pub(super) use below::Scratch;
pub use failure::Failure;

/// How much plaintext is taken at once. rustls allocates each record; with more at a time, glibc
/// gives the memory back after every write and asks for it before the next, at half the speed.
const WRITE: usize = 128 * 1024;
/// The size of the buffer for ciphertext.
const READ: usize = 256 * 1024;
/// A little more than the largest record (RFC 8446, 5.2).
const RECORD: usize = 17 * 1024;
/// How much of a peer's plain text is looked at to name it.
const FIRST_BYTES: usize = 128;

/// TLS over a stream. Take it through [`Tls::handshake`] before anything else.
pub struct Tls {
    inner: Box<dyn Stream>,
    connection: Connection,
    /// Ciphertext for which rustls had no room, because its plaintext has not been read.
    unread: Vec<u8>,
    /// Whether the first byte received was one of TLS.
    is_tls: bool,
    /// Plaintext whose ciphertext has not been passed on.
    held: usize,
    /// All plaintext that was ever taken.
    taken: u64,
    /// Bytes of ciphertext, passed on, that hold our close_notify.
    notify: usize,
    failure: Option<Failure>,
    /// What the inner stream said to a write whose plaintext had been taken already.
    write_error: Option<io::Error>,
    peer: Peer,
    goodbye: Goodbye,
}

/// Whether more is to come from the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Speaking,
    /// close_notify.
    Closed,
    /// The stream below ended without it.
    Gone,
}

/// What came of one attempt to receive.
enum Received {
    /// So many bytes of plaintext, perhaps none; there may be more.
    Plaintext(usize),
    Blocked,
    /// Nothing more will come; see `failure` and `peer`.
    End,
}

impl Tls {
    /// `connection` is one that has not begun its handshake.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, connection: impl Into<Connection>) -> Self {
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(WRITE));
        Self {
            inner,
            connection,
            unread: Vec::new(),
            is_tls: false,
            held: 0,
            taken: 0,
            notify: 0,
            failure: None,
            write_error: None,
            peer: Peer::Speaking,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// For [`crate::tls::facts`].
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    fn end_of_handshake(&self) -> io::Error {
        match &self.failure {
            Some(failure) => failure.error(io::ErrorKind::InvalidData),
            None => Failure::new("the peer closed the connection during the TLS handshake")
                .error(io::ErrorKind::UnexpectedEof),
        }
    }

    /// One read from the stream below, decrypted into `out` as far as it has room.
    fn receive(&mut self, out: &mut [u8]) -> io::Result<Received> {
        let left = self.plaintext(out);
        if left > 0 {
            return Ok(Received::Plaintext(left));
        }
        if !self.unread.is_empty() {
            let mut waiting = mem::take(&mut self.unread);
            let (n, used) = self.decrypt(&waiting, out);
            waiting.drain(..used);
            if !waiting.is_empty() {
                self.unread = waiting;
            }
            return Ok(Received::Plaintext(n));
        }
        if self.failure.is_some() || self.peer != Peer::Speaking {
            return Ok(Received::End);
        }

        let mut scratch = Scratch::borrow();
        // rustls may hold the beginning of a record from before; what this read completes should
        // all fit into `out`, so that nothing has to be kept.
        let want = out.len().saturating_sub(RECORD).clamp(RECORD, READ);
        let Some(buffer) = scratch.0.get_mut(..want) else { return Ok(Received::Blocked) };
        let n = match self.inner.read(buffer)? {
            Flow::Blocked => {
                // Before its next read rustls gives back what a large record has needed; an idle
                // connection should not wait for that.
                let _ = self.connection.read_tls(&mut Nothing);
                return Ok(Received::Blocked);
            }
            Flow::Ended => {
                self.peer = Peer::Gone;
                return Ok(Received::End);
            }
            Flow::Moved(n) => n,
        };
        let (ciphertext, room) = buffer.split_at_mut_checked(n).unwrap_or_default();
        if self.connection.is_handshaking() && self.is_stranger(ciphertext, room) {
            return Ok(Received::End);
        }
        let (n, used) = self.decrypt(ciphertext, out);
        if let Some(rest) = ciphertext.get(used..) {
            self.unread.extend_from_slice(rest);
        }
        // A KeyUpdate to answer, an alert to send; its fate shows at the next write or flush.
        if let Err(error) = self.push() {
            self.write_error = Some(error);
        }
        Ok(Received::Plaintext(n))
    }

    /// Feeds ciphertext to rustls: how much plaintext came out, and how much went in.
    fn decrypt(&mut self, ciphertext: &[u8], out: &mut [u8]) -> (usize, usize) {
        let mut rest = ciphertext;
        let mut filled = 0;
        while !rest.is_empty() && self.peer == Peer::Speaking && self.failure.is_none() {
            match self.connection.read_tls(&mut rest) {
                Ok(1..) => {}
                // A whole record of plaintext is waiting to be read.
                Err(error) if error.kind() == io::ErrorKind::Other => break,
                // Anything else would be tried for ever.
                _ => {
                    self.failure = Some(Failure::new("the peer sent a message that is too long"));
                    break;
                }
            }
            match self.connection.process_new_packets() {
                Ok(state) if state.peer_has_closed() => self.peer = Peer::Closed,
                Ok(_) => {}
                Err(error) => self.failure = Some(self.what_failed(&error)),
            }
            filled += self.plaintext(out.get_mut(filled..).unwrap_or_default());
        }
        if self.peer != Peer::Speaking || self.failure.is_some() {
            rest = &[];
        }
        (filled, ciphertext.len() - rest.len())
    }

    fn what_failed(&self, error: &rustls::Error) -> Failure {
        let connection = &self.connection;
        // What fails a handshake ends it, as far as rustls is concerned; its kind is known from when it was done.
        match connection.handshake_kind() {
            Some(_) if !connection.is_handshaking() => {
                Failure::new(explain_in_session(error, connection.protocol_version()))
            }
            _ => Failure::of_tls(error, matches!(connection, Connection::Client(_))),
        }
    }

    /// Plaintext that rustls has ready.
    fn plaintext(&mut self, out: &mut [u8]) -> usize {
        // Its errors say that there is none: by now, or ever. `peer` and `failure` know which.
        self.connection.reader().read(out).unwrap_or(0)
    }

    /// Whether the first bytes of the handshake are none of TLS; then it has failed.
    fn is_stranger(&mut self, ciphertext: &[u8], room: &mut [u8]) -> bool {
        // The record types of RFC 8446, 5.1: change_cipher_spec to application_data.
        if self.is_tls || matches!(ciphertext, [0x14..=0x17, ..]) {
            self.is_tls = true;
            return false;
        }
        let mut text = ciphertext.to_vec();
        while text.len() < FIRST_BYTES && !text.trim_ascii_start().contains(&b'\n') {
            match self.inner.read(room) {
                Ok(Flow::Moved(n)) => text.extend_from_slice(room.get(..n).unwrap_or_default()),
                _ => break,
            }
        }
        self.failure = Some(Failure::stranger(&text, matches!(self.connection, Connection::Client(_))));
        true
    }

    /// Passes on ciphertext until the stream below takes no more.
    fn push(&mut self) -> io::Result<Poll<()>> {
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Below(&mut *self.inner)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                // Records are a little longer than what is in them; at least a byte is held
                // until the last of them is gone.
                Ok(n) => {
                    if self.held == 0 && self.goodbye != Goodbye::Unsaid {
                        self.notify += n;
                    }
                    self.held = self.held.saturating_sub(n).max(usize::from(self.held > 0));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Poll::Pending),
                Err(error) => return Err(error),
            }
        }
        self.held = 0;
        Ok(Poll::Ready(()))
    }

    /// Encrypts by `take` if there is nothing left of the write before.
    fn accept(&mut self, take: impl FnOnce(&mut Connection) -> io::Result<usize>) -> io::Result<Flow> {
        if self.goodbye != Goodbye::Unsaid {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.push()?.is_pending() || self.connection.is_handshaking() {
            return Ok(Flow::Blocked);
        }
        let n = take(&mut self.connection).map_err(|error| match &self.failure {
            Some(failure) => failure.error(io::ErrorKind::InvalidData),
            None => error,
        })?;
        self.held += n;
        self.taken += n as u64;
        // The plaintext is ours now, whatever happens to it.
        if let Err(error) = self.push() {
            self.write_error = Some(error);
        }
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
    }
}

impl Handshaking for Tls {
    fn handshake(&mut self) -> io::Result<Poll<()>> {
        loop {
            let sent = self.flush();
            if !self.connection.is_handshaking() {
                return sent;
            }
            // Even when nothing can be sent: the peer may have said why before it went.
            match self.receive(&mut [])? {
                Received::Plaintext(_) => {}
                Received::Blocked => return sent.map(|_| Poll::Pending),
                Received::End => return Err(self.end_of_handshake()),
            }
        }
    }

    fn facts(&self) -> Vec<String> {
        facts(&self.connection)
    }
}

impl Stream for Tls {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner.register(registry, token)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if buffer.is_empty() {
            return Ok(Flow::Blocked);
        }
        loop {
            match self.receive(buffer)? {
                Received::Plaintext(0) => {}
                Received::Plaintext(n) => return Ok(Flow::Moved(n)),
                Received::Blocked => return Ok(Flow::Blocked),
                Received::End => break,
            }
        }
        match (&self.failure, self.peer) {
            (Some(failure), _) => Err(failure.error(io::ErrorKind::InvalidData)),
            (None, Peer::Closed) => Ok(Flow::Ended),
            (None, _) => Err(Failure::new("the peer left without close_notify; the end of the data may be missing")
                .error(io::ErrorKind::UnexpectedEof)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.accept(|connection| connection.writer().write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Flow> {
        self.accept(|connection| connection.writer().write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        if self.push()?.is_pending() {
            return Ok(Poll::Pending);
        }
        self.goodbye.pass_on(&mut *self.inner)
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.goodbye == Goodbye::Unsaid {
            // After a failure rustls has sent its alert; and who does not speak TLS gets none.
            if self.failure.is_none() {
                self.connection.send_close_notify();
            }
            self.goodbye = Goodbye::Finished;
        }
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        self.finish()?;
        if self.goodbye == Goodbye::Finished {
            self.goodbye = Goodbye::HangingUp;
        }
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        self.inner.broken()
    }

    fn undelivered(&self) -> usize {
        // What the stream below counts is ciphertext, its last bytes perhaps our close_notify; and
        // handshake messages are nothing that anybody would miss.
        let below = self.inner.undelivered().saturating_sub(self.notify);
        usize::try_from(self.taken).map_or(self.held + below, |taken| taken.min(self.held + below))
    }
}
