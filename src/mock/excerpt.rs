//! What of a long text is shown at a terminal: its beginning, and nothing that steers the terminal.
//!
//! A newcomer's trap: a text comes in pieces, and a character of UTF-8 may be cut in two by them.

use crate::{
    filter::utf8::{Characters, Run},
    report::steers,
};

/// So many lines are shown.
pub const LINES: usize = 200;
/// So many bytes are shown, if lines are long.
pub const BYTES: u64 = 64 << 10;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Excerpt {
    lines: usize,
    taken: u64,
    characters: Characters,
}

impl Excerpt {
    /// Adds what is shown of `bytes` to `out`. False when that was enough.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let mut characters = std::mem::take(&mut self.characters);
        characters.pass(bytes, |run| self.add(run, out));
        self.characters = characters;
        !self.is_full()
    }

    /// No more comes.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        std::mem::take(&mut self.characters).end(|run| self.add(run, out));
    }

    /// How many bytes of the text have been shown.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    fn is_full(&self) -> bool {
        self.lines == LINES || self.taken >= BYTES
    }

    fn add(&mut self, run: Run<'_>, out: &mut Vec<u8>) {
        match run {
            Run::Text(text) => {
                for c in text.chars() {
                    if self.is_full() {
                        return;
                    }
                    match c {
                        c if steers(c) && !matches!(c, '\n' | '\t') => out.extend(c.escape_unicode().map(|c| c as u8)),
                        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    self.lines += usize::from(c == '\n');
                    self.taken += c.len_utf8() as u64;
                }
            }
            Run::Odd(_) if self.is_full() => {}
            Run::Odd(bytes) => {
                bytes.iter().for_each(|byte| out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()));
                self.taken += bytes.len() as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(bytes: &[u8], piece: usize) -> (String, u64) {
        let (mut excerpt, mut out) = (Excerpt::default(), Vec::new());
        if bytes.chunks(piece).all(|bytes| excerpt.take(bytes, &mut out)) {
            excerpt.end(&mut out);
        }
        (String::from_utf8(out).unwrap(), excerpt.taken())
    }

    #[test]
    fn text_stays_and_what_steers_is_escaped() {
        for (text, seen) in [
            (&b"a\tb\n\n"[..], "a\tb\n\n"),
            ("grün ☃ 🙂\n".as_bytes(), "grün ☃ 🙂\n"),
            (b"\x1b[31mred\r\x07", "\\u{1b}[31mred\\u{d}\\u{7}"),
            ("\u{9b}31m\u{202e}".as_bytes(), "\\u{9b}31m\\u{202e}"),
            (b"\xff\xc3", "\\xff\\xc3"),
        ] {
            assert_eq!(shown(text, 99), (seen.to_owned(), text.len() as u64));
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(shown(&b"a\n".repeat(LINES + 50), 7), ("a\n".repeat(LINES), 2 * LINES as u64));
        let long = shown("ü".repeat(100_000).as_bytes(), 1000);
        assert_eq!((long.0.len() as u64, long.1), (BYTES, BYTES));
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            bytes in prop_oneof![".{0,50}".prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..100)],
            piece in 1_usize..9,
        ) {
            let whole = shown(&bytes, usize::MAX);
            prop_assert_eq!(&shown(&bytes, piece), &whole);
            prop_assert!(!whole.0.chars().any(|c| steers(c) && c != '\n' && c != '\t'));
        }
    }
}
