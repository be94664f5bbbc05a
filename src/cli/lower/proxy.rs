//! The `--proxy…` options: proxies to pass, or a proxy to be.
//!
//! A newcomer's trap: `--proxy-type` and `--proxy-auth` mean the proxy that we are once `-l` is given.

use crate::{
    cli::{
        Args,
        config::{Proxy, ProxyDns, ProxyServer},
        target,
    },
    error::{Error, Result},
    proto::{auth::Credentials, proxy::PROXIES},
    report::escape,
};

/// The proxies to pass, nearest first.
///
/// # Errors
/// When a proxy's type or address is not one.
pub(super) fn client(args: &Args) -> Result<Vec<Proxy>> {
    let kind = kind(args)?.unwrap_or("http");
    let default_port = PROXIES.iter().find(|row| row.name == kind).map_or(3128, |row| row.port);
    let auth = auth(args)?;
    let proxy = |text: &String| {
        let (host, port) = target::proxy(text)?;
        Ok(Proxy { kind, host, port: port.unwrap_or(default_port), auth: auth.clone() })
    };
    args.proxy.iter().map(proxy).collect()
}

/// The proxy to be, if that is asked for.
///
/// # Errors
/// When the type is not one.
pub(super) fn server(args: &Args) -> Result<Option<ProxyServer>> {
    match kind(args)? {
        Some(kind) if args.listen => Ok(Some(ProxyServer { kind, auth: auth(args)? })),
        _ => Ok(None),
    }
}

/// `--proxy-dns`.
///
/// # Errors
/// When it is no such word.
pub(super) fn dns(args: &Args) -> Result<ProxyDns> {
    match args.proxy_dns.as_deref() {
        None | Some("remote") => Ok(ProxyDns::Remote),
        Some("local") => Ok(ProxyDns::Local),
        Some("both") => Ok(ProxyDns::Both),
        Some("none") => Ok(ProxyDns::None),
        Some(text) => Err(Error::usage(format!("--proxy-dns {}", escape(text.as_bytes())), "unknown")
            .hint("remote, local, both and none are possible")),
    }
}

fn kind(args: &Args) -> Result<Option<&'static str>> {
    let Some(text) = args.proxy_type.as_deref() else { return Ok(None) };
    // Ncat takes its own names whatever their case, and socks5 has a habit of being called socks.
    let known = PROXIES.iter().map(|row| row.name).find(|name| name.eq_ignore_ascii_case(text));
    known.map(Some).ok_or_else(|| {
        let names: Vec<_> = PROXIES.iter().map(|row| row.name).collect();
        Error::usage(format!("--proxy-type {}", escape(text.as_bytes())), "unknown")
            .hint(format!("{} are possible", names.join(", ")))
    })
}

fn auth(args: &Args) -> Result<Option<Credentials>> {
    args.proxy_auth.as_deref().map(Credentials::parse).transpose()
}
