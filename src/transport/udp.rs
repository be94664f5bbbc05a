//! UDP (RFC 768), with broadcast and multicast.
//!
//! A newcomer's trap: the kernel refuses broadcast with EACCES unless it is switched on, and that
//! refusal is how a broadcast address is recognised here.

use super::{
    Address, Choice, Connecting, Transport,
    datagram::{Datagrams, Hears, Hub, Solo},
    socket,
};
use socket2::{Protocol, SockAddr, SockRef, Socket, Type};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
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

fn connect(to: &Address, choice: &Choice<'_>) -> io::Result<Box<dyn Connecting>> {
    let socket = socket::new(to, Type::DGRAM, Some(Protocol::UDP))?;
    socket::choose(&socket, choice)?;
    let is_multicast = to.inet().is_some_and(|to| to.ip().is_multicast());
    if !is_multicast {
        match socket.connect(&SockAddr::try_from(to)?) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => {
                other?;
                // 0.0.0.0 is 127.0.0.1 by now.
                let peer = Address::try_from(&socket.peer_addr()?)?;
                return Ok(Box::new(Solo::connected(Rc::new(Udp(socket.into())), peer, Hears::Peer)));
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
    Ok(Box::new(Solo::sending_to(Rc::new(Udp(socket.into())), to.clone(), Hears::All)))
}

/// A bound socket, in the group if `on` is one.
pub(super) fn listen(on: &Address) -> io::Result<Rc<dyn Datagrams>> {
    let socket = socket::new(on, Type::DGRAM, Some(Protocol::UDP))?;
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
    Ok(Rc::new(Udp(socket.into())))
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

struct Udp(UdpSocket);

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Datagrams for Udp {
    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        let (n, from) = self.0.recv_from(buffer)?;
        Ok((n, Address::Inet(from)))
    }

    fn send(&self, datagram: &[u8], to: Option<&Address>) -> io::Result<usize> {
        match to.and_then(Address::inet) {
            Some(to) => self.0.send_to(datagram, to),
            None => self.0.send(datagram),
        }
    }

    fn connect(&self, peer: &Address) -> io::Result<()> {
        SockRef::from(&self.0).connect(&SockAddr::try_from(peer)?)
    }

    fn local(&self) -> io::Result<Address> {
        self.0.local_addr().map(Address::Inet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Flow;

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
