//! The other end of a connection, played by the test itself: it can do what no well-behaved
//! program does. It reads only when it is told to, so one that is told nothing has stopped.

mod handshake;
mod http;
mod keys;
mod starttls;

pub(crate) use {handshake::Halted, http::Message};

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustls::Connection;
use socket2::{Domain, SockRef, Socket, Type};

use super::Wire;
use super::judge::deadline;
use super::netcat::Target;
use super::outside::{dial, ready};
use super::seen::fail;
use super::tls::{Arrival, Tls, receive, transmit};

/// How the program ended its half of a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// FIN; over TLS, close_notify.
    Closed,
    /// FIN without close_notify.
    Truncated,
    /// A reset or another error, in its own words.
    Failed(String),
}

/// One end of a connection.
pub(crate) struct Peer {
    socket: Socket,
    tls: Option<Connection>,
    unread: Vec<u8>,
    end: Option<End>,
}

impl Peer {
    pub(super) fn new(socket: Socket, tls: Option<&Tls>) -> Self {
        socket.set_nonblocking(true).unwrap();
        let _none_over_unix = socket.set_tcp_nodelay(true);
        Self { socket, tls: tls.map(Tls::begin), unread: Vec::new(), end: None }
    }

    /// Connects to the program under test.
    #[track_caller]
    pub(crate) fn dials(server: &impl Target, wire: Wire) -> Self {
        match wire {
            Wire::Plain => Self::new(dial(server), None),
            Wire::Tls => Self::dials_tls(server, &Tls::client()),
        }
    }

    /// Holds so much that is not read, more or less.
    pub(crate) fn with_a_buffer(self, bytes: usize) -> Self {
        self.socket.set_recv_buffer_size(bytes).unwrap();
        self
    }

    /// Connects from one of this machine's addresses, without a handshake; not at all if it has no such.
    #[track_caller]
    pub(crate) fn dials_from(own: &str, server: &impl Target) -> Option<Self> {
        let own: SocketAddr = format!("{own}:0").parse().unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&own.into()).ok()?;
        socket
            .connect(&server.addr().into())
            .unwrap_or_else(|error| fail(&format!("the peer could not connect: {error}")));
        Some(Self::new(socket, None))
    }

    /// Connects to a path, over TLS if told how.
    #[track_caller]
    pub(crate) fn dials_path(path: &Path, tls: Option<&Tls>) -> Self {
        let dialled = UnixStream::connect(path);
        let socket = dialled.unwrap_or_else(|error| fail(&format!("the peer could not connect: {error}")));
        let mut peer = Self::new(socket.into(), tls);
        peer.shakes_hands();
        peer
    }

    /// Connects with this kind of TLS.
    #[track_caller]
    pub(crate) fn dials_tls(server: &impl Target, tls: &Tls) -> Self {
        let mut peer = Self::new(dial(server), Some(tls));
        peer.shakes_hands();
        peer
    }

    /// Connects, and leaves this kind of TLS to what follows.
    #[track_caller]
    pub(crate) fn dials_without_handshake(server: &impl Target, tls: &Tls) -> Self {
        Self::new(dial(server), Some(tls))
    }

    /// Begins to speak TLS on a connection that did not.
    #[track_caller]
    pub(super) fn shakes_hands(&mut self) {
        self.until("the TLS handshake", |peer| {
            let sent = |tls: &Connection| !tls.wants_write() || peer.end.is_some();
            peer.tls.as_ref().is_none_or(|tls| !tls.is_handshaking() && sent(tls))
        });
        if let Some(End::Failed(error)) = &self.end {
            fail(&format!("the peer's TLS handshake: {error}"));
        }
    }

    /// Waits for a handshake that fails, and tells why.
    #[track_caller]
    pub(crate) fn fails_to_shake_hands(&mut self) -> End {
        self.until("the end of the TLS handshake", |peer| {
            peer.end.is_some() || peer.tls.as_ref().is_some_and(|tls| !tls.is_handshaking())
        });
        self.end.clone().unwrap_or_else(|| fail("the TLS handshake succeeded"))
    }

    /// The TLS session, to look at what was agreed upon.
    pub(crate) fn tls(&self) -> &Connection {
        self.tls.as_ref().unwrap()
    }

    /// Where it comes from, or is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.peer_addr().unwrap().as_socket().unwrap()
    }

    /// This end's own address, which the program calls it by.
    pub(crate) fn own_address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap().as_socket().unwrap()
    }

    /// Sends these bytes, reading nothing.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        let until = deadline();
        while !rest.is_empty() || self.holds_something() {
            if !self.turn(&mut rest, false, until) {
                fail(&format!("{} bytes could not be sent: {:?}", rest.len(), self.end));
            }
        }
    }

    /// Sends until the program takes nothing more; tells how much it took.
    pub(crate) fn sends_until_blocked(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() && self.turn(&mut rest, false, Instant::now() + super::ms(500)) {}
        bytes.len() - rest.len()
    }

    /// Sends all of it, then ends its half, and all the while receives: to the end.
    #[track_caller]
    pub(crate) fn exchanges(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut rest = bytes;
        let until = deadline();
        while !rest.is_empty() || self.holds_something() {
            if !self.turn(&mut rest, true, until) {
                fail(&format!("{} bytes were not taken: {:?}", rest.len(), self.end));
            }
        }
        self.half_closes();
        self.hears_to_end()
    }

    /// Sends all of it, and all the while receives, until so many bytes have come.
    #[track_caller]
    pub(crate) fn exchanges_until(&mut self, bytes: &[u8], count: usize) -> Vec<u8> {
        let mut rest = bytes;
        let until = deadline();
        while !rest.is_empty() || self.holds_something() || self.unread.len() < count {
            if !self.turn(&mut rest, true, until) {
                let heard = self.unread.len();
                fail(&format!("{} bytes were not taken, {heard} have come: {:?}", rest.len(), self.end));
            }
        }
        self.unread.drain(..count).collect()
    }

    /// The next bytes from the program are these.
    #[track_caller]
    pub(crate) fn hears(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.until(&format!("\"{}\"", bytes.escape_ascii()), |peer| {
            peer.unread.len() >= bytes.len() || peer.end.is_some()
        });
        let there = self.unread.len().min(bytes.len());
        let heard: Vec<u8> = self.unread.drain(..there).collect();
        if heard != bytes {
            fail(&format!(
                "the peer expected \"{}\" and heard \"{}\" (end: {:?})",
                bytes.escape_ascii(),
                heard.escape_ascii(),
                self.end
            ));
        }
    }

    /// The next line, without its end.
    #[track_caller]
    pub(crate) fn hears_line(&mut self) -> String {
        let end = |peer: &Self| peer.unread.iter().position(|byte| *byte == b'\n');
        self.until("a line", |peer| end(peer).is_some());
        let line: Vec<u8> = self.unread.drain(..=end(self).unwrap_or_default()).collect();
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// All that comes before whatever end.
    #[track_caller]
    pub(crate) fn hears_what_is_left(&mut self) -> Vec<u8> {
        self.waits_for_end();
        std::mem::take(&mut self.unread)
    }

    /// So many bytes come, whatever they are. They are forgotten.
    #[track_caller]
    pub(crate) fn hears_bytes(&mut self, mut count: usize) {
        let until = deadline();
        loop {
            let heard = self.unread.len().min(count);
            self.unread.drain(..heard);
            count -= heard;
            if count == 0 {
                return;
            }
            if self.end.is_some() || !self.turn(&mut &[][..], true, until) {
                fail(&format!("the peer waited for {count} more bytes, {:?}", self.end));
            }
        }
    }

    /// All that comes before an orderly end.
    #[track_caller]
    pub(crate) fn hears_to_end(&mut self) -> Vec<u8> {
        let end = self.waits_for_end();
        if end != End::Closed {
            fail(&format!("the peer expected an orderly end: {end:?}"));
        }
        std::mem::take(&mut self.unread)
    }

    /// An orderly end comes next, and nothing before it.
    #[track_caller]
    pub(crate) fn hears_end(&mut self) {
        let rest = self.hears_to_end();
        if !rest.is_empty() {
            fail(&format!("the peer expected the end and heard \"{}\"", rest.escape_ascii()));
        }
    }

    /// Whatever end comes.
    #[track_caller]
    pub(crate) fn waits_for_end(&mut self) -> End {
        self.until("the end of what the program sends", |peer| peer.end.is_some());
        self.end.clone().unwrap()
    }

    /// Neither bytes nor an end come for so long.
    #[track_caller]
    pub(crate) fn hears_nothing_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while self.unread.is_empty() && self.end.is_none() && self.turn(&mut &[][..], true, until) {}
        if !self.unread.is_empty() || self.end.is_some() {
            let heard = self.unread.escape_ascii();
            fail(&format!("the peer expected silence and heard \"{heard}\" {:?}", self.end));
        }
    }

    /// Whether the program ends its half within so long.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while self.end.is_none() && self.turn(&mut &[][..], true, until) {}
        self.end.is_some()
    }

    /// Sends close_notify and no FIN.
    pub(crate) fn notifies_of_its_end(&mut self) {
        self.tls.as_mut().unwrap().send_close_notify();
        self.sends("");
    }

    /// Sends bytes past TLS, as a fault on the way would.
    pub(crate) fn sends_raw(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Ends what it sends, in order, and can still receive.
    pub(crate) fn half_closes(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            while tls.wants_write() && tls.write_tls(&mut self.socket).is_ok() {}
        }
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Ends in order, having read all there is so that the kernel does not make it a reset.
    pub(crate) fn closes(mut self) {
        self.half_closes();
        while self.end.is_none() && self.turn(&mut &[][..], true, Instant::now()) {}
    }

    /// Sends FIN alone: over TLS that truncates the stream.
    pub(crate) fn truncates(&self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Breaks the connection off.
    pub(crate) fn resets(self) {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).unwrap();
    }

    #[track_caller]
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let until = deadline();
        while !done(self) {
            if self.end.is_some() || !self.turn(&mut &[][..], true, until) {
                let heard = self.unread[..self.unread.len().min(400)].escape_ascii();
                fail(&format!("the peer waited for {what}, heard \"{heard}\", {:?}", self.end));
            }
        }
    }

    fn holds_something(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Waits until something can be done and does it; false when the time has passed or when
    /// nothing can be sent any more.
    fn turn(&mut self, out: &mut &[u8], reading: bool, until: Instant) -> bool {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, reading && self.end.is_none());
        events.set(PollFlags::OUT, !out.is_empty() || self.holds_something());
        if !ready(&self.socket, events, until.saturating_duration_since(Instant::now())) {
            return false;
        }
        if events.contains(PollFlags::OUT) {
            match self.writes_once(out) {
                Ok(count) => *out = &out[count..],
                Err(error) => {
                    self.end = Some(End::Failed(error));
                    return false;
                }
            }
        }
        if events.contains(PollFlags::IN) {
            self.reads_once();
        }
        true
    }

    fn writes_once(&mut self, bytes: &[u8]) -> Result<usize, String> {
        if let Some(tls) = &mut self.tls {
            return transmit(tls, &mut self.socket, bytes);
        }
        match self.socket.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            written => written.map_err(|error| error.to_string()),
        }
    }

    fn reads_once(&mut self) {
        let arrival = match &mut self.tls {
            Some(tls) => receive(tls, &mut self.socket),
            None => receive_plain(&mut self.socket),
        };
        match arrival {
            Ok(Arrival::Bytes(bytes)) => self.unread.extend(bytes),
            Ok(Arrival::Closed(bytes)) => {
                self.unread.extend(bytes);
                self.end = Some(End::Closed);
            }
            Ok(Arrival::Truncated(bytes)) => {
                self.unread.extend(bytes);
                self.end = Some(End::Truncated);
            }
            Err(error) => self.end = Some(End::Failed(error)),
        }
    }
}

fn receive_plain(socket: &mut Socket) -> Result<Arrival, String> {
    let mut buffer = vec![0; 64 * 1024];
    match socket.read(&mut buffer) {
        Ok(0) => Ok(Arrival::Closed(Vec::new())),
        Ok(count) => {
            buffer.truncate(count);
            Ok(Arrival::Bytes(buffer))
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Arrival::Bytes(Vec::new())),
        Err(error) => Err(error.to_string()),
    }
}
