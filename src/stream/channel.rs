//! Where the kernel can move bytes by itself: splice(2), sendfile(2).
//!
//! A newcomer's trap: a channel is offered only while what passes through the descriptor is exactly what
//! passes through the stream. A layer that looks at the bytes offers none.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{io, os::fd::BorrowedFd};

/// What a [`Channel`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A non-blocking stream socket.
    Socket,
    /// One end of a pipe, non-blocking.
    Pipe,
    /// A regular file or /dev/null: always ready.
    File,
}

/// A descriptor that one direction of a stream is read from or written to.
#[derive(Debug, Clone, Copy)]
pub struct Channel<'a> {
    /// The descriptor.
    pub fd: BorrowedFd<'a>,
    /// What it is.
    pub kind: Kind,
}

impl<'a> Channel<'a> {
    /// A non-blocking socket.
    #[must_use]
    pub fn socket(fd: BorrowedFd<'a>) -> Self {
        Self { fd, kind: Kind::Socket }
    }

    /// Whether it is ready; a trouble to be told of counts as that.
    pub(crate) fn is_ready(&self, what: PollFlags) -> bool {
        is_ready(self.fd, what).unwrap_or(false)
    }
}

/// Whether a descriptor is ready at this moment, or has trouble to tell of: poll(2).
///
/// # Errors
/// Of poll(2).
pub(crate) fn is_ready(fd: BorrowedFd<'_>, what: PollFlags) -> io::Result<bool> {
    let mut asked = [PollFd::from_borrowed_fd(fd, what)];
    Ok(poll(&mut asked, Some(&Timespec::default()))? > 0)
}
