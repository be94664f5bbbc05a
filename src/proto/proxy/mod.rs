//! Proxies: how a client asks one to connect on, a file each, in the table [`PROXIES`]; and the
//! SOCKS server's side in [`serve`].
//!
//! A newcomer's trap: a proxy may send the first bytes of the destination right behind its own
//! answer. They are left in `arrived`, as every [`Dialogue`] does.

mod answer;
mod http;
mod memory;
pub mod serve;
mod skip;
mod socks4;
mod socks5;

pub use memory::Memory;

use super::Dialogue;
use crate::{
    error::{Error, Result},
    report::escape,
};
use std::{
    cell::RefCell,
    fmt,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};

/// A kind of proxy that a client can go through.
#[derive(Debug)]
pub struct Proxy {
    /// As `--proxy-type` names it.
    pub name: &'static str,
    /// The port, when `--proxy` does not say.
    pub port: u16,
    /// Whether it can be asked for IPv6 addresses.
    pub ipv6: bool,
    /// Begins the dialogue on a new connection to the proxy.
    ///
    /// # Errors
    /// When this kind of proxy cannot be asked for this destination.
    pub ask: fn(Errand) -> Result<Box<dyn Dialogue>>,
}

/// The kinds that `--proxy-type` knows.
pub const PROXIES: [Proxy; 3] = [
    Proxy { name: "http", port: 3128, ipv6: true, ask: |errand| Ok(Box::new(http::Client::new(errand)?)) },
    Proxy { name: "socks4", port: 1080, ipv6: false, ask: |errand| Ok(Box::new(socks4::Client::new(errand)?)) },
    Proxy { name: "socks5", port: 1080, ipv6: true, ask: |errand| Ok(Box::new(socks5::Client::new(errand)?)) },
];

/// What is wanted of a proxy.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The proxy, for messages.
    pub proxy: String,
    /// Where it is to connect to.
    pub destination: Destination,
    /// The credentials, and what earlier connections to this proxy for the same purpose have learnt.
    pub memory: Rc<RefCell<Memory>>,
}

impl Errand {
    /// The failure of asking a proxy of this kind.
    fn fails(&self, kind: &str, why: impl Into<String>) -> Error {
        Error::network(self.what(kind), why)
    }

    /// Why a proxy of this kind cannot even be asked.
    fn cannot(&self, kind: &str, why: impl Into<String>) -> Error {
        Error::usage(self.what(kind), why)
    }

    fn what(&self, kind: &str) -> String {
        format!("connect to {} through the {kind} proxy {}", self.destination, self.proxy)
    }
}

/// Where a proxy is asked to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An address.
    Address(SocketAddr),
    /// A name that the proxy looks up, and a port.
    Name(String, u16),
}

impl Destination {
    /// An address if `host` is written as one, without brackets; otherwise a name, whatever it holds.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::Address((ip, port).into()),
            Err(_) => Self::Name(host.to_owned(), port),
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Address(address) => address.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// Why no proxy can be asked for this.
    fn objection(&self) -> Option<String> {
        match self {
            Self::Address(SocketAddr::V6(address)) if address.scope_id() != 0 => Some(zoned()),
            Self::Address(_) => None,
            Self::Name(name, _) if name.contains('%') => Some(zoned()),
            Self::Name(name, _) if name.is_empty() || name.len() > 255 => {
                Some("a name for a proxy has 1 to 255 bytes".to_owned())
            }
            Self::Name(name, _) => {
                let odd = name.chars().find(|c| c.is_control() || c.is_whitespace() || "/?#@[]:\\\"<>".contains(*c))?;
                Some(format!("a host's name cannot have {odd:?} in it"))
            }
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{}:{port}", escape(name.as_bytes())),
        }
    }
}

fn zoned() -> String {
    "the zone of an IPv6 address means nothing to a proxy".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use crate::proto::{
        auth::Credentials,
        testing::{Played, play, split},
    };
    use proptest::prelude::*;

    /// An errand for tests of the kinds.
    pub(super) fn errand(destination: &Destination, credentials: Option<&str>) -> Errand {
        let credentials = credentials.map(|it| Rc::new(Credentials::parse(it).unwrap()));
        let memory = Rc::new(RefCell::new(Memory::new(credentials)));
        Errand { proxy: "p:1".to_owned(), destination: destination.clone(), memory }
    }

    fn played(proxy: &Proxy, credentials: Option<&str>, pieces: &[&[u8]]) -> Played {
        let errand = errand(&Destination::new("example.org", 25), credentials);
        play(&mut *(proxy.ask)(errand).unwrap(), pieces.iter().copied())
    }

    #[test]
    fn destinations_are_addresses_or_names() {
        assert_eq!(Destination::new("::1", 25).to_string(), "[::1]:25");
        assert_eq!(Destination::new("1.2.3.4", 25), Destination::Address(([1, 2, 3, 4], 25).into()));
        assert_eq!(Destination::new("a\x1b", 25).to_string(), "a\\u{1b}:25");
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_all() {
        let zoned = Destination::Address("[fe80::1%7]:25".parse().unwrap());
        let long = "a".repeat(256);
        let names = ["a b", "a\r\nHost: evil", "", "fe80::1%eth0", "a\0b", "a:1", "u@h", &long];
        for destination in names.map(|it| Destination::new(it, 25)).iter().chain([&zoned]) {
            for proxy in &PROXIES {
                let error = (proxy.ask)(errand(destination, None)).err();
                assert_eq!(error.map(|it| it.exit()), Some(Exit::Usage), "{}: {destination:?}", proxy.name);
            }
        }
    }

    #[test]
    fn a_proxy_that_leaves_in_between_is_told_of() {
        for proxy in &PROXIES {
            let mut dialogue = (proxy.ask)(errand(&Destination::new("h", 1), None)).unwrap();
            play(&mut *dialogue, []);
            let error = dialogue.ended().unwrap_err().to_string();
            assert!(
                error.starts_with("connect to h:1 through the ") && error.contains(" proxy p:1: it closed"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_answer_may_be_split_anywhere(sizes in prop::collection::vec(1..40usize, 1..8), early in prop::collection::vec(any::<u8>(), 0..50)) {
            let (joe, none) = (Some("joe:secret"), None);
            let answers: [(usize, Option<&str>, &[u8]); 9] = [
                (0, none, b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"),
                (0, none, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204 OK\n\n"),
                (0, joe, b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 10\r\n\r\n\r\n\r\nHTTP/\nHTTP/1.1 200 OK\r\n\r\n"),
                (0, joe, b"HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=x, nonce=y, qop=auth\r\nTransfer-Encoding: chunked\r\n\r\na;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
                (1, none, b"\0\x5a\0\0\0\0\0\0"),
                (2, none, b"\x05\0\x05\0\0\x01\x01\x02\x03\x04\0\x19"),
                (2, joe, b"\x05\x02\x01\0\x05\0\0\x03\x04name\0\x19"),
                (2, joe, b"\x05\0\x05\0\0\x04aaaabbbbccccdddd\0\x19"),
                (2, none, b"\x05\0\x05\0\0\x03\0\0\x19"),
            ];
            for (kind, credentials, answer) in answers {
                let bytes = [answer, &early].concat();
                let whole = played(&PROXIES[kind], credentials, &[&bytes]);
                prop_assert_eq!(&whole.end, &Ok(crate::proto::Step::Done), "{}", answer.escape_ascii());
                prop_assert_eq!(&whole.rest, &early);
                let parts = played(&PROXIES[kind], credentials, &split(&bytes, &sizes));
                prop_assert_eq!(&parts.end, &whole.end);
                prop_assert_eq!(&parts.rest, &early);
                prop_assert_eq!(parts.sent.len(), whole.sent.len());
            }
        }
    }

    proptest! {
        // Each case is more than the longest head.
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn garbage_neither_panics_nor_piles_up(
            start in prop::sample::select(vec![&b""[..], b"HTTP/1.1 200", b"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\nProxy-Authenticate: Basic\r\n\r\n", b"\x05\x02", b"\x05\0\x05\0\0", b"\0"]),
            garbage in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'a')], 0..400),
            sizes in prop::collection::vec(1..4000usize, 1..8),
        ) {
            let bytes = [start, &garbage.repeat(300)].concat();
            for proxy in &PROXIES {
                for credentials in [None, Some("joe:secret")] {
                    let played = played(proxy, credentials, &split(&bytes, &sizes));
                    prop_assert!(played.peak <= 64 * 1024, "{}: {}", proxy.name, played.peak);
                }
            }
        }
    }
}
