//! Reads the head of a request or a response from bytes that arrive piece by piece
//! (RFC 9112, 2 to 5), within bounds.
//!
//! Strict where servers are known to differ, for that is what request smuggling lives on: a lone
//! CR, a NUL, a folded line or a blank before the colon is refused. A newcomer's trap: what is
//! wrong must be found at the same byte however the bytes are split, so each check is made on
//! what has arrived, in the order of the bytes.

use super::{fields::Fields, first_line::FirstLine};

/// The longest first line.
pub const LINE: usize = 8 * 1024;
/// The longest head, its first line included.
pub const HEAD: usize = 64 * 1024;
/// The most field lines.
pub const FIELDS: usize = 200;

/// All before the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<L> {
    /// The first line.
    pub line: L,
    /// What follows it.
    pub fields: Fields,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadHead {
    /// The first line is longer than [`LINE`].
    LineTooLong,
    /// More than [`HEAD`] bytes, or than [`FIELDS`] lines.
    TooLarge,
    /// Another major version than 1.
    Version,
    /// Not HTTP; in words.
    Malformed(&'static str),
}

/// Reads one head; see the module's description.
#[derive(Debug)]
pub struct HeadReader<L> {
    line: Option<L>,
    /// Bytes of the first line, already taken.
    taken: usize,
    /// How far the bytes have been searched, and where the present line of the fields begins.
    looked: usize,
    line_start: usize,
}

impl<L> Default for HeadReader<L> {
    fn default() -> Self {
        Self { line: None, taken: 0, looked: 0, line_start: 0 }
    }
}

impl<L: FirstLine> HeadReader<L> {
    /// Takes the head from the front of `arrived`, once it is there; what follows is left. What
    /// has been looked at must still be there the next time.
    ///
    /// # Errors
    /// [`BadHead`], at the latest when more than [`HEAD`] bytes have arrived.
    pub fn read(&mut self, arrived: &mut Vec<u8>) -> Result<Option<Head<L>>, BadHead> {
        if self.line.is_none() {
            self.line = self.first_line(arrived)?;
        }
        if self.line.is_none() {
            return Ok(None);
        }
        let end = self.end(arrived);
        if self.taken + end.unwrap_or(arrived.len()) > HEAD {
            return Err(BadHead::TooLarge);
        }
        let Some(section) = end.and_then(|end| arrived.get(..end)) else { return Ok(None) };
        let fields = fields(section)?;
        let used = section.len();
        arrived.drain(..used);
        let line = std::mem::take(self).line;
        Ok(line.map(|line| Head { line, fields }))
    }

    /// Whether anything of a head has come.
    #[must_use]
    pub fn has_begun(&self, arrived: &[u8]) -> bool {
        self.line.is_some() || !arrived.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
    }

    fn first_line(&mut self, arrived: &mut Vec<u8>) -> Result<Option<L>, BadHead> {
        if L::AFTER_EMPTY_LINES && !skip_empty_lines(arrived) {
            return Ok(None);
        }
        if !L::begins(arrived) {
            return Err(BadHead::Malformed("this is not HTTP"));
        }
        let found = arrived.iter().skip(self.looked).position(|byte| *byte == b'\n');
        let Some(end) = found.map(|n| self.looked + n) else {
            self.looked = arrived.len();
            return if arrived.len() >= LINE + 2 { Err(BadHead::LineTooLong) } else { Ok(None) };
        };
        let line = arrived.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE {
            return Err(BadHead::LineTooLong);
        }
        let line = L::parse(line)?;
        (self.taken, self.looked) = (end + 1, 0);
        arrived.drain(..=end);
        Ok(Some(line))
    }

    /// Where the body begins: after the first empty line.
    fn end(&mut self, arrived: &[u8]) -> Option<usize> {
        while let Some(n) = arrived.get(self.looked..)?.iter().position(|byte| *byte == b'\n') {
            let end = self.looked + n;
            let line = arrived.get(self.line_start..end)?;
            (self.looked, self.line_start) = (end + 1, end + 1);
            if matches!(line, b"" | b"\r") {
                return Some(end + 1);
            }
        }
        self.looked = arrived.len();
        None
    }
}

/// False when the second half of one may still come.
fn skip_empty_lines(arrived: &mut Vec<u8>) -> bool {
    loop {
        match arrived.as_slice() {
            [b'\r', b'\n', ..] => arrived.drain(..2),
            [b'\n', ..] => arrived.drain(..1),
            rest => return !matches!(rest, b"" | b"\r"),
        };
    }
}

fn fields(section: &[u8]) -> Result<Fields, BadHead> {
    let mut lines = [httparse::EMPTY_HEADER; FIELDS];
    let lines = match httparse::parse_headers(section, &mut lines) {
        Ok(httparse::Status::Complete((used, lines))) if used == section.len() => lines,
        Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLarge),
        Err(httparse::Error::HeaderName) => return Err(BadHead::Malformed("a header's name is not valid")),
        Err(httparse::Error::HeaderValue) => return Err(BadHead::Malformed("a header's value is not valid")),
        _ => return Err(BadHead::Malformed("the header is not valid")),
    };
    let mut fields = Fields::default();
    lines.iter().for_each(|line| fields.push(line.name, line.value));
    Ok(fields)
}

#[cfg(test)]
mod tests;
