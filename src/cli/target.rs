//! Hosts and ports on the command line: `HOST PORT`, `HOST:PORT`, `[::1]:25`, `::1 25`, `smtp`.
//!
//! A newcomer's trap: `::1:25` is an IPv6 address of its own, so with more than one colon a port
//! is only seen behind brackets.

use crate::{
    error::{Error, Result},
    ports,
    report::escape,
};
use std::net::Ipv6Addr;

/// The port when none is given, as in Ncat.
pub const DEFAULT_PORT: u16 = 31337;

/// Where to connect to.
///
/// # Errors
/// When the words are not a host and perhaps a port.
pub fn connect(words: &[String]) -> Result<(String, u16)> {
    let (host, port) = match words {
        [] => {
            return Err(Error::usage(
                "You must specify a host to connect to",
                "rncat HOST PORT connects, rncat -l PORT listens",
            )
            .hint("rncat -h shows more"));
        }
        [word] if word.parse::<u16>().is_ok_and(|port| port > 0) => {
            return Err(Error::usage(format!("connect to {word}"), "this is a port, and a host must come before it")
                .hint("rncat localhost PORT connects, rncat -l PORT listens"));
        }
        [word] => {
            let (host, port) = split(word)?;
            (host, port.map(number).transpose()?)
        }
        [host, port] => beside(host, port)?,
        [_, _, rest @ ..] => return Err(too_many(rest)),
    };
    match (host, port.unwrap_or(DEFAULT_PORT)) {
        (None, _) => Err(Error::usage("You must specify a host to connect to", "only a port was given")),
        (Some(_), 0) => Err(Error::usage("Invalid port number \"0\"", "only a listener can take it")),
        (Some(host), port) => Ok((host, port)),
    }
}

/// Where to listen; no host stands for all addresses. `option` is what `-p` says.
///
/// A single word is a port if it is a number or a name in our own table. Any other is a host,
/// as in Ncat.
///
/// # Errors
/// When the words are not a host and a port, or there is more than one port.
pub fn listen(words: &[String], option: Option<&str>) -> Result<(Option<String>, u16)> {
    let (host, port) = place(words, option)?;
    Ok((host, port.unwrap_or(DEFAULT_PORT)))
}

/// The same, where no port need not mean the default one.
///
/// # Errors
/// Those of [`listen`].
pub fn place(words: &[String], option: Option<&str>) -> Result<(Option<String>, Option<u16>)> {
    let (host, port) = match words {
        [] => (None, None),
        [port] if is_number(port) || ports::number(port).is_some() && option.is_none() => (None, Some(port.as_str())),
        [word] => split(word)?,
        [first, second] if is_number(first) && (is_number(second) || number(second).is_ok()) => {
            return Err(two_ports(first, second));
        }
        [host, port] => {
            let (host, port) = beside(host, port)?;
            return match (option, port) {
                (Some(option), Some(port)) => Err(two_ports(option, &port.to_string())),
                (_, port) => Ok((host, port)),
            };
        }
        [_, _, rest @ ..] => return Err(too_many(rest)),
    };
    let port = match (option, port) {
        (Some(option), Some(port)) => return Err(two_ports(option, port)),
        (option, port) => option.or(port),
    };
    Ok((host, port.map(number).transpose()?))
}

/// A list of ports and ranges, `20-30,80`; `None` if it is a single port, by number or name.
///
/// # Errors
/// When a part of it is no port.
pub fn ports(text: &str) -> Result<Option<Vec<u16>>> {
    if !text.contains(',') && !is_range(text) {
        return Ok(None);
    }
    let mut ports = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) if is_range(part) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last || first == 0 {
                    return Err(Error::usage(
                        format!("Invalid port range \"{part}\""),
                        "it must go upwards, from 1 on",
                    ));
                }
                ports.extend(first..=last);
            }
            _ => ports.push(number(part)?),
        }
    }
    Ok(Some(ports))
}

fn is_range(text: &str) -> bool {
    text.split_once('-').is_some_and(|(first, last)| is_number(first) && is_number(last))
}

/// `--proxy`: a host and perhaps a port.
///
/// # Errors
/// When it is not that.
pub fn proxy(text: &str) -> Result<(String, Option<u16>)> {
    match split(text)? {
        (Some(host), port) => Ok((host, port.map(number).transpose()?)),
        (None, _) => Err(Error::usage(format!("--proxy {}", escape(text.as_bytes())), "the host is missing")),
    }
}

/// A port by number or by name.
///
/// # Errors
/// When it is neither.
pub fn number(text: &str) -> Result<u16> {
    let wrong = |why: &str| Error::usage(format!("Invalid port number \"{}\"", escape(text.as_bytes())), why);
    if is_number(text) {
        return text.parse().map_err(|_| wrong("ports go from 0 to 65535"));
    }
    // The system also takes blanks and signs for part of a number.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(wrong("not a number and not the name of a service"));
    }
    // Containers often come without /etc/services; then our own table knows the usual names.
    let system = dns_lookup::getaddrinfo(None, Some(text), Some(tcp())).ok();
    let found = system.and_then(|mut found| found.next()).and_then(std::result::Result::ok);
    found
        .map(|found| found.sockaddr.port())
        .or_else(|| ports::number(text))
        .ok_or_else(|| wrong("no service has that name").hint("give its number"))
}

/// A host on its own, such as `-s`: brackets are taken off, a port is not expected.
///
/// # Errors
/// When it is empty, or a port comes with it.
pub fn host(option: &str, text: &str) -> Result<String> {
    match split(text)? {
        (Some(host), None) => Ok(host),
        _ => Err(Error::usage(format!("{option} {}", escape(text.as_bytes())), "not an address")),
    }
}

fn tcp() -> dns_lookup::AddrInfoHints {
    dns_lookup::AddrInfoHints { socktype: dns_lookup::SockType::Stream.into(), ..Default::default() }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two words: a host, which must not have a port of its own, and a port.
fn beside(first: &str, second: &str) -> Result<(Option<String>, Option<u16>)> {
    match split(first)? {
        (host, None) => match number(second) {
            Ok(port) => Ok((host, Some(port))),
            Err(error) if is_number(first) => Err(error.hint("the host comes before the port")),
            Err(error) => Err(error),
        },
        (_, Some(port)) => Err(two_ports(port, second)),
    }
}

/// Takes `HOST`, `HOST:PORT`, `:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT` apart.
fn split(word: &str) -> Result<(Option<String>, Option<&str>)> {
    let wrong = |why: &str| Error::usage(format!("Invalid host \"{}\"", escape(word.as_bytes())), why);
    if word.is_empty() {
        return Err(wrong("it is empty"));
    }
    if word.contains("://") {
        return Err(wrong("this is a URL").hint("give a host and a port"));
    }
    if let Some(rest) = word.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or_else(|| wrong("the closing bracket is missing"))?;
        if !is_ipv6(address) {
            return Err(wrong("only an IPv6 address belongs in brackets"));
        }
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((Some(address.to_owned()), None)),
            (_, Some(port)) if !port.is_empty() => Ok((Some(address.to_owned()), Some(port))),
            _ => Err(wrong("after the bracket, a colon and a port are expected")),
        };
    }
    match word.split_once(':') {
        None => Ok((Some(word.to_owned()), None)),
        Some((_, "")) => Err(wrong("the port is missing after the colon")),
        Some((host, port)) if !port.contains(':') => {
            Ok((Some(host.to_owned()).filter(|host| !host.is_empty()), Some(port)))
        }
        Some(_) if is_ipv6(word) => Ok((Some(word.to_owned()), None)),
        Some(_) => Err(wrong("not an IPv6 address").hint("with a port, write [ADDRESS]:PORT")),
    }
}

/// An IPv6 address, perhaps with a zone: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "-"));
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && !zone.contains(':')
}

fn two_ports(one: &str, other: &str) -> Error {
    Error::usage(
        "Got more than one port specification",
        format!("{} and {}", escape(one.as_bytes()), escape(other.as_bytes())),
    )
}

fn too_many(rest: &[String]) -> Error {
    Error::usage(format!("\"{}\"", escape(rest.join(" ").as_bytes())), "nothing is expected after a host and a port")
        .hint("an argument that contains blanks must be quoted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn to(line: &str) -> (String, u16) {
        connect(&words(line)).unwrap()
    }

    fn at(line: &str) -> (Option<String>, u16) {
        listen(&words(line), None).unwrap()
    }

    fn refused(line: &str) -> String {
        connect(&words(line)).unwrap_err().to_string()
    }

    #[test]
    fn a_host_and_a_port_are_written_in_many_ways() {
        for line in ["::1 25", "[::1] 25", "[::1]:25", "::1 smtp", "[::1]:smtp", "::1 SMTP"] {
            assert_eq!(to(line), ("::1".to_owned(), 25), "{line}");
        }
        assert_eq!(to("localhost:1025"), ("localhost".to_owned(), 1025));
        assert_eq!(to("fe80::1%eth0 25"), ("fe80::1%eth0".to_owned(), 25));
        assert_eq!(to("[fe80::1%eth0]:25"), ("fe80::1%eth0".to_owned(), 25));
        assert_eq!(to("example.org"), ("example.org".to_owned(), 31337));
        assert_eq!(to("::ffff:127.0.0.1"), ("::ffff:127.0.0.1".to_owned(), 31337));
        assert_eq!(to("2130706433 80"), ("2130706433".to_owned(), 80));
        assert_eq!(to("0 80"), ("0".to_owned(), 80));
    }

    #[test]
    fn a_listener_needs_neither() {
        assert_eq!(at(""), (None, 31337));
        assert_eq!(at("9000"), (None, 9000));
        assert_eq!(at("0"), (None, 0));
        assert_eq!(at(":9000"), (None, 9000));
        assert_eq!(at("127.0.0.1 9000"), (Some("127.0.0.1".to_owned()), 9000));
        assert_eq!(at("127.0.0.1:9000"), (Some("127.0.0.1".to_owned()), 9000));
        assert_eq!(at("[::1]:9000"), (Some("::1".to_owned()), 9000));
        assert_eq!(at("::1"), (Some("::1".to_owned()), 31337));
        assert_eq!(at("localhost"), (Some("localhost".to_owned()), 31337));
        assert_eq!(at("smtp"), (None, 25));
        assert_eq!(listen(&words("localhost"), Some("9000")).unwrap(), (Some("localhost".to_owned()), 9000));
        assert_eq!(listen(&words("smtp"), Some("9000")).unwrap(), (Some("smtp".to_owned()), 9000));
        assert_eq!(listen(&[], Some("9000")).unwrap(), (None, 9000));
    }

    #[test]
    fn one_port_is_enough() {
        let two = "Got more than one port specification: 9000 and 9001";
        assert_eq!(refused("localhost:9000 9001"), two);
        assert_eq!(listen(&words("9000 9001"), None).unwrap_err().to_string(), two);
        for line in ["9001", "localhost 9001", "localhost:9001"] {
            assert_eq!(listen(&words(line), Some("9000")).unwrap_err().to_string(), two, "{line}");
        }
    }

    #[test]
    fn what_is_no_port_is_said() {
        assert_eq!(refused("localhost 99999"), "Invalid port number \"99999\": ports go from 0 to 65535");
        assert_eq!(refused("localhost 0"), "Invalid port number \"0\": only a listener can take it");
        assert_eq!(
            refused("localhost smtpx"),
            "Invalid port number \"smtpx\": no service has that name; give its number"
        );
        assert!(refused("localhost +25").contains("not a number"));
        assert!(refused("25 localhost").ends_with("the host comes before the port"));
        assert!(listen(&words("99999"), None).unwrap_err().to_string().contains("ports go from 0 to 65535"));
        assert!(number(" 25").is_err() && number("").is_err() && number("-1").is_err());
    }

    #[test]
    fn what_is_no_host_is_said() {
        assert!(refused("").starts_with("You must specify a host to connect to: "));
        assert!(refused("1025").contains("a host must come before it"));
        assert!(refused(":1025").contains("only a port was given"));
        assert!(refused("http://example.org").contains("this is a URL"));
        assert!(refused("localhost:").contains("the port is missing"));
        assert!(refused("::1:99999").contains("[ADDRESS]:PORT"));
        assert!(refused("[::1").contains("closing bracket"));
        assert!(refused("[localhost]:25").contains("only an IPv6 address"));
        assert!(refused("[::1]25").contains("a colon and a port"));
        assert!(refused("a b c d").starts_with("\"c d\": nothing is expected"));
        assert!(connect(&[String::new()]).is_err());
    }

    #[test]
    fn an_address_alone_has_no_port() {
        assert_eq!(host("-s", "[::1]").unwrap(), "::1");
        assert_eq!(host("-s", "127.0.0.1").unwrap(), "127.0.0.1");
        assert_eq!(host("-s", "127.0.0.1:25").unwrap_err().to_string(), "-s 127.0.0.1:25: not an address");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(first in ".*", second in "[ -~]*", option in proptest::option::of("[0-9:]*")) {
            let _ = connect(std::slice::from_ref(&first));
            let _ = listen(std::slice::from_ref(&first), option.as_deref());
            let _ = split(&second);
        }

        #[test]
        fn every_ipv6_address_is_understood(bits: u128, port in 1_u16..) {
            let address = Ipv6Addr::from(bits).to_string();
            prop_assert_eq!(to(&format!("{address} {port}")), (address.clone(), port));
            prop_assert_eq!(to(&format!("[{address}]:{port}")), (address.clone(), port));
            prop_assert_eq!(to(&address), (address, DEFAULT_PORT));
        }

        #[test]
        fn every_name_is_understood(name in "[a-z][a-z0-9.-]{0,30}", port in 1_u16..) {
            prop_assert_eq!(to(&format!("{name} {port}")), (name.clone(), port));
            prop_assert_eq!(to(&format!("{name}:{port}")), (name.clone(), port));
            prop_assert_eq!(at(&format!("{name}:{port}")), (Some(name), port));
        }
    }
}
