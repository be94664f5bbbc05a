//! Hours in seconds: each time-out at its moment, sessions of all kinds, and crowds.

mod sessions;
mod timers;

use super::{
    Ran, Server, World,
    peer::{End, Plan, Step},
};
use crate::error::Exit;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How much of a moment the network may take: there and back, at the other side of the earth.
const NETWORK: Duration = Duration::from_millis(700);

fn plan(steps: impl IntoIterator<Item = Step>) -> Plan {
    steps.into_iter().collect()
}

/// One who connects meets this.
fn accepts(steps: impl IntoIterator<Item = Step>) -> Server {
    Server::Accepts([plan(steps)].into())
}

impl Ran {
    /// When a line was said that holds this.
    #[track_caller]
    fn said(&self, text: &str) -> Duration {
        let line = self.lines.iter().find(|(_, line)| line.contains(text));
        line.unwrap_or_else(|| panic!("nobody said {text:?}: {self:?}")).0
    }

    /// Nothing is left behind.
    #[track_caller]
    fn is_tidy(&self) {
        assert_eq!((self.left.openings, self.open), (0, 0), "{self:?}");
        assert!(self.left.endpoints <= 1 && self.left.present == 0, "{self:?}");
    }
}

/// Asserts that something happened when it should have, or at most a little later.
#[track_caller]
fn at(happened: Duration, due: Duration, allowance: Duration) {
    assert!(happened >= due && happened <= due + allowance, "{happened:?} instead of {due:?}");
}
