//! Sockets that carry datagrams, as one peer's stream or as many peers' meeting place.
//!
//! A newcomer's trap: a datagram socket has neither accept(2) nor an end of file. Peers are told
//! apart by where their datagrams come from, and leave without a word.

mod gathered;
mod hub;
mod solo;

pub use hub::Hub;
pub use solo::{Hears, Solo};

use super::Address;
use crate::stream::Flow;
use std::{io, net::IpAddr, os::fd::AsFd, rc::Rc, time::Instant};

/// Room for the largest datagram there is: UDP over IPv4 carries 65,507 bytes, a Unix socket as many as its
/// sender's buffer holds, which is less than this.
pub const LARGEST: usize = 256 * 1024;

/// What UDP's 16 bits of length can say (RFC 768).
const LARGEST_INET: usize = 65_535;

/// Datagrams joined at most, as empty ones take no room.
const JOINED: usize = 256;

/// A bound datagram socket of whatever family, which never blocks.
pub trait Datagrams: AsFd {
    /// Takes one datagram, and tells where it came from.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Received>;

    /// Takes one datagram, whoever sent it.
    fn receive_any(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// From now on the kernel may give as one what a sender has sent one behind the other ([`Received::each`]), which
    /// is at most what the largest datagram has; false if it cannot.
    fn join(&self) -> bool {
        false
    }

    /// Sends one datagram to this address, or to the peer that it is connected to; from this one of our
    /// own, where there are several.
    fn send(&self, datagram: &[u8], to: Option<&Address>, own: Option<IpAddr>) -> io::Result<usize>;

    /// Sends to the peer that it is connected to, in one call, datagrams of `size` bytes each, but for the last; none
    /// if that has to be done one by one.
    fn send_several(&self, _datagrams: &[u8], _size: u16) -> io::Result<Option<usize>> {
        Ok(None)
    }

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
    /// If they are several that are joined: how many bytes each of them has, but for the last.
    pub each: Option<usize>,
    /// Who sent it.
    pub from: Address,
    /// The one of our addresses that it was sent to, if there are several: he expects the answer from there.
    pub at: Option<IpAddr>,
}

/// Reads into `buffer` as many datagrams as have come and fit, without boundaries. `largest` is how many bytes
/// one may have.
fn join(
    buffer: &mut [u8],
    largest: usize,
    mut read: impl FnMut(&mut [u8]) -> io::Result<Flow>,
) -> (io::Result<Flow>, Option<io::Error>) {
    let mut filled = 0;
    for count in 0..JOINED {
        let rest = buffer.get_mut(filled..).filter(|rest| count == 0 || rest.len() >= largest);
        let Some(rest) = rest else { break };
        match (read(rest), count) {
            (Ok(Flow::Moved(n)), _) => filled += n,
            (other, 0) => return (other, None),
            (Err(error), _) => return (Ok(Flow::Moved(filled)), Some(error)),
            (Ok(Flow::Blocked | Flow::Ended), _) => break,
        }
    }
    (Ok(Flow::Moved(filled)), None)
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

/// The most bytes that a datagram from such a peer can have.
fn largest_from(peer: &Address) -> usize {
    if peer.inet().is_some() { LARGEST_INET } else { LARGEST }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn joined(room: usize, mut come: VecDeque<io::Result<Flow>>) -> (String, usize) {
        let (read, error) = join(&mut vec![0; room], 10, |rest| {
            let next = come.pop_front().unwrap_or(Ok(Flow::Blocked));
            if let Ok(Flow::Moved(n)) = next {
                assert!(rest.len() >= n);
            }
            next
        });
        (format!("{read:?} {error:?}"), come.len())
    }

    #[test]
    fn datagrams_are_joined_while_the_largest_would_fit() {
        let three = || VecDeque::from([4, 0, 10].map(|n| Ok(Flow::Moved(n))));
        assert_eq!(joined(13, three()), ("Ok(Moved(4)) None".to_owned(), 2));
        assert_eq!(joined(14, three()), ("Ok(Moved(14)) None".to_owned(), 0));
        assert_eq!(joined(10, VecDeque::new()).0, "Ok(Blocked) None");
        let empty = (0..2 * JOINED).map(|_| Ok(Flow::Moved(0))).collect();
        assert_eq!(joined(99, empty), ("Ok(Moved(0)) None".to_owned(), JOINED));
    }

    #[test]
    fn what_came_before_an_error_is_read_first() {
        let refused = || Err(io::ErrorKind::ConnectionRefused.into());
        let (then, at_once) = ([Ok(Flow::Moved(3)), refused()], [refused(), Ok(Flow::Moved(3))]);
        assert_eq!(joined(99, then.into()), ("Ok(Moved(3)) Some(Kind(ConnectionRefused))".to_owned(), 0));
        assert_eq!(joined(99, at_once.into()), ("Err(Kind(ConnectionRefused)) None".to_owned(), 1));
    }
}
