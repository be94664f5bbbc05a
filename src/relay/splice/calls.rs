//! The system calls that move bytes between descriptors, none of which blocks: Linux has them.
//!
//! A newcomer's trap: elsewhere each fails with `ENOSYS`, which is an answer like any other refusal: then bytes are
//! read and written.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::*;
#[cfg(target_os = "linux")]
pub(super) use linux::*;

#[cfg(target_os = "linux")]
mod linux {
    pub(in super::super) use rustix::pipe::{fcntl_getpipe_size as pipe_size, fcntl_setpipe_size as set_pipe_size};
    use rustix::{
        fd::{BorrowedFd, OwnedFd},
        io::Result,
        pipe::{PipeFlags, SpliceFlags},
    };

    /// Both ends of a new pipe: the one to read, and the one to write.
    pub(in super::super) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
    }

    /// splice(2), where both descriptors are: at most so many bytes.
    pub(in super::super) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, n: usize) -> Result<usize> {
        rustix::pipe::splice(from, None, to, None, n, SpliceFlags::NONBLOCK)
    }

    /// sendfile(2), from where the file is: at most so many bytes.
    pub(in super::super) fn sendfile(to: BorrowedFd<'_>, from: BorrowedFd<'_>, n: usize) -> Result<usize> {
        rustix::fs::sendfile(to, from, None, n)
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use rustix::{
        fd::{BorrowedFd, OwnedFd},
        io::{Errno, Result},
    };

    pub(in super::super) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn pipe_size(_: BorrowedFd<'_>) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn set_pipe_size(_: BorrowedFd<'_>, _: usize) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn splice(_: BorrowedFd<'_>, _: BorrowedFd<'_>, _: usize) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    pub(in super::super) fn sendfile(_: BorrowedFd<'_>, _: BorrowedFd<'_>, _: usize) -> Result<usize> {
        Err(Errno::NOSYS)
    }
}
