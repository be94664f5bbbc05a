//! stderr, which may be a pipe that nobody reads: writing to it must not stop every client.
//!
//! Who reads is waited for. Who takes nothing for a second is not waited for again until there is room: what is
//! said meanwhile is dropped and counted, and the number told as soon as there is room, or at the end of the program.
//! A newcomer's trap: stderr is shared with other processes and must not become non-blocking. So poll(2) says first
//! whether there is room, and no more is written at a time than it promises.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, fstat},
    io::{Errno, Result},
};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// poll(2) promises room for this much in a pipe that is writable.
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

static STDERR: Mutex<Outlet> = Mutex::new(Outlet::new());

/// Writes lines to stderr.
///
/// # Errors
/// Of write(2); that there was no room is none.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut outlet = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(outlet.say(io::stderr().as_fd(), text.as_bytes(), PATIENCE)?)
}

/// The name under which it is told how much has found no room.
pub(super) fn name(name: &'static str) {
    STDERR.lock().unwrap_or_else(PoisonError::into_inner).name = name;
}

/// The program comes to its end: the last chance to tell what has found no room.
pub(super) fn finish() {
    let mut outlet = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = outlet.finish(io::stderr().as_fd(), PATIENCE);
}

/// What is known of the descriptor, and what it has not taken.
#[derive(Debug)]
struct Outlet {
    /// It begins the line that tells the count.
    name: &'static str,
    /// Lines.
    dropped: usize,
    /// The last of them.
    last: Vec<u8>,
    /// A line was cut in the middle.
    torn: bool,
    /// Whether a write can block at all; not known before the first.
    blocks: Option<bool>,
}

impl Outlet {
    const fn new() -> Self {
        Self { name: "rncat", dropped: 0, last: Vec::new(), torn: false, blocks: None }
    }

    /// Writes whole lines, or counts them.
    fn say(&mut self, fd: BorrowedFd<'_>, text: &[u8], patience: Duration) -> Result<()> {
        if self.dropped > 0 && !(has_room(fd, Duration::ZERO) && self.tell(fd, self.dropped)?) {
            self.drop_lines(text);
            return Ok(());
        }
        let left = self.write(fd, text, patience)?;
        self.drop_lines(text.get(text.len().saturating_sub(left)..).unwrap_or_default());
        Ok(())
    }

    /// Says how much was not shown, and shows the last line of it, for it may say why the program ends.
    fn finish(&mut self, fd: BorrowedFd<'_>, patience: Duration) -> Result<()> {
        if self.dropped == 0 || !has_room(fd, patience) {
            return Ok(());
        }
        let last = std::mem::take(&mut self.last);
        if self.dropped == 1 || self.tell(fd, self.dropped - 1)? {
            self.write(fd, &last, Duration::ZERO)?;
        }
        self.dropped = 0;
        Ok(())
    }

    /// Says how much was not shown; poll(2) has said that there is room for it.
    fn tell(&mut self, fd: BorrowedFd<'_>, count: usize) -> Result<bool> {
        let lines = if count == 1 { "line was" } else { "lines were" };
        let line = format!("{}: {count} {lines} not shown, for nobody read stderr\n", self.name);
        let told = self.write(fd, line.as_bytes(), Duration::ZERO)? == 0;
        if told {
            self.dropped = 0;
            self.last.clear();
        }
        Ok(told)
    }

    /// Writes as far as there is room in time; says how many bytes are left.
    fn write(&mut self, fd: BorrowedFd<'_>, text: &[u8], patience: Duration) -> Result<usize> {
        let blocks = *self.blocks.get_or_insert_with(|| can_block(fd));
        let at_a_time = if blocks { PIPE_BUF } else { usize::MAX };
        let mut rest = text;
        while !rest.is_empty() {
            if blocks && !has_room(fd, patience) {
                let written = text.get(..text.len() - rest.len()).unwrap_or_default();
                self.torn = written.last().map_or(self.torn, |last| *last != b'\n');
                return Ok(rest.len());
            }
            // What was cut is not gone on with.
            let piece = if self.torn { b"\n" } else { rest.get(..at_a_time).unwrap_or(rest) };
            match rustix::io::write(fd, piece) {
                Ok(0) => return Err(Errno::IO),
                Ok(_) if self.torn => self.torn = false,
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                // Another may have made it non-blocking, and filled it meanwhile.
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }

    fn drop_lines(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        self.dropped += text.iter().filter(|byte| **byte == b'\n').count().max(1);
        let end = text.len().saturating_sub(1);
        let before = text.get(..end).unwrap_or_default();
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = text.get(begin..).unwrap_or_default();
        self.last = line.get(..PIPE_BUF).unwrap_or(line).to_vec();
    }
}

/// A file always takes what there is.
fn can_block(fd: BorrowedFd<'_>) -> bool {
    !fstat(fd).is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::RegularFile)
}

/// Whether a write would not block, now or in time. Trouble counts as room: writing tells of it.
fn has_room(fd: BorrowedFd<'_>, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).unwrap_or_default();
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&left)) {
            Err(Errno::INTR) => {}
            Ok(n) => return n > 0,
            // It cannot be asked: what is to be said goes first.
            Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests;
