//! Certificates made for the test run: a small authority, and identities good and bad.

use std::fmt::Write as _;
use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate chain and its key.
pub(crate) struct Identity {
    /// The leaf first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// PKCS#8, DER.
    pkcs8: Vec<u8>,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let mut params = named("Test Authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    })
}

/// The authority's certificate, as a file for `--ssl-trustfile` has it.
pub(crate) fn authority_pem() -> String {
    pem("CERTIFICATE", authority().der())
}

impl Identity {
    /// For localhost, 127.0.0.1 and ::1, from the authority.
    pub(crate) fn trusted() -> &'static Self {
        static TRUSTED: OnceLock<Identity> = OnceLock::new();
        TRUSTED.get_or_init(|| Self::issued_for(&["localhost", "127.0.0.1", "::1"]))
    }

    /// For these names, from the authority.
    pub(crate) fn issued_for(names: &[&str]) -> Self {
        Self::issued(&named(names[0], names), KeyPair::generate().unwrap(), authority())
    }

    /// From the authority, and expired on 2 January 2020.
    pub(crate) fn expired() -> Self {
        let mut params = named("localhost", &["localhost", "127.0.0.1"]);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 2);
        Self::issued(&params, KeyPair::generate().unwrap(), authority())
    }

    /// Signed by itself.
    pub(crate) fn self_signed() -> Self {
        Self::self_signed_by("localhost")
    }

    /// Signed by itself, whatever that is called.
    pub(crate) fn self_signed_by(name: &str) -> Self {
        let params = named(name, &["localhost", "127.0.0.1"]);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { chain: vec![certificate.der().clone()], pkcs8: key.serialize_der() }
    }

    /// From an intermediate authority, which is in the chain.
    pub(crate) fn with_intermediate() -> Self {
        let mut params = named("Test Intermediate", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let between = CertifiedIssuer::signed_by(params, key, authority()).unwrap();
        let leaf = named("localhost", &["localhost", "127.0.0.1"]);
        let mut identity = Self::issued(&leaf, KeyPair::generate().unwrap(), &between);
        identity.chain.push(between.der().clone());
        identity
    }

    /// With an RSA key of 2048 bits.
    pub(crate) fn rsa() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        Self::issued(&named("localhost", &["localhost", "127.0.0.1"]), key, authority())
    }

    fn issued(params: &CertificateParams, key: KeyPair, by: &CertifiedIssuer<'_, KeyPair>) -> Self {
        let certificate = params.signed_by(&key, by).unwrap();
        Self { chain: vec![certificate.der().clone()], pkcs8: key.serialize_der() }
    }

    /// The same key, with other certificates.
    pub(crate) fn with_chain(&self, chain: Vec<CertificateDer<'static>>) -> Self {
        Self { chain, pkcs8: self.pkcs8.clone() }
    }

    /// The key as rustls takes it.
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.pkcs8.clone()).into()
    }

    /// The chain as a file has it.
    pub(crate) fn certificate_pem(&self) -> String {
        self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
    }

    /// The key as today's tools write it.
    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }

    /// An RSA key as older tools write it.
    pub(crate) fn pkcs1_pem(&self) -> String {
        pem("RSA PRIVATE KEY", inner_key(&self.pkcs8))
    }

    /// A P-256 key as older tools write it.
    pub(crate) fn sec1_pem(&self) -> String {
        // PKCS#8 tells the curve beside the key, SEC1 within it, after the number itself.
        let curve = [0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let mut key = inner_key(&self.pkcs8).to_vec();
        key[1] += curve.len() as u8;
        key.splice(39..39, curve);
        pem("EC PRIVATE KEY", &key)
    }
}

fn named(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// PKCS#8 wraps the older form: SEQUENCE { version, algorithm, OCTET STRING { key } }.
fn inner_key(pkcs8: &[u8]) -> &[u8] {
    let (sequence, _) = der_value(pkcs8);
    let (_version, rest) = der_value(sequence);
    let (_algorithm, rest) = der_value(rest);
    der_value(rest).0
}

/// Splits the first DER value from what follows it.
fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let length_bytes = if der[1] < 0x80 { 0 } else { usize::from(der[1] & 0x7f) };
    let start = 2 + length_bytes;
    let length = match length_bytes {
        0 => usize::from(der[1]),
        _ => der[2..start].iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
    };
    (&der[start..start + length], &der[start + length..])
}

fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or_default()));
            for at in 0..4 {
                let index = (bits >> (18 - 6 * at) & 63) as usize;
                text.push(if at > group.len() { '=' } else { char::from(ALPHABET[index]) });
            }
        }
        text.push('\n');
    }
    let _ = writeln!(text, "-----END {label}-----");
    text
}
