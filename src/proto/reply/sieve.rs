//! ManageSieve (RFC 5804): a response is data in strings and ends with a line that begins with OK, NO or
//! BYE. The server greets with one, and again once it is encrypted.
//!
//! A newcomer's trap: strings may be literals, and a script is one; a line of it that begins with OK
//! ends nothing. A client's literals are sent at once, and so is a script that is refused.

use super::{
    Conversation, Kind, Next, REPLY, Reply, Turn,
    code::{no_reply, verb, whole_word},
    responses::{Literals, Responses},
    too_long,
};
use crate::{error::Result, proto::literal::announced};

/// See the module's description. It begins with the greeting.
#[derive(Debug)]
pub struct Sieve {
    responses: Responses,
    at: At,
    /// The response that is awaited, or that came before all was said.
    to: To,
    /// Bytes of data that have come of a response.
    data: usize,
    /// The response came before all was said.
    is_answered: bool,
    /// An authentication was refused: what else was to be said in it is not.
    is_refused: bool,
    skips: bool,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Command,
    /// A string that is no command: it goes on with AUTHENTICATE.
    Exchange,
    /// So many bytes of a literal are left.
    Literal(u64),
    /// A line goes on behind a literal.
    Rest,
    /// So many bytes are left of a literal that is not wanted.
    RefusedLiteral(u64),
    /// … and a line goes on behind it.
    RefusedRest,
    Reply,
}

/// What a response is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// The greeting, or a command.
    Other,
    Auth,
    /// The server greets again after it.
    StartTls,
    Logout,
}

/// The word that ends a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    No,
    Bye,
}

impl Default for Sieve {
    fn default() -> Self {
        Self {
            // It is shown why; that may be a literal.
            responses: Responses::new(|line| if status(line).is_some() { Literals::Quoted } else { Literals::Counted }),
            at: At::Reply,
            to: To::Other,
            data: 0,
            is_answered: false,
            is_refused: false,
            skips: false,
            is_leaving: false,
        }
    }
}

impl Conversation for Sieve {
    fn turn(&self) -> Turn {
        match self.at {
            At::Command if self.skips => Turn::SkipLine,
            At::Command | At::Exchange | At::Rest => Turn::Line,
            At::Literal(left) => Turn::Bytes(left),
            At::RefusedLiteral(left) => Turn::SkipBytes(left),
            At::RefusedRest => Turn::SkipLine,
            At::Reply => Turn::Wait,
        }
    }

    // `greeted` does nothing: the server greets again (RFC 5804, 2.2).

    fn peek(&mut self, line: &[u8]) {
        // No command begins so.
        self.skips = self.is_refused && matches!(line.first(), Some(b'"' | b'{'));
    }

    fn said(&mut self, line: &[u8]) {
        let skips = std::mem::take(&mut self.skips);
        self.at = match self.at {
            At::Command if skips => refused(line),
            // Where a literal is skipped, only the farewell is said.
            At::Command | At::RefusedLiteral(_) => {
                let verb = verb(line);
                self.is_refused = false;
                self.is_answered = false;
                self.is_leaving |= verb == b"LOGOUT";
                self.to = match verb.as_slice() {
                    b"AUTHENTICATE" => To::Auth,
                    b"STARTTLS" => To::StartTls,
                    b"LOGOUT" => To::Logout,
                    _ => To::Other,
                };
                self.goes_on(line)
            }
            At::Exchange | At::Rest => self.goes_on(line),
            At::RefusedRest => refused(line),
            At::Literal(_) | At::Reply => self.at,
        };
    }

    fn said_bytes(&mut self, count: u64) {
        self.at = match self.at {
            At::Literal(left) => literal_left(left.saturating_sub(count)),
            At::RefusedLiteral(left) => refused_left(left.saturating_sub(count)),
            at => at,
        };
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        while let Some(line) = self.responses.next(&mut bytes, None)? {
            let kind = match status(&line) {
                Some(status) => Some(self.response(status)),
                None => self.data(&line)?,
            };
            replies.extend(kind.map(|kind| Reply { kind, line, unless: None }));
        }
        Ok(())
    }

    fn next(&self) -> Next {
        self.responses.what()
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        if self.at == At::Reply && self.to == To::Auth && matches!(beginning.first(), Some(b'"' | b'{')) {
            return Some(Kind::Continue);
        }
        whole_word(beginning, 0).and_then(status).map(|status| self.kind_of(status))
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.to == To::Logout
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        // Not where it would be taken for a part of something else.
        let is_heard = matches!(self.at, At::Command | At::RefusedLiteral(_));
        (is_heard && !self.is_leaving).then(|| b"LOGOUT".to_vec())
    }
}

impl Sieve {
    /// Where a line of a command leads to.
    fn goes_on(&mut self, line: &[u8]) -> At {
        match announced(line) {
            // Without a plus it is not in order; but servers that take it wait for the bytes, and say nothing.
            Some(literal) => literal_left(literal.size),
            None if std::mem::take(&mut self.is_answered) => At::Command,
            None => At::Reply,
        }
    }

    fn kind_of(&self, status: Status) -> Kind {
        match status {
            Status::Ok => Kind::Success,
            Status::Bye if self.is_leaving => Kind::Success,
            Status::No | Status::Bye => Kind::Permanent,
        }
    }

    /// A response is whole.
    fn response(&mut self, status: Status) -> Kind {
        self.data = 0;
        let kind = self.kind_of(status);
        self.is_leaving |= status == Status::Bye;
        match self.at {
            At::Reply | At::Exchange => {
                let to = std::mem::replace(&mut self.to, To::Other);
                self.is_refused = to == To::Auth && kind.is_error();
                self.at = match to {
                    To::StartTls if kind == Kind::Success => At::Reply,
                    To::Other | To::Auth | To::StartTls | To::Logout => At::Command,
                };
            }
            // The server counts the rest of it all the same.
            At::Literal(_) | At::Rest => self.is_answered = true,
            // Nobody has asked.
            At::Command | At::RefusedLiteral(_) | At::RefusedRest => {}
        }
        kind
    }

    /// Data has come, which is a challenge where one is awaited.
    fn data(&mut self, line: &[u8]) -> Result<Option<Kind>> {
        if !matches!(line.first(), Some(b'"' | b'{')) {
            return Err(no_reply(line, "ManageSieve"));
        }
        if self.at == At::Reply && self.to == To::Auth {
            self.at = At::Exchange;
            return Ok(Some(Kind::Continue));
        }
        self.data = self.data.saturating_add(line.len().saturating_add(2));
        if self.data > REPLY {
            return Err(too_long());
        }
        Ok(None)
    }
}

/// Where one is with so many bytes of a literal left.
fn literal_left(left: u64) -> At {
    if left == 0 { At::Rest } else { At::Literal(left) }
}

/// The same of a literal that is not wanted.
fn refused_left(left: u64) -> At {
    if left == 0 { At::RefusedRest } else { At::RefusedLiteral(left) }
}

/// Where a line that is not wanted leads to.
fn refused(line: &[u8]) -> At {
    announced(line).map_or(At::Command, |literal| refused_left(literal.size))
}

fn status(line: &[u8]) -> Option<Status> {
    let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let words = [(&b"OK"[..], Status::Ok), (b"NO", Status::No), (b"BYE", Status::Bye)];
    words.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, status)| status)
}

#[cfg(test)]
mod tests;
