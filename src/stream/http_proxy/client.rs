//! What is on the client's side: its stream, the exchange, and what is on its way.
//!
//! A newcomer's trap: who does not read our answers is not read either, or they would pile up.

use super::{Demand, HEAD, outgoing::Outgoing};
use crate::{
    proto::http::{
        answers::Next,
        asking::Authorize,
        exchange::{Event, Exchange},
        rewrite::Settings,
    },
    stream::{Flow, Stream},
};
use std::{cell::RefCell, io, rc::Rc, task::Poll};

/// Reads and answers of our own before the other clients have their turn.
const TURNS: usize = 64;

pub(super) struct Client {
    pub(super) inner: Box<dyn Stream>,
    pub(super) settings: Rc<Settings>,
    pub(super) exchange: Rc<RefCell<Exchange>>,
    /// What was read of the client and not yet used; of bounded size.
    pub(super) early: Vec<u8>,
    /// What the client gets from us, and the origin.
    pub(super) answer: Outgoing,
    pub(super) head: Outgoing,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Between the wiring and the client.
    Asking,
    /// In the relay, joined to an origin.
    Relaying,
    /// In the relay, to be closed.
    Leaving,
}

impl Client {
    pub(super) fn new(inner: Box<dyn Stream>, settings: Rc<Settings>) -> Self {
        let exchange = Rc::new(RefCell::new(Exchange::new(Rc::clone(&settings))));
        let (answer, head) = (Outgoing::default(), Outgoing::default());
        Self { inner, settings, exchange, early: Vec::new(), answer, head, state: State::Asking }
    }

    pub(super) fn advance(&mut self, gate: &mut dyn Authorize) -> io::Result<Demand> {
        if self.state == State::Relaying {
            let next = self.exchange.borrow().next();
            self.renew(next);
        }
        let (mut buffer, mut turns) = (Vec::new(), 0..TURNS);
        while self.state == State::Asking {
            if turns.next().is_none() {
                return Ok(Demand::Pause);
            }
            // Who does not read our answers is not read either.
            if self.flush_answer()?.is_pending() {
                return Ok(Demand::Wait);
            }
            let event = self.exchange.borrow_mut().from_client(&mut self.early, gate);
            match event {
                Event::Connect(to) => return Ok(Demand::Connect(to)),
                Event::Answer(answer) => self.answers(answer),
                Event::Done(next) => self.renew(next),
                Event::Wait => {
                    buffer.resize(HEAD, 0);
                    match self.inner.read(&mut buffer)? {
                        Flow::Moved(n) => self.early.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                        Flow::Blocked => return Ok(Demand::Wait),
                        Flow::Ended => {
                            let event = self.exchange.borrow_mut().client_ended(&self.early);
                            self.state = State::Leaving;
                            if let Event::Answer(answer) = event {
                                self.answers(answer);
                            }
                        }
                    }
                }
            }
        }
        Ok(Demand::Leave)
    }

    /// Who is closed after an answer gets it while the connection closes.
    pub(super) fn answers(&mut self, answer: Vec<u8>) {
        self.answer.push(answer);
        if self.exchange.borrow().next() == Next::Close {
            self.state = State::Leaving;
        }
    }

    fn renew(&mut self, next: Next) {
        self.state = match next {
            Next::KeepOpen => State::Asking,
            Next::Close => State::Leaving,
        };
        self.exchange = Rc::new(RefCell::new(Exchange::new(Rc::clone(&self.settings))));
    }

    pub(super) fn flush_answer(&mut self) -> io::Result<Poll<()>> {
        while !self.answer.is_empty() {
            match self.inner.write(self.answer.waiting())? {
                Flow::Moved(n) => self.answer.taken(n),
                Flow::Blocked => return Ok(Poll::Pending),
                Flow::Ended => return Err(io::ErrorKind::WriteZero.into()),
            }
        }
        Ok(Poll::Ready(()))
    }

    /// What the origin gets.
    pub(super) fn read_request(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if !self.head.is_empty() {
            return Ok(Flow::Moved(self.head.fill(buffer)));
        }
        let mut exchange = self.exchange.borrow_mut();
        let wants = exchange.request_wants().min(buffer.len());
        if exchange.request_wants() == 0 {
            return Ok(Flow::Ended);
        }
        let n = match self.early.len().min(wants) {
            0 => match self.inner.read(buffer.get_mut(..wants).unwrap_or_default()) {
                Ok(Flow::Moved(n)) => n,
                Ok(Flow::Blocked) => return Ok(Flow::Blocked),
                Ok(Flow::Ended) => {
                    let _ = exchange.request_ended();
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Err(error) => {
                    let _ = exchange.request_ended();
                    return Err(error);
                }
            },
            n => {
                buffer.iter_mut().zip(self.early.drain(..n)).for_each(|(to, from)| *to = from);
                n
            }
        };
        let read = buffer.get_mut(..n).unwrap_or_default();
        let passed = exchange.to_origin(read).map_err(|bad| io::Error::new(io::ErrorKind::UnexpectedEof, bad.0))?;
        let rest = read.get(passed.used..).unwrap_or_default();
        if !rest.is_empty() {
            self.early.splice(..0, rest.iter().copied());
        }
        // Something of it is always used, and all of that is kept.
        Ok(Flow::Moved(passed.kept))
    }
}
