//! What is shown to a person: replies in the colour of their kind, control characters escaped.
//!
//! A newcomer's trap: a piece may be the last one, and the program may die of a signal after it; so each piece that
//! is coloured ends without a colour, and the next one begins with it anew.

use super::{Filter, escape::Pieces};
use crate::proto::{
    evidence::Evidence,
    reply::{Kind, follow::Follower},
};
use std::rc::Rc;

/// Changes nothing; lets the [`Follower`] know what is sent.
pub struct Sent(Rc<Follower>);

/// See the module's description. It changes nothing before a protocol of replies has shown itself.
pub struct Shown {
    evidence: Rc<Evidence>,
    /// Tells replies from what only looks like them; without it nothing is coloured.
    follower: Option<Rc<Follower>>,
    pieces: Pieces,
}

impl Sent {
    /// Tells `follower`.
    #[must_use]
    pub fn new(follower: Rc<Follower>) -> Self {
        Self(follower)
    }
}

impl Filter for Sent {
    fn apply(&mut self, bytes: &mut Vec<u8>, _spare: &mut Vec<u8>) {
        self.0.said(bytes);
    }

    fn is_done(&self) -> bool {
        self.0.is_lost()
    }
}

impl Shown {
    /// Colours what `follower` knows to be replies, if there is one; escapes if `escapes`.
    #[must_use]
    pub fn new(evidence: Rc<Evidence>, follower: Option<Rc<Follower>>, escapes: bool) -> Self {
        Self { evidence, follower, pieces: Pieces::new(escapes) }
    }
}

impl Filter for Shown {
    fn apply(&mut self, bytes: &mut Vec<u8>, spare: &mut Vec<u8>) {
        // Of other protocols nothing is known to be text.
        let is_evident = self.evidence.has_replies();
        spare.clear();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, kind) = match &self.follower {
                Some(follower) => follower.heard(&mut rest),
                None => (std::mem::take(&mut rest), None),
            };
            if !is_evident {
                spare.extend_from_slice(piece);
                continue;
            }
            let (text, end) = piece.split_at_checked(text_of(piece)).unwrap_or((piece, &[]));
            match kind.filter(|_| !text.is_empty()) {
                Some(kind) => {
                    spare.extend_from_slice(colour(kind));
                    self.pieces.pass(text, spare);
                    spare.extend_from_slice(PLAIN);
                    self.pieces.pass(end, spare);
                }
                None => self.pieces.pass(piece, spare),
            }
        }
        self.follower.take_if(|follower| follower.is_lost());
        if self.is_done() {
            self.pieces.end(spare);
        }
        std::mem::swap(bytes, spare);
    }

    fn end(&mut self, bytes: &mut Vec<u8>) {
        self.pieces.end(bytes);
    }

    fn is_done(&self) -> bool {
        self.follower.is_none() && !self.pieces.are_escaped()
    }
}

const PLAIN: &[u8] = b"\x1b[0m";

/// Yellow and white cannot be read on a light background, blue cannot on a dark one.
fn colour(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Success => b"\x1b[32m",
        Kind::Continue => b"\x1b[36m",
        Kind::Transient => b"\x1b[35m",
        Kind::Permanent => b"\x1b[31m",
    }
}

/// The length of a line without its end.
fn text_of(line: &[u8]) -> usize {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}

#[cfg(test)]
mod tests;
