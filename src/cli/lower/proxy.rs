//! The `--proxy…` options: proxies to pass, or a proxy to be.
//!
//! A newcomer's trap: `--proxy-type` and `--proxy-auth` mean the proxy that we are once `-l` is given.

use crate::{
    cli::{
        Args,
        args::LoginArgs,
        config::{Proxy, ProxyDns, ProxyServer},
        target,
    },
    credentials::Auth,
    error::{Error, Result},
    proto::{auth::Credentials, proxy::PROXIES},
    report::escape,
};
use std::rc::Rc;

/// The proxies to pass, nearest first.
///
/// # Errors
/// When a proxy's type or address is not one.
pub(super) fn client(args: &Args) -> Result<Vec<Proxy>> {
    let usual = kind(args)?.unwrap_or("http");
    let proxy = |text: &String| {
        let (kind, place) = match text.split_once("://") {
            // Proxies are often written as a URL, and a chain may have several kinds.
            Some((name, place)) => (known("--proxy", name)?, place.strip_suffix('/').unwrap_or(place)),
            None => (usual, text.as_str()),
        };
        if place.contains('@') {
            return Err(Error::usage("--proxy", "there is a user in it").hint("say who you are with --proxy-auth-file"));
        }
        let default_port = PROXIES.iter().find(|row| row.name == kind).map_or(3128, |row| row.port);
        let (host, port) = target::proxy(place)?;
        Ok(Proxy { kind, host, port: port.unwrap_or(default_port) })
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

/// `--proxy-auth`, `--proxy-auth-file`. The file is read later.
///
/// # Errors
/// When credentials cannot be sent, or the file is stdin.
pub(super) fn auth(args: &Args) -> Result<Option<Auth>> {
    let LoginArgs { proxy_auth, proxy_auth_file } = &args.login;
    if let Some(file) = proxy_auth_file {
        if file.as_os_str() == "-" {
            return Err(Error::usage("--proxy-auth-file -", "stdin is for what is sent")
                .hint("a shell gives a file that is none by <(...), /dev/fd/3"));
        }
        return Ok(Some(Auth::File(file.clone())));
    }
    let given = proxy_auth.as_ref().map(|text| Credentials::parse(text.as_ref())).transpose();
    let given = given.map_err(|why| Error::usage("--proxy-auth", why))?;
    Ok(given.map(|given| Auth::Given(Rc::new(given))))
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
    args.proxy_type.as_deref().map(|text| known("--proxy-type", text)).transpose()
}

/// A kind by its name, whatever its case, as in Ncat.
fn known(option: &str, text: &str) -> Result<&'static str> {
    let known = PROXIES.iter().map(|row| row.name).find(|name| name.eq_ignore_ascii_case(text));
    known.ok_or_else(|| {
        let names: Vec<_> = PROXIES.iter().map(|row| row.name).collect();
        Error::usage(format!("{option} {}", escape(text.as_bytes())), "unknown")
            .hint(format!("{} are possible", names.join(", ")))
    })
}
