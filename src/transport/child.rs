//! A command run for a peer, with pipes or the peer's own socket as its stdin and stdout.
//!
//! A newcomer's trap: a child that has closed its output may still read, and one that has
//! exited may have left its pipes to children of its own; the two ends are told apart.

pub mod handed;
pub mod orphans;

use super::descriptor::{Descriptor, Pair};
use crate::{
    error::{Error, Result, why},
    reactor::Reactor,
    report::escape,
    sys,
};
use handed::Handed;
use mio::{Interest, Token, unix::SourceFd};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};
use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How often a child is looked at where no event tells of its end.
const LOOK: Duration = Duration::from_millis(50);

/// How long those who were sent SIGHUP have before SIGTERM comes.
const FAREWELL: Duration = Duration::from_secs(1);

/// What to start.
#[derive(Debug)]
pub struct Launch {
    /// The program and its arguments; never empty.
    pub words: Vec<OsString>,
    /// The name it is to see as its own, if not that of its file.
    pub name: Option<OsString>,
    /// What its environment has beside ours.
    pub environment: Vec<(&'static str, String)>,
}

/// A process, until it has been reaped.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    token: Token,
    /// Readable when the process has ended: pidfd_open(2), Linux 5.3. SIGCHLD would depend on a
    /// signal mask that is not ours.
    end: Option<OwnedFd>,
}

/// Starts a command at two pipes.
///
/// It gets SIGPIPE's default action from the standard library, an empty signal mask from us, and no
/// other descriptor, as all are close-on-exec: ours always, those that we were given since
/// [`Exec`](crate::wiring::exec::Exec) was made. Its stderr is ours.
///
/// # Errors
/// When it cannot be started: not found, not executable, no memory.
pub fn spawn(launch: &Launch, reactor: &mut Reactor) -> Result<(Process, Pair)> {
    let pipes = || {
        let ((theirs_in, ours_out), (ours_in, theirs_out)) = (io::pipe()?, io::pipe()?);
        let pair = Pair::new(Some(Descriptor::own(ours_in.into())?), Some(Descriptor::own(ours_out.into())?), || ());
        Ok((theirs_in, theirs_out, pair))
    };
    let (stdin, stdout, pair) = pipes().map_err(|error| launch.failed(&error))?;
    Ok((launch.start(stdin.into(), stdout.into(), reactor)?, pair))
}

/// Starts a command at a peer's socket, which is its stdin and its stdout.
///
/// # Errors
/// As [`spawn`].
pub fn spawn_at(handed: &Handed, launch: &Launch, reactor: &mut Reactor) -> Result<Process> {
    let duplicate = || handed.duplicate().map_err(|error| launch.failed(&error));
    launch.start(duplicate()?.into(), duplicate()?.into(), reactor)
}

/// The program comes to its end: those that still run get SIGHUP, and SIGTERM if they have not ended
/// shortly after, or when another signal comes.
pub fn dismiss<'a>(processes: impl Iterator<Item = &'a Process>) {
    let mut left: Vec<_> = processes.filter(|process| !process.reap()).collect();
    left.iter().for_each(|process| process.send(Signal::HUP));
    let until = Instant::now() + FAREWELL;
    let mut hurried = false;
    while !left.is_empty() && !hurried {
        let time = until.saturating_duration_since(Instant::now());
        if time.is_zero() {
            break;
        }
        // What has no descriptor to wait for is looked at anew now and then.
        let all_tell = left.iter().all(|process| process.end.is_some());
        let time = if all_tell { time } else { time.min(LOOK) };
        let time = Timespec::try_from(time).unwrap_or_default();
        let mut ends: Vec<_> = left.iter().filter_map(|process| process.end.as_ref()).map(end_of).collect();
        hurried = poll(&mut ends, Some(&time)).is_err();
        left.retain(|process| !process.reap());
    }
    left.iter().for_each(|process| process.send(Signal::TERM));
}

/// Of descriptors, memory or processes, rather than anything about the program.
fn is_shortage(error: &io::Error) -> bool {
    let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
    short.iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()))
}

fn end_of(pidfd: &OwnedFd) -> PollFd<'_> {
    PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)
}

impl Launch {
    fn start(&self, stdin: Stdio, stdout: Stdio, reactor: &mut Reactor) -> Result<Process> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(Error::usage("run a command", "it is empty"));
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        // They were for us.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"] {
            command.env_remove(name);
        }
        if let Some(name) = &self.name {
            command.arg0(name);
        }
        command.stdin(stdin).stdout(stdout);
        let child = sys::with_no_signal_blocked(|| command.spawn()).map_err(|error| self.failed(&error))?;
        Ok(Process::watch(Pid::from_child(&child), reactor))
    }

    fn failed(&self, error: &io::Error) -> Error {
        let program = self.words.first().cloned().unwrap_or_default();
        let program = program.as_encoded_bytes();
        Error::usage(format!("run {}", escape(program)), why(error)).hint(match error.kind() {
            io::ErrorKind::NotFound if !program.contains(&b'/') => "give its full path, or use --sh-exec",
            _ if is_shortage(error) => "serve fewer at a time, with -m",
            _ => "check the path and its permissions",
        })
    }
}

impl Process {
    /// Of a child of ours, however it came to be one.
    pub(super) fn watch(pid: Pid, reactor: &mut Reactor) -> Self {
        let token = reactor.token();
        let end = pidfd(pid).filter(|end| {
            let end = &mut SourceFd(&end.as_raw_fd());
            reactor.registry().register(end, token, Interest::READABLE).is_ok()
        });
        if end.is_none() {
            reactor.wake_in(LOOK, token);
        }
        Self { pid, token, end }
    }

    /// Under this, an event or an alarm comes when it is time to look whether it [has ended](Self::has_ended).
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Reaps it if it has ended.
    pub fn has_ended(&self, reactor: &mut Reactor) -> bool {
        let ended = self.reap();
        if !ended && self.end.is_none() {
            reactor.wake_in(LOOK, self.token);
        }
        ended
    }

    fn reap(&self) -> bool {
        !matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None))
    }

    /// It has not been reaped, so the number is still its own.
    fn send(&self, signal: Signal) {
        let _ = kill_process(self.pid, signal);
    }
}

#[cfg(target_os = "linux")]
fn pidfd(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::NONBLOCK).ok()
}

#[cfg(not(target_os = "linux"))]
fn pidfd(_pid: Pid) -> Option<OwnedFd> {
    None
}
