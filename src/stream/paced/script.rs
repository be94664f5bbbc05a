//! What the user sends, taken as far as it is our turn, and made into what goes to the server.
//!
//! Line ends become CR LF here, because only here is it known which bytes are counted: those pass as they are.
//!
//! A newcomer's trap: of a line whose end has not come the beginning is taken nevertheless, or its end
//! would never be read. So what has been taken may have to be looked at again when the turn has changed.

use super::talk::Talk;
use crate::proto::reply::Turn;

/// The longest line that is held until it is whole, in bytes. The beginning of a longer one is sent when it is our
/// turn, and the rest passes as it comes; the conversation is told its beginning.
pub(super) const LINE: usize = 64 * 1024;
/// Bytes that are made ready at a time.
const PIECE: usize = 16 * 1024;

/// See the module's description.
#[derive(Default)]
pub(super) struct Script {
    crlf: bool,
    /// The beginning of a line that has been taken.
    line: Vec<u8>,
    /// It was too long to be held, and has been passed on, or skipped.
    passing: Option<Passing>,
    /// The last byte that was passed on of a line that goes on.
    last: u8,
    /// What a line of a message begins with, as much of it as may be a lone dot.
    front: Vec<u8>,
    /// The last line had no end, and was not to get one.
    is_open: bool,
    skipped: Skipped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passing {
    Sent,
    Skipped,
}

/// What was not sent because the server does not want it.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skipped {
    /// It was a message, or belonged to one.
    pub(super) message: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

impl Script {
    pub(super) fn new(crlf: bool) -> Self {
        Self { crlf, ..Self::default() }
    }

    /// Bytes that were taken and not sent.
    pub(super) fn held(&self) -> usize {
        if self.passing.is_some() { 0 } else { self.line.len() }
    }

    /// Whether what was said last has no end by which the server could tell that it is to answer.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes from the front of `bytes` what may be taken now, and puts what is to be sent to the end of `out`;
    /// how many bytes were taken. It goes on to the next turn when it is called again; 0 if there is none yet.
    pub(super) fn take(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Vec<u8>) -> usize {
        if self.passing.is_none() && !matches!(talk.turn(), Turn::Line | Turn::SkipLine | Turn::Wait) {
            self.take_held(talk, out);
        }
        match talk.turn() {
            _ if self.passing.is_some() => self.pass(bytes, talk, out),
            Turn::Line | Turn::SkipLine | Turn::Wait => self.line(bytes, talk, out),
            Turn::Message => self.message(bytes, false, talk, out),
            Turn::Skip => self.message(bytes, true, talk, out),
            Turn::Bytes(count) => self.counted(bytes, count, false, talk, out),
            Turn::SkipBytes(count) => self.counted(bytes, count, true, talk, out),
        }
    }

    /// Looks again at what has been taken, now that the turn may have changed.
    pub(super) fn take_held(&mut self, talk: &mut Talk, out: &mut Vec<u8>) {
        while self.passing.is_none()
            && !self.line.is_empty()
            && !matches!(talk.turn(), Turn::Line | Turn::SkipLine | Turn::Wait)
        {
            let held = std::mem::take(&mut self.line);
            let taken = self.take(&held, talk, out);
            // What is left over is a line's beginning again.
            self.line.splice(0..0, held.get(taken..).unwrap_or_default().iter().copied());
        }
    }

    /// Nothing follows: what has been taken of a line is the whole of it. Whether all has been taken care of.
    pub(super) fn end(&mut self, talk: &mut Talk, out: &mut Vec<u8>) -> bool {
        self.take_held(talk, out);
        if self.crlf && !self.front.is_empty() && matches!(talk.turn(), Turn::Message | Turn::Skip) {
            self.take(b"\n", talk, out);
        }
        if self.line.is_empty() {
            return true;
        }
        let end: &[u8] = if self.crlf { b"\n" } else { b"" };
        self.is_open = !self.crlf;
        if self.passing.is_some() {
            self.finish_line(talk, end, out);
            return true;
        }
        talk.peek(&self.line);
        match talk.turn() {
            turn @ (Turn::Line | Turn::SkipLine) => {
                self.begin_passing(turn, out);
                self.finish_line(talk, end, out);
                true
            }
            _ => false,
        }
    }

    /// What has been skipped since it was last asked, if that is over.
    pub(super) fn skipped(&mut self, talk: &Talk) -> Option<Skipped> {
        if matches!(talk.turn(), Turn::Skip | Turn::SkipBytes(_)) || self.passing == Some(Passing::Skipped) {
            return None;
        }
        self.all_skipped()
    }

    /// … even if it is not over.
    pub(super) fn all_skipped(&mut self) -> Option<Skipped> {
        Some(std::mem::take(&mut self.skipped)).filter(|skipped| skipped.bytes > 0)
    }

    fn line(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Vec<u8>) -> usize {
        let room = LINE - self.line.len().min(LINE);
        let Some(end) = bytes.iter().take(room.saturating_add(1)).position(|byte| *byte == b'\n') else {
            let beginning = bytes.get(..room).unwrap_or(bytes);
            if !beginning.is_empty() {
                self.line.extend_from_slice(beginning);
                return beginning.len();
            }
            talk.peek(&self.line);
            return match talk.turn() {
                turn @ (Turn::Line | Turn::SkipLine) => {
                    self.begin_passing(turn, out);
                    self.pass(bytes, talk, out)
                }
                _ => 0,
            };
        };
        let text = bytes.get(..end).unwrap_or_default();
        if self.line.is_empty() {
            talk.peek(without_cr(text));
        } else {
            let held = self.line.len();
            self.line.extend_from_slice(text);
            talk.peek(without_cr(&self.line));
            self.line.truncate(held);
        }
        match talk.turn() {
            turn @ (Turn::Line | Turn::SkipLine) => {
                self.line.extend_from_slice(text);
                self.begin_passing(turn, out);
                self.finish_line(talk, b"\n", out);
                end + 1
            }
            Turn::Wait => 0,
            // What was looked at has changed the turn.
            _ => self.take(bytes, talk, out),
        }
    }

    /// The line that is held is sent, or not.
    fn begin_passing(&mut self, turn: Turn, out: &mut Vec<u8>) {
        if turn == Turn::SkipLine {
            self.passing = Some(Passing::Skipped);
            self.skipped.bytes += self.line.len() as u64;
        } else {
            self.passing = Some(Passing::Sent);
            out.extend_from_slice(&self.line);
        }
        self.last = self.line.last().copied().unwrap_or_default();
    }

    /// More of a line that was too long to be held.
    fn pass(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Vec<u8>) -> usize {
        let bytes = bytes.get(..PIECE).unwrap_or(bytes);
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        match self.passing {
            Some(Passing::Skipped) => self.skipped.bytes += text.len() as u64,
            _ => out.extend_from_slice(text),
        }
        self.last = text.last().copied().unwrap_or(self.last);
        if end.is_none() {
            return text.len();
        }
        self.finish_line(talk, b"\n", out);
        text.len() + 1
    }

    /// A line that was sent, or skipped, is whole.
    fn finish_line(&mut self, talk: &mut Talk, end: &[u8], out: &mut Vec<u8>) {
        let skipped = self.passing.take() == Some(Passing::Skipped);
        if skipped {
            self.skipped.lines += 1;
            self.skipped.bytes += end.len() as u64;
        } else if !end.is_empty() {
            end_line(self.crlf, self.last, out);
        }
        let line = std::mem::take(&mut self.line);
        talk.said(without_cr(&line), skipped);
    }

    /// Lines up to a lone dot.
    fn message(&mut self, bytes: &[u8], skipped: bool, talk: &mut Talk, out: &mut Vec<u8>) -> usize {
        const LONE_DOT: usize = 3;
        let bytes = bytes.get(..PIECE).unwrap_or(bytes);
        let mut taken = 0;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            taken += piece.len();
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let room = LONE_DOT - self.front.len().min(LONE_DOT);
            self.front.extend_from_slice(text.get(..room).unwrap_or(text));
            self.last = text.last().copied().unwrap_or(self.last);
            if !skipped {
                out.extend_from_slice(text);
            }
            if text.len() == piece.len() {
                break;
            }
            if skipped {
                self.skipped.lines += 1;
            } else {
                end_line(self.crlf, self.last, out);
            }
            self.last = 0;
            let front = std::mem::take(&mut self.front);
            if without_cr(&front) == b"." {
                talk.said_message(skipped);
                break;
            }
        }
        if skipped {
            self.skipped.message = true;
            self.skipped.bytes += taken as u64;
        }
        taken
    }

    fn counted(&mut self, bytes: &[u8], count: u64, skipped: bool, talk: &mut Talk, out: &mut Vec<u8>) -> usize {
        let most = usize::try_from(count).unwrap_or(usize::MAX).min(PIECE);
        let bytes = bytes.get(..most).unwrap_or(bytes);
        if skipped {
            self.skipped.bytes += bytes.len() as u64;
        } else {
            out.extend_from_slice(bytes);
        }
        talk.said_bytes(bytes.len() as u64);
        bytes.len()
    }
}

fn end_line(crlf: bool, last: u8, out: &mut Vec<u8>) {
    if crlf && last != b'\r' {
        out.push(b'\r');
    }
    out.push(b'\n');
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
