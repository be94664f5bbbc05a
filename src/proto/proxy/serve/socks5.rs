//! Reads what a client of SOCKS5 asks for (RFC 1928), after it has said who it is (RFC 1929).
//!
//! A newcomer's trap: a client that offers a password may still be let in without one, but never the
//! other way round.

use super::{Outcome, Progress, Server, named};
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, auth::Credentials, proxy::Destination, take},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
};
use zeroize::Zeroizing;

const NO_AUTH: u8 = 0;
const PASSWORD: u8 = 2;
const NONE: u8 = 0xff;

/// RFC 1928, 6.
const FAILED: u8 = 1;
const UNKNOWN_COMMAND: u8 = 7;
const UNKNOWN_ADDRESS: u8 = 8;

/// The dialogue with one client.
#[derive(Debug)]
pub(super) struct Service {
    client: String,
    credentials: Option<Rc<Credentials>>,
    progress: Progress<At>,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Greeting,
    Login,
    Request,
}

impl Service {
    pub(super) fn new(client: String, credentials: Option<Rc<Credentials>>) -> Self {
        Self { client, credentials, progress: Progress::At(At::Greeting) }
    }

    fn greeting(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        if arrived.first().is_some_and(|version| *version != 5) {
            return Err(self.fails("it does not speak SOCKS5"));
        }
        let Some(count) = arrived.get(1).copied() else { return Ok(Step::Wait) };
        let Some(greeting) = take(arrived, 2 + usize::from(count)) else { return Ok(Step::Wait) };
        let offers = |method| greeting.iter().skip(2).any(|it| *it == method);
        let (method, next) = match self.credentials {
            Some(_) => (PASSWORD, At::Login),
            None => (NO_AUTH, At::Request),
        };
        if !offers(method) {
            let why = match method {
                PASSWORD => "it offers no user and password",
                _ => "it wants to log in, which is not asked for here",
            };
            return self.refuse(vec![5, NONE], why);
        }
        self.progress = Progress::At(next);
        Ok(Step::Send(vec![5, method]))
    }

    fn login(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        if arrived.first().is_some_and(|version| *version != 1) {
            return self.refuse(vec![1, 1], "it logs in with a message that RFC 1929 does not know");
        }
        // Version, a user with its length, a password with its length.
        let Some(user) = arrived.get(1).map(|it| usize::from(*it)) else { return Ok(Step::Wait) };
        let Some(password) = arrived.get(2 + user).map(|it| usize::from(*it)) else { return Ok(Step::Wait) };
        let Some(login) = take(arrived, 3 + user + password).map(Zeroizing::new) else { return Ok(Step::Wait) };
        let user = login.get(2..2 + user).unwrap_or_default();
        let password = login.get(3 + user.len()..).unwrap_or_default();
        if !self.credentials.as_ref().is_some_and(|known| known.are(user, password)) {
            return self.refuse(vec![1, 1], "its user or password is wrong");
        }
        self.progress = Progress::At(At::Request);
        Ok(Step::Send(vec![1, 0]))
    }

    fn request(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        let length = match *arrived.as_slice() {
            [5, 1, _, 1, ..] => 10,
            [5, 1, _, 4, ..] => 22,
            [5, 1, _, 3, length, ..] => 7 + usize::from(length),
            [] | [5] | [5, 1] | [5, 1, _] | [5, 1, _, 3] => return Ok(Step::Wait),
            [5, 1, _, kind, ..] => {
                return self
                    .refuse(message(UNKNOWN_ADDRESS, None), format!("it sent an unknown type of address: {kind}"));
            }
            [5, command, ..] => {
                let why = match command {
                    2 => "it wants BIND, which is not done here".to_owned(),
                    3 => "it wants UDP ASSOCIATE, which is not done here".to_owned(),
                    _ => format!("it sent an unknown command: {command}"),
                };
                return self.refuse(message(UNKNOWN_COMMAND, None), why);
            }
            [..] => return self.refuse(message(FAILED, None), "its request is not SOCKS5"),
        };
        let Some(request) = take(arrived, length) else { return Ok(Step::Wait) };
        match destination(&request) {
            Ok(destination) => {
                self.progress = Progress::Over(destination);
                Ok(Step::Done)
            }
            Err(why) => self.refuse(message(FAILED, None), why),
        }
    }

    fn refuse(&mut self, message: Vec<u8>, why: impl Into<String>) -> Result<Step> {
        let error = self.fails(why);
        self.progress.refuse(message, error)
    }

    fn fails(&self, why: impl Into<String>) -> Error {
        Error::network(format!("SOCKS5 client {}", self.client), why)
    }
}

impl Dialogue for Service {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        match &self.progress {
            Progress::Refused(error) => Err(error.clone()),
            Progress::Over(_) => Ok(Step::Done),
            Progress::At(At::Greeting) => self.greeting(arrived),
            Progress::At(At::Login) => self.login(arrived),
            Progress::At(At::Request) => self.request(arrived),
        }
    }

    fn ended(&mut self) -> Result<Step> {
        Err(self.fails("it left before its request was complete"))
    }
}

impl Server for Service {
    fn destination(&self) -> Option<&Destination> {
        self.progress.destination()
    }

    fn reply(&self, outcome: Outcome) -> Vec<u8> {
        let code = match outcome {
            Outcome::Connected(bound) => return message(0, Some(bound)),
            Outcome::Failed => FAILED,
            Outcome::NotAllowed => 2,
            Outcome::NetworkUnreachable => 3,
            Outcome::HostUnreachable | Outcome::NoSuchHost => 4,
            Outcome::Refused => 5,
            Outcome::TimedOut => 6,
        };
        message(code, None)
    }
}

/// The destination of a complete request.
fn destination(request: &[u8]) -> std::result::Result<Destination, String> {
    let odd = || "its request is not SOCKS5".to_owned();
    let (rest, port) = request.split_last_chunk::<2>().ok_or_else(odd)?;
    let port = u16::from_be_bytes(*port);
    match *rest {
        [_, _, _, 1, a, b, c, d] => Ok(Destination::Address((Ipv4Addr::new(a, b, c, d), port).into())),
        [_, _, _, 4, ref ip @ ..] => {
            let ip: [u8; 16] = ip.try_into().map_err(|_| odd())?;
            Ok(Destination::Address((Ipv6Addr::from(ip), port).into()))
        }
        [_, _, _, 3, _, ref name @ ..] => named(name, port),
        _ => Err(odd()),
    }
}

/// Version, code, reserved, and the address that was connected from.
fn message(code: u8, bound: Option<SocketAddr>) -> Vec<u8> {
    let bound = bound.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into());
    let mut message = vec![5, code, 0];
    match bound.ip().to_canonical() {
        IpAddr::V4(ip) => {
            message.push(1);
            message.extend(ip.octets());
        }
        IpAddr::V6(ip) => {
            message.push(4);
            message.extend(ip.octets());
        }
    }
    message.extend(bound.port().to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{Played, play};

    fn serve(credentials: Option<&str>, request: &[u8]) -> Played {
        let credentials = credentials.map(|it| Rc::new(Credentials::parse(it).unwrap()));
        play(&mut Service::new("c:1".to_owned(), credentials), [request])
    }

    #[test]
    fn a_refused_client_is_told() {
        let failed = |code| vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0];
        let joe = Some("joe:secret");
        for (credentials, request, reply, says) in [
            (joe, &b"\x05\x01\0"[..], vec![5, 255], "offers no user"),
            (None, b"\x05\x01\x02", vec![5, 255], "wants to log in"),
            (None, b"\x05\0", vec![5, 255], "wants to log in"),
            (joe, b"\x05\x01\x02\x01\x03joe\x06secreT", vec![1, 1], "wrong"),
            (joe, b"\x05\x01\x02\x01\0\0", vec![1, 1], "wrong"),
            (joe, b"\x05\x01\x02\x05", vec![1, 1], "RFC 1929"),
            (None, b"\x05\x01\0\x05\x02", failed(7), "BIND"),
            (None, b"\x05\x01\0\x05\x03", failed(7), "UDP ASSOCIATE"),
            (None, b"\x05\x01\0\x05\x09", failed(7), "unknown command: 9"),
            (None, b"\x05\x01\0\x05\x01\0\x02", failed(8), "unknown type of address: 2"),
            (None, b"\x05\x01\0\x05\x01\0\x03\0\0\x19", failed(1), "cannot be one"),
            (None, b"\x05\x01\0\x05\x01\0\x03\x01\xff\0\x19", failed(1), "not UTF-8"),
            (None, b"\x05\x01\0\x04", failed(1), "not SOCKS5"),
        ] {
            let played = serve(credentials, request);
            let error = played.end.unwrap_err().to_string();
            assert!(error.starts_with("SOCKS5 client c:1: ") && error.contains(says), "{error}");
            assert_eq!(played.sent.last(), Some(&reply), "{says}");
        }
    }

    #[test]
    fn who_need_not_log_in_is_let_in() {
        let played = serve(None, b"\x05\x03\x01\x02\0\x05\x01\0\x03\x091.2.3.4.5\0\x19");
        assert_eq!((played.sent, played.end), (vec![vec![5, 0]], Ok(Step::Done)));
    }

    #[test]
    fn other_protocols_are_not_answered() {
        for other in [&b"\x04\x01\0"[..], b"GET / HTTP/1.1\r\n"] {
            let played = serve(None, other);
            assert!(played.sent.is_empty() && played.end.unwrap_err().to_string().contains("does not speak SOCKS5"));
        }
    }
}
