//! UDP (RFC 768), with broadcast and multicast.
//!
//! A newcomer's trap: the kernel refuses broadcast with EACCES unless it is switched on, and that
//! refusal is how a broadcast address is recognised here.

mod own_address;
mod segments;

use super::{
    Address, Choice, Connecting, Transport,
    datagram::{Datagrams, Hears, Hub, Received, Solo},
    socket,
};
use socket2::{Protocol, SockAddr, SockRef, Socket, Type};
use std::{
    cell::{Cell, OnceCell},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    os::fd::{AsFd, BorrowedFd},
    rc::Rc,
};

/// UDP's row.
pub static UDP: Transport = Transport {
    name: "UDP",
    datagram: true,
    inet: true,
    connect: |to, choice| connect(to, choice),
    listen: |on, serves| Ok(Box::new(Hub::new(listen(on)?, serves, None::<()>))),
};

/// Bytes that may wait in the kernel, where they cost about twice as much: a burst, and the time until somebody
/// has woken. With the usual 208 KiB one in a hundred got lost of what a loop of send(2) sent.
const WAITING: usize = 4 * 1024 * 1024;

fn connect(to: &Address, choice: &Choice<'_>) -> io::Result<Box<dyn Connecting>> {
    let socket = open(to)?;
    socket::choose(&socket, choice)?;
    let is_multicast = to.inet().is_some_and(|to| to.ip().is_multicast());
    if !is_multicast {
        match socket::ask_to_connect(&socket, &SockAddr::try_from(to)?) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => {
                other?;
                // 0.0.0.0 is 127.0.0.1 by now.
                let peer = Address::try_from(&socket.peer_addr()?)?;
                return Ok(Box::new(Solo::connected(Rc::new(Udp::from(socket)), peer, Hears::Peer)));
            }
        }
        socket.set_broadcast(true)?;
    }
    if socket.local_addr()?.as_socket().is_none_or(|own| own.port() == 0) {
        // Otherwise the first datagram would do it, and there would be no address to tell. The
        // attempt to connect may have done it, too.
        let any = if matches!(to.inet(), Some(SocketAddr::V6(_))) { "[::]:0" } else { "0.0.0.0:0" };
        let any: SocketAddr = any.parse().map_err(io::Error::other)?;
        socket.bind(&any.into())?;
    }
    Ok(Box::new(Solo::sending_to(Rc::new(Udp::from(socket)), to.clone(), Hears::All)))
}

/// A bound socket, in the group if `on` is one.
pub(super) fn listen(on: &Address) -> io::Result<Rc<dyn Datagrams>> {
    let socket = open(on)?;
    if let Some(address) = on.inet() {
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if address.ip().is_multicast() {
            // Several may listen to one group.
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        join(&socket, address)?;
    }
    // Answers may go to a broadcast address.
    socket.set_broadcast(true)?;
    let everywhere = on.ip().is_some_and(|ip| ip.is_unspecified());
    let tells = everywhere && own_address::ask(&socket, on).is_ok();
    Ok(Rc::new(Udp { tells, ..Udp::from(socket) }))
}

/// A socket that keeps more than usual while nobody reads it.
fn open(family: &Address) -> io::Result<Socket> {
    let socket = socket::new(family, Type::DGRAM, Some(Protocol::UDP))?;
    if socket.recv_buffer_size()? < WAITING {
        // The kernel gives as much as it allows (socket(7), rmem_max).
        socket.set_recv_buffer_size(WAITING)?;
    }
    Ok(socket)
}

fn join(socket: &Socket, group: SocketAddr) -> io::Result<()> {
    match group {
        SocketAddr::V4(group) if group.ip().is_multicast() => {
            socket.join_multicast_v4(group.ip(), &Ipv4Addr::UNSPECIFIED)
        }
        SocketAddr::V6(group) if group.ip().is_multicast() => socket.join_multicast_v6(group.ip(), group.scope_id()),
        _ => Ok(()),
    }
}

struct Udp {
    socket: UdpSocket,
    /// It is bound to all our addresses, and told which one a datagram was sent to.
    tells: bool,
    /// It gives several at once.
    joins: Cell<bool>,
    /// It takes several at once, if that has been asked.
    cuts: OnceCell<bool>,
}

impl From<Socket> for Udp {
    fn from(socket: Socket) -> Self {
        Self { socket: socket.into(), tells: false, joins: Cell::default(), cuts: OnceCell::new() }
    }
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Udp {
    /// A socket for this peer alone, who knows us by this address: one that is bound to all of them would
    /// answer from the address that the kernel likes best, and hear at that one only.
    fn beside(&self, peer: SocketAddr, mut own: SocketAddr) -> io::Result<Self> {
        if let (SocketAddr::V6(own), SocketAddr::V6(peer)) = (&mut own, peer) {
            own.set_scope_id(peer.scope_id());
        }
        let socket = open(&Address::Inet(own))?;
        // For as long as there are two.
        SockRef::from(&self.socket).set_reuse_address(true)?;
        socket.set_reuse_address(true)?;
        socket.bind(&own.into())?;
        socket.connect(&peer.into())?;
        socket.set_reuse_address(false)?;
        Ok(socket.into())
    }
}

impl Datagrams for Udp {
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        if self.tells || self.joins.get() {
            return own_address::receive(&self.socket, buffer);
        }
        let (length, from) = self.socket.recv_from(buffer)?;
        Ok(Received { length, each: None, from: Address::Inet(from), at: None })
    }

    fn receive_any(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer)
    }

    fn join(&self) -> bool {
        self.joins.set(self.joins.get() || segments::join(&self.socket).is_ok());
        self.joins.get()
    }

    fn send(&self, datagram: &[u8], to: Option<&Address>, own: Option<IpAddr>) -> io::Result<usize> {
        match (to.and_then(Address::inet), own) {
            (Some(to), Some(own)) => own_address::send(&self.socket, datagram, to, own),
            (Some(to), None) => self.socket.send_to(datagram, to),
            (None, _) => self.socket.send(datagram),
        }
    }

    fn send_several(&self, datagrams: &[u8], size: u16) -> io::Result<Option<usize>> {
        if *self.cuts.get_or_init(|| segments::cuts(&self.socket)) {
            segments::send(&self.socket, datagrams, size)
        } else {
            Ok(None)
        }
    }

    fn connect(&self, peer: &Address, own: Option<IpAddr>) -> io::Result<Option<Rc<dyn Datagrams>>> {
        let port = self.socket.local_addr()?.port();
        let beside = own.zip(peer.inet()).map(|(own, peer)| self.beside(peer, SocketAddr::new(own, port)));
        match beside {
            Some(Ok(socket)) => Ok(Some(Rc::new(socket))),
            Some(Err(_)) | None => {
                self.socket.connect(peer.inet().ok_or(io::ErrorKind::InvalidInput)?)?;
                Ok(None)
            }
        }
    }

    fn local(&self) -> io::Result<Address> {
        self.socket.local_addr().map(Address::Inet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Flow, Stream};

    #[test]
    fn datagrams_keep_their_boundaries_and_empty_ones_count() -> io::Result<()> {
        let receiver = UdpSocket::bind("127.0.0.1:0")?;
        let to = Address::Inet(receiver.local_addr()?);
        let mut sender = connect(&to, &Choice::default())?;
        for datagram in [&b"one"[..], b"", &[7; 65_507]] {
            assert_eq!(sender.write(datagram)?, Flow::Moved(datagram.len()));
            let mut buffer = vec![0; 70_000];
            let (n, _) = receiver.recv_from(&mut buffer)?;
            assert_eq!(&buffer[..n], datagram);
        }
        assert_eq!(sender.write(&[0; 65_508]).unwrap_err().raw_os_error(), Some(90), "EMSGSIZE");
        Ok(())
    }

    #[test]
    fn a_refusal_is_told() -> io::Result<()> {
        let nobody = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let mut sender = connect(&Address::Inet(nobody), &Choice::default())?;
        sender.write(b"hello")?;
        let refused = sender.read(&mut [0; 10]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    }

    #[test]
    fn what_came_from_others_before_there_was_a_peer_is_not_heard() -> io::Result<()> {
        let [peer, stranger] = [UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?];
        let socket = listen(&Address::Inet("127.0.0.1:0".parse().map_err(io::Error::other)?))?;
        let own = socket.local()?.inet().ok_or(io::ErrorKind::InvalidData)?;
        stranger.send_to(b"stranger", own)?;
        peer.send_to(b"one", own)?;
        let address = Address::Inet(peer.local_addr()?);
        assert!(socket.connect(&address, None)?.is_none());
        let mut solo = Solo::connected(socket, address, Hears::Peer);
        peer.send_to(b"", own)?;
        peer.send_to(b"two", own)?;
        let mut buffer = vec![0; 256 * 1024];
        assert_eq!(solo.read_joined(&mut buffer)?, Flow::Moved(6));
        assert_eq!(&buffer[..6], b"onetwo");
        stranger.send_to(b"stranger", own)?;
        peer.send_to(b"three", own)?;
        assert_eq!(solo.read_joined(&mut buffer)?, Flow::Moved(5));
        assert_eq!(solo.read_joined(&mut buffer)?, Flow::Blocked);
        drop(peer);
        solo.write(b"is anybody there?")?;
        assert_eq!(solo.read_joined(&mut buffer).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_sent_at_once_comes_apart_unless_it_may_be_joined() -> io::Result<()> {
        let socket = listen(&Address::Inet("127.0.0.1:0".parse().map_err(io::Error::other)?))?;
        let own = socket.local()?.inet().ok_or(io::ErrorKind::InvalidData)?;
        let [peer, stranger] = [UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?];
        peer.connect(own)?;
        stranger.connect(own)?;
        let several = |from: &UdpSocket| segments::send(from, b"onetwo6", 3);
        let mut solo = Solo::connected(Rc::clone(&socket), Address::Inet(peer.local_addr()?), Hears::Peer);
        assert_eq!(several(&peer)?, Some(7));
        let mut buffer = vec![0; 256 * 1024];
        // Only if somebody does not mind are they joined.
        for one in [3, 3, 1] {
            assert_eq!(solo.read(&mut buffer)?, Flow::Moved(one));
        }
        several(&peer)?;
        assert_eq!(solo.read_joined(&mut [0; 65_536])?, Flow::Moved(3), "it has come before that");
        assert_eq!(solo.read_joined(&mut buffer)?, Flow::Moved(4));
        // Then there may be strangers again, as at the beginning.
        let mut solo = Solo::connected(Rc::clone(&socket), Address::Inet(peer.local_addr()?), Hears::Peer);
        peer.send(b"")?;
        assert_eq!(solo.read_joined(&mut [0; 65_534])?, Flow::Moved(0));
        several(&stranger)?;
        several(&peer)?;
        socket.connect(&Address::Inet(peer.local_addr()?), None)?;
        peer.send(b"")?;
        several(&peer)?;
        for one in ["one", "two", "6", "", "one"] {
            assert_eq!(solo.read(&mut buffer)?, Flow::Moved(one.len()));
            assert_eq!(&buffer[..one.len()], one.as_bytes());
        }
        several(&peer)?;
        assert_eq!(solo.read_joined(&mut buffer)?, Flow::Moved(11));
        assert_eq!(&buffer[..11], b"two6onetwo6");
        assert_eq!(solo.read(&mut buffer)?, Flow::Blocked);
        several(&peer)?;
        assert_eq!(socket.receive_any(&mut buffer)?, 7, "several a system call");
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_hears_at_all_addresses_is_told_where_joined_ones_came() -> io::Result<()> {
        let socket = listen(&Address::Inet("0.0.0.0:0".parse().map_err(io::Error::other)?))?;
        let port = socket.local()?.inet().ok_or(io::ErrorKind::InvalidData)?.port();
        assert!(socket.join());
        let peer = UdpSocket::bind("127.0.0.1:0")?;
        peer.connect(("127.0.0.2", port))?;
        segments::send(&peer, b"onetwo6", 3)?;
        let it = socket.receive(&mut [0; 100_000])?;
        assert_eq!((it.length, it.each, it.at), (7, Some(3), Some(IpAddr::from([127, 0, 0, 2]))));
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_broadcast_address_is_not_connected() -> io::Result<()> {
        let receiver = UdpSocket::bind("0.0.0.0:0")?;
        let to = SocketAddr::from(([127, 255, 255, 255], receiver.local_addr()?.port()));
        let mut sender = connect(&Address::Inet(to), &Choice::default())?;
        sender.write(b"to all")?;
        let mut buffer = [0; 10];
        let (n, from) = receiver.recv_from(&mut buffer)?;
        assert_eq!(&buffer[..n], b"to all");
        receiver.send_to(b"answer", from)?;
        let answer = loop {
            match sender.read(&mut buffer)? {
                Flow::Blocked => std::thread::yield_now(),
                other => break other,
            }
        };
        assert_eq!(answer, Flow::Moved(6), "it comes from another address");
        Ok(())
    }
}
