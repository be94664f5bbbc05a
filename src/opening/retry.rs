//! `--retry`: when the next attempt to connect is due.
//!
//! A newcomer's trap: the time counts from the first attempt, and one that has begun is ended by it, too.

use std::time::{Duration, Instant};

/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);

/// The longest: who waits for a server does not want to wait much longer than it takes to start.
const LONGEST: Duration = Duration::from_secs(1);

/// See the module's description.
#[derive(Debug)]
pub(super) struct Retry {
    time: Duration,
    /// `None` where the time is too long to be counted.
    until: Option<Instant>,
    pause: Duration,
    attempts: u32,
}

impl Retry {
    /// For so long, from now on.
    pub(super) fn new(time: Duration, now: Instant) -> Self {
        Self { time, until: now.checked_add(time), pause: FIRST, attempts: 0 }
    }

    /// An attempt has failed: when the next is due, if there is to be one.
    pub(super) fn failed(&mut self, now: Instant) -> Option<Instant> {
        self.attempts = self.attempts.saturating_add(1);
        let next = now + self.pause;
        self.pause = LONGEST.min(self.pause * 2);
        match self.until {
            Some(until) if until <= now => None,
            // The last one comes when time is nearly up, not a pause before that.
            Some(until) => Some(next.min(until)),
            None => Some(next),
        }
    }

    /// The end of an attempt that would end then by itself.
    pub(super) fn bounds(&self, end: Option<Instant>, now: Instant) -> Option<Instant> {
        // The last attempt has a moment at least: on this machine that is enough.
        let until = self.until.map(|until| until.max(now + FIRST));
        end.into_iter().chain(until).min()
    }

    /// What has been tried, in words.
    pub(super) fn told(&self) -> String {
        let times = if self.attempts == 1 { "once" } else { "times" };
        let count = if self.attempts == 1 { String::new() } else { format!("{} ", self.attempts) };
        format!("tried {count}{times} in {} s", self.time.as_secs_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_become_longer_and_the_last_attempt_is_at_the_end() {
        let start = Instant::now();
        let mut retry = Retry::new(Duration::from_millis(2500), start);
        let (mut now, mut pauses) = (start, Vec::new());
        while let Some(next) = retry.failed(now) {
            pauses.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1000]);
        assert_eq!(retry.told(), "tried 6 times in 2.5 s");
        assert_eq!(Retry::new(Duration::ZERO, start).failed(start), None);
        let mut endless = Retry::new(Duration::MAX, start);
        assert!(endless.failed(start).is_some());
        assert_eq!(endless.bounds(Some(start), start), Some(start));
    }

    #[test]
    fn an_attempt_ends_with_the_time() {
        let start = Instant::now();
        let retry = Retry::new(Duration::from_secs(5), start);
        let (sooner, later) = (start + Duration::from_secs(1), start + Duration::from_secs(9));
        assert_eq!(retry.bounds(Some(sooner), start), Some(sooner));
        assert_eq!(retry.bounds(Some(later), start), Some(start + Duration::from_secs(5)));
        assert_eq!(retry.bounds(Some(later + FIRST), later), Some(later + FIRST), "the last one");
    }
}
