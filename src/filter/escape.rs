//! Control characters made visible, so that what comes from elsewhere cannot steer a terminal.
//!
//! A newcomer's trap: C1 controls are two bytes in UTF-8, and a CR is none of our business before an LF; so what
//! stands at the end of a piece may have to wait for the next one. That is never more than 3 bytes.

/// Pieces of one text, of which none ends within a character. If they are escaped, TAB, LF and CR LF stay, and so does
/// all that is text in UTF-8. Another control character becomes `\x1b` (`\r`, `\u{9b}`), and so does a byte that is no
/// UTF-8.
#[derive(Debug)]
pub struct Pieces {
    escapes: bool,
    /// A CR, or the beginning of a character.
    held: Vec<u8>,
}

impl Pieces {
    /// Before the first piece.
    #[must_use]
    pub fn new(escapes: bool) -> Self {
        Self { escapes, held: Vec::new() }
    }

    /// Whether they are escaped.
    #[must_use]
    pub fn are_escaped(&self) -> bool {
        self.escapes
    }

    /// Puts the next piece behind `out`, but for what may have to wait.
    pub fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut joined = std::mem::take(&mut self.held);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let is_last = chunks.peek().is_none();
            if self.escapes {
                self.escape(chunk.valid(), is_last && chunk.invalid().is_empty(), out);
            } else {
                out.extend_from_slice(chunk.valid().as_bytes());
            }
            if is_last && is_beginning(chunk.invalid()) {
                self.held.extend_from_slice(chunk.invalid());
            } else {
                self.odd(chunk.invalid(), out);
            }
        }
    }

    /// No more will come: puts what is held behind `out`.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.held).as_slice() {
            b"\r" => out.extend_from_slice(b"\\r"),
            held => self.odd(held, out),
        }
    }

    fn escape(&mut self, text: &str, is_last: bool, out: &mut Vec<u8>) {
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('\r', None) if is_last => self.held.push(b'\r'),
                ('\t' | '\n', _) | ('\r', Some('\n')) => out.push(c as u8),
                ('\r', _) => out.extend_from_slice(b"\\r"),
                (c, _) if c.is_ascii_control() => escape(c as u8, out),
                (c, _) if c.is_control() => out.extend(c.escape_unicode().map(|c| c as u8)),
                (c, _) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    /// What is no UTF-8.
    fn odd(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.escapes {
            bytes.iter().for_each(|byte| escape(*byte, out));
        } else {
            out.extend_from_slice(bytes);
        }
    }
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
}

/// Whether these bytes may become a character when more come.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::split;
    use proptest::prelude::*;

    fn pass(escapes: bool, bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
        let (mut pieces, mut out) = (Pieces::new(escapes), Vec::new());
        for piece in split(bytes, sizes) {
            pieces.pass(piece, &mut out);
            assert!(pieces.held.len() <= 3, "{:?}", pieces.held);
        }
        pieces.end(&mut out);
        out
    }

    fn escaped(bytes: &[u8], sizes: &[usize]) -> String {
        String::from_utf8(pass(true, bytes, sizes)).unwrap()
    }

    #[test]
    fn text_stays_and_so_do_its_line_ends() {
        for text in ["", "220 hi\r\n", "a\tb\n\n", "\r\n\r\n", "grün, 日本語, 🙂\r\n", "\u{a0}\u{2028}\\x1b"] {
            for size in [1, 2, 3, 99] {
                assert_eq!(escaped(text.as_bytes(), &[size]), text);
            }
        }
    }

    #[test]
    fn control_characters_are_shown() {
        for (bytes, shown) in [
            (&b"\x1b]0;x\x07"[..], "\\x1b]0;x\\x07"),
            (b"\0\x08\x0b\x0c\x7f", "\\x00\\x08\\x0b\\x0c\\x7f"),
            ("a\u{80}\u{9b}2J\u{9f}".as_bytes(), "a\\u{80}\\u{9b}2J\\u{9f}"),
            (b"\x9b2J", "\\x9b2J"),
            (b"caf\xe9\n", "caf\\xe9\n"),
            (b"a\rb\r\r\n\r", "a\\rb\\r\r\n\\r"),
            (b"\r\xff\xf0\x9f", "\\r\\xff\\xf0\\x9f"),
            (b"\xf0\x9f\x98\n\xc2", "\\xf0\\x9f\\x98\n\\xc2"),
        ] {
            for size in [1, 2, 3, 99] {
                assert_eq!(escaped(bytes, &[size]), shown, "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_can_be_shown_is_shown_at_once() {
        let (mut pieces, mut out) = (Pieces::new(true), Vec::new());
        pieces.pass("login: ü".as_bytes(), &mut out);
        assert_eq!(out, "login: ü".as_bytes());
        pieces.pass(b"\r", &mut out);
        pieces.pass(b"\xc3", &mut out);
        assert!(out.ends_with(b"\\r"), "nothing but the beginning of a character waits");
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_and_no_control_character_passes(
            bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0xc2), Just(0x9b), any::<u8>()], 0..60),
            sizes in prop::collection::vec(1usize..9, 1..6),
        ) {
            let whole = escaped(&bytes, &[usize::MAX]);
            prop_assert_eq!(&escaped(&bytes, &sizes), &whole);
            prop_assert_eq!(&pass(false, &bytes, &sizes), &bytes);
            let bare = whole.replace("\r\n", "\n");
            prop_assert!(!bare.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{whole:?}");
        }
    }
}
