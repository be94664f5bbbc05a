//! Lines out of pieces: of replies, which have a longest, and of the text that some replies carry.
//!
//! A newcomer's trap: a line that never ends has to be noticed before its end; so a line of a reply that
//! is too long is an error as soon as it is, while text may be as long as it likes and is cut.

use super::LINE;
use crate::error::{Error, Result};
use std::borrow::Cow;

/// The part of a line that has come so far; never more than [`LINE`] bytes.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes the next line off the front of `bytes`, if its end is there; otherwise keeps all of them. It
    /// is given without its end, CR LF or LF.
    ///
    /// # Errors
    /// When it is longer than [`LINE`].
    pub(super) fn line<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Cow<'a, [u8]>>> {
        let before = self.partial.len();
        let end = position_of_lf(bytes).unwrap_or(bytes.len());
        if before.saturating_add(end) > LINE {
            let why = format!("a line of it is longer than {} KiB", LINE / 1024);
            return Err(Error::network("the reply", why));
        }
        Ok(self.text(bytes))
    }

    /// The same for text: a line that is longer than [`LINE`] is cut there.
    pub(super) fn text<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let (piece, rest, ends) = match position_of_lf(bytes).and_then(|at| bytes.split_at_checked(at)) {
            Some((piece, rest)) => (piece, rest.get(1..).unwrap_or_default(), true),
            None => (*bytes, &[][..], false),
        };
        *bytes = rest;
        let room = LINE.saturating_sub(self.partial.len());
        let kept = piece.get(..room).unwrap_or(piece);
        if !ends {
            self.partial.extend_from_slice(kept);
            return None;
        }
        if self.partial.is_empty() {
            return Some(Cow::Borrowed(kept.strip_suffix(b"\r").unwrap_or(kept)));
        }
        let mut line = std::mem::take(&mut self.partial);
        line.extend_from_slice(kept);
        line.pop_if(|last| *last == b'\r');
        Some(Cow::Owned(line))
    }
}

fn position_of_lf(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::split;
    use proptest::prelude::*;

    fn all(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for mut piece in pieces.iter().copied() {
            while let Some(line) = lines.line(&mut piece).unwrap() {
                all.push(line.into_owned());
            }
            assert!(piece.is_empty(), "all is taken");
        }
        all
    }

    #[test]
    fn lines_come_without_their_ends() {
        assert_eq!(all(&[b"a\r\nb\n\r\n\nc\rd\r\r\ne"]), [&b"a"[..], b"b", b"", b"", b"c\rd\r"]);
        assert_eq!(all(&[b"a\r", b"\nb", b"\n", b"\0\xff\r", b"\n"]), [&b"a"[..], b"b", b"\0\xff"]);
    }

    #[test]
    fn an_endless_line_of_a_reply_is_an_error_before_its_end() {
        let mut lines = Lines::default();
        assert_eq!(lines.line(&mut &[b'x'; LINE][..]), Ok(None));
        let error = lines.line(&mut &b"x"[..]).unwrap_err();
        assert_eq!(error.to_string(), "the reply: a line of it is longer than 64 KiB");
    }

    #[test]
    fn an_endless_line_of_text_is_cut() {
        let mut lines = Lines::default();
        for _ in 0..3 {
            assert_eq!(lines.text(&mut &[b'x'; LINE - 1][..]), None);
        }
        assert!(lines.partial.len() == LINE && lines.partial.capacity() <= 2 * LINE);
        assert_eq!(lines.text(&mut &b"y\nz"[..]).map(|line| line.len()), Some(LINE));
        assert_eq!(lines.text(&mut &b"y\n"[..]).as_deref(), Some(&b"y"[..]), "the next one is whole again");
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_lines(text in "[ab\r\n]{0,60}", sizes in prop::collection::vec(1usize..9, 1..6)) {
            prop_assert_eq!(all(&split(text.as_bytes(), &sizes)), all(&[text.as_bytes()]));
        }
    }
}
