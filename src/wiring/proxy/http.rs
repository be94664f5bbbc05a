//! The HTTP proxy server (RFC 9110, RFC 9112): CONNECT, and requests that are passed on.
//!
//! A newcomer's trap: nonces are good for a run, not for a connection, so one guard looks after all clients.

use super::{Demand, Kind, Pair, Service, Services, Trouble};
use crate::{
    error::{Error, Result, why},
    proto::{
        auth::{Guard, Verdict},
        http::{
            answers::Failure,
            asking::Authorize,
            rewrite::{Settings, pseudonym},
        },
    },
    report::escape,
    stream::{
        Stream,
        http_proxy::{self, ClientSide},
    },
    transport::Address,
};
use std::{cell::RefCell, io, rc::Rc, time::Instant};

/// What users are asked for.
const REALM: &str = "rncat";

/// The HTTP proxy.
pub(super) static HTTP: Kind = Kind {
    name: "http",
    begin: |credentials, now| {
        let guard = credentials.map(|it| Guard::new(it, REALM, now)).transpose()?;
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Error::usage("the HTTP proxy", "this machine has no random numbers"))?;
        let settings = Rc::new(Settings { pseudonym: pseudonym(random) });
        Ok(Box::new(Http { settings, guard: Rc::new(RefCell::new(guard)) }))
    },
};

struct Http {
    settings: Rc<Settings>,
    guard: Rc<RefCell<Option<Guard>>>,
}

impl Services for Http {
    fn serve(&self, client: Box<dyn Stream>, name: String) -> Box<dyn Service> {
        let side = ClientSide::new(client, Rc::clone(&self.settings));
        Box::new(Client { side, guard: Rc::clone(&self.guard), name })
    }
}

struct Client {
    side: ClientSide,
    guard: Rc<RefCell<Option<Guard>>>,
    name: String,
}

/// Asks the guard, at a time.
struct At<'a>(&'a mut Option<Guard>, Instant);

impl Authorize for At<'_> {
    fn check(&mut self, method: &str, uri: &[u8], answer: Option<&[u8]>) -> std::result::Result<(), Vec<String>> {
        let Some(guard) = &mut self.0 else { return Ok(()) };
        match guard.check(answer, method.as_bytes(), uri, self.1) {
            Verdict::Granted => Ok(()),
            verdict => {
                let challenges = guard.challenges(verdict, self.1).unwrap_or_default();
                Err(challenges.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect())
            }
        }
    }
}

impl Service for Client {
    fn advance(&mut self, now: Instant) -> Result<Demand> {
        let mut guard = self.guard.borrow_mut();
        match self.side.advance(&mut At(&mut guard, now)) {
            Ok(http_proxy::Demand::Wait) => Ok(Demand::Wait),
            Ok(http_proxy::Demand::Pause) => Ok(Demand::Pause),
            Ok(http_proxy::Demand::Connect(to)) => Ok(Demand::Connect(to.host, to.port)),
            Ok(http_proxy::Demand::Leave) => Ok(Demand::Leave),
            Err(error) => Err(Error::network(format!("HTTP with {}", escape(self.name.as_bytes())), why(&error))),
        }
    }

    fn join(&mut self, origin: Box<dyn Stream>, _: &Address) -> Option<Pair> {
        let pair = self.side.join(origin);
        let goes_on = pair.kind == http_proxy::Kind::Exchange;
        Some(Pair { client: pair.client, origin: pair.origin, goes_on })
    }

    fn failed(&mut self, trouble: Trouble) {
        self.side.failed(match trouble {
            Trouble::NoSuchHost => Failure::UnknownHost,
            Trouble::TimedOut | Trouble::System(io::ErrorKind::TimedOut) => Failure::TimedOut,
            Trouble::Loop => Failure::Loop,
            Trouble::System(io::ErrorKind::ConnectionRefused) => Failure::Refused,
            Trouble::System(_) => Failure::Unreachable,
        });
    }

    fn leave(&mut self) -> Option<Box<dyn Stream>> {
        Some(self.side.leave())
    }
}
