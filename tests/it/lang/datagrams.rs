//! The other end where there are no connections: a datagram socket of the test's own.
//!
//! A newcomer's trap: whom it sends to is whom it heard last, unless it has been told. So a server
//! played by the test answers by just sending.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketAddrAny, SocketAddrUnix};

use super::judge::deadline;
use super::netcat::Target;
use super::outside::ready;
use super::seen::fail;

/// See the module's description.
pub(crate) struct Datagrams {
    socket: OwnedFd,
    /// Whom it sends to.
    to: Option<SocketAddrAny>,
}

impl Datagrams {
    /// At a port of 127.0.0.1 that the kernel chooses.
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// At this address.
    pub(crate) fn at(address: &str) -> Self {
        Self { socket: UdpSocket::bind(address).unwrap().into(), to: None }
    }

    /// At this path.
    pub(crate) fn at_path(path: &Path) -> Self {
        Self { socket: UnixDatagram::bind(path).unwrap().into(), to: None }
    }

    /// At a port that the kernel chooses, connected to the program under test, so that refusals are
    /// heard.
    pub(crate) fn dials(server: &impl Target) -> Self {
        let addr = server.addr();
        let own = if addr.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let socket = UdpSocket::bind(own).unwrap();
        socket.connect(addr).unwrap();
        Self { socket: socket.into(), to: None }
    }

    /// A socket with a name of its own, or without one, that sends to a path.
    pub(crate) fn dials_path(path: &Path, own: Option<&Path>) -> Self {
        let socket = own.map_or_else(|| UnixDatagram::unbound().unwrap(), |own| UnixDatagram::bind(own).unwrap());
        Self { socket: socket.into(), to: Some(SocketAddrUnix::new(path).unwrap().into()) }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        rustix::net::getsockname(&self.socket).unwrap().try_into().unwrap()
    }

    /// Sends to this address from now on.
    pub(crate) fn turns_to(&mut self, address: SocketAddr) {
        self.to = Some(address.into());
    }

    /// Sends one datagram.
    #[track_caller]
    pub(crate) fn sends(&self, datagram: impl AsRef<[u8]>) {
        if let Err(error) = self.tries_to_send(datagram.as_ref()) {
            fail(&format!("the peer could not send a datagram: {error}"));
        }
    }

    fn tries_to_send(&self, datagram: &[u8]) -> rustix::io::Result<usize> {
        match &self.to {
            Some(to) => rustix::net::sendto(&self.socket, datagram, SendFlags::empty(), to),
            None => rustix::net::send(&self.socket, datagram, SendFlags::empty()),
        }
    }

    /// The next datagram is this.
    #[track_caller]
    pub(crate) fn hears(&mut self, datagram: impl AsRef<[u8]>) {
        let (expected, heard) = (datagram.as_ref(), self.hears_any());
        if heard != expected {
            let excerpt = |bytes: &[u8]| bytes[..bytes.len().min(100)].escape_ascii().to_string();
            let (want, have) = (excerpt(expected), excerpt(&heard));
            let (wants, has) = (expected.len(), heard.len());
            fail(&format!("the peer expected \"{want}\" ({wants} bytes) and heard \"{have}\" ({has})"));
        }
    }

    /// The next datagram, whatever it is.
    #[track_caller]
    pub(crate) fn hears_any(&mut self) -> Vec<u8> {
        match self.receives(deadline()) {
            Some(Ok(datagram)) => datagram,
            Some(Err(error)) => fail(&format!("the peer waited for a datagram: {error}")),
            None => fail("the peer waited for a datagram"),
        }
    }

    /// No datagram comes for so long.
    #[track_caller]
    pub(crate) fn hears_nothing_for(&mut self, time: Duration) {
        if let Some(Ok(datagram)) = self.receives(Instant::now() + time) {
            fail(&format!("the peer expected silence and heard \"{}\"", datagram.escape_ascii()));
        }
    }

    /// What it sends is refused: nobody is there who would take it.
    #[track_caller]
    pub(crate) fn is_refused(&mut self) {
        let until = deadline();
        while Instant::now() < until {
            let refused = |error| error == Errno::CONNREFUSED;
            if self.tries_to_send(b"knock").is_err_and(refused) {
                return;
            }
            if let Some(Err(error)) = self.receives(Instant::now() + super::ms(50)) {
                assert_eq!(error, Errno::CONNREFUSED);
                return;
            }
        }
        fail("the peer was not refused");
    }

    fn receives(&mut self, until: Instant) -> Option<rustix::io::Result<Vec<u8>>> {
        if !ready(&self.socket, PollFlags::IN, until.saturating_duration_since(Instant::now())) {
            return None;
        }
        let mut buffer = vec![0; 256 * 1024];
        let received = rustix::net::recvfrom(&self.socket, &mut buffer, RecvFlags::empty());
        Some(received.map(|(length, _, from)| {
            if rustix::net::getpeername(&self.socket).is_err() {
                self.to = from
                    .filter(|from| from.address_family() != rustix::net::AddressFamily::UNSPEC)
                    .or_else(|| self.to.take());
            }
            buffer.truncate(length);
            buffer
        }))
    }
}

impl Target for Datagrams {
    fn addr(&self) -> SocketAddr {
        self.address()
    }
}
