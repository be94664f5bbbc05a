//! What the peer has said and nobody has looked at yet: as lines, or as bytes.
//!
//! A newcomer's trap: a line ends with CRLF or with LF alone, for who types at us by hand has no CR. What
//! tells them apart is a prompt: `{hex:0a}{no-eol}`.

/// The longest line, in bytes: as long as one in the file of a dialogue can be.
pub(super) const LINE: usize = 1024 * 1024;

/// Bytes, and how far they have been looked at. Holds a line, and what came with its end.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// Those before it are done with.
    start: usize,
    /// There is no end of line before it.
    looked: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Its end has not come.
    NotYet,
    /// It is longer than any is.
    TooLong,
}

impl Inbox {
    /// Adds what has come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.looked = self.looked.saturating_sub(self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What has not been looked at.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Is done with so many bytes.
    pub(super) fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        self.looked = self.looked.max(self.start);
    }

    /// Takes a line.
    pub(super) fn line(&mut self) -> Next {
        let unseen = self.bytes.get(self.looked..).unwrap_or_default();
        let Some(end) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.looked = self.bytes.len();
            return if self.unread().len() > LINE { Next::TooLong } else { Next::NotYet };
        };
        let end = self.looked + end;
        let line = self.bytes.get(self.start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        self.take(end + 1 - self.start);
        if line.len() > LINE { Next::TooLong } else { Next::Line(line) }
    }

    /// Takes all there is of a line whose end will not come.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = self.unread().to_vec();
        self.take(rest.len());
        (!rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Next {
        Next::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_end_with_crlf_or_lf() {
        let mut inbox = Inbox::default();
        inbox.push(b"a\r\nb\n\r\nc\rd\r\r\ne");
        assert_eq!([inbox.line(), inbox.line(), inbox.line()], [line("a"), line("b"), line("")]);
        assert_eq!([inbox.line(), inbox.line()], [line("c\rd\r"), Next::NotYet]);
        assert_eq!(inbox.rest().as_deref(), Some(&b"e"[..]));
        assert_eq!(inbox.rest(), None);
    }

    #[test]
    fn bytes_can_be_taken_before_lines() {
        let mut inbox = Inbox::default();
        inbox.push(b"login: a\n");
        inbox.take(7);
        assert_eq!(inbox.unread(), b"a\n");
        assert_eq!(inbox.line(), line("a"));
    }

    #[test]
    fn a_line_is_not_endless() {
        let mut inbox = Inbox::default();
        inbox.push(&vec![b'a'; LINE]);
        assert_eq!(inbox.line(), Next::NotYet);
        inbox.push(b"aa");
        assert_eq!(inbox.line(), Next::TooLong);
        inbox.push(b"\n");
        assert_eq!(inbox.line(), Next::TooLong, "though its end has come");
        assert_eq!(inbox.line(), Next::NotYet);
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_lines_of_the_whole(pieces in prop::collection::vec("[ab\r\n]{0,4}", 0..8)) {
            let lines = |pieces: &[String]| {
                let (mut inbox, mut lines) = (Inbox::default(), Vec::new());
                for piece in pieces {
                    inbox.push(piece.as_bytes());
                    while let Next::Line(line) = inbox.line() {
                        lines.push(line);
                    }
                }
                lines.extend(inbox.rest());
                lines
            };
            prop_assert_eq!(lines(&pieces), lines(&[pieces.concat()]));
        }
    }
}
