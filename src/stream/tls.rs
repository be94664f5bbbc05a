//! The TLS layer: rustls' state machine around any stream.
//!
//! Ciphertext is read in large pieces into a buffer that all connections of the thread share, and
//! plaintext is taken only when all earlier ciphertext has been passed on, so that what one
//! connection holds is bounded by one write.
//!
//! A newcomer's trap: what has been received before something went wrong is delivered first. An
//! error is therefore kept ([`Tls::failure`]) until the plaintext before it has been read.

use super::{Flow, Stream};
use crate::{report::escape, tls::explain};
use mio::{Registry, Token};
use rustls::Connection;
use std::{
    cell::Cell,
    fmt,
    io::{self, IoSlice, Read, Write},
    mem,
    task::Poll,
};

#[cfg(test)]
mod tests;

/// How much plaintext is taken at once; also the size of the buffer for ciphertext.
const CHUNK: usize = 256 * 1024;
/// A little more than the largest record (RFC 8446, 5.2).
const RECORD: usize = 17 * 1024;
/// How much of a peer's plain text is looked at to name it.
const FIRST_BYTES: usize = 128;

/// Why TLS came to nothing, in words: `why; hint`. Found inside the [`io::Error`] by
/// [`Failure::of`], so that the caller can say what was being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong; remote text in it is escaped.
    pub why: String,
    /// What the user can do about it.
    pub hint: Option<&'static str>,
}

impl Failure {
    /// The explanation that an error of [`Tls`] carries; `None` for an error of the stream below.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None }
    }

    fn error(&self, kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, self.clone())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Failure {}

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

/// What we have said about our end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    Unsaid,
    /// close_notify.
    Finished,
    /// Also to be said below, once all ciphertext is there.
    HangingUp,
    HungUp,
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
        connection.set_buffer_limit(Some(CHUNK));
        Self {
            inner,
            connection,
            unread: Vec::new(),
            is_tls: false,
            held: 0,
            failure: None,
            write_error: None,
            peer: Peer::Speaking,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// Goes on with the handshake; `Ready` when it is done and all of it has been passed on.
    ///
    /// After an error, [`Stream::hang_up`] and [`Stream::flush`] still try to deliver the alert
    /// that tells the peer why.
    pub fn handshake(&mut self) -> io::Result<Poll<()>> {
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
            self.unread = waiting;
            return Ok(Received::Plaintext(n));
        }
        if self.failure.is_some() || self.peer != Peer::Speaking {
            return Ok(Received::End);
        }

        let mut scratch = Scratch::borrow();
        // rustls may hold the beginning of a record from before; what this read completes should
        // all fit into `out`, so that nothing has to be kept.
        let want = out.len().saturating_sub(RECORD).clamp(RECORD, CHUNK);
        let Some(buffer) = scratch.0.get_mut(..want) else { return Ok(Received::Blocked) };
        let n = match self.inner.read(buffer)? {
            Flow::Blocked => return Ok(Received::Blocked),
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
            // rustls refuses to read only while a whole record of plaintext is waiting.
            if self.connection.read_tls(&mut rest).is_err() {
                break;
            }
            match self.connection.process_new_packets() {
                Ok(state) if state.peer_has_closed() => self.peer = Peer::Closed,
                Ok(_) => {}
                Err(error) => self.failure = Some(Failure::new(explain(&error))),
            }
            filled += self.plaintext(out.get_mut(filled..).unwrap_or_default());
        }
        if self.peer != Peer::Speaking || self.failure.is_some() {
            rest = &[];
        }
        (filled, ciphertext.len() - rest.len())
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
        self.failure = Some(stranger(&text, matches!(self.connection, Connection::Client(_))));
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
                Ok(n) => self.held = self.held.saturating_sub(n).max(usize::from(self.held > 0)),
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
        // The plaintext is ours now, whatever happens to it.
        if let Err(error) = self.push() {
            self.write_error = Some(error);
        }
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
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
        if self.goodbye == Goodbye::HangingUp {
            self.goodbye = Goodbye::HungUp;
            self.inner.hang_up()?;
        }
        self.inner.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.goodbye == Goodbye::Unsaid {
            self.connection.send_close_notify();
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

    fn undelivered(&self) -> usize {
        self.held + self.inner.undelivered()
    }
}

/// Names a peer that does not speak TLS.
fn stranger(text: &[u8], is_client: bool) -> Failure {
    let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or(text);
    let shown = escape(line);
    let is_text = str::from_utf8(line).is_ok_and(|line| !line.contains(|c: char| c.is_control() && c != '\t'));
    match (is_text, is_client) {
        (true, true) => Failure {
            why: format!("the server answered in plain text: \"{shown}\""),
            hint: Some("leave out --ssl, or use STARTTLS"),
        },
        (true, false) => Failure {
            why: format!("the client spoke plain text: \"{shown}\""),
            hint: Some("leave out --ssl here, or use TLS there"),
        },
        (false, true) => Failure::new(format!("the server does not speak TLS; it answered \"{shown}\"")),
        (false, false) => {
            Failure::new(format!("the client does not speak TLS, or a version before 1.0; it sent \"{shown}\""))
        }
    }
}

/// The stream below, as rustls wants to see it.
struct Below<'a>(&'a mut dyn Stream);

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

fn written(flow: Flow) -> io::Result<usize> {
    match flow {
        Flow::Moved(n) => Ok(n),
        Flow::Blocked => Err(io::ErrorKind::WouldBlock.into()),
        Flow::Ended => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// The buffer for ciphertext that the connections of a thread take in turn.
struct Scratch(Vec<u8>);

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Scratch {
    /// TLS inside TLS finds it taken, and makes another.
    fn borrow() -> Self {
        let mut buffer = SCRATCH.take();
        if buffer.is_empty() {
            buffer = vec![0; CHUNK];
        }
        Self(buffer)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SCRATCH.set(mem::take(&mut self.0));
    }
}
