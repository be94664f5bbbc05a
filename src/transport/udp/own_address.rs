//! Which of our addresses a datagram was sent to, and answering from there (ip(7), `IP_PKTINFO`; RFC 3542, 6).
//!
//! A newcomer's trap: a machine has many addresses, and a client that asked one of them takes no
//! answer from another. A socket bound to all of them answers from whichever the kernel likes best.

pub(super) use system::{ask, receive, send};

#[cfg(target_os = "linux")]
mod system {
    use crate::transport::{Address, datagram::Received};
    use nix::sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
    };
    use socket2::Socket;
    use std::{
        io::{self, IoSlice, IoSliceMut},
        net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
        os::fd::AsRawFd,
    };

    /// Has the kernel tell.
    pub(in super::super) fn ask(socket: &Socket, on: &Address) -> io::Result<()> {
        match on.inet() {
            Some(SocketAddr::V6(_)) => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?,
            _ => setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?,
        }
        Ok(())
    }

    /// Takes a datagram, or several that the kernel has joined.
    pub(in super::super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
        let mut control = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
        let mut pieces = [IoSliceMut::new(buffer)];
        let message =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut pieces, Some(&mut control), MsgFlags::empty())?;
        let (mut at, mut each) = (None, None);
        for told in message.cmsgs()? {
            match told {
                ControlMessageOwned::Ipv4PacketInfo(it) => {
                    let both = [it.ipi_addr, it.ipi_spec_dst];
                    let [sent_to, own] = both.map(|it| Ipv4Addr::from(it.s_addr.to_ne_bytes()));
                    // Not a broadcast address.
                    at = (sent_to == own).then_some(IpAddr::V4(own));
                }
                ControlMessageOwned::Ipv6PacketInfo(it) => {
                    at = Some(IpAddr::V6(Ipv6Addr::from(it.ipi6_addr.s6_addr))).filter(|at| !at.is_multicast());
                }
                ControlMessageOwned::UdpGroSegments(size) => each = usize::try_from(size).ok().filter(|it| *it > 0),
                _ => {}
            }
        }
        let from = message.address.as_ref().and_then(std_address).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Received { length: message.bytes, each, from: Address::Inet(from), at })
    }

    fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
        let v4 = address.as_sockaddr_in().map(|it| SocketAddr::V4((*it).into()));
        v4.or_else(|| address.as_sockaddr_in6().map(|it| SocketAddr::V6((*it).into())))
    }

    /// Sends a datagram from `own`.
    pub(in super::super) fn send(
        socket: &UdpSocket,
        datagram: &[u8],
        to: SocketAddr,
        own: IpAddr,
    ) -> io::Result<usize> {
        let (v4, v6);
        let control = match own {
            IpAddr::V4(own) => {
                let s_addr = u32::from_ne_bytes(own.octets());
                let none = libc::in_addr { s_addr: 0 };
                v4 = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: libc::in_addr { s_addr }, ipi_addr: none };
                ControlMessage::Ipv4PacketInfo(&v4)
            }
            IpAddr::V6(own) => {
                let ipi6_addr = libc::in6_addr { s6_addr: own.octets() };
                v6 = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: 0 };
                ControlMessage::Ipv6PacketInfo(&v6)
            }
        };
        let to = SockaddrStorage::from(to);
        Ok(sendmsg(socket.as_raw_fd(), &[IoSlice::new(datagram)], &[control], MsgFlags::empty(), Some(&to))?)
    }
}

/// Elsewhere the kernel chooses.
#[cfg(not(target_os = "linux"))]
mod system {
    use crate::transport::{Address, datagram::Received};
    use socket2::Socket;
    use std::{
        io,
        net::{IpAddr, SocketAddr, UdpSocket},
    };

    pub(in super::super) fn ask(_: &Socket, _: &Address) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
        let (length, from) = socket.recv_from(buffer)?;
        Ok(Received { length, each: None, from: Address::Inet(from), at: None })
    }

    pub(in super::super) fn send(socket: &UdpSocket, datagram: &[u8], to: SocketAddr, _: IpAddr) -> io::Result<usize> {
        socket.send_to(datagram, to)
    }
}
