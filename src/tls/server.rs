//! The listening side's settings.
//!
//! A newcomer's trap: clients are given no session tickets, because an unread one makes a reset.

use super::{
    Shown, alpn,
    judge::Expected,
    provider,
    trust::Trust,
    verify::{Policy, Verdict, Verifier},
};
use crate::{
    cli::config::TlsOptions,
    error::{Error, Result},
};
use rustls::{
    DEFAULT_VERSIONS, KeyLogFile, ServerConfig, ServerConnection, crypto::CryptoProvider,
    server::NoServerSessionStorage,
};
use std::{path::Path, sync::Arc};

/// What every client of a listener is met with.
#[derive(Debug)]
pub struct ServerSettings {
    config: Arc<ServerConfig>,
    shown: Shown,
}

impl ServerSettings {
    /// `names` are the host names and addresses listened on, for the certificate that is made
    /// when the options name none.
    pub fn new(options: &TlsOptions, names: &[String]) -> Result<Self> {
        let provider = provider(options)?;
        let (identity, shown) = Shown::choose(options, names)?;
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(DEFAULT_VERSIONS)
            .map_err(|error| Error::usage("set up TLS", super::explain(&error)))?;
        let config = match options.trust_file.as_deref().filter(|_| options.verify) {
            Some(file) => config.with_client_cert_verifier(Arc::new(clients(file, &provider)?)),
            None => config.with_no_client_auth(),
        };
        let mut config = config.with_cert_resolver(identity.resolver());
        config.alpn_protocols = alpn(options);
        config.key_log = Arc::new(KeyLogFile::new());
        // Nobody resumes a netcat session; and a ticket that a client has not read when it
        // closes makes its kernel send a reset, which may destroy the last of its data.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), shown })
    }

    /// The TLS of one client.
    pub fn connection(&self) -> Result<ServerConnection> {
        ServerConnection::new(Arc::clone(&self.config))
            .map_err(|error| Error::network("set up TLS", super::explain(&error)))
    }

    /// Our certificate.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        &self.shown
    }
}

/// The check of clients' certificates: `--ssl-verify` with `--ssl-trustfile`.
fn clients(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Verifier> {
    Ok(Verifier {
        policy: Policy::Refuse,
        strict: true,
        expected: Expected::Client,
        trust: Arc::new(Trust::for_clients(file, provider)?),
        algorithms: provider.signature_verification_algorithms,
        verdict: Verdict::default(),
    })
}
