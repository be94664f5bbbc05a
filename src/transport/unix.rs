//! Unix stream sockets (unix(7)), by path or, on Linux, by an abstract name.
//!
//! A newcomer's trap: a socket's file stays when the program that listened on it is gone. Whether
//! it is stale can only be found out by connecting to it, and a listener would take that for a client.

use super::{Accepted, Address, Listener, Transport, socket};
use crate::reactor::Reactor;
use mio::{Registry, Token};
use rustix::fs::{FileType, lstat};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    ffi::OsStr,
    fmt, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// The row of Unix stream sockets.
pub static UNIX: Transport = Transport {
    name: "UNIX",
    datagram: false,
    inet: false,
    connect: |to, choice| {
        let socket = socket::new(to, Type::STREAM, None)?;
        Ok(Box::new(socket::connect(socket, to, choice, |_| Ok(()))?))
    },
    listen: |on, _| {
        let file = File::make_way(on)?;
        let inner = socket::listen(socket::new(on, Type::STREAM, None)?, on, |_| Ok(()))?;
        Ok(Box::new(UnixListener { inner, _file: file.bound() }))
    },
};

/// The name of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// None, as clients usually have.
    Unnamed,
    /// A file's path.
    Path(PathBuf),
    /// A name of Linux's abstract namespace, without the NUL before it.
    Abstract(Vec<u8>),
}

impl Name {
    /// As it is typed: `@name` is abstract on Linux.
    #[must_use]
    pub fn typed(text: &OsStr) -> Self {
        match text.as_bytes().strip_prefix(b"@") {
            Some(name) if cfg!(target_os = "linux") && !name.is_empty() => Self::Abstract(name.to_vec()),
            _ => Self::Path(text.into()),
        }
    }

    pub(super) fn of(address: &SockAddr) -> Option<Self> {
        if !address.is_unix() {
            return None;
        }
        #[cfg(target_os = "linux")]
        if let Some(name) = address.as_abstract_namespace() {
            return Some(Self::Abstract(name.to_vec()));
        }
        Some(address.as_pathname().map_or(Self::Unnamed, |path| Self::Path(path.to_owned())))
    }

    pub(super) fn to_socket_address(&self) -> io::Result<SockAddr> {
        match self {
            Self::Unnamed => SockAddr::unix(""),
            Self::Path(path) => SockAddr::unix(path),
            Self::Abstract(name) => SockAddr::unix(OsStr::from_bytes(&[b"\0", name.as_slice()].concat())),
        }
    }
}

impl From<&std::os::unix::net::SocketAddr> for Name {
    fn from(address: &std::os::unix::net::SocketAddr) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(name) = std::os::linux::net::SocketAddrExt::as_abstract_name(address) {
            return Self::Abstract(name.to_vec());
        }
        address.as_pathname().map_or(Self::Unnamed, |path| Self::Path(path.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("unnamed socket"),
            Self::Path(path) => f.write_str(&crate::report::escape(path.as_os_str().as_bytes())),
            Self::Abstract(name) => write!(f, "@{}", crate::report::escape(name)),
        }
    }
}

/// A listening socket, and its file.
struct UnixListener {
    inner: socket::StreamListener,
    _file: Option<File>,
}

impl Listener for UnixListener {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner.register(registry, token)
    }
    fn local(&self) -> io::Result<Address> {
        self.inner.local()
    }
    fn accept(&mut self, reactor: &mut Reactor) -> io::Result<Accepted> {
        self.inner.accept(reactor)
    }
}

/// The file of a socket that we have bound, removed when this is dropped if it is still ours.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    /// The device and the inode.
    identity: Option<(u64, u64)>,
}

/// A path that is free to be bound.
pub struct Way(Option<PathBuf>);

impl File {
    /// Removes the file of a socket that nobody listens on any more.
    ///
    /// # Errors
    /// `AddrInUse` when somebody does, or something else than a socket has that name.
    pub fn make_way(address: &Address) -> io::Result<Way> {
        let Address::Unix(Name::Path(path)) = address else { return Ok(Way(None)) };
        let Ok(there) = lstat(path) else { return Ok(Way(Some(path.clone()))) };
        if FileType::from_raw_mode(there.st_mode) != FileType::Socket {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "there is a file of that name, and it is no socket"));
        }
        // A datagram socket's connect(2) is noticed by nobody: where there is a listener for streams,
        // it fails with EPROTOTYPE.
        let probe = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        match probe.connect(&SockAddr::unix(path)?) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
        Ok(Way(Some(path.clone())))
    }

    /// Whether the file is still the one that was bound.
    fn is_ours(&self) -> bool {
        identity(&self.path) == self.identity
    }
}

impl Way {
    /// It has been bound now.
    #[must_use]
    pub fn bound(self) -> Option<File> {
        self.0.map(|path| File { identity: identity(&path), path })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.identity.is_some() && self.is_ours() {
            // Whoever has removed it meanwhile has done what we wanted.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    lstat(path).ok().map(|it| (it.st_dev, it.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_typed_as_paths_or_with_an_at() {
        assert_eq!(Name::typed(OsStr::new("/tmp/x")), Name::Path("/tmp/x".into()));
        assert_eq!(Name::typed(OsStr::new("x")), Name::Path("x".into()));
        if cfg!(target_os = "linux") {
            assert_eq!(Name::typed(OsStr::new("@x")), Name::Abstract(b"x".to_vec()));
            assert_eq!(Name::typed(OsStr::new("@x")).to_string(), "@x");
        }
        assert_eq!(Name::typed(OsStr::new("@")), Name::Path("@".into()));
        assert_eq!(Name::Unnamed.to_string(), "unnamed socket");
    }
}
