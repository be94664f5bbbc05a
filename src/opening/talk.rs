//! The stage that leads a [`Dialogue`] over a connection: a proxy's, or STARTTLS's.
//!
//! A newcomer's trap: what the other end has sent behind its last word belongs to whoever comes
//! next, and no event will tell of it again.

use super::Stage;
use crate::{
    error::{Error, Result, why},
    proto::{Dialogue, Step},
    stream::{Flow, Stream, prefixed::Prefixed},
    tap::Record,
};
use std::{io, rc::Rc, task::Poll, time::Instant};
use zeroize::{Zeroize, Zeroizing};

/// Bytes read at a time.
const PIECE: usize = 4096;

/// What it may mean when something comes in clear that should not.
pub(super) const INJECTED: &str = "somebody in between may have sent that (CVE-2011-0411)";

/// So many bytes came where only TLS should.
pub(super) fn injected(what: String, count: usize) -> Error {
    let why = format!("{count} bytes came in clear behind the server's agreement to encrypt");
    Error::network(what, why).hint(INJECTED)
}

/// See the module's description.
pub struct Talk<D: ?Sized> {
    stream: Option<Box<dyn Stream>>,
    dialogue: Box<D>,
    /// What it is about, for messages.
    what: String,
    arrived: Zeroizing<Vec<u8>>,
    /// What is being said, and how much of it the stream has taken.
    saying: Zeroizing<Vec<u8>>,
    said: usize,
    /// Why the other end takes nothing more. What it said before that tells more.
    deaf: Option<io::Error>,
    again: bool,
    /// Told what is said, for a transcript.
    record: Option<Rc<Record>>,
}

impl<D: Dialogue + ?Sized> Talk<D> {
    /// Leads `dialogue` over `stream`; `what` it is about is said when it fails.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, dialogue: Box<D>, what: String) -> Self {
        let (arrived, saying) = (Zeroizing::default(), Zeroizing::default());
        Self { stream: Some(stream), dialogue, what, arrived, saying, said: 0, deaf: None, again: false, record: None }
    }

    /// Has it in the connection's transcript, where it comes before what the user says. For dialogues that end
    /// with [`Step::Upgrade`]: what others leave would be recorded twice.
    #[must_use]
    pub fn recorded(mut self, record: Option<&Rc<Record>>) -> Self {
        self.record = record.cloned();
        self
    }

    /// The dialogue, once it is done, to ask for what it has found out.
    #[must_use]
    pub fn into_dialogue(self) -> Box<D> {
        self.dialogue
    }

    /// Sends what is being said; `false` while the stream does not take it.
    fn say(&mut self) -> Result<bool> {
        match self.write() {
            Ok(done) => Ok(done),
            Err(error) if self.deaf.is_none() => {
                self.saying.zeroize();
                (self.said, self.deaf) = (0, Some(error));
                Ok(true)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn write(&mut self) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        while let Some(rest @ [_, ..]) = self.saying.get(self.said..) {
            match stream.write(rest)? {
                Flow::Moved(n) => {
                    if let Some(record) = &self.record {
                        record.sent_before(rest.get(..n).unwrap_or(rest));
                    }
                    self.said += n;
                }
                Flow::Blocked | Flow::Ended => return Ok(false),
            }
        }
        // There may have been a password in it.
        self.saying.zeroize();
        self.said = 0;
        Ok(stream.flush()?.is_ready())
    }

    /// Reads a piece, and what the dialogue makes of the other end's leaving; `None` when nothing comes.
    fn hear(&mut self) -> Result<Option<Step>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let mut piece = Zeroizing::new([0; PIECE]);
        match (stream.read(&mut *piece), &self.deaf) {
            (Ok(Flow::Moved(n)), _) => {
                let piece = piece.get(..n).unwrap_or_default();
                if let Some(record) = &self.record {
                    record.received_before(piece);
                }
                append(&mut self.arrived, piece);
            }
            (Ok(Flow::Blocked), None) => return Ok(None),
            (Ok(Flow::Ended), _) => return self.dialogue.ended().map(Some),
            // A reset is an end, too, after which a new connection may do.
            (Ok(Flow::Blocked), Some(error)) => return self.dialogue.ended().map(Some).map_err(|_| self.failed(error)),
            (Err(error), _) => return self.dialogue.ended().map(Some).map_err(|_| self.failed(&error)),
        }
        self.dialogue.advance(&mut self.arrived).map(Some)
    }

    fn failed(&self, error: &io::Error) -> Error {
        let failed = Error::network(self.what.clone(), why(error));
        match self.dialogue.hint() {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    }
}

/// Appends to what may have a password in it: nothing is left where it has grown out of.
fn append(arrived: &mut Vec<u8>, piece: &[u8]) {
    if arrived.capacity() - arrived.len() < piece.len() {
        let mut grown = Vec::with_capacity((arrived.len() + piece.len()).next_power_of_two());
        grown.extend_from_slice(arrived);
        std::mem::replace(arrived, grown).zeroize();
    }
    arrived.extend_from_slice(piece);
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
                    self.saying = bytes.into();
                    if !self.say()? {
                        return Ok(Poll::Pending);
                    }
                    self.dialogue.advance(&mut self.arrived)?
                }
                Step::Wait => match self.hear()? {
                    Some(step) => step,
                    None => return Ok(Poll::Pending),
                },
                Step::Upgrade if !self.arrived.is_empty() => {
                    return Err(injected(self.what.clone(), self.arrived.len()));
                }
                Step::Done | Step::Upgrade => {
                    let Some(stream) = self.stream.take() else { return Ok(Poll::Pending) };
                    let left = self.arrived.to_vec();
                    self.arrived.zeroize();
                    return Ok(Poll::Ready(Prefixed::around(stream, left)));
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
        let hint = self.dialogue.hint().unwrap_or("is that the right kind of server?");
        Error::network(self.what.clone(), "TIMEOUT. No answer came in time").hint(hint)
    }

    fn wants_again(&self) -> bool {
        self.again
    }
}
