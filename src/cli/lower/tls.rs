//! The `--ssl…` options, and `--starttls`.
//!
//! A newcomer's trap: each of them asks for TLS, also without `--ssl`. It is `--starttls`, or a mock server that
//! offers STARTTLS, that makes it TLS from some later point on.

use crate::{
    cli::{
        Args,
        config::{TlsOptions, Upgrade, When},
    },
    error::{Error, Result},
    fingerprint,
    proto::starttls::PROTOCOLS,
    report::escape,
};

/// The protocols in which a listener's program can agree to encrypt.
const OFFERED: [&str; 3] = ["smtp", "pop3", "imap"];

/// TLS from the first byte on, if anything asks for it.
///
/// # Errors
/// When a fingerprint or a list of protocols is not one.
pub(super) fn at_once(args: &Args) -> Result<Option<TlsOptions>> {
    let (options, asked) = options(args)?;
    let at_once = match when(args)? {
        Some(When::First(_) | When::Offered) => false,
        Some(When::Typed { by_default: false }) => args.ssl,
        // What else is said of TLS is said of STARTTLS.
        Some(When::Played) if super::mock::offers_tls(args)? => args.ssl,
        Some(When::Typed { by_default: true } | When::Played) | None => asked,
    };
    Ok(at_once.then_some(options))
}

/// TLS from some later point on, if that can be.
///
/// # Errors
/// Those of [`at_once`], and when `--starttls` names no protocol.
pub(super) fn later(args: &Args) -> Result<Option<Upgrade>> {
    let (tls, _) = options(args)?;
    let Some(when) = when(args)? else { return Ok(None) };
    let begins_encrypted = at_once(args)?.is_some();
    Ok((!begins_encrypted || matches!(when, When::Played)).then_some(Upgrade { when, tls }))
}

fn when(args: &Args) -> Result<Option<When>> {
    let played = (args.dialogue.play.is_some() || args.mock.is_given()).then_some(When::Played);
    Ok(match args.starttls.as_deref() {
        Some("never") => None,
        Some("typed") => Some(When::Typed { by_default: false }),
        Some(name) if args.listen => Some(offered(name)?),
        Some(name) => Some(When::First(protocol(name)?)),
        None if args.listen || args.udp || args.zero || args.command.is_given() => played,
        None => played.or(Some(When::Typed { by_default: true })),
    })
}

fn offered(name: &str) -> Result<When> {
    match OFFERED.contains(&name.to_ascii_lowercase().as_str()) {
        true => Ok(When::Offered),
        false => Err(Error::usage(format!("-l --starttls {}", escape(name.as_bytes())), "cannot be offered")
            .hint("a listener knows smtp, pop3 and imap")),
    }
}

fn protocol(name: &str) -> Result<&'static crate::proto::starttls::Protocol> {
    let found = PROTOCOLS.iter().find(|protocol| protocol.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names: Vec<_> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
        Error::usage(format!("--starttls {}", escape(name.as_bytes())), "not a protocol in which TLS can be asked for")
            .hint(format!("{}, typed or never", names.join(", ")))
    })
}

/// What the options say, and whether one of them asks for TLS.
fn options(args: &Args) -> Result<(TlsOptions, bool)> {
    let options = TlsOptions {
        named: args.ssl,
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
    Ok((options, asked))
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
