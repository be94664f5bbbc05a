//! The stage that leads a [`Dialogue`] over a connection: a proxy's, or STARTTLS's.
//!
//! A newcomer's trap: what the other end has sent behind its last word belongs to whoever comes
//! next, and no event will tell of it again.

use super::Stage;
use crate::{
    error::{Error, Result, why},
    proto::{Dialogue, Step},
    stream::{Flow, Stream, prefixed::Prefixed},
};
use std::{task::Poll, time::Instant};

/// Bytes read at a time.
const PIECE: usize = 4096;

/// See the module's description.
pub struct Talk<D: ?Sized> {
    stream: Option<Box<dyn Stream>>,
    dialogue: Box<D>,
    /// What it is about, for messages.
    what: String,
    arrived: Vec<u8>,
    /// What is being said, and how much of it the stream has taken.
    saying: Vec<u8>,
    said: usize,
    again: bool,
}

impl<D: Dialogue + ?Sized> Talk<D> {
    /// Leads `dialogue` over `stream`; `what` it is about is said when it fails.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, dialogue: Box<D>, what: String) -> Self {
        Self { stream: Some(stream), dialogue, what, arrived: Vec::new(), saying: Vec::new(), said: 0, again: false }
    }

    /// The dialogue, once it is done, to ask for what it has found out.
    #[must_use]
    pub fn into_dialogue(self) -> Box<D> {
        self.dialogue
    }

    /// Sends what is being said; `false` while the stream does not take it.
    fn say(&mut self) -> Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let failed = |error| Error::network(self.what.clone(), why(&error));
        while let Some(rest @ [_, ..]) = self.saying.get(self.said..) {
            match stream.write(rest).map_err(failed)? {
                Flow::Moved(n) => self.said += n,
                Flow::Blocked | Flow::Ended => return Ok(false),
            }
        }
        (self.saying, self.said) = (Vec::new(), 0);
        Ok(stream.flush().map_err(failed)?.is_ready())
    }

    /// Reads a piece, and what the dialogue makes of the other end's leaving; `None` when nothing comes.
    fn hear(&mut self) -> Result<Option<Step>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let mut piece = [0; PIECE];
        match stream.read(&mut piece).map_err(|error| Error::network(self.what.clone(), why(&error)))? {
            Flow::Moved(n) => self.arrived.extend_from_slice(piece.get(..n).unwrap_or_default()),
            Flow::Blocked => return Ok(None),
            Flow::Ended => return self.dialogue.ended().map(Some),
        }
        self.dialogue.advance(&mut self.arrived).map(Some)
    }
}

impl<D: Dialogue + ?Sized> Stage for Talk<D> {
    fn advance(&mut self, _: Instant) -> Result<Poll<Box<dyn Stream>>> {
        if !self.say()? {
            return Ok(Poll::Pending);
        }
        let mut step = self.dialogue.advance(&mut self.arrived)?;
        loop {
            step = match step {
                Step::Send(bytes) => {
                    self.saying = bytes;
                    if !self.say()? {
                        return Ok(Poll::Pending);
                    }
                    self.dialogue.advance(&mut self.arrived)?
                }
                Step::Wait => match self.hear()? {
                    Some(step) => step,
                    None => return Ok(Poll::Pending),
                },
                Step::Done => {
                    let Some(stream) = self.stream.take() else { return Ok(Poll::Pending) };
                    return Ok(Poll::Ready(Prefixed::around(stream, std::mem::take(&mut self.arrived))));
                }
                Step::Again => {
                    self.again = true;
                    return Err(Error::network(self.what.clone(), "a new connection is needed"));
                }
            };
        }
    }

    fn give_up(self: Box<Self>) -> Option<Box<dyn Stream>> {
        self.stream
    }

    fn timed_out(&self) -> Error {
        Error::network(self.what.clone(), "TIMEOUT. No answer came in time").hint("is that the right kind of server?")
    }

    fn wants_again(&self) -> bool {
        self.again
    }
}
