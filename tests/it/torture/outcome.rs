//! What came of one run.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitStatus;

use super::trace::Trace;

/// See the module's description.
pub(super) struct Outcome {
    /// It had to be killed.
    pub(super) hung: bool,
    pub(super) status: ExitStatus,
    pub(super) stderr: String,
    /// Of each direction: what arrived, and what should have.
    pub(super) delivered: Vec<(&'static str, Vec<u8>, Vec<u8>)>,
    /// Descriptors and children that a server had when its clients were gone.
    pub(super) left_behind: usize,
    pub(super) trace: Trace,
}

impl Outcome {
    /// Whether everything arrived.
    pub(super) fn is_whole(&self) -> bool {
        !self.hung && self.failed() == 0
    }

    /// In how many directions something is missing.
    pub(super) fn failed(&self) -> usize {
        self.delivered.iter().filter(|(_, arrived, expected)| arrived != expected).count()
    }

    pub(super) fn panicked(&self) -> bool {
        self.status.code() == Some(101) || self.stderr.contains("panicked")
    }

    /// What was said, without what is different in every run.
    pub(super) fn lines(&self) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::new();
        // Of a certificate that was made for this run, nothing is the same.
        for line in self.stderr.lines().filter(|line| !line.contains("fingerprint")) {
            let line = line.chars().map(|it| if it.is_ascii_digit() { '#' } else { it }).collect::<String>();
            *lines.entry(line.replace("##", "#").replace("##", "#").replace("##", "#")).or_default() += 1;
        }
        lines
    }

    /// The lines that were not said undisturbed.
    pub(super) fn new_lines(&self, undisturbed: &Self) -> Vec<String> {
        let usual = undisturbed.lines();
        self.lines().into_keys().filter(|line| !usual.contains_key(line)).collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (direction, arrived, expected) in &self.delivered {
            write!(f, ", {direction}: {} of {} bytes", arrived.len(), expected.len())?;
        }
        Ok(())
    }
}
