//! The certificate of `-l --ssl` without `--ssl-cert`: made in memory, gone with the process.
//!
//! A newcomer's trap: nobody can verify it by its issuer. It is meant to be trusted by the
//! fingerprint that the listener prints.

use super::identity::Identity;
use crate::error::{Error, Result};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};
use x509_parser::time::ASN1Time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a P-256 key and a certificate for localhost, this host's name, and `names`: host names
/// or addresses, as they are listened on.
pub(super) fn make(names: &[String]) -> Result<Identity> {
    let failed = |why: String| Error::usage("make a TLS certificate", why);
    let key = KeyPair::generate().map_err(|error| failed(error.to_string()))?;
    let certificate = params(names).self_signed(&key).map_err(|error| failed(error.to_string()))?;
    let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| failed(error.to_owned()))?;
    Identity::new(vec![certificate.der().clone()], der).map_err(|error| failed(error.to_string()))
}

fn params(names: &[String]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = alternative_names(names);
    params.distinguished_name.push(DnType::CommonName, "rncat (ephemeral)");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Peers' clocks may lag; nobody should meet a listener's certificate after a year.
    let now = ASN1Time::now().to_datetime();
    params.not_before = now - DAY;
    params.not_after = now + 365 * DAY;
    params
}

fn alternative_names(names: &[String]) -> Vec<SanType> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for name in ["localhost", &host].into_iter().chain(names.iter().map(String::as_str)) {
        add(&mut found, name);
    }
    for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        add(&mut found, &loopback.to_string());
    }
    found
}

/// Adds a name unless it is known already, or no certificate can hold it.
fn add(found: &mut Vec<SanType>, name: &str) {
    let bare = super::client::bare(name);
    let entry = match bare.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => return,
        Ok(address) => SanType::IpAddress(address),
        Err(_) if rustls::pki_types::DnsName::try_from(bare).is_err() => return,
        Err(_) => match bare.to_owned().try_into() {
            Ok(name) => SanType::DnsName(name),
            Err(_) => return,
        },
    };
    if !found.contains(&entry) {
        found.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::Certificate;

    #[test]
    fn it_names_what_is_listened_on_and_nothing_twice() {
        let listened = ["192.0.2.7", "[fe80::1%eth0]", "0.0.0.0", "::", "localhost", "not a name", "mail.test"];
        let names: Vec<String> = listened.iter().map(ToString::to_string).collect();
        let identity = make(&names).unwrap();
        let certificate = Certificate::parse(identity.certificate()).unwrap();
        let names = certificate.names();
        for name in ["localhost", "192.0.2.7", "fe80::1", "mail.test", "127.0.0.1", "::1"] {
            assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name} in {names:?}");
        }
        assert!(!names.iter().any(|name| name == "::" || name == "0.0.0.0" || name.contains(' ')), "{names:?}");
    }
}
