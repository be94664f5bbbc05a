//! TCP: connecting, listening, and the stream of a connection.
//!
//! A newcomer's trap: closing a socket that still has unread input sends a reset, which
//! destroys what was on its way. Connections are closed by
//! [`Relay::close`](crate::relay::Relay::close), which lingers, never by dropping them.

use crate::{
    stream::{Flow, Stream, flow},
    sys,
};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::{
    io::{self, IoSlice, Read, Write},
    net::{Shutdown, SocketAddr},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

/// Silence after which the kernel asks whether the peer is still there, and how it asks.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(5);

/// Connections that may wait for [`accept`]; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// A TCP connection.
#[derive(Debug)]
pub struct Tcp {
    socket: mio::net::TcpStream,
    finished: bool,
}

/// Begins to connect; [`Tcp::connected`] tells how it went once an event has come.
///
/// # Errors
/// Of socket(2), bind(2) and connect(2) as far as they tell at once.
pub fn connect(to: SocketAddr, from: Option<SocketAddr>) -> io::Result<Tcp> {
    let socket = socket(to)?;
    if let Some(from) = from {
        socket.set_reuse_address(true)?;
        socket.bind(&from.into())?;
    }
    match socket.connect(&SockAddr::from(to)) {
        Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => Err(error),
        _ => Tcp::new(mio::net::TcpStream::from_std(socket.into())),
    }
}

/// Listens on one address.
///
/// # Errors
/// Of socket(2), bind(2) and listen(2).
pub fn listen(on: SocketAddr) -> io::Result<mio::net::TcpListener> {
    let socket = socket(on)?;
    socket.set_reuse_address(true)?;
    if on.is_ipv6() {
        // Each family has a socket of its own, whatever the system's default is.
        socket.set_only_v6(true)?;
    }
    socket.bind(&on.into())?;
    socket.listen(BACKLOG)?;
    Ok(mio::net::TcpListener::from_std(socket.into()))
}

/// Takes a connection that waits.
///
/// # Errors
/// Of accept(2): `WouldBlock` when none waits.
pub fn accept(listener: &mio::net::TcpListener) -> io::Result<(Tcp, SocketAddr)> {
    let (socket, from) = listener.accept()?;
    Ok((Tcp::new(socket)?, from))
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl Tcp {
    fn new(socket: mio::net::TcpStream) -> io::Result<Self> {
        // What is typed goes out at once; bulk data is written in large pieces anyway.
        socket.set_nodelay(true).or_else(peer_has_left)?;
        // So that a peer that is gone without a word is noticed.
        socket2::SockRef::from(&socket).set_tcp_keepalive(&KEEPALIVE).or_else(peer_has_left)?;
        Ok(Self { socket, finished: false })
    }

    /// Whether a connection that was begun stands: `None` while it is not decided.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn connected(&self) -> io::Result<Option<SocketAddr>> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Ok(address) => Ok(Some(address)),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The address at this end.
    ///
    /// # Errors
    /// Of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// Options cannot be set on a connection that was reset before it was looked at (`EINVAL` on
/// some systems); reading it will tell.
fn peer_has_left(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) }
}

impl Stream for Tcp {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE | Interest::WRITABLE)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            match self.socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return flow(other),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Flow> {
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
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn undelivered(&self) -> usize {
        // Our FIN counts as one byte until it is acknowledged.
        sys::send_queue(&self.socket).unwrap_or(0).saturating_sub(usize::from(self.finished))
    }

    fn bare(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}
