//! The system's store of trusted certificates: of hundreds, only those are read whose names are asked for.
//!
//! A newcomer's trap: to decode the whole store takes longer than all the rest of a handshake. So a
//! folder of the system's that was hashed for OpenSSL is asked as OpenSSL asks it, by names of files;
//! of one that the user names instead each file counts, whatever it is called.

use super::{name_hash::name_hash, pem};
use crate::{error::why, report::escape};
use rustls::pki_types::CertificateDer;
use std::{
    collections::BTreeSet,
    env,
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

const FILE: &str = "SSL_CERT_FILE";
const DIR: &str = "SSL_CERT_DIR";

/// Bytes of a file; sixty times what systems trust. A device may have no end.
const MOST: u64 = 16 << 20;
/// As many as malloc gives back in any case.
const A_LITTLE: u64 = 64 << 10;

/// Where trusted certificates are.
#[derive(Debug, Default)]
pub(super) struct Places {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Places {
    /// Those that the environment names, or else the system's; a variable that is empty names none.
    pub(super) fn find() -> Self {
        let named = Self::named();
        if named.file.is_none() && named.folders.is_empty() { usual() } else { named }
    }

    #[cfg(test)]
    pub(super) fn of_file(file: &Path) -> Self {
        Self { file: Some(file.to_owned()), folders: Vec::new() }
    }

    fn named() -> Self {
        let folders = env::var_os(DIR).unwrap_or_default();
        Self {
            file: env::var_os(FILE).filter(|file| !file.is_empty()).map(PathBuf::from),
            folders: env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()).collect(),
        }
    }

    /// The certificates whose subject is one of `names` (each the inside of a DER `Name`). What cannot be
    /// read is left out: whom it would vouch for is then an unknown issuer.
    pub(super) fn certificates(&self, names: &[&[u8]]) -> Vec<CertificateDer<'static>> {
        #[cfg(target_os = "macos")]
        if self.file.is_none() && self.folders.is_empty() {
            return rustls_native_certs::load_native_certs().certs;
        }
        let folders = self.folders.iter().flat_map(|folder| match is_usual(folder) && is_hashed(folder) {
            true => by_hash(folder, names),
            false => entries(folder).map(|name| folder.join(name)).collect(),
        });
        // What is linked by several names is read once.
        let mut seen: BTreeSet<_> = self.file.iter().filter_map(|file| fs::metadata(file).ok()).map(identity).collect();
        // A pipe in a folder would hold us up; one that is named by itself is meant.
        let folders = folders.filter(|file| {
            fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && seen.insert(identity(metadata)))
        });
        let texts = self.file.iter().map(|file| read_once(file, MOST)).chain(folders.map(|file| read(&file, MOST)));
        let wanted = |subject: &[u8]| names.contains(&subject);
        let mut found: Vec<_> = texts
            .filter_map(Result::ok)
            .flat_map(|text| pem::certificates_of(&text, wanted).collect::<Vec<_>>())
            .collect();
        found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
        found.dedup();
        found
    }
}

/// What is wrong with the places that the environment names, for one who wonders why they do not help.
pub(super) fn complaint() -> Option<String> {
    let named = Places::named();
    let shown = |variable: &str, path: &Path| format!("{variable}={}", escape(path.as_os_str().as_encoded_bytes()));
    let cannot = |shown: String, error: &io::Error| format!("{shown} cannot be read: {}", why(error));
    let file = named.file.iter().find_map(|file| match read_once(file, A_LITTLE) {
        // Without a certificate in so much of it, it may still be in the rest.
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
        Err(error) => Some(cannot(shown(FILE, file), &error)),
        Ok(text) => pem::certificates_of(&text, |_| true)
            .next()
            .is_none()
            .then(|| format!("no certificate in {}", shown(FILE, file))),
    });
    let folder = || {
        let tried = named.folders.iter().map(|folder| (folder, fs::read_dir(folder).err()));
        tried.filter_map(|(folder, error)| Some(cannot(shown(DIR, folder), &error?))).next()
    };
    file.or_else(folder)
}

/// Where systems with OpenSSL keep them.
#[cfg(not(target_os = "macos"))]
fn usual() -> Places {
    let found = openssl_probe::probe();
    Places { file: found.cert_file, folders: found.cert_dir }
}

#[cfg(not(target_os = "macos"))]
fn is_usual(folder: &Path) -> bool {
    openssl_probe::candidate_cert_dirs().any(|usual| usual == folder)
}

#[cfg(target_os = "macos")]
fn usual() -> Places {
    Places::default()
}

#[cfg(target_os = "macos")]
fn is_usual(_: &Path) -> bool {
    false
}

/// A file's text, which for a pipe is there only once, however many handshakes there are.
fn read_once(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    static PIPED: OnceLock<Vec<u8>> = OnceLock::new();
    if fs::metadata(path)?.is_file() {
        return read(path, most);
    }
    match PIPED.get() {
        Some(text) => Ok(text.clone()),
        None => read(path, MOST).map(|text| PIPED.get_or_init(|| text).clone()),
    }
}

/// A file's text, if that is no more than `most` bytes.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(most);
    let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or_default().saturating_add(1));
    file.take(most + 1).read_to_end(&mut text)?;
    if text.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

#[allow(clippy::needless_pass_by_value, reason = "it maps")]
fn identity(metadata: Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The names of what is in a folder.
fn entries(folder: &Path) -> impl Iterator<Item = std::ffi::OsString> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name())
}

fn is_hashed(folder: &Path) -> bool {
    entries(folder).any(|name| name.to_str().is_some_and(is_hash))
}

/// Whether a file is called as openssl-rehash(1) calls certificates: `0a1b2c3d.0`.
fn is_hash(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn by_hash(folder: &Path, names: &[&[u8]]) -> Vec<PathBuf> {
    let hashes: BTreeSet<_> = names.iter().filter_map(|name| name_hash(name)).collect();
    let numbered = |hash: u32| (0_u32..).map(move |n| folder.join(format!("{hash:08x}.{n}")));
    hashes.into_iter().flat_map(|hash| numbered(hash).take_while(|file| file.exists())).collect()
}

#[cfg(test)]
mod tests;
