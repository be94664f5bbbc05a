//! Where the kernel can move bytes by itself: splice(2), sendfile(2).
//!
//! A newcomer's trap: a channel is offered only while what passes through the descriptor is exactly what
//! passes through the stream. A layer that looks at the bytes offers none.

use std::os::fd::BorrowedFd;

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
}
