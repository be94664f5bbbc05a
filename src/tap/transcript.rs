//! `--transcript`: what is said as the lines of a dialogue, without I/O.
//!
//! A newcomer's trap: a line is written when it is complete or the other side begins to speak, but where its
//! secret begins is found in all of it. So what has been written of it is kept until its end has come.

use super::secrets::{Secrets, without_end};
use crate::{dialogue::escaped, proto::evidence::Side};
use std::time::Duration;

/// A line that is longer is written in pieces, in bytes.
const LONGEST: usize = 64 * 1024;

/// Follows one connection. Times are given since its beginning.
#[derive(Debug)]
pub(super) struct Transcript {
    timestamps: bool,
    /// `None` with `--show-secrets`.
    secrets: Option<Secrets>,
    /// Each piece that is said is a datagram, which ends with it.
    datagrams: bool,
    encrypted: bool,
    last: Option<Side>,
    client: Line,
    server: Line,
}

/// The line that a side has begun.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    /// So much of it has been written.
    written: usize,
    /// So much of it is a message, in which there are no secrets.
    message: usize,
    /// The secret has begun in what was written.
    masked: bool,
    /// The beginning, which was too long, has been forgotten.
    cut: bool,
    /// When the first byte came that is not written yet.
    at: Duration,
}

impl Transcript {
    pub(super) fn new(timestamps: bool, show_secrets: bool, datagrams: bool) -> Self {
        Self {
            timestamps,
            secrets: (!show_secrets).then(Secrets::new),
            datagrams,
            encrypted: false,
            last: None,
            client: Line::default(),
            server: Line::default(),
        }
    }

    /// `side` has said this; adds the lines that are complete with it to `out`.
    pub(super) fn said(&mut self, side: Side, bytes: &[u8], at: Duration, out: &mut String) {
        if self.datagrams {
            self.last = Some(side);
            self.take(side, bytes, at, out);
            if bytes.is_empty() {
                self.begin(side, at, out);
                out.push_str(" {no-eol}\n");
            }
            self.end(out);
            *self.line(side) = Line::default();
        } else if !bytes.is_empty() {
            if self.last.is_some_and(|last| last != side) {
                self.change_turns(side, out);
            }
            self.last = Some(side);
            self.take(side, bytes, at, out);
        }
    }

    /// What is said from now on is encrypted.
    pub(super) fn encrypted(&mut self, at: Duration, out: &mut String) {
        if std::mem::replace(&mut self.encrypted, true) {
            return;
        }
        self.end(out);
        (self.client, self.server) = (Line::default(), Line::default());
        self.time(at, out);
        out.push_str("--- TLS\n");
    }

    /// Writes what has been said of a line without an end.
    pub(super) fn end(&mut self, out: &mut String) {
        if let Some(side) = self.last {
            self.write_unfinished(side, out);
        }
    }

    /// `side` begins to speak.
    fn change_turns(&mut self, side: Side, out: &mut String) {
        self.end(out);
        let Some(secrets) = &mut self.secrets else { return };
        match side {
            Side::Client => secrets.client_speaks(&self.server.bytes),
            Side::Server => {
                if secrets.server_speaks(self.client.bytes.get(self.client.message..).unwrap_or_default()) {
                    self.client = Line::default();
                }
            }
        }
    }

    fn take(&mut self, side: Side, mut bytes: &[u8], at: Duration, out: &mut String) {
        while !bytes.is_empty() {
            let in_message = match &self.secrets {
                Some(secrets) if side == Side::Client => secrets.message_bytes(),
                _ => 0,
            };
            let line = self.line(side);
            if line.written == line.bytes.len() {
                line.at = at;
            }
            let room = LONGEST - line.bytes.len().min(LONGEST);
            let most = if in_message == 0 { room } else { room.min(usize::try_from(in_message).unwrap_or(room)) };
            let window = bytes.get(..most).unwrap_or(bytes);
            let end = window.iter().position(|byte| *byte == b'\n');
            let (piece, rest) = bytes.split_at(end.map_or(window.len(), |end| end + 1));
            line.bytes.extend_from_slice(piece);
            bytes = rest;
            if in_message > 0 {
                (line.message, line.cut) = (line.bytes.len(), false);
                if let Some(secrets) = &mut self.secrets {
                    secrets.passed(piece.len() as u64);
                }
            }
            if end.is_some() {
                self.write_line(side, out);
            } else if self.line(side).bytes.len() >= LONGEST {
                self.cut(side, out);
            }
        }
    }

    /// The line is complete.
    fn write_line(&mut self, side: Side, out: &mut String) {
        let line = self.line(side);
        let unwritten = line.bytes.get(line.written..).unwrap_or_default();
        let end = if unwritten.ends_with(b"\r\n") { End::CrLf } else { End::Lf };
        self.write(side, end, out);
        let line = std::mem::take(self.line(side));
        if !line.cut {
            self.tell(side, &line);
        }
    }

    /// The line goes on, but the other side speaks now, or nobody any more.
    fn write_unfinished(&mut self, side: Side, out: &mut String) {
        let line = self.line(side);
        if line.written < line.bytes.len() {
            self.write(side, End::Open, out);
        }
    }

    /// The line is too long to be kept. What comes of it from now on is as secret as it has been so far.
    fn cut(&mut self, side: Side, out: &mut String) {
        let line = self.line(side);
        // `{masked}` stands for the rest already.
        if !(line.cut && line.masked) {
            self.write_unfinished(side, out);
        }
        let line = std::mem::take(self.line(side));
        let is_message = line.message == line.bytes.len();
        let masked = self.secret_from(side, &line, line.bytes.len()).is_some();
        if !line.cut && !is_message {
            self.tell(side, &line);
        }
        *self.line(side) = Line { cut: !is_message, masked, ..Line::default() };
    }

    /// Tells what was said to who looks for secrets.
    fn tell(&mut self, side: Side, line: &Line) {
        let Some(secrets) = &mut self.secrets else { return };
        let said = line.bytes.get(line.message..).unwrap_or_default();
        match side {
            Side::Client if said.is_empty() => {}
            Side::Client => secrets.client_said(said),
            Side::Server => secrets.server_said(without_end(said)),
        }
    }

    /// Where the secret in a line begins, if one begins in what comes before `end`.
    fn secret_from(&self, side: Side, line: &Line, end: usize) -> Option<usize> {
        if line.masked {
            return Some(line.written);
        }
        let secrets = self.secrets.as_ref().filter(|_| side == Side::Client && !line.cut && line.message < end)?;
        let said = without_end(line.bytes.get(line.message..end)?);
        secrets.secret_from(said).map(|from| line.message + from)
    }

    /// Writes what of a line is not written yet.
    fn write(&mut self, side: Side, end: End, out: &mut String) {
        let mut line = std::mem::take(self.line(side));
        let length = line.bytes.len() - end.length();
        let secret = self.secret_from(side, &line, length).map_or(length, |from| from.clamp(line.written, length));
        let shown = line.bytes.get(line.written..secret).unwrap_or_default();
        let masked = secret < length;
        let text = match end {
            _ if masked => before_a_form(shown) + "{masked}" + end.mark(),
            End::CrLf => escaped(shown),
            End::Open => before_a_form(shown) + end.mark(),
            End::Lf => escaped(shown) + end.mark(),
        };
        self.begin(side, line.at, out);
        if !text.is_empty() {
            out.push(' ');
            out.push_str(&text);
        }
        out.push('\n');
        (line.written, line.masked) = (line.bytes.len(), line.masked || masked);
        *self.line(side) = line;
    }

    fn begin(&self, side: Side, at: Duration, out: &mut String) {
        self.time(at, out);
        out.push_str(if side == Side::Client { "C:" } else { "S:" });
    }

    fn time(&self, at: Duration, out: &mut String) {
        if self.timestamps {
            out.push_str(&format!("[{}.{:06}] ", at.as_secs(), at.subsec_micros()));
        }
    }

    fn line(&mut self, side: Side) -> &mut Line {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// How a line ends.
#[derive(Clone, Copy)]
enum End {
    CrLf,
    /// LF alone.
    Lf,
    /// Not yet.
    Open,
}

impl End {
    fn length(self) -> usize {
        match self {
            Self::CrLf => 2,
            Self::Lf => 1,
            Self::Open => 0,
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::CrLf => "",
            Self::Lf => "{hex:0a}{no-eol}",
            Self::Open => "{no-eol}",
        }
    }
}

/// Text with a form behind it: blanks at its end can be seen.
fn before_a_form(text: &[u8]) -> String {
    let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (body, blanks) = text.split_at(text.len() - blanks);
    escaped(body) + &String::from_utf8_lossy(blanks)
}

#[cfg(test)]
mod tests;
