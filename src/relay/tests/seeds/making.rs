//! Parties of each kind: sockets, pipes, what is inside TLS or telnet, commands, and what is recorded besides.
//!
//! A newcomer's trap: far ends are non-blocking too, as one thread drives both sides.

use super::{
    super::*,
    Chance, Kit,
    far::{Bare, Far, Layer, Layered, Made},
};
use crate::{
    stream::{Handshaking, tapped::Tapped, telnet::Telnet, tls::Tls},
    tap::{Ends, Format, Sessions, TapFile, Taps},
    tls::testing::TempFile,
    transport::{
        Address,
        descriptor::{Descriptor, Pair},
        socket::StreamSocket,
    },
};
use socket2::Socket;
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Command, Stdio},
};

pub(super) fn tcp() -> (OwnedFd, OwnedFd, Address) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let near = listener.accept().unwrap().0;
    let address = Address::from(near.peer_addr().unwrap());
    (near.into(), far.into(), address)
}

pub(super) fn unix() -> (OwnedFd, OwnedFd, Address) {
    let (near, far) = UnixStream::pair().unwrap();
    let address = Address::Unix((&near.peer_addr().unwrap()).into());
    (near.into(), far.into(), address)
}

fn stream(fd: OwnedFd, address: &Address) -> Box<dyn Stream> {
    Box::new(StreamSocket::new(Socket::from(non_blocking(fd)), address))
}

pub(super) fn sockets((near, far, address): (OwnedFd, OwnedFd, Address), tcp: bool) -> (Box<dyn Stream>, Bare) {
    let (to, from) = (non_blocking(far.try_clone().unwrap()), non_blocking(far));
    (stream(near, &address), Bare { to: Some(to), from: Some(from), socket: true, tcp, urgent: false, failed: false })
}

pub(super) fn pipes() -> (Box<dyn Stream>, Bare) {
    let ((input, to), (from, output)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let (to, from) = (non_blocking(to.into()), non_blocking(from.into()));
    let far = Bare { to: Some(to), from: Some(from), socket: false, tcp: false, urgent: false, failed: false };
    (pair(input.into(), output.into()), far)
}

fn pair(input: OwnedFd, output: OwnedFd) -> Box<dyn Stream> {
    let (input, output) = (Descriptor::own(input).unwrap(), Descriptor::own(output).unwrap());
    Box::new(Pair::new(Some(input), Some(output), || {}))
}

fn layered(
    kind: Layer,
    tcp_or_unix: bool,
    wrap: impl FnOnce(Box<dyn Stream>, Box<dyn Stream>) -> [Box<dyn Stream>; 2],
) -> Made {
    let (near, far, address) = if tcp_or_unix { tcp() } else { unix() };
    let socket = Some(far.try_clone().unwrap());
    let [near, far] = wrap(stream(near, &address), stream(far, &address));
    let far = Layered {
        stream: Some(far),
        socket,
        kind,
        tcp: tcp_or_unix,
        hears: true,
        said_its_last: false,
        torn: Vec::new(),
        failed: false,
    };
    Made { stream: near, far: Far::Layered(far), tap: None }
}

pub(super) fn tls(chance: &mut Chance, kit: &Kit) -> Made {
    let (tcp, serves) = (chance.one_in(2), chance.one_in(2));
    layered(Layer::Tls, tcp, |near, far| {
        let (client, server) = if serves { (far, near) } else { (near, far) };
        let mut client = Tls::new(client, kit.client.connection("localhost").unwrap().0);
        let mut server = Tls::new(server, kit.server.connection().unwrap());
        while client.handshake().unwrap().is_pending() | server.handshake().unwrap().is_pending() {}
        let (client, server) = (Box::new(client), Box::new(server));
        if serves { [server, client] } else { [client, server] }
    })
}

pub(super) fn telnet() -> Made {
    layered(Layer::Telnet, true, |near, far| [Box::new(Telnet::new(near)), Box::new(Telnet::new(far))])
}

pub(super) fn command(chance: &mut Chance) -> Made {
    let most = if chance.one_in(2) { usize::MAX } else { chance.size() };
    let mut command = if most == usize::MAX { Command::new("cat") } else { Command::new("head") };
    if most < usize::MAX {
        command.arg("-c").arg(most.to_string());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (output, input) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    Made { stream: pair(input.into(), output.into()), far: Far::Command(child, most), tap: None }
}

/// Records what passes.
pub(super) fn tap(made: Made) -> Made {
    let file = TempFile::new(b"");
    let sessions = Sessions { side: crate::proto::evidence::Side::Client, many: false, target: None };
    let report = crate::report::Report::new("rncat", 0, true);
    let raw = TapFile { path: file.path().to_owned(), format: Format::Raw, append: false };
    let taps = Rc::new(Taps::open(&[raw], sessions, report).unwrap());
    let record = taps.record(&Ends { remote: &"far", local: &"near", host: None, datagram: false }).unwrap();
    Made { stream: Box::new(Tapped::new(made.stream, record)), tap: Some(file), ..made }
}

fn non_blocking(fd: OwnedFd) -> OwnedFd {
    let flags = rustix::fs::fcntl_getfl(fd.as_fd()).unwrap();
    rustix::fs::fcntl_setfl(fd.as_fd(), flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    fd
}
