//! The settings of DTLS, and what of TLS' it cannot take.
//!
//! A newcomer's trap: dimpl knows ECDSA alone, sends one certificate and shows one, and has no SNI
//! or ALPN. What an option asks beyond that is refused at the start, or said in a note.

use super::{ClientSettings, Shown, Verdict, ciphers, ephemeral, identity::Identity};
use crate::{
    cli::config::TlsOptions,
    error::{Error, Result},
    stream::tls::Failure,
};
use dimpl::{
    Config, Dtls, DtlsCertificate,
    crypto::{Dtls12CipherSuite, Dtls13CipherSuite, aws_lc_rs},
};
use rustls::SignatureAlgorithm;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The first wait for an answer, doubled each time: quicker than RFC 6347's second (4.2.4.1), as
/// RFC 9147, 5.8.2 allows, for a person waits.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// With the first wait, a bit more than the half minute that a stage has.
const RETRIES: usize = 6;
/// Datagrams kept for a handshake that come before their turn: as OpenSSL cuts them, they hold
/// a certificate of 14 KB.
const MAX_EARLY: usize = 64;

/// Judges the peer's certificate; an error is why it is refused.
pub type Check = Box<dyn FnOnce(&[u8]) -> std::result::Result<(), Failure>>;

/// What every connection of ours begins with.
#[derive(Debug)]
pub struct DtlsClient {
    settings: ClientSettings,
    common: Common,
    notes: Vec<String>,
}

impl DtlsClient {
    /// Reads the files that the options name.
    ///
    /// # Errors
    /// When a file cannot be read, or an option asks for what DTLS does not have here.
    pub fn new(options: &TlsOptions) -> Result<Self> {
        let settings = ClientSettings::new(options)?;
        let mut notes = Vec::new();
        if options.server_name.is_some() {
            notes.push("--ssl-servername is checked, but not sent: there is no SNI in DTLS here".to_owned());
        }
        let common = match settings.identity() {
            Some(identity) => {
                notes.extend(issuers_stay(identity));
                Common::new(options, identity)?
            }
            // dimpl wants one, and shows it only to a server that asks.
            None => Common::new(options, &ephemeral::make(&[])?)?,
        };
        Ok(Self { settings, common, notes })
    }

    /// A session that has not begun, the check of its server's certificate, and what to ask about
    /// it afterwards. `host` is a name or an address, also in brackets or with a zone.
    #[must_use]
    pub fn session(&self, host: &str, now: Instant) -> (Dtls, Check, Verdict) {
        let (check, verdict) = self.settings.check(host);
        let check: Check = Box::new(|leaf| {
            check(leaf, &[]).map_err(|why| {
                // Whoever uses intermediates would look for the fault elsewhere.
                let hint = why.contains("unknown issuer").then_some(
                    "DTLS here shows only the server's own certificate; name that of its direct issuer with --ssl-trustfile",
                );
                Failure { why, hint }
            })
        });
        let mut dtls = self.common.session(now);
        dtls.set_active(true);
        (dtls, check, verdict)
    }

    /// What the options ask for and do not get, to be said at the start.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// What every client of a listener is met with.
#[derive(Debug)]
pub struct DtlsServer {
    common: Common,
    shown: Shown,
    notes: Vec<String>,
}

impl DtlsServer {
    /// `names` are the host names and addresses listened on, for the certificate that is made
    /// when the options name none.
    ///
    /// # Errors
    /// When a file cannot be read, or an option asks for what DTLS does not have here.
    pub fn new(options: &TlsOptions, names: &[String]) -> Result<Self> {
        let (identity, shown) = Shown::choose(options, names)?;
        Ok(Self {
            common: Common::new(options, &identity)?,
            shown,
            notes: issuers_stay(&identity).into_iter().collect(),
        })
    }

    /// A session for one client, which begins with a cookie for it.
    #[must_use]
    pub fn session(&self, now: Instant) -> Dtls {
        self.common.session(now)
    }

    /// Our certificate.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// What the options ask for and do not get, to be said at the start.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// What both sides need.
#[derive(Debug)]
struct Common {
    config: Arc<Config>,
    certificate: DtlsCertificate,
    versions: Versions,
}

/// What the cipher suites leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versions {
    Dtls12,
    Dtls13,
    Both,
}

impl Common {
    fn new(options: &TlsOptions, identity: &Identity) -> Result<Self> {
        if !options.alpn.is_empty() {
            return Err(Error::usage("--ssl-alpn", "there is no ALPN in DTLS here").hint("leave it out with -u"));
        }
        let (builder, versions) = suites(options)?;
        let config = builder
            .require_client_certificate(false)
            .flight_start_rto(FIRST_WAIT)
            .flight_retries(RETRIES)
            .max_queue_rx(MAX_EARLY)
            .build()
            .map_err(|error| Error::usage("set up DTLS", error.to_string()))?;
        let known = config.crypto_provider().key_provider.load_private_key(identity.key()).is_ok();
        if identity.algorithm() != SignatureAlgorithm::ECDSA || !known {
            let kind = if identity.algorithm() == SignatureAlgorithm::RSA { "RSA" } else { "of another kind" };
            let why = format!("DTLS here signs with ECDSA alone, on P-256 or P-384; this key is {kind}");
            return Err(Error::usage("use the key of --ssl-cert", why)
                .hint("make one with: openssl ecparam -name prime256v1 -genkey -noout"));
        }
        let certificate =
            DtlsCertificate { certificate: identity.certificate().to_vec(), private_key: identity.key().to_vec() };
        Ok(Self { config: Arc::new(config), certificate, versions })
    }

    fn session(&self, now: Instant) -> Dtls {
        let make = match self.versions {
            Versions::Dtls12 => Dtls::new_12,
            Versions::Dtls13 => Dtls::new_13,
            Versions::Both => Dtls::new_auto,
        };
        make(Arc::clone(&self.config), self.certificate.clone(), now)
    }
}

/// `--ssl-ciphers`, as far as dimpl has them.
fn suites(options: &TlsOptions) -> Result<(dimpl::ConfigBuilder, Versions)> {
    let builder = Config::builder();
    let Some(list) = &options.ciphers else { return Ok((builder, Versions::Both)) };
    let provider = aws_lc_rs::default_provider();
    let wanted: Vec<u16> = ciphers::select(list)?.iter().map(|suite| suite.suite().into()).collect();
    let known12 = provider.cipher_suites.iter().map(|suite| suite.suite());
    let known13 = provider.dtls13_cipher_suites.iter().map(|suite| suite.suite());
    let old: Vec<Dtls12CipherSuite> = known12.filter(|suite| wanted.contains(&suite.as_u16())).collect();
    let new: Vec<Dtls13CipherSuite> = known13.filter(|suite| wanted.contains(&suite.as_u16())).collect();
    let versions = match (old.is_empty(), new.is_empty()) {
        (true, true) => {
            let why = "none of these goes with an ECDSA certificate, and DTLS here knows no other";
            return Err(Error::usage("--ssl-ciphers", why).hint("try ECDSA, or leave it out with -u"));
        }
        (true, false) => Versions::Dtls13,
        (false, true) => Versions::Dtls12,
        (false, false) => Versions::Both,
    };
    Ok((builder.dtls12_cipher_suites(&old).dtls13_cipher_suites(&new), versions))
}

fn issuers_stay(identity: &Identity) -> Option<String> {
    let words = "DTLS here sends only the first certificate of --ssl-cert, not those of its issuers";
    (!identity.issuers().is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Maker, TempFile};
    use std::path::Path;

    #[test]
    fn what_dtls_does_not_have_is_said_at_the_start() {
        let alpn = TlsOptions { alpn: vec!["h2".to_owned()], ..TlsOptions::default() };
        assert!(DtlsClient::new(&alpn).unwrap_err().to_string().starts_with("--ssl-alpn: there is no ALPN in DTLS"));
        assert!(DtlsServer::new(&alpn, &[]).is_err());

        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata");
        let rsa = TlsOptions {
            cert: Some(data.join("rsa2048.pem")),
            key: Some(data.join("pkcs8.pem")),
            ..TlsOptions::default()
        };
        let error = DtlsServer::new(&rsa, &[]).unwrap_err().to_string();
        assert!(error.contains("this key is RSA"), "{error}");

        let named = TlsOptions { server_name: Some("mail.test".to_owned()), ..TlsOptions::default() };
        assert!(DtlsClient::new(&named).unwrap().notes()[0].contains("no SNI"));

        let root = Maker::new("Root").ca().self_signed();
        let leaf = Maker::new("mail.test").signed_by(&root);
        let file = TempFile::new(format!("{}{}{}", leaf.pem(), leaf.key_pem(), root.pem()).as_bytes());
        let chain = TlsOptions { cert: Some(file.path().into()), ..TlsOptions::default() };
        assert!(DtlsServer::new(&chain, &[]).unwrap().notes()[0].contains("only the first certificate"));
    }

    #[test]
    fn both_forms_of_ec_keys_are_taken() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata");
        let sec1 =
            TlsOptions { cert: Some(data.join("p256.pem")), key: Some(data.join("sec1.pem")), ..TlsOptions::default() };
        let server = DtlsServer::new(&sec1, &[]).unwrap();
        assert!(!server.shown().is_ephemeral());
        let _ = server.session(Instant::now());
        assert!(DtlsServer::new(&TlsOptions::default(), &[]).unwrap().shown().is_ephemeral());
    }

    #[test]
    fn cipher_lists_choose_the_version_and_those_that_leave_nothing_are_refused() {
        let versions = |list: &str| {
            let options = TlsOptions { ciphers: Some(list.to_owned()), ..TlsOptions::default() };
            DtlsServer::new(&options, &[]).map(|server| server.common.versions)
        };
        assert_eq!(versions("ALL:!aNULL:!eNULL:!LOW:!EXP:!RC4:!MD5:@STRENGTH").unwrap(), Versions::Both);
        assert_eq!(versions("ECDHE-ECDSA-AES128-GCM-SHA256").unwrap(), Versions::Dtls12);
        assert_eq!(versions("TLS_AES_128_GCM_SHA256").unwrap(), Versions::Dtls13);
        assert!(versions("ECDHE-RSA-AES128-GCM-SHA256").unwrap_err().to_string().contains("ECDSA"));
    }
}
