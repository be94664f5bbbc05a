//! Who still has a socket that was given to a command, once the command itself has ended.
//!
//! `(sleep 1; echo late) & echo early` leaves the connection to a process that is no child of ours.
//! With a pipe, its end tells when the last of them has gone; a socket of which we keep a duplicate
//! tells nothing. So rncat becomes their new parent (PR_SET_CHILD_SUBREAPER, Linux) and looks. A
//! newcomer's trap: then it is we who must reap them.

use super::Process;
use crate::reactor::{ByToken, Reactor};
use mio::Token;
use rustix::process::Pid;
use std::{collections::HashSet, fs, io, os::fd::BorrowedFd};

/// The processes that commands have left behind, by their tokens.
#[derive(Debug, Default)]
pub struct Orphans {
    processes: ByToken<Process>,
    /// Whether orphans come to us at all.
    adopts: bool,
}

/// A socket, as other processes' descriptors of it are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64);

impl Identity {
    /// Of this socket.
    ///
    /// # Errors
    /// Of fstat(2).
    pub fn of(socket: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self(rustix::fs::fstat(socket)?.st_ino))
    }
}

impl Orphans {
    /// From now on, what commands leave behind comes to us.
    pub fn adopt(&mut self) {
        if !self.adopts {
            self.adopts = become_their_parent();
        }
    }

    /// Looks for new ones; `known` are our own children.
    pub fn look<'a>(&mut self, known: impl Iterator<Item = &'a Process>, reactor: &mut Reactor) {
        if !self.adopts {
            return;
        }
        let ours = self.processes.values().map(Process::pid);
        let known: HashSet<Pid> = known.map(Process::pid).chain(ours).collect();
        for pid in children("self").into_iter().filter(|pid| !known.contains(pid)) {
            let process = Process::watch(pid, reactor);
            self.processes.insert(process.token(), process);
        }
    }

    /// Reaps the one with this token if it has ended; whether it has.
    pub fn has_ended(&mut self, token: Token, reactor: &mut Reactor) -> bool {
        let ended = self.processes.get(&token).is_some_and(|process| process.has_ended(reactor));
        if ended {
            self.processes.remove(&token);
        }
        ended
    }

    /// Whether one of them, or of their descendants, has this socket open.
    #[must_use]
    pub fn have(&self, socket: Identity) -> bool {
        let name = format!("socket:[{}]", socket.0);
        self.processes.values().any(|process| has(process.pid(), &name))
    }
}

fn has(pid: Pid, name: &str) -> bool {
    let pid = pid.as_raw_nonzero().to_string();
    let open = fs::read_dir(format!("/proc/{pid}/fd"));
    open.into_iter().flatten().flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|it| it.as_os_str() == name))
        || children(&pid).into_iter().any(|child| has(child, name))
}

/// The children of all threads of a process; none where the system does not tell.
fn children(pid: &str) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(parse).collect::<Vec<_>>()).collect()
}

fn parse(word: &str) -> Option<Pid> {
    Pid::from_raw(word.parse().ok()?)
}

#[cfg(target_os = "linux")]
fn become_their_parent() -> bool {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn become_their_parent() -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::{os::fd::AsFd, os::unix::net::UnixStream, process::Command};

    #[test]
    fn who_has_a_socket_open_is_found_also_among_grandchildren() {
        let (socket, other) = UnixStream::pair().unwrap();
        let theirs = std::os::fd::OwnedFd::from(socket.try_clone().unwrap());
        let mut child =
            Command::new("/bin/sh").args(["-c", "sleep 100 & exec >&-; wait"]).stdout(theirs).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let name = |socket: &UnixStream| format!("socket:[{}]", Identity::of(socket.as_fd()).unwrap().0);
        // The shell takes a moment.
        let has_a_child = || !children(&pid.as_raw_nonzero().to_string()).is_empty();
        while !has_a_child() {
            std::thread::yield_now();
        }
        assert!(children("self").contains(&pid));
        assert!(has(pid, &name(&socket)));
        assert!(!has(pid, &name(&other)));
        children(&pid.as_raw_nonzero().to_string())
            .into_iter()
            .for_each(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap());
        child.wait().unwrap();
        assert!(!has(pid, &name(&socket)));
    }
}
