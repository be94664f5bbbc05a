//! The stage in which a connection becomes encrypted.

use super::{Stage, Staging};
use crate::{
    cli::config::{Mode, TlsOptions, Where},
    error::{Error, Result},
    report::Report,
    stream::{Stream, tls::Tls},
    tls::{ClientSettings, ServerSettings, Verdict, facts},
    transport::Address,
};
use rustls::Connection;
use std::{task::Poll, time::Instant};

/// What all connections of a run have in common.
pub struct TlsStaging {
    side: Side,
    report: Report,
}

enum Side {
    Client(ClientSettings, String),
    Server(ServerSettings),
}

impl TlsStaging {
    /// `addresses` are those listened on.
    ///
    /// # Errors
    /// When a file cannot be read, or an option says what cannot be.
    pub fn new(options: &TlsOptions, mode: &Mode, addresses: &[Address], report: Report) -> Result<Self> {
        let side = match mode {
            Mode::Connect(connect) => Side::Client(ClientSettings::new(options)?, connect.to.host().to_owned()),
            Mode::Listen(listen) => {
                let mut names: Vec<_> = addresses.iter().filter_map(Address::ip).map(|ip| ip.to_string()).collect();
                if let Where::Inet { host: Some(host), .. } = &listen.on {
                    names.push(host.clone());
                }
                let settings = ServerSettings::new(options, &names)?;
                if settings.is_ephemeral() {
                    report.note(format_args!(
                        "Generated a certificate for this run; its SHA-256 fingerprint is {}",
                        settings.fingerprint()
                    ));
                }
                Side::Server(settings)
            }
        };
        Ok(Self { side, report })
    }
}

impl Staging for TlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, remote: &Address) -> Result<Box<dyn Stage>> {
        let (connection, verdict): (Connection, _) = match &self.side {
            Side::Client(settings, host) => {
                let (connection, verdict) = settings.connection(host)?;
                (connection.into(), Some(verdict))
            }
            Side::Server(settings) => (settings.connection()?.into(), None),
        };
        let tls = Some(Tls::new(stream, connection));
        Ok(Box::new(Handshake { tls, verdict, remote: remote.clone(), report: self.report }))
    }

    fn layer(&self) -> &'static str {
        "TLS"
    }
}

struct Handshake {
    tls: Option<Tls>,
    /// What came of looking at a server's certificate; nothing is looked at when we are one.
    verdict: Option<Verdict>,
    remote: Address,
    report: Report,
}

impl Stage for Handshake {
    fn advance(&mut self, _: Instant) -> Result<Poll<Box<dyn Stream>>> {
        let Some(tls) = &mut self.tls else { return Ok(Poll::Pending) };
        match tls.handshake() {
            Ok(Poll::Pending) => return Ok(Poll::Pending),
            Ok(Poll::Ready(())) => {}
            Err(error) => return Err(Error::network(format!("TLS with {}", self.remote), crate::error::why(&error))),
        }
        let Some(tls) = self.tls.take() else { return Ok(Poll::Pending) };
        self.say(&tls);
        Ok(Poll::Ready(Box::new(tls)))
    }

    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>> {
        self.tls.map(|tls| Box::new(tls) as Box<dyn Stream>)
    }

    fn timed_out(&self) -> Error {
        Error::network(format!("TLS with {}", self.remote), "TIMEOUT. The handshake was not done in time")
            .hint("does the peer speak TLS?")
    }
}

impl Handshake {
    fn say(&self, tls: &Tls) {
        if let Some(verdict) = &self.verdict {
            self.report.detail(1, format_args!("SSL connection to {}.", self.remote));
            if let Some(why) = verdict.warning() {
                self.report.note(format_args!("The certificate of {} is not trusted: {why}", self.remote));
            }
        } else {
            self.report.detail(1, format_args!("SSL connection from {}.", self.remote));
        }
        if self.report.shows(1) {
            for line in facts(tls.connection()) {
                self.report.detail(1, line);
            }
        }
    }
}
