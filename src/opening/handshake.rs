//! The stage in which the two ends agree on how to encrypt.
//!
//! A newcomer's trap: a handshake that has failed is not over. The peer should hear why, so what is
//! left is closed lingering.

use super::Stage;
use crate::{
    cli::config::{Listen, Where},
    error::{Error, Result, why},
    report::Report,
    stream::{Handshaking, Stream},
    tls::{Shown, Verdict},
    transport::Address,
};
use std::{task::Poll, time::Instant};

/// See the module's description.
pub struct Handshake {
    /// What is spoken: TLS or DTLS.
    pub what: &'static str,
    /// The layer, until it is handed on.
    pub layer: Option<Box<dyn Handshaking>>,
    /// What came of looking at a server's certificate; nothing is looked at when we are one.
    pub verdict: Option<Verdict>,
    /// The other end.
    pub remote: Address,
    /// stderr.
    pub report: Report,
}

/// The names for a listener's certificate.
pub(super) fn names(listen: &Listen, addresses: &[Address]) -> Vec<String> {
    let mut names: Vec<_> = addresses.iter().filter_map(Address::ip).map(|ip| ip.to_string()).collect();
    if let Where::Inet { host: Some(host), .. } = &listen.on {
        names.push(host.clone());
    }
    names
}

/// Tells the fingerprint of a certificate that nobody can know.
pub(super) fn tell(shown: &Shown, report: Report) {
    if shown.is_ephemeral() {
        let fingerprint = shown.fingerprint();
        report.note(format_args!("Generated a certificate for this run; its SHA-256 fingerprint is {fingerprint}"));
    }
}

impl Stage for Handshake {
    fn advance(&mut self, _: Instant) -> Result<Poll<Box<dyn Stream>>> {
        let Some(layer) = &mut self.layer else { return Ok(Poll::Pending) };
        match layer.handshake() {
            Ok(Poll::Pending) => return Ok(Poll::Pending),
            Ok(Poll::Ready(())) => {}
            Err(error) => return Err(Error::network(self.name(), why(&error))),
        }
        let Some(layer) = self.layer.take() else { return Ok(Poll::Pending) };
        self.say(&*layer);
        Ok(Poll::Ready(layer))
    }

    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>> {
        self.layer.map(|layer| layer as Box<dyn Stream>)
    }

    fn timed_out(&self) -> Error {
        Error::network(self.name(), "TIMEOUT. The handshake was not done in time")
            .hint(format!("does the peer speak {}?", self.what))
    }

    fn deadline(&self) -> Option<Instant> {
        self.layer.as_ref().and_then(|layer| layer.deadline())
    }
}

impl Handshake {
    fn name(&self) -> String {
        format!("{} with {}", self.what, self.remote)
    }

    fn say(&self, layer: &dyn Handshaking) {
        if let Some(verdict) = &self.verdict {
            self.report.detail(1, format_args!("SSL connection to {}.", self.remote));
            if let Some(why) = verdict.warning() {
                self.report.note(format_args!("The certificate of {} is not trusted: {why}", self.remote));
            }
        } else {
            self.report.detail(1, format_args!("SSL connection from {}.", self.remote));
        }
        if self.report.shows(1) {
            for line in layer.facts() {
                self.report.detail(1, line);
            }
        }
    }
}
