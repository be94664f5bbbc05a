//! Where a body ends (RFC 9112, 6), while it streams past: nothing of it is kept here.
//!
//! A newcomer's trap: two servers that disagree about the end of a body are what request
//! smuggling is made of. Where the head is not clear about it, the message is refused.

use super::{
    chunked::{BadChunk, Chunked},
    first_line::{RequestLine, StatusLine, Version},
    head::Head,
};

/// Read at most so much of a body whose end is not known, lest too much of what follows is read.
const AHEAD: usize = 64 * 1024;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// By its length.
    Length(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection; responses only.
    UntilClose,
}

/// Why the end of a body cannot be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFraming {
    /// The head contradicts itself; in words.
    Unclear(&'static str),
    /// Another transfer coding than chunked.
    UnknownCoding,
}

/// What is done with chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Passed on as they are.
    AsIs,
    /// Only the payload is: HTTP/1.0 knows no chunks.
    Unwrapped,
}

/// A body on its way; see the module's description.
#[derive(Debug, Clone)]
pub struct Body {
    rest: Rest,
    delivery: Delivery,
}

#[derive(Debug, Clone)]
enum Rest {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Over,
}

/// What became of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// So many belong to the body.
    pub used: usize,
    /// Of those, so many lie at the front now, to be passed on.
    pub kept: usize,
}

/// The connection ended before the body did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated;

/// The value of Content-Length, if there is one; the same several times is one (RFC 9110, 8.6).
///
/// # Errors
/// When it is not a number, or there are several.
pub fn content_length<L>(head: &Head<L>) -> Result<Option<u64>, BadFraming> {
    length_in(head.fields.all("content-length"))
}

/// The same, from the values of all fields of that name.
///
/// # Errors
/// Likewise.
pub fn length_in<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>, BadFraming> {
    let mut length = None;
    for value in fields.flat_map(|value| value.split(|byte| *byte == b',')) {
        let value = value.trim_ascii();
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let number = str::from_utf8(value).ok().filter(|_| is_number).and_then(|digits| digits.parse::<u64>().ok());
        let number = number.ok_or(BadFraming::Unclear("Content-Length is not a length"))?;
        if length.is_some_and(|length| length != number) {
            return Err(BadFraming::Unclear("there are two Content-Lengths"));
        }
        length = Some(number);
    }
    Ok(length)
}

impl Framing {
    /// The framing of a request's body (RFC 9112, 6.3).
    ///
    /// # Errors
    /// When two readers could find different ends.
    pub fn of_request(head: &Head<RequestLine>) -> Result<Self, BadFraming> {
        let length = content_length(head)?;
        if !has_chunks(head)? {
            return Ok(length.map_or(Self::Empty, Self::Length));
        }
        match (length, head.line.version) {
            (Some(_), _) => Err(BadFraming::Unclear("there are both Content-Length and Transfer-Encoding")),
            (_, Version::Http10) => Err(BadFraming::Unclear("HTTP/1.0 has no Transfer-Encoding")),
            (None, Version::Http11) => Ok(Self::Chunked),
        }
    }

    /// The framing of the body of a response to a request with this method.
    ///
    /// # Errors
    /// When its end cannot be found.
    pub fn of_response(head: &Head<StatusLine>, method: &str) -> Result<Self, BadFraming> {
        if matches!(head.line.status, 100..=199 | 204) {
            return Ok(Self::Empty);
        }
        let has_chunks = has_chunks(head)?;
        // Transfer-Encoding overrides Content-Length.
        let length = if has_chunks { None } else { content_length(head)? };
        Ok(match length {
            _ if method == "HEAD" || head.line.status == 304 => Self::Empty,
            _ if has_chunks => Self::Chunked,
            Some(length) => Self::Length(length),
            None => Self::UntilClose,
        })
    }
}

fn has_chunks<L>(head: &Head<L>) -> Result<bool, BadFraming> {
    let mut codings = head.fields.elements("transfer-encoding");
    match (codings.next(), codings.next()) {
        (None, _) if head.fields.has("transfer-encoding") => Err(BadFraming::UnknownCoding),
        (None, _) => Ok(false),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(BadFraming::UnknownCoding),
    }
}

impl Body {
    /// Before its first byte.
    #[must_use]
    pub fn new(framing: Framing, delivery: Delivery) -> Self {
        let rest = match framing {
            Framing::Empty | Framing::Length(0) => Rest::Over,
            Framing::Length(length) => Rest::Length(length),
            Framing::Chunked => Rest::Chunked(Chunked::default()),
            Framing::UntilClose => Rest::UntilClose,
        };
        Self { rest, delivery }
    }

    /// Takes what belongs to the body from the front of `bytes`, and moves what is to be passed
    /// on to the front. Uses nothing only when the body is over or nothing is given.
    ///
    /// # Errors
    /// When the next bytes are not the chunked coding. Those before them have been taken before.
    pub fn pass(&mut self, bytes: &mut [u8]) -> Result<Passed, BadChunk> {
        let passed = match &mut self.rest {
            Rest::Over => Passed::default(),
            Rest::UntilClose => Passed { used: bytes.len(), kept: bytes.len() },
            Rest::Length(left) => {
                let n = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= n as u64;
                Passed { used: n, kept: n }
            }
            Rest::Chunked(chunked) => pass_chunks(chunked, bytes, self.delivery)?,
        };
        let is_over = match &self.rest {
            Rest::Length(left) => *left == 0,
            Rest::Chunked(chunked) => chunked.is_over(),
            Rest::UntilClose | Rest::Over => false,
        };
        if is_over {
            self.rest = Rest::Over;
        }
        Ok(passed)
    }

    /// Whether its last byte has been taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.rest, Rest::Over)
    }

    /// How much to read at most, so that little of what follows is read.
    #[must_use]
    pub fn wants(&self) -> usize {
        match &self.rest {
            Rest::Length(left) => usize::try_from(*left).unwrap_or(usize::MAX),
            Rest::Chunked(_) => AHEAD,
            Rest::UntilClose => usize::MAX,
            Rest::Over => 0,
        }
    }

    /// How many bytes are still to come, where that was told.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        match &self.rest {
            Rest::Length(left) => Some(*left),
            Rest::Over => Some(0),
            Rest::Chunked(_) | Rest::UntilClose => None,
        }
    }

    /// Whether no more than so many bytes are still to come.
    #[must_use]
    pub fn is_short(&self, bytes: u64) -> bool {
        match &self.rest {
            Rest::Length(left) => *left <= bytes,
            Rest::Over => true,
            Rest::Chunked(_) | Rest::UntilClose => false,
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// When the body had not.
    pub fn end(&mut self) -> Result<(), Truncated> {
        match std::mem::replace(&mut self.rest, Rest::Over) {
            Rest::UntilClose | Rest::Over => Ok(()),
            Rest::Length(_) | Rest::Chunked(_) => Err(Truncated),
        }
    }
}

fn pass_chunks(chunked: &mut Chunked, bytes: &mut [u8], delivery: Delivery) -> Result<Passed, BadChunk> {
    let mut passed = Passed::default();
    while let Some(rest) = bytes.get(passed.used..)
        && !rest.is_empty()
        && !chunked.is_over()
    {
        let piece = match chunked.next(rest) {
            Ok(piece) => piece,
            Err(_) if passed.used > 0 => break,
            Err(bad) => return Err(bad),
        };
        let end = passed.used + piece.len;
        if piece.payload || delivery == Delivery::AsIs {
            if passed.kept < passed.used {
                bytes.copy_within(passed.used..end, passed.kept);
            }
            passed.kept += piece.len;
        }
        passed.used = end;
    }
    Ok(passed)
}

#[cfg(test)]
mod tests;
