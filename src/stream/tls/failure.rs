//! Why TLS failed, carried inside an [`io::Error`] to whoever can say what was being done.
//!
//! A newcomer's trap: not every error of a TLS stream has one; those of the stream below pass
//! through as they are.

use crate::{report::escape, tls::explain};
use std::{fmt, io};

/// Why TLS came to nothing, in words: `why; hint`. Found inside the [`io::Error`] by
/// [`Failure::of`], so that the caller can say what was being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong; remote text in it is escaped.
    pub why: String,
    /// What the user can do about it.
    pub hint: Option<&'static str>,
}

impl Failure {
    /// The explanation that an error of [`Tls`](super::Tls) carries; `None` for an error of the stream below.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None }
    }

    /// What rustls says.
    pub(super) fn of_tls(error: &rustls::Error, is_client: bool) -> Self {
        match error {
            rustls::Error::NoCertificatesPresented if !is_client => Self {
                why: "the client has shown no certificate".to_owned(),
                hint: Some("--ssl-verify demands one; --ssl-cert there shows it"),
            },
            _ => Self::new(explain(error)),
        }
    }

    pub(super) fn error(&self, kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, self.clone())
    }

    /// Names a peer that does not speak TLS.
    pub(super) fn stranger(text: &[u8], is_client: bool) -> Self {
        let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or(text);
        let shown = escape(line);
        let is_text = str::from_utf8(line).is_ok_and(|line| !line.contains(|c: char| c.is_control() && c != '\t'));
        match (is_text, is_client) {
            (true, true) => Self {
                why: format!("the server answered in plain text: \"{shown}\""),
                hint: Some("leave out --ssl, or use STARTTLS"),
            },
            (true, false) => Self {
                why: format!("the client spoke plain text: \"{shown}\""),
                hint: Some("leave out --ssl here, or use TLS there"),
            },
            (false, true) => Self::new(format!("the server does not speak TLS; it answered \"{shown}\"")),
            (false, false) => {
                Self::new(format!("the client does not speak TLS, or a version before 1.0; it sent \"{shown}\""))
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Failure {}
