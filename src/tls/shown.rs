//! The certificate that a listener shows: that of the command line, or one made for this run.
//!
//! A newcomer's trap: one that was made is made once for all clients, so its fingerprint is known
//! before the first of them comes.

use super::{ephemeral, identity::Identity};
use crate::{
    cli::config::TlsOptions,
    error::Result,
    fingerprint::{sha256, show},
};

/// What is to be known of it.
#[derive(Debug)]
pub struct Shown {
    fingerprint: String,
    ephemeral: bool,
}

impl Shown {
    /// `names` are the host names and addresses listened on, for the certificate that is made
    /// when the options name none.
    pub(super) fn choose(options: &TlsOptions, names: &[String]) -> Result<(Identity, Self)> {
        let (identity, ephemeral) = match Identity::from_options(options)? {
            Some(identity) => (identity, false),
            None => (ephemeral::make(names)?, true),
        };
        let fingerprint = show(&sha256(identity.certificate()));
        Ok((identity, Self { fingerprint, ephemeral }))
    }

    /// Its SHA-256, as `--ssl-fingerprint` takes it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether it was made for this process alone, so that its fingerprint is news.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }
}
