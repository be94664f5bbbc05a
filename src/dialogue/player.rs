//! One side of a dialogue without I/O: says its lines, each when its turn comes, and checks those of the other.
//!
//! A newcomer's trap: it takes what the peer says only when it is the peer's turn. So what comes early waits
//! where it is, and a peer that never listens holds up nobody but itself.

mod encrypting;
mod hearing;

use super::{
    answer::{Answer, Followed},
    expect::Expect,
    fault,
    inbox::Inbox,
    listing::Listing,
    script::{Action, Kind, Script},
    template::Speech,
    text::Captured,
};
use crate::{
    error::{Error, Result},
    opening::upgrade::Handle,
    proto::evidence::Side,
    stream::hand_over,
};
use std::{collections::BTreeSet, rc::Rc, time::Duration};

/// So much is made ready at once of what is said, more or less, in bytes.
const READY: usize = 16 * 1024;

/// See the module's description.
#[derive(Debug)]
pub struct Player {
    script: Rc<Script>,
    encryption: Encryption,
    /// The step that is under way, or comes next.
    at: usize,
    doing: Doing,
    /// `...` stands before the step that comes next.
    skips: bool,
    /// Ours had the last word.
    had_last_word: bool,
    inbox: Inbox,
    out: Vec<u8>,
    /// How much of that has been fetched.
    fetched: usize,
    /// All bytes that were ever in it.
    said: u64,
    captured: Captured,
    followed: Followed,
    gone: Option<Gone>,
    failure: Option<Error>,
    heard_more: bool,
}

/// What `--- TLS` means for this connection.
#[derive(Debug)]
pub enum Encryption {
    /// Nothing: it has been encrypted from the beginning.
    There,
    /// It can be encrypted.
    Later(Rc<Handle>),
    /// It cannot be.
    Never,
}

/// How the peer has left.
#[derive(Debug, Clone)]
pub struct Gone {
    /// In words, as "the peer has left".
    pub how: String,
    /// A line that it has begun is one; of who was cut off, it may be a part.
    pub in_order: bool,
}

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaits {
    /// That what it says is taken.
    Taken,
    /// Something of the peer, which should not keep silent for too long.
    Peer,
    /// A moment of silence: then it is known that the peer has said all.
    Silence,
    /// Nothing any more.
    Nothing,
}

/// What it is doing.
#[derive(Debug)]
enum Doing {
    /// It looks at the step that comes next.
    Next,
    Saying(Speech),
    Hearing(Expect, Skips),
    Answered(Answer, Literal, Skips),
    Comparing(Listing),
    /// It passes over lines of the peer, of which some have come or need not.
    Passing {
        heard: bool,
    },
    Over,
}

/// Whether other lines may come first.
type Skips = bool;

/// Bytes to come that are no lines.
type Literal = u64;

impl Player {
    /// Begins with a dialogue.
    #[must_use]
    pub fn new(script: Rc<Script>, encryption: Encryption) -> Self {
        // Before a client says anything there may be a greeting, which is like an answer.
        let had_last_word = script.side() == Side::Client;
        Self {
            script,
            encryption,
            at: 0,
            doing: Doing::Next,
            skips: false,
            had_last_word,
            inbox: Inbox::default(),
            out: Vec::new(),
            fetched: 0,
            said: 0,
            captured: Captured::new(),
            followed: Followed::default(),
            gone: None,
            failure: None,
            heard_more: false,
        }
    }

    /// Fetches what it says next; 0 when it has nothing to say now.
    ///
    /// # Errors
    /// When the dialogue does not go as it is written; once.
    pub fn fetch(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.run();
        let count = hand_over(self.out.get(self.fetched..).unwrap_or_default(), buffer);
        self.fetched += count;
        match self.failure.take() {
            Some(failure) if count == 0 => Err(failure),
            failure => {
                self.failure = failure;
                Ok(count)
            }
        }
    }

    /// Whether it listens: it is the peer's turn.
    pub fn listens(&mut self) -> bool {
        self.run();
        !self.has_words() && !self.speaks()
    }

    /// The peer has said this; give it only to one that listens.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
        self.run();
    }

    /// The peer will say nothing more.
    ///
    /// # Errors
    /// When something was still to come.
    pub fn leave(&mut self, gone: Gone) -> Result<()> {
        self.gone = Some(gone);
        self.run();
        self.failure.take().map_or(Ok(()), Err)
    }

    /// What it [awaits](Self::awaits) has not come for so long.
    ///
    /// # Errors
    /// That it has not; unless nothing in particular was to come.
    pub fn give_up(&mut self, time: Duration) -> Result<()> {
        let error = match self.doing {
            Doing::Passing { .. } if !self.is_in_message() => {
                self.pass_over();
                return Ok(());
            }
            _ if self.awaits() == Awaits::Taken => fault::untaken(&self.script, self.at, time),
            Doing::Answered(ref answer, ..) if answer.has_begun() => fault::unfinished(&self.script, self.at, time),
            Doing::Passing { .. } => fault::endless(&self.script, self.at, time),
            Doing::Over => return Ok(()),
            _ => fault::silent(&self.script, self.at, self.inbox.unread(), time),
        };
        self.doing = Doing::Over;
        Err(self.after_others(error))
    }

    /// The moment of silence has passed that it [awaits](Self::awaits).
    pub fn pass_over(&mut self) {
        if matches!(self.doing, Doing::Passing { .. }) {
            self.doing = Doing::Next;
            self.run();
        }
    }

    /// What it waits for.
    #[must_use]
    pub fn awaits(&self) -> Awaits {
        match self.doing {
            _ if self.has_words() || self.speaks() => Awaits::Taken,
            Doing::Over => Awaits::Nothing,
            Doing::Passing { heard: true } if !self.is_in_message() => Awaits::Silence,
            _ => Awaits::Peer,
        }
    }

    /// Whether all has been said and heard, or it has failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.awaits() == Awaits::Nothing
    }

    /// Whether the peer has said more than there is in the dialogue.
    #[must_use]
    pub fn has_heard_more(&self) -> bool {
        self.heard_more
    }

    /// Where the dialogue is: `FILE:LINE`.
    #[must_use]
    pub fn place(&self) -> String {
        self.script.place(self.at)
    }

    fn other(&self) -> Side {
        if self.script.side() == Side::Client { Side::Server } else { Side::Client }
    }

    /// Whether the peer says a message now.
    fn is_in_message(&self) -> bool {
        self.followed.message.is_said_by(self.other())
    }

    fn has_words(&self) -> bool {
        self.fetched < self.out.len()
    }

    /// Whether it is our turn.
    fn speaks(&self) -> bool {
        match self.doing {
            Doing::Saying(_) => true,
            Doing::Next => matches!(self.script.kind(self.at), Some(Kind::Say | Kind::Tls)),
            _ => false,
        }
    }

    fn fail(&mut self, error: Error) {
        self.failure = Some(error);
        self.doing = Doing::Over;
    }

    /// Goes on as far as possible without the peer.
    fn run(&mut self) {
        if !self.has_words() {
            self.out.clear();
            self.fetched = 0;
        }
        while if self.speaks() { self.out.len() < READY } else { !self.has_words() } {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Goes on a little; false when it has to wait.
    fn step(&mut self) -> Result<bool> {
        match std::mem::replace(&mut self.doing, Doing::Next) {
            Doing::Next => self.next(),
            Doing::Saying(speech) => self.say(speech),
            Doing::Hearing(Expect::Line(pattern), skips) => self.line(pattern, skips),
            Doing::Hearing(Expect::Prompt(pattern), skips) => self.prompt(pattern, skips),
            Doing::Hearing(Expect::Reply(code), skips) => self.reply(Answer::new(code), 0, skips),
            Doing::Hearing(Expect::Listing(template), _) => {
                let stuffs = self.is_in_message();
                let speech = template.speech(&mut self.captured, stuffs);
                self.listing(Listing::new(speech.map_err(|why| self.unusable(why))?))
            }
            Doing::Answered(answer, literal, skips) => self.reply(answer, literal, skips),
            Doing::Comparing(listing) => self.listing(listing),
            Doing::Passing { heard } => Ok(self.pass(heard)),
            Doing::Over => {
                self.heard_more |= self.inbox.rest().is_some();
                self.waits(Doing::Over)
            }
        }
    }

    /// It does this until something happens.
    fn waits(&mut self, doing: Doing) -> Result<bool> {
        self.doing = doing;
        Ok(false)
    }

    /// The step is done.
    fn done(&mut self) -> Result<bool> {
        self.at += 1;
        self.followed.heard.clear();
        self.doing = Doing::Next;
        Ok(true)
    }

    fn next(&mut self) -> Result<bool> {
        let (skips, kind, last_was_ours) = (self.skips, self.script.kind(self.at), self.had_last_word);
        self.skips = kind == Some(Kind::Skip);
        if self.skips {
            return self.done();
        }
        let is_client = self.script.side() == Side::Client;
        let passes = match kind {
            // Between ours, they are left out of what it says; unless an answer or a message has to come.
            Some(Kind::Say) if last_was_ours && is_client => skips && !self.followed.message.is_said_by(Side::Client),
            Some(Kind::Say) if last_was_ours => skips && self.is_in_message(),
            Some(Kind::Tls) if last_was_ours => skips && is_client,
            Some(Kind::Check) => false,
            // After the last word of a client the server should have time to hear it.
            None => skips || (last_was_ours && is_client),
            Some(_) => skips,
        };
        if passes {
            self.had_last_word = false;
            // An answer that was asked for is waited for; what goes on, or need not come, is not.
            self.doing = Doing::Passing { heard: !skips || !last_was_ours };
            return Ok(true);
        }
        let Some(kind) = kind else {
            self.doing = Doing::Over;
            return Ok(true);
        };
        self.had_last_word = kind == Kind::Say || (kind == Kind::Tls && last_was_ours);
        let known: BTreeSet<_> = self.captured.keys().map(Rc::clone).collect();
        match self.script.meaning(self.at, &known)? {
            Action::Say(template) => {
                let stuffs = self.followed.message.is_said_by(self.script.side());
                let speech = template.speech(&mut self.captured, stuffs);
                self.doing = Doing::Saying(speech.map_err(|why| self.unusable(why))?);
                Ok(true)
            }
            Action::Check(expect) => {
                self.doing = Doing::Hearing(expect, skips);
                Ok(true)
            }
            Action::Tls => self.encrypt(),
            Action::Skip => self.done(),
        }
    }

    fn say(&mut self, mut speech: Speech) -> Result<bool> {
        let (before, place) = (self.out.len(), self.place());
        while self.out.len() < before + READY {
            if !speech.next(&mut self.out, &place)? {
                self.has_said(before);
                return self.done();
            }
        }
        self.has_said(before);
        self.doing = Doing::Saying(speech);
        Ok(true)
    }

    fn has_said(&mut self, before: usize) {
        let said = self.out.get(before..).unwrap_or_default();
        self.said += said.len() as u64;
        self.followed.own(self.script.side(), said);
    }

    fn unusable(&self, why: &'static str) -> Error {
        fault::unusable(&self.script, self.at, why)
    }
}

#[cfg(test)]
mod tests;
