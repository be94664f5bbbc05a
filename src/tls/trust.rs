//! Whom we trust: the file of `--ssl-trustfile`, or the built-in and the system's stores.
//!
//! A newcomer's trap: nothing is loaded until a certificate has to be judged, and of the system's
//! store, when the built-in one does not know the issuer, only what may know it; so that start-up
//! stays quick.

use super::{
    der::Names,
    pem,
    system::{self, Places},
};
use crate::error::Result;
use rustls::{
    CertificateError, DistinguishedName, Error, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms},
    pki_types::{CertificateDer, UnixTime},
    server::{ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

/// Certificates that are believed.
#[derive(Debug, Default)]
pub(super) struct Trust {
    file: Option<Store>,
    built_in: OnceLock<Store>,
    /// Judges by `file` what is meant for clients.
    clients: Option<Arc<dyn ClientCertVerifier>>,
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

    /// The certificates of `path`, as those who vouch for clients.
    pub(super) fn for_clients(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let trust = Self::new(Some(path))?;
        let anchors = trust.file.as_ref().map_or_else(RootCertStore::empty, |store| store.anchors.clone());
        // Without an anchor, only those can be believed that are in the file themselves.
        let clients = WebPkiClientVerifier::builder_with_provider(anchors.into(), Arc::clone(provider)).build().ok();
        Ok(Self { clients: clients.map(|it| it as Arc<dyn ClientCertVerifier>), ..trust })
    }

    /// The names of those who vouch for clients, which help a client to choose a certificate.
    pub(super) fn names(&self) -> &[DistinguishedName] {
        self.clients.as_ref().map_or(&[], |clients| clients.root_hint_subjects())
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
            return match &self.clients {
                Some(clients) if !store.exact.contains(leaf) => {
                    clients.verify_client_cert(leaf, intermediates, at).map(|_| Vouched::Chain)
                }
                _ => check(store),
            };
        }
        check(self.built_in.get_or_init(Store::built_in)).or_else(|first| {
            check(&Store::of(&Places::find(), leaf, intermediates)).map_err(|second| match first {
                Error::InvalidCertificate(CertificateError::UnknownIssuer) => second,
                telling => telling,
            })
        })
    }

    /// Whether `leaf` is itself in a store.
    pub(super) fn holds(&self, leaf: &CertificateDer<'_>) -> bool {
        match &self.file {
            Some(store) => store.exact.contains(leaf),
            None => Store::of(&Places::find(), leaf, &[]).exact.contains(leaf),
        }
    }

    /// What may be wrong when nobody vouches for a certificate, and is not the certificate's fault.
    pub(super) fn complaint(&self) -> Option<String> {
        if self.file.is_some() { None } else { system::complaint() }
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

    /// Those of `places` that may have issued one of these, or are `leaf` itself.
    fn of(places: &Places, leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Self {
        let shown: Vec<_> = std::iter::once(leaf).chain(intermediates).filter_map(|der| Names::of(der)).collect();
        let mut names: Vec<_> = shown.iter().map(|names| names.issuer).collect();
        names.extend(Names::of(leaf).map(|names| names.subject));
        Self::new(places.certificates(&names))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Made, Maker, TempFile};
    use proptest::{collection::vec, prelude::*};

    /// Authorities of three names, each with two keys, that have signed each other, and whom they vouch for.
    fn everybody() -> &'static [Made] {
        static EVERYBODY: OnceLock<Vec<Made>> = OnceLock::new();
        EVERYBODY.get_or_init(|| {
            let names = ["A", "B", "C", "A", "B", "C"];
            let roots: Vec<_> = names.iter().map(|name| Maker::new(name).ca().self_signed()).collect();
            let mut made: Vec<_> = roots.iter().map(|root| Maker::new("leaf.test").signed_by(root)).collect();
            for (root, other) in roots.iter().flat_map(|root| roots.iter().map(move |other| (root, other))) {
                if !std::ptr::eq(root, other) {
                    made.push(root.signed_by(other));
                }
            }
            made.push(Maker::new("leaf.test").self_signed());
            made.push(Maker::new("A").valid((2020, 1, 1), (2021, 1, 1)).ca().self_signed());
            made.extend(roots);
            made
        })
    }

    proptest! {
        #[test]
        fn those_that_may_matter_vouch_for_whomever_all_would(
            leaf in 0_usize..44,
            shown in vec(0_usize..44, 0..4),
            trusted in vec(0_usize..44, 0..5),
        ) {
            let one = |n: usize| &everybody()[n];
            let text: String = trusted.iter().map(|n| one(*n).pem()).collect();
            let file = TempFile::new(text.as_bytes());
            let (leaf, shown) = (one(leaf).certificate(), shown.iter().map(|n| one(*n).certificate()).collect::<Vec<_>>());
            let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
            let vouched = |store: Store| {
                let found = store.vouch(&leaf, &shown, UnixTime::now(), &algorithms);
                found.map_err(|error| error.to_string())
            };
            let few = Store::of(&Places::of_file(file.path()), &leaf, &shown);
            let all = Store::new(trusted.iter().map(|n| one(*n).certificate()).collect());
            prop_assert!(few.exact.len() <= all.exact.len());
            prop_assert_eq!(vouched(few), vouched(all));
        }
    }

    #[test]
    fn a_client_is_vouched_for_by_what_is_meant_for_clients() {
        use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
        let root = Maker::new("Root").ca().self_signed();
        let file = TempFile::new(root.pem().as_bytes());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let trust = Trust::for_clients(file.path(), &provider).unwrap();
        let vouched = |maker: Maker| {
            let leaf = maker.signed_by(&root).certificate();
            trust.vouch(&leaf, &[], UnixTime::now(), &algorithms)
        };
        assert_eq!(vouched(Maker::new("me")), Ok(Vouched::Chain));
        assert_eq!(vouched(Maker::new("me").only_for(ClientAuth)), Ok(Vouched::Chain));
        assert!(vouched(Maker::new("me").only_for(ServerAuth)).is_err());
        assert_eq!(trust.names().len(), 1);
    }

    #[test]
    fn those_above_are_as_many_as_are_drawn_from_and_some_are_trusted() {
        assert_eq!(everybody().len(), 44);
        let [.., root] = everybody() else { panic!("nobody") };
        let leaf = &everybody()[5];
        let file = TempFile::new(root.pem().as_bytes());
        let store = Store::of(&Places::of_file(file.path()), &leaf.certificate(), &[]);
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        let vouched = store.vouch(&leaf.certificate(), &[], UnixTime::now(), &algorithms);
        assert_eq!(vouched, Ok(Vouched::Chain));
    }
}
