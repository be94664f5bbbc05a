//! Certificates and keys out of PEM files, with errors that say what to do.
//!
//! A newcomer's trap: a PEM file may hold anything in any order, text between the blocks
//! included; "no certificate found" is a property of the file, not a parse error.
//!
//! This is the one place that uses rustls-pemfile. The crate is archived upstream, but was chosen
//! by the project's owner; when it must go, rustls-pki-types' `PemObject` is the replacement.

use super::der::Names;
use crate::{
    error::{Error, Result, why},
    report::escape,
};
use data_encoding::BASE64;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::{fs, io::BufRead, path::Path};
use zeroize::Zeroizing;

const DASHES: &[u8] = b"-----";
const BEGIN: &[u8] = b"-----BEGIN ";
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END_CERTIFICATE: &[u8] = b"-----END CERTIFICATE-----";

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

/// Those certificates of a text whose subject (the inside of a DER `Name`) is `wanted`; what is broken is
/// left out. Of the others, hundreds in a system's store, no more is decoded than tells their subject.
pub(super) fn certificates_of<'a>(
    text: &'a [u8],
    wanted: impl Fn(&[u8]) -> bool + 'a,
) -> impl Iterator<Item = CertificateDer<'static>> + 'a {
    let is_wanted = move |der: &[u8]| Names::of(der).map(|names| wanted(names.subject));
    pieces(text).filter_map(move |mut piece| {
        if piece.digits.and_then(|digits| peek(digits, &is_wanted)) == Some(false) {
            return None;
        }
        let mut whole = rustls_pemfile::certs(&mut piece.text).filter_map(std::io::Result::ok);
        whole.find(|der| is_wanted(der) == Some(true))
    })
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

/// A part of a text that ends with the line that ends a certificate.
struct Piece<'a> {
    text: &'a [u8],
    /// What follows the beginning of the certificate; `None` if something else begins in this piece, too.
    digits: Option<&'a [u8]>,
}

/// A text as pieces; without the rest, in which no certificate ends.
fn pieces(text: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (mut after, mut begun, mut certificate) = (rest, 0, None);
        loop {
            let line = line_with(after, DASHES)?;
            let (line, behind) = line.split_at_checked(line.iter().take_while(|byte| !is_line_end(**byte)).count())?;
            after = behind;
            if line.starts_with(BEGIN) {
                begun += 1;
                certificate = line.starts_with(BEGIN_CERTIFICATE).then_some(behind);
            } else if certificate.is_some() && line.starts_with(END_CERTIFICATE) {
                let (text, behind) = rest.split_at_checked(rest.len() - after.len())?;
                rest = behind;
                return Some(Piece { text, digits: certificate.filter(|_| begun == 1) });
            }
        }
    })
}

/// What `tell` makes of the beginning of a certificate, as soon as that is something; `None` also if its
/// digits do not stand as most do.
fn peek<T>(mut digits: &[u8], tell: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    const ENOUGH: usize = 1024;
    /// In fewer bytes there is no subject.
    const FEW: usize = 192;
    let (mut der, mut length) = ([0; ENOUGH], 0);
    while !digits.is_empty() {
        let passed = { digits }.skip_until(b'\n').ok()?;
        let (line, after) = digits.split_at_checked(passed)?;
        digits = after;
        let line = line.trim_ascii_end();
        let room = der.get_mut(length..)?.get_mut(..BASE64.decode_len(line.len()).ok()?)?;
        length += BASE64.decode_mut(line, room).ok()?;
        if length >= FEW
            && let Some(told) = tell(der.get(..length)?)
        {
            return Some(told);
        }
    }
    None
}

/// A text from the first line on that begins with `mark`, which begins with a dash.
fn line_with<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let mut after = text;
    // No digit of Base64 is a dash.
    while after.skip_until(b'-').is_ok_and(|passed| passed > 0) {
        let dash = (text.len() - after.len()).checked_sub(1)?;
        let (before, line) = text.split_at_checked(dash)?;
        if line.starts_with(mark) && before.last().is_none_or(|byte| is_line_end(*byte)) {
            return Some(line);
        }
    }
    None
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A file, which may have a key in it: wiped when it is dropped.
fn load(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    fs::read(path).map(Zeroizing::new).map_err(|error| Error::usage(reading(path), why(&error)))
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
    use crate::tls::testing::{Made, Maker, TempFile};
    use proptest::prelude::*;
    use std::sync::OnceLock;

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

    fn subject(made: &Made) -> Vec<u8> {
        Names::of(made.der()).unwrap().subject.to_vec()
    }

    #[test]
    fn those_with_a_subject_are_found_whatever_stands_between_them() {
        let [wanted, other] = ["wanted", "other"].map(|name| Maker::new(name).ca().self_signed());
        let (pem, name) = (wanted.pem(), subject(&wanted));
        let text = [
            "-- text - and -----dashes\n",
            &other.pem(),
            &pem,
            "junk\n",
            &wanted.key_pem(),
            BROKEN,
            &pem.replace('\n', " \r\n"),
            &pem.replace('\n', "\r"),
            &pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            "never ended\n",
            &pem.replace(END, ""),
        ]
        .concat();
        let found = certificates_of(text.as_bytes(), |subject| *subject == name);
        assert_eq!(found.collect::<Vec<_>>(), vec![wanted.certificate(); 3]);
        assert!(certificates_of(text.as_bytes(), |_| false).next().is_none());
    }

    const BROKEN: &str = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
    const END: &str = "-----END CERTIFICATE-----\n";

    /// What a file may be made of: certificates of two names, as they are and spoilt.
    fn pieces_of_a_file() -> impl Strategy<Value = Vec<String>> {
        static TWO: OnceLock<[Made; 2]> = OnceLock::new();
        let two = TWO.get_or_init(|| ["one", "two"].map(|name| Maker::new(name).ca().self_signed()));
        let certificate = (0_usize..2).prop_map(move |n| two[n].pem());
        let spoilt = (certificate.clone(), 0_usize..900, ".{0,3}").prop_map(|(pem, at, junk)| {
            let mut spoilt = pem;
            spoilt.insert_str(at.min(spoilt.len()), &junk);
            spoilt
        });
        let ended = |end: &'static str| certificate.clone().prop_map(move |pem| pem.replace('\n', end));
        // Lines of any length, also such as hold no whole bytes.
        let wrapped = (certificate.clone(), 1_usize..2000).prop_map(|(pem, width)| {
            let digits: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            let lines: Vec<_> = digits.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
            format!("-----BEGIN CERTIFICATE-----\n{}\n{END}", lines.join("\n"))
        });
        let other = prop_oneof![
            Just(two[0].key_pem()),
            Just(two[0].pem().replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
            Just(two[0].pem().replace(END, "")),
            Just(two[0].pem().trim_end().to_owned()),
            Just(END.to_owned()),
            Just(BROKEN.to_owned()),
            "[-a-z \r\n]{0,90}",
        ];
        let piece = prop_oneof![certificate.clone(), spoilt, ended("\r\n"), ended(" \n"), ended("\r"), wrapped, other];
        proptest::collection::vec(piece, 0..8)
    }

    proptest! {
        #[test]
        fn they_are_those_that_reading_the_whole_would_find(pieces in pieces_of_a_file()) {
            let text = pieces.concat();
            let whole: Vec<_> = rustls_pemfile::certs(&mut text.as_bytes()).filter_map(std::io::Result::ok).collect();
            for name in whole.iter().filter_map(|der| Some(Names::of(der)?.subject)) {
                let named = whole.iter().filter(|der| Names::of(der).is_some_and(|names| names.subject == name));
                let found = certificates_of(text.as_bytes(), |subject| subject == name);
                prop_assert_eq!(found.collect::<Vec<_>>(), named.cloned().collect::<Vec<_>>());
            }
            prop_assert!(certificates_of(text.as_bytes(), |_| true).count() <= whole.len());
        }

        #[test]
        fn nothing_panics(text: Vec<u8>) {
            certificates_of(&text, |_| true).count();
            certificates_of(&[BEGIN_CERTIFICATE, b"\n", &text, b"\n", END_CERTIFICATE].concat(), |_| true).count();
        }
    }
}
