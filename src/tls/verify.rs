//! The check of a peer's certificate, as rustls asks for it during the handshake.
//!
//! A newcomer's trap: a verifier that warns and goes on must still check that the server holds
//! the certificate's key, or anybody could have sent it. That check is never left out.

use super::{
    certificate::Certificate,
    judge::{Expected, Judge},
    signature,
    trust::Trust,
};
use crate::fingerprint::{sha256, show};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// What is done about a certificate that is not trusted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Policy {
    /// Note why, and go on.
    Warn,
    /// `--ssl-verify`.
    Refuse,
    /// `--ssl-fingerprint`: nothing counts but that it is this one.
    Exactly([u8; 32]),
}

/// What came of checking one connection's certificate; filled in during its handshake.
#[derive(Debug, Clone, Default)]
pub struct Verdict(Arc<OnceLock<String>>);

impl Verdict {
    /// Why the certificate is not trusted (`self-signed; expired on 2024-05-01`), escaped and fit
    /// for one line; `None` if it is.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// One connection's verifier.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) policy: Policy,
    /// `--ssl-verify`: no signature is taken that webpki would not take.
    pub(super) strict: bool,
    pub(super) expected: Expected,
    pub(super) trust: Arc<Trust>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) verdict: Verdict,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity, intermediates, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
            .or_else(|error| self.verify_anyway(error, message, cert, dss, usize::MAX))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // In TLS 1.3 a scheme names its curve, which rustls puts first; and RFC 8446, 4.2.3 has
        // no PKCS #1 v1.5 signatures in handshakes.
        verify_tls13_signature(message, cert, dss, &self.algorithms).or_else(|error| match dss.scheme {
            SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512 => Err(error),
            _ => self.verify_anyway(error, message, cert, dss, 1),
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The same of clients.
impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.trust.names()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity, intermediates, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(self)
    }
}

impl Verifier {
    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let refused = |words| refused(&self.expected, words);
        if let Policy::Exactly(wanted) = self.policy {
            let found = sha256(leaf);
            if found == wanted {
                return Ok(());
            }
            return Err(refused(format!("its fingerprint is {}, not the one asked for", show(&found))));
        }
        let judge = Judge { expected: &self.expected, trust: &self.trust, algorithms: &self.algorithms, now };
        let objections = judge.objections(leaf, intermediates);
        if !objections.is_empty() {
            let words = objections.join("; ");
            if matches!(self.policy, Policy::Refuse) {
                return Err(refused(words));
            }
            let _ = self.verdict.0.set(words);
        }
        Ok(())
    }

    /// For certificates that webpki cannot parse, and, unless strict, keys that it calls weak.
    fn verify_anyway(
        &self,
        error: Error,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
        tried: usize,
    ) -> Result<HandshakeSignatureValid, Error> {
        let named_by_user = || matches!(self.policy, Policy::Exactly(_)) || self.trust.holds(cert);
        if self.strict && !named_by_user() {
            return Err(error);
        }
        let Some(certificate) = Certificate::parse(cert) else { return Err(error) };
        let signed = signature::Signed { message, scheme: dss.scheme, signature: dss.signature() };
        let fits = signed.fits(certificate.public_key(), &self.algorithms, tried)
            || (!self.strict && signed.fits_weak_rsa(certificate.public_key()));
        if fits { Ok(HandshakeSignatureValid::assertion()) } else { Err(error) }
    }
}

/// The words in which a certificate was refused, on their way through rustls.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

fn refused(whose: &Expected, words: String) -> Error {
    let whose = if matches!(whose, Expected::Client) { "client" } else { "server" };
    let words = format!("the {whose}'s certificate is not trusted: {words}");
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Refused(words)))))
}
