//! A peer whose handshake stops at whatever byte one likes, and goes on a byte at a time.

use std::time::Instant;

use rustix::event::PollFlags;

use super::super::{judge::deadline, outside::ready, seen::fail};
use super::Peer;

/// A peer in the middle of its handshake.
pub(crate) struct Halted {
    peer: Peer,
    /// What rustls has to say that is not said yet.
    unsaid: Vec<u8>,
    said: usize,
    done: bool,
}

impl Peer {
    /// Says its part of the handshake up to this byte, or to its end.
    #[track_caller]
    pub(crate) fn shakes_hands_up_to(self, bytes: usize) -> Halted {
        let mut halted = Halted { peer: self, unsaid: Vec::new(), said: 0, done: false };
        halted.goes_on_to(bytes, bytes);
        halted
    }
}

impl Halted {
    /// Whether the handshake is over, by how many bytes of this end's.
    pub(crate) fn is_done(&self) -> Option<usize> {
        self.done.then_some(self.said)
    }

    /// Goes on a byte at a time, to its end.
    #[track_caller]
    pub(crate) fn goes_on_by_bytes(mut self) -> Peer {
        self.goes_on_to(usize::MAX, 1);
        self.peer
    }

    #[track_caller]
    fn goes_on_to(&mut self, last: usize, at_once: usize) {
        loop {
            let tls = self.peer.tls.as_mut().unwrap();
            while tls.wants_write() {
                tls.write_tls(&mut self.unsaid).unwrap();
            }
            let done = !tls.is_handshaking();
            while !self.unsaid.is_empty() && self.said < last {
                let count = self.unsaid.len().min(last - self.said).min(at_once);
                self.peer.sends_raw(&self.unsaid[..count]);
                self.unsaid.drain(..count);
                self.said += count;
            }
            if done && self.unsaid.is_empty() {
                self.done = true;
                return;
            }
            if self.said == last {
                return;
            }
            let left = deadline().saturating_duration_since(Instant::now());
            if !ready(&self.peer.socket, PollFlags::IN, left) {
                fail("nothing came of a handshake");
            }
            self.peer.reads_once();
            if let Some(end) = &self.peer.end {
                fail(&format!("it ended after {} bytes of a handshake: {end:?}", self.said));
            }
        }
    }
}
