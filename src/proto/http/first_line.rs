//! The first line of a request or a response (RFC 9112, 3 and 4).
//!
//! A newcomer's trap: it is told from what is not HTTP by its first bytes, so that somebody who
//! speaks TLS, or an SSH server, gets an answer instead of silence.

use super::head::BadHead;

/// The versions that make a difference; 1.2 would be spoken to as 1.1 (RFC 9110, 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// The first line of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// A token; case matters.
    pub method: String,
    /// As it was written: no blanks, no control characters.
    pub target: Vec<u8>,
    /// See [`Version`].
    pub version: Version,
}

/// The first line of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLine {
    /// See [`Version`].
    pub version: Version,
    /// 100 to 999.
    pub status: u16,
    /// In words, perhaps none.
    pub reason: Vec<u8>,
}

/// What a head begins with.
pub trait FirstLine: Sized {
    /// Whether empty lines before it are skipped (RFC 9112, 2.2).
    const AFTER_EMPTY_LINES: bool;

    /// Whether what has arrived can be its beginning.
    fn begins(bytes: &[u8]) -> bool;

    /// Reads the line, without its end.
    ///
    /// # Errors
    /// [`BadHead`].
    fn parse(line: &[u8]) -> Result<Self, BadHead>;
}

impl FirstLine for RequestLine {
    const AFTER_EMPTY_LINES: bool = true;

    fn begins(bytes: &[u8]) -> bool {
        bytes.first().is_none_or(|byte| is_token(*byte))
    }

    fn parse(line: &[u8]) -> Result<Self, BadHead> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BadHead::Malformed("the request line is not METHOD TARGET HTTP/1.1"));
        };
        let is_visible = |byte: &u8| *byte > b' ' && *byte != 0x7f;
        if target.is_empty() || !target.iter().all(is_visible) || !method.iter().all(|byte| is_token(*byte)) {
            return Err(BadHead::Malformed("the request line has characters that do not belong there"));
        }
        let version = parse_version(version)?;
        Ok(Self { method: String::from_utf8_lossy(method).into_owned(), target: target.to_vec(), version })
    }
}

impl FirstLine for StatusLine {
    const AFTER_EMPTY_LINES: bool = false;

    fn begins(bytes: &[u8]) -> bool {
        bytes.iter().zip(b"HTTP/").all(|(byte, wanted)| byte == wanted)
    }

    fn parse(line: &[u8]) -> Result<Self, BadHead> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (version, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let reason = words.next().unwrap_or_default();
        let version = parse_version(version)?;
        let status = match status {
            [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => {
                status.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
            }
            _ => return Err(BadHead::Malformed("the status line has no status")),
        };
        if !reason.iter().all(|byte| is_text(*byte)) {
            return Err(BadHead::Malformed("the status line has control characters"));
        }
        Ok(Self { version, status, reason: reason.to_vec() })
    }
}

fn parse_version(word: &[u8]) -> Result<Version, BadHead> {
    match word {
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'] => Ok(Version::Http11),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(BadHead::Version),
        _ => Err(BadHead::Malformed("the first line has no HTTP version")),
    }
}

/// A character of a token (RFC 9110, 5.6.2).
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A character that a field's value may hold (RFC 9110, 5.5).
pub(super) fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
