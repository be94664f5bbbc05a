//! The client's half: which of its bytes are lines, and how many are a body.
//!
//! A newcomer's trap: a request typed by hand may be wrong, perhaps on purpose. It is the server's
//! part to say so: what has no end that can be found is taken to end where it stands, and the
//! server's answer to it is awaited.

use crate::proto::{
    http::{
        body::length_in,
        first_line::{FirstLine, RequestLine, Version},
    },
    reply::Turn,
};

/// A request on its way; see the module's description. Nothing of its text is kept.
#[derive(Debug, Default)]
pub(super) struct Request {
    at: At,
    method: Method,
    is_old: bool,
    fields: Fields,
    /// The server did not want the body.
    is_refused: bool,
}

/// What comes next of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    Head,
    /// The body, once the server wants it.
    Held,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Over,
}

/// A method, as far as the response depends on it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Connect,
    #[default]
    Other,
}

/// What the head has said so far of the body.
#[derive(Debug, Default)]
struct Fields {
    /// Of Content-Length; the inner one is missing where it is not clear.
    length: Option<Option<u64>>,
    /// Whether there is a Transfer-Encoding, and whether it ends with chunks.
    coding: Option<bool>,
    expects: bool,
}

impl Request {
    pub(super) fn turn(&self, is_answered: bool) -> Turn {
        let turn = match self.at {
            At::Start | At::Head | At::ChunkSize | At::ChunkEnd | At::Trailer => Turn::Line,
            At::Length(left) | At::Chunk(left) => Turn::Bytes(left),
            At::Held | At::Over => Turn::Wait,
        };
        match turn {
            // The reply comes first, so that it is shown to be the reason.
            _ if self.is_refused && !is_answered => Turn::Wait,
            Turn::Line if self.is_refused => Turn::SkipLine,
            Turn::Bytes(left) if self.is_refused => Turn::SkipBytes(left),
            turn => turn,
        }
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        self.at = match self.at {
            // Lone empty lines before a request are nothing (RFC 9112, 2.2).
            At::Start if line.is_empty() => At::Start,
            At::Start => {
                self.first_line(line);
                At::Head
            }
            At::Head if line.is_empty() && self.is_held_back() => At::Held,
            At::Head if line.is_empty() => self.body(),
            At::Head => {
                self.fields.add(line);
                At::Head
            }
            At::ChunkSize => match chunk_size(line) {
                Some(0) => At::Trailer,
                Some(size) => At::Chunk(size),
                None => At::Over,
            },
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::Trailer if !line.is_empty() => At::Trailer,
            At::ChunkEnd | At::Trailer => At::Over,
            at => at,
        };
    }

    pub(super) fn bytes(&mut self, count: u64) {
        self.at = match self.at {
            At::Length(left) if left > count => At::Length(left - count),
            At::Length(_) => At::Over,
            At::Chunk(left) if left > count => At::Chunk(left - count),
            At::Chunk(_) => At::ChunkEnd,
            at => at,
        };
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    pub(super) fn has_begun(&self) -> bool {
        self.at != At::Start
    }

    pub(super) fn is_whole(&self) -> bool {
        self.at == At::Over
    }

    pub(super) fn is_held(&self) -> bool {
        self.at == At::Held
    }

    /// The server wants the body (RFC 9110, 10.1.1).
    pub(super) fn go_on(&mut self) {
        self.at = self.body();
    }

    /// The server has answered; a body that was held back is not sent any more.
    pub(super) fn refuse_if_held(&mut self) {
        if self.is_held() {
            self.is_refused = true;
            self.at = self.body();
        }
    }

    fn first_line(&mut self, line: &[u8]) {
        self.method = match line.split(|byte| *byte == b' ').next() {
            Some(b"HEAD") => Method::Head,
            Some(b"CONNECT") => Method::Connect,
            _ => Method::Other,
        };
        self.is_old = RequestLine::parse(line).is_ok_and(|line| line.version == Version::Http10);
    }

    /// An HTTP/1.0 server knows nothing of the expectation, and is not waited for.
    fn is_held_back(&self) -> bool {
        self.fields.expects && !self.is_old && self.body() != At::Over
    }

    /// Where the head's end leads to (RFC 9112, 6.3).
    fn body(&self) -> At {
        match (self.fields.coding, self.fields.length) {
            (Some(true), _) => At::ChunkSize,
            (None, Some(Some(length))) if length > 0 => At::Length(length),
            _ => At::Over,
        }
    }
}

impl Fields {
    fn add(&mut self, line: &[u8]) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = length_in(std::iter::once(value)).ok().flatten();
            let is_same = self.length.is_none_or(|before| before == length);
            self.length = Some(length.filter(|_| is_same));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            self.coding = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        } else if name.eq_ignore_ascii_case(b"expect") {
            let mut values = value.split(|byte| *byte == b',');
            self.expects |= values.any(|value| value.trim_ascii().eq_ignore_ascii_case(b"100-continue"));
        }
    }
}

/// The size that a line before a chunk tells (RFC 9112, 7.1), if it is one.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u64::from_str_radix(digits, 16).ok()
}
