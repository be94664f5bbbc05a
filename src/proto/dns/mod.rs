//! DNS, as far as a mail server is found by it: questions, and whom to ask how often (RFC 1035, RFC 7766).
//!
//! ```text
//! search: a domain's exchangers ─▶ lookup: one name, CNAMEs followed ─▶ query: retries, UDP, TCP ─▶ message
//! ```
//!
//! The messages are written and read by `domain`, of those who make Unbound and NSD. Without its default features
//! it reads a message in place, allocates nothing, and adds five crates; hickory-proto adds some sixty. simple-dns, the
//! smallest, gives a TXT record's strings in pieces that cannot always be put together again.
//!
//! A newcomer's trap: anybody can send a datagram with a name server's address. An answer counts only with the
//! random id of its question, and with the question itself (RFC 5452, 9.1).

pub mod exchangers;
pub mod lookup;
pub mod message;
pub mod name;
pub mod query;
pub mod search;
pub mod servers;
#[cfg(test)]
pub(crate) mod testing;

pub use message::Kind;
pub use query::{Over, Sending};
pub use search::Search;
pub use servers::Servers;

/// A number that nobody can guess.
#[must_use]
pub fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness the system is not usable at all; an id is then no secret, and still an id.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}
