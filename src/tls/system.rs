//! The system's store of trusted certificates: of hundreds, only those are kept that bear a name asked for.
//!
//! A newcomer's trap: to read the whole store takes longer than all the rest of a handshake. So a
//! directory of the system's that was hashed for OpenSSL is asked as OpenSSL asks it, by names of
//! files; one that the user names instead is read whole, whatever its files are called.

use super::name_hash::name_hash;
use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::load_certs_from_paths;
use std::{
    env, fs,
    io::BufRead,
    path::{Path, PathBuf},
};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// What the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead, as far as its
/// subject may be one of `names` (each a DER `Name`). Files in it that cannot be read are left out:
/// whom they would vouch for is then an unknown issuer.
pub(super) fn certificates(names: &[&[u8]]) -> Vec<CertificateDer<'static>> {
    let (file, dirs) = match named() {
        (None, dirs) if dirs.is_empty() => usual(),
        named => named,
    };
    if file.is_none() && dirs.is_empty() {
        return rustls_native_certs::load_native_certs().certs;
    }
    let mut found: Vec<_> = file.iter().flat_map(|file| from_file(file, names)).collect();
    for dir in &dirs {
        let hashed = is_usual(dir) && is_hashed(dir);
        found.extend(if hashed { by_hash(dir, names) } else { load_certs_from_paths(None, Some(dir)).certs });
    }
    found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}

/// What the environment names: a file, and directories.
fn named() -> (Option<PathBuf>, Vec<PathBuf>) {
    let dirs = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    let dirs = env::split_paths(&dirs).filter(|dir| !dir.as_os_str().is_empty()).collect();
    (env::var_os("SSL_CERT_FILE").map(PathBuf::from), dirs)
}

/// Where systems with OpenSSL keep the same.
#[cfg(all(unix, not(target_os = "macos")))]
fn usual() -> (Option<PathBuf>, Vec<PathBuf>) {
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn is_usual(dir: &Path) -> bool {
    openssl_probe::candidate_cert_dirs().any(|usual| usual == dir)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn usual() -> (Option<PathBuf>, Vec<PathBuf>) {
    (None, Vec::new())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn is_usual(_: &Path) -> bool {
    false
}

fn from_file(path: &Path, names: &[&[u8]]) -> Vec<CertificateDer<'static>> {
    let text = fs::read(path).unwrap_or_default();
    let wanted = |der: &[u8]| subject(der).is_none_or(|found| names.contains(&found));
    let found = blocks(&text).filter(|block| wanted(&beginning(block)));
    let ders = found.filter_map(|block| BASE64.decode(&digits(block)).ok());
    ders.filter(|der| subject(der).is_some() && wanted(der)).map(CertificateDer::from).collect()
}

/// What stands between the lines that enclose a certificate.
fn blocks(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, begun) = split_at_line(rest, BEGIN)?;
        let (block, after) = split_at_line(begun, END)?;
        rest = after;
        Some(block)
    })
}

/// What is before and after the first line that begins with `mark`.
fn split_at_line<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(mark) {
            return Some((text.get(..text.len() - rest.len())?, after));
        }
        rest.skip_until(b'\n').ok()?;
    }
    None
}

/// As much of a certificate as mostly holds its subject; nothing if it is not that simple.
fn beginning(block: &[u8]) -> Vec<u8> {
    const DIGITS: usize = 640;
    let mut digits = digits(block.get(..DIGITS).unwrap_or(block));
    digits.truncate(digits.len() / 4 * 4);
    BASE64.decode(&digits).unwrap_or_default()
}

fn digits(block: &[u8]) -> Vec<u8> {
    block.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

fn is_hashed(dir: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(dir) else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_hash)))
}

fn by_hash(dir: &Path, names: &[&[u8]]) -> Vec<CertificateDer<'static>> {
    let hashes = names.iter().filter_map(|name| name_hash(name));
    let files = hashes
        .flat_map(|hash| (0_u32..).map(move |n| dir.join(format!("{hash:08x}.{n}"))).take_while(|file| file.exists()));
    files.flat_map(|file| from_file(&file, names)).collect()
}

/// Whether a file is called as openssl-rehash(1) calls certificates: `0a1b2c3d.0`.
fn is_hash(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && number.parse::<u32>().is_ok()
    })
}

/// The subject of a certificate, a DER `Name` (RFC 5280, 4.1), or of the beginning of one.
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let (_, _, inside) = Element::header(certificate)?;
    let (_, _, to_be_signed) = Element::header(inside)?;
    let (first, rest) = Element::first(to_be_signed)?;
    // The version is left out where it is 1.
    let mut rest = if first.tag == VERSION { Element::first(rest)?.1 } else { rest };
    for _ in ["signature", "issuer", "validity"] {
        rest = Element::first(rest)?.1;
    }
    Element::first(rest).map(|(subject, _)| subject.whole)
}

const VERSION: u8 = 0xa0;

/// A DER element (X.690, 8.1).
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first of `bytes`, and what follows it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (tag, length, after) = Self::header(bytes)?;
        let (content, rest) = after.split_at_checked(length)?;
        Some((Self { tag, content, whole: bytes.get(..bytes.len() - rest.len())? }, rest))
    }

    /// Its tag, how long its content is, and what comes behind these two.
    fn header(bytes: &'a [u8]) -> Option<(u8, usize, &'a [u8])> {
        let (&[tag, length], after) = bytes.split_first_chunk()?;
        match length {
            0..=0x7f => Some((tag, usize::from(length), after)),
            0x81..=0x84 => {
                let (digits, after) = after.split_at_checked(usize::from(length & 0x7f))?;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                Some((tag, length, after))
            }
            _ => None,
        }
    }

    /// All elements of `bytes`; nothing if they are not elements to the end.
    pub(super) fn all(bytes: &'a [u8]) -> Option<Vec<Self>> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let (element, after) = Self::first(rest)?;
            found.push(element);
            rest = after;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        certificate::Certificate,
        testing::{Made, Maker, TempFile},
    };
    use proptest::prelude::*;

    fn names(made: &Made) -> Vec<u8> {
        Certificate::parse(made.der()).unwrap().subject_raw().to_vec()
    }

    #[test]
    fn of_a_file_those_with_the_name_are_found_whatever_stands_between_them() {
        let [wanted, other] = ["wanted", "other"].map(|name| Maker::new(name).ca().self_signed());
        let pem = wanted.pem();
        let file = TempFile::new(
            format!("# text\n{}{}junk\n{}\n{BROKEN}{}", other.pem(), pem, wanted.key_pem(), pem.replace('\n', " \r\n"))
                .as_bytes(),
        );
        let name = names(&wanted);
        assert_eq!(from_file(file.path(), &[&name]), [wanted.certificate(), wanted.certificate()]);
        assert!(from_file(file.path(), &[&[]]).is_empty());
        assert!(from_file(Path::new("/nonexistent"), &[&name]).is_empty());
    }

    const BROKEN: &str = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_hashed_directory_is_asked_by_the_hash_of_the_name() {
        let [one, two, other] = ["same", "same", "other"].map(|name| Maker::new(name).ca().self_signed());
        let name = names(&one);
        let (hash, elsewhere) = (name_hash(&name).unwrap(), name_hash(&names(&other)).unwrap());
        let dir = env::temp_dir().join(format!("rncat-test-hashed-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let write = |name: String, made: &Made| fs::write(dir.join(name), made.pem()).unwrap();
        write("by-name.pem".to_owned(), &other);
        assert!(!is_hashed(&dir));
        write(format!("{elsewhere:08x}.0"), &other);
        write(format!("{hash:08x}.0"), &one);
        write(format!("{hash:08x}.1"), &two);
        write(format!("{hash:08x}.3"), &two);
        assert!(is_hashed(&dir));
        assert_eq!(by_hash(&dir, &[&name]), [one.certificate(), two.certificate()]);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_subject_is_found_in_certificates_of_every_version() {
        for text in
            [include_str!("testdata/v1.pem"), include_str!("testdata/p256.pem"), include_str!("testdata/odd.pem")]
        {
            let der = crate::tls::testing::pem_to_der(text);
            assert_eq!(subject(&der), Some(Certificate::parse(&der).unwrap().subject_raw()));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, length in 0_usize..300) {
            subject(&bytes);
            blocks(&bytes).count();
            let der = crate::tls::testing::pem_to_der(include_str!("testdata/p256.pem"));
            subject(&der[..length.min(der.len())]);
        }
    }
}
