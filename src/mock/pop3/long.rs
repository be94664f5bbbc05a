//! Answers of many lines, made in pieces: listings, and mails.
//!
//! A newcomer's trap: a mail is never in memory as a whole. It is read as it is sent, and what was promised
//! of it may be no longer there: then the session breaks off, for a dot would say that this was all.

use super::mailbox::Mailbox;
use crate::mock::READY;
use std::{
    fs::File,
    io::{self, Read},
};

/// So much of a file is read at once, in bytes.
const PIECE: usize = READY / 2;

/// An answer that has begun.
#[derive(Debug)]
pub enum Long {
    /// A line for each mail that is not deleted, from this one on.
    Listing(Listed, usize),
    /// A mail.
    Letter(Letter),
}

/// What is said of each mail.
#[derive(Debug, Clone, Copy)]
pub enum Listed {
    /// Its size.
    Size,
    /// Its unique-id.
    Id,
}

/// A mail on its way from its file.
#[derive(Debug)]
pub struct Letter {
    file: File,
    wire: Wire,
}

impl Long {
    /// A mail, or the beginning of it (RFC 1939, 7, TOP): all headers, and so many lines.
    #[must_use]
    pub fn letter(file: File, lines: Option<u64>) -> Self {
        Self::Letter(Letter { file, wire: Wire { left: lines, ..Wire::default() } })
    }

    /// Adds a piece of it; whether there may be more.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn go_on(&mut self, mailbox: &Mailbox, out: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Self::Listing(_, next) if *next >= mailbox.count() => {
                out.extend_from_slice(b".\r\n");
                Ok(false)
            }
            Self::Listing(listed, next) => {
                if !mailbox.is_deleted(*next) {
                    out.extend_from_slice(format!("{}\r\n", listed.line(mailbox, *next)).as_bytes());
                }
                *next += 1;
                Ok(true)
            }
            Self::Letter(letter) => letter.go_on(out),
        }
    }
}

impl Listed {
    /// What is said of this mail, which has its number before it.
    #[must_use]
    pub fn line(self, mailbox: &Mailbox, mail: usize) -> String {
        match self {
            Self::Size => format!("{} {}", mail + 1, mailbox.size(mail)),
            Self::Id => format!("{} {}", mail + 1, mailbox.id(mail)),
        }
    }
}

impl Letter {
    fn go_on(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; PIECE];
        let count = match self.file.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            read => read?,
        };
        if count > 0 && self.wire.take(buffer.get(..count).unwrap_or_default(), out) {
            return Ok(true);
        }
        self.wire.end(out);
        Ok(false)
    }
}

/// Turns lines of a file, which end with LF or CR LF, into those of the wire.
#[derive(Debug, Default)]
struct Wire {
    /// How many bytes of the line have been seen.
    column: u64,
    last_is_cr: bool,
    /// The empty line behind the headers has been seen.
    in_body: bool,
    /// So many lines of the body may come; all of them if `None`.
    left: Option<u64>,
}

impl Wire {
    /// Adds these bytes; whether more are wanted.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        for &byte in bytes {
            if self.column == 0 {
                if self.in_body && self.left == Some(0) {
                    return false;
                }
                if byte == b'.' {
                    out.push(b'.');
                }
            }
            if byte != b'\n' {
                out.push(byte);
                self.column += 1;
                self.last_is_cr = byte == b'\r';
                continue;
            }
            out.extend_from_slice(if self.last_is_cr { b"\n" } else { b"\r\n" });
            match &mut self.left {
                Some(left) if self.in_body => *left -= 1,
                _ => self.in_body |= self.column == u64::from(self.last_is_cr),
            }
            (self.column, self.last_is_cr) = (0, false);
        }
        true
    }

    /// Ends the last line, if it has no end, and the mail.
    fn end(&self, out: &mut Vec<u8>) {
        if self.column > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(pieces: &[&[u8]], left: Option<u64>) -> Vec<u8> {
        let (mut wire, mut out) = (Wire { left, ..Wire::default() }, Vec::new());
        let _ = pieces.iter().all(|piece| wire.take(piece, &mut out));
        wire.end(&mut out);
        out
    }

    #[track_caller]
    fn is(text: &str, left: Option<u64>, wanted: &str) {
        assert_eq!(String::from_utf8(wire(&[text.as_bytes()], left)).unwrap(), wanted);
    }

    #[test]
    fn lines_get_their_ends_and_dots() {
        is("", None, ".\r\n");
        is("a\n\n.\n..b\nc", None, "a\r\n\r\n..\r\n...b\r\nc\r\n.\r\n");
        is("a\r\n\r\n.\r\nb\r", None, "a\r\n\r\n..\r\nb\r\r\n.\r\n");
        is("a\rb\r\r\n.c\n", None, "a\rb\r\r\n..c\r\n.\r\n");
    }

    #[test]
    fn the_top_has_all_headers_the_empty_line_and_so_many_lines() {
        for text in ["a: 1\nb: 2\n\n1\n\n3\n", "a: 1\r\nb: 2\r\n\r\n1\r\n\r\n3\r\n"] {
            is(text, Some(0), "a: 1\r\nb: 2\r\n\r\n.\r\n");
            is(text, Some(2), "a: 1\r\nb: 2\r\n\r\n1\r\n\r\n.\r\n");
            is(text, Some(9), "a: 1\r\nb: 2\r\n\r\n1\r\n\r\n3\r\n.\r\n");
        }
        is("a: 1\nb", Some(0), "a: 1\r\nb\r\n.\r\n");
        is("\n1\n2\n", Some(1), "\r\n1\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            text in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..100),
            size in 1_usize..10,
            left in proptest::option::of(0_u64..5),
        ) {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            let whole = wire(&[&text], left);
            prop_assert_eq!(&wire(&pieces, left), &whole);
            prop_assert_eq!(whole.windows(5).filter(|it| it == b"\r\n.\r\n").count(), usize::from(whole.len() > 3));
        }
    }
}
