//! Whom we trust: the file of `--ssl-trustfile`, or the built-in and the system's stores.
//!
//! A newcomer's trap: nothing is loaded until a certificate has to be judged, and the system's
//! store only when the built-in one does not know the issuer, so that start-up stays quick.

use super::pem;
use crate::error::Result;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, UnixTime},
    server::ParsedCertificate,
};
use std::{path::Path, sync::OnceLock};

/// Certificates that are believed.
#[derive(Debug, Default)]
pub(super) struct Trust {
    file: Option<Store>,
    built_in: OnceLock<Store>,
    system: OnceLock<Store>,
}

/// Why a certificate is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vouched {
    /// It is in a store itself.
    Itself,
    /// A chain leads from it to one in a store.
    Chain,
}

#[derive(Debug)]
struct Store {
    anchors: RootCertStore,
    /// The same certificates as they are: webpki cannot take each of them for an anchor.
    exact: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The certificates of `path` alone; without a path, the built-in and the system's.
    pub(super) fn new(path: Option<&Path>) -> Result<Self> {
        let file = path.map(pem::certificates).transpose()?.map(Store::new);
        Ok(Self { file, ..Self::default() })
    }

    /// Looks for a reason to believe `leaf` at the moment `at`; names and uses are not its business.
    pub(super) fn vouch(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        at: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> std::result::Result<Vouched, Error> {
        let check = |store: &Store| store.vouch(leaf, intermediates, at, algorithms);
        if let Some(store) = &self.file {
            return check(store);
        }
        check(self.built_in.get_or_init(Store::built_in)).or_else(|first| {
            check(self.system.get_or_init(Store::system)).map_err(|second| match first {
                Error::InvalidCertificate(CertificateError::UnknownIssuer) => second,
                telling => telling,
            })
        })
    }

    /// Whether `leaf` is itself in a store that has been loaded.
    pub(super) fn holds(&self, leaf: &CertificateDer<'_>) -> bool {
        [self.file.as_ref(), self.system.get()].into_iter().flatten().any(|store| store.exact.contains(leaf))
    }
}

impl Store {
    fn new(exact: Vec<CertificateDer<'static>>) -> Self {
        let mut anchors = RootCertStore::empty();
        anchors.add_parsable_certificates(exact.iter().cloned());
        Self { anchors, exact }
    }

    fn built_in() -> Self {
        Self { anchors: webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), exact: Vec::new() }
    }

    /// What the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead. Files in
    /// it that cannot be read are left out: whom they would vouch for is then an unknown issuer.
    fn system() -> Self {
        Self::new(rustls_native_certs::load_native_certs().certs)
    }

    fn vouch(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        at: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> std::result::Result<Vouched, Error> {
        if self.exact.contains(leaf) {
            return Ok(Vouched::Itself);
        }
        let parsed = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.anchors, intermediates, at, algorithms.all)?;
        Ok(Vouched::Chain)
    }
}
