//! What strace has written: the calls, and how often each was made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::faults::{CALLS, Fault};

/// The calls of one run.
#[derive(Default)]
pub(super) struct Trace {
    /// Of each kind, which ones may be made to fail.
    occasions: BTreeMap<String, BTreeSet<usize>>,
    calls: usize,
    injected: bool,
}

/// The call after which the program does what it was started for; before it are its loader and its options.
const BEGIN: &str = "epoll_create1";

/// Of one call so many are made to fail, one after the other.
const MANY: usize = 40;

/// In a short run, so many faults of a scene are tried.
const FEW: usize = 5;

impl Trace {
    /// Every call that is followed, as strace takes it.
    pub(super) fn expression() -> String {
        let calls: Vec<&str> = CALLS.iter().flat_map(|(calls, _)| calls.iter().copied()).collect();
        format!("trace={},{BEGIN}", calls.join(","))
    }

    /// Reads the file; `follows` if each line begins with the number of a thread.
    pub(super) fn read(path: &Path, follows: bool) -> Self {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        let mut trace = Self::default();
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut begun: Option<String> = None;
        // Each thread counts its own calls: none must hit the loader.
        let mut before: BTreeMap<String, usize> = BTreeMap::new();
        for line in text.lines() {
            let (thread, line) =
                if follows { line.trim_start().split_once(' ').unwrap_or_default() } else { ("", line) };
            trace.injected |= line.ends_with("(INJECTED)");
            let Some((call, _)) = line.trim_start().split_once('(') else { continue };
            if call == BEGIN {
                begun.get_or_insert_with(|| thread.to_owned());
            }
            let count = counts.entry((thread.to_owned(), call.to_owned())).or_default();
            *count += 1;
            trace.calls += 1;
            // That a line cannot be written to stderr, nobody can be told.
            let told = line.trim_start().starts_with("write(2,");
            if begun.is_none() || told {
                before.insert(call.to_owned(), *count);
                trace.occasions.entry(call.to_owned()).or_default().remove(count);
            } else if *count > before.get(call).copied().unwrap_or_default() {
                trace.occasions.entry(call.to_owned()).or_default().insert(*count);
            }
        }
        trace
    }

    /// How many calls were made.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// Whether one of them was made to fail.
    pub(super) fn was_injected(&self) -> bool {
        self.injected
    }

    /// All that could go wrong; or a few of the first occasions, with one error of each kind.
    pub(super) fn faults(&self, all: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (call, (severity, errors)) in CALLS
            .iter()
            .flat_map(|(calls, kinds)| calls.iter().flat_map(move |call| kinds.iter().map(move |kind| (call, kind))))
        {
            let occasions = self.occasions.get(*call).into_iter().flatten();
            // Where there are hundreds of them, they are alike.
            let (most, errors) = if all { (MANY, *errors) } else { (1, errors.get(..1).unwrap_or_default()) };
            faults.extend(occasions.take(most).flat_map(|nth| {
                errors.iter().map(|error| Fault { call: (*call).to_owned(), error, nth: *nth, severity: *severity })
            }));
        }
        if !all {
            let step = faults.len().div_ceil(FEW);
            faults = faults.into_iter().step_by(step.max(1)).collect();
        }
        faults
    }
}
