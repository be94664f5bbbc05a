//! The settings of DTLS by OpenSSL, in connect mode: a cargo feature, for servers with RSA
//! certificates, SNI and ALPN.
//!
//! A newcomer's trap: OpenSSL checks that the server holds its certificate's key and nothing else;
//! whether to trust it is decided here, as for TLS, when the handshake is done.

use super::{ClientSettings, Verdict, alpn};
use crate::{
    cli::config::TlsOptions,
    error::{Error, Result},
    report::escape,
    stream::tls::Failure,
};
use openssl::{
    error::ErrorStack,
    pkey::PKey,
    ssl::{Ssl, SslContext, SslMethod, SslOptions, SslRef, SslVerifyMode, SslVersion},
    x509::X509,
};
use rustls::pki_types::{CertificateDer, DnsName};

/// Datagrams of a handshake are no longer than this, so that they pass nearly every network whole.
const MTU: u32 = 1200;

/// Judges the certificates of a server whose handshake is done.
pub type OpensslCheck = Box<dyn FnOnce(&SslRef) -> std::result::Result<(), Failure>>;

/// What every connection of ours begins with.
pub struct OpensslClient {
    settings: ClientSettings,
    context: SslContext,
    server_name: Option<String>,
}

impl OpensslClient {
    /// Reads the files that the options name.
    ///
    /// # Errors
    /// When a file cannot be read, or OpenSSL does not take what an option says.
    pub fn new(options: &TlsOptions) -> Result<Self> {
        let settings = ClientSettings::new(options)?;
        let context = context(options, &settings)
            .map_err(|stack| Error::usage("set up DTLS", format!("OpenSSL says: {}", words(&stack))))?;
        Ok(Self { settings, context, server_name: options.server_name.clone() })
    }

    /// A session that has not begun, the check of its server's certificates, and what to ask about
    /// them afterwards. `host` is a name or an address, also in brackets or with a zone.
    ///
    /// # Errors
    /// When OpenSSL has no memory left.
    pub fn ssl(&self, host: &str) -> Result<(Ssl, OpensslCheck, Verdict)> {
        let failed = |stack: ErrorStack| Error::network("set up DTLS", words(&stack));
        let mut ssl = Ssl::new(&self.context).map_err(failed)?;
        ssl.set_mtu(MTU).map_err(failed)?;
        let name = super::client::bare(self.server_name.as_deref().unwrap_or(host));
        if DnsName::try_from(name).is_ok() {
            ssl.set_hostname(name).map_err(failed)?;
        }
        let (check, verdict) = self.settings.check(host);
        let check: OpensslCheck = Box::new(|ssl| {
            let shown = certificates(ssl);
            let Some((leaf, intermediates)) = shown.split_first() else {
                return Err(Failure { why: "the peer has no certificate".to_owned(), hint: None });
            };
            check(leaf, intermediates).map_err(|why| Failure { why, hint: None })
        });
        Ok((ssl, check, verdict))
    }

    /// What the options ask for and do not get: nothing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &[]
    }
}

/// What the peer has shown, its own certificate first.
pub(crate) fn certificates(ssl: &SslRef) -> Vec<CertificateDer<'static>> {
    let chain = ssl.peer_cert_chain().into_iter().flatten();
    chain.filter_map(|certificate| certificate.to_der().ok()).map(CertificateDer::from).collect()
}

/// OpenSSL's reasons in a line, escaped.
pub(crate) fn words(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack.errors().iter().filter_map(openssl::error::Error::reason).collect();
    if reasons.is_empty() { "no reason".to_owned() } else { escape(reasons.join("; ").as_bytes()) }
}

fn context(options: &TlsOptions, settings: &ClientSettings) -> std::result::Result<SslContext, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::dtls_client())?;
    builder.set_min_proto_version(Some(SslVersion::DTLS1_2))?;
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_options(SslOptions::NO_QUERY_MTU);
    if let Some(list) = &options.ciphers {
        builder.set_cipher_list(list)?;
    }
    let protocols: Vec<u8> = alpn(options)
        .iter()
        .filter_map(|name| Some([&[u8::try_from(name.len()).ok()?][..], name].concat()))
        .flatten()
        .collect();
    if !protocols.is_empty() {
        builder.set_alpn_protos(&protocols)?;
    }
    if let Some(identity) = settings.identity() {
        let certificate = X509::from_der(identity.certificate())?;
        builder.set_certificate(&certificate)?;
        builder.set_private_key(&*PKey::private_key_from_der(identity.key())?)?;
        for issuer in identity.issuers() {
            builder.add_extra_chain_cert(X509::from_der(issuer)?)?;
        }
    }
    Ok(builder.build())
}
