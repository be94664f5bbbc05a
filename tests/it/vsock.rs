//! vsock: between a virtual machine and its host, or within one where the kernel has the loopback.

use crate::lang::{it, netcat, skip};
use rustix::net::{AddressFamily, SocketType};

/// VMADDR_CID_LOCAL.
const LOCAL: u32 = 1;

#[test]
fn a_client_and_a_listener_talk() {
    it(|| {
        if !loopback() {
            return;
        }
        let port = 40_000 + std::process::id() % 20_000;
        let mut server = netcat("-l --test -v --vsock").arg(port.to_string()).starts();
        server.says(&["Listening on", &format!(":{port}")]);
        let mut client = netcat("-v --vsock").arg(LOCAL.to_string()).arg(port.to_string()).starts();
        client.says(&["Connected to", &format!("{LOCAL}:{port}")]);
        server.says(&["Connection from", &format!("{LOCAL}:")]);
        client.types("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        client.shows("answer\n");
        client.ends_stdin();
        server.ends_stdin();
        client.leaves(0);
        server.leaves(0);
    });
}

/// Whether a connection to this machine itself can be made; if not, that is said.
fn loopback() -> bool {
    let Ok(family) = rustix::net::socket(AddressFamily::VSOCK, SocketType::STREAM, None) else {
        skip("vsock: the kernel has none");
        return false;
    };
    let local = socket2::SockAddr::vsock(LOCAL, u32::MAX);
    let there = socket2::Socket::from(family).bind(&local).is_ok();
    if !there {
        skip("vsock: the kernel has no loopback");
    }
    there
}

#[test]
fn nobody_there_is_1() {
    it(|| {
        let mut client = netcat("-w 5 --vsock").arg(LOCAL.to_string()).arg("9").starts();
        client.leaves(1);
    });
}

#[test]
fn what_is_no_number_is_2() {
    it(|| {
        for words in ["localhost 9000", "2 port", "2 9000 9001", "-l 1 2 3"] {
            let mut client = netcat("--vsock").arg_words(words).starts();
            client.leaves(2);
        }
    });
}
