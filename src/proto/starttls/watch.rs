//! Watches a conversation in clear for the point where its two sides agree to encrypt.
//!
//! Whoever passes the bytes on shows them here first: what the client says goes only as far as
//! [`Watch::client`] takes it, so that nothing overtakes the answer to STARTTLS. A newcomer's trap:
//! a line that says STARTTLS may be none: it may be in a message, in a literal, or the base64 of a
//! password. Where only the server's answer to an earlier command tells, the line waits for that.

mod client;
mod lines;
mod server;
#[cfg(test)]
mod tests;

use client::{How, Meaning, asks, meaning};
use lines::{Line, Lines};
use server::{Replies, Reply};

/// See the module's description. What it keeps has a limit, whatever is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// What the server's first line shows; `None` before that.
    family: Option<Family>,
    lines: Lines,
    next: Next,
    replies: Replies,
    /// How many replies the server owed in all, its greeting among them, and how many have come.
    owed: u64,
    came: u64,
    /// The server may ask for a line that is no command: the client has begun to log in, or idles.
    may_want_more: bool,
    /// It has. Who asks out of turn wants to make a request look like an answer.
    wants_more: bool,
    /// IMAP: the last command was one that it can ask more about. Or anybody could make STARTTLS pass for an answer.
    is_open: bool,
    asked: Option<How>,
    /// IMAP: whose command a literal belongs to.
    tag: Vec<u8>,
    is_lmtp: bool,
    /// A request that this server cannot agree to is no command like any other, but the end.
    strict: bool,
    /// There was one.
    vain: bool,
    /// See [`Watch::casual`].
    casual: bool,
}

/// What the server made of being asked to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// TLS begins. Some protocols have a greeting that is to be said again then.
    Agreed {
        /// The command, in capital letters.
        again: Option<&'static str>,
    },
    /// The conversation goes on as it is.
    Refused,
    /// The server has said something that is neither.
    Neither,
}

/// Protocols that tell their replies apart in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Three digits: SMTP, LMTP, FTP, and NNTP (`news`).
    Coded {
        news: bool,
    },
    Pop3,
    Imap,
    Sieve,
    Irc,
    /// Nothing in which this could be agreed on.
    Other,
}

/// What the client's next line is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    Command,
    /// A line of a message, up to a lone dot.
    Message,
    /// That, if the server wants the message, or else a command. So many have come, perhaps the dot among them.
    PerhapsMessage {
        lines: u64,
        dot: bool,
    },
    /// What the server has asked for, if it has, or else a command.
    PerhapsMore,
    /// A literal of this size, if the server wants it.
    Literal(u64),
    /// The rest of a command behind a literal.
    Rest,
}

impl Default for Watch {
    /// Of a conversation that begins now.
    fn default() -> Self {
        Self {
            family: None,
            lines: Lines::default(),
            next: Next::Command,
            replies: Replies::default(),
            owed: 1,
            came: 0,
            may_want_more: false,
            wants_more: false,
            is_open: false,
            asked: None,
            tag: Vec::new(),
            is_lmtp: false,
            strict: false,
            vain: false,
            casual: false,
        }
    }
}

impl Watch {
    /// Of a conversation whose client cannot see what the server makes of its request: what is said in another
    /// protocol's words was meant to be encrypted as well.
    #[must_use]
    pub fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }

    /// Whether encryption was asked for in vain: nothing more may be said. The request has not passed.
    #[must_use]
    pub fn is_vain(&self) -> bool {
        self.vain
    }

    /// The server has said all, and answers no request any more.
    pub fn server_ended(&mut self) {
        if !self.is_over() {
            (self.strict, self.family) = (true, Some(Family::Other));
            self.forget_what_was_awaited();
        }
    }

    /// Of a conversation that may be any: before the server has said what it speaks, only the bare request is one.
    #[must_use]
    pub fn casual() -> Self {
        Self { casual: true, ..Self::default() }
    }

    /// Whether the server has been asked to encrypt, and has not answered.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether this is no conversation in which it could be.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.family == Some(Family::Other) && !self.strict
    }

    /// The client says this: how much of it may pass. What is left waits until the server has said more.
    pub fn client(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = bytes.get(taken..)
            && !self.is_over()
        {
            if self.waits() {
                return taken;
            }
            let mut lines = self.lines.clone();
            let (n, line) = lines.next(rest);
            if line.as_ref().is_some_and(|line| self.asks_in_vain(line)) {
                self.vain = true;
                return taken;
            }
            if line.as_ref().is_some_and(|line| self.is_unsure_of(line)) {
                // All but its end, without which it says nothing.
                return taken + self.lines.next(rest.get(..n - 1).unwrap_or_default()).0;
            }
            self.lines = lines;
            taken += n;
            line.into_iter().for_each(|line| self.client_line(&line));
        }
        bytes.len()
    }

    /// The server says this: up to its answer, if that is in it, how much that is, and the answer.
    pub fn server(&mut self, bytes: &[u8]) -> (usize, Option<Answer>) {
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = bytes.get(taken..)
            && !self.is_over()
        {
            let (n, line) = self.replies.lines.next(rest);
            taken += n;
            let answer = self.recognise(line.as_ref()).or_else(|| {
                let reply = self.replies.line(line.as_ref()?, self.family?)?;
                self.replied(&reply)
            });
            if answer.is_some() {
                return (taken, answer);
            }
        }
        (bytes.len(), None)
    }

    /// The client has to wait with whatever comes next.
    fn waits(&self) -> bool {
        self.vain
            || self.asked.is_some()
            || matches!(self.next, Next::Literal(_) | Next::PerhapsMessage { dot: true, .. })
    }

    fn asks_in_vain(&self, line: &Line) -> bool {
        let is_command = match self.next {
            Next::Command => !(self.wants_more && self.is_open),
            Next::PerhapsMore => !self.wants_more,
            _ => false,
        };
        let Some(family) = self.family.filter(|_| self.strict && is_command && !self.is_unsure_of(line)) else {
            return false;
        };
        asks(line).is_some_and(|how| !how.fits(family))
    }

    /// Nothing that has been said waits for the server's word.
    fn forget_what_was_awaited(&mut self) {
        self.wants_more = false;
        if self.next != Next::Message {
            self.next = Next::Command;
        }
    }

    fn is_unsure_of(&self, line: &Line) -> bool {
        let unsure = match self.next {
            Next::PerhapsMessage { .. } => true,
            Next::PerhapsMore => !self.is_answered(),
            _ => false,
        };
        unsure && asks(line).is_some()
    }

    /// Every command has been replied to.
    fn is_answered(&self) -> bool {
        self.came == self.owed
    }

    fn client_line(&mut self, line: &Line) {
        match &mut self.next {
            Next::Message if line.text() == b"." => {
                (self.next, self.owed) = (Next::Command, self.owed + 1);
            }
            Next::PerhapsMessage { lines, dot } => {
                *lines += 1;
                *dot = line.text() == b".";
            }
            Next::PerhapsMore if self.wants_more => (self.wants_more, self.owed) = (false, self.owed + 1),
            Next::Command if self.wants_more && self.is_open => self.wants_more = false,
            Next::PerhapsMore | Next::Command => self.command(line),
            Next::Rest => {
                self.next = Next::Command;
                if let Meaning::Literal { size, waits } = meaning(line, self.family) {
                    self.literal(size, waits);
                }
            }
            Next::Message | Next::Literal(_) => {}
        }
    }

    fn command(&mut self, line: &Line) {
        self.is_lmtp |= line.begins_with("LHLO");
        self.may_want_more |= client::may_be_asked_for_more(line);
        self.owed += 1;
        self.is_open = client::is_open(line);
        match meaning(line, self.family) {
            Meaning::Ask(_) if self.casual && self.family.is_none() && !client::is_bare(line) => {}
            Meaning::Ask(how) => self.asked = Some(how),
            Meaning::Message { sure: false } => self.next = Next::PerhapsMessage { lines: 0, dot: false },
            Meaning::Message { sure: true } => {
                // One reply to both.
                (self.next, self.owed) = (Next::Message, self.owed - 1);
            }
            Meaning::Bytes(count) => self.lines.skip(count),
            Meaning::Literal { size, waits } => {
                self.tag = line.words().next().unwrap_or_default().to_vec();
                self.literal(size, waits);
            }
            Meaning::Challenge => self.next = Next::PerhapsMore,
            Meaning::More => self.owed -= 1,
            Meaning::Command => {}
        }
    }

    fn literal(&mut self, size: u64, waits: bool) {
        self.next = if waits { Next::Literal(size) } else { Next::Rest };
        if !waits {
            self.lines.skip(size);
        }
    }

    /// Looks at the first that the server says, once there is enough of it.
    fn recognise(&mut self, line: Option<&Line>) -> Option<Answer> {
        let begun = self.replies.lines.begun();
        let first = line.filter(|line| !line.text().is_empty()).or_else(|| begun.is_long().then_some(begun));
        if self.family.is_some() {
            return None;
        }
        let family = server::family(first?);
        self.family = Some(family);
        if family == Family::Other {
            self.forget_what_was_awaited();
            return self.asked.take().map(|_| Answer::Refused);
        }
        // In this protocol it was a command like any other.
        let fits = self.asked.as_ref().is_none_or(|how| how.fits(family));
        if !fits {
            self.asked = None;
        }
        (self.strict && !fits).then_some(Answer::Refused)
    }

    fn replied(&mut self, reply: &Reply) -> Option<Answer> {
        let is_greeting = self.came == 0;
        if !matches!(reply, Reply::Tagged(..) | Reply::Numeric(_)) && self.family != Some(Family::Imap) {
            self.came = self.owed.min(self.came + 1);
        }
        self.wants_more = self.may_want_more && *reply == Reply::More;
        if *reply != Reply::More && (self.is_answered() || matches!(reply, Reply::Tagged(..))) {
            self.may_want_more = false;
        }
        match (&self.next, reply) {
            (Next::PerhapsMessage { dot: true, .. }, Reply::Wanted) => {
                (self.next, self.came, self.owed) = (Next::Command, self.owed, self.owed + 1);
            }
            (Next::PerhapsMessage { .. }, Reply::Wanted) => {
                (self.next, self.came) = (Next::Message, self.owed);
            }
            // They were commands, one by one.
            (Next::PerhapsMessage { lines, .. }, _) if self.is_answered() => {
                (self.owed, self.next) = (self.owed + lines, Next::Command);
            }
            (Next::PerhapsMore, reply) if self.is_answered() && *reply != Reply::More => self.next = Next::Command,
            (Next::Literal(size), Reply::More) => {
                self.lines.skip(*size);
                (self.next, self.wants_more) = (Next::Rest, false);
            }
            (Next::Literal(_), Reply::Tagged(tag, _)) if *tag == self.tag => self.next = Next::Command,
            _ => {}
        }
        let answers = self.is_answered() && !is_greeting;
        let agreed = match (self.asked.as_ref()?, reply) {
            (How::Starttls, Reply::Code(382)) | (How::Auth, Reply::Code(234)) | (_, Reply::Numeric(670)) => true,
            (How::Starttls, Reply::Code(220)) if !is_greeting => true,
            (_, Reply::Code(400..) | Reply::Numeric(421 | 451 | 691))
                if answers || self.family == Some(Family::Irc) =>
            {
                false
            }
            (_, Reply::Status(ok)) if answers => *ok,
            (How::Tagged(asked), Reply::Tagged(tag, ok)) if asked == tag => *ok,
            (_, Reply::Code(_) | Reply::More | Reply::Wanted) if answers => {
                self.asked = None;
                return Some(Answer::Neither);
            }
            _ => return None,
        };
        let again = self.asked.take().and_then(|how| self.again(&how));
        Some(if agreed { Answer::Agreed { again } } else { Answer::Refused })
    }

    /// RFC 3207, 4.2; RFC 4642, 2.2.2; RFC 9051, 6.2.1: what was known of the server is to be asked again.
    fn again(&self, how: &How) -> Option<&'static str> {
        match (how, self.family?) {
            (How::Starttls, Family::Coded { news: true }) => Some("CAPABILITIES"),
            (How::Starttls, Family::Coded { news: false }) => Some(if self.is_lmtp { "LHLO" } else { "EHLO" }),
            (How::Tagged(_), _) => Some("CAPABILITY"),
            _ => None,
        }
    }
}
