//! Reads what a client of SOCKS4 or 4a asks for.
//!
//! A newcomer's trap: the user's name and the host's end with a NUL that a client need never send, so
//! both have a limit here.

use super::{Outcome, Progress, Server, named};
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, auth::Credentials, proxy::Destination, take},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
};

/// Bytes; longer users and names are refused.
const TEXT: usize = 255;

const GRANTED: u8 = 90;
const REFUSED: u8 = 91;
const OTHER_USER: u8 = 93;

/// The dialogue with one client.
#[derive(Debug)]
pub(super) struct Service {
    client: String,
    credentials: Option<Rc<Credentials>>,
    progress: Progress<()>,
}

/// A request that has come in full.
struct Request {
    length: usize,
    user: Vec<u8>,
    destination: std::result::Result<Destination, String>,
}

impl Service {
    pub(super) fn new(client: String, credentials: Option<Rc<Credentials>>) -> Self {
        Self { client, credentials, progress: Progress::At(()) }
    }

    fn refuse(&mut self, code: u8, why: impl Into<String>) -> Result<Step> {
        let error = self.fails(why);
        self.progress.refuse(message(code, None), error)
    }

    fn fails(&self, why: impl Into<String>) -> Error {
        Error::network(format!("SOCKS4 client {}", self.client), why)
    }
}

impl Dialogue for Service {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        match &self.progress {
            Progress::Refused(error) => return Err(error.clone()),
            Progress::Over(_) => return Ok(Step::Done),
            Progress::At(()) => {}
        }
        match arrived.as_slice() {
            [4, 1, ..] | [4] | [] => {}
            [4, 2, ..] => return self.refuse(REFUSED, "it wants BIND, which is not done here"),
            [4, command, ..] => return self.refuse(REFUSED, format!("it sent an unknown command: {command}")),
            _ => return Err(self.fails("it does not speak SOCKS4")),
        }
        let request = match request(arrived) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(Step::Wait),
            Err(why) => return self.refuse(REFUSED, why),
        };
        take(arrived, request.length);
        if self.credentials.as_ref().is_some_and(|known| !known.is_user(&request.user)) {
            return self.refuse(OTHER_USER, "it names another user than --proxy-auth does");
        }
        match request.destination {
            Ok(destination) => {
                self.progress = Progress::Over(destination);
                Ok(Step::Done)
            }
            Err(why) => self.refuse(REFUSED, why),
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
        match outcome {
            Outcome::Connected(bound) => message(GRANTED, Some(bound)),
            _ => message(REFUSED, None),
        }
    }
}

/// `None` while something is missing.
fn request(arrived: &[u8]) -> std::result::Result<Option<Request>, String> {
    let &[_, _, high, low, a, b, c, d, ref rest @ ..] = arrived else { return Ok(None) };
    let (port, ip) = (u16::from_be_bytes([high, low]), Ipv4Addr::new(a, b, c, d));
    let Some(user) = text(rest)? else { return Ok(None) };
    let mut length = 8 + user.len() + 1;
    // SOCKS4a: an address that nobody has says that a name follows.
    let destination = if matches!(ip.octets(), [0, 0, 0, 1..=255]) {
        let Some(name) = text(arrived.get(length..).unwrap_or_default())? else { return Ok(None) };
        length += name.len() + 1;
        named(name, port)
    } else {
        Ok(Destination::Address((ip, port).into()))
    };
    Ok(Some(Request { length, user: user.to_vec(), destination }))
}

/// What is before the first NUL.
fn text(bytes: &[u8]) -> std::result::Result<Option<&[u8]>, String> {
    match bytes.iter().take(TEXT + 1).position(|byte| *byte == 0) {
        Some(end) => Ok(bytes.get(..end)),
        None if bytes.len() > TEXT => Err(format!("its user or host has more than {TEXT} bytes")),
        None => Ok(None),
    }
}

fn message(code: u8, bound: Option<SocketAddr>) -> Vec<u8> {
    let mut message = vec![0, code];
    message.extend(bound.map_or(0, |it| it.port()).to_be_bytes());
    message.extend(match bound.map(|it| it.ip().to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.octets(),
        _ => [0; 4],
    });
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::play;

    #[test]
    fn a_refused_client_is_told() {
        let long = [b"\x04\x01\0\x19\x01\x02\x03\x04", &[b'a'; 256][..]].concat();
        let long_name = [b"\x04\x01\0\x19\0\0\0\x01\0", &[b'a'; 256][..]].concat();
        for (request, code, says) in [
            (&b"\x04\x02"[..], 91, "BIND"),
            (b"\x04\x03\0\0", 91, "unknown command: 3"),
            (b"\x04\x01\0\x19\x01\x02\x03\x04jo\0", 93, "another user"),
            (b"\x04\x01\0\x19\0\0\0\x01joe\0a b\0", 91, "cannot be one"),
            (b"\x04\x01\0\x19\0\0\0\x01joe\0\0", 91, "cannot be one"),
            (b"\x04\x01\0\x19\0\0\0\x01joe\0\xff\0", 91, "not UTF-8"),
            (&long, 91, "more than 255"),
            (&long_name, 91, "more than 255"),
        ] {
            let credentials = Some(Rc::new(Credentials::parse("joe:x").unwrap()));
            let played = play(&mut Service::new("c:1".to_owned(), credentials), [request]);
            let error = played.end.unwrap_err().to_string();
            assert!(error.starts_with("SOCKS4 client c:1: ") && error.contains(says), "{error}");
            assert_eq!(played.sent, [vec![0, code, 0, 0, 0, 0, 0, 0]]);
        }
    }

    #[test]
    fn other_protocols_are_not_answered() {
        for other in [&b"\x05\x01\0"[..], b"GET / HTTP/1.1\r\n"] {
            let played = play(&mut Service::new("c:1".to_owned(), None), [other]);
            assert!(played.sent.is_empty() && played.end.unwrap_err().to_string().contains("does not speak SOCKS4"));
        }
    }
}
