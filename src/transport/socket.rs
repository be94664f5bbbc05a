//! Any socket that carries a stream of bytes: TCP, SCTP, Unix, vsock.
//!
//! A newcomer's trap: closing does not take a socket out of the event queue while a duplicate of
//! its descriptor lives.

use super::{Accepted, Address, Choice, Connecting, Listener, again};
use crate::{
    reactor::Reactor,
    stream::{Flow, Stream, channel::Channel, flow},
    sys,
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    io::{self, IoSlice, Read, Write},
    net::{Shutdown, SocketAddr},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::Duration,
};

/// Connections that may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// The number of a network interface, by which the zone of an address is told (RFC 4007, 6).
#[cfg(target_os = "linux")]
#[must_use]
pub fn interface(name: &str) -> Option<u32> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).ok()?;
    rustix::net::netdevice::name_to_index(&socket, name).ok()
}

/// Elsewhere it has to be typed.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn interface(_name: &str) -> Option<u32> {
    None
}

/// Whether a connection has the options of the socket that it was accepted from: `SO_*` and `TCP_*` where the kernel
/// copies its socket (Linux), which spares half a dozen system calls for each client.
const INHERITED: bool = cfg!(target_os = "linux");

/// Where the kernel tells of urgent data by an event.
#[cfg(target_os = "linux")]
const URGENT: Interest = Interest::PRIORITY;
#[cfg(not(target_os = "linux"))]
const URGENT: Interest = Interest::READABLE;

/// What is done to a new connection.
pub type SetUp = fn(&Socket) -> io::Result<()>;

/// A connection of whatever family.
#[derive(Debug)]
pub struct StreamSocket {
    socket: Socket,
    finished: bool,
    /// What an event told of. The kernel tells it once, and to its reader a reset looks like an end in order then.
    failed: Option<io::Error>,
    /// The kernel tells of bytes that the peer's machine has not acknowledged.
    counts: bool,
    /// Each read gives what was sent at once, at most.
    of_messages: bool,
}

/// A non-blocking, close-on-exec socket of the family of `address`.
///
/// # Errors
/// Of socket(2).
pub fn new(address: &Address, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    let domain = match address {
        Address::Inet(address) => Domain::for_address(*address),
        Address::Unix(_) => Domain::UNIX,
        #[cfg(target_os = "linux")]
        Address::Vsock { .. } => Domain::VSOCK,
        #[cfg(not(target_os = "linux"))]
        Address::Vsock { .. } => return Err(io::ErrorKind::Unsupported.into()),
    };
    let socket = Socket::new(domain, kind, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Begins to connect, from where it was chosen.
///
/// # Errors
/// Of bind(2), setsockopt(2) and connect(2) as far as they tell at once.
pub fn connect(socket: Socket, to: &Address, choice: &Choice<'_>, set_up: SetUp) -> io::Result<StreamSocket> {
    choose(&socket, choice)?;
    match ask_to_connect(&socket, &SockAddr::try_from(to)?) {
        Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => Err(error),
        _ => {
            set_up(&socket).or_else(peer_has_left)?;
            Ok(StreamSocket::new(socket, to))
        }
    }
}

/// connect(2), which a signal may interrupt: then the kernel goes on with it, and to ask again tells how far it is.
///
/// # Errors
/// Of connect(2); `EINPROGRESS` is the usual one.
pub(super) fn ask_to_connect(socket: &Socket, to: &SockAddr) -> io::Result<()> {
    let mut interrupted = false;
    loop {
        match socket.connect(to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => interrupted = true,
            Err(error) if interrupted && error.raw_os_error() == Some(Errno::ISCONN.raw_os_error()) => return Ok(()),
            Err(error) if interrupted && error.raw_os_error() == Some(Errno::ALREADY.raw_os_error()) => {
                return Err(Errno::INPROGRESS.into());
            }
            other => return other,
        }
    }
}

/// Binds a client's socket and sets its options.
///
/// # Errors
/// Of bind(2) and setsockopt(2).
pub fn choose(socket: &Socket, choice: &Choice<'_>) -> io::Result<()> {
    if !choice.ip_options.is_empty() {
        sys::set_ip_options(socket, choice.ip_options).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => {
                io::Error::new(error.kind(), "this system refuses the route of -g; most take no other -G than 4")
            }
            _ => error,
        })?;
    }
    if let Some(from) = choice.from {
        if from.inet().is_some_and(|from| from.port() != 0) && socket.r#type()? == Type::STREAM {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&SockAddr::try_from(from)?)?;
    }
    Ok(())
}

/// Binds and listens.
///
/// # Errors
/// Of bind(2) and listen(2).
pub fn listen(socket: Socket, on: &Address, set_up: SetUp) -> io::Result<StreamListener> {
    if let Address::Inet(address) = on {
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // Each family has a socket of its own, whatever the system's default is.
            socket.set_only_v6(true)?;
        }
    }
    if INHERITED {
        set_up(&socket)?;
    }
    socket.bind(&SockAddr::try_from(on)?)?;
    socket.listen(BACKLOG)?;
    Ok(StreamListener { socket, inet: on.inet().is_some(), set_up, of_messages: false })
}

/// A listening socket that somebody else has bound.
///
/// # Errors
/// Of setsockopt(2).
pub(super) fn passed(socket: Socket, inet: bool, set_up: SetUp) -> io::Result<StreamListener> {
    if INHERITED {
        set_up(&socket)?;
    }
    Ok(StreamListener { socket, inet, set_up, of_messages: false })
}

/// Sets the options of a connection that is there.
///
/// # Errors
/// Of setsockopt(2).
pub(super) fn set_up(socket: &Socket, options: SetUp) -> io::Result<()> {
    options(socket).or_else(peer_has_left)
}

impl StreamSocket {
    /// A connection that is there, non-blocking.
    pub(crate) fn new(socket: Socket, family: &Address) -> Self {
        Self { socket, finished: false, failed: None, counts: matches!(family, Address::Inet(_)), of_messages: false }
    }

    /// The same, of a protocol that keeps what was sent at once together.
    pub fn of_messages(self) -> Self {
        Self { of_messages: true, ..self }
    }
}

/// Options cannot be set on a connection that was reset before it was looked at (`EINVAL` on
/// some systems); reading it will tell.
fn peer_has_left(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) }
}

impl Connecting for StreamSocket {
    fn connected(&self) -> io::Result<Option<Address>> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Ok(address) => Address::try_from(&address).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn local(&self) -> io::Result<Address> {
        Address::try_from(&self.socket.local_addr()?)
    }
}

impl Stream for StreamSocket {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        let interest = if self.short_read_is_all() { both | URGENT } else { both };
        registry.register(&mut SourceFd(&self.socket.as_raw_fd()), token, interest)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            match self.socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return self.failed.take().map_or(Ok(Flow::Ended), Err),
                other => return flow(other),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        loop {
            match self.socket.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return flow(other),
            }
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Flow> {
        // sendmsg(2) has more to copy than send(2).
        if let [one] = slices {
            return self.write(one);
        }
        loop {
            match self.socket.write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return flow(other),
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.finished = true;
        match self.socket.shutdown(Shutdown::Write) {
            // The peer has reset it already; reading tells.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            other => other,
        }
    }

    fn broken(&mut self) -> io::Result<()> {
        // A reset; as EPIPE if it came after the peer's orderly end.
        match self.socket.take_error()? {
            Some(error) => {
                self.failed = again(&error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn undelivered(&self) -> usize {
        if !self.counts {
            return 0;
        }
        // Our FIN counts as one byte until it is acknowledged.
        sys::send_queue(&self.socket).unwrap_or(0).saturating_sub(usize::from(self.finished))
    }

    // TCP stops reading in front of an urgent byte, a Unix socket in front of a descriptor that is passed.
    fn short_read_is_all(&self) -> bool {
        cfg!(target_os = "linux") && self.counts && !self.of_messages
    }

    fn source(&self) -> Option<Channel<'_>> {
        // What an event has told of is told by reading.
        (!self.of_messages && self.failed.is_none()).then(|| Channel::socket(self.socket.as_fd()))
    }

    fn sink(&self) -> Option<Channel<'_>> {
        (!self.of_messages).then(|| Channel::socket(self.socket.as_fd()))
    }

    fn break_off(&mut self) {
        // Where there is nothing to be reset, closing is all there is. Else the kernel might keep megabytes for it.
        let _ = self.socket.set_linger(Some(Duration::ZERO));
    }

    fn bare(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}

/// A socket that connections are accepted from.
#[derive(Debug)]
pub struct StreamListener {
    socket: Socket,
    inet: bool,
    set_up: SetUp,
    of_messages: bool,
}

impl StreamListener {
    /// The same, of a protocol that keeps what was sent at once together.
    pub fn of_messages(self) -> Self {
        Self { of_messages: true, ..self }
    }
}

impl Listener for StreamListener {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut SourceFd(&self.socket.as_raw_fd()), token, Interest::READABLE)
    }

    fn local(&self) -> io::Result<Address> {
        Address::try_from(&self.socket.local_addr()?)
    }

    fn accept(&mut self, _: &mut Reactor) -> io::Result<Accepted> {
        let accepted = if self.inet { accept_inet(&self.socket) } else { accept(&self.socket) };
        let (socket, remote) = match accepted {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Accepted::Nobody),
            other => other?,
        };
        if !INHERITED {
            (self.set_up)(&socket).or_else(peer_has_left)?;
        }
        let local = Address::try_from(&socket.local_addr()?)?;
        let stream = Box::new(StreamSocket { of_messages: self.of_messages, ..StreamSocket::new(socket, &local) });
        Ok(Accepted::Peer { stream, remote, local })
    }
}

/// The next client, and its address.
fn accept(listener: &Socket) -> io::Result<(Socket, Address)> {
    let (socket, remote) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, Address::try_from(&remote)?))
}

/// The same in one system call, where all that is known of a client is an IP address and a port.
#[cfg(target_os = "linux")]
fn accept_inet(listener: &Socket) -> io::Result<(Socket, Address)> {
    use rustix::net::{SocketFlags, acceptfrom_with};
    let (socket, remote) = acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let remote = remote.ok_or(Errno::AFNOSUPPORT).and_then(SocketAddr::try_from)?;
    Ok((socket.into(), remote.into()))
}

/// Not every system has that.
#[cfg(not(target_os = "linux"))]
fn accept_inet(listener: &Socket) -> io::Result<(Socket, Address)> {
    accept(listener)
}
