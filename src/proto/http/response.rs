//! The way of a response from the origin to the client.
//!
//! A newcomer's trap: there may be several heads. Interim ones (100, 103) come before the
//! response and have no body; an HTTP/1.0 client must not see them.

use super::{
    answers::{Answer, Next, Status},
    asking::Asker,
    body::{BadFraming, Body, Delivery, Framing, Passed, Truncated},
    chunked::BadChunk,
    first_line::{StatusLine, Version},
    head::{BadHead, Head, HeadReader},
    rewrite,
};

const SWITCHING: u16 = 101;

/// So many interim responses are passed on, or over: one that says nothing else keeps others waiting.
const INTERIM: u8 = 200;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Response {
    reader: HeadReader<StatusLine>,
    /// How many interim ones there have been.
    interim: u8,
    /// Nothing before the head.
    body: Option<Body>,
    next: Next,
    is_request_bad: bool,
}

impl Default for Response {
    fn default() -> Self {
        Self { reader: HeadReader::default(), interim: 0, body: None, next: Next::Close, is_request_bad: false }
    }
}

impl Response {
    /// Reads heads from the front of `arrived`: what the client gets.
    pub(super) fn head(&mut self, arrived: &mut Vec<u8>, asker: &Asker, whole: bool, pseudonym: &str) -> Vec<u8> {
        let mut out = Vec::new();
        while self.body.is_none() {
            let understood = match self.reader.read(arrived) {
                Ok(None) => break,
                Ok(Some(head)) => self.understood(head, asker, whole, pseudonym),
                Err(bad) => Err(in_words(bad)),
            };
            out.append(&mut understood.unwrap_or_else(|why| self.answer(Status::BadGateway, why, asker, whole)));
        }
        out
    }

    pub(super) fn has_begun(&self) -> bool {
        self.body.is_some()
    }

    pub(super) fn wants(&self) -> usize {
        self.body.as_ref().map_or(0, Body::wants)
    }

    pub(super) fn pass(&mut self, bytes: &mut [u8]) -> Result<Passed, BadChunk> {
        let Some(body) = &mut self.body else { return Ok(Passed::default()) };
        body.pass(bytes).inspect_err(|_| self.next = Next::Close)
    }

    /// What the client gets when nothing more comes from the origin and nothing came.
    pub(super) fn ended(&mut self, asker: &Asker, whole: bool) -> Result<Vec<u8>, Truncated> {
        match &mut self.body {
            Some(body) => body.end().map(|()| Vec::new()).inspect_err(|_| self.next = Next::Close),
            None if self.is_request_bad => {
                let why = "the body of the request was cut off or malformed";
                Ok(self.answer(Status::BadRequest, why, asker, whole))
            }
            None => {
                let why = "the server closed the connection without a response";
                Ok(self.answer(Status::BadGateway, why, asker, whole))
            }
        }
    }

    pub(super) fn next(&self) -> Next {
        if self.body.as_ref().is_some_and(Body::is_over) { self.next } else { Next::Close }
    }

    pub(super) fn request_is_bad(&mut self) {
        self.is_request_bad = true;
    }

    pub(super) fn is_request_bad(&self) -> bool {
        self.is_request_bad
    }

    /// Rewrites a head; `whole` says whether all of the request has been read. An error is in words.
    fn understood(
        &mut self,
        head: Head<StatusLine>,
        asker: &Asker,
        whole: bool,
        pseudonym: &str,
    ) -> Result<Vec<u8>, &'static str> {
        if head.line.status == SWITCHING {
            return Err("the server changed to another protocol unasked");
        }
        let framing = Framing::of_response(&head, &asker.method).map_err(|bad| match bad {
            BadFraming::Unclear(why) => why,
            BadFraming::UnknownCoding => "the server used a transfer coding that it was not asked for",
        })?;
        if head.line.status < 200 {
            self.interim += 1;
            return match asker.version {
                _ if self.interim > INTERIM => Err("the server never comes to its response"),
                Version::Http10 => Ok(Vec::new()),
                Version::Http11 => Ok(rewrite::response(head, framing, Delivery::AsIs, None, pseudonym)),
            };
        }
        let delivery = match (framing, asker.version) {
            (Framing::Chunked, Version::Http10) => Delivery::Unwrapped,
            _ => Delivery::AsIs,
        };
        // Both are read as one should, but who sends them is not to be trusted with what follows.
        let odd = head.fields.has("transfer-encoding")
            && (head.fields.has("content-length") || head.line.version == Version::Http10);
        let goes_on = whole && !odd && framing != Framing::UntilClose;
        self.next = if goes_on { asker.next() } else { Next::Close };
        self.body = Some(Body::new(framing, delivery));
        Ok(rewrite::response(head, framing, delivery, Some(self.next), pseudonym))
    }

    /// An answer of our own in place of the response.
    fn answer(&mut self, status: Status, why: &'static str, asker: &Asker, whole: bool) -> Vec<u8> {
        self.next = if whole { asker.next() } else { Next::Close };
        self.body = Some(Body::new(Framing::Empty, Delivery::AsIs));
        Answer::new(status, why).bytes(&asker.method, self.next)
    }
}

fn in_words(bad: BadHead) -> &'static str {
    match bad {
        BadHead::LineTooLong | BadHead::TooLarge => "the header of the server's response is too large",
        BadHead::Version => "the server speaks another version of HTTP",
        BadHead::Malformed(_) => "the server's response is not HTTP",
    }
}
