//! A stand-in for the owner of a connection, for tests: plays what a peer says to a dialogue.
//!
//! It keeps to no protocol: all pieces are offered one after the other, whether they were asked for or not.

use super::{Dialogue, Step};
use crate::error::Result;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Played {
    /// All that was sent, message by message.
    pub(super) sent: Vec<Vec<u8>>,
    /// The last step, or the failure.
    pub(super) end: Result<Step>,
    /// What was left over.
    pub(super) rest: Vec<u8>,
    /// The most that lay there when the dialogue wanted to wait.
    pub(super) peak: usize,
}

/// Offers `pieces` until the dialogue is over or there are no more.
pub(super) fn play<'a>(dialogue: &mut dyn Dialogue, pieces: impl IntoIterator<Item = &'a [u8]>) -> Played {
    let (mut sent, mut arrived, mut peak) = (Vec::new(), Vec::new(), 0);
    let mut end = advance(dialogue, &mut arrived, &mut sent);
    let mut pieces = pieces.into_iter();
    while end == Ok(Step::Wait) {
        let Some(piece) = pieces.next() else { break };
        arrived.extend_from_slice(piece);
        end = advance(dialogue, &mut arrived, &mut sent);
        if end == Ok(Step::Wait) {
            peak = peak.max(arrived.len());
        }
    }
    // What had not been offered by then came through untouched as well.
    arrived.extend(pieces.flatten());
    Played { sent, end, rest: arrived, peak }
}

/// `bytes` in pieces whose lengths are `sizes`, over and over.
pub(crate) fn split<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for size in sizes.iter().cycle() {
        let Some((piece, more)) = rest.split_at_checked((*size).max(1)) else { break };
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

fn advance(dialogue: &mut dyn Dialogue, arrived: &mut Vec<u8>, sent: &mut Vec<Vec<u8>>) -> Result<Step> {
    for _ in 0..100 {
        match dialogue.advance(arrived)? {
            Step::Send(bytes) => sent.push(bytes),
            other => return Ok(other),
        }
    }
    panic!("sends without end: {sent:?}")
}
