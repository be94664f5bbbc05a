//! What is said in a room in one round: gathered, and then given to each at once.
//!
//! Thousands who say a word each would otherwise cost thousands of times thousands of system calls.
//! Nobody waits for it: what is gathered goes out before the round ends.
//!
//! A newcomer's trap: nobody hears itself. So who has spoken is given what was said before and
//! after its own words; and where boundaries count, each is given word by word.

use super::{Relay, outbox::Shared};
use crate::reactor::ByToken;
use mio::Token;
use std::{ops::Range, time::Instant};

/// So much is gathered; who says as much by himself is not.
const MUCH: usize = 16 * 1024;

/// So many words are.
const MANY: usize = 1024;

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Said {
    bytes: Vec<u8>,
    words: Vec<Word>,
}

/// What one has said at once.
#[derive(Debug)]
struct Word {
    by: Token,
    part: Range<usize>,
    /// How long a datagram it may make.
    cut: usize,
}

impl Relay {
    /// What `speaker` says is heard by all the others in this round.
    pub(super) fn say(&mut self, speaker: Token, bytes: &[u8], cut: usize, now: Instant) {
        if bytes.len() < MUCH {
            let is_enough = self.said.push(speaker, bytes, cut);
            return if is_enough {
                self.spread(now)
            };
        }
        self.spread(now);
        let mut shared = Shared::new(bytes);
        for sink in self.room.all().iter().filter(|sink| **sink != speaker) {
            self.deliver_to(*sink, &mut shared, 0..bytes.len(), cut, now);
        }
    }

    /// Gives to each what has been gathered.
    pub(super) fn spread(&mut self, now: Instant) {
        if self.said.words.is_empty() {
            return;
        }
        let mut said = std::mem::take(&mut self.said);
        let (by_speaker, mut shared) = (said.by_speaker(), Shared::new(&said.bytes));
        for sink in self.room.all().iter() {
            let own = by_speaker.get(sink).map_or(&[][..], Vec::as_slice);
            if self.endpoints.get(sink).is_some_and(|to| to.stream.is_datagram()) {
                for word in said.words.iter().filter(|word| word.by != *sink) {
                    self.deliver_to(*sink, &mut shared, word.part.clone(), word.cut, now);
                }
            } else {
                for part in around(own, said.bytes.len()) {
                    self.deliver_to(*sink, &mut shared, part, usize::MAX, now);
                }
            }
        }
        said.bytes.clear();
        said.words.clear();
        self.said = said;
    }
}

impl Said {
    fn push(&mut self, by: Token, bytes: &[u8], cut: usize) -> bool {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.words.push(Word { by, part: begin..self.bytes.len(), cut });
        self.bytes.len() >= MUCH || self.words.len() >= MANY
    }

    fn by_speaker(&self) -> ByToken<Vec<Range<usize>>> {
        let mut by_speaker = ByToken::<Vec<_>>::default();
        for word in &self.words {
            by_speaker.entry(word.by).or_default().push(word.part.clone());
        }
        by_speaker
    }
}

/// What is left of so many bytes without these parts of them, which are in order.
fn around(own: &[Range<usize>], bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let begins = std::iter::once(0).chain(own.iter().map(|part| part.end));
    let ends = own.iter().map(|part| part.start).chain(std::iter::once(bytes));
    begins.zip(ends).map(|(begin, end)| begin..end).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_is_left_with_what_the_others_have_said(
            words in prop::collection::vec((0usize..4, prop::collection::vec(any::<u8>(), 0..20)), 0..30)
        ) {
            let mut said = Said::default();
            for (by, word) in &words {
                said.push(Token(*by), word, usize::MAX);
            }
            let by_speaker = said.by_speaker();
            for listener in 0..5 {
                let own = by_speaker.get(&Token(listener)).cloned().unwrap_or_default();
                let heard: Vec<u8> = around(&own, said.bytes.len()).flat_map(|part| said.bytes[part].to_vec()).collect();
                let others = words.iter().filter(|(by, _)| *by != listener);
                prop_assert_eq!(heard, others.flat_map(|(_, word)| word.clone()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn it_is_bounded() {
        let mut said = Said::default();
        assert!(!said.push(Token(1), &[0; MUCH - 1], 0));
        assert!(said.push(Token(1), &[0], 0));
        let mut said = Said::default();
        assert_eq!((1..).find(|_| said.push(Token(1), b"", 0)), Some(MANY));
    }
}
