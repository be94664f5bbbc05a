//! In place of the stage in which datagrams become encrypted, in a build without it.
//!
//! A newcomer's trap: it is told when the stages are made, before anything is sent, and never passed over:
//! what was to be encrypted must not go out in clear.

use super::{Stage, Staging, Whom};
use crate::{
    cli::config::{Mode, TlsOptions},
    error::{Error, Result},
    report::Report,
    stream::Stream,
    transport::{Address, datagram::Doorman},
};
use std::rc::Rc;

/// There is none.
#[derive(Debug)]
pub enum DtlsStaging {}

impl DtlsStaging {
    /// # Errors
    /// Always.
    pub fn new(_: &TlsOptions, _: &Mode, _: &[Address], _: Report) -> Result<Self> {
        Err(Error::usage("--ssl with -u", "this build of rncat has no DTLS"))
    }

    /// Nobody guards a door that does not open.
    #[must_use]
    pub fn doorman(&self) -> Option<Rc<dyn Doorman>> {
        match *self {}
    }
}

impl Staging for DtlsStaging {
    fn enter(&self, _: Box<dyn Stream>, _: &Whom<'_>) -> Result<Box<dyn Stage>> {
        match *self {}
    }

    fn layer(&self) -> &'static str {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::{self, Outcome};

    #[test]
    fn datagrams_are_not_sent_in_clear_instead() {
        let words = ["rncat", "-u", "--ssl", "127.0.0.1", "9"].map(std::ffi::OsString::from);
        let Outcome::Run(start) = cli::parse(words.into_iter()) else { panic!("it is refused earlier") };
        let error = crate::engine::run(&start.config, start.report).unwrap_err();
        assert_eq!(error.to_string(), "--ssl with -u: this build of rncat has no DTLS");
    }
}
