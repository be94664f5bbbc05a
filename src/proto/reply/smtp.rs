//! SMTP (RFC 5321) and LMTP (RFC 2033): commands, replies, the message and its chunks.
//!
//! A newcomer's trap: a message whose DATA was refused must never be said, or its lines would be taken
//! for commands. And LMTP answers a message once for each recipient that it has accepted.

use super::{
    Conversation, Kind, Next, REPLY, Reply, Turn,
    code::{self, Code, verb},
    lines::Lines,
    sasl, too_long,
};
use crate::error::Result;

/// The service is not available; the connection will be closed (RFC 5321, 3.8).
const CLOSING: u16 = 421;

/// Commands without arguments that could be base64.
const ALONE: [&[u8]; 8] = [b"DATA", b"EHLO", b"HELO", b"HELP", b"NOOP", b"QUIT", b"RSET", b"STARTTLS"];

/// See the module's description.
#[derive(Debug)]
pub struct Smtp {
    is_lmtp: bool,
    lines: Lines,
    /// The first line of a reply of several, and its code.
    first: Option<(u16, Vec<u8>)>,
    /// The bytes of a reply of several lines that have come.
    size: usize,
    at: At,
    /// Recipients that were accepted since MAIL.
    accepted: u64,
    /// The server does not take chunks, as far as it has told.
    lacks_chunking: bool,
    /// An authentication was refused: what else was to be said in it is not.
    is_refused: bool,
    skips: bool,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Command,
    /// A line that is no command: it goes on with AUTH.
    Exchange,
    Message,
    /// A message that is not wanted.
    Refused,
    /// So many bytes of a chunk are left, and so many replies are due after it.
    Chunk(u64, u64),
    /// So many bytes are left of a chunk that is not wanted.
    RefusedChunk(u64),
    Reply(To),
}

/// What a reply is awaited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// To nothing: the greeting.
    Connection,
    /// EHLO or LHLO, which tell what the server can do.
    Ehlo,
    /// A command that forgets the recipients.
    Reset,
    Recipient,
    Auth,
    Data,
    /// To a message; so many replies are due.
    Message(u64),
    /// To a chunk; so many replies are due, but one if the command itself was wrong.
    Chunk(u64),
    /// To BDAT alone: so many bytes are held, for the server has not offered to take them.
    Bdat(u64),
    Quit,
    Other,
}

impl Smtp {
    /// An SMTP conversation, from the greeting on.
    #[must_use]
    pub fn new() -> Self {
        Self {
            is_lmtp: false,
            lines: Lines::default(),
            first: None,
            size: 0,
            at: At::Reply(To::Connection),
            accepted: 0,
            lacks_chunking: false,
            is_refused: false,
            skips: false,
            is_leaving: false,
        }
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
        At::Reply(match verb(line).as_slice() {
            b"EHLO" | b"LHLO" => {
                self.lacks_chunking = true;
                To::Ehlo
            }
            b"HELO" => {
                self.lacks_chunking = true;
                To::Reset
            }
            b"RSET" | b"STARTTLS" | b"MAIL" => To::Reset,
            b"RCPT" => To::Recipient,
            b"AUTH" => To::Auth,
            b"DATA" => To::Data,
            b"BDAT" => match chunk(line) {
                Some((size, _)) if self.lacks_chunking => To::Bdat(size),
                Some((size, is_last)) => return chunk_left(size, if is_last { self.due() } else { 1 }),
                None => To::Other,
            },
            b"QUIT" => {
                self.is_leaving = true;
                To::Quit
            }
            _ => To::Other,
        })
    }

    /// Where a reply leads to; one that nobody has asked for leads nowhere.
    fn replied(&mut self, code: Code, kind: Kind) -> At {
        self.is_leaving |= code.number == CLOSING;
        let to = match self.at {
            At::Reply(to) => to,
            // It is refused before all of it has come; the rest of it is counted by the server all the same.
            At::Chunk(left, due) => return At::Chunk(left, due_after(code, due)),
            at => return at,
        };
        match to {
            To::Recipient if kind == Kind::Success => self.accepted = self.accepted.saturating_add(1),
            To::Ehlo | To::Reset if kind == Kind::Success => self.accepted = 0,
            To::Auth => self.is_refused = kind.is_error(),
            _ => {}
        }
        match to {
            To::Auth if code.number == 334 => At::Exchange,
            To::Data if code.number == 354 => At::Message,
            To::Data => At::Refused,
            To::Bdat(size) if kind == Kind::Continue => chunk_left(size, 1),
            To::Bdat(size) => refused_left(size),
            To::Message(due) if due > 1 && code.number != CLOSING => At::Reply(To::Message(due - 1)),
            To::Chunk(due) => chunk_left(0, due_after(code, due)),
            _ => At::Command,
        }
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
            At::Command if self.skips => Turn::SkipLine,
            At::Command | At::Exchange => Turn::Line,
            At::Message => Turn::Message,
            At::Refused => Turn::Skip,
            At::Chunk(left, _) => Turn::Bytes(left),
            At::RefusedChunk(left) => Turn::SkipBytes(left),
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
            // Where something else is skipped, only the farewell is said.
            At::Command | At::Refused | At::RefusedChunk(_) => {
                self.is_refused = false;
                self.command(line)
            }
            // A password may look like a command.
            At::Exchange => At::Reply(To::Auth),
            at => at,
        };
        self.skips = false;
    }

    fn said_message(&mut self) {
        self.at = match self.at {
            At::Message => At::Reply(To::Message(self.due())),
            At::Refused => At::Command,
            at => at,
        };
    }

    fn said_bytes(&mut self, count: u64) {
        self.at = match self.at {
            At::Chunk(left, due) => chunk_left(left.saturating_sub(count), due),
            At::RefusedChunk(left) => refused_left(left.saturating_sub(count)),
            at => at,
        };
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        while let Some(line) = self.lines.line(&mut bytes)? {
            let code = Code::of(&line, if self.is_lmtp { "LMTP" } else { "SMTP" })?;
            let is_ehlo = self.at == At::Reply(To::Ehlo);
            if is_ehlo && line.get(4..).is_some_and(|text| text.trim_ascii_end().eq_ignore_ascii_case(b"CHUNKING")) {
                self.lacks_chunking = false;
            }
            if code.goes_on {
                self.size = self.size.saturating_add(line.len().saturating_add(2));
                if self.size > REPLY {
                    return Err(too_long());
                }
                self.first.get_or_insert_with(|| (code.number, line.into_owned()));
                continue;
            }
            // All lines should have the same code; if they have not, the last one counts.
            self.size = 0;
            let first = self.first.take().filter(|(number, _)| *number == code.number);
            let line = first.map_or_else(|| line.into_owned(), |(_, line)| line);
            let kind = code.kind();
            self.at = self.replied(code, kind);
            let is_excused = is_ehlo && kind.is_error() && !self.is_lmtp && !self.is_leaving;
            replies.push(Reply { kind, line, unless: is_excused.then_some("HELO") });
        }
        Ok(())
    }

    fn next(&self) -> Next {
        Next::Reply
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        code::kind(beginning)
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.at == At::Reply(To::Quit)
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        // Not where it would be taken for a part of something else.
        let is_heard = match self.at {
            At::Command | At::Refused | At::RefusedChunk(_) => true,
            At::Reply(to) => !matches!(to, To::Auth | To::Data | To::Bdat(_)),
            At::Exchange | At::Message | At::Chunk(..) => false,
        };
        (is_heard && !self.is_leaving).then(|| b"QUIT".to_vec())
    }
}

/// How many replies to a chunk are left of those due, after one of them.
fn due_after(code: Code, due: u64) -> u64 {
    match code.number {
        // What these refuse is the command, once for all (RFC 5321, 4.2.2).
        CLOSING | 500..505 => 0,
        _ => due.saturating_sub(1),
    }
}

/// Where one is with so many bytes of a chunk left, and so many replies due to it.
fn chunk_left(left: u64, due: u64) -> At {
    match (left, due) {
        (0, 0) => At::Command,
        (0, _) => At::Reply(To::Chunk(due)),
        _ => At::Chunk(left, due),
    }
}

/// The same of a chunk that is not wanted.
fn refused_left(left: u64) -> At {
    if left == 0 { At::Command } else { At::RefusedChunk(left) }
}

/// Of `BDAT` (RFC 3030, 2): how many bytes follow, and whether they are the last of the message.
fn chunk(line: &[u8]) -> Option<(u64, bool)> {
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1);
    let size = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    Some((size, words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"))))
}

#[cfg(test)]
mod tests;
