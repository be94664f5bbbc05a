//! TCP (RFC 9293).
//!
//! A newcomer's trap: a peer that vanishes without a word looks like one that is silent, so
//! keepalive is on.

use super::{Transport, socket};
use socket2::{Protocol, Socket, TcpKeepalive, Type};
use std::{io, time::Duration};

/// TCP's row.
pub static TCP: Transport = Transport {
    name: "TCP",
    datagram: false,
    inet: true,
    connect: |to, choice| {
        let socket = socket::new(to, Type::STREAM, Some(Protocol::TCP))?;
        Ok(Box::new(socket::connect(socket, to, choice, set_up)?))
    },
    listen: |on, _| {
        let socket = socket::new(on, Type::STREAM, Some(Protocol::TCP))?;
        Ok(Box::new(socket::listen(socket, on, set_up)?))
    },
};

/// Silence after which the kernel asks whether the peer is still there, and how it asks.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(5);

fn set_up(socket: &Socket) -> io::Result<()> {
    // What is typed goes out at once; bulk data is written in large pieces anyway.
    socket.set_tcp_nodelay(true)?;
    // So that a peer that is gone without a word is noticed.
    socket.set_tcp_keepalive(&KEEPALIVE)
}
