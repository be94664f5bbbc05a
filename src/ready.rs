//! Readiness, as systemd wants to be told of it (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names.
//!
//! A newcomer's trap: it is sent before the sandbox is in force, which has no use for other sockets afterwards.

use crate::{error::why, report::Report};
use std::{
    ffi::OsStr,
    io,
    os::unix::{ffi::OsStrExt, net::UnixDatagram},
};

/// Says that clients are waited for, or that the connection stands, to whoever wants to know.
pub fn tell(report: Report) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    match send(&name) {
        Ok(()) => report.detail(1, "Told the service manager that all is ready."),
        Err(error) => report.note(format_args!("tell the service manager that all is ready: {}", why(&error))),
    }
}

fn send(name: &OsStr) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not keep us waiting.
    socket.set_nonblocking(true)?;
    let sent = match name.as_bytes().split_first() {
        Some((b'@', name)) => send_to_abstract(&socket, name),
        Some((b'/', _)) => socket.send_to(READY, name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "NOTIFY_SOCKET is neither a path nor @NAME")),
    };
    sent.map(|_| ())
}

const READY: &[u8] = b"READY=1";

#[cfg(target_os = "linux")]
fn send_to_abstract(socket: &UnixDatagram, name: &[u8]) -> io::Result<usize> {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    socket.send_to_addr(READY, &SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn send_to_abstract(_: &UnixDatagram, _: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_by_path_and_by_name() {
        let path = std::env::temp_dir().join(format!("rncat-ready-{}", std::process::id()));
        let manager = UnixDatagram::bind(&path).unwrap();
        let mut buffer = [0; 64];
        send(path.as_os_str()).unwrap();
        assert_eq!(manager.recv(&mut buffer).map(|n| buffer[..n].to_vec()).unwrap(), b"READY=1");
        std::fs::remove_file(path).unwrap();
        #[cfg(target_os = "linux")]
        {
            use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
            let name = format!("rncat-ready-{}", std::process::id());
            let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
            send(OsStr::new(&format!("@{name}"))).unwrap();
            assert_eq!(manager.recv(&mut buffer).map(|n| buffer[..n].to_vec()).unwrap(), b"READY=1");
        }
        assert!(send(OsStr::new("vsock:2:1234")).is_err());
        assert!(send(OsStr::new("/nowhere/at/all")).is_err());
    }
}
