//! The layers of an HTTP proxy server: one around the client's stream, one around the origin's.
//!
//! What is read from the client's side is what the origin gets, and ends with the request; what is
//! read from the origin's side is what the client gets, and ends with the response. So the relay
//! joins them like any two streams, and by its third rule tells each what the other has said all of.
//! [`crate::proto::http::exchange`] knows why.
//!
//! A newcomer's trap: a message's end is no connection's end. `finish` sends no FIN here, except
//! to an origin whose request will never be whole. When the relay says that the client's side is
//! finished, the exchange is over, and the wiring takes the stream back for the next one.

use super::{Flow, Stream, prefixed::Prefixed};
use crate::proto::http::{
    answers::Failure,
    asking::Authorize,
    exchange::{Connected, Event},
    rewrite::Settings,
    target::Destination,
};
use mio::{Registry, Token};
use std::{cell::RefCell, io, mem, rc::Rc, task::Poll, time::Instant};

mod client;
mod origin;
mod outgoing;
#[cfg(test)]
mod tests;

use client::{Client, State};
use origin::OriginSide;
use outgoing::Outgoing;

/// How much of a head is read at a time.
const HEAD: usize = 16 * 1024;

/// The client's side. Its clones are the same one: the wiring keeps one and lends the relay another.
#[derive(Clone)]
pub struct ClientSide(Rc<RefCell<Client>>);

/// What the wiring has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing, until an event comes for the client.
    Wait,
    /// Calling again soon, for there is more; but it is the others' turn.
    Pause,
    /// A connection is to be made; then [`ClientSide::join`] or [`ClientSide::failed`].
    Connect(Destination),
    /// The connection is to be closed: [`ClientSide::leave`].
    Leave,
}

/// Two streams for the relay to join, both ways.
pub struct Pair {
    /// The client's.
    pub client: Box<dyn Stream>,
    /// The origin's.
    pub origin: Box<dyn Stream>,
    /// What passes between them.
    pub kind: Kind,
}

/// See [`Pair`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whatever they say: rule 3 ends it, and the client's connection with it.
    Tunnel,
    /// A request and its response; over when the client's side is finished.
    Exchange,
}

impl ClientSide {
    /// Around the stream of a client that has said nothing yet.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, settings: Rc<Settings>) -> Self {
        Self(Rc::new(RefCell::new(Client::new(inner, settings))))
    }

    /// Goes on until something is to be done. Called at the beginning, for each event while the
    /// client is not in the relay, after [`ClientSide::failed`], and when an exchange is over.
    ///
    /// # Errors
    /// When the client's connection fails.
    pub fn advance(&self, gate: &mut dyn Authorize) -> io::Result<Demand> {
        self.0.borrow_mut().advance(gate)
    }

    /// Whether nothing of a request has come since the last one: it may be closed without a word.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let client = self.0.borrow();
        client.state == State::Asking && client.answer.is_empty() && client.exchange.borrow().is_idle(&client.early)
    }

    /// The connection that was wanted stands.
    #[must_use]
    pub fn join(&self, origin: Box<dyn Stream>) -> Pair {
        let mut client = self.0.borrow_mut();
        let connected = client.exchange.borrow_mut().connected();
        match connected {
            Connected::Tunnel(reply) => {
                client.state = State::Leaving;
                let inner = mem::replace(&mut client.inner, Box::new(GivenAway));
                Pair {
                    client: Prefixed::around(inner, mem::take(&mut client.early)),
                    // So that the relay takes care of it, however slowly the client reads.
                    origin: Prefixed::around(origin, reply.to_vec()),
                    kind: Kind::Tunnel,
                }
            }
            Connected::Forward(head) => {
                client.state = State::Relaying;
                client.head = Outgoing::from(head);
                let origin = OriginSide::new(origin, Rc::clone(&client.exchange));
                Pair { client: Box::new(self.clone()), origin: Box::new(origin), kind: Kind::Exchange }
            }
        }
    }

    /// The connection that was wanted could not be made; then [`ClientSide::advance`].
    pub fn failed(&self, failure: Failure) {
        let mut client = self.0.borrow_mut();
        let event = client.exchange.borrow_mut().origin_failed(failure);
        if let Event::Answer(answer) = event {
            client.answers(answer);
        }
    }

    /// The stream as it is to be added to the relay and closed lingering: what is still to be
    /// said is said, what still comes is thrown away.
    #[must_use]
    pub fn leave(&self) -> Box<dyn Stream> {
        self.0.borrow_mut().state = State::Leaving;
        Box::new(self.clone())
    }
}

impl Stream for ClientSide {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.0.borrow_mut().inner.register(registry, token)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut client = self.0.borrow_mut();
        match client.state {
            State::Relaying => client.read_request(buffer),
            State::Asking | State::Leaving => client.inner.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut client = self.0.borrow_mut();
        match client.flush_answer()? {
            Poll::Ready(()) => client.inner.write(bytes),
            Poll::Pending => Ok(Flow::Blocked),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        let mut client = self.0.borrow_mut();
        match client.flush_answer()? {
            Poll::Ready(()) => client.inner.flush(),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut client = self.0.borrow_mut();
        if client.state == State::Leaving { client.inner.finish() } else { Ok(()) }
    }

    fn hang_up(&mut self) -> io::Result<()> {
        let mut client = self.0.borrow_mut();
        // What still comes is to be thrown away, whatever it is.
        client.state = State::Leaving;
        client.inner.hang_up()
    }

    fn broken(&mut self) -> io::Result<()> {
        self.0.borrow_mut().inner.broken()
    }

    fn break_off(&mut self) {
        self.0.borrow_mut().inner.break_off();
    }

    fn undelivered(&self) -> usize {
        let client = self.0.borrow();
        client.answer.waiting().len() + client.inner.undelivered()
    }

    fn deadline(&self) -> Option<Instant> {
        self.0.borrow().inner.deadline()
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.0.borrow_mut().inner.timeout(now)
    }
}

/// What is left behind where a stream was.
struct GivenAway;

impl Stream for GivenAway {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, _: &mut [u8]) -> io::Result<Flow> {
        Ok(Flow::Ended)
    }

    fn write(&mut self, _: &[u8]) -> io::Result<Flow> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
