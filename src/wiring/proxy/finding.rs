//! Making the connection that a client wants: look-up, dialling, and the refusal to be led in a circle.
//!
//! A newcomer's trap: a target is known to be the proxy itself only by its addresses, once they
//! have been looked up, and an address of any interface will do if we listen on all of them.

use crate::{
    cli::config::Family,
    opening::{
        dial::{Dial, Dialled, How},
        resolve::{LookUp, Question},
    },
    reactor::Reactor,
    transport::{Address, tcp::TCP},
};
use mio::Token;
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

/// How long it may take.
const WAIT: Duration = Duration::from_secs(20);

/// Why no connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such host.
    NoSuchHost,
    /// Nobody answered in time.
    TimedOut,
    /// It would lead back here.
    Loop,
    /// The system said so.
    System(io::ErrorKind),
}

/// See the module's description.
pub(super) struct Finding {
    target: String,
    token: Token,
    state: State,
    until: Instant,
}

enum State {
    LookingUp(LookUp),
    Dialling(Dial),
    Hopeless(String),
}

impl Finding {
    /// Begins; `token` is woken when it goes on.
    #[must_use]
    pub(super) fn begin(
        host: String,
        port: u16,
        family: Family,
        numeric: bool,
        token: Token,
        reactor: &mut Reactor,
    ) -> Self {
        let target = target(&host, port);
        let until = reactor.now() + WAIT;
        reactor.wake_at(until, token);
        let state = match LookUp::begin(Question { host, port, family, numeric }, token, reactor) {
            Ok(names) => State::LookingUp(names),
            Err(error) => State::Hopeless(error.to_string()),
        };
        Self { target, token, state, until }
    }

    /// Goes on as an event or alarm came under `cause`; nobody is led to `own` addresses.
    ///
    /// # Errors
    /// Why it failed: for the client, and in words.
    pub(super) fn advance(
        &mut self,
        cause: Token,
        own: &[Address],
        reactor: &mut Reactor,
    ) -> Result<Option<Dialled>, (Trouble, String)> {
        if let State::Hopeless(why) = &self.state {
            return Err((Trouble::NoSuchHost, why.clone()));
        }
        if let State::LookingUp(names) = &mut self.state
            && names.is_done().map_err(|error| (Trouble::NoSuchHost, error.to_string()))?
        {
            let to = names.found().to_vec();
            if to.iter().filter_map(Address::inet).any(|it| leads_back(it, own)) {
                return Err((Trouble::Loop, format!("{}: this would lead back to the proxy itself", self.target)));
            }
            let how = How { transport: &TCP, from: Vec::new(), ip_options: Vec::new() };
            self.state = State::Dialling(Dial::new(self.token, to, how));
        }
        if let State::Dialling(dial) = &mut self.state {
            match dial.advance(cause, reactor) {
                Ok(Some(dialled)) => return Ok(Some(dialled)),
                Ok(None) => {}
                Err(error) => return Err((Trouble::System(error.kind()), error.about(&self.target).to_string())),
            }
        }
        if self.until <= reactor.now() {
            return Err((Trouble::TimedOut, format!("{}: TIMEOUT. No connection was made", self.target)));
        }
        Ok(None)
    }

    /// The tokens under which events come for this.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token> {
        let dial = if let State::Dialling(dial) = &self.state { Some(dial) } else { None };
        dial.into_iter().flat_map(Dial::tokens)
    }
}

/// Host and port as they are written together, for messages.
#[must_use]
pub(super) fn target(host: &str, port: u16) -> String {
    crate::proto::proxy::Destination::new(host, port).to_string()
}

fn leads_back(to: SocketAddr, own: &[Address]) -> bool {
    let ip = to.ip().to_canonical();
    own.iter().filter_map(Address::inet).filter(|own| own.port() == to.port()).any(|own| {
        // To connect to no address in particular is to connect to this machine.
        own.ip() == ip || ip.is_unspecified() || own.ip().is_unspecified() && UdpSocket::bind((ip, 0)).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(to: &str, own: &str) -> bool {
        leads_back(to.parse().unwrap(), &[Address::Inet(own.parse().unwrap())])
    }

    #[test]
    fn nobody_is_led_in_a_circle() {
        assert!(leads("127.0.0.1:3128", "127.0.0.1:3128"));
        assert!(leads("[::ffff:127.0.0.1]:3128", "127.0.0.1:3128"));
        assert!(leads("0.0.0.0:3128", "127.0.0.1:3128"));
        assert!(leads("127.0.0.1:3128", "0.0.0.0:3128"));
        assert!(!leads("127.0.0.1:3129", "127.0.0.1:3128"));
        assert!(!leads("127.0.0.2:3128", "127.0.0.1:3128"));
        assert!(!leads("192.0.2.1:3128", "0.0.0.0:3128"), "that is somebody else's address");
    }
}
