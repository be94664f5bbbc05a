//! What of a long text is shown at a terminal: its beginning, and nothing that steers the terminal.
//!
//! A newcomer's trap: a text comes in pieces, and a character of UTF-8 may be cut in two by them.

use crate::report::steers;

/// So many lines are shown.
pub const LINES: usize = 200;
/// So many bytes are shown, if lines are long.
pub const BYTES: u64 = 64 << 10;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Excerpt {
    lines: usize,
    taken: u64,
    /// The beginning of a character.
    part: Vec<u8>,
}

impl Excerpt {
    /// Adds what is shown of `bytes` to `out`. False when that was enough.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let bytes = [&*std::mem::take(&mut self.part), bytes].concat();
        let mut left = bytes.len();
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\n' | '\t' => out.extend_from_slice(c.encode_utf8(&mut [0]).as_bytes()),
                    c if steers(c) => out.extend_from_slice(c.escape_unicode().to_string().as_bytes()),
                    c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                self.lines += usize::from(c == '\n');
                self.taken += c.len_utf8() as u64;
                if self.lines == LINES || self.taken >= BYTES {
                    return false;
                }
            }
            left -= chunk.valid().len() + chunk.invalid().len();
            let cut = str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            if left == 0 && cut {
                self.part = chunk.invalid().to_vec();
            } else {
                self.wrong(chunk.invalid(), out);
            }
        }
        true
    }

    /// No more comes.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let part = std::mem::take(&mut self.part);
        self.wrong(&part, out);
    }

    /// How many bytes of the text have been shown.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    fn wrong(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        bytes.iter().for_each(|byte| out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()));
        self.taken += bytes.len() as u64;
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
