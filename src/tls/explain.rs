//! rustls' errors in a user's words.
//!
//! A newcomer's trap: an alert that was received tells of the peer's opinion, not of ours;
//! `unknown_ca` from a server is about the certificate that *we* sent.

use super::{judge::fault, verify::Refused};
use crate::report::escape;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, ProtocolVersion};

/// Why TLS failed, without what was being done; escaped and fit for one line.
#[must_use]
pub fn explain(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the peer refused: {}", describe(*alert)),
        Error::InvalidCertificate(error) => certificate(error),
        Error::NoCertificatesPresented => "the peer has shown no certificate".to_owned(),
        Error::PeerIncompatible(what) => incompatible(what),
        Error::NoApplicationProtocol => "no ALPN protocol in common".to_owned(),
        Error::DecryptError => "what arrived cannot be decrypted: it was changed on its way".to_owned(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "what arrived is not TLS".to_owned(),
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            "what arrived is not TLS, or of a version that does not exist".to_owned()
        }
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
            "a message of the peer's handshake is longer than 64 KiB: it has too many certificates".to_owned()
        }
        Error::InvalidMessage(_)
        | Error::PeerMisbehaved(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerSentOversizedRecord => {
            format!("the peer does not keep to the protocol ({})", escape(error.to_string().as_bytes()))
        }
        Error::General(text) => escape(text.as_bytes()),
        other => escape(other.to_string().as_bytes()),
    }
}

/// The same of a session that has been agreed on: in TLS 1.2 a peer may want to agree on another (RFC 5246, 7.4.1.1),
/// which rustls refuses it, and leave for that with an alert of a handshake.
#[must_use]
pub fn explain_in_session(error: &Error, version: Option<ProtocolVersion>) -> String {
    match (error, version) {
        (Error::AlertReceived(AlertDescription::HandshakeFailure), Some(ProtocolVersion::TLSv1_2)) => {
            "the peer left: it wanted a new handshake (renegotiation), which was refused".to_owned()
        }
        _ => explain(error),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Other(other) if other.0.is::<Refused>() => other.0.to_string(),
        CertificateError::BadSignature => "the peer did not prove that it holds its certificate's key".to_owned(),
        error => format!("the peer's certificate cannot be used: {}", fault(error)),
    }
}

fn incompatible(what: &PeerIncompatible) -> String {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13 => "the server has neither TLS 1.2 nor 1.3".to_owned(),
        // What a client of TLS 1.1 leaves out is missed before its version is looked at.
        PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "no TLS version in common with the peer".to_owned()
        }
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite in common with the peer".to_owned(),
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired => {
            "no key exchange in common with the peer".to_owned()
        }
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "the peer takes no signature that our key can make".to_owned()
        }
        other => format!("nothing in common with the peer ({other:?})"),
    }
}

/// An alert's name (RFC 8446, section 6.2), and what it usually means.
fn describe(alert: AlertDescription) -> String {
    let (name, meaning) = match alert {
        AlertDescription::CloseNotify => ("close_notify", "it left"),
        AlertDescription::UnexpectedMessage => ("unexpected_message", ""),
        AlertDescription::BadRecordMac => ("bad_record_mac", "the data was changed on its way"),
        AlertDescription::RecordOverflow => ("record_overflow", ""),
        AlertDescription::HandshakeFailure => {
            ("handshake_failure", "no cipher or protocol in common, or it wants a certificate")
        }
        AlertDescription::BadCertificate => ("bad_certificate", "it does not accept our certificate"),
        AlertDescription::UnsupportedCertificate => ("unsupported_certificate", "it does not accept our certificate"),
        AlertDescription::CertificateRevoked => ("certificate_revoked", "it calls our certificate revoked"),
        AlertDescription::CertificateExpired => ("certificate_expired", "it calls our certificate expired"),
        AlertDescription::CertificateUnknown => ("certificate_unknown", "it does not trust our certificate"),
        AlertDescription::IllegalParameter => ("illegal_parameter", ""),
        AlertDescription::UnknownCA => ("unknown_ca", "it does not know our certificate's issuer"),
        AlertDescription::AccessDenied => ("access_denied", ""),
        AlertDescription::DecodeError => ("decode_error", ""),
        AlertDescription::DecryptError => ("decrypt_error", ""),
        AlertDescription::ProtocolVersion => ("protocol_version", "no TLS version in common"),
        AlertDescription::InsufficientSecurity => ("insufficient_security", "it wants stronger ciphers"),
        AlertDescription::InternalError => ("internal_error", "it failed by itself"),
        AlertDescription::InappropriateFallback => ("inappropriate_fallback", ""),
        AlertDescription::UserCanceled => ("user_canceled", ""),
        AlertDescription::NoRenegotiation => ("no_renegotiation", ""),
        AlertDescription::MissingExtension => ("missing_extension", ""),
        AlertDescription::UnsupportedExtension => ("unsupported_extension", ""),
        AlertDescription::UnrecognisedName => {
            ("unrecognized_name", "it does not serve the name asked for; see --ssl-servername")
        }
        AlertDescription::UnknownPSKIdentity => ("unknown_psk_identity", ""),
        AlertDescription::CertificateRequired => ("certificate_required", "it wants a certificate; see --ssl-cert"),
        AlertDescription::NoApplicationProtocol => ("no_application_protocol", "no ALPN protocol in common"),
        other => return format!("alert {}", u8::from(other)),
    };
    if meaning.is_empty() { name.to_owned() } else { format!("{name} ({meaning})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_in_the_rfc_and_say_what_they_mean() {
        let explained = explain(&Error::AlertReceived(AlertDescription::ProtocolVersion));
        assert_eq!(explained, "the peer refused: protocol_version (no TLS version in common)");
        assert_eq!(explain(&Error::AlertReceived(AlertDescription::Unknown(99))), "the peer refused: alert 99");
    }

    #[test]
    fn a_handshake_that_fails_in_mid_session_is_one_that_was_not_to_be() {
        let error = Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert!(explain_in_session(&error, Some(ProtocolVersion::TLSv1_2)).contains("renegotiation"));
        // A server of TLS 1.3 judges a client's certificate when the client's handshake is over.
        assert_eq!(explain_in_session(&error, Some(ProtocolVersion::TLSv1_3)), explain(&error));
    }

    #[test]
    fn certificate_problems_use_the_words_of_the_warning() {
        let error = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(explain(&error), "the peer's certificate cannot be used: unknown issuer");
    }
}
