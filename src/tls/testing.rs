//! Help for the tests: certificates made to order, files that go away, a handshake in memory.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    Connection, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

pub(crate) struct Maker {
    names: Vec<String>,
    params: CertificateParams,
}

pub(crate) struct Made {
    params: CertificateParams,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Maker {
    /// With this name as common name and SAN.
    pub(crate) fn new(name: &str) -> Self {
        Self::bare(name).name(name)
    }

    /// With a common name alone.
    pub(crate) fn bare(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let maker = Self { names: Vec::new(), params };
        maker.valid((2020, 1, 1), (2080, 1, 1))
    }

    pub(crate) fn name(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    pub(crate) fn ca(mut self) -> Self {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self
    }

    pub(crate) fn valid(mut self, from: (i32, u8, u8), to: (i32, u8, u8)) -> Self {
        self.params.not_before = date_time_ymd(from.0, from.1, from.2);
        self.params.not_after = date_time_ymd(to.0, to.1, to.2);
        self
    }

    pub(crate) fn self_signed(self) -> Made {
        self.make(|params, key| params.self_signed(key))
    }

    pub(crate) fn only_for(mut self, purpose: rcgen::ExtendedKeyUsagePurpose) -> Self {
        self.params.extended_key_usages = vec![purpose];
        self
    }

    pub(crate) fn signed_by(self, issuer: &Made) -> Made {
        self.make(|params, key| params.signed_by(key, &Issuer::from_params(&issuer.params, &issuer.key)))
    }

    fn make(
        mut self,
        sign: impl FnOnce(&CertificateParams, &KeyPair) -> Result<rcgen::Certificate, rcgen::Error>,
    ) -> Made {
        let names = CertificateParams::new(self.names).unwrap().subject_alt_names;
        self.params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        let certificate = sign(&self.params, &key).unwrap().der().clone();
        Made { params: self.params, certificate, key }
    }
}

impl Made {
    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The same authority, its name and key, vouched for by another.
    pub(crate) fn signed_by(&self, issuer: &Self) -> Self {
        let by = Issuer::from_params(&issuer.params, &issuer.key);
        let certificate = self.params.signed_by(&self.key, &by).unwrap().der().clone();
        let key = KeyPair::try_from(self.key.serialized_der()).unwrap();
        Self { params: self.params.clone(), certificate, key }
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.serialized_der())
    }

    /// A server that shows other certificates than its own.
    pub(crate) fn server_with_chain(&self, chain: Vec<CertificateDer<'static>>) -> ServerConnection {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let identity = super::identity::Identity::new(chain, key).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(identity.resolver());
        ServerConnection::new(Arc::new(config)).unwrap()
    }
}

/// A file that goes away with its value.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new(contents: &[u8]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("rncat-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, contents).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A folder that goes away with its value, and with all that is in it.
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new() -> Self {
        // The name of a file that is no more.
        let path = TempFile::new(b"").path().with_extension("d");
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it and gives its path.
    pub(crate) fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Takes two connections through their handshake; the error is the first that either has.
pub(crate) fn meet(client: &mut Connection, server: &mut Connection) -> Result<(), rustls::Error> {
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        pass(client, server)?;
        pass(server, client)?;
    }
    Ok(())
}

fn pass(from: &mut Connection, to: &mut Connection) -> Result<(), rustls::Error> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

/// The certificate, or else the key, of a PEM text.
pub(crate) fn pem_to_der(text: &str) -> Vec<u8> {
    let file = TempFile::new(text.as_bytes());
    match super::pem::certificates(file.path()) {
        Ok(certificates) => certificates[0].to_vec(),
        Err(_) => super::pem::private_key(file.path()).unwrap().secret_der().to_vec(),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = der.chunks(3).flat_map(|three| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        (0..4).map(move |n| {
            let digit = ALPHABET[(bits >> (18 - 6 * n) & 63) as usize] as char;
            if n > three.len() { '=' } else { digit }
        })
    });
    let digits: Vec<char> = digits.collect();
    let lines: Vec<String> = digits.chunks(64).map(|line| line.iter().collect()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
