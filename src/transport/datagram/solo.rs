//! A datagram socket with one peer.
//!
//! A newcomer's trap: broadcast and multicast have one destination and many who answer, so such a
//! socket is not connected and hears anybody.

use super::Datagrams;
use crate::{
    stream::{Flow, Stream, flow},
    transport::{Address, Connecting},
};
use mio::{Interest, Registry, Token, unix::SourceFd};
use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

/// See the module's description.
pub struct Solo {
    socket: Box<dyn Datagrams>,
    peer: Address,
    /// The kernel knows the peer.
    connected: bool,
    /// Answers may come from anybody.
    hears_all: bool,
    /// What lives as long as the socket: the file of its name.
    _keep: Option<Box<dyn std::any::Any>>,
}

impl Solo {
    /// A socket connected to `peer`.
    #[must_use]
    pub fn connected(socket: Box<dyn Datagrams>, peer: Address) -> Self {
        Self { socket, peer, connected: true, hears_all: false, _keep: None }
    }

    /// A socket that sends to `group` and hears everybody.
    #[must_use]
    pub fn to_all(socket: Box<dyn Datagrams>, group: Address) -> Self {
        Self { socket, peer: group, connected: false, hears_all: true, _keep: None }
    }

    /// Keeps this as long as the socket.
    #[must_use]
    pub fn keeping(mut self, keep: Option<impl std::any::Any>) -> Self {
        self._keep = keep.map(|keep| Box::new(keep) as Box<dyn std::any::Any>);
        self
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
        loop {
            match self.socket.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It came before the socket was connected.
                Ok((_, from)) if !self.hears_all && from != self.peer => {}
                Ok((n, _)) => return Ok(Flow::Moved(n)),
                Err(error) => return flow(Err(error)),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let to = (!self.connected).then_some(&self.peer);
        loop {
            match self.socket.send(bytes, to) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) => return Ok(Flow::Moved(bytes.len())),
                Err(error) => return flow(Err(error)),
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        match self.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn is_datagram(&self) -> bool {
        true
    }
}
