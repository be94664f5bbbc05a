//! One request and its response, as the wiring sees them: it moves bytes and makes connections,
//! and knows nothing of HTTP.
//!
//! ```text
//! from_client ─▶ Connect ─▶ connected ─▶ to_origin, from_origin ─▶ next
//!            └─▶ Answer (ours) ─▶ from_client, until Done
//! ```
//!
//! A newcomer's trap: whether the client's connection goes on is told in the head of the response.
//! A request whose body is still on its way then may never come to its end, so the connection
//! does not go on.

use super::{
    answers::{Answer, Failure, Next, Status, TUNNEL},
    asking::{Ahead, Asker, Authorize, Refused, understand},
    body::{Body, Passed, Truncated},
    chunked::BadChunk,
    first_line::RequestLine,
    head::{Head, HeadReader},
    response::Response,
    rewrite::Settings,
    target::Destination,
};
use std::rc::Rc;

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// More bytes of the client are needed.
    Wait,
    /// A connection is wanted; then [`Exchange::connected`] or [`Exchange::origin_failed`].
    Connect(Destination),
    /// For the client; then [`Exchange::from_client`] again.
    Answer(Vec<u8>),
    /// The exchange is over.
    Done(Next),
}

/// What is to be done with a connection that stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Connected {
    /// The client gets this, and from then on both get what the other says, and its end.
    Tunnel(&'static [u8]),
    /// The origin gets this, and then what [`Exchange::to_origin`] lets through.
    Forward(Vec<u8>),
}

/// See the module's description.
#[derive(Debug)]
pub struct Exchange {
    settings: Rc<Settings>,
    asker: Asker,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Head(HeadReader<RequestLine>),
    /// A connection is being made.
    Asked {
        wanted: Ahead,
        body: Body,
    },
    Relaying {
        body: Body,
        response: Response,
    },
    Tunnel,
    /// Answered; the rest of the body is thrown away.
    Skipping(Body),
    Done(Next),
}

impl Exchange {
    /// Before the first byte of a request.
    #[must_use]
    pub fn new(settings: Rc<Settings>) -> Self {
        Self { settings, asker: Asker::default(), phase: Phase::Head(HeadReader::default()) }
    }

    /// Takes what it uses from the front of `arrived`; the rest is for later, or for the next exchange.
    pub fn from_client(&mut self, arrived: &mut Vec<u8>, gate: &mut dyn Authorize) -> Event {
        match &mut self.phase {
            Phase::Head(reader) => match reader.read(arrived) {
                Ok(None) => Event::Wait,
                Ok(Some(head)) => self.asked(head, gate),
                Err(bad) => self.refuse(&bad.into(), None),
            },
            Phase::Skipping(body) => match body.pass(arrived) {
                Ok(passed) => {
                    arrived.drain(..passed.used);
                    if !body.is_over() {
                        return Event::Wait;
                    }
                    self.phase = Phase::Done(Next::KeepOpen);
                    Event::Done(Next::KeepOpen)
                }
                Err(_) => self.done(Next::Close),
            },
            Phase::Done(next) => Event::Done(*next),
            Phase::Asked { .. } | Phase::Relaying { .. } | Phase::Tunnel => Event::Wait,
        }
    }

    /// The client says no more, before a connection was wanted; `arrived` is what is left of it.
    pub fn client_ended(&mut self, arrived: &[u8]) -> Event {
        match &self.phase {
            Phase::Head(reader) if reader.has_begun(arrived) => {
                self.refuse(&Answer::new(Status::BadRequest, "the request ended within its header"), None)
            }
            Phase::Head(_) | Phase::Skipping(_) => self.done(Next::Close),
            Phase::Done(next) => Event::Done(*next),
            Phase::Asked { .. } | Phase::Relaying { .. } | Phase::Tunnel => Event::Wait,
        }
    }

    /// Whether nothing of a request has come; `arrived` is what is left.
    #[must_use]
    pub fn is_idle(&self, arrived: &[u8]) -> bool {
        matches!(&self.phase, Phase::Head(reader) if !reader.has_begun(arrived))
    }

    /// The connection that was wanted stands.
    pub fn connected(&mut self) -> Connected {
        match std::mem::replace(&mut self.phase, Phase::Tunnel) {
            Phase::Asked { wanted: Ahead::Forward(head), body } => {
                self.phase = Phase::Relaying { body, response: Response::default() };
                Connected::Forward(head)
            }
            _ => Connected::Tunnel(TUNNEL),
        }
    }

    /// The connection that was wanted could not be made.
    pub fn origin_failed(&mut self, failure: Failure) -> Event {
        let body = match std::mem::replace(&mut self.phase, Phase::Done(Next::Close)) {
            Phase::Asked { body, .. } => Some(body),
            _ => None,
        };
        self.refuse(&failure.into(), body)
    }

    /// How many bytes of the request to read at most; 0 when there are no more.
    #[must_use]
    pub fn request_wants(&self) -> usize {
        match &self.phase {
            Phase::Relaying { body, .. } => body.wants(),
            _ => 0,
        }
    }

    /// Takes what belongs to the request's body from the front of `bytes`, see [`Body::pass`].
    ///
    /// # Errors
    /// When the body is malformed; it will not be whole, and the connection does not go on.
    pub fn to_origin(&mut self, bytes: &mut [u8]) -> Result<Passed, BadChunk> {
        match &mut self.phase {
            Phase::Relaying { body, response } => body.pass(bytes).inspect_err(|_| response.request_is_bad()),
            _ => Ok(Passed::default()),
        }
    }

    /// The client says no more.
    ///
    /// # Errors
    /// When the request was not whole.
    pub fn request_ended(&mut self) -> Result<(), Truncated> {
        match &mut self.phase {
            Phase::Relaying { body, response } if !body.is_over() => {
                response.request_is_bad();
                Err(Truncated)
            }
            _ => Ok(()),
        }
    }

    /// Whether the request will never be whole.
    #[must_use]
    pub fn request_is_bad(&self) -> bool {
        matches!(&self.phase, Phase::Relaying { response, .. } if response.is_request_bad())
    }

    /// Reads the head of the response from the front of `arrived`, and interim ones before it:
    /// what the client gets. It is a 502 of our own if it cannot be understood.
    pub fn response_head(&mut self, arrived: &mut Vec<u8>) -> Vec<u8> {
        match &mut self.phase {
            Phase::Relaying { body, response } => {
                response.head(arrived, &self.asker, body.is_over(), &self.settings.pseudonym)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the head of the response has been read, or made.
    #[must_use]
    pub fn has_response(&self) -> bool {
        matches!(&self.phase, Phase::Relaying { response, .. } if response.has_begun())
    }

    /// How many bytes of the response's body to read at most; 0 when there are no more.
    #[must_use]
    pub fn response_wants(&self) -> usize {
        match &self.phase {
            Phase::Relaying { response, .. } => response.wants(),
            _ => 0,
        }
    }

    /// Takes what belongs to the response's body from the front of `bytes`, see [`Body::pass`].
    ///
    /// # Errors
    /// When the body is malformed; the connection does not go on.
    pub fn from_origin(&mut self, bytes: &mut [u8]) -> Result<Passed, BadChunk> {
        match &mut self.phase {
            Phase::Relaying { response, .. } => response.pass(bytes),
            _ => Ok(Passed::default()),
        }
    }

    /// The origin says no more, in whatever way: what the client gets still, if it had got nothing.
    ///
    /// # Errors
    /// When the response was not whole; the connection does not go on.
    pub fn origin_ended(&mut self) -> Result<Vec<u8>, Truncated> {
        match &mut self.phase {
            Phase::Relaying { body, response } => response.ended(&self.asker, body.is_over()),
            _ => Ok(Vec::new()),
        }
    }

    /// What becomes of the client's connection, as things stand: it is closed unless both messages were whole.
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.phase {
            Phase::Done(next) => *next,
            Phase::Skipping(_) => Next::KeepOpen,
            Phase::Relaying { body, response } if body.is_over() => response.next(),
            _ => Next::Close,
        }
    }

    fn asked(&mut self, head: Head<RequestLine>, gate: &mut dyn Authorize) -> Event {
        self.asker = Asker::new(&head);
        match understand(head, gate, &self.settings.pseudonym) {
            Ok((to, wanted, body)) => {
                self.phase = Phase::Asked { wanted, body };
                Event::Connect(to)
            }
            Err(Refused(answer, body)) => self.refuse(&answer, body),
        }
    }

    /// Answers by ourselves. The connection goes on if the end of the request is known to be near.
    fn refuse(&mut self, answer: &Answer, body: Option<Body>) -> Event {
        let next = body.as_ref().map_or(Next::Close, |body| self.asker.next_after(body));
        self.phase = match (next, body) {
            (Next::KeepOpen, Some(body)) => Phase::Skipping(body),
            _ => Phase::Done(next),
        };
        Event::Answer(answer.bytes(&self.asker.method, next))
    }

    fn done(&mut self, next: Next) -> Event {
        self.phase = Phase::Done(next);
        Event::Done(next)
    }
}

#[cfg(test)]
mod tests;
