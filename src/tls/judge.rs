//! Why a certificate is not to be trusted, in words for one line.
//!
//! A newcomer's trap: webpki stops at the first fault it meets, which is often not the one that
//! helps (a self-signed certificate that may sign others is to it a "CA used as end entity"). So
//! webpki says whether, and this module says why, with all reasons at once.

use super::{
    certificate::{Certificate, day},
    trust::{Trust, Vouched},
};
use crate::report::escape;
use rustls::{
    CertificateError, Error,
    client::verify_server_name,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::time::Duration;

/// Whom the certificate should be for.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    /// A DNS name or an address.
    Server(ServerName<'static>),
    /// What the user called the server, which no certificate can hold.
    Unfit(String),
    /// Whichever client it is.
    Client,
}

/// What there is to go by.
pub(super) struct Judge<'a> {
    pub(super) expected: &'a Expected,
    pub(super) trust: &'a Trust,
    pub(super) algorithms: &'a WebPkiSupportedAlgorithms,
    pub(super) now: UnixTime,
}

impl Judge<'_> {
    /// All that speaks against a server's certificate; nothing for one that is trusted.
    pub(super) fn objections(&self, leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Vec<String> {
        let Some(certificate) = Certificate::parse(leaf) else {
            return vec!["it cannot be read".to_owned()];
        };
        let mut found = Vec::new();
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);

        // The issuer is judged at a moment when the certificate was valid, if there was one:
        // that it has expired is one reason, and that nobody knows its issuer another.
        let at = now.min(not_after).max(not_before).max(0).unsigned_abs();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        match self.trust.vouch(leaf, intermediates, at, self.algorithms) {
            Ok(Vouched::Itself | Vouched::Chain) => {}
            Err(error) => {
                found.push(distrust(&error, &certificate, intermediates, now));
                found.extend(self.trust.complaint());
            }
        }
        if now > not_after {
            found.push(format!("expired on {}", day(not_after)));
        } else if now < not_before {
            found.push(format!("not valid before {}", day(not_before)));
        }
        if let Some(bits) = certificate.rsa_bits().filter(|bits| *bits < 2048) {
            found.push(format!("its RSA key has only {bits} bits"));
        }
        found.extend(self.wrong_name(leaf, &certificate));
        found
    }

    fn wrong_name(&self, leaf: &CertificateDer<'_>, certificate: &Certificate<'_>) -> Option<String> {
        let names = certificate.names();
        let wanted = match self.expected {
            Expected::Server(name) => {
                let matches = match ParsedCertificate::try_from(leaf) {
                    Ok(parsed) => verify_server_name(&parsed, name).is_ok(),
                    Err(_) => names.iter().any(|found| found.eq_ignore_ascii_case(&name.to_str())),
                };
                if matches {
                    return None;
                }
                escape(name.to_str().as_bytes())
            }
            Expected::Unfit(name) => escape(name.as_bytes()),
            Expected::Client => return None,
        };
        Some(match (names.is_empty(), certificate.common_name()) {
            (false, _) => format!("issued for {}, not for {wanted}", some_of(&names)),
            (true, Some(cn)) => format!("issued for no host (no SAN, only the common name {cn})"),
            (true, None) => "issued for no host (no SAN)".to_owned(),
        })
    }
}

/// The first of many names.
pub(super) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 4;
    match names.split_at_checked(SHOWN) {
        Some((shown, rest)) if !rest.is_empty() => format!("{} and {} more", shown.join(", "), rest.len()),
        _ => names.join(", "),
    }
}

/// Why no store vouches for it.
fn distrust(error: &Error, leaf: &Certificate<'_>, intermediates: &[CertificateDer<'_>], now: i64) -> String {
    if leaf.is_self_issued() {
        return "self-signed".to_owned();
    }
    if *error == Error::InvalidCertificate(CertificateError::UnknownIssuer) {
        return format!("unknown issuer ({})", top_issuer(leaf, intermediates));
    }
    if let Some(hash) = leaf.broken_hash() {
        return format!("signed with {hash} by {}", leaf.issuer());
    }
    if leaf.is_version_1() {
        return format!("X.509 version 1, issued by {}", leaf.issuer());
    }
    let Error::InvalidCertificate(error) = error else { return escape(error.to_string().as_bytes()) };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => expired_issuer(intermediates, now),
        error => fault(error),
    }
}

/// A fault of a certificate, where nothing more is known than rustls' error.
pub(super) fn fault(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "malformed".to_owned(),
        CertificateError::Expired => "expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!("expired on {}", unix_day(*not_after)),
        CertificateError::NotValidYet => "not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("not valid before {}", unix_day(*not_before))
        }
        CertificateError::Revoked => "revoked".to_owned(),
        CertificateError::UnhandledCriticalExtension => "it has a critical extension that is not understood".to_owned(),
        CertificateError::UnknownIssuer => "unknown issuer".to_owned(),
        CertificateError::BadSignature => "a signature does not fit its key".to_owned(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "signed in a way that is not supported".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "not meant for this side of a TLS connection".to_owned()
        }
        CertificateError::Other(other) => escape(other.0.to_string().as_bytes()),
        other => escape(other.to_string().as_bytes()),
    }
}

fn unix_day(time: UnixTime) -> String {
    day(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// Whoever the last of the certificates that were presented was issued by.
fn top_issuer(leaf: &Certificate<'_>, intermediates: &[CertificateDer<'_>]) -> String {
    let presented: Vec<_> = intermediates.iter().filter_map(|der| Certificate::parse(der)).collect();
    let mut top = leaf;
    // Each step uses up one, so that certificates that issued each other do not go round for ever.
    for _ in 0..presented.len() {
        match presented.iter().find(|one| one.subject_raw() == top.issuer_raw()) {
            Some(issuer) if !top.is_self_issued() => top = issuer,
            _ => break,
        }
    }
    top.issuer()
}

fn expired_issuer(intermediates: &[CertificateDer<'_>], now: i64) -> String {
    let mut issuers = intermediates.iter().filter_map(|der| Certificate::parse(der));
    match issuers.find(|one| one.not_after() < now) {
        Some(one) => format!("its issuer's certificate ({}) expired on {}", one.subject(), day(one.not_after())),
        None => "its issuer's certificate has expired".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Made, Maker, TempFile};

    fn objections(leaf: &Made, intermediates: &[&Made], roots: &[&Made], host: &str) -> String {
        let pem: String = roots.iter().map(|root| root.pem()).collect();
        let file = TempFile::new(pem.as_bytes());
        let trust = Trust::new(Some(file.path())).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let judge = Judge {
            expected: &crate::tls::client::expected(host),
            trust: &trust,
            algorithms: &provider.signature_verification_algorithms,
            now: UnixTime::now(),
        };
        let intermediates: Vec<_> = intermediates.iter().map(|made| made.certificate()).collect();
        judge.objections(&leaf.certificate(), &intermediates).join("; ")
    }

    #[test]
    fn a_chain_to_a_trusted_root_has_nothing_against_it() {
        let root = Maker::new("Root").ca().self_signed();
        let middle = Maker::new("Middle").ca().signed_by(&root);
        let leaf = Maker::new("mail.test").name("192.0.2.1").signed_by(&middle);
        for host in ["mail.test", "MAIL.test.", "192.0.2.1"] {
            assert_eq!(objections(&leaf, &[&middle], &[&root], host), "", "{host}");
        }
    }

    #[test]
    fn each_fault_has_its_words() {
        let root = Maker::new("Root").ca().self_signed();
        let other = Maker::new("Other").ca().self_signed();
        let leaf = Maker::new("mail.test").signed_by(&root);
        let old = Maker::new("mail.test").valid((2020, 1, 1), (2024, 5, 1)).signed_by(&root);
        let early = Maker::new("mail.test").valid((2090, 1, 1), (2091, 5, 1)).signed_by(&root);
        let bare = Maker::bare("mail.test").signed_by(&root);
        assert_eq!(objections(&leaf, &[], &[&other], "mail.test"), "unknown issuer (Root)");
        assert_eq!(objections(&old, &[], &[&root], "mail.test"), "expired on 2024-05-01");
        assert_eq!(objections(&old, &[], &[&other], "mail.test"), "unknown issuer (Root); expired on 2024-05-01");
        assert_eq!(objections(&early, &[], &[&root], "mail.test"), "not valid before 2090-01-01");
        assert_eq!(objections(&leaf, &[], &[&root], "localhost"), "issued for mail.test, not for localhost");
        assert_eq!(objections(&leaf, &[], &[&root], "::1"), "issued for mail.test, not for ::1");
        assert_eq!(objections(&leaf, &[], &[&root], "no name"), "issued for mail.test, not for no name");
        assert_eq!(
            objections(&bare, &[], &[&root], "mail.test"),
            "issued for no host (no SAN, only the common name mail.test)"
        );
    }

    #[test]
    fn the_unknown_issuer_is_the_topmost() {
        let root = Maker::new("Root").ca().self_signed();
        let middle = Maker::new("Middle").ca().signed_by(&root);
        let leaf = Maker::new("mail.test").signed_by(&middle);
        let other = Maker::new("Other").ca().self_signed();
        assert_eq!(objections(&leaf, &[], &[&other], "mail.test"), "unknown issuer (Middle)");
        assert_eq!(objections(&leaf, &[&middle], &[&other], "mail.test"), "unknown issuer (Root)");
        assert_eq!(objections(&leaf, &[&middle, &root], &[&other], "mail.test"), "unknown issuer (Root)");
    }

    #[test]
    fn an_expired_issuer_is_told_from_an_expired_certificate() {
        let root = Maker::new("Root").ca().self_signed();
        let middle = Maker::new("Middle").ca().valid((2020, 1, 1), (2024, 5, 1)).signed_by(&root);
        let leaf = Maker::new("mail.test").signed_by(&middle);
        assert_eq!(
            objections(&leaf, &[&middle], &[&root], "mail.test"),
            "its issuer's certificate (Middle) expired on 2024-05-01"
        );
    }

    #[test]
    fn self_signed_ones_are_called_so_whether_or_not_they_may_sign_others() {
        let other = Maker::new("Other").ca().self_signed();
        for leaf in [Maker::new("mail.test").self_signed(), Maker::new("mail.test").ca().self_signed()] {
            assert_eq!(objections(&leaf, &[], &[&other], "mail.test"), "self-signed");
            assert_eq!(objections(&leaf, &[], &[&leaf], "mail.test"), "");
            assert_eq!(
                objections(&leaf, &[], &[&leaf], "localhost"),
                "issued for mail.test, not for localhost",
                "a trusted leaf's name is still checked"
            );
        }
    }

    #[test]
    fn of_many_names_some_are_shown() {
        let names: Vec<_> = (1..=9).map(|n| format!("n{n}")).collect();
        assert_eq!(some_of(&names), "n1, n2, n3, n4 and 5 more");
        assert_eq!(some_of(&names[..2]), "n1, n2");
    }
}
