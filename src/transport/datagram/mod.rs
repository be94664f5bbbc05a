//! Sockets that carry datagrams, as one peer's stream or as many peers' meeting place.
//!
//! A newcomer's trap: a datagram socket has neither accept(2) nor an end of file. Peers are told
//! apart by where their datagrams come from, and leave without a word.

mod hub;
mod solo;

pub use hub::Hub;
pub use solo::{Hears, Solo};

use super::Address;
use std::{io, net::IpAddr, os::fd::AsFd, rc::Rc, time::Instant};

/// Room for the largest datagram there is: UDP over IPv4 carries 65,507 bytes, a Unix socket as many as its
/// sender's buffer holds, which is less than this.
pub const LARGEST: usize = 256 * 1024;

/// A bound datagram socket of whatever family, which never blocks.
pub trait Datagrams: AsFd {
    /// Takes one datagram, and tells where it came from.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Received>;

    /// Sends one datagram to this address, or to the peer that it is connected to; from this one of our
    /// own, where there are several.
    fn send(&self, datagram: &[u8], to: Option<&Address>, own: Option<IpAddr>) -> io::Result<usize>;

    /// Fixes the one peer, so that the kernel turns others away and tells when it refuses. Where there are
    /// several addresses of ours, that may take another socket, which is given.
    fn connect(&self, peer: &Address, own: Option<IpAddr>) -> io::Result<Option<Rc<dyn Datagrams>>>;

    /// The address at this end.
    fn local(&self) -> io::Result<Address>;
}

/// What came of [`Datagrams::receive`].
#[derive(Debug)]
pub struct Received {
    /// The bytes of the datagram.
    pub length: usize,
    /// Who sent it.
    pub from: Address,
    /// The one of our addresses that it was sent to, if there are several: he expects the answer from there.
    pub at: Option<IpAddr>,
}

/// The largest datagram that such a peer can be sent: what the 16 bits of UDP's length leave
/// (RFC 768), over IPv4 less its header (RFC 791).
fn largest_for(peer: &Address) -> usize {
    match peer.inet() {
        Some(peer) if peer.is_ipv4() => 65_507,
        Some(_) => 65_527,
        None => usize::MAX,
    }
}

/// Decides whom a listener lets in: whoever sends from an address need not be there.
pub trait Doorman {
    /// A datagram has come from an address that is not known, and is the doorman's from now on.
    fn knock(&self, datagram: &[u8], from: &Address, now: Instant) -> Knock;
}

/// What came of [`Doorman::knock`].
#[derive(Debug, PartialEq, Eq)]
pub enum Knock {
    /// It is a peer.
    LetIn,
    /// Not yet; these are sent back, and may get lost.
    Answer(Vec<Vec<u8>>),
}
