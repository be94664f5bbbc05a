//! When a slow sink holds the others up for too long.
//!
//! A sink is slow while something waits in its outbox. Over every `limit` that it spends so, at
//! least [`RATE`] bytes a second have to arrive at its peer's machine, or it has stalled. So has one
//! that much was told meanwhile: announcements wait for nobody, and would fill its outbox without end.
//!
//! Those who take nothing do not fill their outboxes all at once, but each when the kernel's queue
//! for it is full. So that the others do not wait for one after the other, it is looked, while they
//! wait for the first, whose queues stand still: those are hardly waited for again.
//!
//! A newcomer's trap: what the kernel has taken is no measure, for its queue grows. And time is
//! counted over several waits: one that takes a few bytes each time just before its limit would hold
//! everybody up for ever.

use super::{
    Notice, Relay,
    endpoint::{Endpoint, Writing},
};
use mio::Token;
use std::time::{Duration, Instant};

/// The least that a slow sink has to take, in bytes a second.
pub const RATE: u64 = 16 * 1024;

/// What may wait for a sink besides what was read for it: told by us, and held back by nobody.
const TOLD: usize = 128 * 1024;

/// How a sink does; for sinks that may be dropped, with a limit.
#[derive(Debug, Default)]
pub(super) struct Stall {
    limit: Option<Duration>,
    full_since: Option<Instant>,
    /// Time spent full before that, in this count.
    spent: Duration,
    /// What had arrived at the peer when this count began.
    begun_at: Option<u64>,
    /// What had when all were looked at.
    looked_at: Option<u64>,
    /// Bytes told since something waits.
    told: usize,
}

impl Relay {
    /// Tells of a sink that has stalled. Its stream has just been tried again: the kernel tells of room
    /// only when a third of its queue is free, which may be megabytes.
    pub(super) fn lose_patience(&mut self, token: Token, now: Instant) {
        let Some(to) = self.endpoints.get_mut(&token).filter(|to| to.writing != Writing::Gone) else { return };
        let Some(limit) = to.stall.limit.filter(|_| to.stall.half_due().is_some_and(|half| half <= now)) else {
            return;
        };
        let stalled = to.stall.is_due(now) && !to.keeps_up(now);
        if stalled {
            to.stall.has_room(now);
            self.notices.push_back(Notice::Stalled(token));
        }
        let time = self.looked.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        // Each look costs a system call for everybody.
        if stalled || time > limit {
            self.looked = Some(now);
            self.endpoints.values_mut().for_each(|to| to.compare(time));
        }
    }
}

impl Endpoint {
    /// Something waits in its outbox.
    pub(super) fn is_full(&mut self, now: Instant) {
        if self.stall.limit.is_some() && self.stall.begun_at.is_none() {
            self.stall.begun_at = Some(self.arrived());
        }
        self.stall.is_full(now);
    }

    /// Its time is up: whether it may have as much again.
    fn keeps_up(&mut self, now: Instant) -> bool {
        let arrived = self.arrived();
        self.stall.keeps_up(arrived, now)
    }

    /// Looks at it, who was looked at so long ago.
    fn compare(&mut self, time: Duration) {
        if self.stall.limit.is_some() {
            let (arrived, left) = (self.arrived(), self.undelivered());
            self.stall.compare(arrived, left > 0, time);
        }
    }

    /// Bytes that its peer's machine is known to have.
    fn arrived(&self) -> u64 {
        self.traffic.sent.saturating_sub(self.stream.undelivered() as u64)
    }
}

impl Stall {
    pub(super) fn limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    fn is_full(&mut self, now: Instant) {
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

    /// When to look at it; `None` while nothing waits.
    pub(super) fn look_at(&self, now: Instant) -> Option<Instant> {
        self.half_due().filter(|half| *half > now).or_else(|| self.due())
    }

    fn keeps_up(&mut self, arrived: u64, now: Instant) -> bool {
        let (Some(limit), Some(begun_at)) = (self.limit, self.begun_at) else { return true };
        let keeps_up = self.told <= TOLD && arrived.saturating_sub(begun_at) >= enough(limit);
        if keeps_up {
            (self.spent, self.begun_at) = (Duration::ZERO, Some(arrived));
            self.full_since = self.full_since.map(|_| now);
        }
        keeps_up
    }

    /// So much has arrived, and so long ago it was looked before; `waits` if there is more.
    fn compare(&mut self, arrived: u64, waits: bool, time: Duration) {
        let Some(limit) = self.limit else { return };
        let stands_still = |before| arrived.saturating_sub(before) < enough(time);
        if waits && self.looked_at.is_some_and(stands_still) {
            self.spent = self.spent.max(limit - limit / 8);
            self.begun_at = Some(arrived);
        }
        self.looked_at = Some(arrived);
    }

    /// When it will have stalled if too little arrives; `None` while nothing waits.
    fn due(&self) -> Option<Instant> {
        self.full_since?.checked_add(self.left()?)
    }

    fn half_due(&self) -> Option<Instant> {
        self.full_since?.checked_add(self.left()? / 2)
    }

    fn left(&self) -> Option<Duration> {
        let left = self.limit?.saturating_sub(self.spent);
        Some(if self.told > TOLD { Duration::ZERO } else { left })
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }
}

/// What has to arrive within a limit, in bytes.
fn enough(limit: Duration) -> u64 {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    RATE.saturating_mul(milliseconds) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn full_at(now: Instant) -> Stall {
        let mut stall = Stall { begun_at: Some(1_000_000), ..Stall::default() };
        stall.limit(10 * SECOND);
        stall.is_full(now);
        stall
    }

    #[test]
    fn who_takes_nothing_has_stalled_at_the_limit() {
        let t = Instant::now();
        let mut stall = full_at(t);
        assert_eq!(stall.due(), Some(t + 10 * SECOND));
        assert!(!stall.is_due(t + 9 * SECOND) && stall.is_due(t + 10 * SECOND));
        assert!(!stall.keeps_up(1_000_000, t + 10 * SECOND));
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
        assert!(!stall.keeps_up(1_000_000 + 10 * RATE - 1, t + 10 * SECOND));
    }

    #[test]
    fn who_keeps_the_rate_up_is_waited_for() {
        let t = Instant::now();
        let mut stall = full_at(t);
        for (round, arrived) in (1..100).zip((1_000_000..).step_by(10 * 16 * 1024).skip(1)) {
            let now = t + round * 10 * SECOND;
            assert!(stall.is_due(now) && stall.keeps_up(arrived, now) && !stall.is_due(now), "{round}");
        }
    }

    #[test]
    fn who_is_told_too_much_has_stalled_at_once() {
        let t = Instant::now();
        let mut stall = full_at(t);
        assert!(!stall.told(TOLD) && !stall.is_due(t));
        assert!(stall.told(1) && stall.is_due(t) && !stall.keeps_up(u64::MAX, t));
        stall.has_room(t);
        stall.is_full(t);
        assert!(!stall.is_due(t), "what was taken is forgotten");
        let mut empty = Stall::default();
        empty.limit(SECOND);
        assert!(!empty.told(2 * TOLD), "nothing waits");
    }

    #[test]
    fn who_stood_still_while_another_was_waited_for_is_hardly_waited_for_again() {
        let t = Instant::now();
        let mut stall = Stall { begun_at: Some(0), ..Stall::default() };
        stall.limit(8 * SECOND);
        stall.compare(1_000_000, true, 4 * SECOND);
        stall.compare(1_000_000 + 4 * RATE, true, 4 * SECOND);
        stall.is_full(t);
        assert_eq!(stall.due(), Some(t + 8 * SECOND), "it had kept the rate up");
        stall.compare(1_000_000 + 4 * RATE, false, 4 * SECOND);
        assert_eq!(stall.due(), Some(t + 8 * SECOND), "there was nothing for it to take");
        stall.compare(1_000_000 + 4 * RATE, true, 4 * SECOND);
        assert_eq!(stall.due(), Some(t + SECOND));
        assert!(!stall.keeps_up(1_000_000 + 5 * RATE, t + SECOND));
        assert!(stall.keeps_up(1_000_000 + 12 * RATE, t + SECOND), "that is forgotten when enough arrives");
        assert_eq!(stall.due(), Some(t + 9 * SECOND));
    }

    #[test]
    fn without_a_limit_nobody_stalls() {
        let t = Instant::now();
        let mut stall = Stall::default();
        stall.is_full(t);
        assert_eq!(stall.due(), None);
    }
}
