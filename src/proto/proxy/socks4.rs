//! The client of a SOCKS4 proxy; names are for it to look up, in SOCKS4a's way.
//!
//! A newcomer's trap: there is no password. The user's name is sent in clear, and a proxy may ask the
//! client's identd about it.

use super::{Destination, Errand};
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, take},
};
use std::net::{IpAddr, Ipv4Addr};

/// The dialogue with one SOCKS4 proxy.
#[derive(Debug)]
pub(super) struct Client {
    errand: Errand,
    at: At,
}

#[derive(Debug)]
enum At {
    Ask(Vec<u8>),
    Reply,
    Over,
}

impl Client {
    pub(super) fn new(errand: Errand) -> Result<Self> {
        let request = request(&errand)?;
        Ok(Self { errand, at: At::Ask(request) })
    }

    fn fails(&self, why: impl Into<String>) -> Error {
        self.errand.fails("SOCKS4", why)
    }

    fn judge(&self, code: u8) -> Result<()> {
        let why = match code {
            90 => return Ok(()),
            91 => "it refused, or could not connect",
            92 => "it refused, because it cannot reach an identd here",
            93 => "it refused, because the identd here names another user",
            code => return Err(self.fails(format!("it answered with a code that SOCKS4 does not know: {code}"))),
        };
        Err(self.fails(why))
    }
}

impl Dialogue for Client {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        match &mut self.at {
            At::Over => Ok(Step::Done),
            At::Ask(request) => {
                let request = std::mem::take(request);
                self.at = At::Reply;
                Ok(Step::Send(request))
            }
            At::Reply => {
                match arrived.as_slice() {
                    [0, code, ..] => self.judge(*code)?,
                    [0] | [] => return Ok(Step::Wait),
                    _ => {
                        let error = self.fails("its answer is not SOCKS4");
                        return Err(error.hint("is it another kind of proxy? see --proxy-type"));
                    }
                }
                // The address behind the code says nothing for CONNECT.
                if take(arrived, 8).is_none() {
                    return Ok(Step::Wait);
                }
                self.at = At::Over;
                Ok(Step::Done)
            }
        }
    }

    fn ended(&mut self) -> Result<Step> {
        Err(self.fails("it closed the connection before its answer was complete"))
    }
}

/// Version 4, CONNECT, port, address, user; and for 4a an impossible address, and the name at the end.
fn request(errand: &Errand) -> Result<Vec<u8>> {
    let fails = |why: String| Err(errand.cannot("SOCKS4", why));
    if let Some(why) = errand.destination.objection() {
        return fails(why);
    }
    let (address, name) = match &errand.destination {
        Destination::Address(address) => match address.ip().to_canonical() {
            IpAddr::V4(ip) => (ip, None),
            IpAddr::V6(_) => {
                return fails("SOCKS4 knows no IPv6".to_owned()).map_err(|it| it.hint("use --proxy-type socks5"));
            }
        },
        Destination::Name(name, _) => (Ipv4Addr::new(0, 0, 0, 1), Some(name)),
    };
    if name.is_none() && matches!(address.octets(), [0, 0, 0, 1..=255]) {
        return fails("SOCKS4 would take this address for a name".to_owned());
    }
    let mut request = vec![4, 1];
    request.extend(errand.destination.port().to_be_bytes());
    request.extend(address.octets());
    if let Some(credentials) = errand.memory.borrow().credentials() {
        request.extend(credentials.user().bytes());
    }
    request.push(0);
    if let Some(name) = name {
        request.extend(name.bytes());
        request.push(0);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::errand, *};
    use crate::proto::testing::{Played, play};

    fn ask(host: &str, credentials: Option<&str>, answer: &[u8]) -> Played {
        play(&mut Client::new(errand(&Destination::new(host, 25), credentials)).unwrap(), [answer])
    }

    #[test]
    fn requests_are_those_of_4_and_4a() {
        let granted = b"\0\x5a\0\0\0\0\0\0rest";
        let plain = ask("1.2.3.4", None, granted);
        assert_eq!((&plain.sent[0][..], plain.end), (&b"\x04\x01\0\x19\x01\x02\x03\x04\0"[..], Ok(Step::Done)));
        assert_eq!(plain.rest, b"rest");
        assert_eq!(ask("::ffff:1.2.3.4", Some("joe:x"), granted).sent[0], b"\x04\x01\0\x19\x01\x02\x03\x04joe\0");
        assert_eq!(ask("h.org", Some("joe"), granted).sent[0], b"\x04\x01\0\x19\0\0\0\x01joe\0h.org\0");
    }

    #[test]
    fn what_socks4_cannot_say_is_refused() {
        let error = |host| Client::new(errand(&Destination::new(host, 25), None)).unwrap_err().to_string();
        assert!(error("::1").ends_with("SOCKS4 knows no IPv6; use --proxy-type socks5"));
        assert!(error("0.0.0.5").contains("take this address for a name"));
    }

    #[test]
    fn refusals_are_told_in_words() {
        for (answer, says) in [
            (&b"\0\x5b"[..], "it refused, or could not connect"),
            (b"\0\x5c\0", "cannot reach an identd"),
            (b"\0\x5d\0\0\0\0\0\0", "names another user"),
            (b"\0\x5e\0\0\0\0\0\0", "does not know: 94"),
            (b"\x05\0", "not SOCKS4; is it another"),
            (b"HTTP/1.1 400", "not SOCKS4"),
        ] {
            let error = ask("h", None, answer).end.unwrap_err().to_string();
            assert!(
                error.starts_with("connect to h:25 through the SOCKS4 proxy p:1: ") && error.contains(says),
                "{error}"
            );
        }
        assert_eq!(ask("h", None, b"\0\x5a\0\0\0\0\0").end, Ok(Step::Wait));
    }
}
