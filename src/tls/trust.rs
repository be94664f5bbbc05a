//! Whom we trust: the file of `--ssl-trustfile`, or the built-in and the system's stores.
//!
//! A newcomer's trap: nothing is loaded until a certificate has to be judged, and of the system's
//! store, when the built-in one does not know the issuer, only what may know it; so that start-up
//! stays quick.

use super::{certificate::Certificate, pem, system};
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
            check(&Store::system(leaf, intermediates)).map_err(|second| match first {
                Error::InvalidCertificate(CertificateError::UnknownIssuer) => second,
                telling => telling,
            })
        })
    }

    /// Whether `leaf` is itself in a store.
    pub(super) fn holds(&self, leaf: &CertificateDer<'_>) -> bool {
        match &self.file {
            Some(store) => store.exact.contains(leaf),
            None => Store::system(leaf, &[]).exact.contains(leaf),
        }
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

    /// What the system trusts, as far as it may have issued one of these, or is `leaf` itself.
    fn system(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Self {
        let shown: Vec<_> =
            std::iter::once(leaf).chain(intermediates).filter_map(|der| Certificate::parse(der)).collect();
        let mut names: Vec<_> = shown.iter().map(Certificate::issuer_raw).collect();
        names.extend(shown.first().map(Certificate::subject_raw));
        names.sort_unstable();
        names.dedup();
        Self::new(system::certificates(&names))
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
