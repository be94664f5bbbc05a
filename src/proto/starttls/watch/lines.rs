//! Bytes cut into lines, of which the beginning and the end are kept.
//!
//! A newcomer's trap: a line may have any length, and what is kept of it may not.

use crate::proto::literal;

/// As much of a line's beginning as it takes to know it by: a tag, a command, a reply code.
const HEAD: usize = 80;
/// As much of its end as the size of a literal takes.
const TAIL: usize = 24;

/// One direction of a conversation, cut up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines {
    line: Line,
    /// Bytes to come that are no lines.
    skip: u64,
}

/// A line without its end, as far as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Lines {
    /// Takes bytes up to the next end of a line: how many, and the line if its end is among them.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (usize, Option<Line>) {
        if self.skip > 0 {
            let n = usize::try_from(self.skip).map_or(bytes.len(), |skip| skip.min(bytes.len()));
            self.skip -= n as u64;
            return (n, None);
        }
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.push(bytes);
            return (bytes.len(), None);
        };
        self.line.push(bytes.get(..end).unwrap_or_default());
        (end + 1, Some(std::mem::take(&mut self.line)))
    }

    /// So many bytes come next that are no lines.
    pub(super) fn skip(&mut self, count: u64) {
        self.skip = count;
    }

    /// The line that has begun.
    pub(super) fn begun(&self) -> &Line {
        &self.line
    }
}

impl Line {
    fn push(&mut self, piece: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.tail.extend_from_slice(piece.get(piece.len().saturating_sub(TAIL)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }

    /// Its beginning; the whole of a short one.
    pub(super) fn text(&self) -> &[u8] {
        self.head.strip_suffix(b"\r").unwrap_or(&self.head)
    }

    /// Whether all that is kept of a beginning has come.
    pub(super) fn is_long(&self) -> bool {
        self.head.len() == HEAD
    }

    /// The words of its beginning, between blanks of any kind: servers are as lenient.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.text().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
    }

    /// Whether its first word is this, in whatever case.
    pub(super) fn begins_with(&self, word: &str) -> bool {
        self.words().next().is_some_and(|first| first.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The size of the literal that its end announces, and whether that waits to be asked for (RFC 7888).
    pub(super) fn literal(&self) -> Option<(u64, bool)> {
        let (size, is_sent_at_once) = literal::digits(self.tail.strip_suffix(b"\r").unwrap_or(&self.tail))?;
        Some((size.parse().ok()?, !is_sent_at_once))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Line {
        Lines::default().next(text).1.unwrap()
    }

    #[test]
    fn the_size_of_a_literal_is_at_the_end_of_a_line() {
        assert_eq!(line(b"a APPEND x {12}\r\n").literal(), Some((12, true)));
        assert_eq!(line(b"PUTSCRIPT \"x\" {7+}\n").literal(), Some((7, false)));
        assert_eq!(line(&[&[b'x'; 500][..], b"{3}\r\n"].concat()).literal(), Some((3, true)));
        for none in [&b"{}\n"[..], b"{1x}\n", b"1}\n", b"{1} \n", b"{99999999999999999999}\n", b"\n", b"}\n", b"{+}\n"]
        {
            assert_eq!(line(none).literal(), None, "{none:?}");
        }
    }

    #[test]
    fn what_is_kept_of_a_line_has_a_limit() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            assert_eq!(lines.next(&[b'x'; 1000]), (1000, None));
        }
        assert_eq!((lines.line.head.len(), lines.line.tail.len()), (HEAD, TAIL));
    }
}
