//! What is asked for when the peer speaks a text protocol: when to encrypt, what lines wait for.
//!
//! A newcomer's trap: TLS from the first byte on is not here; that is `--ssl`, in [`Config`](super::Config).

use super::TlsOptions;
use crate::proto::{reply, starttls};
use std::time::Duration;

/// How a connection that began in clear becomes encrypted.
#[derive(Debug)]
pub struct Upgrade {
    /// When.
    pub when: When,
    /// How, and whom to trust.
    pub tls: TlsOptions,
}

/// When a connection becomes encrypted.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// `--starttls PROTO`: before anything else, asked for in this protocol's words.
    First(&'static starttls::Protocol),
    /// When the user has asked for it and the server agrees: `--starttls typed`, or by default, but then
    /// at a terminal only.
    Typed {
        /// It was not asked for on the command line.
        by_default: bool,
    },
    /// `-l --starttls PROTO`: when a client has asked for it and whoever answers agrees.
    Offered,
    /// `--play`, `--mock`: where the dialogue says so.
    Played,
}

/// What lines wait for before they are sent.
#[derive(Debug)]
pub struct Pace {
    /// `--pace`.
    pub by: PaceBy,
    /// `--fail`: a reply that is an error ends it.
    pub fail: bool,
    /// Line ends become CRLF.
    pub crlf: bool,
}

/// What tells that the next line can be sent.
#[derive(Debug, Clone, Copy)]
pub enum PaceBy {
    /// The replies of this protocol.
    Protocol(&'static reply::Protocol),
    /// Those of the protocol that the port or the greeting shows.
    Auto,
    /// So long a silence.
    Quiet(Duration),
}
