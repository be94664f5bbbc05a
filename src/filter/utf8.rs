//! Text in UTF-8 that comes in pieces: which of it is text, and which bytes are none.
//!
//! A newcomer's trap: a piece may end within a character. What is there of it waits for the next piece, which is never
//! more than 3 bytes; and when no more comes, it was no text.

/// Puts together what a character was cut into.
#[derive(Debug, Default)]
pub struct Characters {
    part: Vec<u8>,
}

/// A run of a text that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run<'a> {
    /// Whole characters.
    Text(&'a str),
    /// Bytes that are no UTF-8.
    Odd(&'a [u8]),
}

impl Characters {
    /// Tells of the runs in the next piece.
    pub fn pass(&mut self, bytes: &[u8], mut found: impl FnMut(Run<'_>)) {
        let mut joined = std::mem::take(&mut self.part);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            if !chunk.valid().is_empty() {
                found(Run::Text(chunk.valid()));
            }
            match chunk.invalid() {
                [] => {}
                odd if chunks.peek().is_none() && is_beginning(odd) => self.part.extend_from_slice(odd),
                odd => found(Run::Odd(odd)),
            }
        }
    }

    /// No more will come: tells of what waits, if anything does.
    pub fn end(&mut self, mut found: impl FnMut(Run<'_>)) {
        let part = std::mem::take(&mut self.part);
        if !part.is_empty() {
            found(Run::Odd(&part));
        }
    }

    /// Whether a character has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.part.is_empty()
    }
}

/// Whether these bytes may become a character when more come.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text, with odd bytes in brackets.
    fn told(pieces: &[&[u8]]) -> String {
        let (mut characters, mut all) = (Characters::default(), String::new());
        let mut tell = |run: Run<'_>| match run {
            Run::Text(text) => all.push_str(text),
            Run::Odd(bytes) => bytes.iter().for_each(|byte| all.push_str(&format!("[{byte:02x}]"))),
        };
        for piece in pieces {
            characters.pass(piece, &mut tell);
            assert!(characters.part.len() <= 3);
        }
        characters.end(&mut tell);
        assert!(!characters.has_begun());
        all
    }

    #[test]
    fn characters_are_put_together_and_what_is_none_is_told() {
        assert_eq!(told(&[b"a\xe2", b"\x82", b"\xacb"]), "a\u{20ac}b");
        assert_eq!(told(&[b"\xf0\x9f", b"x\xff\xc3"]), "[f0][9f]x[ff][c3]");
    }

    #[test]
    fn what_is_known_is_told_at_once() {
        let (mut characters, mut all) = (Characters::default(), Vec::new());
        characters.pass(b"ab\xc3", |run| all.push(format!("{run:?}")));
        assert_eq!((all, characters.has_begun()), (vec!["Text(\"ab\")".to_owned()], true));
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            bytes in prop_oneof![".{0,20}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..40)],
            size in 1_usize..6,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(told(&pieces), told(&[&bytes]));
        }
    }
}
