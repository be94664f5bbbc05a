//! Files that are said: their lines, or their bytes in Base64. Read piece by piece, however large.
//!
//! A newcomer's trap: the end of the last line is not said, for the line that the file stands in has one
//! itself. So a file without an end of line there is no other.

use data_encoding::BASE64;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Bytes read at a time: whole lines of Base64.
const PIECE: usize = 57 * 576;

/// A file that is being said.
#[derive(Debug)]
pub(super) struct Content {
    file: File,
    buffer: Vec<u8>,
    form: Form,
}

/// In what form.
#[derive(Debug)]
enum Form {
    Lines(Lines),
    Base64 {
        /// A line has been said.
        begun: bool,
    },
}

impl Content {
    /// Its lines, with CRLF between them; dots at their beginning are doubled if `stuffs`. The first one
    /// begins in mid-line unless `at_start`.
    pub(super) fn lines(path: &Path, stuffs: bool, at_start: bool) -> io::Result<Self> {
        Self::open(path, Form::Lines(Lines { stuffs, at_start, ..Lines::default() }))
    }

    /// Its bytes in Base64, 76 columns wide, with CRLF between the lines (RFC 2045, 6.8).
    pub(super) fn base64(path: &Path) -> io::Result<Self> {
        Self::open(path, Form::Base64 { begun: false })
    }

    fn open(path: &Path, form: Form) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, buffer: vec![0; PIECE], form })
    }

    /// Adds what comes next; false at the end.
    pub(super) fn read(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut read = 0;
        while let Some(room) = self.buffer.get_mut(read..).filter(|room| !room.is_empty()) {
            match self.file.read(room) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let bytes = self.buffer.get(..read).unwrap_or_default();
        match &mut self.form {
            Form::Lines(lines) if bytes.is_empty() => lines.end(out),
            Form::Lines(lines) => lines.add(bytes, out),
            Form::Base64 { begun } => {
                for line in bytes.chunks(57) {
                    if std::mem::replace(begun, true) {
                        out.extend_from_slice(b"\r\n");
                    }
                    out.extend_from_slice(BASE64.encode(line).as_bytes());
                }
            }
        }
        Ok(read > 0)
    }
}

/// Makes line ends CRLF, and doubles dots (RFC 5321, 4.5.2).
#[derive(Debug, Default)]
struct Lines {
    stuffs: bool,
    at_start: bool,
    /// A CR is held back: an LF may follow.
    after_cr: bool,
    /// A line has ended; its end is said when another follows.
    ended: bool,
}

impl Lines {
    fn add(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if std::mem::take(&mut self.ended) {
                out.extend_from_slice(b"\r\n");
                self.at_start = true;
            }
            let text = piece.strip_suffix(b"\n");
            let (text, ends) = (text.unwrap_or(piece), text.is_some());
            if std::mem::take(&mut self.after_cr) && !(ends && text.is_empty()) {
                out.push(b'\r');
                self.at_start = false;
            }
            let bare = text.strip_suffix(b"\r");
            self.after_cr = bare.is_some() && !ends;
            let text = bare.unwrap_or(text);
            if self.stuffs && self.at_start && text.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(text);
            self.at_start &= text.is_empty();
            self.ended = ends;
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(stuffs: bool, pieces: &[&[u8]]) -> String {
        let mut lines = Lines { stuffs, at_start: true, ..Lines::default() };
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| lines.add(piece, &mut out));
        lines.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn line_ends_become_crlf_and_the_last_is_the_lines_own() {
        assert_eq!(lines(false, &[b"a\nb\r\n\nc\n"]), "a\r\nb\r\n\r\nc");
        assert_eq!(lines(false, &[b"a\nb"]), "a\r\nb");
        assert_eq!(lines(false, &[b"a\n\n"]), "a\r\n", "an empty line at the end is one");
        assert_eq!(lines(false, &[b"a\rb\r\r\n\r"]), "a\rb\r\r\n\r", "a CR alone stays");
        assert_eq!(lines(false, &[b""]), "");
    }

    #[test]
    fn dots_are_doubled_at_the_beginning_of_lines() {
        assert_eq!(lines(true, &[b".\na.b\n..c\n."]), "..\r\na.b\r\n...c\r\n..");
        assert_eq!(lines(false, &[b".\n"]), ".");
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_as_the_whole(text in "[.a\r\n]{0,20}", cut in 0..20_usize, other in 0..20_usize) {
            let bytes = text.as_bytes();
            let (cut, other) = (cut.min(bytes.len()), other.min(bytes.len()));
            let (first, second) = (cut.min(other), cut.max(other));
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            prop_assert_eq!(lines(true, &pieces), lines(true, &[bytes]));
        }
    }
}
