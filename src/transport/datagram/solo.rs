//! A datagram socket with one peer.
//!
//! A newcomer's trap: that the peer refuses is told once, by whatever is called next. If that is a
//! write, the reader has to hear of it too: of datagrams, nothing else tells that the peer is gone.

use super::{Datagrams, LARGEST_INET, gathered::Gathered, join, largest_for, largest_from};
use crate::{
    stream::{Flow, Stream, flow, hand_over},
    sys,
    transport::{Address, Connecting, again},
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use std::{
    collections::VecDeque,
    io,
    os::fd::{AsFd, AsRawFd},
    rc::Rc,
    task::Poll,
};

/// See the module's description.
pub struct Solo {
    socket: Rc<dyn Datagrams>,
    peer: Address,
    /// The kernel knows the peer.
    connected: bool,
    /// There may be datagrams that came from others before the kernel turned them away.
    strangers: bool,
    /// Whether the kernel joins datagrams; it is not asked before somebody wants that.
    joins: Option<bool>,
    /// What it has joined, and has to be read one by one: at most as much as it joins.
    apart: VecDeque<Vec<u8>>,
    /// What is sent at the next flush.
    gathered: Gathered,
    /// The kernel takes several at once, as far as we know: for UDP.
    takes_several: bool,
    /// Why writing has failed, for the reader.
    failed: Option<io::Error>,
    /// What lives as long as the socket: the file of its name.
    _keep: Option<Box<dyn std::any::Any>>,
}

/// Whose datagrams are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// Everybody's that the kernel lets through: broadcast and multicast have one destination and
    /// many who answer; a Unix socket's name may be written in several ways.
    All,
    /// The peer's. Others' may have come before the socket was connected.
    Peer,
}

impl Solo {
    /// A socket that is connected to `peer`.
    #[must_use]
    pub fn connected(socket: Rc<dyn Datagrams>, peer: Address, hears: Hears) -> Self {
        Self {
            takes_several: peer.inet().is_some(),
            socket,
            peer,
            connected: true,
            strangers: hears == Hears::Peer,
            joins: None,
            apart: VecDeque::new(),
            gathered: Gathered::default(),
            failed: None,
            _keep: None,
        }
    }

    /// A socket that sends to `peer`, and is not connected to it.
    #[must_use]
    pub fn sending_to(socket: Rc<dyn Datagrams>, peer: Address, hears: Hears) -> Self {
        Self { connected: false, takes_several: false, ..Self::connected(socket, peer, hears) }
    }

    /// Keeps this as long as the socket.
    #[must_use]
    pub fn keeping(mut self, keep: Option<impl std::any::Any>) -> Self {
        self._keep = keep.map(|keep| Box::new(keep) as Box<dyn std::any::Any>);
        self
    }
}

impl Solo {
    fn read_next(&mut self, buffer: &mut [u8], joined: bool) -> io::Result<Flow> {
        loop {
            match self.receive(buffer, joined) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(None) => {}
                Ok(Some(length)) => return Ok(Flow::Moved(length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.strangers &= !self.connected;
                    return self.failed.take().map_or(Ok(Flow::Blocked), Err);
                }
                Err(error) => return flow(Err(error)),
            }
        }
    }

    /// The length of a datagram, or of several if they may be joined; none if a stranger sent it.
    fn receive(&mut self, buffer: &mut [u8], joined: bool) -> io::Result<Option<usize>> {
        if let Some(datagram) = self.apart.pop_front() {
            return Ok(Some(hand_over(&datagram, buffer)));
        }
        if self.joins == Some(true) && !joined {
            return self.take_apart(buffer);
        }
        if !self.strangers {
            return self.socket.receive_any(buffer).map(Some);
        }
        self.socket.receive(buffer).map(|it| (it.from == self.peer).then_some(it.length))
    }

    /// Gives the first of those that were joined when that did not matter yet, and keeps the others.
    fn take_apart(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut all = vec![0; LARGEST_INET];
        let it = self.socket.receive(&mut all)?;
        all.truncate(it.length);
        if self.strangers && it.from != self.peer {
            return Ok(None);
        }
        let each = it.each.unwrap_or(it.length);
        let (first, others) = all.split_at_checked(each).unwrap_or((&all, &[]));
        self.apart = others.chunks(each.max(1)).map(<[u8]>::to_vec).collect();
        Ok(Some(hand_over(first, buffer)))
    }

    /// That writing fails has to be told to the reader, too.
    fn noted<T>(&mut self, sent: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &sent {
            self.failed = again(error);
        }
        sent
    }
}

/// What came of a call; none if there is no room.
fn unless_blocked<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            other => return other.map(Some),
        }
    }
}

impl Connecting for Solo {
    fn connected(&self) -> io::Result<Option<Address>> {
        Ok(Some(self.peer.clone()))
    }

    fn local(&self) -> io::Result<Address> {
        self.socket.local()
    }
}

impl Stream for Solo {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let fd = self.socket.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE | Interest::WRITABLE)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        self.read_next(buffer, false)
    }

    fn read_joined(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if self.joins.is_none() {
            self.joins = Some(self.socket.join());
        }
        let (read, error) = join(buffer, largest_from(&self.peer), |rest| self.read_next(rest, true));
        if error.is_some() {
            self.failed = error;
        }
        read
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.flush()?.is_pending() {
            return Ok(Flow::Blocked);
        }
        let to = (!self.connected).then_some(&self.peer);
        let sent = unless_blocked(|| self.socket.send(bytes, to, None));
        Ok(self.noted(sent)?.map_or(Flow::Blocked, |_| Flow::Moved(bytes.len())))
    }

    fn write_gathered(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let room = largest_for(&self.peer);
        if !self.takes_several {
            return self.write(bytes);
        }
        if !self.gathered.push(bytes, room) {
            if self.flush()?.is_pending() {
                return Ok(Flow::Blocked);
            }
            if !self.gathered.push(bytes, room) {
                return self.write(bytes);
            }
        }
        Ok(Flow::Moved(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        while let Some(first) = self.gathered.first() {
            let several = self.gathered.several().filter(|_| self.takes_several);
            let sent = unless_blocked(|| match several {
                Some((datagrams, size)) => self.socket.send_several(datagrams, size),
                None => self.socket.send(first, None, None).map(Some),
            });
            match self.noted(sent)? {
                Some(Some(sent)) => self.gathered.sent(sent),
                Some(None) => self.takes_several = false,
                None => return Ok(Poll::Pending),
            }
        }
        Ok(Poll::Ready(()))
    }

    fn gathers(&self) -> bool {
        self.gathered.len() > 0
    }

    fn undelivered(&self) -> usize {
        self.gathered.len()
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_datagram(&self) -> bool {
        true
    }

    fn largest_datagram(&self) -> usize {
        largest_for(&self.peer)
    }

    fn dropped(&self) -> u64 {
        sys::dropped(self.socket.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::datagram::Received;
    use std::{
        cell::RefCell,
        net::{IpAddr, UdpSocket},
        os::fd::BorrowedFd,
    };

    /// Remembers what it was asked to send.
    struct Fake {
        socket: UdpSocket,
        sent: Rc<RefCell<Vec<String>>>,
        cuts: bool,
    }

    impl AsFd for Fake {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.socket.as_fd()
        }
    }

    impl Datagrams for Fake {
        fn receive(&self, _: &mut [u8]) -> io::Result<Received> {
            Err(io::ErrorKind::WouldBlock.into())
        }
        fn receive_any(&self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
        fn send(&self, datagram: &[u8], _: Option<&Address>, _: Option<IpAddr>) -> io::Result<usize> {
            if self.sent.borrow().len() > 4 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.sent.borrow_mut().push(String::from_utf8_lossy(datagram).into_owned());
            Ok(datagram.len())
        }
        fn send_several(&self, datagrams: &[u8], size: u16) -> io::Result<Option<usize>> {
            self.sent.borrow_mut().push(format!("{} by {size}", datagrams.escape_ascii()));
            Ok(self.cuts.then_some(datagrams.len()))
        }
        fn connect(&self, _: &Address, _: Option<IpAddr>) -> io::Result<Option<Rc<dyn Datagrams>>> {
            Ok(None)
        }
        fn local(&self) -> io::Result<Address> {
            self.socket.local_addr().map(Address::Inet)
        }
    }

    fn solo(cuts: bool) -> io::Result<(Solo, Rc<RefCell<Vec<String>>>)> {
        let (socket, sent) = (UdpSocket::bind("127.0.0.1:0")?, Rc::default());
        let peer = Address::Inet(socket.local_addr()?);
        Ok((Solo::connected(Rc::new(Fake { socket, sent: Rc::clone(&sent), cuts }), peer, Hears::Peer), sent))
    }

    #[test]
    fn what_is_gathered_goes_at_once_and_in_order() -> io::Result<()> {
        let (mut solo, sent) = solo(true)?;
        for datagram in ["one", "two", "6", "three", ""] {
            assert_eq!(solo.write_gathered(datagram.as_bytes())?, Flow::Moved(datagram.len()));
        }
        assert_eq!(*sent.borrow(), ["onetwo6 by 3", "three", ""], "an empty one is not held");
        assert_eq!(solo.write_gathered(b"four")?, Flow::Moved(4));
        assert!(solo.gathers() && solo.undelivered() == 4);
        assert_eq!(solo.write(b"five")?, Flow::Moved(4));
        assert_eq!(sent.borrow()[3..], ["four", "five"]);
        Ok(())
    }

    #[test]
    fn what_the_kernel_does_not_cut_goes_one_by_one_and_what_finds_no_room_is_held() -> io::Result<()> {
        let (mut solo, sent) = solo(false)?;
        for datagram in ["one", "two", "333", "444", "5"] {
            assert_eq!(solo.write_gathered(datagram.as_bytes())?, Flow::Moved(datagram.len()));
        }
        assert!(solo.flush()?.is_pending());
        assert_eq!(*sent.borrow(), ["onetwo3334445 by 3", "one", "two", "333", "444"]);
        assert_eq!(solo.undelivered(), 1);
        assert_eq!((solo.write_gathered(b"six")?, solo.write(b"six")?), (Flow::Blocked, Flow::Blocked));
        sent.borrow_mut().clear();
        assert!(solo.flush()?.is_ready() && !solo.gathers());
        assert_eq!(solo.write_gathered(b"six")?, Flow::Moved(3));
        assert_eq!(*sent.borrow(), ["5", "six"], "it is not tried again");
        Ok(())
    }
}
