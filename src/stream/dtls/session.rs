//! dimpl's state machine, without I/O: datagrams in, events out, every error in words.
//!
//! A newcomer's trap: to dimpl every error is the end. What somebody could bring about who merely
//! guesses addresses and ports is therefore kept away from it.

use crate::{
    proto::dtls::{self, Hello, Sight},
    stream::tls::Failure,
    tls::explain,
};
use dimpl::{CertificateError, CryptoError, Error, Output, ProtocolVersion, SecurityError};
use rustls::AlertDescription;
use std::time::{Duration, Instant};

/// Why a session came to its end, and the alert that tells the peer, if it should hear of it.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) alert: Option<u8>,
}

/// A deadline further away than this is dimpl's way of saying that there is none.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60 / 2);
const HANDSHAKE_FAILURE: u8 = 40;

/// One end of a DTLS connection.
pub(super) struct Session {
    dtls: dimpl::Dtls,
    suite: Option<u16>,
    proven: bool,
}

/// What is to be done next; what it is about stands at the beginning of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// So many bytes are a datagram for the peer.
    Send(usize),
    /// So many bytes came from the peer, as one datagram.
    Data(usize),
    /// So many bytes are the peer's certificate, to be judged before anything else.
    Certificate(usize),
    /// The handshake is done.
    Connected,
    /// The peer has said close_notify.
    Closed,
    /// Nothing, until something arrives or the deadline has come.
    Wait(Option<Instant>),
}

impl Session {
    /// `dtls` is one that has not begun.
    pub(super) fn new(dtls: dimpl::Dtls) -> Self {
        let proven = dtls.is_active();
        Self { dtls, suite: None, proven }
    }

    /// A datagram has arrived. What is not DTLS, or comes out of its turn, is no error.
    pub(super) fn feed(&mut self, datagram: &[u8], now: Instant) -> Result<(), Failed> {
        let Some(sight) = dtls::look(datagram) else { return Ok(()) };
        self.see(sight);
        if self.dtls.is_active() && self.dtls.protocol_version().is_none() {
            // dimpl would give up at the first datagram that is no answer to its hello.
            match sight {
                Sight::Hello { hello: Hello::Server | Hello::Verify, .. } => {}
                Sight::Alert(description) => {
                    return Err(self.failed(&Error::SecurityError(SecurityError::FatalAlert { description })));
                }
                _ => return Ok(()),
            }
        }
        self.tick(now)?;
        match self.dtls.handle_packet(datagram) {
            // It was not taken, and is as good as lost.
            Ok(()) | Err(Error::ReceiveQueueFull | Error::TooManyClientHelloFragments) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Tells the time: what is due is sent again.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Failed> {
        self.dtls.handle_timeout(now).map_err(|error| self.failed(&error))
    }

    /// Takes one datagram for the peer; only when connected.
    pub(super) fn send(&mut self, bytes: &[u8], now: Instant) -> Result<(), Failed> {
        self.tick(now)?;
        self.dtls.send_application_data(bytes).map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Says close_notify.
    pub(super) fn close(&mut self) {
        // Its only errors say that the connection is of no use any more.
        let _ = self.dtls.close();
    }

    /// What is next, to be asked for until it is to wait.
    pub(super) fn next(&mut self, buffer: &mut [u8], now: Instant) -> Event {
        let event = match self.dtls.poll_output(buffer) {
            // Keys for SRTP, which dimpl always negotiates.
            Output::KeyingMaterial(..) => return self.next(buffer, now),
            Output::Packet(packet) => Event::Send(packet.len()),
            Output::ApplicationData(data) => Event::Data(data.len()),
            Output::PeerCert(certificate) => Event::Certificate(certificate.len()),
            Output::Connected => Event::Connected,
            Output::CloseNotify => Event::Closed,
            Output::Timeout(at) => Event::Wait((at.saturating_duration_since(now) < NEVER).then_some(at)),
            // There is nothing else, and the buffer is larger than any record.
            _ => Event::Wait(None),
        };
        if let Event::Send(n) = event
            && let Some(sight) = dtls::look(buffer.get(..n).unwrap_or_default())
        {
            self.see(sight);
        }
        event
    }

    /// Whether the peer has shown that it receives what is sent to its address: a server asks for
    /// that by a cookie.
    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    pub(super) fn version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    /// The cipher suite that the server chose, by IANA's number.
    pub(super) fn suite(&self) -> Option<u16> {
        self.suite
    }

    fn see(&mut self, sight: Sight) {
        if let Sight::Hello { hello: Hello::Server, sequence, suite, .. } = sight {
            self.suite = suite;
            // The first message of a server is its request for the cookie, in both versions.
            self.proven |= sequence > 0;
        }
    }

    fn failed(&self, error: &Error) -> Failed {
        let told = matches!(error, Error::SecurityError(SecurityError::FatalAlert { .. }) | Error::Timeout(_));
        Failed { failure: self.explain(error), alert: (!told).then_some(HANDSHAKE_FAILURE) }
    }

    fn explain(&self, error: &Error) -> Failure {
        let client = self.dtls.is_active();
        let peer = if client { "server" } else { "client" };
        let plain = |why: &str| Failure { why: why.to_owned(), hint: None };
        match error {
            Error::SecurityError(SecurityError::FatalAlert { description }) => Failure {
                why: explain(&rustls::Error::AlertReceived(AlertDescription::from(*description))),
                hint: (client && *description == HANDSHAKE_FAILURE).then_some(
                    "its certificate may be RSA, for which rncat has to be built with the feature dtls-openssl",
                ),
            },
            Error::SecurityError(
                SecurityError::NoMutuallyAcceptableCipherSuite | SecurityError::NoCommonCipherSuite,
            ) => Failure {
                why: "no cipher suite in common with the peer".to_owned(),
                hint: Some("DTLS here knows ECDSA certificates and AEAD ciphers alone"),
            },
            Error::SecurityError(SecurityError::ExtendedMasterSecretNotNegotiated) => {
                plain("the peer has no extended master secret (RFC 7627), which DTLS here insists on")
            }
            Error::SecurityError(
                SecurityError::UnsupportedServerVersion(_)
                | SecurityError::UnsupportedClientVersion(_)
                | SecurityError::ServerDidNotNegotiateDtls13
                | SecurityError::HrrDidNotSelectDtls13,
            ) => plain("no DTLS version in common with the peer"),
            Error::CryptoError(CryptoError::SignatureVerificationFailed { .. }) => {
                plain("the peer did not prove that it holds its certificate's key")
            }
            Error::CryptoError(
                CryptoError::UnsupportedPublicKeyAlgorithm
                | CryptoError::UnsupportedSignatureAlgorithm(_)
                | CryptoError::UnsupportedSignatureVerification { .. }
                | CryptoError::UnsupportedEcCurve
                | CryptoError::MissingEcCurveParameter
                | CryptoError::InvalidEcCurveParameter
                | CryptoError::CertificateParseFailed
                | CryptoError::SignatureAlgorithmMismatch { .. },
            )
            | Error::CertificateError(
                CertificateError::UnsupportedEcCurve
                | CertificateError::MissingEcCurveParameter
                | CertificateError::InvalidEcCurveParameter
                | CertificateError::ParseFailed,
            ) => plain("the peer's certificate is not ECDSA on P-256 or P-384, which is all that DTLS here knows"),
            Error::Timeout(_) => {
                Failure { why: format!("TIMEOUT. The {peer} does not answer"), hint: Some("does the peer speak DTLS?") }
            }
            Error::ConnectionClosed => plain("the peer has closed the connection"),
            other => {
                let words = crate::report::escape(other.to_string().as_bytes());
                plain(&format!("the peer does not keep to the protocol ({words})"))
            }
        }
    }
}

/// A version's usual name.
pub(super) fn name(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(version) if version == ProtocolVersion::DTLS1_2 => "DTLS 1.2",
        Some(version) if version == ProtocolVersion::DTLS1_3 => "DTLS 1.3",
        _ => "DTLS",
    }
}
