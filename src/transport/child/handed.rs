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
    io::Errno,
    net::SendFlags,
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
    /// The command has half-closed by itself, shutdown(2).
    finished: bool,
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
            Ok(identity) => Ok(Self { stream, identity, ended: false, finished: false, error: None, dead: false }),
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
        if !self.dead {
            self.error = if over { self.why() } else { self.probe() };
            self.dead = self.error.is_some();
        }
        // A broken pipe is what follows on an end that was in order.
        let in_order = match &self.error {
            Some(error) => error.kind() == io::ErrorKind::BrokenPipe,
            None => !self.dead,
        };
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

    /// Finds out whether the command has half-closed: then sending fails, even nothing.
    fn probe(&mut self) -> Option<io::Error> {
        let sent = rustix::net::send(self.socket()?, &[], SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        match sent {
            // Not every protocol can send nothing.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::OPNOTSUPP) => None,
            Err(Errno::PIPE) => {
                self.finished = true;
                None
            }
            Err(error) => Some(error.into()),
        }
    }

    /// Why both directions are closed; nothing if that was in order. The command may have heard of an
    /// error before us, and then we do not. But at an end in order each half was closed by its own side,
    /// and nothing is on its way any more.
    fn why(&mut self) -> Option<io::Error> {
        if let Err(error) = self.stream.broken() {
            return Some(error);
        }
        // While it still waits for what is on its way, it has a peer.
        let gone = rustix::net::getpeername(self.socket()?) == Err(Errno::NOTCONN);
        let in_order = (self.ended || self.finished) && self.undelivered() == 0;
        match (gone && !in_order, self.ended) {
            (false, _) => None,
            (true, true) => Some(Errno::PIPE.into()),
            (true, false) => Some(Errno::CONNRESET.into()),
        }
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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::transport::{Address, Choice, tcp::TCP};
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener, TcpStream},
        time::Duration,
    };

    /// A connection that was handed over: we, the command's descriptor, and the peer.
    fn handed() -> (Handed, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = (TCP.connect)(&Address::Inet(listener.local_addr().unwrap()), &Choice::default()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        let handed = Handed::new(stream).ok().unwrap();
        let command = TcpStream::from(handed.duplicate().unwrap());
        (handed, command, peer)
    }

    fn news(handed: &mut Handed) -> News {
        loop {
            if let Some(news) = handed.look() {
                return news;
            }
            // The event queue would tell; here it is not there.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn it_blocks_while_a_command_has_it() {
        let (handed, mut command, mut peer) = handed();
        peer.write_all(b"x").unwrap();
        command.read_exact(&mut [0]).unwrap();
        let mut stream = handed.take_back();
        assert_eq!(stream.read(&mut [0]).unwrap(), crate::stream::Flow::Blocked);
    }

    #[test]
    fn an_end_is_told_once_and_what_is_unread_stays() {
        let (mut handed, mut command, mut peer) = handed();
        assert!(handed.look().is_none());
        peer.write_all(b"unread").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(matches!(news(&mut handed), News::Ended));
        assert!(handed.look().is_none());
        let mut text = String::new();
        command.read_to_string(&mut text).unwrap();
        assert_eq!(text, "unread");
    }

    #[test]
    fn a_reset_is_told_even_if_the_command_has_heard_it_first() {
        for heard in [false, true] {
            let (mut handed, mut command, peer) = handed();
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer);
            if heard {
                assert_eq!(command.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            }
            let News::Broken(error) = news(&mut handed) else { panic!("in order?") };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            assert!(handed.look().is_none());
        }
    }

    #[test]
    fn a_broken_pipe_follows_an_end_in_order() {
        for heard in [false, true] {
            let (mut handed, mut command, peer) = handed();
            drop(peer);
            assert!(matches!(news(&mut handed), News::Ended));
            command.write_all(b"nobody reads this").unwrap();
            while heard && command.write_all(b"x").is_ok() {}
            let News::Broken(error) = news(&mut handed) else { panic!("in order?") };
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            assert!(handed.undelivered() > 0);
        }
    }

    #[test]
    fn a_command_that_half_closes_first_has_ended_in_order() {
        let (mut handed, command, peer) = handed();
        command.shutdown(Shutdown::Write).unwrap();
        assert!(handed.look().is_none());
        drop(peer);
        assert!(matches!(news(&mut handed), News::Ended));
        // "Nothing more happens" has to be looked at for a while.
        std::thread::sleep(Duration::from_millis(20));
        assert!(handed.look().is_none());
    }
}
