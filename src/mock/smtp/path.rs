//! Addresses as MAIL and RCPT have them (RFC 5321, 4.1.2; beyond ASCII: RFC 6531, 3.3).
//!
//! A newcomer's trap: what stands in quotes may hold blanks, `@` and `>`; so an address cannot be found by
//! looking for the first of them.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest path, its brackets included (RFC 5321, 4.5.3.1.3), in bytes.
const PATH: usize = 256;
/// Longest part before the `@` (4.5.3.1.1).
const LOCAL: usize = 64;
/// Longest domain (4.5.3.1.2).
const DOMAIN: usize = 255;
/// Longest part of a domain between dots (RFC 1035, 2.3.4).
const LABEL: usize = 63;

/// Splits what follows `FROM:` or `TO:` into the address, without its brackets and source route, and the parameters.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn split(text: &str) -> Result<(&str, &str), &'static str> {
    // No blank belongs there (RFC 5321, 3.3), and nearly all servers take one.
    let text = text.trim_start_matches(' ');
    let Some(inside) = text.strip_prefix('<') else {
        return Err(if text.is_empty() { "it is missing" } else { "it belongs between < and >" });
    };
    let end = outside_quotes(inside, '>').ok_or("there is no > at its end")?;
    let (address, rest) = inside.split_at_checked(end).unwrap_or_default();
    let rest = rest.strip_prefix('>').unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err("a blank belongs behind its >");
    }
    if address.len() + 2 > PATH {
        return Err("it is longer than 256 bytes");
    }
    // A route was the way to go once; now it is ignored (appendix C).
    let address = match address.starts_with('@') {
        true => address.split_once(':').map_or(address, |(_, address)| address),
        false => address,
    };
    Ok((address, rest.trim_matches(' ')))
}

/// Whether this is a mailbox: `name@domain`, `"any name"@domain`, `name@[192.0.2.1]`.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn check(address: &str) -> Result<(), &'static str> {
    let at = outside_quotes(address, '@').ok_or("there is no @ in it")?;
    let (local, domain) = address.split_at_checked(at).unwrap_or_default();
    let domain = domain.strip_prefix('@').unwrap_or_default();
    match () {
        () if local.is_empty() => Err("the name before @ is missing"),
        () if local.len() > LOCAL => Err("the name before @ is longer than 64 bytes"),
        () if !is_local(local) => Err("the name before @ is no word, nor words with single dots between them"),
        () if domain.is_empty() => Err("the domain behind @ is missing"),
        () if domain.len() > DOMAIN => Err("the domain is longer than 255 bytes"),
        () if !is_domain(domain) => Err("what is behind @ is no domain"),
        () => Ok(()),
    }
}

/// Whether a host may call itself so: a domain, an address in brackets, or what people call their machines.
pub(super) fn is_host(name: &str) -> bool {
    let sign = |c: char| c.is_alphanumeric() || "-_.:[]".contains(c);
    !name.is_empty() && name.len() <= DOMAIN && name.chars().all(sign)
}

/// Where this character comes first that is not in quotes.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// 4.1.2: Local-part.
fn is_local(text: &str) -> bool {
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(|inside| {
            let mut escaped = false;
            let fits = inside.chars().all(|c| {
                let fits = escaped || c != '"';
                escaped = c == '\\' && !escaped;
                fits && !c.is_control()
            });
            fits && !escaped
        }),
        None => text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext)),
    }
}

/// 4.1.2: Domain, or address-literal. An underscore is in no domain, but in many a host's name.
fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        return literal.strip_suffix(']').is_some_and(is_address);
    }
    text.split('.').all(|label| {
        let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        label.len() <= LABEL
            && label.chars().all(inside)
            && label.starts_with(char::is_alphanumeric)
            && label.ends_with(char::is_alphanumeric)
    })
}

/// 4.1.3: an IPv4 address, or one of IPv6 with that word before it; no other word is registered.
fn is_address(literal: &str) -> bool {
    match literal.split_once(':') {
        Some((tag, address)) => tag.eq_ignore_ascii_case("IPv6") && address.parse::<Ipv6Addr>().is_ok(),
        None => literal.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(text: &str) -> Result<&str, &'static str> {
        let (address, _) = split(text)?;
        check(address).map(|()| address)
    }

    #[test]
    fn addresses_that_are() {
        for (text, address) in [
            ("<a@b>", "a@b"),
            (" <A.b+c=d@e-f.g>", "A.b+c=d@e-f.g"),
            (r#"<"a> \" @c"@d> SIZE=1"#, r#""a> \" @c"@d"#),
            ("<a@[127.0.0.1]>", "a@[127.0.0.1]"),
            ("<a@[IPv6:::1]>", "a@[IPv6:::1]"),
            ("<@x,@y.z:a@b>", "a@b"),
            ("<o'neil*$%`@my_host>", "o'neil*$%`@my_host"),
            ("<jürgen@bücher.example>", "jürgen@bücher.example"),
        ] {
            assert_eq!(both(text), Ok(address), "{text}");
        }
        assert_eq!(split("<>"), Ok(("", "")));
        assert_eq!(split("<a@b>  SIZE=1  BODY=7BIT "), Ok(("a@b", "SIZE=1  BODY=7BIT")));
    }

    #[test]
    fn addresses_that_are_not() {
        for text in [
            "",
            "a@b",
            "<a",
            "<a>",
            "<a@>",
            "<@b>",
            "<a@b>x",
            "<a b@c>",
            "<a..b@c>",
            "<.a@b>",
            "<a@b..c>",
            "<a@-b>",
            "<\"a@b>",
            "<\"a\"b@c>",
            "<\"a\\\"@c>",
            "<a@[1.2.3.4>",
            "<a@[]>",
            "<a@[300.0.2.1]>",
            "<a@[IPv6:1]>",
            "<a@[::1]>",
            "<a@b@c>",
            "<a@b c>",
            "<a(x)@b>",
        ] {
            assert!(both(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_too_long_is_no_address() {
        let local = "l".repeat(LOCAL);
        assert!(both(&format!("<{local}@b>")).is_ok() && both(&format!("<{local}l@b>")).is_err());
        let label = "d".repeat(LABEL);
        assert!(both(&format!("<a@{label}.e>")).is_ok() && both(&format!("<a@{label}d.e>")).is_err());
        let domain = "d.".repeat(94) + "d";
        assert!(both(&format!("<{local}@{domain}>")).is_ok() && both(&format!("<{local}@{domain}d>")).is_err());
    }

    #[test]
    fn hosts_may_be_called_more_than_domains() {
        for (name, is) in
            [("me", true), ("my_pc.local", true), ("[IPv6:::1]", true), ("", false), ("a b", false), ("(x)", false)]
        {
            assert_eq!(is_host(name), is, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_can_be_written_between_brackets_again(text in "[<>@\"\\\\a. é:,\\[\\]]{0,30}") {
            if let Ok(address) = both(&text) {
                let again = format!("<{address}>");
                prop_assert_eq!(both(&again), Ok(address));
                prop_assert!(!address.chars().any(char::is_control));
            }
        }
    }
}
