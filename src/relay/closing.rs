//! The one way to leave: half-close, then read and discard until all is delivered.
//!
//! A newcomer's trap: close(2) on a socket with unread input sends a reset, and the reset
//! overtakes what was sent before it. A megabyte sent to a peer that had said one line of
//! greeting arrives as a tenth of it. So a connection stays until the kernel's send queue is
//! empty, while what still comes is read and thrown away.

use std::time::{Duration, Instant};

/// How long to wait for a peer that takes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as the connection lives.
    Endless,
    /// So long after the last byte that it took.
    For(Duration),
}

/// The state of an endpoint that is being closed.
#[derive(Debug)]
pub(super) struct Closing {
    patience: Patience,
    /// Bytes not yet delivered when last looked at, and since when it was so many.
    left: usize,
    since: Instant,
    pause: Duration,
    /// When it will be looked at again anyway.
    next: Option<Instant>,
}

/// What to do with an endpoint that is being closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All was delivered.
    Done,
    /// The peer takes no more.
    GiveUp,
    /// No event tells when the kernel's queue is empty: look again, at this time if no alarm is set yet.
    LookAgain(Option<Instant>),
}

impl Closing {
    const PAUSE: Duration = Duration::from_millis(1);
    const LONGEST_PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn new(patience: Patience, left: usize, now: Instant) -> Self {
        Self { patience, left, since: now, pause: Self::PAUSE, next: None }
    }

    /// `left` bytes are not delivered; `hung_up` when the goodbye was said.
    pub(super) fn step(&mut self, left: usize, hung_up: bool, now: Instant) -> Step {
        if left == 0 && hung_up {
            return Step::Done;
        }
        if left < self.left {
            (self.since, self.pause) = (now, Self::PAUSE);
        }
        self.left = left;
        if let Patience::For(time) = self.patience
            && now.saturating_duration_since(self.since) >= time
        {
            return Step::GiveUp;
        }
        if self.next.is_some_and(|next| next > now) {
            return Step::LookAgain(None);
        }
        self.next = now.checked_add(self.pause);
        self.pause = (self.pause * 2).min(Self::LONGEST_PAUSE);
        Step::LookAgain(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_done_when_all_is_delivered_and_the_goodbye_said() {
        let now = Instant::now();
        let mut closing = Closing::new(Patience::For(SECOND), 10, now);
        assert_eq!(closing.step(10, true, now), Step::LookAgain(Some(now + Closing::PAUSE)));
        assert_eq!(closing.step(0, false, now), Step::LookAgain(None), "one alarm is enough");
        assert_eq!(closing.step(0, true, now), Step::Done);
    }

    #[test]
    fn patience_begins_anew_with_each_byte_taken() {
        let begun = Instant::now();
        let mut closing = Closing::new(Patience::For(SECOND), 10, begun);
        assert!(matches!(closing.step(9, true, begun + SECOND), Step::LookAgain(Some(_))));
        assert!(matches!(closing.step(9, true, begun + SECOND * 3 / 2), Step::LookAgain(Some(_))));
        assert_eq!(closing.step(9, true, begun + SECOND * 2), Step::GiveUp);
    }

    #[test]
    fn endless_patience_looks_ever_more_rarely() {
        let mut now = Instant::now();
        let mut closing = Closing::new(Patience::Endless, 10, now);
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            let Step::LookAgain(Some(next)) = closing.step(10, true, now) else { panic!() };
            assert!(next - now >= last);
            (last, now) = (next - now, next);
        }
        assert_eq!(last, Closing::LONGEST_PAUSE);
    }
}
