//! A peer's certificate in words: names, issuer, dates, weaknesses.
//!
//! A newcomer's trap: this reads certificates that webpki refuses, and decides nothing. All text
//! that comes out is already escaped.

use crate::report::escape;
use x509_parser::{
    prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Name, X509Version},
    public_key::PublicKey,
    time::ASN1Time,
    x509::SubjectPublicKeyInfo,
};

/// A certificate that could be read.
pub(super) struct Certificate<'a>(X509Certificate<'a>);

impl<'a> Certificate<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        X509Certificate::from_der(der).ok().map(|(_, certificate)| Self(certificate))
    }

    /// The DNS names and addresses of the SAN extension (RFC 5280, 4.2.1.6).
    pub(super) fn names(&self) -> Vec<String> {
        let extensions = self.0.extensions().iter();
        let names = extensions.filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(found) => Some(&found.general_names),
            _ => None,
        });
        names.flatten().filter_map(name).collect()
    }

    pub(super) fn common_name(&self) -> Option<String> {
        self.0.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(|cn| escape(cn.as_bytes()))
    }

    pub(super) fn issuer(&self) -> String {
        brief(self.0.issuer())
    }

    pub(super) fn subject(&self) -> String {
        brief(self.0.subject())
    }

    /// The issuer's whole name, to find the issuer's certificate by.
    pub(super) fn issuer_raw(&self) -> &[u8] {
        self.0.issuer().as_raw()
    }

    pub(super) fn subject_raw(&self) -> &[u8] {
        self.0.subject().as_raw()
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject_raw() == self.issuer_raw()
    }

    pub(super) fn is_version_1(&self) -> bool {
        self.0.version() == X509Version::V1
    }

    /// Seconds since 1970 at which it begins to be valid.
    pub(super) fn not_before(&self) -> i64 {
        self.0.validity().not_before.timestamp()
    }

    /// Seconds since 1970 after which it is expired.
    pub(super) fn not_after(&self) -> i64 {
        self.0.validity().not_after.timestamp()
    }

    pub(super) fn public_key(&self) -> &SubjectPublicKeyInfo<'a> {
        &self.0.tbs_certificate.subject_pki
    }

    /// The public key itself, without its algorithm.
    pub(super) fn key_bits(&self) -> &[u8] {
        &self.0.public_key().subject_public_key.data
    }

    /// The size of an RSA key, in bits.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        match self.0.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()),
            _ => None,
        }
    }

    /// The hash under the issuer's signature, when it is one that no longer protects (RFC 9155).
    pub(super) fn broken_hash(&self) -> Option<&'static str> {
        match self.0.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" => Some("SHA-1"),
            "1.2.840.113549.1.1.4" => Some("MD5"),
            "1.2.840.113549.1.1.2" => Some("MD2"),
            _ => None,
        }
    }
}

/// A moment as its day, in UTC: `2024-05-01`.
pub(super) fn day(seconds: i64) -> String {
    let Ok(time) = ASN1Time::from_timestamp(seconds) else { return "a day beyond reckoning".to_owned() };
    let time = time.to_datetime();
    format!("{:04}-{:02}-{:02}", time.year(), u8::from(time.month()), time.day())
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(escape(name.as_bytes())),
        GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
            .map(|v4| std::net::Ipv4Addr::from(v4).to_string())
            .or_else(|_| <[u8; 16]>::try_from(*bytes).map(|v6| std::net::Ipv6Addr::from(v6).to_string()))
            .ok(),
        _ => None,
    }
}

/// The common name if there is one, or else the organisation, or else all of it.
fn brief(name: &X509Name<'_>) -> String {
    let found = name.iter_common_name().chain(name.iter_organization()).find_map(|part| part.as_str().ok());
    match found.map(str::to_owned).unwrap_or_else(|| name.to_string()) {
        empty if empty.is_empty() => "nobody".to_owned(),
        text => escape(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Maker;

    #[test]
    fn names_and_dates_are_read() {
        let made = Maker::new("mail.test")
            .name("192.0.2.1")
            .name("2001:db8::1")
            .valid((2020, 1, 2), (2024, 5, 1))
            .self_signed();
        let certificate = Certificate::parse(made.der()).unwrap();
        assert_eq!(certificate.names(), ["mail.test", "192.0.2.1", "2001:db8::1"]);
        assert_eq!(
            (day(certificate.not_before()), day(certificate.not_after())),
            ("2020-01-02".into(), "2024-05-01".into())
        );
        assert_eq!(certificate.issuer(), "mail.test");
        assert!(certificate.is_self_issued());
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        assert!(Certificate::parse(b"").is_none());
        assert!(Certificate::parse(&[0x30, 0x82, 0xff, 0xff, 1, 2, 3]).is_none());
    }
}
