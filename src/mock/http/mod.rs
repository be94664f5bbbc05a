//! `--mock http`: a server that answers every request with the request, byte for byte, so that one sees what one
//! has sent (RFC 9110, 9112).
//!
//! | file | what it knows |
//! |---|---|
//! | `request` | where a request ends, and how it is kept |
//! | `answer` | how an answer is written |
//! | `explain` | what is wrong with a request, in plain words, and what is right |
//!
//! A newcomer's trap: many clients send all of a request before they read, so no byte of the answer may be needed
//! to take the rest of it. It is kept until it is complete: a little in memory, more in a file without a name.

mod answer;
mod explain;
mod request;

use super::{Client, READY, Service, Session, Shared, gallery::Item};
use crate::{
    error::{Error, why},
    proto::http::answers::{Next, Status},
};
use answer::Refusal;
use request::{Arriving, Progress, Request};
use std::{
    io::{self, Read},
    rc::Rc,
    time::Duration,
};
use tempfile::SpooledTempFile;

/// Its row in the table.
pub static SERVICE: Service = Service { name: "http", title: "HTTP", port: 8080, starttls: false, mails: false, begin };

/// What a client is told whose lines end with LF alone, and who looks at stdout.
const NOTE: &str = "lines end with LF alone, which RFC 9112, 2.2, lets pass; HTTP has CR LF, as rncat -C sends";

fn begin(shared: &Rc<Shared>, client: Client) -> Box<dyn Session> {
    Box::new(Http { shared: Rc::clone(shared), client, arriving: Arriving::default(), answering: None, over: false })
}

/// See the module's description.
struct Http {
    shared: Rc<Shared>,
    client: Client,
    arriving: Arriving,
    answering: Option<Body>,
    over: bool,
}

/// The rest of an answer.
struct Body {
    kept: SpooledTempFile,
    left: u64,
    next: Next,
}

impl Http {
    /// A request is complete.
    fn answer(&mut self, request: Request, out: &mut Vec<u8>) {
        let Request { title, method, next, has_bare_ends, kept, size } = request;
        let note = has_bare_ends.then_some(NOTE);
        self.show(&format!("{title}, {size} bytes{}", note.map(|note| format!(" ({note})")).unwrap_or_default()));
        let kind = if method == "TRACE" { "message/http" } else { answer::TEXT };
        answer::head(Status::Ok, kind, size, next, note, out);
        let left = if method == "HEAD" { 0 } else { size };
        self.answering = Some(Body { kept, left, next });
    }

    /// There is no answering this request, nor finding the next one.
    fn refuse(&mut self, refusal: &Refusal, out: &mut Vec<u8>) {
        let title = self.arriving.title();
        self.show(&format!("{title}{}{refusal}", if title.is_empty() { "" } else { ": " }));
        refusal.write(self.arriving.is_head(), out);
        self.close();
    }

    fn close(&mut self) {
        (self.arriving, self.answering, self.over) = (Arriving::default(), None, true);
    }

    /// A line on stdout.
    fn show(&self, text: &str) {
        let before = format!("{} {text}\n", self.client.name);
        self.shared.gallery.borrow_mut().show(Item { before, ..Item::default() });
    }
}

impl Session for Http {
    fn greet(&mut self, _: &mut Vec<u8>) {}

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let (taken, progress) = self.arriving.take(bytes, self.client.tls);
        match progress {
            Progress::More => {}
            Progress::WantsToGoOn => out.extend_from_slice(answer::CONTINUE),
            Progress::Whole(request) => self.answer(request, out),
            Progress::Refused(refusal) => self.refuse(&refusal, out),
        }
        taken
    }

    fn go_on(&mut self, out: &mut Vec<u8>) {
        let Some(body) = &mut self.answering else { return };
        if let Err(error) = body.copy(out, READY) {
            let error = Error::network("the kept request", why(&error));
            self.shared.report.error(&error.of(&self.client.name));
            return self.close();
        }
        match body {
            Body { left: 0, next: Next::Close, .. } => self.close(),
            Body { left: 0, .. } => self.answering = None,
            _ => {}
        }
    }

    fn left(&mut self, out: &mut Vec<u8>) {
        match self.arriving.has_begun() {
            true => self.refuse(&explain::cut_short(self.arriving.has_head()), out),
            false => self.close(),
        }
    }

    fn silent(&mut self, time: Duration, out: &mut Vec<u8>) {
        match self.arriving.has_begun() {
            true => self.refuse(&explain::too_slow(time, self.arriving.has_head()), out),
            false => self.close(),
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

impl Body {
    /// Adds to `out` until it has so many bytes or all is there.
    fn copy(&mut self, out: &mut Vec<u8>, ready: usize) -> io::Result<()> {
        while self.left > 0 && out.len() < ready {
            let room = self.left.min((ready - out.len()) as u64);
            match self.kept.by_ref().take(room).read_to_end(out)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.left = self.left.saturating_sub(count as u64),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
