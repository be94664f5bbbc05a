//! Nmap's notation of hosts: addresses, names, CIDR, octet by octet, and `*`.
//!
//! A newcomer's trap: a comma stands between hosts (`::1,localhost`) and between the values of an
//! octet (`10.0.0-5.1,3`). What follows a comma belongs to the octets before it if it is made
//! of octets too and both together have no more than the three dots of an address.

use super::block::{Block, Mask, Octets};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
};

/// What is written for a host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notation<'a> {
    Block(Block),
    Octets(Octets),
    /// To be looked up.
    Name {
        name: &'a str,
        mask: Option<Mask>,
    },
}

/// Why something is no host, and what to try.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) why: &'static str,
    /// Perhaps empty.
    pub(super) hint: &'static str,
}

/// The hosts in a text, each as it is written.
pub(super) fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(',');
            let (host, after) = rest.split_at_checked(end_of_host(rest))?;
            rest = after;
            Some(host).filter(|host| !host.is_empty())
        })
    })
}

/// Reads one host.
pub(super) fn parse(text: &str) -> Result<Notation<'_>, Wrong> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(parse_mask(mask)?)),
        None => (text, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match (host, mask) {
        ("", _) => return Err(wrong("a host is missing", "")),
        ("*", None) => return Ok(Notation::Block(Block::ALL)),
        ("*", Some(_)) => return Err(wrong("\"*\" is everyone already", "leave the mask out")),
        ("0", Some(0)) => return Ok(Notation::Block(Block::ALL_IPV4)),
        _ => {}
    }
    if host.contains(':') {
        return ipv6(host, mask).map(Notation::Block);
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return block(address.into(), mask).map(Notation::Block);
    }
    let is_octets = host.chars().all(is_of_octets);
    if is_octets && host.split('.').count() == 4 {
        return octets(host, mask).map(Notation::Octets);
    }
    if host.contains(['*', ',']) {
        return Err(wrong("lists and \"*\" are for IPv4 addresses of four octets", "write it like 10.0.*.1,3"));
    }
    // The system takes 10 for 0.0.0.10, and so 10/8 for 0.0.0.0/8.
    let is_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_number && (mask.is_some() || host.len() <= 3 && !host.contains('.')) {
        return Err(wrong("an IPv4 address has four octets", "write it like 10.0.0.0/8 or 10.0.0.1,3"));
    }
    Ok(Notation::Name { name: host, mask })
}

fn wrong(why: &'static str, hint: &'static str) -> Wrong {
    Wrong { why, hint }
}

/// How long the first host is, in bytes.
fn end_of_host(text: &str) -> usize {
    let (mut end, mut dots) = (0, 0);
    for (piece, index) in text.split(',').zip(0..) {
        let (octets, mask) = piece.split_once('/').map_or((piece, false), |(octets, _)| (octets, true));
        // No octet is longer, and a lone "*" is everyone.
        let is_octets = !octets.is_empty()
            && octets != "*"
            && octets.chars().all(is_of_octets)
            && octets.split(['.', '-', '*']).all(|number| number.len() <= 3);
        dots += octets.matches('.').count();
        match index {
            0 => end = piece.len(),
            _ if is_octets && dots <= 3 => end += 1 + piece.len(),
            _ => break,
        }
        if !is_octets || mask {
            break;
        }
    }
    end
}

fn is_of_octets(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '*')
}

fn parse_mask(text: &str) -> Result<Mask, Wrong> {
    // A sign would be read too.
    let mask = if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None };
    mask.ok_or_else(|| wrong("after \"/\" the number of the mask's bits is expected", ""))
}

fn block(address: IpAddr, mask: Option<Mask>) -> Result<Block, Wrong> {
    Block::new(address, mask).ok_or_else(|| too_long(address.is_ipv4()))
}

fn too_long(ipv4: bool) -> Wrong {
    wrong(if ipv4 { "an IPv4 mask has at most 32 bits" } else { "an IPv6 mask has at most 128 bits" }, "")
}

fn ipv6(host: &str, mask: Option<Mask>) -> Result<Block, Wrong> {
    if host.contains('%') {
        return Err(wrong("clients are not told apart by interface", "leave out what follows the address"));
    }
    let address: Ipv6Addr = host.parse().map_err(|_| wrong("not an IPv6 address", ""))?;
    block(address.into(), mask)
}

fn octets(host: &str, mask: Option<Mask>) -> Result<Octets, Wrong> {
    let mut octets = Octets([const { Vec::new() }; 4]);
    for (part, ranges) in host.split('.').zip(&mut octets.0) {
        *ranges = part.split(',').map(range).collect::<Result<_, _>>()?;
    }
    match mask {
        None => Ok(octets),
        Some(mask) if mask <= 32 => Ok(octets.masked(mask)),
        Some(_) => Err(too_long(true)),
    }
}

/// `7`, `1-5`, `1-`, `-5`, `-` or `*`.
fn range(text: &str) -> Result<RangeInclusive<u8>, Wrong> {
    let end = |text: &str, open| if text.is_empty() { Ok(open) } else { octet(text) };
    let (low, high) = match (text, text.split_once('-')) {
        ("", _) => return Err(wrong("an octet is missing", "")),
        ("*", _) => (0, u8::MAX),
        (_, Some((low, high))) => (end(low, 0)?, end(high, u8::MAX)?),
        (_, None) => octet(text).map(|octet| (octet, octet))?,
    };
    if low > high {
        return Err(wrong("a range begins with its lower end", ""));
    }
    Ok(low..=high)
}

fn octet(text: &str) -> Result<u8, Wrong> {
    let value = text.parse().map_err(|_| wrong("an octet is a number from 0 to 255", ""))?;
    // inet_aton(3) takes 010 for 8, Nmap's ranges for 10.
    if text.starts_with('0') && value > 7 {
        return Err(wrong("a number that begins with 0 is octal to some programs", "leave the 0 out"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
