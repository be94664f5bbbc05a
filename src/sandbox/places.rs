//! Where the system keeps what names and certificates are looked up in.
//!
//! A newcomer's trap: a link gives no right to what it leads to, so both ends of what distributions link are listed.

use std::path::{Path, PathBuf};

/// What getaddrinfo(3) reads: settings, and the modules that they name. Settings are replaced by new
/// files while we run, so that their folder must be readable as a whole.
const NAMES: [&str; 12] = [
    "/etc",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/connman",
    "/mnt/wsl",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
];

/// The system's trusted certificates. Not the folders above them: private keys are kept there, too.
const CERTIFICATES: [&str; 17] = [
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates/extracted",
    "/etc/openssl/certs",
    "/etc/certs",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/ssl/certs",
    "/usr/lib/ssl/certs",
    "/usr/local/ssl/certs",
    "/var/lib/ca-certificates",
    "/nix/store",
];

/// What to read for look-ups of names.
pub(super) fn names() -> impl Iterator<Item = PathBuf> {
    NAMES.iter().map(PathBuf::from)
}

/// What to read for the system's trusted certificates.
pub(super) fn certificates() -> impl Iterator<Item = PathBuf> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(std::env::var_os);
    let named = named.flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    // Often it is one of those that are listed anyway.
    let named = named.filter(|path| !CERTIFICATES.iter().any(|listed| Path::new(listed) == path));
    CERTIFICATES.iter().map(PathBuf::from).chain(named)
}
