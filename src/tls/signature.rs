//! Handshake signatures, checked against a public key alone.
//!
//! webpki checks a signature only for a certificate that it can parse (X.509 v3) and for RSA keys
//! of at least 2048 bits. Under plain `--ssl` we go on with others too, but never without the
//! proof that the server holds its key.
//!
//! A newcomer's trap: nothing here says that the certificate is trusted.

use super::pss;
use aws_lc_rs::{
    digest,
    signature::{self as sig, UnparsedPublicKey},
};
use rustls::{SignatureScheme, crypto::WebPkiSupportedAlgorithms, sign::public_key_to_spki};
use x509_parser::{public_key::PublicKey, x509::SubjectPublicKeyInfo};

/// What was signed, how, and the signature.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) message: &'a [u8],
    pub(super) scheme: SignatureScheme,
    pub(super) signature: &'a [u8],
}

impl Signed<'_> {
    /// Whether the key made the signature, by the first `tried` of the algorithms for the scheme.
    pub(super) fn fits(
        &self,
        key: &SubjectPublicKeyInfo<'_>,
        algorithms: &WebPkiSupportedAlgorithms,
        tried: usize,
    ) -> bool {
        let bits: &[u8] = &key.subject_public_key.data;
        let known = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == self.scheme);
        known.flat_map(|(_, algorithms)| algorithms.iter().take(tried)).any(|algorithm| {
            &*public_key_to_spki(&algorithm.public_key_alg_id(), bits) == key.raw
                && algorithm.verify_signature(bits, self.message, self.signature).is_ok()
        })
    }

    /// The same for RSA keys of sizes that webpki does not take.
    pub(super) fn fits_weak_rsa(&self, key: &SubjectPublicKeyInfo<'_>) -> bool {
        let Ok(PublicKey::RSA(rsa)) = key.parsed() else { return false };
        let pkcs1 = |parameters| {
            let key = UnparsedPublicKey::new(parameters, &*key.subject_public_key.data);
            key.verify(self.message, self.signature).is_ok()
        };
        // aws-lc-rs has no PSS for keys of less than 2048 bits, even for legacy use.
        let pss = |hash| pss::verify(rsa.modulus, rsa.exponent, hash, self.message, self.signature);
        match self.scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => pkcs1(&sig::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            SignatureScheme::RSA_PKCS1_SHA512 => pkcs1(&sig::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            SignatureScheme::RSA_PSS_SHA256 => pss(&digest::SHA256),
            SignatureScheme::RSA_PSS_SHA384 => pss(&digest::SHA384),
            SignatureScheme::RSA_PSS_SHA512 => pss(&digest::SHA512),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::Certificate;

    // Made by testdata/make.sh with the RSA 1024 key of rsa1024.pem over the text below.
    const MESSAGE: &[u8] = b"signed by openssl\n";
    const VECTORS: [(SignatureScheme, &[u8]); 4] = [
        (SignatureScheme::RSA_PKCS1_SHA256, include_bytes!("testdata/rsa1024.pkcs1-sha256")),
        (SignatureScheme::RSA_PKCS1_SHA512, include_bytes!("testdata/rsa1024.pkcs1-sha512")),
        (SignatureScheme::RSA_PSS_SHA256, include_bytes!("testdata/rsa1024.pss-sha256")),
        (SignatureScheme::RSA_PSS_SHA384, include_bytes!("testdata/rsa1024.pss-sha384")),
    ];

    #[test]
    fn what_openssl_signed_fits_and_nothing_else_does() {
        let der = crate::tls::testing::pem_to_der(include_str!("testdata/rsa1024.pem"));
        let certificate = Certificate::parse(&der).unwrap();
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        for (scheme, signature) in VECTORS {
            let signed = Signed { message: MESSAGE, scheme, signature };
            assert!(signed.fits_weak_rsa(certificate.public_key()), "{scheme:?}");
            assert!(!signed.fits(certificate.public_key(), &algorithms, usize::MAX), "{scheme:?} is weak");
            for at in 0..signature.len() {
                let mut wrong = signature.to_vec();
                wrong[at] ^= 1;
                let signed = Signed { signature: &wrong, ..signed };
                assert!(!signed.fits_weak_rsa(certificate.public_key()), "{scheme:?}, byte {at}");
            }
            let signed = Signed { message: b"something else", ..signed };
            assert!(!signed.fits_weak_rsa(certificate.public_key()), "{scheme:?}");
            for (other, _) in VECTORS.iter().filter(|(other, _)| *other != scheme) {
                let signed = Signed { message: MESSAGE, scheme: *other, signature };
                assert!(!signed.fits_weak_rsa(certificate.public_key()), "{scheme:?} as {other:?}");
            }
        }
    }
}
