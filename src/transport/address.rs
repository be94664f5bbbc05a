//! The address of one end of a connection, whatever it travels over.
//!
//! A newcomer's trap: a Unix socket may have no name at all, as clients usually have; then there
//! is nothing to answer to but the connection itself.

use super::unix::Name;
use socket2::SockAddr;
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
};

/// See the module's description.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IP address and a port.
    Inet(SocketAddr),
    /// A Unix socket's name.
    Unix(Name),
    /// A virtual machine's number (vsock(7)) and a port.
    Vsock {
        /// The context identifier.
        cid: u32,
        /// The port.
        port: u32,
    },
}

impl Address {
    /// The IP address, where it has one; an IPv4-mapped one is its IPv4 self.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip().to_canonical()),
            _ => None,
        }
    }

    /// The IP address and port, where it has them.
    #[must_use]
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            _ => None,
        }
    }
}

impl Address {
    /// The address and the port as commands are told them (`NCAT_REMOTE_ADDR`, …), as Ncat does.
    #[must_use]
    pub fn in_words(&self) -> (String, String) {
        match self {
            Self::Inet(address) => (address.ip().to_string(), address.port().to_string()),
            Self::Unix(_) => ("localhost".to_owned(), String::new()),
            Self::Vsock { cid, port } => (cid.to_string(), port.to_string()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(name) => name.fmt(f),
            Self::Vsock { cid, port } => write!(f, "{cid}:{port}"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl TryFrom<&Address> for SockAddr {
    type Error = io::Error;

    fn try_from(address: &Address) -> io::Result<Self> {
        match address {
            Address::Inet(address) => Ok((*address).into()),
            Address::Unix(name) => name.to_socket_address(),
            #[cfg(target_os = "linux")]
            Address::Vsock { cid, port } => Ok(Self::vsock(*cid, *port)),
            #[cfg(not(target_os = "linux"))]
            Address::Vsock { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl TryFrom<&SockAddr> for Address {
    type Error = io::Error;

    fn try_from(address: &SockAddr) -> io::Result<Self> {
        if let Some(address) = address.as_socket() {
            return Ok(Self::Inet(address));
        }
        #[cfg(target_os = "linux")]
        if let Some((cid, port)) = address.as_vsock_address() {
            return Ok(Self::Vsock { cid, port });
        }
        if let Some(name) = Name::of(address) {
            return Ok(Self::Unix(name));
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "an address of an unknown family"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_form() {
        let all = [
            Address::Inet("127.0.0.1:25".parse().unwrap()),
            Address::Inet("[::1]:25".parse().unwrap()),
            Address::Unix(Name::Path("/tmp/some.sock".into())),
            #[cfg(target_os = "linux")]
            Address::Unix(Name::Abstract(b"name".to_vec())),
            #[cfg(target_os = "linux")]
            Address::Vsock { cid: 2, port: 9000 },
        ];
        for address in all {
            let kernels = SockAddr::try_from(&address).unwrap();
            assert_eq!(Address::try_from(&kernels).unwrap(), address);
        }
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_self() {
        let mapped = Address::Inet("[::ffff:10.0.0.1]:25".parse().unwrap());
        assert_eq!(mapped.ip(), Some("10.0.0.1".parse().unwrap()));
    }
}
