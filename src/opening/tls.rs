//! The stage in which a connection becomes encrypted.

use super::{
    Stage, Staging, Whom,
    handshake::{self, Handshake},
};
use crate::{
    cli::config::{Mode, TlsOptions},
    error::Result,
    report::Report,
    stream::{Handshaking, Stream, tls::Tls},
    tls::{ClientSettings, ServerSettings},
    transport::Address,
};
use rustls::Connection;

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
                let settings = ServerSettings::new(options, &handshake::names(listen, addresses))?;
                handshake::tell(settings.shown(), report);
                Side::Server(settings)
            }
        };
        Ok(Self { side, report })
    }
}

impl Staging for TlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>> {
        whom.encrypts();
        let (connection, verdict): (Connection, _) = match &self.side {
            Side::Client(settings, host) => {
                let (connection, verdict) = settings.connection(host)?;
                (connection.into(), Some(verdict))
            }
            Side::Server(settings) => (settings.connection()?.into(), None),
        };
        let layer = Some(Box::new(Tls::new(stream, connection)) as Box<dyn Handshaking>);
        Ok(Box::new(Handshake { what: "TLS", layer, verdict, remote: whom.remote.clone(), report: self.report }))
    }

    fn layer(&self) -> &'static str {
        "TLS"
    }
}
