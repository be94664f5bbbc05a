//! Certificates and keys out of PEM files, with errors that say what to do.
//!
//! A newcomer's trap: a PEM file may hold anything in any order, text between the blocks
//! included; "no certificate found" is a property of the file, not a parse error.
//!
//! This is the one place that uses rustls-pemfile. The crate is archived upstream, but was chosen
//! by the project's owner; when it must go, rustls-pki-types' `PemObject` is the replacement.

use crate::{
    error::{Error, Result, why},
    report::escape,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::{fs, path::Path};

/// All certificates of a file, in their order; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = load(path)?;
    let certificates: Vec<_> = rustls_pemfile::certs(&mut text.as_slice())
        .collect::<std::io::Result<_>>()
        .map_err(|error| improper(path, &error))?;
    if certificates.is_empty() {
        return Err(none(path, &text, "no certificate", "x509"));
    }
    Ok(certificates)
}

/// The first private key of a file: PKCS#8, PKCS#1 (RSA) or SEC1 (EC).
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = load(path)?;
    let shown = path.display();
    if is_encrypted(&text) {
        return Err(Error::usage(reading(path), "the key is encrypted with a passphrase")
            .hint(format!("decrypt it with: openssl pkey -in {shown} -out plain.pem")));
    }
    rustls_pemfile::private_key(&mut text.as_slice())
        .map_err(|error| improper(path, &error))?
        .ok_or_else(|| none(path, &text, "no private key", "pkey"))
}

fn load(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::usage(reading(path), why(&error)))
}

fn reading(path: &Path) -> String {
    format!("read {}", path.display())
}

/// The reason quotes a line of the file, which may be long.
fn improper(path: &Path, error: &std::io::Error) -> Error {
    Error::usage(reading(path), format!("not proper PEM: {}", escape(why(error).as_bytes())))
}

fn none(path: &Path, text: &[u8], what: &str, tool: &str) -> Error {
    let error = Error::usage(reading(path), format!("{what} in it"));
    // DER begins with a SEQUENCE of a two-byte length.
    if text.starts_with(&[0x30, 0x82]) {
        let shown = path.display();
        return error
            .hint(format!("it is DER; make PEM of it with: openssl {tool} -inform der -in {shown} -out file.pem"));
    }
    error
}

/// PKCS#8's own way of encryption, and that of RFC 1421 before it.
fn is_encrypted(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.lines().any(|line| line == "-----BEGIN ENCRYPTED PRIVATE KEY-----" || line.starts_with("Proc-Type: 4,ENC"))
        && !text.lines().any(|line| line == "-----BEGIN PRIVATE KEY-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Maker, TempFile};

    #[test]
    fn a_missing_file_is_named() {
        let error = certificates(Path::new("/nonexistent/cert.pem")).unwrap_err();
        assert_eq!(error.to_string(), "read /nonexistent/cert.pem: No such file or directory");
    }

    #[test]
    fn a_file_without_what_is_looked_for_says_so() {
        let file = TempFile::new(b"hello\n");
        assert_eq!(certificates(file.path()).unwrap_err().why(), "no certificate in it");
        assert_eq!(private_key(file.path()).unwrap_err().why(), "no private key in it");
        let der = TempFile::new(Maker::new("localhost").self_signed().der());
        assert!(certificates(der.path()).unwrap_err().to_string().contains("openssl x509 -inform der"));
    }

    #[test]
    fn a_line_without_end_is_not_told_whole() {
        let file = TempFile::new(&[&b"-----BEGIN CERTIFICATE----"[..], &[0xff; 10_000], b"\n"].concat());
        let errors = [certificates(file.path()).unwrap_err(), private_key(file.path()).unwrap_err()];
        assert!(errors.iter().all(|it| it.why().starts_with("not proper PEM: ") && it.to_string().len() < 500));
    }

    #[test]
    fn an_encrypted_key_says_how_to_decrypt_it() {
        for text in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        ] {
            let file = TempFile::new(text.as_bytes());
            let error = private_key(file.path()).unwrap_err().to_string();
            assert!(error.contains("encrypted") && error.contains("openssl pkey -in"), "{error}");
        }
    }

    #[test]
    fn the_order_of_a_chain_is_kept_and_a_key_may_stand_in_between() {
        let (one, two) = (Maker::new("one").self_signed(), Maker::new("two").self_signed());
        let file = TempFile::new(format!("{}{}{}", one.pem(), one.key_pem(), two.pem()).as_bytes());
        assert_eq!(certificates(file.path()).unwrap(), [one.certificate(), two.certificate()]);
        assert!(private_key(file.path()).is_ok());
    }
}
