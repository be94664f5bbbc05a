//! What time it is.
//!
//! A newcomer's trap: whoever asks `Instant::now()` instead knows nothing of a simulation, where hours pass in no time.

use std::time::Instant;

/// The time; in a test that [simulates](crate) its world, the time there.
#[must_use]
#[inline]
pub fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = crate::simulation::now() {
        return now;
    }
    Instant::now()
}
