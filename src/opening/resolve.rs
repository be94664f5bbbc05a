//! Names to addresses, by the system's own look-up.
//!
//! getaddrinfo(3) blocks, so it runs on a helper thread that wakes the loop when it is done:
//! the only thread there is besides the main one. Literal addresses need none.

use crate::{
    cli::config::Family,
    error::{Error, Result},
    reactor::Reactor,
    transport::{Address, socket::interface},
};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};
use mio::Token;
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6},
    sync::mpsc::{Receiver, channel},
    thread,
};

/// getaddrinfo(3) and what it loads need less than this, in bytes.
const STACK: usize = 512 * 1024;

/// What is to be looked up.
#[derive(Debug, Clone)]
pub struct Question {
    /// A name or an address.
    pub host: String,
    /// The port that the addresses get.
    pub port: u16,
    /// Which families are wanted.
    pub family: Family,
    /// `-n`: names are not looked up.
    pub numeric: bool,
}

impl Question {
    /// The answer where none has to be waited for: for a literal address, or an error under `-n`.
    #[must_use]
    pub fn literal(&self) -> Option<Result<Vec<SocketAddr>>> {
        match literal(&self.host, self.port) {
            Some(Ok(address)) => Some(self.of_family(vec![address])),
            Some(Err(zone)) => Some(Err(self.fails(format!("there is no interface {zone}")))),
            None if self.numeric => {
                Some(Err(self.fails("with -n it must be an address".to_owned()).hint("leave out -n")))
            }
            None => None,
        }
    }

    /// Looks it up here and now, which may take long.
    ///
    /// # Errors
    /// When there is no such name, or it has no address of the family wanted.
    pub fn ask(&self) -> Result<Vec<SocketAddr>> {
        if let Some(answer) = self.literal() {
            return answer;
        }
        let hints = AddrInfoHints {
            socktype: SockType::Stream.into(),
            address: match self.family {
                Family::Any => 0,
                Family::V4 => AddrFamily::Inet.into(),
                Family::V6 => AddrFamily::Inet6.into(),
            },
            ..AddrInfoHints::default()
        };
        let found = getaddrinfo(Some(&self.host), None, Some(hints)).map_err(|error| {
            let text = crate::error::why(&error.into());
            let why = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
            self.fails(why.to_owned()).hint("check the spelling and the network, or give an address")
        })?;
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for mut address in found.flatten().map(|it| it.sockaddr) {
            address.set_port(self.port);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        self.of_family(addresses)
    }

    /// Looks it up on a thread of its own; `done` is called there when the answer can be received.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn ask_aside(self, done: impl FnOnce() + Send + 'static) -> Result<Receiver<Result<Vec<SocketAddr>>>> {
        let (answer, receiver) = channel();
        let name = self.host.clone();
        thread::Builder::new()
            .name("look-up".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                // Nobody may be waiting any more; then nobody misses the answer.
                let _ = answer.send(self.ask());
                done();
            })
            .map_err(|error| Error::usage(format!("look up {name}"), crate::error::why(&error)))?;
        Ok(receiver)
    }

    fn of_family(&self, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
        addresses.retain(|address| self.family.admits(address.ip()));
        match (addresses.is_empty(), self.family) {
            (false, _) => Ok(addresses),
            (true, Family::V4) => Err(self.fails("it has no IPv4 address".to_owned()).hint("leave out -4")),
            (true, Family::V6) => Err(self.fails("it has no IPv6 address".to_owned()).hint("leave out -6")),
            (true, Family::Any) => Err(self.fails("it has no address".to_owned())),
        }
    }

    fn fails(&self, why: String) -> Error {
        let host = crate::report::escape(self.host.as_bytes());
        Error::usage(format!("Could not resolve hostname \"{host}\""), why)
    }
}

/// A look-up and its answer.
pub struct LookUp {
    /// What is asked, so that it can be asked again.
    question: Option<Question>,
    waiting: Option<Receiver<Result<Vec<SocketAddr>>>>,
    found: Vec<Address>,
    asked: bool,
}

impl LookUp {
    /// Something that need not be looked up.
    #[must_use]
    pub fn known(found: Vec<Address>) -> Self {
        Self { question: None, waiting: None, found, asked: false }
    }

    /// Begins to look up what has to be; `token` is woken when there is an answer.
    ///
    /// # Errors
    /// When it is known at once that there is none.
    pub fn begin(question: Question, token: Token, reactor: &mut Reactor) -> Result<Self> {
        if let Some(literal) = question.literal() {
            return Ok(Self::known(literal?.into_iter().map(Address::Inet).collect()));
        }
        let waiting = Some(question.clone().ask_aside(reactor.helper(token)?)?);
        Ok(Self { question: Some(question), waiting, found: Vec::new(), asked: true })
    }

    /// Asks once more what has had no good answer; what is still being asked is waited for.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn again(&mut self, token: Token, reactor: &mut Reactor) -> Result<()> {
        if let Some(question) = self.question.as_ref().filter(|_| self.waiting.is_none() && self.found.is_empty()) {
            self.waiting = Some(question.clone().ask_aside(reactor.helper(token)?)?);
        }
        Ok(())
    }

    /// Whether the answer is there.
    ///
    /// # Errors
    /// When the answer is that there is no such name.
    pub fn is_done(&mut self) -> Result<bool> {
        let Some(receiver) = &self.waiting else { return Ok(true) };
        let Ok(answer) = receiver.try_recv() else { return Ok(false) };
        self.waiting = None;
        self.found = answer?.into_iter().map(Address::Inet).collect();
        Ok(true)
    }

    /// Whether it had to be asked for.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked
    }

    /// The answer.
    #[must_use]
    pub fn found(&self) -> &[Address] {
        &self.found
    }
}

/// An address as it is written, with its zone (RFC 4007, 11); the zone's name if it is not known.
fn literal(host: &str, port: u16) -> Option<std::result::Result<SocketAddr, String>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Ok(SocketAddr::new(address, port)));
    }
    let (address, zone) = host.split_once('%')?;
    let address: Ipv6Addr = address.parse().ok()?;
    let scope = zone.parse().ok().or_else(|| interface(zone));
    let address = scope.map(|scope| SocketAddr::V6(SocketAddrV6::new(address, port, 0, scope)));
    Some(address.ok_or_else(|| zone.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(host: &str, family: Family, numeric: bool) -> Question {
        Question { host: host.to_owned(), port: 25, family, numeric }
    }

    #[test]
    fn literal_addresses_need_no_look_up() {
        for (host, address) in [("127.0.0.1", "127.0.0.1:25"), ("::1", "[::1]:25"), ("fe80::1%1", "[fe80::1%1]:25")] {
            let answer = question(host, Family::Any, true).literal();
            assert_eq!(answer, Some(Ok(vec![address.parse().unwrap()])), "{host}");
        }
        assert!(matches!(question("fe80::1%nosuch0", Family::Any, false).literal(), Some(Err(_))));
        assert_eq!(question("localhost", Family::Any, false).literal(), None);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let why = |it: Question| it.ask().unwrap_err().to_string();
        assert!(why(question("::1", Family::V4, false)).contains("no IPv4 address"));
        assert!(why(question("localhost", Family::Any, true)).contains("with -n"));
        assert!(why(question("nosuch.invalid", Family::Any, false)).contains("nosuch.invalid"));
    }
}
