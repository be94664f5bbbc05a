//! The network's connections as streams, and its row among the transports.
//!
//! A newcomer's trap: the peers' ends are the same streams; only whom an event wakes differs.

use super::{
    net::{Owner, Side},
    with,
};
use crate::{
    reactor::Reactor,
    stream::{Flow, Stream},
    transport::{Accepted, Address, Connecting, Listener, Transport},
};
use mio::{Registry, Token};
use std::{io, net::SocketAddr};

/// What the program connects and listens by.
pub(super) static TRANSPORT: Transport = Transport {
    name: "TCP",
    datagram: false,
    inet: true,
    connect: |to, _| {
        let conn = with(|net| net.connects(to.inet().unwrap()));
        Ok(Box::new(SimSocket::new((conn, 0))))
    },
    listen: |on, _| {
        let at = on.inet().unwrap();
        with(|net| net.ports.insert(at, Default::default()));
        Ok(Box::new(SimListener(at)))
    },
};

/// An end of a connection.
pub(super) struct SimSocket(Side);

struct SimListener(SocketAddr);

/// stdin and stdout.
pub(super) fn stdio() -> Box<dyn Stream> {
    Box::new(SimSocket::new((0, 0)))
}

impl SimSocket {
    pub(super) fn new(side: Side) -> Self {
        with(|net| net.end(side).open = true);
        Self(side)
    }
}

impl Stream for SimSocket {
    fn register(&mut self, _: &Registry, token: Token) -> io::Result<()> {
        with(|net| net.owns(self.0, Owner::Token(token)));
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        Ok(match with(|net| net.read(self.0, buffer))? {
            None => Flow::Blocked,
            Some(0) => Flow::Ended,
            Some(n) => Flow::Moved(n),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        Ok(match with(|net| net.write(self.0, bytes))? {
            0 => Flow::Blocked,
            n => Flow::Moved(n),
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        with(|net| net.finish(self.0));
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        with(|net| net.error(self.0))
    }

    fn undelivered(&self) -> usize {
        with(|net| net.undelivered(self.0))
    }

    fn break_off(&mut self) {
        with(|net| net.breaks_off(self.0));
    }
}

impl Connecting for SimSocket {
    fn connected(&self) -> io::Result<Option<Address>> {
        with(|net| {
            net.error(self.0)?;
            let there = net.end((self.0.0, 1)).address;
            Ok(net.end(self.0).stands.then_some(Address::Inet(there)))
        })
    }

    fn local(&self) -> io::Result<Address> {
        Ok(Address::Inet(with(|net| net.end(self.0).address)))
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        with(|net| net.closes(self.0));
    }
}

impl Listener for SimListener {
    fn register(&mut self, _: &Registry, token: Token) -> io::Result<()> {
        with(|net| net.ports.entry(self.0).or_default().0 = Some(token));
        Ok(())
    }

    fn local(&self) -> io::Result<Address> {
        Ok(Address::Inet(self.0))
    }

    fn accept(&mut self, _: &mut Reactor) -> io::Result<Accepted> {
        let came = with(|net| net.ports.get_mut(&self.0).and_then(|(_, waiting)| waiting.pop_front()));
        let Some(conn) = came else { return Ok(Accepted::Nobody) };
        let remote = Address::Inet(with(|net| net.end((conn, 1)).address));
        Ok(Accepted::Peer { stream: Box::new(SimSocket::new((conn, 0))), remote, local: Address::Inet(self.0) })
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        // Those who wait there are refused at last.
        let waiting = with(|net| net.ports.remove(&self.0)).map(|(_, waiting)| waiting).unwrap_or_default();
        waiting.into_iter().for_each(|conn| with(|net| net.breaks_off((conn, 0))));
    }
}
