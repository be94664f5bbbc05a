//! The client of a SOCKS5 proxy (RFC 1928), with a user and a password if need be (RFC 1929).
//!
//! A newcomer's trap: the reply ends with an address of one of three lengths; a byte too many or too
//! few read of it, and the destination's first bytes are spoilt.

use super::{Destination, Errand};
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, take},
};
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// The methods of RFC 1928, 3, that are spoken here, and what says that none will do.
const NO_AUTH: u8 = 0;
const PASSWORD: u8 = 2;
const NONE: u8 = 0xff;

/// The dialogue with one SOCKS5 proxy. Not to be shown: a password is in it.
pub(super) struct Client {
    errand: Errand,
    request: Vec<u8>,
    /// The message with the user and the password.
    login: Option<Zeroizing<Vec<u8>>>,
    at: At,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Greet,
    Method,
    Status,
    Reply,
    Over,
}

impl Client {
    pub(super) fn new(errand: Errand) -> Result<Self> {
        if let Some(why) = errand.destination.objection() {
            return Err(errand.cannot("SOCKS5", why));
        }
        let (request, login) = (request(&errand.destination), login(&errand)?);
        Ok(Self { errand, request, login, at: At::Greet })
    }

    fn fails(&self, why: impl Into<String>) -> Error {
        self.errand.fails("SOCKS5", why)
    }

    /// Reads the proxy's choice of a method; the next message, if it is one of ours.
    fn chosen(&self, method: u8) -> Result<(At, Vec<u8>)> {
        match (method, &self.login) {
            (NO_AUTH, _) => Ok((At::Reply, self.request.clone())),
            (PASSWORD, Some(login)) => Ok((At::Status, login.to_vec())),
            (PASSWORD | NONE, None) => {
                Err(self.fails("it wants to know who asks").hint("give a user and a password with --proxy-auth-file"))
            }
            (NONE, Some(_)) => Err(self.fails("it takes neither a password nor nobody's word")),
            (other, _) => Err(self.fails(format!("it chose a way to log in that was not offered: {other}"))),
        }
    }

    /// The length of the reply, once it is known.
    fn reply(&self, arrived: &[u8]) -> Result<Option<usize>> {
        if let Some(code) = arrived.get(1) {
            self.judge(*code)?;
        }
        match *arrived {
            [_, _, _, 1, ..] => Ok(Some(10)),
            [_, _, _, 4, ..] => Ok(Some(22)),
            [_, _, _, 3, length, ..] => Ok(Some(7 + usize::from(length))),
            [_, _, _, 3] | [] | [_] | [_, _] | [_, _, _] => Ok(None),
            [_, _, _, kind, ..] => Err(self.fails(format!("it answered with an unknown type of address: {kind}"))),
        }
    }

    /// RFC 1928, 6.
    fn judge(&self, code: u8) -> Result<()> {
        let why = match code {
            0 => return Ok(()),
            1 => "it failed, and does not say why",
            2 => "its rules do not allow that",
            3 => "the network is unreachable from there",
            4 => "the host is unreachable from there",
            5 => "the connection was refused there",
            6 => "the packets lived too short, or nobody answered in time",
            7 => "it does not know CONNECT",
            8 => "it does not know this type of address",
            code => return Err(self.fails(format!("it answered with a code that SOCKS5 does not know: {code}"))),
        };
        Err(self.fails(why))
    }

    /// Every answer begins with the version; the log-in's has one of its own, which some confuse.
    fn version(&self, arrived: &[u8]) -> Result<()> {
        match (arrived.first(), self.at) {
            (None | Some(5), _) | (Some(1), At::Status) => Ok(()),
            _ => Err(self.fails("its answer is not SOCKS5").hint("is it another kind of proxy? see --proxy-type")),
        }
    }
}

impl Dialogue for Client {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        if !matches!(self.at, At::Greet | At::Over) {
            self.version(arrived)?;
        }
        match self.at {
            At::Over => Ok(Step::Done),
            At::Greet => {
                self.at = At::Method;
                Ok(Step::Send(if self.login.is_some() { vec![5, 2, NO_AUTH, PASSWORD] } else { vec![5, 1, NO_AUTH] }))
            }
            At::Method => {
                let Some(&[_, method]) = take(arrived, 2).as_deref() else { return Ok(Step::Wait) };
                let (at, message) = self.chosen(method)?;
                self.at = at;
                Ok(Step::Send(message))
            }
            At::Status => {
                let Some(&[_, status]) = take(arrived, 2).as_deref() else { return Ok(Step::Wait) };
                if status != 0 {
                    let error = self.fails("it refuses the user or the password");
                    return Err(
                        error.hint("look at the user and the password given with --proxy-auth or --proxy-auth-file")
                    );
                }
                self.at = At::Reply;
                Ok(Step::Send(self.request.clone()))
            }
            At::Reply => {
                let Some(length) = self.reply(arrived)? else { return Ok(Step::Wait) };
                if take(arrived, length).is_none() {
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

/// Version 5, CONNECT, reserved, and the destination (RFC 1928, 4).
fn request(destination: &Destination) -> Vec<u8> {
    let mut request = vec![5, 1, 0];
    match destination {
        Destination::Address(SocketAddr::V4(address)) => {
            request.push(1);
            request.extend(address.ip().octets());
        }
        Destination::Address(SocketAddr::V6(address)) => {
            request.push(4);
            request.extend(address.ip().octets());
        }
        Destination::Name(name, _) => {
            request.push(3);
            counted(&mut request, name);
        }
    }
    request.extend(destination.port().to_be_bytes());
    request
}

/// RFC 1929, 2.
fn login(errand: &Errand) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let memory = errand.memory.borrow();
    let Some(credentials) = memory.credentials() else { return Ok(None) };
    if credentials.user().len() > 255 || credentials.password().len() > 255 {
        let why = "users and passwords have at most 255 bytes each in SOCKS5";
        return Err(Error::usage("--proxy-auth", why));
    }
    // Large enough: what grows leaves copies behind.
    let mut login = Vec::with_capacity(3 + credentials.user().len() + credentials.password().len());
    login.push(1);
    counted(&mut login, credentials.user());
    counted(&mut login, credentials.password());
    Ok(Some(login.into()))
}

/// Appends a text of at most 255 bytes with its length before it.
fn counted(message: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    message.push(length);
    message.extend(text.bytes().take(length.into()));
}

#[cfg(test)]
mod tests {
    use super::{super::tests::errand, *};
    use crate::proto::testing::{Played, play};

    fn ask(host: &str, credentials: Option<&str>, answer: &[u8]) -> Played {
        play(&mut Client::new(errand(&Destination::new(host, 25), credentials)).unwrap(), [answer])
    }

    #[test]
    fn each_kind_of_destination_has_its_form() {
        let granted = b"\x05\0\x05\0\0\x01\0\0\0\0\0\0rest";
        let name = ask("h.org", None, granted);
        assert_eq!(
            (name.sent, name.end),
            (vec![b"\x05\x01\0".to_vec(), b"\x05\x01\0\x03\x05h.org\0\x19".to_vec()], Ok(Step::Done))
        );
        assert_eq!(name.rest, b"rest");
        assert_eq!(ask("1.2.3.4", None, granted).sent[1], b"\x05\x01\0\x01\x01\x02\x03\x04\0\x19");
        assert_eq!(ask("::1", None, granted).sent[1], b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x19");
        let longest = "a".repeat(255);
        assert_eq!(ask(&longest, None, granted).sent[1].len(), 4 + 1 + 255 + 2);
    }

    #[test]
    fn a_password_is_sent_only_when_it_is_wanted() {
        let wanted = ask("h", Some("joe:pw"), b"\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0");
        assert_eq!(wanted.sent[..2], [b"\x05\x02\0\x02".to_vec(), b"\x01\x03joe\x02pw".to_vec()]);
        assert_eq!((wanted.sent.len(), wanted.end), (3, Ok(Step::Done)));
        let open = ask("h", Some("joe:pw"), b"\x05\0\x05\0\0\x01\0\0\0\0\0\0");
        assert_eq!((open.sent.len(), open.end), (2, Ok(Step::Done)));
    }

    #[test]
    fn refusals_are_told_in_words() {
        let reply = |code| vec![5, 0, 5, code];
        for (credentials, answer, says) in [
            (None, reply(1), "does not say why"),
            (None, reply(2), "rules"),
            (None, reply(3), "network is unreachable"),
            (None, reply(4), "host is unreachable"),
            (None, reply(5), "connection was refused"),
            (None, reply(6), "lived too short"),
            (None, reply(7), "CONNECT"),
            (None, reply(8), "type of address"),
            (None, reply(9), "does not know: 9"),
            (None, vec![5, 0, 5, 0, 0, 2], "unknown type of address: 2"),
            (None, vec![5, 0, 4], "not SOCKS5"),
            (None, vec![4], "not SOCKS5; is it another"),
            (None, vec![5, 255], "--proxy-auth"),
            (None, vec![5, 2], "--proxy-auth"),
            (None, vec![5, 1], "not offered: 1"),
            (Some("a:b"), vec![5, 255], "neither"),
            (Some("a:b"), vec![5, 2, 1, 1], "refuses the user or the password"),
            (Some("a:b"), vec![5, 2, 2], "not SOCKS5"),
        ] {
            let error = ask("h", credentials, &answer).end.unwrap_err().to_string();
            assert!(
                error.starts_with("connect to h:25 through the SOCKS5 proxy p:1: ") && error.contains(says),
                "{error}"
            );
        }
    }

    #[test]
    fn credentials_that_do_not_fit_are_refused() {
        let long = format!("{}:x", "a".repeat(256));
        assert!(Client::new(errand(&Destination::new("h", 25), Some(&long))).is_err());
    }
}
