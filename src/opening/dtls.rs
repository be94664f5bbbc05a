//! The stage in which datagrams become encrypted.
//!
//! A newcomer's trap: a listener's clients have passed the cookies before they come here, so that
//! nobody counts, or takes a listener that serves one, who is not at his address.

use super::{
    Stage, Staging, Whom,
    handshake::{self, Handshake},
};
use crate::{
    cli::config::{Mode, TlsOptions},
    clock,
    error::Result,
    report::Report,
    stream::{Handshaking, Stream, dtls::Dtls},
    tls::{DtlsServer, Verdict},
    transport::{Address, datagram::Doorman},
};
use cookies::Cookies;
use std::rc::Rc;

#[cfg(not(feature = "dtls-openssl"))]
use crate::tls::DtlsClient as Client;
#[cfg(feature = "dtls-openssl")]
use crate::tls::OpensslClient as Client;

mod cookies;

/// What all connections of a run have in common.
pub struct DtlsStaging {
    side: Side,
    report: Report,
}

enum Side {
    Client(Box<Client>),
    Server(Rc<DtlsServer>, Rc<Cookies>),
}

impl DtlsStaging {
    /// `addresses` are those listened on.
    ///
    /// # Errors
    /// When a file cannot be read, or an option asks for what DTLS does not have here.
    pub fn new(options: &TlsOptions, mode: &Mode, addresses: &[Address], report: Report) -> Result<Self> {
        let side = match mode {
            Mode::Connect(_) => {
                let client = Client::new(options)?;
                client.notes().iter().for_each(|note| report.note(note));
                Side::Client(Box::new(client))
            }
            Mode::Listen(listen) => {
                let server = Rc::new(DtlsServer::new(options, &handshake::names(listen, addresses))?);
                server.notes().iter().for_each(|note| report.note(note));
                handshake::tell(server.shown(), report);
                Side::Server(Rc::clone(&server), Rc::new(Cookies::new(server, report)))
            }
        };
        Ok(Self { side, report })
    }

    /// Whom a listener has to ask before it takes anybody for a client.
    #[must_use]
    pub fn doorman(&self) -> Option<Rc<dyn Doorman>> {
        match &self.side {
            Side::Client(_) => None,
            Side::Server(_, cookies) => Some(Rc::clone(cookies) as Rc<dyn Doorman>),
        }
    }
}

impl Staging for DtlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>> {
        whom.encrypts();
        let (dtls, verdict) = match &self.side {
            Side::Client(client) => {
                let (dtls, verdict) = layer(client, stream, whom.host)?;
                (dtls, Some(verdict))
            }
            Side::Server(server, cookies) => {
                let dtls = match cookies.take(whom.remote) {
                    Some(proven) => Dtls::resume(stream, proven),
                    None => Dtls::new(stream, server.session(clock::now()), None),
                };
                (Box::new(dtls) as Box<dyn Handshaking>, None)
            }
        };
        Ok(Box::new(Handshake::new("DTLS", dtls, verdict, whom.remote, self.report)))
    }

    fn layer(&self) -> &'static str {
        "DTLS"
    }
}

#[cfg(not(feature = "dtls-openssl"))]
fn layer(client: &Client, stream: Box<dyn Stream>, host: &str) -> Result<(Box<dyn Handshaking>, Verdict)> {
    let (session, check, verdict) = client.session(host, clock::now());
    Ok((Box::new(Dtls::new(stream, session, Some(check))), verdict))
}

#[cfg(feature = "dtls-openssl")]
fn layer(client: &Client, stream: Box<dyn Stream>, host: &str) -> Result<(Box<dyn Handshaking>, Verdict)> {
    let (ssl, check, verdict) = client.ssl(host)?;
    Ok((Box::new(crate::stream::dtls_openssl::Dtls::new(stream, ssl, check)?), verdict))
}
