//! `--mx` and `--dns`.
//!
//! A newcomer's trap: an address is no domain. Mail to `user@[192.0.2.1]` needs no DNS, so there is nothing to find.

use crate::{
    cli::{Args, config::Mail, target},
    error::{Error, Result},
    proto::dns::{name, servers::address},
    report::escape,
    transport::socket::interface,
};
use std::net::{IpAddr, SocketAddr};

/// Where mail servers listen for each other.
const SMTP: u16 = 25;

/// The domain whose mail server is to be connected to, if there is one.
///
/// # Errors
/// When it is not a domain, or what is typed with it is not a port, or the name server is not an address.
pub(super) fn mail(args: &Args) -> Result<Option<Mail>> {
    // Looked at where it has no effect, too: a typing error is one anywhere.
    let dns = args.mail.dns.as_deref().map(server).transpose()?;
    let Some(text) = &args.mail.mx else { return Ok(None) };
    let wrong = |why: &str| Error::usage(format!("--mx {}", escape(text.as_bytes())), why);
    let (domain, beside) = match text.split_once(':') {
        Some((domain, port)) if !text.contains('[') && !port.contains(':') => (domain, Some(port)),
        _ => (text.as_str(), None),
    };
    let literal = domain.trim_start_matches('[').trim_end_matches(']').trim_start_matches("IPv6:");
    if let Ok(ip) = literal.trim_end_matches('.').parse::<IpAddr>() {
        let hint = format!("rncat {ip} 25 connects to it");
        return Err(wrong("an address has no MX records").hint(hint));
    }
    if let Some((_, domain)) = domain.split_once('@') {
        let domain = if domain.is_empty() { "example.org" } else { domain };
        let hint = format!("give the domain alone: --mx {}", escape(domain.as_bytes()));
        return Err(wrong("this is a mailbox").hint(hint));
    }
    let domain = name::typed(domain).map_err(|why| {
        let error = wrong(why);
        match why {
            name::NOT_ASCII => error.hint("write it as it is in DNS: bücher.example is xn--bcher-kva.example"),
            _ if text.starts_with('-') => error.hint("the domain comes behind --mx"),
            _ => error.hint("a domain is written as in example.org"),
        }
    })?;
    if domain == "localhost" || domain.ends_with(".localhost") {
        return Err(wrong("it is this machine (RFC 6761), and not in DNS").hint("rncat localhost 25 connects to it"));
    }
    let port = match (beside, args.words.as_slice()) {
        (None, []) => SMTP,
        (Some(port), []) => target::number(port)?,
        (None, [port]) => target::number(port)?,
        (Some(one), [other, ..]) => {
            let both = format!("{} and {}", escape(one.as_bytes()), escape(other.as_bytes()));
            return Err(Error::usage("Got more than one port specification", both));
        }
        (None, [_, rest @ ..]) => {
            let rest = escape(rest.join(" ").as_bytes());
            let why = "with --mx, nothing is expected after the port";
            return Err(Error::usage(format!("\"{rest}\""), why).hint("rncat --mx DOMAIN [PORT]"));
        }
    };
    match port {
        0 => Err(Error::usage("Invalid port number \"0\"", "only a listener can take it")),
        port => Ok(Some(Mail { domain, port, dns })),
    }
}

/// `--dns`.
fn server(text: &str) -> Result<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match address(bare, interface).or_else(|| text.parse().ok()) {
        Some(address) if address.port() != 0 => Ok(address),
        _ => Err(Error::usage(format!("--dns {}", escape(text.as_bytes())), "not the address of a name server")
            .hint("as in 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Mail>> {
        let args = clap::Parser::try_parse_from(std::iter::once("rncat").chain(line.split(' ')));
        mail(&args.unwrap())
    }

    #[test]
    fn a_domain_and_perhaps_a_port() {
        for (line, domain, port) in [
            ("--mx example.org", "example.org", 25),
            ("--mx EXAMPLE.org. 587", "example.org", 587),
            ("--mx example.org:2525", "example.org", 2525),
            ("smtp --mx _x.example", "_x.example", 25),
            ("--mx intranet submission", "intranet", 587),
        ] {
            let mail = parse(line).unwrap().unwrap();
            assert_eq!((mail.domain.as_str(), mail.port, mail.dns), (domain, port, None), "{line}");
        }
        assert_eq!(parse("localhost 25"), Ok(None));
    }

    #[test]
    fn a_name_server_is_an_address() {
        for (typed, address) in [
            ("192.0.2.53", "192.0.2.53:53"),
            ("192.0.2.53:5353", "192.0.2.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]", "[2001:db8::53]:53"),
            ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
            ("fe80::1%2", "[fe80::1%2]:53"),
            #[cfg(target_os = "linux")]
            ("[fe80::1%lo]", "[fe80::1%1]:53"),
        ] {
            let mail = parse(&format!("--mx example.org --dns {typed}")).unwrap().unwrap();
            assert_eq!(mail.dns, Some(address.parse().unwrap()), "{typed}");
        }
        for typed in
            ["", "ns.example.org", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "[192.0.2.53", "fe80::1%"]
        {
            let error = parse(&format!("--dns {typed}")).unwrap_err().to_string();
            assert!(error.contains("not the address of a name server"), "{typed}: {error}");
        }
    }

    #[test]
    fn what_is_no_domain_is_told_with_what_to_do() {
        for (line, words) in [
            ("--mx 192.0.2.1", "rncat 192.0.2.1 25"),
            ("--mx [192.0.2.1]", "rncat 192.0.2.1 25"),
            ("--mx 192.0.2.1.", "rncat 192.0.2.1 25"),
            ("--mx me@", "--mx example.org"),
            ("--mx [IPv6:2001:db8::1]", "rncat 2001:db8::1 25"),
            ("--mx ::1", "rncat ::1 25"),
            ("--mx localhost", "rncat localhost 25"),
            ("--mx a.localhost.", "rncat localhost 25"),
            ("--mx me@example.org", "--mx example.org"),
            ("--mx bücher.example", "xn--"),
            ("--mx a..b", "example.org"),
            ("--mx a\\b", "example.org"),
            ("--mx -v", "behind --mx"),
            ("--mx .", "example.org"),
            ("--mx example.org nosuchservice", "Invalid port"),
            ("--mx example.org 25 26", "--mx DOMAIN [PORT]"),
            ("--mx example.org:25 26", "25 and 26"),
            ("--mx example.org 0", "\"0\""),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.to_string().contains(words), "{line}: {error}");
            assert_eq!(error.exit(), crate::error::Exit::Usage);
        }
    }
}
