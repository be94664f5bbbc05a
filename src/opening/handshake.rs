//! The stage in which the two ends agree on how to encrypt.
//!
//! A newcomer's trap: a handshake that has failed is not over. The peer should hear why, so what is
//! left is closed lingering.

use super::{Stage, talk::INJECTED};
use crate::{
    cli::config::{Listen, Where},
    error::{Error, Result, why},
    report::Report,
    stream::{Handshaking, Stream, tls::Failure},
    tls::{Shown, Verdict},
    transport::Address,
};
use std::{io, task::Poll, time::Instant};

/// See the module's description.
pub struct Handshake {
    what: &'static str,
    /// The layer, until it is handed on.
    pub(super) layer: Option<Box<dyn Handshaking>>,
    verdict: Option<Verdict>,
    remote: Address,
    midway: Option<Midway>,
    report: Report,
}

/// What is different in mid-session.
#[derive(Debug, Clone, Copy, Default)]
pub struct Midway {
    /// What of the protocol is to be said again.
    pub again: Option<&'static str>,
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
            Err(error) => return Err(self.failed(&error)),
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
    /// Of `layer`, which speaks `what` (TLS, DTLS) with `remote`. `verdict` is what comes of looking at a
    /// server's certificate; nothing is looked at when we are one.
    #[must_use]
    pub fn new(
        what: &'static str,
        layer: Box<dyn Handshaking>,
        verdict: Option<Verdict>,
        remote: &Address,
        report: Report,
    ) -> Self {
        Self { what, layer: Some(layer), verdict, remote: remote.clone(), midway: None, report }
    }

    /// In mid-session, where the user has to know that it is done.
    #[must_use]
    pub fn midway(self, midway: Midway) -> Self {
        Self { midway: Some(midway), ..self }
    }

    fn name(&self) -> String {
        format!("{} with {}", self.what, self.remote)
    }

    fn failed(&self, error: &io::Error) -> Error {
        match (Failure::of(error), self.midway) {
            // It was in clear, and had been agreed to end.
            (Some(Failure { why, hint: Some(_) }), Some(_)) => Error::network(self.name(), why).hint(INJECTED),
            _ => Error::network(self.name(), why(error)),
        }
    }

    fn say(&self, layer: &dyn Handshaking) {
        let (report, remote) = (self.report, &self.remote);
        let untrusted = self.verdict.as_ref().and_then(Verdict::warning);
        match (&self.verdict, self.midway, untrusted) {
            (Some(_), Some(midway), _) => report.note(self.news(midway, untrusted, &layer.facts())),
            (Some(_), None, _) => report.detail(1, format_args!("SSL connection to {remote}.")),
            (None, ..) => report.detail(1, format_args!("SSL connection from {remote}.")),
        }
        if let (None, Some(why)) = (self.midway, untrusted) {
            report.note(format_args!("The certificate of {remote} is not trusted: {why}"));
        }
        if report.shows(1) {
            for line in layer.facts() {
                report.detail(1, line);
            }
        }
    }

    /// That it is encrypted now, with whose certificate, and what to do next.
    fn news(&self, midway: Midway, untrusted: Option<&str>, facts: &[String]) -> String {
        let trust = untrusted.map_or_else(|| "trusted".to_owned(), |why| format!("not trusted: {why}"));
        let certificate = facts.get(1).map_or("No certificate", String::as_str);
        let again = midway.again.map(|command| format!(". Say {command} again"));
        format!("{} is encrypted now. {certificate}; {trust}{}.", self.remote, again.unwrap_or_default())
    }
}
