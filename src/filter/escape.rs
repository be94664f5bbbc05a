//! Control characters made visible, so that what comes from elsewhere cannot steer a terminal.
//!
//! A newcomer's trap: C1 controls are two bytes in UTF-8, and a CR is none of our business before an LF; so what
//! stands at the end of a piece may have to wait for the next one. That is never more than 3 bytes.

use super::utf8::{Characters, Run};
use crate::report::turns;

/// Pieces of one text, of which none ends within a character. If they are escaped, TAB, LF and CR LF stay, and so does
/// all that is text in UTF-8. Another control character becomes `\x1b` (`\r`, `\u{9b}`), and so does a byte that is no
/// UTF-8.
#[derive(Debug)]
pub struct Pieces {
    escapes: bool,
    characters: Characters,
    /// The last character was a CR, which an LF may follow.
    after_cr: bool,
}

impl Pieces {
    /// Before the first piece.
    #[must_use]
    pub fn new(escapes: bool) -> Self {
        Self { escapes, characters: Characters::default(), after_cr: false }
    }

    /// Whether they are escaped.
    #[must_use]
    pub fn are_escaped(&self) -> bool {
        self.escapes
    }

    /// Puts the next piece behind `out`, but for what may have to wait.
    pub fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Self { escapes, characters, after_cr } = self;
        characters.pass(bytes, |run| match run {
            Run::Text(text) if *escapes => text.chars().for_each(|c| escape(c, after_cr, out)),
            Run::Text(text) => out.extend_from_slice(text.as_bytes()),
            Run::Odd(odd) => pass_odd(odd, *escapes, after_cr, out),
        });
        // What has begun is no LF.
        if characters.has_begun() {
            end_cr(after_cr, out);
        }
    }

    /// No more will come: puts what is held behind `out`.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let Self { escapes, characters, after_cr } = self;
        end_cr(after_cr, out);
        characters.end(|run| match run {
            Run::Text(text) => out.extend_from_slice(text.as_bytes()),
            Run::Odd(odd) => pass_odd(odd, *escapes, after_cr, out),
        });
    }
}

fn escape(c: char, after_cr: &mut bool, out: &mut Vec<u8>) {
    if c == '\n' && std::mem::take(after_cr) {
        out.push(b'\r');
    }
    end_cr(after_cr, out);
    match c {
        '\r' => *after_cr = true,
        '\t' | '\n' => out.push(c as u8),
        c if c.is_ascii_control() => escape_byte(c as u8, out),
        c if turns(c) => out.extend(c.escape_unicode().map(|c| c as u8)),
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// What is no UTF-8.
fn pass_odd(bytes: &[u8], escapes: bool, after_cr: &mut bool, out: &mut Vec<u8>) {
    end_cr(after_cr, out);
    if escapes {
        bytes.iter().for_each(|byte| escape_byte(*byte, out));
    } else {
        out.extend_from_slice(bytes);
    }
}

/// No LF follows a CR, if there was one.
fn end_cr(after_cr: &mut bool, out: &mut Vec<u8>) {
    if std::mem::take(after_cr) {
        out.extend_from_slice(b"\\r");
    }
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
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
        }
        pieces.end(&mut out);
        out
    }

    fn escaped(bytes: &[u8], sizes: &[usize]) -> String {
        String::from_utf8(pass(true, bytes, sizes)).unwrap()
    }

    #[test]
    fn text_stays_and_so_do_its_line_ends() {
        for text in ["", "220 hi\r\n", "a\tb\n\n", "\r\n\r\n", "grün, 日本語, 🙂\r\n", "\u{a0}\u{200d}\\x1b"] {
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
            ("a\u{202e}b\u{2028}".as_bytes(), "a\\u{202e}b\\u{2028}"),
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
