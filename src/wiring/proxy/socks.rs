//! The SOCKS servers: versions 4 with 4a, and 5 (RFC 1928, RFC 1929).
//!
//! A newcomer's trap: the reply that lets a client begin goes out before anything the origin says,
//! so it travels as the origin's first words.

use super::{Demand, Kind, Pair, Service, Services, Trouble};
use crate::{
    error::{Error, Result},
    opening::{Stage, talk::Talk},
    proto::{
        Dialogue, Step,
        auth::Credentials,
        proxy::{
            Destination,
            serve::{self, Outcome, SERVERS, Server},
        },
    },
    stream::{Stream, prefixed::Prefixed},
    transport::Address,
};
use std::{net::SocketAddr, rc::Rc, task::Poll, time::Instant};

/// SOCKS4 and 4a.
pub(super) static SOCKS4: Kind = Kind { name: "socks4", begin: |credentials, _| Socks::begin("socks4", credentials) };

/// SOCKS5.
pub(super) static SOCKS5: Kind = Kind { name: "socks5", begin: |credentials, _| Socks::begin("socks5", credentials) };

struct Socks {
    kind: &'static serve::Kind,
    credentials: Option<Rc<Credentials>>,
}

impl Socks {
    fn begin(name: &str, credentials: Option<Rc<Credentials>>) -> Result<Box<dyn Services>> {
        static KINDS: [serve::Kind; 2] = SERVERS;
        let kind = KINDS.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| Error::usage(format!("--proxy-type {name}"), "unknown"))?;
        Ok(Box::new(Self { kind, credentials }))
    }
}

impl Services for Socks {
    fn serve(&self, client: Box<dyn Stream>, name: String) -> Box<dyn Service> {
        let dialogue = (self.kind.serve)(name.clone(), self.credentials.clone());
        let what = format!("{} with {name}", self.kind.name);
        Box::new(Client { state: State::Asking(Box::new(Talk::new(client, dialogue, what))), answer: None })
    }
}

struct Client {
    state: State,
    /// Makes the replies, once the request is known.
    answer: Option<Box<dyn Server>>,
}

enum State {
    Asking(Box<Talk<dyn Server>>),
    /// The request is known; its client waits for the reply.
    Waiting(Box<dyn Stream>),
    Refusing(Box<Talk<LastWord>>),
    Over,
}

/// A reply that ends the dialogue.
struct LastWord(Option<Vec<u8>>);

impl Dialogue for LastWord {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        arrived.clear();
        Ok(self.0.take().map_or(Step::Done, Step::Send))
    }
}

impl Service for Client {
    fn advance(&mut self, now: Instant) -> Result<Demand> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Asking(mut talk) => match talk.advance(now) {
                Ok(Poll::Ready(stream)) => {
                    let server = talk.into_dialogue();
                    let destination = server.destination().cloned();
                    self.answer = Some(server);
                    self.state = State::Waiting(stream);
                    Ok(match destination {
                        Some(Destination::Name(name, port)) => Demand::Connect(name, port),
                        Some(Destination::Address(address)) => {
                            Demand::Connect(address.ip().to_string(), address.port())
                        }
                        None => Demand::Leave,
                    })
                }
                Ok(Poll::Pending) => {
                    self.state = State::Asking(talk);
                    Ok(Demand::Wait)
                }
                Err(error) => {
                    self.state = State::Asking(talk);
                    Err(error)
                }
            },
            State::Refusing(mut talk) => match talk.advance(now)? {
                Poll::Ready(stream) => {
                    self.state = State::Waiting(stream);
                    Ok(Demand::Leave)
                }
                Poll::Pending => {
                    self.state = State::Refusing(talk);
                    Ok(Demand::Wait)
                }
            },
            State::Waiting(stream) => {
                self.state = State::Waiting(stream);
                Ok(Demand::Wait)
            }
            State::Over => Ok(Demand::Leave),
        }
    }

    fn join(&mut self, origin: Box<dyn Stream>, local: &Address) -> Option<Pair> {
        let local = local.inet().unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
        let reply = self.answer.as_ref()?.reply(Outcome::Connected(local));
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(client) => Some(Pair { client, origin: Prefixed::around(origin, reply), goes_on: false }),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn failed(&mut self, trouble: Trouble) {
        let outcome = match trouble {
            Trouble::NoSuchHost => Outcome::NoSuchHost,
            Trouble::TimedOut => Outcome::TimedOut,
            Trouble::Loop => Outcome::NotAllowed,
            Trouble::System(kind) => Outcome::from(kind),
        };
        let reply = self.answer.as_ref().map(|server| server.reply(outcome)).unwrap_or_default();
        if let State::Waiting(stream) = std::mem::replace(&mut self.state, State::Over) {
            let talk = Talk::new(stream, Box::new(LastWord(Some(reply))), "a refusal".to_owned());
            self.state = State::Refusing(Box::new(talk));
        }
    }

    fn leave(&mut self) -> Option<Box<dyn Stream>> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(stream) => Some(stream),
            State::Asking(talk) => talk.give_up(),
            State::Refusing(talk) => talk.give_up(),
            State::Over => None,
        }
    }
}
