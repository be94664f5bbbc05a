//! Lines of a client, as they come in pieces, up to a length.
//!
//! A newcomer's trap: a line that ends with LF alone is told from one that ends with CR LF, for that is what
//! everybody gets wrong first, and what a server to learn on should say.

/// Collects a line.
#[derive(Debug, Default)]
pub struct Lines {
    kept: Vec<u8>,
    too_long: bool,
}

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// It ended with CR LF.
    Whole(Vec<u8>),
    /// It ended with LF alone.
    Bare(Vec<u8>),
    /// It was longer than it may be.
    TooLong,
}

impl Lines {
    /// Takes what belongs to the line; how many bytes those are, and the line once it is complete. It may be `limit`
    /// bytes long, its end not counted; of a longer one no more than that is kept.
    pub fn take(&mut self, bytes: &[u8], limit: usize) -> (usize, Option<Line>) {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let (piece, taken) = end.map_or((bytes, bytes.len()), |end| (bytes.get(..end).unwrap_or(bytes), end + 1));
        // One more for the CR.
        let room = limit.saturating_add(1).saturating_sub(self.kept.len());
        self.too_long |= piece.len() > room;
        self.kept.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if end.is_none() {
            return (taken, None);
        }
        let mut line = std::mem::take(&mut self.kept);
        let whole = line.pop_if(|last| *last == b'\r').is_some();
        let line = match std::mem::take(&mut self.too_long) || line.len() > limit {
            true => Line::TooLong,
            false if whole => Line::Whole(line),
            false => Line::Bare(line),
        };
        (taken, Some(line))
    }

    /// How much of a line is held, in bytes.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.kept.len()
    }

    /// Whether a line has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.kept.is_empty() || self.too_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]], limit: usize) -> Vec<Line> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for mut piece in pieces.iter().copied() {
            while !piece.is_empty() {
                let (taken, line) = lines.take(piece, limit);
                assert!(taken > 0 && lines.kept.len() <= limit + 1);
                found.extend(line);
                piece = &piece[taken..];
            }
        }
        found
    }

    #[test]
    fn a_line_is_told_by_its_end() {
        let whole = |text: &[u8]| Line::Whole(text.to_vec());
        assert_eq!(lines(&[b"a\r\n\r\n"], 9), [whole(b"a"), whole(b"")]);
        assert_eq!(lines(&[b"a\nb\r", b"\n"], 9), [Line::Bare(b"a".to_vec()), whole(b"b")]);
        assert_eq!(lines(&[b"a\rb\r\r\n"], 9), [whole(b"a\rb\r")]);
        assert_eq!(lines(&[b"12345\r\n123456\r\n123456\n1\r\n"], 5)[1..], [Line::TooLong, Line::TooLong, whole(b"1")]);
        assert_eq!(lines(&[b"12345\r\n"], 5), [whole(b"12345")]);
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            text in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..200),
            size in 1_usize..20,
            limit in 0_usize..20,
        ) {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            prop_assert_eq!(lines(&pieces, limit), lines(&[&text], limit));
        }
    }
}
