//! Reads one request and keeps it as it came.
//!
//! A newcomer's trap: "as it came" is not what a parser gives back. Its head is kept beside what the parser eats,
//! and its body with the sizes of its chunks.

use super::{answer::Refusal, explain};
use crate::{
    proto::http::{
        answers::Next,
        body::{Body, Delivery, Framing},
        first_line::{FirstLine, RequestLine, Version},
        head::{Head, HeadReader},
    },
    report::escape,
};
use std::io::{self, Seek, Write};
use tempfile::SpooledTempFile;

/// So much of a request is kept in memory, in bytes; if it is longer, it is kept in a file.
const MEMORY: usize = 64 * 1024;
/// The longest body, in bytes as it is on the wire.
const LONGEST: u64 = 32 << 20;

/// A request that is coming in.
#[derive(Default)]
pub(super) struct Arriving {
    reader: HeadReader<RequestLine>,
    /// What the reader has not done with.
    unread: Vec<u8>,
    /// The head, as far as it has come.
    raw: Vec<u8>,
    /// Once the head is complete.
    rest: Option<Rest>,
}

/// What is to come after the head, and what is known.
struct Rest {
    request: Request,
    body: Body,
    /// So much of it has come, in bytes.
    length: u64,
}

/// A whole request.
pub(super) struct Request {
    /// Its first line, escaped.
    pub(super) title: String,
    /// Case matters.
    pub(super) method: String,
    /// What the client wants to happen to its connection.
    pub(super) next: Next,
    /// A line of its head ends with LF alone.
    pub(super) has_bare_ends: bool,
    /// All of it, to be read from here on.
    pub(super) kept: SpooledTempFile,
    /// How long that is, in bytes.
    pub(super) size: u64,
}

/// What has become of some bytes.
pub(super) enum Progress {
    /// More are to come.
    More,
    /// The client waits to be told that more may come.
    WantsToGoOn,
    /// They were the last.
    Whole(Request),
    /// They will not do.
    Refused(Refusal),
}

impl Arriving {
    /// Takes a line of the head or a piece of the body; how many bytes that is. `tls`: they came over TLS.
    pub(super) fn take(&mut self, bytes: &[u8], tls: bool) -> (usize, Progress) {
        let (taken, progress) = match &mut self.rest {
            Some(rest) => rest.take(bytes),
            None => {
                let taken = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
                (taken, self.head(bytes.get(..taken).unwrap_or(bytes), tls))
            }
        };
        let progress = progress.unwrap_or_else(Progress::Refused);
        if !matches!(progress, Progress::More) || !self.rest.as_ref().is_some_and(|rest| rest.body.is_over()) {
            return (taken, progress);
        }
        (taken, self.whole().unwrap_or_else(|error| Progress::Refused(explain::not_kept(&error))))
    }

    /// Whether anything of it has come; empty lines before it are nothing.
    pub(super) fn has_begun(&self) -> bool {
        self.has_head() || self.reader.has_begun(&self.unread)
    }

    /// Whether its head is complete.
    pub(super) fn has_head(&self) -> bool {
        self.rest.is_some()
    }

    /// Whether its method is HEAD.
    pub(super) fn is_head(&self) -> bool {
        self.rest.as_ref().map_or_else(|| self.raw.starts_with(b"HEAD "), |rest| rest.request.method == "HEAD")
    }

    /// Its first line, escaped; empty where the client does not speak HTTP.
    pub(super) fn title(&self) -> String {
        self.rest.as_ref().map_or_else(|| title(&self.raw), |rest| rest.request.title.clone())
    }

    fn head(&mut self, piece: &[u8], tls: bool) -> Result<Progress, Refusal> {
        self.raw.extend_from_slice(piece);
        self.unread.extend_from_slice(piece);
        let head = self.reader.read(&mut self.unread).map_err(|bad| explain::bad_head(bad, &self.raw, tls))?;
        let Some(head) = head else {
            if !self.has_begun() {
                // Empty lines, or half of one.
                self.raw.clone_from(&self.unread);
            }
            return Ok(Progress::More);
        };
        explain::check(&head)?;
        let framing = Framing::of_request(&head).map_err(explain::bad_framing)?;
        if matches!(framing, Framing::Length(length) if length > LONGEST) {
            return Err(explain::too_long(LONGEST));
        }
        let waits = head.line.version == Version::Http11 && head.fields.lists("expect", "100-continue");
        let (kept, size) = (SpooledTempFile::new(MEMORY), 0);
        let (next, has_bare_ends) = (next(&head), has_bare_ends(&self.raw));
        let mut request =
            Request { title: title(&self.raw), method: head.line.method, next, has_bare_ends, kept, size };
        request.keep(&self.raw)?;
        // Freed, as it is kept.
        self.raw = Vec::new();
        let body = Body::new(framing, Delivery::AsIs);
        let progress = if waits && !body.is_over() { Progress::WantsToGoOn } else { Progress::More };
        self.rest = Some(Rest { request, body, length: 0 });
        Ok(progress)
    }

    fn whole(&mut self) -> io::Result<Progress> {
        let Some(rest) = &mut self.rest else { return Ok(Progress::More) };
        rest.request.kept.rewind()?;
        // What comes next is another request.
        let whole = std::mem::take(self).rest;
        Ok(whole.map_or(Progress::More, |rest| Progress::Whole(rest.request)))
    }
}

impl Rest {
    fn take(&mut self, bytes: &[u8]) -> (usize, Result<Progress, Refusal>) {
        // What is behind the body is left where it is: many short requests may have come at once.
        let mut piece = bytes.get(..self.body.wants()).unwrap_or(bytes).to_vec();
        let passed = match self.body.pass(&mut piece) {
            Ok(passed) => passed,
            Err(bad) => return (bytes.len(), Err(explain::bad_chunk(bad))),
        };
        self.length += passed.used as u64;
        if self.length > LONGEST {
            return (passed.used, Err(explain::too_long(LONGEST)));
        }
        let kept = self.request.keep(piece.get(..passed.kept).unwrap_or(&piece));
        (passed.used, kept.map(|()| Progress::More))
    }
}

impl Request {
    fn keep(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.kept.write_all(bytes).map_err(|error| explain::not_kept(&error))?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

/// HTTP/1.1 keeps a connection unless it is told not to, HTTP/1.0 if it is told to (RFC 9112, 9.3).
fn next(head: &Head<RequestLine>) -> Next {
    let says = |option| head.fields.lists("connection", option);
    match says("close") || (head.line.version == Version::Http10 && !says("keep-alive")) {
        true => Next::Close,
        false => Next::KeepOpen,
    }
}

fn title(raw: &[u8]) -> String {
    let line = raw.split(|byte| *byte == b'\n').next().filter(|line| RequestLine::begins(line)).unwrap_or_default();
    escape(line.strip_suffix(b"\r").unwrap_or(line))
}

fn has_bare_ends(raw: &[u8]) -> bool {
    raw.split_inclusive(|byte| *byte == b'\n').any(|line| !line.ends_with(b"\r\n"))
}
