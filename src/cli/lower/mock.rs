//! `--mock`: which servers, and where.
//!
//! A newcomer's trap: a port can be given beside a server's name or, if there is one server, where a
//! listener's port is always given; but not in both places.

use crate::{
    cli::{
        Args,
        config::{Mock, Where},
    },
    error::{Error, Result},
};

/// The servers, if there are to be any.
///
/// # Errors
/// When one is not known, or is named twice.
#[cfg(feature = "mock")]
pub(super) fn server(args: &Args) -> Result<Option<Mock>> {
    let parts = parts(args)?;
    let mock = Mock { services: parts.iter().map(|part| part.service.name).collect(), dir: args.mock.mock_dir.clone() };
    Ok(Some(mock).filter(|mock| !mock.services.is_empty()))
}

/// There is none.
///
/// # Errors
/// When there was to be one.
#[cfg(not(feature = "mock"))]
pub(super) fn server(args: &Args) -> Result<Option<Mock>> {
    match args.mock.mock {
        Some(_) => Err(Error::usage("--mock", "this build of rncat has no mock servers")),
        None => Ok(None),
    }
}

/// Whether one of them offers to encrypt what began in clear.
///
/// # Errors
/// Those of [`server`].
#[cfg(feature = "mock")]
pub(super) fn offers_tls(args: &Args) -> Result<bool> {
    Ok(parts(args)?.iter().any(|part| part.service.starttls))
}

/// None does.
///
/// # Errors
/// Those of [`server`].
#[cfg(not(feature = "mock"))]
pub(super) fn offers_tls(args: &Args) -> Result<bool> {
    server(args).map(|_| false)
}

/// Where each of them listens, in order.
///
/// # Errors
/// When the words are not what a listener takes, or there are too many ports.
#[cfg(feature = "mock")]
pub(super) fn places(args: &Args) -> Result<Vec<Where>> {
    let parts = parts(args)?;
    let (host, port) = crate::cli::target::place(&args.words, args.source_port.as_deref())?;
    if port.is_some() && (parts.len() > 1 || parts.iter().any(|part| part.port.is_some())) {
        let why = if parts.len() > 1 { "not clear which server is to have it" } else { "the server has one already" };
        let error = Error::usage(format!("port {}", port.unwrap_or_default()), why);
        return Err(error.hint("ports are written beside the names: --mock smtp:2525,pop3:2110"));
    }
    let place = |part: &Part| {
        let port = port.or(part.port).unwrap_or(part.service.port);
        match &host {
            Some(host) => Where::Inet { host: Some(host.clone()), port },
            None => Where::Loopback { port },
        }
    };
    Ok(parts.iter().map(place).collect())
}

/// Nowhere.
///
/// # Errors
/// Those of [`server`].
#[cfg(not(feature = "mock"))]
pub(super) fn places(args: &Args) -> Result<Vec<Where>> {
    server(args).map(|_| Vec::new())
}

#[cfg(feature = "mock")]
struct Part {
    service: &'static crate::mock::Service,
    port: Option<u16>,
}

#[cfg(feature = "mock")]
fn parts(args: &Args) -> Result<Vec<Part>> {
    use crate::{cli::target, mock::SERVICES, report::escape};

    let mut parts: Vec<Part> = Vec::new();
    for text in args.mock.mock.iter().flat_map(|list| list.split(',')) {
        let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
        let Some(service) = SERVICES.iter().find(|service| service.name.eq_ignore_ascii_case(name.trim())) else {
            return Err(Error::usage(format!("--mock {}", escape(text.as_bytes())), "there is no such server")
                .hint(instead(name.trim())));
        };
        if parts.iter().any(|part| part.service.name == service.name) {
            return Err(Error::usage(format!("--mock {}", service.name), "it is named twice"));
        }
        parts.push(Part { service, port: port.map(target::number).transpose()? });
    }
    Ok(parts)
}

/// What can be had in the place of a server that there is not.
#[cfg(feature = "mock")]
fn instead(name: &str) -> String {
    let known: Vec<_> = crate::mock::SERVICES.iter().map(|service| service.name).collect();
    // smtps, pop3s, https: the same over TLS.
    let plain = name.strip_suffix(['s', 'S']).unwrap_or_default();
    match known.iter().find(|known| known.eq_ignore_ascii_case(plain)) {
        Some(plain) => format!("over TLS it is --ssl --mock {plain}"),
        None => format!("{} are there, and -lk --play FILE plays any other", known.join(", ")),
    }
}
