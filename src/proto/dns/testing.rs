//! A name server for tests, of which nothing is shared with the one that reads its answers.
//!
//! A newcomer's trap: names are written whole, or as a pointer where the test says so; nothing is compressed by
//! itself.

use std::net::IpAddr;

/// A record: its owner, its type, its data.
pub(crate) type Row = (&'static str, u16, Vec<u8>);

pub(crate) const OK: u16 = 0x8180;
pub(crate) const TRUNCATED: u16 = OK | 0x200;
pub(crate) const FORMERR: u16 = OK | 1;
pub(crate) const SERVFAIL: u16 = OK | 2;
pub(crate) const NXDOMAIN: u16 = OK | 3;
pub(crate) const REFUSED: u16 = OK | 5;
/// Neither an authority nor one who looks up for others.
pub(crate) const REFERRAL: u16 = 0x8000;

/// The reply to `question`, with these flags and records.
pub(crate) fn reply(question: &[u8], flags: u16, records: &[Row]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut reply = question[..2].to_vec();
    reply.extend(flags.to_be_bytes());
    reply.extend([0, 1, count[0], count[1], 0, 0, 0, 0]);
    reply.extend(&question[12..question_end(question)]);
    for (owner, kind, data) in records {
        reply.extend(wire(owner));
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60]);
        reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    reply
}

/// The name that a question is about, and the type.
pub(crate) fn asked(question: &[u8]) -> (String, u16) {
    let end = question_end(question);
    let (mut name, mut rest) = (String::new(), &question[12..]);
    while rest[0] > 0 {
        let (label, more) = rest[1..].split_at(usize::from(rest[0]));
        name = if name.is_empty() { String::new() } else { name + "." } + std::str::from_utf8(label).unwrap();
        rest = more;
    }
    (name, u16::from_be_bytes([question[end - 4], question[end - 3]]))
}

fn question_end(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] > 0 {
        at += 1 + usize::from(question[at]);
    }
    at + 5
}

pub(crate) fn mx(owner: &'static str, preference: u16, name: &str) -> Row {
    (owner, 15, [&preference.to_be_bytes()[..], &wire(name)].concat())
}

pub(crate) fn cname(owner: &'static str, name: &str) -> Row {
    (owner, 5, wire(name))
}

pub(crate) fn txt(owner: &'static str, strings: &[&[u8]]) -> Row {
    let strings = strings.iter().flat_map(|it| [&[u8::try_from(it.len()).unwrap()], *it].concat());
    (owner, 16, strings.collect())
}

pub(crate) fn address(owner: &'static str, ip: &str) -> Row {
    match ip.parse().unwrap() {
        IpAddr::V4(ip) => (owner, 1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (owner, 28, ip.octets().to_vec()),
    }
}

/// A name in wire form; a word that begins with `@` is a pointer to that place.
pub(crate) fn wire(name: &str) -> Vec<u8> {
    if let Some(place) = name.strip_prefix('@') {
        return (0xc000 | place.parse::<u16>().unwrap()).to_be_bytes().to_vec();
    }
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut wire: Vec<u8> =
        labels.flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat()).collect();
    wire.push(0);
    wire
}
