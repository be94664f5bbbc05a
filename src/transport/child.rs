//! A command run for a peer, with pipes as its stdin and stdout.
//!
//! A newcomer's trap: a child that has closed its output may still read, and one that has
//! exited may have left its pipes to children of its own; the two ends are told apart.

use super::descriptor::{Descriptor, Pair};
use crate::{
    error::{Error, Result, why},
    reactor::Reactor,
    report::escape,
};
use mio::{Interest, Token, unix::SourceFd};
use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How often a child is looked at where no event tells of its end.
const LOOK: Duration = Duration::from_millis(50);

/// A process that was started, until it has been reaped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    token: Token,
    /// Readable when the child has ended: pidfd_open(2), Linux 5.3. SIGCHLD would depend on a
    /// signal mask that is not ours.
    end: Option<OwnedFd>,
}

/// Starts a command: `words` is the program and its arguments.
///
/// The standard library gives the child an empty signal mask and SIGPIPE's default action, and
/// every other descriptor of ours is close-on-exec. Its stderr is ours.
///
/// # Errors
/// When it cannot be started: not found, not executable, no memory.
pub fn spawn(words: &[String], environment: &[(&str, String)], reactor: &mut Reactor) -> Result<(Process, Pair)> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::usage("run a command", "it is empty"));
    };
    let failed = |error: io::Error| {
        Error::usage(format!("run {}", escape(program.as_bytes())), why(&error)).hint(match error.kind() {
            io::ErrorKind::NotFound if !program.contains('/') => "give its full path, or use --sh-exec",
            _ => "check the path and its permissions",
        })
    };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let output = child.stdin.take().map(|pipe| Descriptor::own(pipe.into())).transpose().map_err(failed)?;
    let input = child.stdout.take().map(|pipe| Descriptor::own(pipe.into())).transpose().map_err(failed)?;
    Ok((Process::watch(child, reactor), Pair::new(input, output, || ())))
}

impl Process {
    fn watch(child: Child, reactor: &mut Reactor) -> Self {
        let token = reactor.token();
        let end = end_of(&child).filter(|end| {
            let end = &mut SourceFd(&end.as_raw_fd());
            reactor.registry().register(end, token, Interest::READABLE).is_ok()
        });
        if end.is_none() {
            reactor.wake_in(LOOK, token);
        }
        Self { child, token, end }
    }

    /// Under this, an event or an alarm comes when it is time to look whether it [has ended](Self::has_ended).
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// Reaps the child if it has ended.
    pub fn has_ended(&mut self, reactor: &mut Reactor) -> bool {
        let ended = !matches!(self.child.try_wait(), Ok(None));
        if !ended && self.end.is_none() {
            reactor.wake_in(LOOK, self.token);
        }
        ended
    }
}

#[cfg(target_os = "linux")]
fn end_of(child: &Child) -> Option<OwnedFd> {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::NONBLOCK).ok()
}

#[cfg(not(target_os = "linux"))]
fn end_of(_child: &Child) -> Option<OwnedFd> {
    None
}
