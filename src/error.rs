//! The one error type: what was being done, why it failed, what to try, and the exit status.
//!
//! Errors are built where they happen and printed in one place, [`crate::report::Report::error`].
//! A newcomer's trap: text that came from the peer must go through
//! [`crate::report::escape`] before it is put in here.

use crate::signals::Signal;
use std::{borrow::Cow, fmt, io, process::ExitCode};

/// How the program ends, as its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything was delivered, or the peer left in order.
    Done,
    /// 1: the network or the peer failed: refused, reset, timed out, not trusted, bytes lost.
    Network,
    /// 2: the command line or this machine: a bad option, no such name, port or file.
    Usage,
    /// 3: a dialogue did not go as demanded: a reply was an error, a line was not the one expected.
    Dialogue,
    /// A signal came; the program dies of it, once all is in order.
    Signal(Signal),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Network => 1,
            Exit::Usage => 2,
            Exit::Dialogue => 3,
            Exit::Signal(signal) => signal.status(),
        })
    }
}

/// A failure that is worth a line on stderr: `what: why; hint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    exit: Exit,
    what: String,
    why: String,
    hint: Option<Cow<'static, str>>,
}

/// What most of rncat's functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The network or the peer failed while `what` was being done; exit status 1.
    pub fn network(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Exit::Network, what.into(), why.into())
    }

    /// The command line or this machine stood in the way of `what`; exit status 2.
    pub fn usage(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what.into(), why.into())
    }

    /// The peer did not say what was demanded of it when `what` was said; exit status 3.
    pub fn dialogue(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Exit::Dialogue, what.into(), why.into())
    }

    /// The error of ours that an I/O error was made of, if it was: a layer has no other way to tell.
    #[must_use]
    pub fn carried(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The same error, with more to its reason.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        self.why.push_str("; ");
        self.why.push_str(more);
        self
    }

    /// The same error, that of one of many peers.
    #[must_use]
    pub fn of(mut self, peer: &str) -> Self {
        self.what = format!("{peer}: {}", self.what);
        self
    }

    fn new(exit: Exit, what: String, why: String) -> Self {
        Self { exit, what, why, hint: None }
    }

    /// Adds what the user can try, said after the reason.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit status that this failure asks for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The reason alone, without what was being done.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// The words of an I/O error, without Rust's `(os error N)`.
#[must_use]
pub fn why(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_to_try() {
        let error = Error::network("connect to [::1]:25", "Connection refused").hint("is a server running?");
        assert_eq!(error.to_string(), "connect to [::1]:25: Connection refused; is a server running?");
        assert_eq!(error.exit(), Exit::Network);
    }

    #[test]
    fn an_error_of_ours_survives_a_stream() {
        let error = Error::dialogue("RCPT TO:<x>", "550 nobody");
        let carried = io::Error::from(error.clone());
        assert_eq!(Error::carried(&carried), Some(&error));
        assert_eq!(error.and("5 bytes not delivered").to_string(), "RCPT TO:<x>: 550 nobody; 5 bytes not delivered");
        assert_eq!(Error::carried(&io::Error::from_raw_os_error(111)), None);
        assert_eq!(Error::dialogue("x:1", "no").of("peer").to_string(), "peer: x:1: no");
    }

    #[test]
    fn the_number_of_the_system_error_is_left_out() {
        assert_eq!(why(&io::Error::from_raw_os_error(111)), "Connection refused");
        assert_eq!(why(&io::Error::other("odd")), "odd");
    }
}
