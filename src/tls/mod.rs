//! TLS settings: who we are, whom we trust, what we offer, and what to say about it.
//!
//! [`ClientSettings`] and [`ServerSettings`] are made once from the command line and hand out
//! rustls connections; [`crate::stream::tls::Tls`] moves their bytes. Nothing here does network I/O.
//!
//! A newcomer's trap: without `--ssl-verify` a bad certificate does not fail the handshake. The
//! [`Verdict`] that comes with each client connection has to be asked after the handshake.

mod certificate;
mod ciphers;
mod client;
mod ephemeral;
mod explain;
mod facts;
mod fingerprint;
mod identity;
mod judge;
mod pem;
mod pss;
mod server;
mod signature;
#[cfg(test)]
pub(crate) mod testing;
mod trust;
mod verify;

pub use ciphers::select as select_ciphers;
pub use client::ClientSettings;
pub use explain::explain;
pub use facts::facts;
pub use fingerprint::{fingerprint, parse_fingerprint};
pub use server::ServerSettings;
pub use verify::Verdict;

use crate::{cli::config::TlsOptions, error::Result};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use std::sync::Arc;

/// Whether a peer's first bytes begin a TLS record: a ClientHello, or an alert (RFC 8446, 5.1).
/// For those who expect plain text, so that they can name what they got.
#[must_use]
pub fn looks_like_tls(first: &[u8]) -> bool {
    matches!(first, [0x15 | 0x16, 0x03, 0x00..=0x04, ..])
}

/// The cryptography that all connections use: never the process' default, which belongs to nobody.
fn provider(options: &TlsOptions) -> Result<Arc<CryptoProvider>> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(list) = &options.ciphers {
        provider.cipher_suites = ciphers::select(list)?;
    }
    Ok(Arc::new(provider))
}

fn alpn(options: &TlsOptions) -> Vec<Vec<u8>> {
    options.alpn.iter().map(|name| name.clone().into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_hello_is_told_from_text() {
        assert!(looks_like_tls(&[0x16, 0x03, 0x01, 0x02, 0x00]));
        assert!(!looks_like_tls(b"EHLO there"));
        assert!(!looks_like_tls(b""));
    }

    #[test]
    fn the_post_quantum_hybrid_is_offered_first() {
        let provider = provider(&TlsOptions::default()).unwrap();
        assert_eq!(provider.kx_groups[0].name(), rustls::NamedGroup::X25519MLKEM768);
    }
}
