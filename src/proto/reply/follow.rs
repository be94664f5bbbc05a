//! Which lines are replies, and of what kind, for somebody who only looks on.
//!
//! A newcomer's trap: people do not wait for their turn. What is said early is kept until its turn comes, so that
//! it is understood as the server will understand it; what is heard is never kept.

use super::{Conversation, Kind, Next, Turn};
use std::cell::RefCell;

/// The most bytes that are kept of what was said before its turn; who says more is not followed any longer.
const EARLY: usize = 1024 * 1024;

/// The most bytes of a line that its kind is told by: a tag of IMAP may be long.
const BEGINNING: usize = 256;

/// The longest first line of what is said before a greeting that may be a request.
const REQUEST: usize = 8 * 1024;

/// See the module's description. Shared by those who see the two directions.
pub struct Follower(RefCell<Inner>);

struct Inner {
    /// `None` once it is not understood any more.
    conversation: Option<Box<dyn Conversation>>,
    /// What the server does not want is not sent to it.
    skips: bool,
    has_heard: bool,
    early: Early,
    /// What a line of a message begins with, as much of it as may be a lone dot.
    front: Vec<u8>,
    line: Option<Line>,
}

/// The line that is being heard.
struct Line {
    is_reply: bool,
    beginning: Vec<u8>,
    kind: Option<Kind>,
}

impl Follower {
    /// Follows this conversation, from its first byte on. `skips` tells what becomes of that which the server has
    /// refused before it was sent: it is not sent, or the server hears it as the next command.
    #[must_use]
    pub fn new(conversation: Box<dyn Conversation>, skips: bool) -> Self {
        let (early, front) = (Early::default(), Vec::new());
        let conversation = Some(conversation);
        Self(RefCell::new(Inner { conversation, skips, has_heard: false, early, front, line: None }))
    }

    /// Whether it has lost its way: nothing that is heard from now on is known to be a reply.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.borrow().conversation.is_none()
    }

    /// This has been said.
    pub fn said(&self, bytes: &[u8]) {
        let inner = &mut *self.0.borrow_mut();
        if inner.conversation.is_some() {
            inner.early.bytes.extend_from_slice(bytes);
            inner.advance();
        }
    }

    /// Of what has been heard, takes the next piece off the front: no more than a line, with its end. With it comes
    /// the kind of reply that it belongs to, if it is known by now that it does.
    pub fn heard<'a>(&self, bytes: &mut &'a [u8]) -> (&'a [u8], Option<Kind>) {
        self.0.borrow_mut().heard(bytes)
    }
}

impl Inner {
    fn heard<'a>(&mut self, bytes: &mut &'a [u8]) -> (&'a [u8], Option<Kind>) {
        let next = match (&self.conversation, &self.line) {
            (None, _) => Next::Unknown,
            (Some(_), Some(_)) => Next::Text,
            (Some(conversation), None) => conversation.next(),
        };
        let length = match next {
            Next::Unknown => {
                self.gets_lost();
                return (std::mem::take(bytes), None);
            }
            Next::Bytes(count) => usize::try_from(count).unwrap_or(usize::MAX).min(bytes.len()),
            Next::Reply | Next::Text => bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1),
        };
        let (piece, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        *bytes = rest;
        let mut kind = None;
        if !matches!(next, Next::Bytes(_)) {
            let new = || Line { is_reply: next == Next::Reply, beginning: Vec::new(), kind: None };
            let line = self.line.get_or_insert_with(new);
            kind = line.goes_on(piece, self.conversation.as_deref());
            if piece.ends_with(b"\n") {
                self.line = None;
            }
        }
        self.has_heard = true;
        if self.conversation.as_mut().is_some_and(|it| it.heard(piece, &mut Vec::new()).is_err()) {
            self.gets_lost();
        }
        self.advance();
        (piece, kind)
    }

    fn gets_lost(&mut self) {
        (self.conversation, self.line, self.early) = (None, None, Early::default());
    }

    /// Says to the conversation what it is the turn of.
    fn advance(&mut self) {
        while let Some(conversation) = &mut self.conversation
            && !self.early.rest().is_empty()
        {
            let goes_on = match conversation.turn() {
                Turn::Bytes(count) => self.early.counted(count, &mut **conversation),
                Turn::SkipBytes(count) if self.skips => self.early.counted(count, &mut **conversation),
                Turn::Message => self.early.message(&mut self.front, &mut **conversation),
                Turn::Skip if self.skips => self.early.message(&mut self.front, &mut **conversation),
                Turn::Wait if self.has_heard && !self.skips => false,
                Turn::Wait => {
                    // A request may be said where nobody greets.
                    let line = self.early.rest().iter().take(REQUEST).position(|byte| *byte == b'\n');
                    if let Some(line) = line.and_then(|end| self.early.rest().get(..end)) {
                        conversation.peek(without_cr(line));
                    }
                    conversation.turn() != Turn::Wait
                }
                Turn::Line | Turn::SkipLine | Turn::Skip | Turn::SkipBytes(_) => {
                    self.early.line(self.skips, &mut **conversation)
                }
            };
            if !goes_on {
                break;
            }
        }
        self.early.tidy();
        if self.early.rest().len() > EARLY {
            self.gets_lost();
        }
    }
}

impl Line {
    /// The kind of this piece of it.
    fn goes_on(&mut self, piece: &[u8], conversation: Option<&dyn Conversation>) -> Option<Kind> {
        if self.is_reply && self.kind.is_none() && self.beginning.len() < BEGINNING {
            let room = BEGINNING.saturating_sub(self.beginning.len());
            self.beginning.extend_from_slice(piece.get(..room).unwrap_or(piece));
            self.kind = conversation.and_then(|conversation| conversation.kind(&self.beginning));
        }
        self.kind
    }
}

/// What has been said, and not been told to the conversation.
#[derive(Default)]
struct Early {
    bytes: Vec<u8>,
    /// So many at the front have been told.
    told: usize,
}

impl Early {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.told..).unwrap_or_default()
    }

    /// Forgets what has been told, seldom enough that not every line moves all that is behind it.
    fn tidy(&mut self) {
        if self.told == self.bytes.len() {
            (self.bytes, self.told) = (Vec::new(), 0);
        } else if self.told > self.bytes.len() / 2 {
            self.bytes.drain(..self.told);
            self.told = 0;
        }
    }

    /// A line; false if it is not whole.
    fn line(&mut self, skips: bool, conversation: &mut dyn Conversation) -> bool {
        let rest = self.rest();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return false };
        let line = without_cr(rest.get(..end).unwrap_or_default());
        if skips {
            conversation.peek(line);
        }
        conversation.said(line);
        self.told += end + 1;
        true
    }

    /// Of a message, a line or what there is of it.
    fn message(&mut self, front: &mut Vec<u8>, conversation: &mut dyn Conversation) -> bool {
        const LONE_DOT: usize = 3;
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'\n');
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let room = LONE_DOT.saturating_sub(front.len());
        front.extend_from_slice(text.get(..room).unwrap_or(text));
        self.told += text.len() + usize::from(end.is_some());
        if end.is_some() && without_cr(&std::mem::take(front)) == b"." {
            conversation.said_message();
        }
        true
    }

    fn counted(&mut self, count: u64, conversation: &mut dyn Conversation) -> bool {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(self.rest().len());
        conversation.said_bytes(count as u64);
        self.told += count;
        count > 0
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
