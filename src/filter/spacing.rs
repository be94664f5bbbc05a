//! `-d`: lines are sent one at a time, with a pause between them.

use std::time::{Duration, Instant};

/// Lines on their way, released one by one. It holds what one read brought, no more: a pump
/// whose spacing holds something does not read.
#[derive(Debug)]
pub struct Spacing {
    pause: Duration,
    held: Vec<u8>,
    taken: usize,
    due: Option<Instant>,
}

impl Spacing {
    /// Lines are to be `pause` apart.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self { pause, held: Vec::new(), taken: 0, due: None }
    }

    /// Takes bytes to be released.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.drain(..self.taken);
        self.taken = 0;
        self.held.extend_from_slice(bytes);
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken == self.held.len()
    }

    /// Throws away what is held and says how much it was, in bytes.
    pub fn discard(&mut self) -> usize {
        let held = self.held.len() - self.taken;
        (self.held, self.taken) = (Vec::new(), 0);
        held
    }

    /// When the next line may go; at once if `None`.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The next line, with its end; or the rest, when it has no end yet.
    pub fn release(&mut self, now: Instant) -> Vec<u8> {
        let held = self.held.get(self.taken..).unwrap_or_default();
        let line = held.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
        self.taken += line.len();
        // The rest of a line that came in pieces is not kept waiting.
        self.due = if line.ends_with(b"\n") { now.checked_add(self.pause) } else { None };
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_goes_at_once_and_the_others_in_turn() {
        let now = Instant::now();
        let mut spacing = Spacing::new(Duration::from_secs(1));
        spacing.push(b"a\nb\nc");
        assert_eq!(spacing.due(), None);
        assert_eq!(spacing.release(now), b"a\n");
        assert_eq!(spacing.due(), Some(now + Duration::from_secs(1)));
        assert_eq!(spacing.release(now), b"b\n");
        assert_eq!(spacing.release(now), b"c");
        assert!(spacing.is_empty());
        assert_eq!(spacing.due(), None, "the rest of a line waits for nothing");
        spacing.push(b"d\n");
        assert_eq!(spacing.release(now), b"d\n");
    }
}
