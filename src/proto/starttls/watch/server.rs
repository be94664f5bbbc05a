//! The replies of a server, as far as they tell which command they are for.
//!
//! A newcomer's trap: not every line that looks like a reply is one: it may be in the middle of
//! another, of a list, of a literal.

use super::{
    Family,
    lines::{Line, Lines},
};
use crate::proto::code::Code;

/// What is followed of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Replies {
    pub(super) lines: Lines,
    within: Within,
}

/// What the next line is in the middle of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Nothing,
    /// A reply of several lines (`250-`).
    Reply,
    /// POP3: a success, which may have a list or a message behind it.
    Success,
    /// A list or a message, up to a lone dot.
    Body,
    /// A line that goes on after a literal.
    Line,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// One with a code, to the next command that has none yet.
    Code(u16),
    /// A success or not, to the next command that has none yet.
    Status(bool),
    /// The message that a command has announced is to come.
    Wanted,
    /// Something is to come that is no command.
    More,
    /// A success or not, to the command with this tag.
    Tagged(Vec<u8>, bool),
    /// IRC: one with a number, whatever made the server say it.
    Numeric(u16),
}

impl Replies {
    /// What is complete with this line.
    pub(super) fn line(&mut self, line: &Line, family: Family) -> Option<Reply> {
        let within = std::mem::take(&mut self.within);
        let text = line.text();
        match family {
            _ if within == Within::Body => {
                self.within = if text == b"." { Within::Nothing } else { Within::Body };
                None
            }
            Family::Coded { news } => self.coded(text, within, news),
            Family::Pop3 => self.pop3(text, within),
            Family::Imap | Family::Sieve => {
                if let Some((size, _)) = line.literal() {
                    self.lines.skip(size);
                    self.within = Within::Line;
                }
                let begins = within == Within::Nothing;
                begins.then(|| if family == Family::Imap { imap(line) } else { sieve(line) }).flatten()
            }
            Family::Irc => numeric(line),
            Family::Other => None,
        }
    }

    /// RFC 5321, 4.2.1; RFC 959, 4.2: where a reply has several lines, the last has a blank behind its code.
    fn coded(&mut self, text: &[u8], within: Within, news: bool) -> Option<Reply> {
        let Some(Code { number: code, goes_on }) = Code::any(text) else {
            self.within = within;
            return None;
        };
        if goes_on {
            self.within = Within::Reply;
            return None;
        }
        if news && BLOCKS.contains(&code) {
            self.within = Within::Body;
        }
        // Another follows for the same command.
        let preliminary = !news && code < 200;
        match code {
            354 => Some(Reply::Wanted),
            335 | 340 if news => Some(Reply::Wanted),
            334 => Some(Reply::More),
            383 if news => Some(Reply::More),
            _ => (!preliminary).then_some(Reply::Code(code)),
        }
    }

    /// RFC 1939, 3: which command it was for tells whether a list follows; here its first line does.
    fn pop3(&mut self, text: &[u8], within: Within) -> Option<Reply> {
        if text.starts_with(b"+OK") {
            self.within = Within::Success;
            return Some(Reply::Status(true));
        }
        if text.starts_with(b"-ERR") {
            return Some(Reply::Status(false));
        }
        if is_plus(text) {
            return Some(Reply::More);
        }
        if within == Within::Success && text != b"." {
            self.within = Within::Body;
        }
        None
    }
}

/// NNTP's replies that have a block of lines behind them (RFC 3977, RFC 6048 and RFC 2980).
const BLOCKS: [u16; 12] = [100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282, 288];

/// What a server speaks that begins with this line.
pub(super) fn family(line: &Line) -> Family {
    let text = line.text();
    match Code::any(text) {
        Some(Code { number: 200 | 201, .. }) => return Family::Coded { news: true },
        Some(_) => return Family::Coded { news: false },
        None => {}
    }
    let first = line.words().next().unwrap_or_default();
    match first {
        b"+OK" | b"-ERR" => Family::Pop3,
        b"*" => Family::Imap,
        b"NOTICE" | b"PING" | b"ERROR" => Family::Irc,
        _ if text.starts_with(b"\"") || sieve(line).is_some() => Family::Sieve,
        _ if first.starts_with(b":") && first.len() > 1 => Family::Irc,
        _ => Family::Other,
    }
}

fn is_plus(text: &[u8]) -> bool {
    text == b"+" || text.starts_with(b"+ ")
}

/// RFC 9051, 7.1 and 7.6.
fn imap(line: &Line) -> Option<Reply> {
    if is_plus(line.text()) {
        return Some(Reply::More);
    }
    let mut words = line.words();
    let (tag, status) = (words.next()?, words.next()?);
    let is = |name: &str| status.eq_ignore_ascii_case(name.as_bytes());
    let ok = is("OK");
    (tag != b"*" && tag != b"+" && (ok || is("NO") || is("BAD"))).then(|| Reply::Tagged(tag.to_vec(), ok))
}

/// RFC 5804, 1.2: what begins otherwise belongs to the reply that such a line ends.
fn sieve(line: &Line) -> Option<Reply> {
    let ok = line.begins_with("OK");
    (ok || line.begins_with("NO") || line.begins_with("BYE")).then_some(Reply::Status(ok))
}

/// `:server 670 nick :STARTTLS successful`
fn numeric(line: &Line) -> Option<Reply> {
    let mut words = line.words();
    let number = match words.next()? {
        b"ERROR" => Some(691),
        source if source.starts_with(b":") => words.next().and_then(|word| Some(Code::any(word)?.number)),
        _ => None,
    };
    number.map(Reply::Numeric)
}
