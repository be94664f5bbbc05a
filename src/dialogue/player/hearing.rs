//! What a player does when it is the peer's turn: takes what has come, as the step wants it.
//!
//! A newcomer's trap: each takes its state with it and puts it back when it has to wait.

use super::{Doing, Literal, Player, Skips};
use crate::{
    dialogue::{
        answer::{Answer, Is},
        expect::Expect,
        fault,
        inbox::Next,
        listing::Listing,
        pattern::{Pattern, Prompted},
    },
    error::{Error, Result},
    report::escape,
};

/// The longest prompt, in bytes: where no end of line is waited for, all of it is compared each time.
const PROMPT: usize = 64 * 1024;

impl Player {
    /// The peer's next line, if it has come; too long a line is passed over where any may be.
    pub(super) fn next_line(&mut self, skips: Skips) -> Result<Option<Vec<u8>>> {
        loop {
            match (self.inbox.line(), &self.gone) {
                (Next::Line(line), _) => return Ok(Some(line)),
                (Next::TooLong, _) if skips => _ = self.inbox.rest(),
                (Next::TooLong, _) => return Err(fault::too_long(&self.script, self.at)),
                (Next::NotYet, None) => return Ok(None),
                (Next::NotYet, Some(gone)) => {
                    let error = fault::left_with(&self.script, self.at, self.inbox.unread(), &gone.how);
                    // What was said last counts, though its line has no end.
                    let last = if gone.in_order { self.inbox.rest() } else { None };
                    return last.map(Some).ok_or_else(|| self.after_others(error));
                }
            }
        }
    }

    /// A line is missed where others have come: the last one may be the reason.
    pub(super) fn after_others(&self, error: Error) -> Error {
        match self.followed.heard.as_slice() {
            heard if heard.is_empty() || !self.inbox.unread().is_empty() => error,
            heard => error.hint(format!("the last line before was \"{}\"", escape(heard))),
        }
    }

    /// A line has to come.
    pub(super) fn line(&mut self, pattern: Pattern, skips: Skips) -> Result<bool> {
        let Some(line) = self.next_line(skips)? else {
            return self.waits(Doing::Hearing(Expect::Line(pattern), skips));
        };
        self.followed.peers(self.other(), &line);
        match pattern.matches(&line, &self.captured).map_err(|why| self.unusable(why))? {
            Some(kept) => {
                self.captured.extend(kept);
                self.done()
            }
            None if skips => {
                self.doing = Doing::Hearing(Expect::Line(pattern), skips);
                Ok(true)
            }
            None => Err(fault::differs(&self.script, self.at, &line)),
        }
    }

    /// A line without an end has to come.
    pub(super) fn prompt(&mut self, pattern: Pattern, skips: Skips) -> Result<bool> {
        let there = self.inbox.unread();
        let prompted = pattern.prompted(there, &self.captured).map_err(|why| self.unusable(why))?;
        match (prompted, &self.gone) {
            (Prompted::Matches(count, kept), _) => {
                let text = there.get(..count).unwrap_or_default();
                let text = text.strip_suffix(b"\n").unwrap_or(text).to_vec();
                self.followed.peers(self.other(), &text);
                self.inbox.take(count);
                self.captured.extend(kept);
                self.done()
            }
            (Prompted::NotYet, Some(gone)) => {
                Err(self.after_others(fault::left_with(&self.script, self.at, there, &gone.how)))
            }
            (Prompted::NotYet, None) if there.len() > PROMPT => Err(fault::differs(&self.script, self.at, there)),
            (Prompted::Differs, _) if !skips => {
                let line = there.split(|byte| *byte == b'\n').next().unwrap_or_default();
                Err(fault::differs(&self.script, self.at, line.strip_suffix(b"\r").unwrap_or(line)))
            }
            (Prompted::Differs, _) => match self.next_line(skips)? {
                Some(line) => {
                    self.followed.peers(self.other(), &line);
                    self.doing = Doing::Hearing(Expect::Prompt(pattern), skips);
                    Ok(true)
                }
                None => self.waits(Doing::Hearing(Expect::Prompt(pattern), skips)),
            },
            (Prompted::NotYet, None) => self.waits(Doing::Hearing(Expect::Prompt(pattern), skips)),
        }
    }

    /// The lines of a reply have to come.
    pub(super) fn reply(&mut self, mut answer: Answer, mut literal: Literal, mut skips: Skips) -> Result<bool> {
        loop {
            let there = self.inbox.unread().len();
            let part = usize::try_from(literal).unwrap_or(usize::MAX).min(there);
            self.inbox.take(part);
            literal -= part as u64;
            let line = match (literal, &self.gone) {
                (0, _) => self.next_line(skips)?,
                (_, Some(gone)) => return Err(self.after_others(fault::left(&self.script, self.at, &gone.how))),
                (_, None) => None,
            };
            let Some(line) = line else { return self.waits(Doing::Answered(answer, literal, skips)) };
            let is =
                if skips && !answer.may_begin(&line) { None } else { Some(answer.line(&line, &self.followed.command)) };
            skips &= is.is_none();
            self.followed.peers(self.other(), &line);
            match is {
                // As in the transcript of a server that says nothing behind `+OK`.
                Some(Is::Part) if answer.lists() && self.script.writes_out(self.at) => return self.done(),
                None | Some(Is::Part) => {}
                Some(Is::PartAndBytes(count)) => literal = count,
                Some(Is::Last) => return self.done(),
                Some(Is::Endless) => return Err(fault::endless_reply(&self.script, self.at)),
                Some(Is::Other) => return Err(fault::differs(&self.script, self.at, &line)),
            }
        }
    }

    /// The lines of a file have to come.
    pub(super) fn listing(&mut self, mut listing: Listing) -> Result<bool> {
        loop {
            let Some(wanted) = listing.wanted(&self.place())? else { return self.done() };
            let Some(line) = self.next_line(false)? else { return self.waits(Doing::Comparing(listing)) };
            self.followed.peers(self.other(), &line);
            if line != wanted {
                return Err(fault::differs_from(&self.script, self.at, wanted, &line));
            }
            listing.has_come();
        }
    }

    /// Passes over what has come: all of a message, or until it is silent.
    pub(super) fn pass(&mut self, mut heard: bool) -> bool {
        while let Ok(Some(line)) = self.next_line(true) {
            let was_in_message = self.is_in_message();
            self.followed.peers(self.other(), &line);
            if was_in_message && !self.is_in_message() {
                return true;
            }
            heard = true;
        }
        if self.gone.is_some() {
            return true;
        }
        self.doing = Doing::Passing { heard };
        false
    }
}
