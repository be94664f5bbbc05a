//! POP3 (RFC 1939): a reply is a line that begins with +OK or -ERR, or `+` where the client goes on (RFC 5034).
//!
//! A newcomer's trap: whether lines up to a lone dot follow +OK is told by the command, not by the
//! reply; LIST is answered with lines, LIST 1 is not.

use super::{
    Conversation, Kind, Next, Reply, Turn,
    code::{verb, whole_word},
    lines::Lines,
    sasl,
};
use crate::{
    error::{Error, Result},
    report::escape,
};

/// The longest word that is a command (RFC 2449, 4).
const KEYWORD: usize = 4;

/// See the module's description.
#[derive(Debug)]
pub struct Pop3 {
    lines: Lines,
    at: At,
    /// The reply whose lines are being heard.
    listing: Option<Reply>,
    has_quit: bool,
    /// An authentication was refused: what else was to be said in it is not.
    is_refused: bool,
    skips: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The client's turn: a command.
    Command,
    /// The client's turn within an authentication.
    Exchange,
    /// The server's turn.
    Reply(To),
}

/// What a reply is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// The greeting, or a command that is answered with a line.
    Line,
    /// A command that is answered with lines up to a lone dot.
    Listing,
    /// AUTH with a mechanism, and what is said after it.
    Auth,
}

impl Default for Pop3 {
    fn default() -> Self {
        let (lines, at) = (Lines::default(), At::Reply(To::Line));
        Self { lines, at, listing: None, has_quit: false, is_refused: false, skips: false }
    }
}

impl Conversation for Pop3 {
    fn turn(&self) -> Turn {
        match self.at {
            At::Reply(_) => Turn::Wait,
            At::Command if self.skips => Turn::SkipLine,
            At::Command | At::Exchange => Turn::Line,
        }
    }

    fn greeted(&mut self) {
        self.at = At::Command;
    }

    fn peek(&mut self, line: &[u8]) {
        // What can be both is a command: no keyword is longer.
        self.skips = self.is_refused && sasl::is_response(line) && (line.len() > KEYWORD || line.len() < 3);
    }

    fn said(&mut self, line: &[u8]) {
        self.at = match self.at {
            At::Command if self.skips => At::Command,
            At::Command => {
                let to = To::command(line);
                self.has_quit = verb(line) == b"QUIT";
                self.is_refused = false;
                At::Reply(to)
            }
            At::Exchange => At::Reply(To::Auth),
            at @ At::Reply(_) => at,
        };
        self.skips = false;
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        loop {
            if self.listing.is_some() {
                let Some(line) = self.lines.text(&mut bytes) else { return Ok(()) };
                if *line == *b"." {
                    self.at = At::Command;
                    replies.extend(self.listing.take());
                }
            } else {
                let Some(line) = self.lines.line(&mut bytes)? else { return Ok(()) };
                let line = line.into_owned();
                replies.extend(self.reply(line)?);
            }
        }
    }

    fn next(&self) -> Next {
        if self.listing.is_some() { Next::Text } else { Next::Reply }
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        whole_word(beginning, 0).and_then(|word| self.status(word))
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.has_quit
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        (self.at == At::Command && !self.has_quit).then(|| b"QUIT".to_vec())
    }
}

impl Pop3 {
    fn authenticates(&self) -> bool {
        matches!(self.at, At::Exchange | At::Reply(To::Auth))
    }

    /// What the first word of a reply tells.
    fn status(&self, word: &[u8]) -> Option<Kind> {
        match word {
            b"+" if self.authenticates() => Some(Kind::Continue),
            _ if word.eq_ignore_ascii_case(b"+OK") => Some(Kind::Success),
            _ if word.eq_ignore_ascii_case(b"-ERR") => Some(Kind::Permanent),
            _ => None,
        }
    }

    /// The reply that is complete with this line, which is not one of a listing.
    fn reply(&mut self, line: Vec<u8>) -> Result<Option<Reply>> {
        let first = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let no_reply = || Error::network("the reply", format!("\"{}\" is no reply of POP3", escape(&line)));
        let kind = self.status(first).ok_or_else(no_reply)?;
        let reply = Reply { kind, line, unless: None };
        if kind == Kind::Success && self.at == At::Reply(To::Listing) {
            self.listing = Some(reply);
            return Ok(None);
        }
        self.is_refused |= self.authenticates() && kind == Kind::Permanent;
        self.at = if kind == Kind::Continue { At::Exchange } else { At::Command };
        Ok(Some(reply))
    }
}

impl To {
    /// What follows on +OK.
    fn command(line: &[u8]) -> Self {
        let has_argument = line.trim_ascii().contains(&b' ');
        match (verb(line).as_slice(), has_argument) {
            (b"RETR" | b"TOP" | b"CAPA", _) => Self::Listing,
            // LANG is RFC 6856's; AUTH alone asks for the mechanisms (RFC 1734's servers).
            (b"LIST" | b"UIDL" | b"LANG" | b"AUTH", false) => Self::Listing,
            (b"AUTH", true) => Self::Auth,
            _ => Self::Line,
        }
    }
}

#[cfg(test)]
mod tests;
