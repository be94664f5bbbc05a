//! When a slow sink holds the others up for too long.
//!
//! A sink is slow while something waits in its outbox. Over every `limit` that it spends so, it has
//! to take at least [`RATE`] bytes a second, or it has stalled. So has one that much was told
//! meanwhile: announcements wait for nobody, and would fill its outbox without end.
//!
//! A newcomer's trap: time is counted over several waits. One that takes a few bytes each time
//! just before its limit would hold everybody up for ever.

use std::time::{Duration, Instant};

/// The least that a slow sink has to take, in bytes a second.
pub const RATE: u64 = 16 * 1024;

/// What may wait for a sink besides what was read for it: told by us, and held back by nobody.
const TOLD: usize = 256 * 1024;

/// How a sink does; for sinks that may be dropped, with a limit.
#[derive(Debug, Default)]
pub(super) struct Stall {
    limit: Option<Duration>,
    full_since: Option<Instant>,
    /// Time spent full before that, in this count.
    spent: Duration,
    /// Bytes taken in this count.
    taken: u64,
    /// Bytes told since something waits.
    told: usize,
}

impl Stall {
    pub(super) fn limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Something waits.
    pub(super) fn is_full(&mut self, now: Instant) {
        if self.limit.is_some() {
            self.full_since.get_or_insert(now);
        }
    }

    /// Nothing waits any more.
    pub(super) fn has_room(&mut self, now: Instant) {
        if let Some(since) = self.full_since.take() {
            self.spent += now.saturating_duration_since(since);
            self.told = 0;
        }
    }

    /// So many bytes were given to it that nothing held back; whether that was too much for its patience.
    pub(super) fn told(&mut self, n: usize) -> bool {
        if self.full_since.is_some() {
            self.told = self.told.saturating_add(n);
        }
        self.told > TOLD
    }

    /// So many bytes were taken.
    pub(super) fn took(&mut self, n: usize, now: Instant) {
        let Some(limit) = self.limit else { return };
        self.taken += n as u64;
        if self.taken >= enough(limit) {
            (self.spent, self.taken) = (Duration::ZERO, 0);
            self.full_since = self.full_since.map(|_| now);
        }
    }

    /// When it will have stalled if it takes nothing more; `None` while nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        let left = if self.told > TOLD { Duration::ZERO } else { self.limit?.saturating_sub(self.spent) };
        self.full_since?.checked_add(left)
    }

    /// Whether it has stalled.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }
}

/// What has to be taken within a limit, in bytes.
fn enough(limit: Duration) -> u64 {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    RATE.saturating_mul(milliseconds) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn full_at(now: Instant) -> Stall {
        let mut stall = Stall::default();
        stall.limit(10 * SECOND);
        stall.is_full(now);
        stall
    }

    #[test]
    fn who_takes_nothing_has_stalled_at_the_limit() {
        let t = Instant::now();
        let stall = full_at(t);
        assert_eq!(stall.due(), Some(t + 10 * SECOND));
        assert!(!stall.is_due(t + 9 * SECOND) && stall.is_due(t + 10 * SECOND));
    }

    #[test]
    fn time_without_anything_waiting_does_not_count() {
        let t = Instant::now();
        let mut stall = full_at(t);
        stall.has_room(t + 4 * SECOND);
        assert_eq!(stall.due(), None);
        stall.is_full(t + 100 * SECOND);
        assert_eq!(stall.due(), Some(t + 106 * SECOND));
    }

    #[test]
    fn a_few_bytes_now_and_then_are_not_enough() {
        let t = Instant::now();
        let mut stall = full_at(t);
        for second in 1..10 {
            stall.took(100, t + second * SECOND);
        }
        assert!(stall.is_due(t + 10 * SECOND));
    }

    #[test]
    fn who_keeps_the_rate_up_is_waited_for() {
        let t = Instant::now();
        let mut stall = full_at(t);
        for second in 1..100 {
            stall.took(17 * 1024, t + second * SECOND);
            assert!(!stall.is_due(t + second * SECOND), "{second}");
        }
    }

    #[test]
    fn who_is_told_too_much_has_stalled_at_once() {
        let t = Instant::now();
        let mut stall = full_at(t);
        assert!(!stall.told(TOLD) && !stall.is_due(t));
        assert!(stall.told(1) && stall.is_due(t));
        stall.has_room(t);
        stall.is_full(t);
        assert!(!stall.is_due(t), "what was taken is forgotten");
        let mut empty = Stall::default();
        empty.limit(SECOND);
        assert!(!empty.told(2 * TOLD), "nothing waits");
    }

    #[test]
    fn without_a_limit_nobody_stalls() {
        let t = Instant::now();
        let mut stall = Stall::default();
        stall.is_full(t);
        assert_eq!(stall.due(), None);
    }
}
