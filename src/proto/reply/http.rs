//! HTTP/1.1 (RFC 9112): the lines of a request's head are said at once, its body is counted, and the
//! next request waits until the response is whole.
//!
//! A newcomer's trap: a reply here has no last line. Where it ends depends on its head and on the
//! request's method, and it may take the end of the connection to end it. And a switch to another
//! protocol (101, CONNECT) ends the turns: from then on everything passes.

mod request;
mod response;

use self::{
    request::Request,
    response::{Heard, Response},
};
use super::{Conversation, Kind, Next, Reply, Turn, code};
use crate::error::Result;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Http {
    request: Request,
    response: Response,
    /// The response to the request that is being said is whole.
    is_answered: bool,
}

impl Http {
    /// A request that is whole and answered makes room for the next one.
    fn settle(&mut self) {
        if self.is_answered && self.request.is_whole() {
            self.request = Request::default();
            self.is_answered = false;
        }
    }

    /// A response is whole; `asked` if its head came when a request had begun.
    fn answered(&mut self, asked: bool) {
        self.is_answered |= asked && self.request.has_begun();
        self.settle();
    }
}

impl Conversation for Http {
    fn turn(&self) -> Turn {
        if self.response.has_switched() {
            return Turn::Bytes(u64::MAX);
        }
        self.request.turn(self.is_answered)
    }

    fn said(&mut self, line: &[u8]) {
        self.request.line(line);
        self.settle();
    }

    fn said_bytes(&mut self, count: u64) {
        self.request.bytes(count);
        self.settle();
    }

    fn heard(&mut self, bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        self.response.arrived(bytes);
        while let Some(heard) = self.response.next(&self.request)? {
            match heard {
                Heard::Interim(line) if self.request.is_held() => {
                    self.request.go_on();
                    replies.push(Reply { kind: Kind::Continue, line, unless: None });
                }
                Heard::Interim(_) => {}
                Heard::Head => self.request.refuse_if_held(),
                Heard::Whole { reply, asked } => {
                    self.answered(asked);
                    replies.push(reply);
                }
            }
        }
        Ok(())
    }

    fn next(&self) -> Next {
        self.response.what()
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        const VERSION: usize = "HTTP/1.1 ".len();
        let code = beginning.strip_prefix(b"HTTP/1.").and_then(|_| beginning.get(VERSION..))?;
        code::kind(code)
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.response.ends_with_connection()
    }

    fn ended(&mut self) -> Option<Reply> {
        let (reply, asked) = self.response.ended()?;
        self.answered(asked);
        Some(reply)
    }
}

#[cfg(test)]
mod tests;
