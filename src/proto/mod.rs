//! Protocols without I/O: bytes in, findings and bytes out.
//!
//! What is said before a connection can be used (to a proxy, to a proxy's client, before TLS) is a
//! [`Dialogue`]: whoever owns the connection reads and writes for it. A newcomer's trap: bytes may
//! arrive split anywhere, and those that arrive too early belong to the next layer.

pub mod auth;
pub mod code;
pub mod dns;
#[cfg(feature = "dtls")]
pub mod dtls;
pub mod evidence;
pub mod http;
pub mod literal;
pub mod proxy;
pub mod reply;
pub mod starttls;
pub mod telnet;
#[cfg(test)]
pub(crate) mod testing;

use crate::error::{Error, Result};

/// What a [`Dialogue`] wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, all of them, then call again without waiting for more to arrive.
    Send(Vec<u8>),
    /// Call again when more has arrived.
    Wait,
    /// It is over, and went well; what is left of the bytes that arrived is the next layer's.
    Done,
    /// It is over, and the other end has agreed to be encrypted: nothing that has arrived may be left.
    Upgrade,
    /// This connection is of no more use, but a new one to the same place will be: connect again,
    /// and begin a new dialogue that knows what this one has learnt. Said by clients of HTTP proxies
    /// alone, and never without end (see [`proxy::Memory`]).
    Again,
}

/// A conversation that comes before the bytes of the user.
pub trait Dialogue {
    /// Goes on with what has arrived, and takes what it uses from the front of it. Called first with
    /// nothing, for the side that speaks first.
    ///
    /// It answers [`Step::Wait`] only while `arrived` is shorter than a limit of its own, so that
    /// `arrived` stays bounded if no more than a bounded piece is read at a time.
    ///
    /// # Errors
    /// When the other end refuses, or says what cannot be understood, or too much. A refusal that the
    /// other end should hear has been a [`Step::Send`] before.
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step>;

    /// The other end has closed, and all that arrived has been offered: [`Step::Again`], if there is
    /// sense in it.
    ///
    /// # Errors
    /// Otherwise: a dialogue that the other end breaks off has failed.
    fn ended(&mut self) -> Result<Step> {
        Err(Error::network("the first words with the peer", "it closed the connection before they were over"))
    }

    /// What the user can try if the other end is silent or breaks off now, where the dialogue has an idea.
    fn hint(&self) -> Option<&'static str> {
        None
    }
}

/// The first `count` bytes, once so many have arrived.
fn take(arrived: &mut Vec<u8>, count: usize) -> Option<Vec<u8>> {
    (arrived.len() >= count).then(|| arrived.drain(..count).collect())
}
