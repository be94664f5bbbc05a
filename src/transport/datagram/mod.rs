//! Sockets that carry datagrams, as one peer's stream or as many peers' meeting place.
//!
//! A newcomer's trap: a datagram socket has neither accept(2) nor an end of file. Peers are told
//! apart by where their datagrams come from, and leave without a word.

mod hub;
mod solo;

pub use hub::Hub;
pub use solo::Solo;

use super::Address;
use std::{io, os::fd::AsFd, time::Instant};

/// The largest datagram there is, with room to spare: UDP over IPv4 carries 65,507 bytes.
pub const LARGEST: usize = 64 * 1024;

/// A bound datagram socket of whatever family, which never blocks.
pub trait Datagrams: AsFd {
    /// Takes one datagram, and tells where it came from.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)>;

    /// Sends one datagram to this address, or to the peer that it is connected to.
    fn send(&self, datagram: &[u8], to: Option<&Address>) -> io::Result<usize>;

    /// Fixes the one peer, so that the kernel turns others away and tells when it refuses.
    fn connect(&self, peer: &Address) -> io::Result<()>;

    /// The address at this end.
    fn local(&self) -> io::Result<Address>;

    /// An error that came back from the network.
    fn take_error(&self) -> io::Result<Option<io::Error>>;
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
