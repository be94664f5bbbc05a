//! What `-v` says of a connection whose handshake is done.
//!
//! A newcomer's trap: the certificate described is the *peer's*; a server has none to describe
//! unless its client sent one.

use super::{
    certificate::{Certificate, day},
    ciphers,
    judge::some_of,
};
use crate::{
    fingerprint::{sha256, show},
    report::escape,
};
use rustls::{Connection, ProtocolVersion, pki_types::UnixTime};

/// A line on the protocol, and two on the peer's certificate if there is one. Remote text is escaped.
#[must_use]
pub fn facts(connection: &Connection) -> Vec<String> {
    let mut lines = vec![protocol(connection)];
    lines.extend(
        connection.peer_certificates().and_then(<[_]>::first).into_iter().flat_map(|leaf| on_certificate(leaf)),
    );
    lines
}

/// The same for DTLS, as far as the parts are known.
#[cfg(feature = "dtls")]
#[must_use]
pub fn dtls_facts(version: &str, suite: Option<u16>, leaf: Option<&[u8]>) -> Vec<String> {
    let suite = suite.map(|suite| format!(", {}", ciphers::name(suite.into())));
    let mut lines = vec![format!("{version}{}", suite.unwrap_or_default())];
    lines.extend(leaf.into_iter().flat_map(on_certificate));
    lines
}

fn on_certificate(leaf: &[u8]) -> Vec<String> {
    let described = Certificate::parse(leaf).map(|certificate| describe(&certificate));
    described.into_iter().chain([format!("SHA-256 fingerprint: {}", show(&sha256(leaf)))]).collect()
}

fn protocol(connection: &Connection) -> String {
    let mut parts = vec![match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    }];
    parts.extend(connection.negotiated_cipher_suite().map(|suite| ciphers::name(suite.suite())));
    parts.extend(connection.negotiated_key_exchange_group().map(|group| format!("key exchange {:?}", group.name())));
    parts.extend(connection.alpn_protocol().map(|alpn| format!("ALPN {}", escape(alpn))));
    parts.join(", ")
}

fn describe(certificate: &Certificate<'_>) -> String {
    let names = certificate.names();
    let whom = match certificate.common_name() {
        _ if !names.is_empty() => some_of(&names),
        Some(cn) => format!("{cn} (no SAN)"),
        None => certificate.subject(),
    };
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    let days = certificate.not_after().saturating_sub(now).div_euclid(24 * 60 * 60);
    let end = match days {
        ..0 => format!("expired on {}", day(certificate.not_after())),
        0 => "expires today".to_owned(),
        1 => format!("expires on {} (1 day left)", day(certificate.not_after())),
        _ => format!("expires on {} ({days} days left)", day(certificate.not_after())),
    };
    format!("Certificate for {whom}; issued by {}; {end}", certificate.issuer())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Maker;

    #[test]
    fn a_certificate_is_described_in_a_line() {
        let described = |maker: Maker| describe(&Certificate::parse(maker.self_signed().der()).unwrap());
        let line = described(Maker::new("mail.test").name("192.0.2.1").valid((2020, 1, 1), (2024, 5, 1)));
        assert_eq!(line, "Certificate for mail.test, 192.0.2.1; issued by mail.test; expired on 2024-05-01");
        let line = described(Maker::bare("mail.test"));
        assert!(line.starts_with("Certificate for mail.test (no SAN); issued by mail.test; expires on "), "{line}");
        assert!(line.ends_with(" days left)"), "{line}");
    }

    #[test]
    fn a_hostile_name_cannot_steer_the_terminal() {
        let line = describe(&Certificate::parse(Maker::bare("\u{1b}[2J\nok").self_signed().der()).unwrap());
        assert!(!line.contains(['\u{1b}', '\n']), "{line:?}");
    }
}
