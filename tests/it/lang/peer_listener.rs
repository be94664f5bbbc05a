//! A listening socket of the test's own, where the program under test connects to.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

use rustix::event::PollFlags;
use socket2::{SockRef, Socket};

use super::Wire;
use super::certificates::Identity;
use super::judge::deadline;
use super::outside::ready;
use super::peer::Peer;
use super::seen::fail;
use super::tls::Tls;

/// A listening socket of the test's own.
pub(crate) struct PeerListener {
    socket: Socket,
    tls: Option<Tls>,
}

impl PeerListener {
    /// Listens on 127.0.0.1.
    pub(crate) fn new(wire: Wire) -> Self {
        let tls = (wire == Wire::Tls).then(|| Tls::server(Identity::trusted()));
        Self { tls, ..Self::from(TcpListener::bind("127.0.0.1:0").unwrap()) }
    }

    /// Listens on 127.0.0.1 for this kind of TLS.
    pub(crate) fn with_tls(tls: Tls) -> Self {
        Self { tls: Some(tls), ..Self::new(Wire::Plain) }
    }

    /// Listens at a path.
    pub(crate) fn at_path(path: &Path) -> Self {
        Self { socket: UnixListener::bind(path).unwrap().into(), tls: None }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap().as_socket().unwrap()
    }

    /// Makes the connections to come hold little that is not read.
    pub(crate) fn with_a_small_buffer(self) -> Self {
        SockRef::from(&self.socket).set_recv_buffer_size(16 * 1024).unwrap();
        self
    }

    /// Takes the next connection.
    #[track_caller]
    pub(crate) fn accepts(&self) -> Peer {
        let mut peer = self.accepts_without_handshake();
        peer.shakes_hands();
        peer
    }

    /// Takes the next connection and leaves TLS to what follows.
    #[track_caller]
    pub(crate) fn accepts_without_handshake(&self) -> Peer {
        let left = deadline().saturating_duration_since(Instant::now());
        if !ready(&self.socket, PollFlags::IN, left) {
            fail("nobody connected");
        }
        Peer::new(self.socket.accept().unwrap().0, self.tls.as_ref())
    }
}

impl From<TcpListener> for PeerListener {
    fn from(socket: TcpListener) -> Self {
        Self { socket: socket.into(), tls: None }
    }
}
