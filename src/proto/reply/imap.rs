//! IMAP (RFC 9051): a command begins with a tag, and its reply is the line that begins with the same one.
//! What begins with `*` is data that belongs to nobody; a line that begins with `+` asks for more.
//!
//! A newcomer's trap: a command may stop in the middle of a line. Behind `{310}` the client waits for
//! `+`, says so many bytes, and goes on with the same line. If the answer is the tagged one instead, neither
//! the bytes nor the rest of the line may be said any more: they would be taken for commands.

use super::{
    Conversation, Kind, Next, Reply, Turn,
    code::whole_word,
    responses::{Literals, Responses},
    sasl,
};
use crate::{
    error::{Error, Result},
    proto::literal::announced,
    report::escape,
};

/// Leaves in order. One command is under way at a time, so that this tag may be anybody's.
const FAREWELL: &[u8] = b"rncat LOGOUT";

/// See the module's description. It begins with the greeting.
#[derive(Debug)]
pub struct Imap {
    responses: Responses,
    at: At,
    /// The command that has not been answered.
    under_way: Option<Command>,
    /// What is left over of a command that was refused is not said.
    leftover: Leftover,
    skips: bool,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Greeting,
    Command,
    /// A line that is no command: it goes on with AUTHENTICATE, or ends IDLE.
    Exchange,
    /// So many bytes wait until the server asks for them.
    Held(u64),
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

/// What its replies depend on.
#[derive(Debug)]
struct Command {
    tag: Vec<u8>,
    /// It has a tag and a name, as far as one can see.
    is_proper: bool,
    is_logout: bool,
    /// Literals were sent before they were asked for; `+` may come for them nevertheless.
    has_run_ahead: bool,
    leaves: Leftover,
}

/// What was to be said within a command, beside literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leftover {
    Nothing,
    /// Of AUTHENTICATE: base64.
    Responses,
    /// Of IDLE: DONE.
    Done,
}

impl Default for Imap {
    fn default() -> Self {
        Self {
            responses: Responses::new(|line| if is_status(line) { Literals::None } else { Literals::Counted }),
            at: At::Greeting,
            under_way: None,
            leftover: Leftover::Nothing,
            skips: false,
            is_leaving: false,
        }
    }
}

impl Conversation for Imap {
    fn turn(&self) -> Turn {
        match self.at {
            At::Command if self.skips => Turn::SkipLine,
            At::Command | At::Exchange | At::Rest => Turn::Line,
            At::Literal(left) => Turn::Bytes(left),
            At::RefusedLiteral(left) => Turn::SkipBytes(left),
            At::RefusedRest => Turn::SkipLine,
            At::Greeting | At::Held(_) | At::Reply => Turn::Wait,
        }
    }

    fn greeted(&mut self) {
        self.at = At::Command;
    }

    fn peek(&mut self, line: &[u8]) {
        self.skips = match self.leftover {
            Leftover::Nothing => false,
            // A command has a space in it.
            Leftover::Responses => sasl::is_response(line),
            Leftover::Done => line.trim_ascii().eq_ignore_ascii_case(b"DONE"),
        };
    }

    fn said(&mut self, line: &[u8]) {
        let skips = std::mem::take(&mut self.skips);
        self.at = match self.at {
            At::Command if skips => {
                if self.leftover == Leftover::Done {
                    self.leftover = Leftover::Nothing;
                }
                At::Command
            }
            // Where a literal is skipped, only the farewell is said.
            At::Command | At::RefusedLiteral(_) => {
                self.leftover = Leftover::Nothing;
                let command = Command::new(line);
                self.is_leaving |= command.is_logout;
                self.under_way = Some(command);
                self.goes_on(line)
            }
            At::Rest => self.goes_on(line),
            At::Exchange => {
                if let Some(command) = self.under_way.as_mut().filter(|command| command.leaves == Leftover::Done) {
                    command.leaves = Leftover::Nothing;
                }
                At::Reply
            }
            At::RefusedRest => refused(announced(line).map(|literal| literal.size)),
            at => at,
        };
    }

    fn said_bytes(&mut self, count: u64) {
        self.at = match self.at {
            At::Literal(left) => literal_left(left.saturating_sub(count)),
            At::RefusedLiteral(left) => refused(Some(left.saturating_sub(count))),
            at => at,
        };
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        loop {
            let long = if self.at == At::Greeting { None } else { Some(b'*') };
            let Some(line) = self.responses.next(&mut bytes, long)? else { return Ok(()) };
            if let Some(kind) = self.response(&line)? {
                replies.push(Reply { kind, line, unless: None });
            }
        }
    }

    fn next(&self) -> Next {
        self.responses.what()
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        let is_untagged = match whole_word(beginning, 0)? {
            b"+" => return self.under_way.as_ref().map(|_| Kind::Continue),
            tag => tag == b"*",
        };
        whole_word(beginning, 1)?;
        match status(beginning)? {
            Status::Ok | Status::Preauth if !is_untagged || self.at == At::Greeting => Some(Kind::Success),
            Status::No if !is_untagged => Some(Kind::Permanent),
            Status::Bad => Some(Kind::Permanent),
            Status::Bye if !self.is_leaving => Some(Kind::Permanent),
            // Data, and warnings: no reply is complete with it.
            Status::Ok | Status::Preauth | Status::No | Status::Bye => None,
        }
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.under_way.as_ref().is_some_and(|command| command.is_logout)
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        // Not where it would be taken for a part of something else.
        let is_heard = matches!(self.at, At::Command | At::RefusedLiteral(_));
        (is_heard && !self.is_leaving).then(|| FAREWELL.to_vec())
    }
}

impl Imap {
    /// Where a line of a command leads to.
    fn goes_on(&mut self, line: &[u8]) -> At {
        match (announced(line), &mut self.under_way) {
            (Some(literal), Some(command)) if literal.is_sent_at_once => {
                command.has_run_ahead = true;
                literal_left(literal.size)
            }
            (Some(literal), Some(_)) => At::Held(literal.size),
            (None, Some(_)) => At::Reply,
            // It was answered before all of it was said.
            (Some(literal), None) if literal.is_sent_at_once => literal_left(literal.size),
            (Some(literal), None) => refused(Some(literal.size)),
            (None, None) => At::Command,
        }
    }

    /// What kind of reply is complete with this response, if one is.
    fn response(&mut self, line: &[u8]) -> Result<Option<Kind>> {
        if self.at == At::Greeting {
            return self.greeting(line).map(Some);
        }
        if line.starts_with(b"* ") {
            return Ok(self.untagged(line));
        }
        if line == b"+" || line.starts_with(b"+ ") {
            return self.go_on(line).map(Some);
        }
        let kind = match status(line) {
            Some(Status::Ok) => Kind::Success,
            Some(Status::No | Status::Bad) => Kind::Permanent,
            Some(Status::Bye | Status::Preauth) | None => return Err(no_reply(line)),
        };
        let tag = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let Some(command) = self.under_way.take_if(|command| command.tag == tag) else {
            let why = format!("\"{}\" has a tag that no command under way has", escape(line));
            return Err(Error::network("the reply", why));
        };
        self.answered(match command.leaves {
            Leftover::Responses if kind == Kind::Success => Leftover::Nothing,
            leaves => leaves,
        });
        Ok(Some(kind))
    }

    fn greeting(&mut self, line: &[u8]) -> Result<Kind> {
        let status = status(line).filter(|_| line.starts_with(b"* "));
        let kind = match status {
            Some(Status::Ok | Status::Preauth) => Kind::Success,
            Some(Status::Bye) => {
                self.is_leaving = true;
                Kind::Permanent
            }
            Some(Status::No | Status::Bad) | None => return Err(no_reply(line)),
        };
        self.at = At::Command;
        Ok(kind)
    }

    /// Data is no reply; but an end that nobody has asked for is one, and so is the complaint about a
    /// line whose tag the server could not find (RFC 9051, 7.1.3).
    fn untagged(&mut self, line: &[u8]) -> Option<Kind> {
        match status(line)? {
            Status::Bye => (!std::mem::replace(&mut self.is_leaving, true)).then_some(Kind::Permanent),
            Status::Bad => {
                self.under_way.take_if(|command| !command.is_proper)?;
                self.answered(Leftover::Nothing);
                Some(Kind::Permanent)
            }
            Status::Ok | Status::No | Status::Preauth => None,
        }
    }

    /// The server asks for more.
    fn go_on(&mut self, line: &[u8]) -> Result<Kind> {
        let command = self.under_way.as_ref().ok_or_else(|| no_reply(line))?;
        self.at = match self.at {
            At::Held(left) => literal_left(left),
            // It has been said already.
            At::Reply if command.has_run_ahead => At::Reply,
            At::Reply => At::Exchange,
            at => at,
        };
        Ok(Kind::Continue)
    }

    /// The reply to the command has come; `leftover` of it may still lie ready.
    fn answered(&mut self, leftover: Leftover) {
        self.leftover = leftover;
        self.at = match self.at {
            At::Held(left) => refused(Some(left)),
            At::Reply | At::Exchange => At::Command,
            // The server counts the rest of it all the same.
            at => at,
        };
    }
}

impl Command {
    fn new(line: &[u8]) -> Self {
        let tag = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let is_tag = !tag.is_empty() && tag.iter().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\+".contains(byte));
        let has_name = line.get(tag.len()..).is_some_and(|rest| !rest.trim_ascii().is_empty());
        let leaves = if is_second_word(line, b"AUTHENTICATE") {
            Leftover::Responses
        } else if is_second_word(line, b"IDLE") {
            Leftover::Done
        } else {
            Leftover::Nothing
        };
        let is_logout = is_second_word(line, b"LOGOUT");
        Self { tag: tag.to_vec(), is_proper: is_tag && has_name, is_logout, has_run_ahead: false, leaves }
    }
}

/// Where one is with so many bytes of a literal left.
fn literal_left(left: u64) -> At {
    if left == 0 { At::Rest } else { At::Literal(left) }
}

/// The same of a command that was refused, with no bytes if no literal follows in it.
fn refused(left: Option<u64>) -> At {
    match left {
        None => At::Command,
        Some(0) => At::RefusedRest,
        Some(left) => At::RefusedLiteral(left),
    }
}

/// The word of a response that tells how it went (RFC 9051, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

fn status(line: &[u8]) -> Option<Status> {
    let words = [
        (&b"OK"[..], Status::Ok),
        (b"NO", Status::No),
        (b"BAD", Status::Bad),
        (b"BYE", Status::Bye),
        (b"PREAUTH", Status::Preauth),
    ];
    words.into_iter().find(|(word, _)| is_second_word(line, word)).map(|(_, status)| status)
}

/// Whether the text of a response is for people, so that it has no literal.
fn is_status(line: &[u8]) -> bool {
    status(line).is_some() || line.starts_with(b"+")
}

fn is_second_word(line: &[u8], word: &[u8]) -> bool {
    line.split(u8::is_ascii_whitespace).nth(1).is_some_and(|second| second.eq_ignore_ascii_case(word))
}

fn no_reply(line: &[u8]) -> Error {
    super::code::no_reply(line, "IMAP")
}

#[cfg(test)]
mod tests;
