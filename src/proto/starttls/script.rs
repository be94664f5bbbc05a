//! What the openings of all protocols have in common: messages are taken one at a time, bounded,
//! shown under `-v`, and answered.
//!
//! A newcomer's trap: a [`Script`] sees whole messages only, so that nothing it says depends on how
//! they were split. What its [`first`](Script::first) makes of a beginning must hold for the rest.

use super::Errand;
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, evidence},
    report::escape,
};

/// The longest message, in bytes: a line with its end, a tag, a packet.
pub(super) const MESSAGE: usize = 8 * 1024;
/// The most that is heard in all, in bytes.
pub(super) const ALL: usize = 64 * 1024;

const NEEDS_SSL: &str = "does it speak TLS from the first byte on? then use --ssl without --starttls";
const ELSEWHERE: &str = "it may have a port of its own for TLS, where --ssl is enough";

/// A protocol's own part of an opening.
pub(super) trait Script {
    /// What is said before anything is heard; `None` where the server greets.
    fn begin(&mut self) -> std::result::Result<Option<Say>, Trouble> {
        Ok(None)
    }

    /// The first message that has arrived, once it is complete: how many bytes it takes, never 0,
    /// and which of them count. A line, if not said otherwise.
    fn first<'a>(&self, arrived: &'a [u8]) -> std::result::Result<Option<(usize, &'a [u8])>, Trouble> {
        line(arrived)
    }

    /// A message has been heard.
    fn heard(&mut self, message: &[u8]) -> std::result::Result<Next, Trouble>;

    /// A message as `-v` shows it.
    fn shown(&self, message: &[u8]) -> String {
        escape(message)
    }
}

/// What follows a message.
#[derive(Debug)]
pub(super) enum Next {
    /// Another one.
    Listen,
    /// This is said, and an answer awaited.
    Say(Say),
    /// This is said, and encrypted from then on.
    SayLast(Say),
    /// The server has agreed.
    Agreed,
}

/// Something to say.
#[derive(Debug)]
pub(super) struct Say {
    bytes: Vec<u8>,
    /// As `-v` shows it.
    shown: String,
}

impl Say {
    /// A line, which gets its CRLF here.
    pub(super) fn line(text: &str) -> Self {
        Self { bytes: format!("{text}\r\n").into_bytes(), shown: escape(text.as_bytes()) }
    }

    /// Bytes that nobody could read, and what they are.
    pub(super) fn bytes(bytes: Vec<u8>, shown: impl Into<String>) -> Self {
        Self { bytes, shown: shown.into() }
    }
}

impl Next {
    /// A line is said, and an answer awaited.
    pub(super) fn line(text: &str) -> Self {
        Self::Say(Say::line(text))
    }
}

/// Why an opening has failed. The words are safe to show.
#[derive(Debug)]
pub(super) struct Trouble {
    why: String,
    hint: Option<&'static str>,
}

impl Trouble {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None }
    }

    /// The server refuses something, in these words.
    pub(super) fn refused(what: &str, words: &[u8]) -> Self {
        Self::new(format!("it refuses {what}: {}", escape(words)))
    }

    /// The server does not offer the capability.
    pub(super) fn lacks(capability: &str) -> Self {
        Self::new(format!("it does not offer {capability}")).hint(ELSEWHERE)
    }

    /// What was heard does not belong to the protocol, or not here.
    pub(super) fn odd(words: &[u8]) -> Self {
        Self::new(format!("its reply makes no sense here: {}", escape(words))).hint("is it another kind of server?")
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

/// A line and its end: LF, or CRLF. A NUL is in none (RFC 5321, 2.3.8; RFC 9051, 9).
fn line(arrived: &[u8]) -> std::result::Result<Option<(usize, &[u8])>, Trouble> {
    let end = arrived.iter().position(|byte| *byte == b'\n');
    let line = arrived.get(..end.unwrap_or(arrived.len())).unwrap_or_default();
    if line.contains(&0) {
        return Err(Trouble::new("there is a NUL in its reply").hint("is it another kind of server?"));
    }
    Ok(end.map(|end| (end + 1, line.strip_suffix(b"\r").unwrap_or(line))))
}

/// The dialogue that follows a script.
pub(super) struct Opening<S> {
    script: S,
    errand: Errand,
    begun: bool,
    /// How many bytes have been taken.
    taken: usize,
    /// Whether any have come.
    heard: bool,
    agreed: bool,
}

impl<S: Script + 'static> Opening<S> {
    pub(super) fn boxed(script: S, errand: Errand) -> Box<dyn Dialogue> {
        Box::new(Self { script, errand, begun: false, taken: 0, heard: false, agreed: false })
    }

    fn step(&mut self, arrived: &mut Vec<u8>) -> std::result::Result<Step, Trouble> {
        if self.agreed {
            return Ok(Step::Upgrade);
        }
        if !std::mem::replace(&mut self.begun, true)
            && let Some(say) = self.script.begin()?
        {
            return Ok(self.say(say));
        }
        self.heard |= !arrived.is_empty();
        if self.taken == 0 && evidence::is_tls(arrived) {
            return Err(Trouble::new("it speaks TLS from the first byte on").hint("use --ssl without --starttls"));
        }
        // No reply begins like a TLS record; what does is one, or is none of ours either.
        if self.taken == 0 && arrived.len() < 5 && matches!(arrived.first(), Some(0x15 | 0x16)) {
            return Ok(Step::Wait);
        }
        loop {
            let message = match self.script.first(arrived)? {
                None if arrived.len() < MESSAGE => return Ok(Step::Wait),
                Some((length, message)) if length <= MESSAGE => {
                    let message = message.to_vec();
                    arrived.drain(..length);
                    self.taken += length;
                    message
                }
                _ => return Err(Trouble::new(format!("its reply is longer than {MESSAGE} bytes"))),
            };
            if self.taken > ALL {
                return Err(Trouble::new(format!("it has said more than {ALL} bytes, and has not agreed")));
            }
            self.errand.report.detail(1, format_args!("< {}", self.script.shown(&message)));
            match self.script.heard(&message)? {
                Next::Listen => {}
                Next::Say(say) => return Ok(self.say(say)),
                Next::SayLast(say) => {
                    self.agreed = true;
                    return Ok(self.say(say));
                }
                Next::Agreed => {
                    self.agreed = true;
                    return Ok(Step::Upgrade);
                }
            }
        }
    }

    fn say(&self, say: Say) -> Step {
        self.errand.report.detail(1, format_args!("> {}", say.shown));
        Step::Send(say.bytes)
    }

    fn fails(&self, trouble: Trouble) -> Error {
        let error = Error::network(self.errand.what.clone(), trouble.why);
        match trouble.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl<S: Script + 'static> Dialogue for Opening<S> {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        self.step(arrived).map_err(|trouble| self.fails(trouble))
    }

    fn ended(&mut self) -> Result<Step> {
        let why = if self.heard { "before it had agreed to encrypt" } else { "without a word" };
        Err(self.fails(Trouble { why: format!("it closed the connection {why}"), hint: self.hint() }))
    }

    fn hint(&self) -> Option<&'static str> {
        (!self.heard).then_some(NEEDS_SSL)
    }
}
