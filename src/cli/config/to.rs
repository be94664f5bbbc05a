//! The peer in connect mode: at a place, or found by a domain's MX records.
//!
//! A newcomer's trap: of a domain only the name is known here. Which host takes its mail, and so the name that
//! a certificate is checked for, is known when DNS has answered.

use crate::transport::Address;
use std::net::SocketAddr;

/// Whom to connect to.
#[derive(Debug, Clone)]
pub enum To {
    /// Whoever is there.
    Place(Place),
    /// `--mx`: the server that takes a domain's mail.
    Mail(Mail),
}

impl To {
    /// The port, 0 where there is none that means anything.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Place(place) => place.port(),
            Self::Mail(mail) => mail.port,
        }
    }
}

/// A domain whose mail exchangers are to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The domain: ASCII, in lower case, without a dot at its end.
    pub domain: String,
    /// The port at which its exchangers are connected to.
    pub port: u16,
    /// `--dns`: the name server to ask; those of the system when not given.
    pub dns: Option<SocketAddr>,
}

/// Where a peer is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A name or an IP address, and a port.
    Inet {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
    },
    /// An address that needs no look-up.
    Known(Address),
}

impl Place {
    /// The port, 0 where there is none that means anything.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Inet { port, .. } => *port,
            Self::Known(_) => 0,
        }
    }

    /// The name that a certificate is checked for.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::Inet { host, .. } => host,
            Self::Known(_) => "localhost",
        }
    }
}
