//! The layer that holds back what is sent until the server has answered what was sent before, `--pace`, and
//! that ends the session at a reply that is an error, `--fail`.
//!
//! What is read passes unchanged, and shows whose turn it is ([`Conversation`](crate::proto::reply::Conversation));
//! what is written is taken only as far as it is ours.
//!
//! A newcomer's trap: a server is silent only if there is nothing to read. While our reader is held up
//! nobody knows, so a time that has passed counts when a read has found nothing.

mod patience;
mod script;
mod talk;
mod words;

pub use talk::By;

use super::{Flow, Stream, forward, goodbye::Goodbye};
use crate::{error::Error, proto::reply::Turn, report::Report};
use script::{Script, Skipped};
use std::{
    io,
    task::Poll,
    time::{Duration, Instant},
};
use talk::Talk;

/// What is the same for every connection.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `--fail`.
    pub fail: bool,
    /// LF becomes CR LF, except in what is counted.
    pub crlf: bool,
    /// A server that is silent for so long while a reply is awaited is given up.
    pub patience: Duration,
}

/// See the module's description.
pub struct Paced {
    inner: Box<dyn Stream>,
    settings: Settings,
    /// What the server is called.
    server: String,
    report: Report,
    clock: Box<dyn Fn() -> Instant>,
    script: Script,
    talk: Talk,
    /// What is to be sent and has not been taken by the stream below.
    out: Vec<u8>,
    /// What the stream below said to what had been taken already.
    write_error: Option<io::Error>,
    /// Writing has failed for good.
    is_deaf: bool,
    /// When bytes last passed, either way.
    last: Instant,
    /// The time that it may be silent has passed.
    is_due: bool,
    /// The farewell has been said after a failure.
    has_taken_leave: bool,
    verdict: Verdict,
    goodbye: Goodbye,
}

/// How it ends, if not in order.
enum Verdict {
    None,
    /// Nobody has been told yet.
    Due(Error),
    Given(Error),
}

impl Paced {
    /// Paces what is sent to `server` through `inner`.
    #[must_use]
    pub fn new(inner: Box<dyn Stream>, by: By, settings: Settings, server: String, report: Report) -> Self {
        Self::with_clock(inner, by, settings, server, report, Box::new(Instant::now))
    }

    fn with_clock(
        inner: Box<dyn Stream>,
        by: By,
        settings: Settings,
        server: String,
        report: Report,
        clock: Box<dyn Fn() -> Instant>,
    ) -> Self {
        let last = clock();
        Self {
            inner,
            settings,
            server,
            report,
            clock,
            script: Script::new(settings.crlf),
            talk: Talk::new(by, settings.fail),
            out: Vec::new(),
            write_error: None,
            is_deaf: false,
            last,
            is_due: false,
            has_taken_leave: false,
            verdict: Verdict::None,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// Bytes have passed, either way.
    fn moved(&mut self) {
        (self.last, self.is_due) = ((self.clock)(), false);
        self.talk.is_disturbed();
    }

    /// Passes on what is held until the stream below takes no more.
    fn push(&mut self) -> io::Result<Poll<()>> {
        if let Some(error) = self.write_error.take() {
            return self.fails(error);
        }
        while !self.out.is_empty() {
            match self.inner.write(&self.out) {
                Ok(Flow::Moved(n)) => {
                    self.out.drain(..n.min(self.out.len()));
                    self.moved();
                }
                Ok(Flow::Blocked) => return Ok(Poll::Pending),
                Ok(Flow::Ended) => return self.fails(io::ErrorKind::WriteZero.into()),
                Err(error) => return self.fails(error),
            }
        }
        Ok(Poll::Ready(()))
    }

    fn fails<T>(&mut self, error: io::Error) -> io::Result<T> {
        self.is_deaf = true;
        Err(if self.makes_no_difference(&error) { io::ErrorKind::BrokenPipe.into() } else { error })
    }

    /// The verdict, for a writer: a reader who has been given it needs no other.
    fn objection(&self) -> Option<io::Error> {
        match &self.verdict {
            Verdict::Due(error) => Some(error.clone().into()),
            Verdict::None | Verdict::Given(_) => None,
        }
    }

    /// What is read next is this, and nothing more.
    fn give<T>(&mut self, error: Error) -> io::Result<T> {
        self.verdict = Verdict::Given(error.clone());
        Err(error.into())
    }

    /// Passes on what may be sent now, and says the goodbye when all is replied to.
    fn pass_on(&mut self) -> io::Result<Poll<()>> {
        if let Some(error) = self.objection() {
            return Err(error);
        }
        if self.is_over() {
            return Ok(Poll::Pending);
        }
        if self.script.held() > 0 && self.is_too_late() {
            return Err(self.too_late());
        }
        let leaves = matches!(self.goodbye, Goodbye::Finishing | Goodbye::HangingUp);
        let mut all_said = true;
        if self.talk.failure().is_none() && !self.is_too_late() {
            self.script.take_held(&mut self.talk, &mut self.out);
            if leaves {
                all_said = self.script.end(&mut self.talk, &mut self.out);
            }
        }
        if self.push()?.is_pending() {
            return Ok(Poll::Pending);
        }
        let waits = self.talk.awaits() && !self.script.is_open();
        if leaves && all_said && !waits {
            self.talk.nothing_follows();
            if let Some(skipped) = self.script.all_skipped() {
                self.tell(skipped);
            }
        }
        self.settle();
        if let Some(error) = self.objection() {
            return Err(error);
        }
        if leaves && (!all_said || waits || self.talk.failure().is_some()) {
            return self.inner.flush().map(|_| Poll::Pending);
        }
        self.goodbye.pass_on(&mut *self.inner)
    }

    /// Says what was not sent, and takes leave after a failure.
    fn settle(&mut self) {
        if let Some(skipped) = self.script.skipped(&self.talk) {
            self.tell(skipped);
        }
        if self.talk.failure().is_none() || !matches!(self.verdict, Verdict::None) {
            return;
        }
        if self.talk.awaits() && !self.is_deaf {
            return;
        }
        let farewell = if self.has_taken_leave || self.is_deaf { None } else { self.talk.takes_leave() };
        self.has_taken_leave = true;
        if let Some(line) = farewell {
            self.out.extend_from_slice(&line);
            self.out.extend_from_slice(b"\r\n");
            if self.push().is_ok() {
                return;
            }
        }
        self.conclude();
    }

    /// After a failure nothing more is said or heard.
    fn conclude(&mut self) {
        if let Some(error) = self.talk.failure().cloned()
            && matches!(self.verdict, Verdict::None)
        {
            self.verdict = Verdict::Due(error);
            // Whether it hears that makes no difference any more.
            let _ = self.inner.hang_up().and_then(|()| self.inner.flush());
        }
    }

    fn tell(&self, skipped: Skipped) {
        self.report.note(words::not_sent(skipped, self.talk.objection().as_deref()));
    }

    /// The server says no more.
    fn ended(&mut self, end: io::Result<Flow>) -> io::Result<Flow> {
        let was_to_reply = self.talk.awaits();
        let in_order = self.talk.left();
        if let Some(skipped) = self.script.all_skipped() {
            self.tell(skipped);
        }
        if let Some(error) = self.talk.failure().cloned() {
            return self.give(error);
        }
        if in_order {
            return end;
        }
        let said_all = matches!(self.goodbye, Goodbye::Finishing | Goodbye::Finished);
        let error = match (was_to_reply, said_all) {
            (true, _) => words::no_reply(&self.server, self.talk.asked()),
            (false, true) => words::incomplete(),
            (false, false) => words::cut_off(&self.server),
        };
        self.give(error)
    }

    /// A server may leave without `close_notify`, or by a reset (one that closes while ours is on its way),
    /// when all was said and answered.
    fn makes_no_difference(&self, error: &io::Error) -> bool {
        let is_abrupt = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
        is_abrupt && self.talk.is_answered() && (self.goodbye != Goodbye::Unsaid || self.talk.is_parted())
    }

    /// The reader has been told how it ended.
    fn is_over(&self) -> bool {
        matches!(self.verdict, Verdict::Given(_))
    }

    /// Whether what is to be sent now finds nobody.
    fn is_too_late(&self) -> bool {
        self.talk.has_left() && self.talk.turn() == Turn::Wait
    }

    fn too_late(&mut self) -> io::Error {
        self.is_deaf = true;
        if self.talk.is_parted() {
            // Its end was in order, so what follows is no failure; but there is no waiting for the end of that.
            return io::Error::new(io::ErrorKind::BrokenPipe, words::PARTED);
        }
        words::too_late(&self.server).into()
    }
}

impl Stream for Paced {
    forward!(register, break_off);

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if let Verdict::Due(error) | Verdict::Given(error) = &self.verdict {
            let error = error.clone();
            return self.give(error);
        }
        match self.inner.read(buffer) {
            Ok(Flow::Moved(n)) => {
                self.moved();
                if let Err(error) = self.talk.heard(buffer.get(..n).unwrap_or_default()) {
                    self.verdict = Verdict::Due(self.talk.failure().cloned().unwrap_or(error));
                }
                self.settle();
                Ok(Flow::Moved(n))
            }
            Ok(Flow::Blocked) if std::mem::take(&mut self.is_due) && self.is_waiting() => {
                if self.talk.quiet_time().is_some() {
                    self.talk.has_been_quiet();
                    return Ok(Flow::Blocked);
                }
                self.give(self.has_run_out())
            }
            Ok(Flow::Blocked) => Ok(Flow::Blocked),
            Ok(Flow::Ended) => self.ended(Ok(Flow::Ended)),
            Err(error) if self.makes_no_difference(&error) => self.ended(Ok(Flow::Ended)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended(Err(error)),
            Err(error) => match self.talk.failure().cloned() {
                Some(failure) => self.give(failure),
                None => Err(error),
            },
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if let Some(error) = self.objection() {
            return Err(error);
        }
        if self.is_over() || self.push()?.is_pending() || bytes.is_empty() || self.talk.failure().is_some() {
            return Ok(Flow::Blocked);
        }
        if self.is_too_late() {
            return Err(self.too_late());
        }
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let n = self.script.take(rest, &mut self.talk, &mut self.out);
            taken += n;
            if n == 0 {
                break;
            }
            match self.push() {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => break,
                Err(error) => {
                    // What was taken is ours now, whatever happens to it.
                    self.write_error = Some(error);
                    break;
                }
            }
        }
        self.settle();
        match (taken, self.objection()) {
            (0, Some(error)) => Err(error),
            (0, None) => Ok(Flow::Blocked),
            _ => Ok(Flow::Moved(taken)),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        self.pass_on().or_else(|error| self.fails(error))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.goodbye.finish();
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        self.goodbye.hang_up();
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        self.inner.broken().or_else(|error| self.fails(error))
    }

    fn undelivered(&self) -> usize {
        match self.verdict {
            // All that was sent has been answered, or never will be.
            Verdict::Due(_) | Verdict::Given(_) => self.script.held() + self.out.len(),
            Verdict::None => self.script.held() + self.out.len() + self.inner.undelivered(),
        }
    }

    fn is_coupled(&self) -> bool {
        true
    }

    fn deadline(&self) -> Option<Instant> {
        let waits = self.is_waiting() && !self.is_due && !self.is_deaf && matches!(self.verdict, Verdict::None);
        let own = if waits { self.runs_out() } else { None };
        [own, self.inner.deadline()].into_iter().flatten().min()
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.is_due |= self.runs_out().is_some_and(|at| at <= now);
        if self.inner.deadline().is_some_and(|at| at <= now) { self.inner.timeout(now) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
