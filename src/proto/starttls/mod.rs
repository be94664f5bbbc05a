//! How a client asks for encryption in each protocol: a [`Dialogue`] each, one file each, in the
//! table [`PROTOCOLS`].
//!
//! A newcomer's trap: whatever arrives in clear behind the server's agreement was put there by
//! somebody in between (command injection, CVE-2011-0411). A dialogue here ends with
//! [`Step::Upgrade`](super::Step::Upgrade), which leaves no rest, and never goes on in clear.

use super::Dialogue;
use crate::report::Report;

/// A protocol in which encryption can be asked for.
#[derive(Debug)]
pub struct Protocol {
    /// As `--starttls` names it.
    pub name: &'static str,
    /// Begins the dialogue on a new connection.
    pub ask: fn(Errand) -> Box<dyn Dialogue>,
}

/// The protocols that `--starttls` knows.
pub static PROTOCOLS: [Protocol; 0] = [];

/// What a dialogue has to know.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The server, for messages.
    pub server: String,
    /// The name that it is asked for by: XMPP's domain.
    pub host: String,
    /// Where what is said and heard is shown under `-v`, in lines that begin with `>` and `<`.
    pub report: Report,
}
