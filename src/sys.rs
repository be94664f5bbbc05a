//! The one module that may use `unsafe`: ioctls that no crate wraps.
//!
//! Each block says why it is sound and has a test; everything else in rncat is safe Rust.
#![allow(unsafe_code)]

use rustix::{fd::AsFd, ioctl};
use std::{ffi::c_int, io};

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
    fn what_has_no_queue_is_an_error() -> io::Result<()> {
        assert!(send_queue(std::fs::File::open("/dev/null")?).is_err());
        Ok(())
    }
}
