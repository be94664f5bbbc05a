//! The far side of a party: what the relay talks to, by sockets and pipes, through TLS and telnet, or as a command.
//!
//! A newcomer's trap: what a layer has taken is said, though it may still hold it; so it is flushed before whatever
//! ends a connection in order.

use super::{
    super::*,
    Chance, Kit,
    making::{command, pipes, sockets, tap, tcp, telnet, tls, unix},
};
use crate::tls::testing::TempFile;
use rustix::io::Errno;
use socket2::SockRef;
use std::{net::Shutdown, os::fd::OwnedFd, process::Child};

/// What the relay sees of a party, and what is behind it.
pub(super) struct Made {
    pub(super) stream: Box<dyn Stream>,
    pub(super) far: Far,
    pub(super) tap: Option<TempFile>,
}

/// See the module's description.
pub(super) enum Far {
    Bare(Bare),
    Layered(Layered),
    /// It gives back what it gets, but no more than so many bytes.
    Command(Child, usize),
}

/// Descriptors as they are.
pub(super) struct Bare {
    /// Where it writes, until it has said its last.
    pub(super) to: Option<OwnedFd>,
    /// Where it reads, until it has heard all.
    pub(super) from: Option<OwnedFd>,
    pub(super) socket: bool,
    pub(super) tcp: bool,
    /// It has sent a byte that is urgent: it is not part of the stream, and reading stops before it.
    pub(super) urgent: bool,
    /// A reset is told once, perhaps to its writer.
    pub(super) failed: bool,
}

/// A layer of its own over a socket.
pub(super) struct Layered {
    pub(super) stream: Option<Box<dyn Stream>>,
    /// The socket once more, to meddle with.
    pub(super) socket: Option<OwnedFd>,
    pub(super) kind: Layer,
    pub(super) tcp: bool,
    pub(super) hears: bool,
    pub(super) said_its_last: bool,
    /// Negotiation of which the socket has taken a part.
    pub(super) torn: Vec<u8>,
    pub(super) failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Tls,
    Telnet,
}

/// What came of listening.
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Nothing,
    End,
    /// Not in order.
    Cut,
}

impl Far {
    /// A party of a kind that chance chooses.
    pub(super) fn make(chance: &mut Chance, kit: &Kit, may_be_a_command: bool) -> Made {
        let bare = |(stream, far)| Made { stream, far: Self::Bare(far), tap: None };
        let made = match chance.below(16) {
            0..3 => bare(sockets(tcp(), true)),
            3..6 => bare(sockets(unix(), false)),
            6..9 => bare(pipes()),
            9..13 => tls(chance, kit),
            13..15 => telnet(),
            _ if may_be_a_command => command(chance),
            _ => bare(pipes()),
        };
        if chance.one_in(16) { tap(made) } else { made }
    }

    /// Says some of these bytes; how many.
    pub(super) fn says(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Bare(it) => {
                let Some(to) = &it.to else { return 0 };
                match rustix::io::write(to, bytes) {
                    Ok(n) => return n,
                    Err(Errno::AGAIN) => {}
                    Err(error) => (it.to, it.failed) = (None, it.failed || error == Errno::CONNRESET),
                }
                0
            }
            Self::Layered(it) => it.says(bytes),
            Self::Command(..) => 0,
        }
    }

    pub(super) fn hears(&mut self, most: usize) -> Heard {
        let mut buffer = vec![0; most];
        let heard = match self {
            Self::Bare(it) => {
                let Some(from) = &it.from else { return Heard::Nothing };
                match rustix::io::read(from, &mut buffer) {
                    Ok(0) if it.failed => Err(Errno::CONNRESET.into()),
                    Ok(0) => Ok(Flow::Ended),
                    Ok(n) => Ok(Flow::Moved(n)),
                    Err(Errno::AGAIN) => Ok(Flow::Blocked),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Layered(it) => {
                it.push();
                let failed = it.failed;
                match &mut it.stream {
                    Some(stream) if it.hears => match stream.read(&mut buffer) {
                        Ok(Flow::Ended) if failed => Err(Errno::CONNRESET.into()),
                        heard => heard,
                    },
                    _ => return Heard::Nothing,
                }
            }
            Self::Command(..) => return Heard::Nothing,
        };
        match heard {
            Ok(Flow::Moved(n)) => {
                buffer.truncate(n);
                return Heard::Bytes(buffer);
            }
            Ok(Flow::Blocked) => return Heard::Nothing,
            Ok(Flow::Ended) | Err(_) => match self {
                Self::Bare(it) => it.from = None,
                Self::Layered(it) => it.hears = false,
                Self::Command(..) => {}
            },
        }
        if heard.is_ok() { Heard::End } else { Heard::Cut }
    }

    /// Whether it would still hear something.
    pub(super) fn listens(&self) -> bool {
        match self {
            Self::Bare(it) => it.from.is_some(),
            Self::Layered(it) => it.hears,
            Self::Command(..) => false,
        }
    }

    /// Sends something that is no data: urgent, or to negotiate about.
    pub(super) fn says_aside(&mut self, chance: &mut Chance) {
        match self {
            // A second one would put the first back into the stream.
            Self::Bare(it) if it.tcp && !it.urgent => {
                let sent = it.to.as_ref().map(|to| rustix::net::send(to, b"!", rustix::net::SendFlags::OOB));
                it.urgent = matches!(sent, Some(Ok(_)));
                it.failed |= matches!(sent, Some(Err(Errno::CONNRESET)));
            }
            Self::Layered(it) if it.kind == Layer::Telnet => it.negotiates(chance),
            _ => {}
        }
    }

    pub(super) fn half_closes(&mut self) {
        match self {
            Self::Bare(it) => {
                if let Some(to) = it.to.take()
                    && it.socket
                {
                    let _ = SockRef::from(&to).shutdown(Shutdown::Write);
                }
            }
            Self::Layered(it) => {
                it.push();
                if it.torn.is_empty() && !std::mem::replace(&mut it.said_its_last, true) {
                    let _ = it.stream.as_mut().map(|stream| stream.finish());
                }
                it.push();
            }
            Self::Command(..) => {}
        }
    }

    /// Ends TLS without close_notify, once all that was said has gone out; whether it did.
    pub(super) fn cuts(&mut self) -> bool {
        let Self::Layered(it) = self else { return false };
        let all_sent = it.push();
        let cuts = it.kind == Layer::Tls && all_sent && !std::mem::replace(&mut it.said_its_last, true);
        if cuts && let Some(socket) = &it.socket {
            let _ = SockRef::from(socket).shutdown(Shutdown::Write);
        }
        cuts
    }

    /// Leaves at once: to a socket's peer that is a reset.
    pub(super) fn resets(&mut self) {
        let (fd, tcp) = match self {
            Self::Bare(it) => (it.to.as_ref().or(it.from.as_ref()), it.tcp),
            Self::Layered(it) => (it.socket.as_ref(), it.tcp),
            Self::Command(child, _) => return drop(child.kill()),
        };
        if let Some(fd) = fd.filter(|_| tcp) {
            let _ = SockRef::from(fd).set_linger(Some(Duration::ZERO));
        }
        match self {
            Self::Bare(it) => (it.to, it.from) = (None, None),
            Self::Layered(it) => (it.stream, it.socket, it.hears, it.said_its_last) = (None, None, false, true),
            Self::Command(..) => {}
        }
    }

    /// Whether an end in order can be told from one that is not.
    pub(super) fn tells_ends_apart(&self) -> bool {
        match self {
            Self::Bare(it) => it.tcp,
            Self::Layered(it) => it.tcp || it.kind == Layer::Tls,
            Self::Command(..) => false,
        }
    }

    pub(super) fn kind(&self) -> String {
        match self {
            Self::Bare(it) => format!("bare, TCP {}, socket {}", it.tcp, it.socket),
            Self::Layered(it) => format!("{:?}, TCP {}", it.kind, it.tcp),
            Self::Command(_, most) => format!("command of {most} bytes"),
        }
    }

    /// What is not whole is of no use to it, so this many bytes may have arrived and not been heard.
    pub(super) fn record(&self) -> usize {
        match self {
            Self::Layered(it) if it.kind == Layer::Tls => 16 * 1024,
            _ => 0,
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        if let Self::Command(child, _) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Layered {
    fn says(&mut self, bytes: &[u8]) -> usize {
        self.push();
        let Some(stream) = self.stream.as_mut().filter(|_| !self.said_its_last && self.torn.is_empty()) else {
            return 0;
        };
        match stream.write(bytes) {
            Ok(Flow::Moved(n)) => n,
            Ok(_) => 0,
            Err(error) => {
                self.said_its_last = true;
                self.failed |= error.kind() == io::ErrorKind::ConnectionReset;
                0
            }
        }
    }

    /// Whether nothing is held any more.
    fn push(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        match stream.flush() {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => return false,
            Err(error) => {
                self.failed |= error.kind() == io::ErrorKind::ConnectionReset;
                return false;
            }
        }
        while let Some(socket) = self.socket.as_ref().filter(|_| !self.torn.is_empty()) {
            match rustix::io::write(socket, &self.torn) {
                Ok(n) => drop(self.torn.drain(..n)),
                Err(error) => {
                    self.failed |= error == Errno::CONNRESET;
                    return false;
                }
            }
        }
        true
    }

    /// RFC 854: IAC NOP, or IAC DO and an option.
    fn negotiates(&mut self, chance: &mut Chance) {
        if self.push() && !self.said_its_last {
            self.torn = if chance.one_in(2) { vec![255, 241] } else { vec![255, 253, 1 + chance.below(40) as u8] };
            self.push();
        }
    }
}
