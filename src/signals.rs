//! SIGINT, SIGTERM and SIGHUP, for those sessions that have something to put in order first; and SIGUSR1 and
//! SIGINFO, which ask how far a session has come.
//!
//! A newcomer's trap: a program that cleans up and then exits with a status of its own deceives
//! the shell, which looks whether it *died* of the signal. So when all is in order, [`die_of`] it.

use crate::error::{Error, Result, why};
use mio::{Interest, Registry, Token, net::UnixStream};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag, low_level,
};
use std::{
    fmt,
    io::{self, Read},
    os::fd::OwnedFd,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// A signal that ends the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    const ALL: [Self; 3] = [Self(SIGINT), Self(SIGTERM), Self(SIGHUP)];

    /// As the exit status of who did not die of it: 128 and the number, as shells have it.
    #[must_use]
    pub fn status(self) -> u8 {
        u8::try_from(self.0).unwrap_or_default() | 128
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(low_level::signal_name(self.0).unwrap_or("a signal"))
    }
}

/// The signals that are caught instead of ending the program at once.
#[derive(Debug)]
pub(crate) struct Signals {
    /// The number of the last one that came.
    received: Arc<AtomicUsize>,
    /// Readable from then on, so that nobody waits past it.
    _wakes: UnixStream,
}

impl Signals {
    /// Begins to catch them, with an event under `token`. Those that are ignored, as under nohup(1) or
    /// in a shell's background, stay so.
    pub(crate) fn catch(registry: &Registry, token: Token) -> Result<Self> {
        Self::try_catch(registry, token).map_err(|error| Error::usage("catch signals", why(&error)))
    }

    fn try_catch(registry: &Registry, token: Token) -> io::Result<Self> {
        let (mut wakes, wake) = UnixStream::pair()?;
        registry.register(&mut wakes, token, Interest::READABLE)?;
        let wake = OwnedFd::from(wake);
        let received = Arc::new(AtomicUsize::new(0));
        let ignored = ignored();
        for signal in Signal::ALL {
            if ignored & (1 << (signal.0 - 1)) == 0 {
                let number = usize::try_from(signal.0).unwrap_or_default();
                flag::register_usize(signal.0, Arc::clone(&received), number)?;
                low_level::pipe::register(signal.0, wake.try_clone()?)?;
            }
        }
        Ok(Self { received, _wakes: wakes })
    }

    /// The one that has come last, if any has.
    pub(crate) fn received(&self) -> Option<Signal> {
        let number = self.received.load(Ordering::SeqCst);
        Signal::ALL.into_iter().find(|signal| usize::try_from(signal.0) == Ok(number))
    }
}

/// The signals that ask how far it is.
#[derive(Debug)]
pub(crate) struct Questions {
    asked: Arc<AtomicBool>,
    /// Becomes readable with each.
    wakes: UnixStream,
}

impl Questions {
    /// SIGUSR1, and what Ctrl-T sends where the terminal has that.
    #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    const ALL: &[i32] = &[signal_hook::consts::SIGUSR1, signal_hook::consts::SIGINFO];
    #[cfg(not(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd")))]
    const ALL: &[i32] = &[signal_hook::consts::SIGUSR1];

    /// Begins to catch them, with an event under `token`. Those that are ignored stay so.
    pub(crate) fn catch(registry: &Registry, token: Token) -> Result<Self> {
        Self::try_catch(registry, token).map_err(|error| Error::usage("catch signals", why(&error)))
    }

    fn try_catch(registry: &Registry, token: Token) -> io::Result<Self> {
        let (mut wakes, wake) = UnixStream::pair()?;
        registry.register(&mut wakes, token, Interest::READABLE)?;
        let wake = OwnedFd::from(wake);
        let asked = Arc::new(AtomicBool::new(false));
        let ignored = ignored();
        for signal in Self::ALL.iter().copied().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
            flag::register(signal, Arc::clone(&asked))?;
            low_level::pipe::register(signal, wake.try_clone()?)?;
        }
        Ok(Self { asked, wakes })
    }

    /// Whether one has come since it was last looked.
    pub(crate) fn asked(&self) -> bool {
        let asked = self.asked.swap(false, Ordering::SeqCst);
        if asked {
            // Read until it is empty, or the next one would be no news to an edge-triggered queue.
            while (&self.wakes).read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
        }
        asked
    }
}

/// A bit for each signal that is ignored, the lowest for number 1; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the process by the signal that it has caught. Comes back only if that is impossible.
#[must_use]
pub fn die_of(signal: Signal) -> ExitCode {
    let _ = low_level::emulate_default_handler(signal.0);
    signal.status().into()
}

/// Has SIGPIPE end the process, as it does every program but those that Rust's runtime has started.
///
/// # Errors
/// Of sigaction(2).
pub fn die_of_broken_pipes() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    flag::register_conditional_default(signal_hook::consts::SIGPIPE, always).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_programs_ignore_sigpipe_and_that_shows() {
        let sigpipe = 1 << (signal_hook::consts::SIGPIPE - 1);
        assert_eq!(ignored() & sigpipe != 0, cfg!(target_os = "linux"));
    }

    #[test]
    fn a_signal_has_its_name_and_its_status() {
        assert_eq!(Signal(SIGTERM).to_string(), "SIGTERM");
        assert_eq!(Signal(SIGTERM).status(), 143);
    }

    #[test]
    fn each_question_is_heard_once() {
        let mut poll = mio::Poll::new().unwrap();
        let questions = Questions::catch(poll.registry(), Token(7)).unwrap();
        assert!(!questions.asked());
        for _ in 0..3 {
            low_level::raise(signal_hook::consts::SIGUSR1).unwrap();
            let mut events = mio::Events::with_capacity(4);
            while events.is_empty() {
                let _ = poll.poll(&mut events, Some(std::time::Duration::from_secs(10)));
            }
            assert!(questions.asked());
            assert!(!questions.asked());
        }
    }

    #[test]
    fn one_that_is_caught_wakes_who_waits() {
        let mut poll = mio::Poll::new().unwrap();
        let signals = Signals::catch(poll.registry(), Token(7)).unwrap();
        assert_eq!(signals.received(), None);
        low_level::raise(SIGHUP).unwrap();
        let mut events = mio::Events::with_capacity(4);
        while events.is_empty() {
            let _ = poll.poll(&mut events, Some(std::time::Duration::from_secs(10)));
        }
        assert_eq!(signals.received(), Some(Signal(SIGHUP)));
    }
}
