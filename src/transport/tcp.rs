//! TCP (RFC 9293).
//!
//! A newcomer's trap: a peer that vanishes without a word looks like one that is silent, so
//! keepalive is on.

use super::{Transport, socket};
use socket2::{Protocol, Socket, TcpKeepalive, Type};
use std::{io, time::Duration};

/// TCP's row.
pub static TCP: Transport = Transport {
    name: "TCP",
    datagram: false,
    inet: true,
    connect: |to, choice| {
        let socket = socket::new(to, Type::STREAM, Some(Protocol::TCP))?;
        Ok(Box::new(socket::connect(socket, to, choice, set_up)?))
    },
    listen: |on, _| {
        let socket = socket::new(on, Type::STREAM, Some(Protocol::TCP))?;
        Ok(Box::new(socket::listen(socket, on, set_up)?))
    },
};

/// Silence after which the kernel asks whether the peer is still there, and how it asks.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(5);

pub(super) fn set_up(socket: &Socket) -> io::Result<()> {
    // What is typed goes out at once; bulk data is written in large pieces anyway.
    socket.set_tcp_nodelay(true)?;
    // So that a peer that is gone without a word is noticed.
    socket.set_tcp_keepalive(&KEEPALIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        reactor::Reactor,
        transport::{Accepted, Address, Serves},
    };
    use std::net::TcpStream;

    #[test]
    fn a_client_has_what_its_listener_was_set_to() -> crate::error::Result<()> {
        let mut reactor = Reactor::new()?;
        let mut listener = (TCP.listen)(&Address::Inet("127.0.0.1:0".parse().unwrap()), Serves::Many).unwrap();
        let address = listener.local().unwrap().inet().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let Ok(Accepted::Peer { stream, remote, local }) = listener.accept(&mut reactor) else { panic!("nobody came") };
        assert_eq!((remote.inet(), local.inet()), (client.local_addr().ok(), Some(address)));
        let socket = stream.bare().unwrap().try_clone_to_owned().unwrap();
        assert!(rustix::fs::fcntl_getfl(&socket).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
        assert!(rustix::io::fcntl_getfd(&socket).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        let socket = Socket::from(socket);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
        assert!(matches!(listener.accept(&mut reactor), Ok(Accepted::Nobody)));
        Ok(())
    }
}
