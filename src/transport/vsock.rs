//! vsock (vsock(7)): between a virtual machine and its host.
//!
//! A newcomer's trap: ports have 32 bits here, and the host is machine 2, whatever the guest.

use super::{Address, Transport, socket};
use socket2::{Socket, Type};
use std::io;

/// vsock's row.
pub static VSOCK: Transport = Transport {
    name: "VSOCK",
    datagram: false,
    inet: false,
    connect: |to, choice| Ok(Box::new(socket::connect(new(to)?, to, choice, |_| Ok(()))?)),
    listen: |on, _| Ok(Box::new(socket::listen(new(on)?, on, |_| Ok(()))?)),
};

/// Any machine, when listening: `VMADDR_CID_ANY`.
pub const ANY_CID: u32 = u32::MAX;

/// Any port: `VMADDR_PORT_ANY`.
pub const ANY_PORT: u32 = u32::MAX;

fn new(address: &Address) -> io::Result<Socket> {
    socket::new(address, Type::STREAM, None).map_err(|error| match error.raw_os_error() {
        Some(it) if it == rustix::io::Errno::AFNOSUPPORT.raw_os_error() => {
            io::Error::new(io::ErrorKind::Unsupported, "this kernel has no vsock (on Linux: modprobe vsock)")
        }
        _ => error,
    })
}
