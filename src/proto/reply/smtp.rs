//! SMTP (RFC 5321) and LMTP (RFC 2033): commands, replies, the message and its chunks.
//!
//! A newcomer's trap: a message whose DATA was refused must never be said, or its lines would be taken
//! for commands. And LMTP answers a message once for each recipient that it has accepted.

use super::{
    Conversation, Kind, Reply, Turn,
    code::{Code, verb},
    lines::Lines,
};
use crate::error::Result;

/// The service is not available; the connection will be closed (RFC 5321, 3.8).
const CLOSING: u16 = 421;

/// See the module's description.
#[derive(Debug)]
pub struct Smtp {
    is_lmtp: bool,
    lines: Lines,
    /// The first line of a reply of several, and its code.
    first: Option<(u16, Vec<u8>)>,
    at: At,
    /// Recipients of the message that were accepted.
    accepted: u64,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Line,
    /// A line that is no command: it goes on with AUTH.
    Continuation,
    Message,
    Skip,
    /// So many bytes of a chunk are left, and so many replies are due after it.
    Chunk(u64, u64),
    Reply(To),
}

/// What a reply is awaited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// To nothing: the greeting.
    Connection,
    Ehlo,
    Recipient,
    Data,
    /// To a message; so many replies are due.
    Message(u64),
    Quit,
    Other,
}

impl Smtp {
    /// An SMTP conversation, from the greeting on.
    #[must_use]
    pub fn new() -> Self {
        let (lines, first) = (Lines::default(), None);
        Self { is_lmtp: false, lines, first, at: At::Reply(To::Connection), accepted: 0, is_leaving: false }
    }

    /// An LMTP conversation, from the greeting on.
    #[must_use]
    pub fn lmtp() -> Self {
        Self { is_lmtp: true, ..Self::new() }
    }

    /// How many replies come to a message.
    fn due(&self) -> u64 {
        if self.is_lmtp { self.accepted.max(1) } else { 1 }
    }

    fn command(&mut self, line: &[u8]) -> At {
        match verb(line).as_slice() {
            b"EHLO" => {
                self.accepted = 0;
                At::Reply(To::Ehlo)
            }
            b"HELO" | b"LHLO" | b"RSET" | b"STARTTLS" | b"MAIL" => {
                self.accepted = 0;
                At::Reply(To::Other)
            }
            b"RCPT" => At::Reply(To::Recipient),
            b"DATA" => At::Reply(To::Data),
            b"BDAT" => match chunk(line) {
                Some((size, is_last)) => self.chunk(size, if is_last { self.due() } else { 1 }),
                None => At::Reply(To::Other),
            },
            b"QUIT" => {
                self.is_leaving = true;
                At::Reply(To::Quit)
            }
            _ => At::Reply(To::Other),
        }
    }

    fn chunk(&self, left: u64, due: u64) -> At {
        if left == 0 { At::Reply(To::Message(due)) } else { At::Chunk(left, due) }
    }

    fn replied(&mut self, code: Code, line: Vec<u8>) -> Reply {
        self.is_leaving |= code.number == CLOSING;
        let kind = code.kind();
        let refuses_ehlo = self.at == At::Reply(To::Ehlo) && kind.is_error() && !self.is_lmtp && !self.is_leaving;
        self.at = match self.at {
            At::Reply(To::Data) if code.number == 354 => At::Message,
            At::Reply(To::Data) => At::Skip,
            At::Reply(To::Message(due)) if due > 1 && !self.is_leaving => At::Reply(To::Message(due - 1)),
            At::Reply(_) if code.number == 334 => At::Continuation,
            At::Reply(to) => {
                match to {
                    To::Recipient if kind == Kind::Success => self.accepted = self.accepted.saturating_add(1),
                    To::Message(_) => self.accepted = 0,
                    _ => {}
                }
                At::Line
            }
            // Nobody has asked.
            at => at,
        };
        Reply { kind, line, unless: refuses_ehlo.then_some("HELO") }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self::new()
    }
}

impl Conversation for Smtp {
    fn turn(&self) -> Turn {
        match self.at {
            At::Line | At::Continuation => Turn::Line,
            At::Message => Turn::Message,
            At::Skip => Turn::Skip,
            At::Chunk(left, _) => Turn::Bytes(left),
            At::Reply(_) => Turn::Wait,
        }
    }

    fn greeted(&mut self) {
        if self.at == At::Reply(To::Connection) {
            self.at = At::Line;
        }
    }

    fn said(&mut self, line: &[u8]) {
        // A password may look like a command.
        self.at = if self.at == At::Continuation { At::Reply(To::Other) } else { self.command(line) };
    }

    fn said_message(&mut self) {
        self.at = if self.at == At::Message { At::Reply(To::Message(self.due())) } else { At::Line };
    }

    fn said_bytes(&mut self, count: u64) {
        if let At::Chunk(left, due) = self.at {
            self.at = self.chunk(left.saturating_sub(count), due);
        }
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        while let Some(line) = self.lines.line(&mut bytes)? {
            let code = Code::of(&line, if self.is_lmtp { "LMTP" } else { "SMTP" })?;
            if code.goes_on {
                self.first.get_or_insert_with(|| (code.number, line.into_owned()));
                continue;
            }
            // All lines should have the same code; if they have not, the last one counts.
            let first = self.first.take().filter(|(number, _)| *number == code.number);
            let line = first.map_or_else(|| line.into_owned(), |(_, line)| line);
            replies.push(self.replied(code, line));
        }
        Ok(())
    }

    fn ended(&mut self) -> Option<Reply> {
        if self.at == At::Reply(To::Quit) {
            self.at = At::Line;
        }
        None
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        let would_be_heard = !matches!(self.at, At::Message | At::Chunk(..) | At::Continuation);
        (would_be_heard && !self.is_leaving).then(|| b"QUIT".to_vec())
    }
}

/// Of `BDAT` (RFC 3030, 2): how many bytes follow, and whether they are the last of the message.
fn chunk(line: &[u8]) -> Option<(u64, bool)> {
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1);
    let size = words.next()?.parse().ok()?;
    Some((size, words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"))))
}

#[cfg(test)]
mod tests;
