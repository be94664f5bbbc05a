//! The one module that may use `unsafe`: ioctls and socket options that no crate wraps.
//!
//! Each block says why it is sound and has a test; everything else in rncat is safe Rust.
#![allow(unsafe_code)]

use rustix::{fd::AsFd, ioctl};
use std::{ffi::c_int, io, os::fd::AsRawFd};

/// The opcode of `SIOCOUTQ` (Linux, tcp(7)), which is `TIOCOUTQ` (ioctl_tty(2)).
#[cfg(target_os = "linux")]
const SIOCOUTQ: ioctl::Opcode = rustix_opcode();

#[cfg(target_os = "linux")]
const fn rustix_opcode() -> ioctl::Opcode {
    // MIPS, PowerPC and SPARC number their terminal ioctls differently.
    if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
        0x7472
    } else if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64", target_arch = "sparc64")) {
        0x4004_7473
    } else {
        0x5411
    }
}

/// Bytes in a TCP socket's send queue that its peer has not acknowledged; a FIN counts as one.
///
/// # Errors
/// Where the kernel does not tell (not Linux, not a TCP socket).
#[cfg(target_os = "linux")]
pub(crate) fn send_queue(socket: impl AsFd) -> io::Result<usize> {
    // SAFETY: SIOCOUTQ writes one int through its argument and nothing else (tcp(7)), which is
    // what a Getter of c_int provides.
    let queued: c_int = unsafe { ioctl::ioctl(socket, ioctl::Getter::<SIOCOUTQ, c_int>::new())? };
    Ok(usize::try_from(queued).unwrap_or(0))
}

/// Elsewhere the kernel has other ways to tell, which are not used yet.
#[cfg(not(target_os = "linux"))]
pub(crate) fn send_queue(_socket: impl AsFd) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the options of the IPv4 packets that a socket sends (ip(7), `IP_OPTIONS`).
///
/// # Errors
/// Of setsockopt(2): the kernel checks that they are well-formed.
pub(crate) fn set_ip_options(socket: impl AsFd, options: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(options.len()).map_err(io::Error::other)?;
    // SAFETY: setsockopt(2) reads `length` bytes from the pointer, which are those of the slice,
    // and keeps no reference to them.
    let set = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_OPTIONS,
            options.as_ptr().cast(),
            length,
        )
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    #[test]
    fn what_a_peer_has_not_acknowledged_is_counted() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut sender = TcpStream::connect(listener.local_addr()?)?;
        let (mut receiver, _) = listener.accept()?;
        assert_eq!(send_queue(&sender)?, 0);

        sender.set_nonblocking(true)?;
        let chunk = [0; 65536];
        let mut sent = 0;
        while let Ok(n) = sender.write(&chunk) {
            sent += n;
        }
        let queued = send_queue(&sender)?;
        assert!(queued > 0 && queued <= sent, "{queued} of {sent}");

        sender.shutdown(std::net::Shutdown::Write)?;
        assert_eq!(receiver.read_to_end(&mut Vec::new())?, sent);
        Ok(())
    }

    #[test]
    fn a_loose_source_route_is_set_and_read_back() -> io::Result<()> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        // NOP; loose source and record route (RFC 791, 3.1): type, length, pointer, two hops.
        let route = [1, 131, 11, 4, 127, 0, 0, 2, 127, 0, 0, 3];
        set_ip_options(&socket, &route)?;
        let mut seen = [0_u8; 40];
        let mut length = 40;
        // SAFETY: getsockopt(2) writes at most `length` bytes, which `seen` has, and the length.
        let got = unsafe {
            let fd = socket.as_raw_fd();
            libc::getsockopt(fd, libc::IPPROTO_IP, libc::IP_OPTIONS, seen.as_mut_ptr().cast(), &raw mut length)
        };
        assert_eq!(got, 0);
        assert_eq!(seen[..length as usize], route);
        assert!(set_ip_options(&socket, &[131, 200]).is_err(), "not well-formed");
        Ok(())
    }

    #[test]
    fn what_has_no_queue_is_an_error() -> io::Result<()> {
        assert!(send_queue(std::fs::File::open("/dev/null")?).is_err());
        Ok(())
    }
}
