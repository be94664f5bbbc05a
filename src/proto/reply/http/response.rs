//! The server's half: where a response ends.
//!
//! A newcomer's trap: a server may answer before it has heard the whole request, or when nothing
//! was asked (408). The first is the reply all the same, the second is the reply to nothing.

use super::request::{Method, Request};
use crate::{
    error::{Error, Result},
    proto::{
        http::{
            body::{BadFraming, Body, Delivery, Framing},
            first_line::{StatusLine, Version},
            head::{BadHead, Head, HeadReader},
        },
        reply::{Kind, Next, Reply},
    },
};

/// So many interim responses in a row are listened to.
const INTERIM: u8 = 200;

/// The responses of a connection, one after the other.
#[derive(Debug, Default)]
pub(super) struct Response {
    reader: HeadReader<StatusLine>,
    /// What has come and is not understood yet: less than a head, between calls.
    arrived: Vec<u8>,
    interim: u8,
    open: Option<Open>,
    has_switched: bool,
}

/// A response whose head has come.
#[derive(Debug)]
struct Open {
    reply: Reply,
    body: Body,
    asked: bool,
}

/// What has been heard.
pub(super) enum Heard {
    /// A response before the response, by its first line.
    Interim(Vec<u8>),
    /// The head of the response.
    Head,
    /// All of it, and whether its head came after a request had begun.
    Whole { reply: Reply, asked: bool },
}

impl Response {
    /// These bytes have come; then [`Response::next`] until there is nothing more.
    pub(super) fn arrived(&mut self, bytes: &[u8]) {
        // Of another protocol nothing is looked at.
        if !self.has_switched {
            self.arrived.extend_from_slice(bytes);
        }
    }

    /// The next event in what has come.
    pub(super) fn next(&mut self, request: &Request) -> Result<Option<Heard>> {
        while let Some(open) = &mut self.open {
            if open.body.is_over() {
                return Ok(self.open.take().map(|open| Heard::Whole { reply: open.reply, asked: open.asked }));
            }
            if self.arrived.is_empty() {
                return Ok(None);
            }
            let passed = open.body.pass(&mut self.arrived).map_err(|bad| broken(bad.0))?;
            self.arrived.drain(..passed.used);
        }
        if !self.reader.has_begun(&[]) {
            // Some servers end a body with an empty line that they have not counted.
            let blank = self.arrived.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.arrived.drain(..blank);
        }
        let head = self.reader.read(&mut self.arrived).map_err(|bad| broken(in_words(bad)))?;
        head.map(|head| self.understand(&head, request)).transpose()
    }

    /// What is heard next.
    pub(super) fn what(&self) -> Next {
        match &self.open {
            _ if self.has_switched => Next::Unknown,
            Some(open) => open.body.left().map_or(Next::Text, Next::Bytes),
            None if self.reader.has_begun(&self.arrived) => Next::Text,
            None => Next::Reply,
        }
    }

    /// Whether another protocol is spoken from now on.
    pub(super) fn has_switched(&self) -> bool {
        self.has_switched
    }

    /// Whether the response that is being heard is whole when the connection ends.
    pub(super) fn ends_with_connection(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.body.clone().end().is_ok())
    }

    /// The connection has ended: the response that is whole by that, and whether it was asked for.
    pub(super) fn ended(&mut self) -> Option<(Reply, bool)> {
        let mut open = self.open.take()?;
        open.body.end().ok().map(|()| (open.reply, open.asked))
    }

    fn understand(&mut self, head: &Head<StatusLine>, request: &Request) -> Result<Heard> {
        let (status, line) = (head.line.status, in_text(&head.line));
        let switches = status == 101 || (request.method() == Method::Connect && (200..300).contains(&status));
        if !switches && status < 200 {
            self.interim += 1;
            let goes_on = self.interim <= INTERIM;
            return if goes_on { Ok(Heard::Interim(line)) } else { Err(broken("it never comes to its end")) };
        }
        let kind = if status >= 400 { Kind::Permanent } else { Kind::Success };
        let reply = Reply { kind, line, unless: None };
        self.interim = 0;
        if switches {
            self.has_switched = true;
            self.arrived = Vec::new();
            return Ok(Heard::Whole { reply, asked: request.has_begun() });
        }
        let method = if request.method() == Method::Head { "HEAD" } else { "" };
        let framing = Framing::of_response(head, method).map_err(|bad| match bad {
            BadFraming::Unclear(why) => broken(why),
            BadFraming::UnknownCoding => broken("its transfer coding is not known"),
        })?;
        self.open = Some(Open { reply, body: Body::new(framing, Delivery::AsIs), asked: request.has_begun() });
        Ok(Heard::Head)
    }
}

/// The first line, as it came.
fn in_text(line: &StatusLine) -> Vec<u8> {
    let version = if line.version == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let start = format!("{version} {}", line.status).into_bytes();
    if line.reason.is_empty() { start } else { [&start, &b" "[..], &line.reason].concat() }
}

fn in_words(bad: BadHead) -> &'static str {
    match bad {
        BadHead::LineTooLong | BadHead::TooLarge => "its header is too large",
        BadHead::Version => "it is in another version of HTTP",
        BadHead::Malformed(why) => why,
    }
}

fn broken(why: &str) -> Error {
    Error::network("the reply", why)
}
