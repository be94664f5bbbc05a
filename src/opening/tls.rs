//! The stage in which a connection becomes encrypted.

use super::{
    Stage, Staging, Whom,
    handshake::{self, Handshake},
};
use crate::{
    cli::config::{Mode, TlsOptions},
    error::Result,
    report::Report,
    stream::{Stream, tls::Tls},
    tls::{ClientSettings, ServerSettings, Verdict},
    transport::Address,
};
use rustls::Connection;

/// What all connections of a run have in common.
pub struct TlsStaging {
    side: Side,
    report: Report,
}

/// Which side of TLS we are.
#[derive(Debug, Clone)]
pub enum Role {
    /// The client.
    Client,
    /// The server; these are the names for its certificate, if none is given.
    Server(Vec<String>),
}

/// What a connection's TLS begins with, and what comes of looking at a server's certificate.
pub(super) type Prepared = (Connection, Option<Verdict>);

enum Side {
    Client(ClientSettings),
    Server(ServerSettings),
}

impl Role {
    /// `addresses` are those listened on.
    #[must_use]
    pub fn of(mode: &Mode, addresses: &[Address]) -> Self {
        match mode {
            Mode::Connect(_) => Self::Client,
            Mode::Listen(listen) => Self::Server(handshake::names(listen, addresses)),
        }
    }
}

impl TlsStaging {
    /// Reads the files that the options name, or makes a certificate.
    ///
    /// # Errors
    /// When a file cannot be read, or an option says what cannot be.
    pub fn new(options: &TlsOptions, role: Role, report: Report) -> Result<Self> {
        let side = match role {
            Role::Client => Side::Client(ClientSettings::new(options)?),
            Role::Server(names) => {
                let settings = ServerSettings::new(options, &names)?;
                handshake::tell(settings.shown(), report);
                Side::Server(settings)
            }
        };
        Ok(Self { side, report })
    }

    /// `host` is the name that a server's certificate is checked for.
    pub(super) fn prepare(&self, host: &str) -> Result<Prepared> {
        Ok(match &self.side {
            Side::Client(settings) => {
                let (connection, verdict) = settings.connection(host)?;
                (connection.into(), Some(verdict))
            }
            Side::Server(settings) => (settings.connection()?.into(), None),
        })
    }

    pub(super) fn handshake(&self, stream: Box<dyn Stream>, prepared: Prepared, remote: &Address) -> Handshake {
        let (connection, verdict) = prepared;
        Handshake::new("TLS", Box::new(Tls::new(stream, connection)), verdict, remote, self.report)
    }
}

impl Staging for TlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>> {
        whom.encrypts();
        Ok(Box::new(self.handshake(stream, self.prepare(whom.host)?, whom.remote)))
    }

    fn layer(&self) -> &'static str {
        "TLS"
    }
}
