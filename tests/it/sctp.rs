//! SCTP, where the kernel has it; where it has not, that is said.

use crate::lang::{Wire, it, netcat, skip};
use socket2::{Domain, Protocol, Socket, Type};

fn there() -> bool {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::from(132))).is_ok()
}

#[test]
fn a_client_and_a_listener_talk() {
    it(|| talks(Wire::Plain));
}

#[test]
fn tls_works_over_it() {
    it(|| talks(Wire::Tls));
}

fn talks(wire: Wire) {
    if !there() {
        return skip("SCTP: the kernel has none");
    }
    let mut server = netcat("--sctp").over(wire).listens();
    let mut client = netcat("--sctp").over(wire).connects_to(&server);
    client.types("hi\n");
    server.shows("hi\n");
    server.types("answer\n");
    client.shows("answer\n");
    client.ends_stdin();
    server.ends_stdin();
    client.leaves(0);
    server.leaves(0);
}

#[test]
fn a_kernel_without_it_is_told_and_1() {
    it(|| {
        if there() {
            return skip("this kernel has SCTP");
        }
        let mut client = netcat("--sctp 127.0.0.1 9").starts();
        client.leaves(1);
        client.says(&["kernel has no SCTP"]);
        let mut server = netcat("-l --sctp 127.0.0.1 9000").starts();
        server.leaves(1);
        server.says(&["kernel has no SCTP"]);
    });
}
