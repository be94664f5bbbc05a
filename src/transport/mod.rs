//! What carries bytes to and from this process: one file each, and one row each in [`TRANSPORTS`].
//!
//! Everything here implements [`Stream`] at the bottom of an endpoint; what speaks a protocol on
//! top of it is a layer in [`crate::stream`]. A newcomer's trap: a client's socket is not
//! connected when [`Transport::connect`] returns, it has only begun to be.

pub mod address;
#[cfg(feature = "exec")]
pub mod child;
pub mod datagram;
pub mod descriptor;
pub mod inherited;
pub mod sctp;
pub mod socket;
pub mod stdio;
pub mod tcp;
pub mod udp;
pub mod unix;
pub mod unix_datagram;
pub mod vsock;

pub use address::Address;

use crate::{reactor::Reactor, stream::Stream};
use mio::{Registry, Token};
use std::{io, rc::Rc};

/// One way of reaching a peer.
#[derive(Debug)]
pub struct Transport {
    /// What it is called: `NCAT_PROTO`, messages.
    pub name: &'static str,
    /// Whether boundaries count and nothing tells of a peer's end.
    pub datagram: bool,
    /// Whether peers are named by a host and a port.
    pub inet: bool,
    /// Begins to connect.
    pub connect: fn(&Address, &Choice<'_>) -> io::Result<Box<dyn Connecting>>,
    /// Listens, for one peer or for many.
    pub listen: fn(&Address, Serves) -> io::Result<Box<dyn Listener>>,
}

/// All there are.
pub static TRANSPORTS: [&Transport; 6] =
    [&tcp::TCP, &udp::UDP, &sctp::SCTP, &unix::UNIX, &unix_datagram::UNIX_DATAGRAM, &vsock::VSOCK];

/// What the user wants of a connection's own end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The address to connect from.
    pub from: Option<&'a Address>,
    /// The IPv4 options to set (RFC 791, 3.1); none if empty.
    pub ip_options: &'a [u8],
}

/// How many a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// The first peer alone.
    One,
    /// All that come.
    Many,
}

/// A connection under way, which will be a stream.
pub trait Connecting: Stream {
    /// The other end once the connection stands; `None` while that is not decided.
    ///
    /// # Errors
    /// Why it could not be made.
    fn connected(&self) -> io::Result<Option<Address>>;

    /// The address at this end.
    ///
    /// # Errors
    /// Of getsockname(2).
    fn local(&self) -> io::Result<Address>;
}

/// A socket that peers come through.
pub trait Listener {
    /// Asks for events under `token`.
    ///
    /// # Errors
    /// Of the event queue.
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()>;

    /// The address listened on.
    ///
    /// # Errors
    /// Of getsockname(2).
    fn local(&self) -> io::Result<Address>;

    /// Lets nobody in without asking, where peers do not connect and addresses can be made up.
    fn guard(&mut self, _doorman: Rc<dyn datagram::Doorman>) {}

    /// Looks who has come.
    ///
    /// # Errors
    /// Of accept(2) or recvfrom(2).
    fn accept(&mut self, reactor: &mut Reactor) -> io::Result<Accepted>;

    /// Whether it stands for one client that was there before us, and nobody else will come.
    fn is_one_client(&self) -> bool {
        false
    }

    /// Sees off a peer of whom nothing tells whether it is still there, so that another can come.
    fn make_room(&mut self, _reactor: &mut Reactor) -> bool {
        false
    }
}

/// What came of [`Listener::accept`].
pub enum Accepted {
    /// A peer; its stream is not registered yet.
    Peer {
        /// The bare connection.
        stream: Box<dyn Stream>,
        /// The other end.
        remote: Address,
        /// This end.
        local: Address,
    },
    /// Nobody, until an event says so.
    Nobody,
    /// Nobody yet, but it has had its turn: there may be more.
    Later,
}

/// The same error once more.
fn again(error: &io::Error) -> Option<io::Error> {
    error.raw_os_error().map(io::Error::from_raw_os_error)
}
