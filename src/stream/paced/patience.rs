//! How long a server may keep us waiting, and what is said when it was too long.
//!
//! A newcomer's trap: a server that takes nothing of a message owes no reply, and has to be given up all the same.

use super::{Goodbye, Paced, words};
use crate::error::Error;
use std::time::{Duration, Instant};

impl Paced {
    /// Whether something is due from the server: a reply, or that it takes what is held, or its end where ours
    /// came too early.
    pub(super) fn is_waiting(&self) -> bool {
        let is_held_up = !self.out.is_empty() || (self.goodbye == Goodbye::Finished && self.talk.is_in_the_middle());
        self.talk.awaits() || (is_held_up && self.talk.quiet_time().is_none() && !self.talk.has_left())
    }

    /// When a silence that lasts has been long enough.
    pub(super) fn runs_out(&self) -> Option<Instant> {
        self.last.checked_add(self.patience())
    }

    fn patience(&self) -> Duration {
        self.talk.quiet_time().unwrap_or(self.settings.patience)
    }

    /// Nothing has passed for that time, though something was due.
    pub(super) fn has_run_out(&self) -> Error {
        if let Some(failure) = self.talk.failure() {
            return failure.clone();
        }
        if self.talk.awaits() {
            words::silent(&self.server, self.patience(), self.talk.asked())
        } else if self.out.is_empty() {
            words::incomplete()
        } else {
            words::stalled(&self.server, self.patience())
        }
    }
}
