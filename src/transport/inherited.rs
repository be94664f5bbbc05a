//! Sockets that were open when we were started: those of systemd (sd_listen_fds(3)), and stdin under inetd.
//!
//! A newcomer's trap: such a socket may be one that clients come through, or the connection of a client that has
//! come already (`Accept=yes`, `nowait`). Then there is that client and no other.

use super::{Accepted, Address, Listener, socket, tcp};
use crate::{
    error::{Error, Result, why},
    reactor::Reactor,
    sys,
};
use mio::{Registry, Token};
use rustix::{
    fs::{Mode, OFlags, fstat},
    io::Errno,
};
use socket2::{Protocol, SockRef, Socket, Type};
use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd, BorrowedFd, IntoRawFd, RawFd},
};

/// The first that systemd passes (sd_listen_fds(3)).
const FIRST: RawFd = 3;

/// So many may be passed.
const MOST: RawFd = 64;

/// See the module's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherited {
    /// Their numbers.
    pub descriptors: Vec<RawFd>,
    /// There is one, and it is a client's connection.
    pub connected: bool,
    /// They are Unix sockets; otherwise they are TCP's.
    pub unix: bool,
}

impl Inherited {
    /// The sockets that systemd has passed to this process, if it has.
    ///
    /// # Errors
    /// When they are none that can be served.
    pub fn from_systemd(pid: Option<OsString>, count: Option<OsString>) -> Result<Option<Self>> {
        let number = |text: Option<OsString>| text?.into_string().ok()?.parse::<u32>().ok();
        // What was for a process that has started us is not for us.
        if number(pid) != Some(std::process::id()) {
            return Ok(None);
        }
        let count = number(count).and_then(|count| RawFd::try_from(count).ok()).unwrap_or(0);
        if !(1..=MOST).contains(&count) {
            return Err(unusable("LISTEN_FDS", format!("from 1 to {MOST} sockets can be passed, not {count}")));
        }
        let descriptors: Vec<_> = (FIRST..FIRST + count).collect();
        let kinds: Vec<_> = descriptors.iter().map(|fd| sys::with_descriptor(*fd, Kind::of)).collect::<Result<_>>()?;
        match kinds.as_slice() {
            [first, rest @ ..] if rest.iter().all(|kind| kind == first) && (rest.is_empty() || !first.connected) => {
                let Kind { connected, unix } = *first;
                Ok(Some(Self { descriptors, connected, unix }))
            }
            _ => Err(unusable("LISTEN_FDS", "the sockets are not all of one kind, or are several connections".into())),
        }
    }

    /// Stdin, if that is a TCP socket, as under inetd. Stdin becomes /dev/null, and so do stdout and stderr where
    /// they are the same socket: what is said there would come into the client's connection.
    ///
    /// # Errors
    /// When /dev/null cannot be had.
    pub fn from_inetd() -> Result<Option<Self>> {
        let stdin = io::stdin();
        let Ok(kind @ Kind { unix: false, .. }) = Kind::of(stdin.as_fd()) else { return Ok(None) };
        let socket = move_away(stdin.as_fd()).map_err(|error| unusable("stdin", why(&error)))?;
        Ok(Some(Self { descriptors: vec![socket], connected: kind.connected, unix: false }))
    }

    /// The sockets, ready to let clients in.
    ///
    /// # Errors
    /// When one has been closed, or is of no use.
    pub fn listeners(&self) -> Result<Vec<Box<dyn Listener>>> {
        self.descriptors.iter().map(|fd| self.listener(*fd).map_err(|error| unusable("listen", why(&error)))).collect()
    }

    fn listener(&self, fd: RawFd) -> io::Result<Box<dyn Listener>> {
        let socket = Socket::from(sys::take_descriptor(fd)?);
        socket.set_nonblocking(true)?;
        let set_up = if self.unix { |_: &Socket| Ok(()) } else { tcp::set_up };
        if self.connected {
            socket::set_up(&socket, set_up)?;
            let local = Address::try_from(&socket.local_addr()?)?;
            return Ok(Box::new(Present { local, socket: Some(socket) }));
        }
        Ok(Box::new(socket::passed(socket, !self.unix, set_up)?))
    }
}

/// A client that was there before us.
struct Present {
    local: Address,
    /// Until it has come in.
    socket: Option<Socket>,
}

impl Listener for Present {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn local(&self) -> io::Result<Address> {
        Ok(self.local.clone())
    }

    fn accept(&mut self, _: &mut Reactor) -> io::Result<Accepted> {
        let Some(socket) = self.socket.take() else { return Ok(Accepted::Nobody) };
        let remote = match socket.peer_addr() {
            Ok(remote) => Address::try_from(&remote)?,
            // It has left already. Whether it was to be let in cannot be known any more.
            Err(error) => return Err(error),
        };
        let local = self.local.clone();
        Ok(Accepted::Peer { stream: Box::new(socket::StreamSocket::new(socket, &local)), remote, local })
    }

    fn is_one_client(&self) -> bool {
        true
    }
}

/// What a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    connected: bool,
    unix: bool,
}

impl Kind {
    fn of(fd: BorrowedFd<'_>) -> Result<Self> {
        let socket = SockRef::from(&fd);
        let failed = |error: io::Error| unusable("a socket that was passed", why(&error));
        if socket.r#type().map_err(failed)? != Type::STREAM {
            return Err(unusable("a socket that was passed", "it is one for datagrams, or no stream".into()));
        }
        let local = socket.local_addr().map_err(failed)?;
        let unix = local.is_unix();
        if !unix && (local.as_socket().is_none() || !is_tcp(&socket)) {
            return Err(unusable("a socket that was passed", "it is neither TCP's nor a Unix socket".into()));
        }
        Ok(Self { connected: !listens(&socket), unix })
    }
}

#[cfg(target_os = "linux")]
fn is_tcp(socket: &Socket) -> bool {
    socket.protocol().is_ok_and(|protocol| protocol == Some(Protocol::TCP))
}

#[cfg(target_os = "linux")]
fn listens(socket: &Socket) -> bool {
    socket.is_listener().unwrap_or(false)
}

/// Not every system tells.
#[cfg(not(target_os = "linux"))]
fn is_tcp(_: &Socket) -> bool {
    let _ = Protocol::TCP;
    true
}

#[cfg(not(target_os = "linux"))]
fn listens(socket: &Socket) -> bool {
    socket.peer_addr().is_err()
}

/// Gives the socket another number, and puts /dev/null wherever it was among the first three.
fn move_away(stdin: BorrowedFd<'_>) -> io::Result<RawFd> {
    let identity = |fd: BorrowedFd<'_>| fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
    let socket = stdin.try_clone_to_owned()?;
    let wanted = identity(stdin)?;
    let is_it = |found: std::result::Result<_, Errno>| found.is_ok_and(|found| found == wanted);
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    if is_it(identity(io::stdout().as_fd())) {
        rustix::stdio::dup2_stdout(&null)?;
    }
    if is_it(identity(io::stderr().as_fd())) {
        rustix::stdio::dup2_stderr(&null)?;
    }
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket.into_raw_fd())
}

fn unusable(what: &str, why: String) -> Error {
    Error::usage(what, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    fn kind(socket: impl Into<OwnedFd>) -> Result<Kind> {
        Kind::of(socket.into().as_fd())
    }

    #[test]
    fn a_socket_tells_what_it_is() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (one, _two) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(kind(client).unwrap(), Kind { connected: true, unix: false });
        assert_eq!(kind(one).unwrap(), Kind { connected: true, unix: true });
        assert_eq!(kind(listener).unwrap(), Kind { connected: false, unix: false });
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(kind(datagrams).unwrap_err().to_string().contains("datagrams"));
        assert!(kind(std::fs::File::open("/dev/null").unwrap()).is_err());
    }

    #[test]
    fn what_was_passed_to_another_process_is_not_ours() {
        let own = OsString::from(std::process::id().to_string());
        let look = |pid: Option<&OsString>, count: &str| Inherited::from_systemd(pid.cloned(), Some(count.into()));
        assert_eq!(look(None, "1"), Ok(None));
        assert_eq!(look(Some(&"1".into()), "1"), Ok(None));
        assert_eq!(look(Some(&"x".into()), "1"), Ok(None));
        for count in ["0", "65", "-1", "many", "99999999999"] {
            assert!(look(Some(&own), count).unwrap_err().to_string().starts_with("LISTEN_FDS: "), "{count}");
        }
    }
}
