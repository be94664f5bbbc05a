//! Replies: when a command has been answered, and how. One file a protocol, one row in [`PROTOCOLS`].
//!
//! A [`Conversation`] is the client's side of a protocol without I/O: told what was said and what was
//! heard, it knows whose turn it is. A newcomer's trap: it follows a conversation, it does not lead
//! one; what is said is up to whoever types.

mod code;
pub mod follow;
pub mod ftp;
pub mod guess;
pub mod http;
pub mod imap;
pub mod line;
mod lines;
pub mod nntp;
pub mod pop3;
mod responses;
mod sasl;
pub mod sieve;
pub mod smtp;
#[cfg(test)]
mod testing;

use crate::error::{Error, Result};

/// A protocol whose replies can be told from each other.
#[derive(Debug)]
pub struct Protocol {
    /// As `--pace` names it.
    pub name: &'static str,
    /// Begins to follow a conversation, from its first byte on.
    pub begin: fn() -> Box<dyn Conversation>,
}

/// The protocols that `--pace` knows by name.
pub static PROTOCOLS: [Protocol; 9] = [
    Protocol { name: "smtp", begin: || Box::new(smtp::Smtp::new()) },
    Protocol { name: "lmtp", begin: || Box::new(smtp::Smtp::lmtp()) },
    Protocol { name: "pop3", begin: || Box::new(pop3::Pop3::default()) },
    Protocol { name: "imap", begin: || Box::new(imap::Imap::default()) },
    Protocol { name: "ftp", begin: || Box::new(ftp::Ftp::default()) },
    Protocol { name: "nntp", begin: || Box::new(nntp::Nntp::default()) },
    Protocol { name: "sieve", begin: || Box::new(sieve::Sieve::default()) },
    Protocol { name: "http", begin: || Box::new(http::Http::default()) },
    Protocol { name: "line", begin: || Box::new(line::Line::default()) },
];

/// Whose turn it is, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The client's: a line.
    Line,
    /// The client's: lines of a message, up to a lone dot; no reply comes between them.
    Message,
    /// The client's, but its message is not wanted: lines up to a lone dot are not to be sent.
    Skip,
    /// The client's, but the rest of its command is not wanted: a line that is not to be sent.
    SkipLine,
    /// The client's: so many bytes that pass as they are; `u64::MAX` is without end.
    Bytes(u64),
    /// The client's, but they are not wanted: so many bytes that are not to be sent.
    SkipBytes(u64),
    /// The server's.
    Wait,
}

/// What kind of reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 2xx, +OK, OK.
    Success,
    /// 3xx, +, 1xx where more follows from the client: go on.
    Continue,
    /// 4xx of mail, FTP and news: it may work another time.
    Transient,
    /// 5xx, -ERR, NO, BAD; of HTTP, all from 400 on.
    Permanent,
}

impl Kind {
    /// Whether it is an error.
    #[must_use]
    pub fn is_error(self) -> bool {
        matches!(self, Self::Transient | Self::Permanent)
    }
}

/// What the next byte that is heard begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A line of a reply; [`Conversation::kind`] tells its kind.
    Reply,
    /// A line of something else: of a listing, a header, a body.
    Text,
    /// So many bytes of something else, which need not end where a line does.
    Bytes(u64),
    /// Nothing that can be told from other things, now and later.
    Unknown,
}

/// A complete reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What kind.
    pub kind: Kind,
    /// The line that says so, without its end and not escaped; at most [`LINE`] bytes.
    pub line: Vec<u8>,
    /// It is no failure if a line that begins with this word is said next: an EHLO refused, and HELO.
    pub unless: Option<&'static str>,
}

/// The longest line of a reply, in bytes; what is longer is none.
pub const LINE: usize = 64 * 1024;

/// The most bytes of the lines of one reply, where they are counted; literals are not. What a server can do, and
/// what it has to say, are much shorter.
const REPLY: usize = 1024 * 1024;

/// A reply has more.
fn too_long() -> Error {
    Error::network("the reply", format!("it is longer than {} MiB", REPLY / 1024 / 1024))
}

/// The client's side of a protocol, as far as turns go. See the module's description.
pub trait Conversation {
    /// Whose turn it is.
    fn turn(&self) -> Turn;

    /// The greeting has been heard by somebody else, who asked for encryption before: called at once
    /// after the beginning. A protocol whose server greets again then does nothing here.
    fn greeted(&mut self) {}

    /// In [`Turn::Wait`] or [`Turn::Line`]: this line lies ready to be said next; it is given without
    /// its end, and as often as one likes. Whose turn it is may change by it: an HTTP request at a port
    /// that nothing is known of is said before any greeting, and DONE is not said once IDLE was refused.
    fn peek(&mut self, _line: &[u8]) {}

    /// In [`Turn::Line`] or [`Turn::SkipLine`]: this line has been said, or skipped; it is given without its end.
    fn said(&mut self, line: &[u8]);

    /// In [`Turn::Message`] or [`Turn::Skip`]: the lone dot has come.
    fn said_message(&mut self) {}

    /// In [`Turn::Bytes`] or [`Turn::SkipBytes`]: so many have been said, or skipped.
    fn said_bytes(&mut self, _count: u64) {}

    /// This has been heard: any piece of what the server sends. The replies that are complete with it are
    /// put behind those in `replies`; those that come before an error as well.
    ///
    /// # Errors
    /// When it cannot be a reply of this protocol, or is longer than any is. The text is escaped. What is
    /// heard after that is of no use any more.
    fn heard(&mut self, bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()>;

    /// What is heard next. It is meant to be asked where a line begins, or behind [`Next::Bytes`].
    fn next(&self) -> Next;

    /// In a line that was [`Next::Reply`] at its beginning, and whose end has not been heard: the kind of reply that
    /// it belongs to, by as much of the line as there is, with its end if that is there. `None` if it tells none, or
    /// if more of it is needed. Of HTTP it is what the first digit would mean in mail.
    fn kind(&self, beginning: &[u8]) -> Option<Kind>;

    /// Whether the server owes nothing, so that it may end now: no reply is awaited, or its end is that of
    /// the reply (a body of HTTP), or it was asked to leave.
    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait
    }

    /// The server says no more: the reply that is complete with that, if there is one.
    fn ended(&mut self) -> Option<Reply> {
        None
    }

    /// The line, without its end, by which a client leaves in order before all was said, if there is one.
    fn farewell(&self) -> Option<Vec<u8>> {
        None
    }
}
