//! A server's session before it is known whether the client is where its datagrams come from.
//!
//! A newcomer's trap: it has no timers. A client that has lost the answer asks again.

use super::session::{Event, Session};
use crate::stream::tls::{Failure, Scratch};
use std::{collections::VecDeque, mem, time::Instant};

/// See the module's description.
pub struct Unproven {
    session: Session,
    outgoing: VecDeque<Vec<u8>>,
}

impl Unproven {
    /// `session` is one that has not begun.
    #[must_use]
    pub fn new(session: dimpl::Dtls) -> Self {
        Self { session: Session::new(session), outgoing: VecDeque::new() }
    }

    /// A datagram has arrived: what is to be sent back, each smaller than what asks for it. There
    /// is nothing to be sent when the client [is proven](Self::is_proven); what should be then, is
    /// kept for [`Dtls::resume`](super::Dtls::resume).
    ///
    /// # Errors
    /// When the handshake has failed.
    pub fn hear(&mut self, datagram: &[u8], now: Instant) -> Result<Vec<Vec<u8>>, Failure> {
        self.session.feed(datagram, now).map_err(|failed| failed.failure)?;
        let mut scratch = Scratch::borrow();
        loop {
            match self.session.next(&mut scratch.0, now) {
                Event::Send(n) => self.outgoing.push_back(scratch.0.get(..n).unwrap_or_default().to_vec()),
                Event::Wait(_) => break,
                // These come after the proof, and then nobody asks here.
                Event::Data(_) | Event::Certificate(_) | Event::Connected | Event::Closed => {}
            }
        }
        Ok(if self.is_proven() { Vec::new() } else { mem::take(&mut self.outgoing).into() })
    }

    /// Whether the client has shown that it receives what is sent to its address.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.session.is_proven()
    }

    pub(super) fn into_parts(self) -> (Session, VecDeque<Vec<u8>>) {
        (self.session, self.outgoing)
    }
}
