//! Unix datagram sockets (unix(7)).
//!
//! A newcomer's trap: a client without a name cannot be answered. So each of ours gets one: what
//! `-s` says, or on Linux one that the kernel chooses.

use super::{
    Address, Choice, Connecting, Transport,
    datagram::{Datagrams, Hears, Hub, Received, Solo},
    socket,
    unix::{File, Name},
};
use socket2::{SockAddr, Socket, Type};
use std::{
    io,
    net::IpAddr,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixDatagram,
    },
    rc::Rc,
};

/// The row of Unix datagram sockets.
pub static UNIX_DATAGRAM: Transport = Transport {
    name: "UNIX",
    datagram: true,
    inet: false,
    connect: |to, choice| connect(to, choice),
    listen: |on, serves| {
        let (socket, file) = bound(on)?;
        Ok(Box::new(Hub::new(Rc::new(Datagram(socket.into())), serves, file)))
    },
};

fn connect(to: &Address, choice: &Choice<'_>) -> io::Result<Box<dyn Connecting>> {
    let unnamed = Address::Unix(Name::Unnamed);
    let (socket, file) = match choice.from {
        Some(from) => bound(from)?,
        // Binding to no name asks Linux for one.
        None if cfg!(target_os = "linux") => bound(&unnamed)?,
        None => (socket::new(to, Type::DGRAM, None)?, None),
    };
    socket.connect(&SockAddr::try_from(to)?)?;
    Ok(Box::new(Solo::connected(Rc::new(Datagram(socket.into())), to.clone(), Hears::All).keeping(file)))
}

fn bound(on: &Address) -> io::Result<(Socket, Option<File>)> {
    let way = File::make_way(on)?;
    let socket = socket::new(on, Type::DGRAM, None)?;
    socket.bind(&SockAddr::try_from(on)?)?;
    Ok((socket, way.bound()))
}

struct Datagram(UnixDatagram);

impl AsFd for Datagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Datagrams for Datagram {
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let (length, from) = self.0.recv_from(buffer)?;
        Ok(Received { length, each: None, from: Address::Unix(Name::from(&from)), at: None })
    }

    fn receive_any(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer)
    }

    fn send(&self, datagram: &[u8], to: Option<&Address>, _: Option<IpAddr>) -> io::Result<usize> {
        match to {
            None => self.0.send(datagram),
            Some(Address::Unix(Name::Unnamed)) => {
                Err(io::Error::new(io::ErrorKind::NotConnected, "the client has no name, so it cannot be answered"))
            }
            Some(to) => socket2::SockRef::from(&self.0).send_to(datagram, &SockAddr::try_from(to)?),
        }
    }

    fn connect(&self, peer: &Address, _: Option<IpAddr>) -> io::Result<Option<Rc<dyn Datagrams>>> {
        socket2::SockRef::from(&self.0).connect(&SockAddr::try_from(peer)?).map(|()| None)
    }

    fn local(&self) -> io::Result<Address> {
        self.0.local_addr().map(|name| Address::Unix(Name::from(&name)))
    }
}
