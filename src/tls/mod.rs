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
mod der;
#[cfg(feature = "dtls")]
mod dtls;
#[cfg(feature = "dtls-openssl")]
pub(crate) mod dtls_openssl;
mod ephemeral;
mod explain;
mod facts;
mod identity;
mod judge;
mod name_hash;
mod pem;
mod pss;
mod server;
mod shown;
mod signature;
mod system;
#[cfg(test)]
pub(crate) mod testing;
mod trust;
mod verify;

pub use ciphers::select as select_ciphers;
pub use client::{ChainCheck, ClientSettings};
#[cfg(feature = "dtls")]
pub use dtls::{Check, DtlsClient, DtlsServer};
#[cfg(feature = "dtls-openssl")]
pub use dtls_openssl::{OpensslCheck, OpensslClient};
pub use explain::{explain, explain_in_session};
#[cfg(feature = "dtls")]
pub use facts::dtls_facts;
pub use facts::facts;
pub use server::ServerSettings;
pub use shown::Shown;
pub use verify::Verdict;

use crate::{cli::config::TlsOptions, error::Result};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use std::sync::Arc;

/// The cryptography that all connections use: never the process' default, which belongs to nobody.
fn provider(options: &TlsOptions) -> Result<Arc<CryptoProvider>> {
    // Not before somebody encrypts (see .cargo/config.toml); of those who do, dimpl does not see to it.
    ::aws_lc_rs::init();
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
    fn the_post_quantum_hybrid_is_offered_first() {
        let provider = provider(&TlsOptions::default()).unwrap();
        assert_eq!(provider.kx_groups[0].name(), rustls::NamedGroup::X25519MLKEM768);
    }
}
