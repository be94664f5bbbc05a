//! A socket that a command has as its stdin and stdout, while we only look on.
//!
//! A newcomer's trap: O_NONBLOCK, what is unread and a pending error all belong to what is
//! shared. So nothing is read or written here until the socket has been [taken
//! back](Handed::take_back), and of an error we may be the second to hear.

use super::orphans::Identity;
use crate::stream::Stream;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
};
use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// See the module's description.
pub struct Handed {
    stream: Box<dyn Stream>,
    identity: Identity,
    /// The peer's end has been told.
    ended: bool,
    /// Why the connection is dead, until that has been told.
    error: Option<io::Error>,
    dead: bool,
}

/// What is new about the connection.
#[derive(Debug)]
pub enum News {
    /// The peer will send no more.
    Ended,
    /// It is dead.
    Broken(io::Error),
}

impl Handed {
    /// Makes a stream's [bare](Stream::bare) socket one that blocks, as a command expects it.
    ///
    /// # Errors
    /// When there is none, or it cannot be had; the stream comes back then.
    pub fn new(stream: Box<dyn Stream>) -> Result<Self, (io::Error, Box<dyn Stream>)> {
        let identity = match stream.bare() {
            Some(socket) => Identity::of(socket).and_then(|identity| set_blocking(socket, true).map(|()| identity)),
            None => Err(io::ErrorKind::Unsupported.into()),
        };
        match identity {
            Ok(identity) => Ok(Self { stream, identity, ended: false, error: None, dead: false }),
            Err(error) => Err((error, stream)),
        }
    }

    /// What the command gets.
    ///
    /// # Errors
    /// Of dup(2).
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        self.socket().ok_or(io::ErrorKind::Unsupported)?.try_clone_to_owned()
    }

    /// By this, other processes' descriptors of the socket are recognised.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Bytes that the peer's machine is not known to have.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.stream.undelivered()
    }

    /// Looks what has become of the connection, after an event; to be called until there is no news.
    pub fn look(&mut self) -> Option<News> {
        let now = self.state();
        let over = now.intersects(PollFlags::HUP | PollFlags::ERR);
        if over && !self.dead {
            self.error = self.why();
            self.dead = self.error.is_some();
        }
        // A broken pipe is what follows on an end that was in order.
        let in_order = self.error.as_ref().is_none_or(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if (over || now.contains(HANGUP)) && in_order && !self.ended {
            self.ended = true;
            return Some(News::Ended);
        }
        self.error.take().map(News::Broken)
    }

    /// When nobody else uses it any more: the stream as it was.
    #[must_use]
    pub fn take_back(self) -> Box<dyn Stream> {
        if let Some(socket) = self.socket() {
            let _ = set_blocking(socket, false);
        }
        self.stream
    }

    /// Ends the connection for all who have it.
    pub fn shut_down(&self) {
        if let Some(socket) = self.socket() {
            let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
        }
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.stream.bare()
    }

    fn state(&self) -> PollFlags {
        let Some(socket) = self.socket() else { return PollFlags::empty() };
        let mut asked = [PollFd::from_borrowed_fd(socket, HANGUP)];
        let _ = poll(&mut asked, Some(&Timespec::default()));
        let [asked] = asked;
        asked.revents()
    }

    /// Why both directions are closed; nothing if that was in order, as far as one can tell: when the
    /// command has heard of an error, we do not. But what ended in order has nothing left on its way.
    fn why(&mut self) -> Option<io::Error> {
        let lost = !self.ended && self.undelivered() > 0;
        self.stream.broken().err().or_else(|| lost.then(|| io::ErrorKind::ConnectionReset.into()))
    }
}

/// The peer's FIN, which Linux tells of before all that came before it has been read.
#[cfg(target_os = "linux")]
const HANGUP: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HANGUP: PollFlags = PollFlags::HUP;

fn set_blocking(socket: BorrowedFd<'_>, blocks: bool) -> io::Result<()> {
    let mut flags = fcntl_getfl(socket)?;
    flags.set(OFlags::NONBLOCK, !blocks);
    Ok(fcntl_setfl(socket, flags)?)
}
