//! The `--ssl…` options.
//!
//! A newcomer's trap: each of them asks for TLS, also without `--ssl`.

use crate::{
    cli::{Args, config::TlsOptions},
    error::{Error, Result},
    fingerprint,
    report::escape,
};

/// TLS, if anything asks for it.
///
/// # Errors
/// When a fingerprint or a list of protocols is not one.
pub(super) fn options(args: &Args) -> Result<Option<TlsOptions>> {
    let options = TlsOptions {
        cert: args.ssl_cert.clone(),
        key: args.ssl_key.clone(),
        verify: args.ssl_verify,
        trust_file: args.ssl_trustfile.clone(),
        fingerprint: args.ssl_fingerprint.as_deref().map(hash).transpose()?,
        ciphers: args.ssl_ciphers.clone(),
        server_name: args.ssl_servername.clone(),
        alpn: args.ssl_alpn.as_deref().map_or_else(|| Ok(Vec::new()), alpn)?,
    };
    let asked = args.ssl
        || options.verify
        || options.cert.is_some()
        || options.trust_file.is_some()
        || options.fingerprint.is_some()
        || options.ciphers.is_some()
        || options.server_name.is_some()
        || args.ssl_alpn.is_some();
    Ok(asked.then_some(options))
}

fn hash(text: &str) -> Result<[u8; 32]> {
    fingerprint::parse(text).ok_or_else(|| {
        Error::usage("--ssl-fingerprint", "not a SHA-256 fingerprint")
            .hint("write 64 hexadecimal digits, as a listener prints them")
    })
}

fn alpn(text: &str) -> Result<Vec<String>> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    // The lengths that the protocol can carry.
    match names.iter().all(|name| (1..=255).contains(&name.len())) {
        true => Ok(names),
        false => Err(Error::usage(
            format!("--ssl-alpn {}", escape(text.as_bytes())),
            "a protocol's name is empty or too long",
        )
        .hint("separate names with commas, as in h2,http/1.1")),
    }
}
