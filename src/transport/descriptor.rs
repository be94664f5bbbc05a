//! A descriptor used in one direction, and the stream that two of them make.
//!
//! A newcomer's trap: descriptors 0, 1 and 2 are shared with other processes, and O_NONBLOCK
//! belongs to what is shared: set on ours, it breaks the shell's. So a terminal or pipe is
//! opened anew through /proc where that works, sockets are asked call by call (MSG_DONTWAIT),
//! and for the rest poll(2) says first whether a call would block.

use crate::stream::{
    Flow, Stream,
    channel::{Channel, Kind, is_ready},
    flow,
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Mode, OFlags},
    io::{Errno, fcntl_dupfd_cloexec, retry_on_intr},
    net::{RecvFlags, SendFlags, SocketType},
};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

/// poll(2) promises room for this much in a pipe that is writable.
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// One end of a pipe, a terminal, a file, a device or a socket.
#[derive(Debug)]
pub struct Descriptor {
    fd: OwnedFd,
    way: Way,
    is_terminal: bool,
    is_pipe: bool,
    hides_boundaries: bool,
}

/// How it is kept from blocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The description is ours alone and non-blocking.
    NonBlocking,
    /// A socket: each call says that it must not block.
    Socket,
    /// poll(2) is asked before each call, and writes are short.
    Asked,
    /// A regular file or /dev/null: always ready, and epoll refuses it (EPERM).
    AlwaysReady,
}

/// Which way bytes go through a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is read.
    Input,
    /// It is written.
    Output,
}

impl Descriptor {
    /// A pipe end of our own, made non-blocking.
    ///
    /// # Errors
    /// Of fcntl(2).
    pub fn own(fd: OwnedFd) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&fd)?;
        rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
        Ok(Self { fd, way: Way::NonBlocking, is_terminal: false, is_pipe: true, hides_boundaries: false })
    }

    /// A descriptor that other processes may share, left as it was found.
    ///
    /// # Errors
    /// Of fstat(2) and dup(2).
    pub fn shared(fd: BorrowedFd<'_>, used: Use) -> io::Result<Self> {
        let is_terminal = rustix::termios::isatty(fd);
        let kind = FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode);
        let is_pipe = kind == FileType::Fifo;
        let hides_boundaries = match kind {
            FileType::RegularFile | FileType::Fifo => true,
            FileType::Socket => rustix::net::sockopt::socket_type(fd) == Ok(SocketType::STREAM),
            _ => false,
        };
        let (way, anew) = match kind {
            FileType::RegularFile | FileType::Directory => (Way::AlwaysReady, None),
            FileType::Socket => (Way::Socket, None),
            _ => reopen(fd, used).map_or((Way::Asked, None), |anew| (Way::NonBlocking, Some(anew))),
        };
        let fd = anew.map_or_else(|| fcntl_dupfd_cloexec(fd, 3), Ok)?;
        Ok(Self { fd, way, is_terminal, is_pipe, hides_boundaries })
    }

    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        if self.way == Way::AlwaysReady {
            return Ok(());
        }
        match registry.register(&mut SourceFd(&self.fd.as_raw_fd()), token, interest) {
            Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => {
                self.way = Way::AlwaysReady;
                Ok(())
            }
            other => other,
        }
    }

    /// Where the kernel can move bytes by itself.
    fn channel(&self) -> Option<Channel<'_>> {
        let kind = match self.way {
            Way::NonBlocking if self.is_pipe => Kind::Pipe,
            Way::AlwaysReady => Kind::File,
            _ => return None,
        };
        Some(Channel { fd: self.fd.as_fd(), kind })
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<Flow> {
        if self.way == Way::Asked && !is_ready(self.fd.as_fd(), PollFlags::IN)? {
            return Ok(Flow::Blocked);
        }
        let read = retry_on_intr(|| match self.way {
            Way::Socket => rustix::net::recv(&self.fd, &mut *buffer, RecvFlags::DONTWAIT).map(|(n, _)| n),
            _ => rustix::io::read(&self.fd, &mut *buffer),
        });
        flow(read.map_err(io::Error::from))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Flow> {
        let bytes = match self.way {
            Way::Asked if !is_ready(self.fd.as_fd(), PollFlags::OUT)? => return Ok(Flow::Blocked),
            Way::Asked => bytes.get(..PIPE_BUF).unwrap_or(bytes),
            _ => bytes,
        };
        let written = retry_on_intr(|| match self.way {
            Way::Socket => rustix::net::send(&self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            _ => rustix::io::write(&self.fd, bytes),
        });
        flow(written.map_err(io::Error::from))
    }

    /// Whether nobody can read any more what would be written: `POLLERR` on a pipe, poll(2).
    fn reader_is_gone(&self) -> bool {
        let mut asked = [PollFd::from_borrowed_fd(self.fd.as_fd(), PollFlags::empty())];
        self.way != Way::AlwaysReady
            && poll(&mut asked, Some(&Timespec::default())).is_ok_and(|n| n > 0)
            && asked.iter().any(|fd| fd.revents().contains(PollFlags::ERR))
    }
}

/// Opens the same pipe or terminal again, with a description of our own that may be non-blocking.
fn reopen(fd: BorrowedFd<'_>, used: Use) -> io::Result<OwnedFd> {
    let way = match used {
        Use::Input => OFlags::RDONLY,
        Use::Output => OFlags::WRONLY,
    };
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    Ok(rustix::fs::open(path, way | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?)
}

/// The stream made of a descriptor to read and one to write.
#[derive(Debug)]
pub struct Pair {
    input: Option<Descriptor>,
    output: Option<Descriptor>,
    at_finish: fn(),
}

impl Pair {
    /// Either may be missing: reading then ends at once, and writing fails with a broken pipe.
    /// `at_finish` is called when the output is closed, for what else that takes.
    #[must_use]
    pub fn new(input: Option<Descriptor>, output: Option<Descriptor>, at_finish: fn()) -> Self {
        Self { input, output, at_finish }
    }
}

impl Stream for Pair {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            input.register(registry, token, Interest::READABLE)?;
        }
        match &mut self.output {
            Some(output) => output.register(registry, token, Interest::WRITABLE),
            None => Ok(()),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let Some(input) = &self.input else { return Ok(Flow::Ended) };
        match input.read(buffer) {
            // It has been hung up.
            Err(error) if input.is_terminal && error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                Ok(Flow::Ended)
            }
            other => other,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let Some(output) = &self.output else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let written = output.write(bytes);
        if output.is_pipe && written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            // Nothing will be written any more, so the descriptor need not be held.
            self.output = None;
        }
        written
    }

    fn source(&self) -> Option<Channel<'_>> {
        self.input.as_ref()?.channel()
    }

    fn sink(&self) -> Option<Channel<'_>> {
        self.output.as_ref()?.channel()
    }

    fn hides_boundaries(&self) -> bool {
        // /dev/null is no file, but hides all.
        self.output.as_ref().is_some_and(|output| output.hides_boundaries || output.way == Way::AlwaysReady)
    }

    fn broken(&mut self) -> io::Result<()> {
        match &self.output {
            Some(output) if output.reader_is_gone() => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.output.take().is_some() {
            (self.at_finish)();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::{fd::AsFd, pipe::pipe};
    use std::{
        fs::File,
        os::unix::net::{UnixDatagram, UnixStream},
    };

    fn hides(fd: impl AsFd) -> io::Result<bool> {
        let mut pair = Pair::new(None, Some(Descriptor::shared(fd.as_fd(), Use::Output)?), || ());
        let poll = mio::Poll::new()?;
        pair.register(poll.registry(), Token(1))?;
        Ok(pair.hides_boundaries())
    }

    #[test]
    fn files_pipes_and_connections_hide_boundaries_and_sockets_of_datagrams_keep_them() -> io::Result<()> {
        assert!(hides(pipe()?.1)?);
        assert!(hides(File::open(std::env::current_exe()?)?)?);
        assert!(hides(File::create("/dev/null")?)?);
        assert!(hides(UnixStream::pair()?.0)?);
        assert!(!hides(UnixDatagram::pair()?.0)?);
        Ok(())
    }
}
