//! Who we are: the certificate chain and key of `--ssl-cert` and `--ssl-key`.
//!
//! A newcomer's trap: rustls' own check that key and certificate fit refuses certificates that
//! webpki cannot parse (X.509 v1), so the public keys are compared here.

use super::{certificate::Certificate, pem};
use crate::{
    cli::config::TlsOptions,
    error::{Error, Result},
};
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::sync::Arc;
use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};
use zeroize::Zeroizing;

/// A certificate chain with its key, as server and as client.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    certified: Arc<CertifiedKey>,
    /// The key as it was read, which rustls does not give back; wiped with the last of its users.
    #[cfg_attr(not(feature = "dtls"), expect(dead_code, reason = "what rustls keeps to itself, dimpl asks for"))]
    key: Arc<Zeroizing<PrivateKeyDer<'static>>>,
}

impl Identity {
    /// What the command line names; `None` when it names nothing.
    pub(super) fn from_options(options: &TlsOptions) -> Result<Option<Self>> {
        let (cert, key) = match (&options.cert, &options.key) {
            (None, None) => return Ok(None),
            (None, Some(key)) => {
                let error = Error::usage(format!("use the key {}", key.display()), "there is no certificate for it");
                return Err(error.hint("name one with --ssl-cert"));
            }
            (Some(cert), key) => (cert, key.as_ref().unwrap_or(cert)),
        };
        let chain = pem::certificates(cert)?;
        let der = pem::private_key(key).map_err(|error| match &options.key {
            None if error.why().starts_with("no private key") => error.hint("name the key's file with --ssl-key"),
            _ => error,
        })?;
        let using = || format!("use the key {}", key.display());
        let identity = Self::new(chain, der)
            .map_err(|error| Error::usage(using(), super::explain(&error)).hint("RSA keys need at least 2048 bits"))?;
        if !identity.fits() {
            return Err(Error::usage(using(), format!("it does not fit the certificate in {}", cert.display())));
        }
        Ok(Some(identity))
    }

    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> std::result::Result<Self, rustls::Error> {
        let key = Zeroizing::new(key);
        // By reference: the provider's way takes a copy, and does not wipe it.
        let signing = any_supported_type(&key)?;
        Ok(Self { certified: Arc::new(CertifiedKey::new(chain, signing)), key: Arc::new(key) })
    }

    /// Our own certificate's DER.
    pub(super) fn certificate(&self) -> &[u8] {
        self.certified.cert.first().map_or(&[], |der| der)
    }

    /// For rustls' configurations of either side.
    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)))
    }

    fn fits(&self) -> bool {
        let Some(public) = self.certified.key.public_key() else { return true };
        let Ok((_, ours)) = SubjectPublicKeyInfo::from_der(&public) else { return true };
        Certificate::parse(self.certificate())
            .is_some_and(|certificate| certificate.key_bits() == &*ours.subject_public_key.data)
    }
}

/// What rustls does not ask for.
#[cfg(feature = "dtls")]
impl Identity {
    /// The certificates that lead from our own one to its issuers.
    pub(super) fn issuers(&self) -> &[CertificateDer<'static>] {
        self.certified.cert.split_first().map_or(&[], |(_, issuers)| issuers)
    }

    /// The private key's DER.
    pub(super) fn key(&self) -> &[u8] {
        self.key.secret_der()
    }

    pub(super) fn algorithm(&self) -> rustls::SignatureAlgorithm {
        self.certified.key.algorithm()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Maker, TempFile};
    use std::path::Path;

    fn load(cert: &Path, key: Option<&Path>) -> Result<Option<Identity>> {
        let options = TlsOptions { cert: Some(cert.into()), key: key.map(Into::into), ..TlsOptions::default() };
        Identity::from_options(&options)
    }

    #[test]
    fn the_key_may_be_in_the_certificates_file() {
        let made = Maker::new("localhost").self_signed();
        let file = TempFile::new(format!("{}{}", made.key_pem(), made.pem()).as_bytes());
        assert_eq!(load(file.path(), None).unwrap().unwrap().certificate(), made.der());
    }

    #[test]
    fn a_key_that_is_missing_or_does_not_fit_is_named() {
        let (one, two) = (Maker::new("one").self_signed(), Maker::new("two").self_signed());
        let (cert, key) = (TempFile::new(one.pem().as_bytes()), TempFile::new(two.key_pem().as_bytes()));
        let error = load(cert.path(), None).unwrap_err().to_string();
        assert!(error.ends_with("no private key in it; name the key's file with --ssl-key"), "{error}");
        let error = load(cert.path(), Some(key.path())).unwrap_err().to_string();
        assert!(error.contains("it does not fit the certificate in"), "{error}");
    }

    #[test]
    fn all_forms_of_keys_are_read() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata");
        for (cert, key) in [("rsa2048.pem", "pkcs1.pem"), ("rsa2048.pem", "pkcs8.pem"), ("p256.pem", "sec1.pem")] {
            assert!(load(&data.join(cert), Some(&data.join(key))).unwrap().is_some(), "{key}");
        }
    }
}
