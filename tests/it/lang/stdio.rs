//! Every kind of stdin and stdout that a shell can give a program.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, OptionalActions, OutputModes};

use super::outside::ready;
use super::scratch::Scratch;

/// Where the program's stdin comes from.
pub(crate) enum Stdin {
    /// A pipe that the test writes to; the usual one.
    Pipe,
    /// A file of these bytes.
    File(Vec<u8>),
    /// `</dev/null`
    Null,
    /// `<&-`
    Closed,
    /// A terminal that the test types at.
    Terminal,
    /// A socket that the test writes to.
    Socket,
    /// Whatever this is, and the test's no more.
    Given(OwnedFd),
    /// `</dev/zero`: there is always more.
    Endless,
    /// A file that can be opened, and whose first byte is an I/O error.
    Unreadable,
}

/// Where the program's stdout goes to.
#[derive(PartialEq, Eq)]
pub(crate) enum Stdout {
    /// A pipe that is read as it fills; the usual one.
    Pipe,
    /// A pipe that nobody reads until the test says so.
    Unread,
    /// A pipe whose reader is gone.
    Gone,
    /// A file in the session's directory.
    File,
    /// `/dev/full`
    Full,
    /// `>&-`
    Closed,
    /// The same terminal as stdin.
    Terminal,
    /// A socket that is read as it fills.
    Socket,
    /// The same socket as stdin.
    SameSocket,
}

/// The test's end of the program's stdin.
pub(crate) enum Typist {
    /// There is none.
    Nobody,
    /// A pipe.
    Pipe(OwnedFd),
    /// A socket.
    Socket(UnixStream),
    /// The terminal's other side.
    Terminal(OwnedFd),
}

impl Typist {
    /// Makes a stdin and the end that the test keeps. A terminal is opened by the caller.
    pub(crate) fn make(stdin: Stdin, scratch: &Scratch, terminal: Option<&Pty>) -> (Self, Stdio) {
        match stdin {
            Stdin::Pipe => {
                let (reader, writer) = std::io::pipe().unwrap();
                let writer = OwnedFd::from(writer);
                rustix::io::ioctl_fionbio(&writer, true).unwrap();
                (Self::Pipe(writer), reader.into())
            }
            Stdin::Socket => {
                let (ours, theirs) = UnixStream::pair().unwrap();
                ours.set_nonblocking(true).unwrap();
                (Self::Socket(ours), OwnedFd::from(theirs).into())
            }
            Stdin::File(content) => {
                let path = scratch.file("stdin", content);
                (Self::Nobody, File::open(path).unwrap().into())
            }
            Stdin::Given(fd) => (Self::Nobody, fd.into()),
            Stdin::Endless => (Self::Nobody, File::open("/dev/zero").unwrap().into()),
            Stdin::Unreadable => (Self::Nobody, File::open("/proc/self/mem").unwrap().into()),
            Stdin::Null | Stdin::Closed => (Self::Nobody, Stdio::null()),
            Stdin::Terminal => {
                let pty = terminal.unwrap();
                (Self::Terminal(pty.ours.try_clone().unwrap()), pty.theirs())
            }
        }
    }

    /// Makes a socket that is stdin and stdout: the test's end, the one, and the other with its
    /// reader.
    pub(crate) fn at_a_socket() -> (Self, Stdio, Option<(Reader, Stdio)>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let reader = Reader::Eager(Box::new(ours.try_clone().unwrap()));
        let stdout = OwnedFd::from(theirs.try_clone().unwrap()).into();
        (Self::Socket(ours), OwnedFd::from(theirs).into(), Some((reader, stdout)))
    }

    /// Writes what the program's stdin takes of `bytes` until it takes no more for `patience`.
    pub(crate) fn write(&self, mut bytes: &[u8], patience: Duration) -> usize {
        let length = bytes.len();
        let mut until = Instant::now() + patience;
        while !bytes.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !ready(&self.fd(), PollFlags::OUT, left) {
                break;
            }
            match rustix::io::write(self.fd(), bytes) {
                Ok(count) => {
                    bytes = &bytes[count..];
                    until = Instant::now() + patience;
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(_gone) => break,
            }
        }
        length - bytes.len()
    }

    /// Ends the program's stdin; at a terminal, Ctrl-D does.
    pub(crate) fn end(&mut self) {
        match self {
            Self::Terminal(_) => assert_eq!(self.write(b"\x04", Duration::from_secs(1)), 1),
            Self::Socket(socket) => socket.shutdown(Shutdown::Write).unwrap(),
            Self::Pipe(_) | Self::Nobody => *self = Self::Nobody,
        }
    }

    fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Pipe(fd) | Self::Terminal(fd) => fd.as_fd(),
            Self::Socket(socket) => socket.as_fd(),
            Self::Nobody => panic!("nobody can type at this stdin"),
        }
    }
}

/// The test's end of the program's stdout.
pub(crate) enum Reader {
    /// There is none.
    Nobody,
    /// Something to collect from at once.
    Eager(Box<dyn Read + Send>),
    /// A pipe to be read later, or never.
    Waiting(PipeReader),
}

impl Reader {
    /// Makes a stdout and the end that the test keeps.
    pub(crate) fn make(stdout: &Stdout, scratch: &Scratch, pty: Option<&Pty>) -> (Self, Stdio) {
        match stdout {
            Stdout::Pipe => {
                let (reader, writer) = std::io::pipe().unwrap();
                (Self::Eager(Box::new(reader)), writer.into())
            }
            Stdout::Unread => {
                let (reader, writer) = std::io::pipe().unwrap();
                (Self::Waiting(reader), writer.into())
            }
            Stdout::Gone => (Self::Nobody, std::io::pipe().unwrap().1.into()),
            Stdout::File => (Self::Nobody, File::create(scratch.path("stdout")).unwrap().into()),
            Stdout::Full => {
                let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
                (Self::Nobody, full.into())
            }
            Stdout::Closed => (Self::Nobody, Stdio::null()),
            Stdout::Terminal => {
                let pty = pty.unwrap();
                (Self::Eager(Box::new(File::from(pty.ours.try_clone().unwrap()))), pty.theirs())
            }
            Stdout::Socket | Stdout::SameSocket => {
                let (ours, theirs) = UnixStream::pair().unwrap();
                (Self::Eager(Box::new(ours)), OwnedFd::from(theirs).into())
            }
        }
    }
}

/// A pseudo-terminal. It neither echoes nor changes line ends, so that what the test reads is what
/// the program wrote.
pub(crate) struct Pty {
    ours: OwnedFd,
    pub(super) theirs: OwnedFd,
}

impl Pty {
    pub(crate) fn open() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&ours).unwrap();
        rustix::pty::unlockpt(&ours).unwrap();
        let name = rustix::pty::ptsname(&ours, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let theirs = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        let mut modes = rustix::termios::tcgetattr(&theirs).unwrap();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.output_modes.remove(OutputModes::OPOST);
        rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &modes).unwrap();
        Self { ours, theirs }
    }

    fn theirs(&self) -> Stdio {
        self.theirs.try_clone().unwrap().into()
    }
}
