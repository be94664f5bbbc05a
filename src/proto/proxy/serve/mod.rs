//! The SOCKS server's side, a file each version, in the table [`SERVERS`]: what a client asks for,
//! and what it is told.
//!
//! A newcomer's trap: the dialogue is [`Done`](crate::proto::Step::Done) when the request is read.
//! Its client waits for the [reply](Server::reply), though it may have sent more already; that is for
//! the destination.

mod socks4;
mod socks5;

use super::Destination;
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, auth::Credentials},
};
use std::{io, net::SocketAddr, rc::Rc};

/// A kind of proxy server.
#[derive(Debug)]
pub struct Kind {
    /// As `--proxy-type` names it.
    pub name: &'static str,
    /// Begins the dialogue with a new client, named for messages. It has to know the credentials, if
    /// there are any; for SOCKS4, which has no passwords, the user.
    pub serve: fn(client: String, credentials: Option<Rc<Credentials>>) -> Box<dyn Server>,
}

/// The kinds of SOCKS server.
pub const SERVERS: [Kind; 2] = [
    Kind { name: "socks4", serve: |client, credentials| Box::new(socks4::Service::new(client, credentials)) },
    Kind { name: "socks5", serve: |client, credentials| Box::new(socks5::Service::new(client, credentials)) },
];

/// The dialogue with one client. A client that is refused is sent the reason first.
pub trait Server: Dialogue {
    /// Where the client wants to be connected to, once the dialogue is done.
    fn destination(&self) -> Option<&Destination>;

    /// What the client is told then.
    fn reply(&self, outcome: Outcome) -> Vec<u8>;
}

/// What came of connecting to a client's destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is connected, from this address.
    Connected(SocketAddr),
    /// The rules here do not allow it.
    NotAllowed,
    /// The host has no address.
    NoSuchHost,
    /// The network is unreachable.
    NetworkUnreachable,
    /// The host is unreachable.
    HostUnreachable,
    /// The destination refused the connection.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// It failed in another way.
    Failed,
}

impl From<io::ErrorKind> for Outcome {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Self::Refused,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Self::NetworkUnreachable,
            io::ErrorKind::HostUnreachable => Self::HostUnreachable,
            io::ErrorKind::NotFound => Self::NoSuchHost,
            io::ErrorKind::PermissionDenied => Self::NotAllowed,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Failed,
        }
    }
}

/// How far the dialogue with a client is, whatever it speaks.
#[derive(Debug)]
enum Progress<T> {
    /// The next message is awaited.
    At(T),
    /// It has been refused, and will be told.
    Refused(Error),
    Over(Destination),
}

impl<T> Progress<T> {
    /// Sends the last message: a refusal.
    fn refuse(&mut self, message: Vec<u8>, why: Error) -> Result<Step> {
        *self = Self::Refused(why);
        Ok(Step::Send(message))
    }

    fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Over(destination) => Some(destination),
            _ => None,
        }
    }
}

/// # Errors
/// What is wrong with a name that came from a client.
fn named(name: &[u8], port: u16) -> std::result::Result<Destination, String> {
    let name = str::from_utf8(name).map_err(|_| "it names a host that is not UTF-8".to_owned())?;
    let destination = Destination::new(name, port);
    match destination.objection() {
        Some(why) => Err(format!("it names a host that cannot be one: {why}")),
        None => Ok(destination),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{play, split};
    use proptest::prelude::*;

    fn server(kind: usize, credentials: Option<&str>) -> Box<dyn Server> {
        (SERVERS[kind].serve)("c:1".to_owned(), credentials.map(|it| Rc::new(Credentials::parse(it).unwrap())))
    }

    /// The two sides of each version talk to each other.
    #[test]
    fn our_clients_are_understood() {
        for (kind, host, credentials) in [
            ("socks4", "1.2.3.4", None),
            ("socks4", "example.org", Some("joe:secret")),
            ("socks5", "1.2.3.4", None),
            ("socks5", "::1", Some("joe:secret")),
            ("socks5", "example.org", Some("joe:secret")),
        ] {
            let destination = Destination::new(host, 25);
            let proxy = super::super::PROXIES.iter().find(|it| it.name == kind).unwrap();
            let mut client = (proxy.ask)(super::super::tests::errand(&destination, credentials)).unwrap();
            let mut server = server(SERVERS.iter().position(|it| it.name == kind).unwrap(), credentials);
            let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
            loop {
                match client.advance(&mut to_client).unwrap() {
                    Step::Send(bytes) => to_server.extend(bytes),
                    Step::Done => break,
                    _ => match server.advance(&mut to_server).unwrap() {
                        Step::Send(bytes) => to_client.extend(bytes),
                        Step::Done => to_client.extend(server.reply(Outcome::Connected(([127, 0, 0, 1], 9).into()))),
                        step => panic!("{kind} {host}: both wait: {step:?}"),
                    },
                }
            }
            assert_eq!(server.destination(), Some(&destination));
            assert!(to_client.is_empty() && to_server.is_empty());
        }
    }

    #[test]
    fn failures_have_their_replies() {
        for (kind, outcome, code) in [
            (0, Outcome::from(io::ErrorKind::ConnectionRefused), 91),
            (1, Outcome::from(io::ErrorKind::ConnectionRefused), 5),
            (1, Outcome::from(io::ErrorKind::NetworkUnreachable), 3),
            (1, Outcome::from(io::ErrorKind::HostUnreachable), 4),
            (1, Outcome::NoSuchHost, 4),
            (1, Outcome::NotAllowed, 2),
            (1, Outcome::from(io::ErrorKind::TimedOut), 6),
            (1, Outcome::from(io::ErrorKind::OutOfMemory), 1),
        ] {
            assert_eq!(server(kind, None).reply(outcome)[1], code);
        }
        let connected = Outcome::Connected("[::ffff:1.2.3.4]:25".parse().unwrap());
        assert_eq!(server(0, None).reply(connected), b"\0\x5a\0\x19\x01\x02\x03\x04");
        assert_eq!(server(1, None).reply(connected), b"\x05\0\0\x01\x01\x02\x03\x04\0\x19");
        let connected = Outcome::Connected("[::1]:25".parse().unwrap());
        assert_eq!(server(0, None).reply(connected), b"\0\x5a\0\x19\0\0\0\0");
        assert_eq!(server(1, None).reply(connected), b"\x05\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x19");
    }

    proptest! {
        #[test]
        fn a_request_may_be_split_anywhere(sizes in prop::collection::vec(1..20usize, 1..8), early in prop::collection::vec(any::<u8>(), 0..50)) {
            let (joe, none) = (Some("joe:secret"), None);
            let requests: [(usize, Option<&str>, &[u8], &str); 5] = [
                (0, joe, b"\x04\x01\0\x19\x01\x02\x03\x04joe\0", "1.2.3.4:25"),
                (0, none, b"\x04\x01\0\x19\0\0\0\x01anyone\0h.org\0", "h.org:25"),
                (1, none, b"\x05\x02\x02\0\x05\x01\0\x03\x05h.org\0\x19", "h.org:25"),
                (1, joe, b"\x05\x01\x02\x01\x03joe\x06secret\x05\x01\0\x01\x01\x02\x03\x04\0\x19", "1.2.3.4:25"),
                (1, none, b"\x05\x01\0\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x19", "[::1]:25"),
            ];
            for (kind, credentials, request, destination) in requests {
                let bytes = [request, &early].concat();
                let mut server = server(kind, credentials);
                let played = play(&mut *server, split(&bytes, &sizes));
                prop_assert_eq!(&played.end, &Ok(Step::Done), "{}", request.escape_ascii());
                prop_assert_eq!(&played.rest, &early);
                prop_assert_eq!(server.destination().unwrap().to_string(), destination);
            }
        }

        #[test]
        fn garbage_neither_panics_nor_piles_up(
            start in prop::sample::select(vec![&b""[..], b"\x04\x01\0\x19\0\0\0\x01", b"\x05\x01\0\x05\x01\0", b"\x05\x01\x02\x01"]),
            garbage in prop::collection::vec(1..=255u8, 0..600),
            sizes in prop::collection::vec(1..40usize, 1..8),
        ) {
            let bytes = [start, &garbage].concat();
            for kind in 0..SERVERS.len() {
                for credentials in [None, Some("joe:secret")] {
                    let played = play(&mut *server(kind, credentials), split(&bytes, &sizes));
                    prop_assert!(played.peak <= 1024, "{}", played.peak);
                }
            }
        }
    }
}
