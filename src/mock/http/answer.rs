//! How answers are written (RFC 9112, 4).
//!
//! A newcomer's trap: the answer to HEAD has no body, though its head says how long it would be.

use crate::{
    mock::date,
    proto::http::answers::{Next, Status},
};
use std::{borrow::Cow, fmt, time::SystemTime};

/// Interim: the client may send the body (RFC 9110, 10.1.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The type of most answers.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Writes all before the body, which has this type and so many bytes. The version is always the server's own
/// (RFC 9110, 6.2).
pub(super) fn head(status: Status, kind: &str, length: u64, next: Next, note: Option<&str>, out: &mut Vec<u8>) {
    let (number, reason, option) = (status as u16, status.reason(), next.option());
    let date = date::http(SystemTime::now());
    let note = note.map(|note| format!("Rncat-Note: {note}\r\n")).unwrap_or_default();
    out.extend_from_slice(
        format!(
            "HTTP/1.1 {number} {reason}\r\nDate: {date}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: {option}\r\n{note}\r\n"
        )
        .as_bytes(),
    );
}

/// Why a request is not answered with itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// See [`Status`].
    pub(super) status: Status,
    /// What is wrong, without a full stop; remote text in it is escaped.
    pub(super) why: Cow<'static, str>,
    /// What is right: lines that end with LF.
    pub(super) advice: Cow<'static, str>,
}

impl Refusal {
    /// Makes one of its parts.
    pub(super) fn new(status: Status, why: impl Into<Cow<'static, str>>, advice: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into(), advice: advice.into() }
    }

    /// Writes it, as the last answer on its connection.
    pub(super) fn write(&self, to_head: bool, out: &mut Vec<u8>) {
        let text = format!("{self}.\n\n{}", self.advice);
        head(self.status, TEXT, text.len() as u64, Next::Close, None, out);
        if !to_head {
            out.extend_from_slice(text.as_bytes());
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status as u16, self.status.reason(), self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_wrong_and_what_is_right() {
        let mut out = Vec::new();
        Refusal::new(Status::BadRequest, "no", "Yes.\n").write(false, &mut out);
        let text = String::from_utf8(out.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "400 Bad Request: no.\n\nYes.\n");
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\nDate: "), "{head}");
        assert!(head.ends_with(&format!(" GMT\r\nContent-Type: {TEXT}\r\nContent-Length: 27\r\nConnection: close")));
        let mut short = Vec::new();
        Refusal::new(Status::BadRequest, "no", "Yes.\n").write(true, &mut short);
        assert!(short.ends_with(b"\r\n\r\n") && short.len() + body.len() == out.len(), "HEAD has no body");
    }
}
