//! Responses that may contain [literals](crate::proto::literal), of IMAP and Sieve: the lines that they are made
//! of are put together here.
//!
//! A newcomer's trap: a literal may be larger than any memory, and may hold lines that look like
//! responses. It is counted, and not kept.

use super::{Next, lines::Lines};
use crate::{error::Result, proto::literal::announced};

/// The most bytes at the end of a line that announce a literal, with the line's end.
const TAIL: usize = 32;

/// The most bytes of a literal that are kept where it says what went wrong.
const KEPT: usize = 1024;

/// What is to be done with the literals of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literals {
    /// It has none; its text may look like one.
    None,
    /// They are counted.
    Counted,
    /// They are counted, and the beginning of the first one is put in the place of its size.
    Quoted,
}

/// Responses out of pieces: lines, and what their literals hold.
#[derive(Debug)]
pub(super) struct Responses {
    /// Told by a response's first line.
    literals: fn(&[u8]) -> Literals,
    lines: Lines,
    /// The last bytes of the line that is being heard, with its end.
    tail: Vec<u8>,
    /// The line that is being heard may be longer than a reply; it is cut.
    is_long: Option<bool>,
    /// The first line of a response that goes on, and what is to be done with its literals.
    front: Option<Vec<u8>>,
    /// What is left of a literal.
    left: u64,
    /// How much of a literal is still to be kept.
    room: usize,
}

impl Responses {
    pub(super) fn new(literals: fn(&[u8]) -> Literals) -> Self {
        let lines = Lines::default();
        Self { literals, lines, tail: Vec::new(), is_long: None, front: None, left: 0, room: 0 }
    }

    /// Takes the next response off the front of `bytes`, if it is whole; otherwise takes all of them. Its
    /// first line is given. If it begins with `long`, that may be longer than a reply's, and is cut.
    ///
    /// # Errors
    /// When the line is too long.
    pub(super) fn next(&mut self, bytes: &mut &[u8], long: Option<u8>) -> Result<Option<Vec<u8>>> {
        loop {
            self.literal(bytes);
            let Some(&first) = bytes.first() else { return Ok(None) };
            let is_long = *self.is_long.get_or_insert_with(|| self.front.is_some() || Some(first) == long);
            let before = *bytes;
            let line = if is_long { self.lines.text(bytes) } else { self.lines.line(bytes)? };
            self.heard(before.get(..before.len().saturating_sub(bytes.len())).unwrap_or(before));
            let Some(line) = line else { return Ok(None) };
            self.is_long = None;
            let tail = std::mem::take(&mut self.tail);
            let literal = announced(tail.trim_ascii_end());
            let is_first = self.front.is_none();
            let mut front = self.front.take().unwrap_or_else(|| line.into_owned());
            let literals = (self.literals)(&front);
            let Some(literal) = literal.filter(|_| literals != Literals::None) else { return Ok(Some(front)) };
            if literals == Literals::Quoted && is_first {
                front.truncate(front.iter().rposition(|byte| *byte == b'{').unwrap_or(front.len()));
                self.room = KEPT;
            }
            self.left = literal.size;
            self.front = Some(front);
        }
    }

    /// What is heard next.
    pub(super) fn what(&self) -> Next {
        match (self.left, &self.front) {
            (0, None) => Next::Reply,
            (0, Some(_)) => Next::Text,
            (left, _) => Next::Bytes(left),
        }
    }

    /// Takes as much of a literal as there is of it.
    fn literal(&mut self, bytes: &mut &[u8]) {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (literal, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        let kept = literal.get(..self.room).unwrap_or(literal);
        if let Some(front) = &mut self.front {
            front.extend_from_slice(kept);
        }
        self.room = self.room.saturating_sub(kept.len());
        self.left = self.left.saturating_sub(literal.len() as u64);
        if self.left == 0 {
            self.room = 0;
        }
        *bytes = rest;
    }

    /// Keeps the last bytes of a line.
    fn heard(&mut self, piece: &[u8]) {
        let last = piece.len().saturating_sub(TAIL);
        self.tail.extend_from_slice(piece.get(last..).unwrap_or(piece));
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{reply::LINE, testing::split};
    use proptest::prelude::*;

    fn all(bytes: &[u8], sizes: &[usize], literals: fn(&[u8]) -> Literals) -> Vec<Vec<u8>> {
        let (mut responses, mut all) = (Responses::new(literals), Vec::new());
        for mut piece in split(bytes, sizes) {
            while let Some(response) = responses.next(&mut piece, Some(b'*')).unwrap() {
                all.push(response);
            }
            assert!(piece.is_empty() && responses.tail.len() <= TAIL);
        }
        all
    }

    #[test]
    fn a_response_is_whole_behind_its_literals() {
        let heard = b"* 1 FETCH {4}\r\na\r\nb {3}\nx)\r)\r\na1 OK\n* {3+}\r\n";
        assert_eq!(all(heard, &[1], |_| Literals::Counted), [&b"* 1 FETCH {4}"[..], b"a1 OK"]);
        let lines = all(heard, &[1], |_| Literals::None);
        assert_eq!(lines.len(), 6, "{lines:?}");
    }

    #[test]
    fn what_went_wrong_is_kept_as_far_as_it_is_of_use() {
        assert_eq!(all(b"NO {4}\r\na\r\nb\r\n", &[1], |_| Literals::Quoted), [b"NO a\r\nb"]);
        let long = [&b"NO {5000}\r\n"[..], &[b'x'; 5000], b" {2}\r\nyz\r\n"].concat();
        assert_eq!(all(&long, &[99], |_| Literals::Quoted), [[&b"NO "[..], &[b'x'; KEPT]].concat()]);
    }

    #[test]
    fn a_long_line_is_cut_and_its_literal_seen() {
        let line = [&b"* "[..], &vec![b'x'; LINE], b" {3}\r\nabc\r\n* \r\n"].concat();
        let lines = all(&line, &[1000], |_| Literals::Counted);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [LINE, 2]);
        let mut responses = Responses::new(|_| Literals::Counted);
        assert!(responses.next(&mut &vec![b'x'; LINE + 1][..], Some(b'*')).is_err());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_it_is_split(text in "[*NO{}0-3+\r\n]{0,60}", sizes in prop::collection::vec(1usize..9, 1..6)) {
            for literals in [|_: &[u8]| Literals::Counted, |_: &[u8]| Literals::Quoted] {
                prop_assert_eq!(all(text.as_bytes(), &sizes, literals), all(text.as_bytes(), &[99], literals));
            }
        }
    }
}
