//! Which program is under test, and what it means when a test fails.
//!
//! `RNCAT_UNDER_TEST=/usr/bin/ncat cargo test --test it` runs the same suite against another
//! netcat. A test that the table of differences lists must fail there: one that passes makes the
//! listing stale, and that is the failure.

use std::cell::Cell;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::differences;

/// No wait takes longer, however slow the machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A known difference is given less: most of them are waits for what never comes.
const LIMIT_OF_A_DIFFERENCE: Duration = Duration::from_secs(1);

thread_local! {
    static LIMIT_NOW: Cell<Duration> = const { Cell::new(LIMIT) };
    static SKIPPED: Cell<bool> = const { Cell::new(false) };
}

static SKIPS: AtomicUsize = AtomicUsize::new(0);

/// Runs one test. Its name is that of the function it stands in.
#[track_caller]
pub(crate) fn it<F: FnOnce()>(behaviour: F) {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let name = path.split_once("::").map_or(path, |(_crate, name)| name);
    if under_test().is_ours {
        return behaviour();
    }
    let always = differences::reason(name);
    let Some(reason) = always.or_else(|| differences::reason_at_times(name)) else {
        return behaviour();
    };
    LIMIT_NOW.set(LIMIT_OF_A_DIFFERENCE);
    let outcome = catch_unwind(AssertUnwindSafe(behaviour));
    LIMIT_NOW.set(LIMIT);
    if outcome.is_ok() && always.is_some() && !SKIPPED.get() {
        panic!("{name} is listed as a difference, but passes: {reason}");
    }
    if outcome.is_err() {
        say(&format!("differs: {name}: {reason}"));
    }
}

/// Tells that this test needs what the machine does not have.
pub(crate) fn skip(what: &str) {
    SKIPPED.set(true);
    let count = SKIPS.fetch_add(1, Ordering::Relaxed) + 1;
    say(&format!("skipped: {what} ({count} so far)"));
}

/// When the wait that begins now has taken too long.
pub(crate) fn deadline() -> Instant {
    Instant::now() + LIMIT_NOW.get()
}

/// The program under test.
pub(crate) struct UnderTest {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it is an rncat; only another netcat has differences.
    pub(crate) is_ours: bool,
}

/// The program under test, looked at once.
pub(crate) fn under_test() -> &'static UnderTest {
    static PROGRAM: OnceLock<UnderTest> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("RNCAT_UNDER_TEST") {
        None => UnderTest { path: env!("CARGO_BIN_EXE_rncat").into(), is_ours: true },
        Some(path) => UnderTest { is_ours: calls_itself_rncat(path.as_ref()), path: path.into() },
    })
}

fn calls_itself_rncat(path: &Path) -> bool {
    let output = Command::new(path).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("RNCAT_UNDER_TEST: {error}"));
    output.stdout.starts_with(b"rncat")
}

/// Past the harness, which hides what a passing test prints.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
