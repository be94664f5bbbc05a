//! Several datagrams in one system call: the kernel cuts what is sent at once (`UDP_SEGMENT`, Linux 4.18), and
//! joins what has come one behind the other (`UDP_GRO`, Linux 5.0).
//!
//! A newcomer's trap: none may be larger than what the device sends in one packet. What the kernel does not cut
//! for that reason, or because the device cannot do it, can still be sent one by one.

pub(super) use system::{cuts, join, send};

#[cfg(target_os = "linux")]
mod system {
    use nix::sys::socket::{ControlMessage, MsgFlags, getsockopt, sendmsg, setsockopt, sockopt};
    use rustix::io::Errno;
    use std::{
        io::{self, IoSlice},
        net::UdpSocket,
        os::fd::AsRawFd,
    };

    /// What the kernel says when it does not cut.
    const REFUSALS: [Errno; 4] = [Errno::INVAL, Errno::MSGSIZE, Errno::IO, Errno::OPNOTSUPP];

    /// Whether the kernel knows how to cut. One that does not ignores that it is asked to, and would send all as one.
    pub(in super::super) fn cuts(socket: &UdpSocket) -> bool {
        getsockopt(socket, sockopt::UdpGsoSegment).is_ok()
    }

    /// Sends `bytes` to the peer as datagrams of `size` bytes each, but for the last; none if it has to be done
    /// one by one.
    pub(in super::super) fn send(socket: &UdpSocket, bytes: &[u8], size: u16) -> io::Result<Option<usize>> {
        let error = match cut(socket, bytes, size) {
            Ok(sent) => return Ok(Some(sent)),
            Err(error) => error,
        };
        let refused = REFUSALS.iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()));
        if refused { Ok(None) } else { Err(error) }
    }

    /// Has the kernel join what comes.
    pub(in super::super) fn join(socket: &UdpSocket) -> io::Result<()> {
        Ok(setsockopt(socket, sockopt::UdpGroSegment, &true)?)
    }

    fn cut(socket: &UdpSocket, bytes: &[u8], size: u16) -> io::Result<usize> {
        let cut = [ControlMessage::UdpGsoSegments(&size)];
        Ok(sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &cut, MsgFlags::empty(), None)?)
    }
}

/// Elsewhere they go one by one.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::{io, net::UdpSocket};

    pub(in super::super) fn send(_: &UdpSocket, _: &[u8], _: u16) -> io::Result<Option<usize>> {
        Ok(None)
    }

    pub(in super::super) fn cuts(_: &UdpSocket) -> bool {
        false
    }

    pub(in super::super) fn join(_: &UdpSocket) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
