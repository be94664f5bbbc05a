//! What is recorded of one connection, as it was really said: after pacing, before encryption.
//!
//! A newcomer's trap: it is dropped with the last layer that tells it anything, and only then the last line
//! is written, if that had no end.

use super::{Sessions, Taps, UNRECORDED, place::Output, transcript::Transcript};
use crate::{clock, proto::evidence::Side, report::escape};
use std::{cell::RefCell, fmt, rc::Rc, time::Instant};

/// See the module's description.
#[derive(Debug)]
pub struct Record {
    taps: Rc<Taps>,
    /// `None` without `--transcript`, or when it could not be written.
    dialogue: RefCell<Option<Dialogue>>,
}

/// The two ends of a connection, for a transcript's first lines.
pub struct Ends<'a> {
    /// The other end.
    pub remote: &'a dyn fmt::Display,
    /// This end.
    pub local: &'a dyn fmt::Display,
    /// The server's name, which is told where none was typed.
    pub host: Option<&'a str>,
    /// Whether boundaries count.
    pub datagram: bool,
}

#[derive(Debug)]
struct Dialogue {
    transcript: Transcript,
    output: Output,
    begun: Instant,
    /// The first lines, until they are written.
    head: String,
}

impl Record {
    /// Of a connection that begins now.
    pub(super) fn new(taps: Rc<Taps>, ends: &Ends<'_>) -> Self {
        let dialogue = taps.transcript.as_ref().and_then(|transcripts| {
            let output = transcripts.place.next().map_err(|error| taps.transcript_failed(&error.and(UNRECORDED)));
            Some(Dialogue {
                transcript: Transcript::new(transcripts.timestamps, transcripts.show_secrets, ends.datagram),
                output: output.ok()?,
                begun: clock::now(),
                head: head(&taps.sessions, ends),
            })
        });
        Self { taps, dialogue: RefCell::new(dialogue) }
    }

    /// The connection stands, whether or not anything will be said.
    pub fn stands(&self) {
        self.transcribe(|_, _, _| {});
    }

    /// These bytes were sent.
    pub fn sent(&self, bytes: &[u8]) {
        self.taps.piece(bytes);
        self.sent_before(bytes);
    }

    /// These bytes came from the peer.
    pub fn received(&self, bytes: &[u8]) {
        self.taps.piece(bytes);
        self.received_before(bytes);
    }

    /// These bytes were sent before the user's: they are in the transcript alone.
    pub fn sent_before(&self, bytes: &[u8]) {
        self.said(self.taps.sessions.side, bytes);
    }

    /// These bytes came before those for the user: they are in the transcript alone.
    pub fn received_before(&self, bytes: &[u8]) {
        self.said(
            match self.taps.sessions.side {
                Side::Client => Side::Server,
                Side::Server => Side::Client,
            },
            bytes,
        );
    }

    /// What comes from now on is encrypted. Once is enough.
    pub fn encrypted(&self) {
        self.transcribe(|dialogue, now, out| dialogue.transcript.encrypted(now - dialogue.begun, out));
    }

    fn said(&self, side: Side, bytes: &[u8]) {
        self.transcribe(|dialogue, now, out| dialogue.transcript.said(side, bytes, now - dialogue.begun, out));
    }

    /// Writes what `add` adds; nothing more once that has failed.
    fn transcribe(&self, add: impl FnOnce(&mut Dialogue, Instant, &mut String)) {
        let mut dialogue = self.dialogue.borrow_mut();
        let Some(it) = &mut *dialogue else { return };
        let mut out = std::mem::take(&mut it.head);
        add(it, clock::now(), &mut out);
        if out.is_empty() {
            return;
        }
        if let Err(error) = it.output.write(&out) {
            *dialogue = None;
            self.taps.transcript_failed(&error.and(UNRECORDED));
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // Where the first lines are still to be written, nothing has come of the connection.
        if self.dialogue.get_mut().as_ref().is_some_and(|dialogue| dialogue.head.is_empty()) {
            self.transcribe(|dialogue, _, out| dialogue.transcript.end(out));
        }
    }
}

/// Who is connected to whom.
fn head(sessions: &Sessions, ends: &Ends<'_>) -> String {
    let (local, remote) = (ends.local.to_string(), ends.remote.to_string());
    let target = sessions.target.as_deref().or(ends.host);
    let (client, server) = match (sessions.side, target) {
        (Side::Client, Some(target)) if target != remote => (local, format!("{target}, reached at {remote}")),
        (Side::Client, _) => (local, remote),
        (Side::Server, _) => (remote, local),
    };
    format!("# C: {}\n# S: {}\n", escape(client.as_bytes()), escape(server.as_bytes()))
}
