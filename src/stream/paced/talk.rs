//! Whose turn it is, what the next reply is to, and which reply is a failure: without I/O or a clock.
//!
//! A newcomer's trap: after a failure it is the server's turn for good, whatever the conversation says; only
//! the farewell is still said, and its reply awaited.

use super::words::{PARTED, quoted};
use crate::{
    error::{Error, Result},
    proto::reply::{Conversation, Kind, Reply, Turn},
    report::escape,
};
use std::time::Duration;

/// What is awaited before anything has been said.
pub(super) const GREETING: &str = "the greeting";

/// What tells that the next line can be sent.
pub enum By {
    /// The replies in this conversation.
    Replies(Box<dyn Conversation>),
    /// So long a silence.
    Quiet(Duration),
}

/// See the module's description.
pub(super) struct Talk {
    by: By,
    /// Of [`By::Quiet`]: it has been silent for long enough.
    quiet: bool,
    fail: bool,
    /// What the next reply is to, in words.
    asked: String,
    /// The reply to that has come: what is said next is asked next.
    is_answered: bool,
    /// The last reply that was an error.
    refusal: Option<Vec<u8>>,
    /// A failure, unless a line that begins with this word comes next.
    excusable: Option<(Error, &'static str)>,
    failure: Option<Error>,
    /// The server says no more.
    has_left: bool,
    parting: Parting,
    replies: Vec<Reply>,
}

/// Whether the server has been asked to end the session, in the protocol's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parting {
    No,
    Asked,
    /// It does: what would be sent now finds nobody.
    Granted,
}

impl Talk {
    /// `fail` is `--fail`.
    pub(super) fn new(by: By, fail: bool) -> Self {
        Self {
            by,
            quiet: false,
            fail,
            asked: GREETING.to_owned(),
            is_answered: false,
            refusal: None,
            excusable: None,
            failure: None,
            has_left: false,
            parting: Parting::No,
            replies: Vec::new(),
        }
    }

    /// Whose turn it is. Nothing more is sent after a failure, nor to a server that has left.
    pub(super) fn turn(&self) -> Turn {
        let turn = self.turn_in_order();
        // Where replies are not told from each other, it may still take what is sent.
        let is_heard = !self.has_left || turn == Turn::Bytes(u64::MAX) || matches!(self.by, By::Quiet(_));
        match self.parting {
            _ if self.failure.is_some() || !is_heard => Turn::Wait,
            Parting::Granted => Turn::SkipBytes(u64::MAX),
            Parting::No | Parting::Asked => turn,
        }
    }

    /// Whether a reply is awaited, or silence.
    pub(super) fn awaits(&self) -> bool {
        !self.has_left && self.turn_in_order() == Turn::Wait
    }

    /// Whether every command has had its whole reply.
    pub(super) fn is_answered(&self) -> bool {
        matches!(&self.by, By::Replies(conversation) if conversation.turn() == Turn::Line)
    }

    /// Whether the server has agreed to end the session.
    pub(super) fn is_parted(&self) -> bool {
        self.parting == Parting::Granted
    }

    fn turn_in_order(&self) -> Turn {
        match &self.by {
            By::Replies(conversation) => conversation.turn(),
            By::Quiet(_) if self.quiet || self.has_left => Turn::Line,
            By::Quiet(_) => Turn::Wait,
        }
    }

    /// Whether a message or a body has begun and is not whole.
    pub(super) fn is_in_the_middle(&self) -> bool {
        match self.turn_in_order() {
            Turn::Message => true,
            Turn::Bytes(count) => count != u64::MAX,
            Turn::Line | Turn::Wait | Turn::Skip | Turn::SkipLine | Turn::SkipBytes(_) => false,
        }
    }

    /// How long a silence makes it our turn, where that is what does.
    pub(super) fn quiet_time(&self) -> Option<Duration> {
        match self.by {
            By::Quiet(time) => Some(time),
            By::Replies(_) => None,
        }
    }

    /// That silence has passed.
    pub(super) fn has_been_quiet(&mut self) {
        self.quiet = true;
    }

    /// Bytes have passed, either way.
    pub(super) fn is_disturbed(&mut self) {
        self.quiet = false;
    }

    /// What the reply that is awaited is to, in words.
    pub(super) fn asked(&self) -> &str {
        &self.asked
    }

    /// Why something is skipped.
    pub(super) fn objection(&self) -> Option<String> {
        if self.parting == Parting::Granted {
            return Some(format!("since {PARTED}"));
        }
        let refusal = self.refusal.as_deref()?;
        Some(format!("since the server refused it: {}", escape(refusal)))
    }

    /// This line lies ready to be said next.
    pub(super) fn peek(&mut self, line: &[u8]) {
        if let Some((error, word)) = self.excusable.take() {
            let first = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            if first.eq_ignore_ascii_case(word.as_bytes()) {
                self.excusable = Some((error, word));
            } else {
                self.failure = Some(error);
            }
        }
        if let By::Replies(conversation) = &mut self.by
            && self.failure.is_none()
            && !self.has_left
        {
            conversation.peek(line);
        }
    }

    /// Nothing will be said next.
    pub(super) fn nothing_follows(&mut self) {
        if let Some((error, _)) = self.excusable.take() {
            self.failure = Some(error);
        }
    }

    /// This line has been said, or skipped.
    pub(super) fn said(&mut self, line: &[u8], skipped: bool) {
        self.excusable = None;
        if !skipped {
            self.asks(|| quoted(line));
        }
        match &mut self.by {
            By::Replies(conversation) => {
                let parts = conversation.farewell().is_some_and(|farewell| {
                    // Words before the last one may be a tag.
                    last_word(line).eq_ignore_ascii_case(last_word(&farewell))
                });
                if parts && !skipped {
                    self.parting = Parting::Asked;
                }
                conversation.said(line);
            }
            By::Quiet(_) => self.quiet = false,
        }
    }

    /// The lone dot has come, of a message that was said or skipped.
    pub(super) fn said_message(&mut self, skipped: bool) {
        if !skipped {
            self.is_answered = true;
            self.asks(|| "the message".to_owned());
        }
        if let By::Replies(conversation) = &mut self.by {
            conversation.said_message();
        }
    }

    /// So many bytes have been said, or skipped.
    pub(super) fn said_bytes(&mut self, count: u64) {
        if let By::Replies(conversation) = &mut self.by
            && self.parting != Parting::Granted
        {
            conversation.said_bytes(count);
        }
    }

    fn asks(&mut self, what: impl Fn() -> String) {
        if std::mem::take(&mut self.is_answered) || self.asked == GREETING {
            self.asked = what();
        }
    }

    /// This has been heard.
    ///
    /// # Errors
    /// When it cannot be a reply.
    pub(super) fn heard(&mut self, bytes: &[u8]) -> Result<()> {
        let By::Replies(conversation) = &mut self.by else { return Ok(()) };
        let mut replies = std::mem::take(&mut self.replies);
        let heard = conversation.heard(bytes, &mut replies);
        replies.drain(..).for_each(|reply| self.replied(reply));
        self.replies = replies;
        heard
    }

    /// The server says no more; whether that is in order.
    pub(super) fn left(&mut self) -> bool {
        let By::Replies(conversation) = &mut self.by else {
            self.has_left = true;
            return true;
        };
        let (turn, may_end) = (conversation.turn(), conversation.may_end());
        let reply = conversation.ended();
        let unfinished = match conversation.turn() {
            Turn::Wait => !may_end,
            Turn::Message => true,
            Turn::Bytes(count) => count != u64::MAX,
            Turn::Line | Turn::Skip | Turn::SkipLine | Turn::SkipBytes(_) => false,
        };
        if turn == Turn::Wait && !unfinished && self.parting == Parting::Asked {
            self.parting = Parting::Granted;
        }
        reply.into_iter().for_each(|reply| self.replied(reply));
        self.has_left = true;
        self.nothing_follows();
        !unfinished
    }

    /// Whether the server has left.
    pub(super) fn has_left(&self) -> bool {
        self.has_left
    }

    fn replied(&mut self, reply: Reply) {
        let kind = reply.kind;
        if kind.is_error() {
            if self.fail && self.failure.is_none() {
                let error = Error::dialogue(&*self.asked, escape(&reply.line));
                match reply.unless {
                    Some(word) => self.excusable = Some((error, word)),
                    None => self.failure = Some(error),
                }
            }
            self.refusal = Some(reply.line);
        }
        self.parting = match (self.parting, kind) {
            (Parting::Asked, Kind::Success) => Parting::Granted,
            (Parting::Asked, kind) if kind.is_error() => Parting::No,
            (parting, _) => parting,
        };
        // Where leaving would be heard so would any command: of FTP, a password is one.
        let may_command = matches!(&self.by, By::Replies(conversation) if conversation.farewell().is_some());
        self.is_answered |= kind != Kind::Continue || may_command;
    }

    /// `--fail`: the reply that ended it.
    pub(super) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Leaves in order after a failure: the line that is to be said for it, if there is one.
    pub(super) fn takes_leave(&mut self) -> Option<Vec<u8>> {
        let By::Replies(conversation) = &mut self.by else { return None };
        let line = conversation.farewell().filter(|_| !self.has_left)?;
        conversation.said(&line);
        Some(line)
    }
}

fn last_word(line: &[u8]) -> &[u8] {
    line.trim_ascii().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default()
}
