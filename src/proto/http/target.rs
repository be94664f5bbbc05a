//! Where a request wants to go: its target (RFC 9112, 3.2; RFC 3986, 3.2).
//!
//! A newcomer's trap: a host that two readers understand differently takes a request somewhere
//! it was not meant to go. Hence no user name before it, and no odd characters once the
//! percent-escapes are undone.

use super::answers::{Answer, Status};
use std::net::Ipv6Addr;

/// A host and a port to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// A name or an address; IPv6 without brackets, perhaps with a zone.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// CONNECT: the bytes of a connection, whatever they are.
    Tunnel(Destination),
    /// A request for a server, with the target it is to see.
    Forward(Destination, Vec<u8>),
}

const HTTP: u16 = 80;

impl Wanted {
    /// Reads a target.
    ///
    /// # Errors
    /// The answer to a target that the proxy has no use for.
    pub fn parse(method: &str, target: &[u8]) -> Result<Self, Answer> {
        if method == "CONNECT" {
            let (host, port) = authority(target)?;
            let port = port.ok_or_else(|| bad("CONNECT needs a host and a port, as in CONNECT host:443"))?;
            return Ok(Self::Tunnel(Destination { host, port }));
        }
        let rest = after_scheme(target)?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority_part, path) = rest.split_at_checked(end).unwrap_or_default();
        if path.contains(&b'#') {
            return Err(bad("the URI has a fragment, which is not for servers"));
        }
        let (host, port) = authority(authority_part)?;
        let path = match path {
            [] if method == "OPTIONS" => b"*".to_vec(),
            [b'/', ..] => path.to_vec(),
            _ => [b"/", path].concat(),
        };
        Ok(Self::Forward(Destination { host, port: port.unwrap_or(HTTP) }, path))
    }
}

impl Destination {
    /// The value of Host for it (RFC 9110, 7.2). A zone means nothing elsewhere and is left out.
    #[must_use]
    pub fn host_field(&self) -> String {
        let host = self.host.split('%').next().unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        if self.port == HTTP { host } else { format!("{host}:{}", self.port) }
    }
}

fn bad(why: &'static str) -> Answer {
    Answer::new(Status::BadRequest, why)
}

/// What follows `http://`.
fn after_scheme(target: &[u8]) -> Result<&[u8], Answer> {
    if matches!(target, [b'/', ..] | b"*") {
        return Err(bad("this is a proxy, not a server; it wants a whole URI, as in GET http://host/path"));
    }
    let colon = target.iter().position(|byte| *byte == b':').unwrap_or(target.len());
    let (scheme, rest) = target.split_at_checked(colon).unwrap_or_default();
    let Some(rest) = rest.strip_prefix(b"://") else {
        return Err(bad("the target is not a URI, as in GET http://host/path"));
    };
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if scheme.eq_ignore_ascii_case(b"http") {
        Ok(rest)
    } else if scheme.eq_ignore_ascii_case(b"https") {
        Err(Answer::new(Status::NotImplemented, "https is not spoken on the client's behalf; use CONNECT host:443"))
    } else if scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(is_scheme) {
        Err(Answer::new(Status::NotImplemented, "this proxy knows no other scheme than http"))
    } else {
        Err(bad("the target is not a URI, as in GET http://host/path"))
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn authority(bytes: &[u8]) -> Result<(String, Option<u16>), Answer> {
    if bytes.contains(&b'@') {
        return Err(bad("a user name before the host is not taken; use an Authorization header"));
    }
    let (host, port) = match bytes.strip_prefix(b"[") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b']').ok_or_else(|| bad("a ] is missing"))?;
            let (address, rest) = rest.split_at_checked(end).unwrap_or_default();
            (ipv6(address)?, rest.strip_prefix(b"]").unwrap_or_default())
        }
        None => {
            let end = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
            let (host, rest) = bytes.split_at_checked(end).unwrap_or_default();
            (name(host)?, rest)
        }
    };
    let port = match port {
        [] | b":" => None,
        [b':', digits @ ..] => Some(port_number(digits).ok_or_else(|| bad("the port is not a number up to 65535"))?),
        _ => return Err(bad("the host is not valid")),
    };
    Ok((host, port))
}

fn port_number(digits: &[u8]) -> Option<u16> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok().filter(|port| *port != 0)
}

/// An IPv6 address; a zone follows an escaped percent sign (RFC 6874).
fn ipv6(bytes: &[u8]) -> Result<String, Answer> {
    let wrong = || bad("there is no IPv6 address between the brackets");
    let text = str::from_utf8(bytes).map_err(|_| wrong())?;
    let (address, zone) = text.split_once("%25").map_or((text, None), |(address, zone)| (address, Some(zone)));
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    match zone {
        None => Ok(address.to_string()),
        Some(zone) if !zone.is_empty() && zone.bytes().all(is_name) => Ok(format!("{address}%{zone}")),
        Some(_) => Err(wrong()),
    }
}

/// A name or an IPv4 address, its percent-escapes undone.
fn name(bytes: &[u8]) -> Result<String, Answer> {
    let decoded = unescape(bytes).ok_or_else(|| bad("the host has a percent sign that begins no escape"))?;
    if decoded.is_empty() {
        return Err(bad("the host is missing"));
    }
    if decoded.len() > 255 || !decoded.iter().all(|byte| is_name(*byte)) {
        return Err(bad("the host is not valid"));
    }
    String::from_utf8(decoded).map_err(|_| bad("the host is not valid"))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => *byte,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests;
