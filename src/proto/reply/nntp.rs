//! NNTP (RFC 3977): a reply is a line, and after some codes a block of lines up to a lone dot.
//!
//! A newcomer's trap: the code tells whether a block follows, but for one of them the command does as
//! well: 211 answers GROUP with a line and LISTGROUP with a block. And 1xx is no "go on" here.

use super::{
    Conversation, Kind, Next, Reply, Turn,
    code::{self, Code, no_reply, verb},
    lines::Lines,
    sasl,
};
use crate::error::Result;

/// The server ends the connection (RFC 3977, 3.2.1).
const CLOSING: u16 = 400;

/// Commands without arguments that could be base64.
const ALONE: [&[u8]; 13] = [
    b"BODY",
    b"CAPABILITIES",
    b"DATE",
    b"HEAD",
    b"HELP",
    b"LAST",
    b"LIST",
    b"NEXT",
    b"OVER",
    b"POST",
    b"QUIT",
    b"STARTTLS",
    b"STAT",
];

/// See the module's description. It begins with the greeting.
#[derive(Debug)]
pub struct Nntp {
    lines: Lines,
    at: At,
    /// The reply whose block is being heard.
    block: Option<Reply>,
    /// An authentication was refused: what else was to be said in it is not.
    is_refused: bool,
    skips: bool,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Command,
    /// A line that is no command: it goes on with AUTHINFO SASL.
    Exchange,
    /// An article that the server has asked for.
    Article,
    /// An article that is said at once, with its command.
    Taken,
    /// An article that is not wanted.
    Refused,
    Reply(To),
}

/// What a reply is awaited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// To nothing: the greeting.
    Connection,
    /// POST or IHAVE, which an article follows.
    Offer,
    /// The article itself, whose lines are said.
    Article,
    Sasl,
    ListGroup,
    Quit,
    Other,
}

impl To {
    fn command(line: &[u8]) -> Self {
        match verb(line).as_slice() {
            b"POST" | b"IHAVE" => Self::Offer,
            b"LISTGROUP" => Self::ListGroup,
            b"QUIT" => Self::Quit,
            b"AUTHINFO" => match line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1) {
                Some(word) if word.eq_ignore_ascii_case(b"SASL") => Self::Sasl,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// Whether a block follows on this code (RFC 3977, C; RFC 2980 for 282).
    fn has_block(self, number: u16) -> bool {
        match self {
            Self::ListGroup | Self::Other => match number {
                100 | 101 | 215 | 220 | 221 | 222 | 224 | 225 | 230 | 231 | 282 => true,
                211 => self == Self::ListGroup,
                _ => false,
            },
            Self::Connection | Self::Offer | Self::Article | Self::Sasl | Self::Quit => false,
        }
    }
}

impl Nntp {
    /// The reply that is complete with this line, which is not one of a block.
    fn reply(&mut self, line: Vec<u8>) -> Result<Option<Reply>> {
        let code = Code::parse(&line).filter(|code| !code.goes_on).ok_or_else(|| no_reply(&line, "NNTP"))?;
        // HELP, CAPABILITIES and DATE are answered with it.
        let kind = if code.number < 200 { Kind::Success } else { code.kind() };
        self.is_leaving |= code.number == CLOSING;
        let reply = Reply { kind, line, unless: None };
        let to = match self.at {
            At::Reply(to) => to,
            // TAKETHIS is unknown to it, and so would be each line of the article.
            At::Taken if code.number == 500 => {
                self.at = At::Refused;
                return Ok(Some(reply));
            }
            // Nobody has asked.
            _ => return Ok(Some(reply)),
        };
        if to.has_block(code.number) {
            self.block = Some(reply);
            return Ok(None);
        }
        if to == To::Sasl {
            self.is_refused = kind.is_error();
        }
        self.at = match to {
            To::Offer if kind == Kind::Continue => At::Article,
            To::Offer => At::Refused,
            To::Sasl if kind == Kind::Continue => At::Exchange,
            _ => At::Command,
        };
        Ok(Some(reply))
    }
}

impl Default for Nntp {
    fn default() -> Self {
        let (lines, at) = (Lines::default(), At::Reply(To::Connection));
        Self { lines, at, block: None, is_refused: false, skips: false, is_leaving: false }
    }
}

impl Conversation for Nntp {
    fn turn(&self) -> Turn {
        match self.at {
            At::Command if self.skips => Turn::SkipLine,
            At::Command | At::Exchange => Turn::Line,
            At::Article | At::Taken => Turn::Message,
            At::Refused => Turn::Skip,
            At::Reply(_) => Turn::Wait,
        }
    }

    fn greeted(&mut self) {
        self.at = At::Command;
    }

    fn peek(&mut self, line: &[u8]) {
        self.skips = self.is_refused && sasl::is_leftover(line, &ALONE);
    }

    fn said(&mut self, line: &[u8]) {
        self.at = match self.at {
            At::Command if self.skips => At::Command,
            // Where an article is skipped, only the farewell is said.
            At::Command | At::Refused => {
                let verb = verb(line);
                self.is_refused = false;
                self.is_leaving |= verb == b"QUIT";
                // It does not ask first (RFC 4644, 2.5).
                if verb == b"TAKETHIS" { At::Taken } else { At::Reply(To::command(line)) }
            }
            At::Exchange => At::Reply(To::Sasl),
            at => at,
        };
        self.skips = false;
    }

    fn said_message(&mut self) {
        self.at = match self.at {
            At::Article | At::Taken => At::Reply(To::Article),
            At::Refused => At::Command,
            at => at,
        };
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        loop {
            if self.block.is_some() {
                let Some(line) = self.lines.text(&mut bytes) else { return Ok(()) };
                if *line == *b"." {
                    self.at = At::Command;
                    replies.extend(self.block.take());
                }
            } else {
                let Some(line) = self.lines.line(&mut bytes)? else { return Ok(()) };
                let line = line.into_owned();
                replies.extend(self.reply(line)?);
            }
        }
    }

    fn next(&self) -> Next {
        if self.block.is_some() { Next::Text } else { Next::Reply }
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        match code::kind(beginning) {
            // HELP, CAPABILITIES and DATE are answered with 1xx.
            Some(Kind::Continue) if beginning.starts_with(b"1") => Some(Kind::Success),
            kind => kind,
        }
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.at == At::Reply(To::Quit)
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        // Not where it would be taken for a part of something else.
        let is_heard = match self.at {
            At::Command | At::Refused => true,
            At::Reply(to) => !matches!(to, To::Offer | To::Sasl),
            At::Exchange | At::Article | At::Taken => false,
        };
        (is_heard && !self.is_leaving).then(|| b"QUIT".to_vec())
    }
}

#[cfg(test)]
mod tests;
