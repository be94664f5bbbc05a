//! The connecting side's settings.
//!
//! A newcomer's trap: SNI never holds an address (RFC 6066, section 3), and what a user calls a
//! host need not be a DNS name at all; the connection is made all the same, without SNI.

use super::{
    alpn,
    identity::Identity,
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
    ClientConfig, ClientConnection, DEFAULT_VERSIONS, KeyLogFile,
    client::{Resumption, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName, UnixTime},
};
use std::sync::Arc;

/// Judges a server's certificate, with those that it has shown besides; an error is why it is refused.
pub type ChainCheck = dyn FnOnce(&[u8], &[CertificateDer<'_>]) -> std::result::Result<(), String>;

/// What every connection of ours begins with.
#[derive(Debug)]
pub struct ClientSettings {
    provider: Arc<CryptoProvider>,
    identity: Option<Identity>,
    trust: Arc<Trust>,
    policy: Policy,
    strict: bool,
    server_name: Option<String>,
    alpn: Vec<Vec<u8>>,
}

impl ClientSettings {
    /// Reads the files that the options name; the stores of trusted certificates wait until needed.
    pub fn new(options: &TlsOptions) -> Result<Self> {
        let provider = provider(options)?;
        let policy = match options.fingerprint {
            Some(fingerprint) => Policy::Exactly(fingerprint),
            None if options.verify => Policy::Refuse,
            None => Policy::Warn,
        };
        Ok(Self {
            identity: Identity::from_options(options)?,
            trust: Arc::new(Trust::new(options.trust_file.as_deref())?),
            provider,
            policy,
            strict: options.verify,
            server_name: options.server_name.clone(),
            alpn: alpn(options),
        })
    }

    /// The TLS of one connection to `host` (a name or an address, also in brackets or with a
    /// zone), and what to ask about the server's certificate after the handshake.
    pub fn connection(&self, host: &str) -> Result<(ClientConnection, Verdict)> {
        let failed = |error: rustls::Error| Error::network("set up TLS", super::explain(&error));
        let expected = expected(self.server_name.as_deref().unwrap_or(host));
        let name = match &expected {
            Expected::Server(name) => name.clone(),
            // rustls wants a name; for an address it sends no SNI, and our verifier does not look at it.
            Expected::Unfit(_) | Expected::Client => ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4]))),
        };
        let (verifier, verdict) = self.verifier(expected);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(DEFAULT_VERSIONS)
            .map_err(failed)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.key_log = Arc::new(KeyLogFile::new());
        config.resumption = Resumption::disabled();
        ClientConnection::new(Arc::new(config), name).map_err(failed).map(|connection| (connection, verdict))
    }

    /// The check of the certificate of `host`, for a handshake that is not rustls' and proves by
    /// itself that the server holds the key; an error is why the certificate is refused.
    pub fn check(&self, host: &str) -> (Box<ChainCheck>, Verdict) {
        let (verifier, verdict) = self.verifier(expected(self.server_name.as_deref().unwrap_or(host)));
        let check = move |leaf: &[u8], intermediates: &[CertificateDer<'_>]| {
            // Whom it should be for, our verifier knows.
            let nobody = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4])));
            let leaf = CertificateDer::from(leaf);
            let checked = verifier.verify_server_cert(&leaf, intermediates, &nobody, &[], UnixTime::now());
            checked.map(|_| ()).map_err(|error| super::explain(&error))
        };
        (Box::new(check), verdict)
    }

    #[cfg(feature = "dtls")]
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    fn verifier(&self, expected: Expected) -> (Verifier, Verdict) {
        let verdict = Verdict::default();
        let verifier = Verifier {
            policy: self.policy,
            strict: self.strict,
            expected,
            trust: Arc::clone(&self.trust),
            algorithms: self.provider.signature_verification_algorithms,
            verdict: verdict.clone(),
        };
        (verifier, verdict)
    }
}

/// Whom a certificate should be for when the user says `host`.
pub(super) fn expected(host: &str) -> Expected {
    match ServerName::try_from(bare(host)) {
        Ok(name) => Expected::Server(name.to_owned()),
        Err(_) => Expected::Unfit(host.to_owned()),
    }
}

/// A host without brackets and without the zone of a link-local address.
pub(super) fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match inner.split_once('%') {
        Some((address, _)) if address.contains(':') => address,
        _ => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        ServerSettings, explain, facts,
        testing::{Made, Maker, TempFile, meet, pem_to_der},
    };
    use rustls::Connection;

    #[test]
    fn brackets_and_zones_are_not_part_of_an_address() {
        for (host, address) in
            [("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("[fe80::1%2]", "fe80::1"), ("a%b", "a%b")]
        {
            assert_eq!(bare(host), address);
        }
    }

    /// A listener with this certificate and key.
    fn server(made: &Made) -> ServerSettings {
        server_of(&made.pem(), &made.key_pem())
    }

    fn server_of(cert: &str, key: &str) -> ServerSettings {
        let file = TempFile::new(format!("{cert}\n{key}").as_bytes());
        let options = TlsOptions { cert: Some(file.path().into()), ..TlsOptions::default() };
        ServerSettings::new(&options, &[]).unwrap()
    }

    /// Connects; gives the warning, or the words of the failure.
    fn connect(options: &TlsOptions, server: &ServerSettings, host: &str) -> std::result::Result<String, String> {
        let (client, verdict) = ClientSettings::new(options).unwrap().connection(host).unwrap();
        let (mut client, mut server) = (Connection::Client(client), Connection::Server(server.connection().unwrap()));
        meet(&mut client, &mut server).map_err(|error| explain(&error))?;
        assert!(facts(&client)[0].starts_with("TLS 1.3, "), "{:?}", facts(&client));
        Ok(verdict.warning().unwrap_or_default().to_owned())
    }

    fn strict(trust_file: &TempFile) -> TlsOptions {
        TlsOptions { verify: true, trust_file: Some(trust_file.path().into()), ..TlsOptions::default() }
    }

    #[test]
    fn an_untrusted_certificate_is_a_warning_or_with_verify_a_refusal_in_the_same_words() {
        let made = Maker::new("mail.test").valid((2020, 1, 1), (2024, 5, 1)).self_signed();
        let server = server(&made);
        let words = "self-signed; expired on 2024-05-01; issued for mail.test, not for localhost";
        assert_eq!(connect(&TlsOptions::default(), &server, "localhost").unwrap(), words);
        let options = TlsOptions { verify: true, ..TlsOptions::default() };
        let refusal = connect(&options, &server, "localhost").unwrap_err();
        assert_eq!(refusal, format!("the server's certificate is not trusted: {words}"));
    }

    #[test]
    fn a_trust_file_replaces_the_stores() {
        let root = Maker::new("Root").ca().self_signed();
        let server = server(&Maker::new("mail.test").signed_by(&root));
        let file = TempFile::new(root.pem().as_bytes());
        assert_eq!(connect(&strict(&file), &server, "mail.test").unwrap(), "");
        let named = TlsOptions { server_name: Some("mail.test".to_owned()), ..strict(&file) };
        assert_eq!(connect(&named, &server, "127.0.0.1").unwrap(), "");
        let other = TempFile::new(Maker::new("Other").ca().self_signed().pem().as_bytes());
        assert!(connect(&strict(&other), &server, "mail.test").unwrap_err().ends_with("unknown issuer (Root)"));
    }

    #[test]
    fn a_fingerprint_trusts_that_certificate_alone() {
        let made = Maker::new("mail.test").valid((2020, 1, 1), (2024, 5, 1)).self_signed();
        let server = server(&made);
        for verify in [false, true] {
            let fingerprint = crate::fingerprint::parse(server.shown().fingerprint());
            let options = TlsOptions { fingerprint, verify, ..TlsOptions::default() };
            assert_eq!(connect(&options, &server, "localhost").unwrap(), "");
            let options = TlsOptions { fingerprint: Some([7; 32]), verify, ..TlsOptions::default() };
            let error = connect(&options, &server, "mail.test").unwrap_err();
            assert!(error.contains(server.shown().fingerprint()), "{error}");
        }
    }

    #[test]
    fn the_ephemeral_certificate_is_self_signed_for_localhost() {
        let server = ServerSettings::new(&TlsOptions::default(), &["192.0.2.9".to_owned()]).unwrap();
        assert!(server.shown().is_ephemeral());
        for host in ["localhost", "127.0.0.1", "[::1]", "192.0.2.9"] {
            assert_eq!(connect(&TlsOptions::default(), &server, host).unwrap(), "self-signed", "{host}");
        }
        let warning = connect(&TlsOptions::default(), &server, "not a name").unwrap();
        assert!(warning.ends_with("not for not a name"), "{warning}");
    }

    // What OpenSSL talks to and webpki refuses; made by testdata/make.sh. Our own server cannot
    // use the RSA 1024 key; signature.rs has signatures by it.
    const V1: (&str, &str) = (include_str!("testdata/v1.pem"), include_str!("testdata/sec1.pem"));
    const SHA1: (&str, &str) = (include_str!("testdata/sha1.pem"), include_str!("testdata/pkcs8.pem"));
    const ODD: (&str, &str) = (include_str!("testdata/odd.pem"), include_str!("testdata/sec1.pem"));

    #[test]
    fn certificates_that_webpki_refuses_are_talked_to_with_a_warning() {
        for ((cert, key), words) in [
            (V1, "self-signed; issued for no host (no SAN, only the common name localhost)"),
            (SHA1, "self-signed"),
            (ODD, "self-signed"),
        ] {
            let server = server_of(cert, key);
            assert_eq!(connect(&TlsOptions::default(), &server, "localhost").unwrap(), words);
            let options = TlsOptions { verify: true, ..TlsOptions::default() };
            assert!(connect(&options, &server, "localhost").unwrap_err().ends_with(words));
            let fingerprint = crate::fingerprint::parse(server.shown().fingerprint());
            let options = TlsOptions { verify: true, fingerprint, ..TlsOptions::default() };
            assert_eq!(connect(&options, &server, "localhost").unwrap(), "", "the user named it");
        }
    }

    #[test]
    fn the_proof_of_the_key_is_asked_for_also_where_nothing_else_is() {
        for (cert, _) in [V1, ODD] {
            let chain = vec![pem_to_der(cert).into()];
            let stranger = Maker::new("localhost").self_signed();
            let server = stranger.server_with_chain(chain);
            let (client, _) = ClientSettings::new(&TlsOptions::default()).unwrap().connection("localhost").unwrap();
            let error = meet(&mut Connection::Client(client), &mut Connection::Server(server)).unwrap_err();
            assert!(matches!(error, rustls::Error::InvalidCertificate(_)), "{error:?}");
        }
    }
}
