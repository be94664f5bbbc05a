//! What a program has printed so far, and waiting for more of it.
//!
//! Threads collect; the test waits on a condition. Every failure, whoever finds it, prints what
//! all programs of the test had said by then.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use super::judge::deadline;

/// The bytes of one stream.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: bool,
}

/// Everything known of one program.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) exited: bool,
}

/// What is seen of one program, and the bell that rings when there is more.
pub(crate) struct Watch {
    command: String,
    seen: Mutex<Seen>,
    bell: Condvar,
}

thread_local! {
    static WATCHED: RefCell<Vec<Weak<Watch>>> = const { RefCell::new(Vec::new()) };
}

impl Watch {
    /// Watches a program that was started as `command`.
    pub(crate) fn new(command: String) -> Arc<Self> {
        let watch = Arc::new(Self { command, seen: Mutex::default(), bell: Condvar::new() });
        WATCHED.with_borrow_mut(|all| all.push(Arc::downgrade(&watch)));
        watch
    }

    /// Changes what is known, and wakes who waits for it.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.bell.notify_all();
    }

    /// Collects a stream until it ends.
    pub(crate) fn collect(
        self: &Arc<Self>,
        mut stream: impl Read + Send + 'static,
        which: fn(&mut Seen) -> &mut Output,
    ) {
        let watch = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            // A terminal whose other side is closed gives EIO instead of an end.
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                watch.note(|seen| which(seen).bytes.extend_from_slice(&buffer[..length]));
            }
            watch.note(|seen| which(seen).ended = true);
        });
    }

    /// Waits until `look` finds what it looks for.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut(&Seen) -> Option<T>) -> T {
        self.found_by(deadline(), look).unwrap_or_else(|| fail(&format!("waited for {what}")))
    }

    /// Looks until it is found or the time has passed.
    pub(crate) fn within<T>(&self, time: Duration, look: impl FnMut(&Seen) -> Option<T>) -> Option<T> {
        self.found_by(Instant::now() + time, look)
    }

    fn found_by<T>(&self, deadline: Instant, mut look: impl FnMut(&Seen) -> Option<T>) -> Option<T> {
        let mut seen = self.seen.lock().unwrap();
        loop {
            let found = look(&seen);
            let left = deadline.saturating_duration_since(Instant::now());
            if found.is_some() || left.is_zero() {
                return found;
            }
            seen = self.bell.wait_timeout(seen, left).unwrap().0;
        }
    }
}

/// Fails the test with all that its programs had said.
#[track_caller]
pub(crate) fn fail(message: &str) -> ! {
    let mut text = message.to_owned();
    for watch in WATCHED.with_borrow(|all| all.iter().filter_map(Weak::upgrade).collect::<Vec<_>>()) {
        let seen = watch.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let state = if seen.exited { "has left" } else { "is running" };
        let _ = write!(text, "\n$ {} ({state})", watch.command);
        let _ = write!(text, "\n  stdout: {}", excerpt(&seen.stdout));
        for line in String::from_utf8_lossy(&seen.stderr.bytes).lines() {
            let _ = write!(text, "\n  stderr: {line}");
        }
    }
    panic!("{text}")
}

fn excerpt(output: &Output) -> String {
    let shown = &output.bytes[..output.bytes.len().min(400)];
    let end = if output.ended { "end" } else { "open" };
    format!("\"{}\" ({} bytes, {end})", shown.escape_ascii(), output.bytes.len())
}
