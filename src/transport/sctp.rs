//! SCTP in its one-to-one style (RFC 9260, RFC 6458 section 4), where the kernel has it.
//!
//! A newcomer's trap: SCTP has no half-close (RFC 9260, 9.2): a shutdown of one side ends both
//! once what is on its way has arrived.

use super::{Transport, socket};
use socket2::{Protocol, Socket, Type};
use std::io;

/// SCTP's row.
pub static SCTP: Transport = Transport {
    name: "SCTP",
    datagram: false,
    inet: true,
    connect: |to, choice| Ok(Box::new(socket::connect(new(to)?, to, choice, |_| Ok(()))?.of_messages())),
    listen: |on, _| Ok(Box::new(socket::listen(new(on)?, on, |_| Ok(()))?.of_messages())),
};

fn new(address: &super::Address) -> io::Result<Socket> {
    #[cfg(target_os = "linux")]
    let protocol = Protocol::SCTP;
    #[cfg(not(target_os = "linux"))]
    let protocol = Protocol::from(132);
    socket::new(address, Type::STREAM, Some(protocol)).map_err(|error| match error.raw_os_error() {
        Some(it) if it == rustix::io::Errno::PROTONOSUPPORT.raw_os_error() => {
            io::Error::new(io::ErrorKind::Unsupported, "this kernel has no SCTP (on Linux: modprobe sctp)")
        }
        _ => error,
    })
}
