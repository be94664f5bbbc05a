//! What the proxy answers by itself, as complete messages.
//!
//! A newcomer's trap: the answer to HEAD has no body, though its head says how long it would be.

use super::{body::BadFraming, head::BadHead};
use std::borrow::Cow;

/// The answer to CONNECT, once the connection stands.
pub const TUNNEL: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// The statuses that the proxy and the mock server have a use for (RFC 9110, 15).
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok = 200,
    BadRequest = 400,
    Forbidden = 403,
    ProxyAuthenticationRequired = 407,
    RequestTimeout = 408,
    ContentTooLarge = 413,
    UriTooLong = 414,
    ExpectationFailed = 417,
    HeadTooLarge = 431,
    InternalServerError = 500,
    NotImplemented = 501,
    BadGateway = 502,
    GatewayTimeout = 504,
    VersionNotSupported = 505,
}

impl Status {
    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::BadRequest => "Bad Request",
            Self::Forbidden => "Forbidden",
            Self::ProxyAuthenticationRequired => "Proxy Authentication Required",
            Self::RequestTimeout => "Request Timeout",
            Self::ContentTooLarge => "Content Too Large",
            Self::UriTooLong => "URI Too Long",
            Self::ExpectationFailed => "Expectation Failed",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::NotImplemented => "Not Implemented",
            Self::BadGateway => "Bad Gateway",
            Self::GatewayTimeout => "Gateway Timeout",
            Self::VersionNotSupported => "HTTP Version Not Supported",
        }
    }
}

/// Why no response is to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no such host.
    UnknownHost,
    /// Nobody listens there.
    Refused,
    /// The network does not lead there.
    Unreachable,
    /// Nobody answered in time.
    TimedOut,
    /// It is the proxy itself.
    Loop,
    /// The proxy's rules forbid it.
    Denied,
}

/// What becomes of the client's connection after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next request may come.
    KeepOpen,
    /// It is closed, lingering.
    Close,
}

impl Next {
    /// The value of Connection that says so.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::KeepOpen => "keep-alive",
            Self::Close => "close",
        }
    }
}

/// An answer of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// See [`Status`].
    pub status: Status,
    /// Why, in a line for people; nothing in it that was not looked at.
    pub why: Cow<'static, str>,
    /// Values of Proxy-Authenticate, with 407.
    pub challenges: Vec<String>,
}

impl Answer {
    /// Without challenges.
    #[must_use]
    pub fn new(status: Status, why: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into(), challenges: Vec::new() }
    }

    /// 407, with a line of Proxy-Authenticate for each challenge.
    #[must_use]
    pub fn unauthorized(challenges: Vec<String>) -> Self {
        let why = "this proxy wants to know who you are";
        Self { challenges, ..Self::new(Status::ProxyAuthenticationRequired, why) }
    }

    /// The message, for a request with this method (empty if it is not known).
    #[must_use]
    pub fn bytes(&self, method: &str, next: Next) -> Vec<u8> {
        let (number, reason) = (self.status as u16, self.status.reason());
        let text = format!("{number} {reason}: {}.\r\n", self.why);
        let mut message = format!("HTTP/1.1 {number} {reason}\r\n");
        for challenge in &self.challenges {
            message.push_str(&format!("Proxy-Authenticate: {challenge}\r\n"));
        }
        let (length, option) = (text.len(), next.option());
        message.push_str(&format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: {option}\r\n\r\n"
        ));
        if method != "HEAD" {
            message.push_str(&text);
        }
        message.into_bytes()
    }
}

impl From<BadHead> for Answer {
    fn from(bad: BadHead) -> Self {
        match bad {
            BadHead::LineTooLong => Self::new(Status::UriTooLong, "the request line is too long"),
            BadHead::TooLarge => Self::new(Status::HeadTooLarge, "the header is too large"),
            BadHead::Version => Self::new(Status::VersionNotSupported, "this proxy speaks HTTP/1.0 and HTTP/1.1"),
            BadHead::Malformed(why) => Self::new(Status::BadRequest, why),
        }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let (status, why) = match failure {
            Failure::UnknownHost => (Status::GatewayTimeout, "there is no such host"),
            Failure::Refused => (Status::GatewayTimeout, "the host refused the connection"),
            Failure::Unreachable => (Status::GatewayTimeout, "the host cannot be reached"),
            Failure::TimedOut => (Status::GatewayTimeout, "the host has not answered in time"),
            Failure::Loop => (Status::Forbidden, "the request would come back to this proxy"),
            Failure::Denied => (Status::Forbidden, "this proxy does not connect there"),
        };
        Self::new(status, why)
    }
}

impl From<BadFraming> for Answer {
    fn from(bad: BadFraming) -> Self {
        match bad {
            BadFraming::Unclear(why) => Self::new(Status::BadRequest, why),
            BadFraming::UnknownCoding => {
                Self::new(Status::NotImplemented, "this proxy knows no other transfer coding than chunked")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_complete_message() {
        let answer = Answer::unauthorized(vec!["Basic realm=\"x\"".to_owned(), "Digest realm=\"x\"".to_owned()]);
        let text = String::from_utf8(answer.bytes("GET", Next::KeepOpen)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="));
        assert!(head.contains("\r\nProxy-Authenticate: Digest realm=\"x\"\r\n"));
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
        assert!(head.ends_with("\r\nConnection: keep-alive"));
        assert!(body.starts_with("407 Proxy Authentication Required: "));
    }

    #[test]
    fn head_is_answered_without_a_body() {
        let text = Answer::new(Status::Forbidden, "no").bytes("HEAD", Next::Close);
        assert!(text.ends_with(b"\r\nContent-Length: 20\r\nConnection: close\r\n\r\n"));
    }

    #[test]
    fn each_bad_head_has_its_status() {
        let status = |bad| Answer::from(bad).status as u16;
        assert_eq!(status(BadHead::LineTooLong), 414);
        assert_eq!(status(BadHead::TooLarge), 431);
        assert_eq!(status(BadHead::Version), 505);
        assert_eq!(status(BadHead::Malformed("")), 400);
    }
}
