//! Waiting for a server: `--retry`.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;

use crate::lang::{Scratch, free_port, full_backlog, it, netcat};
use std::io::Write as _;

#[test]
fn retry_connects_once_somebody_listens() {
    it(|| {
        let port = free_port();
        let mut client = netcat("-v --retry 20s").connects_to_name("127.0.0.1", port);
        client.says(&["Connection refused", "Trying again in 0.1 s"]);
        client.says(&["Trying again in 0.2 s"]);
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"at last\n").unwrap();
        client.shows("at last\n");
        drop(peer);
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn retry_finds_a_unix_socket_that_comes_later() {
    it(|| {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let mut client = netcat("-vz --retry 20s").connects_to_path(&path);
        client.says(&["Trying again"]);
        let _listener = UnixListener::bind(&path).unwrap();
        client.leaves(0);
    });
}

#[test]
fn z_with_retry_waits_for_a_port() {
    it(|| {
        let port = free_port();
        let mut client = netcat("-zv --retry 20s").connects_to_name("127.0.0.1", port);
        client.says(&["Trying again"]);
        let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        client.leaves(0);
        // Nor does the name that stands for two addresses hurt.
        netcat("-z --retry 20s").connects_to_name("localhost", port).leaves(0);
    });
}

#[test]
fn retry_gives_up_when_its_time_is_over() {
    it(|| {
        let port = free_port();
        let mut client = netcat("--retry 400ms").connects_to_name("127.0.0.1", port);
        client.says(&["connect to 127.0.0.1", "Connection refused", "tried ", " times in 0.4 s", "nobody listens"]);
        client.leaves(1);
        netcat("-z --retry 150ms").connects_to_name("127.0.0.1", port).leaves(1);
    });
}

#[test]
fn w_ends_each_attempt_of_retry() {
    it(|| {
        let Some(full) = full_backlog("127.0.0.1") else { return };
        let mut client = netcat("-v -w 50ms --retry 500ms").connects_to(&full);
        client.says(&["TIMEOUT", "Trying again"]);
        client.says(&["TIMEOUT", "tried "]);
        client.leaves(1);
        // One attempt takes no longer than all.
        netcat("--retry 100ms").connects_to(&full).leaves(1);
    });
}

#[test]
fn retry_waits_for_a_proxy() {
    it(|| {
        let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
        let client = netcat("-v --retry 20s").via(&address).arg_words("example.org 25").starts();
        client.says(&["Trying again"]);
        let listener = TcpListener::bind(address).unwrap();
        let (mut proxy, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        std::io::Read::read_exact(&mut proxy, &mut asked).unwrap();
        assert_eq!(&asked, b"CONNECT ");
    });
}

#[test]
fn a_name_that_stays_unknown_is_2_in_the_end() {
    it(|| {
        let mut client = netcat("--retry 300ms").connects_to_name("nosuch.invalid", 25);
        client.says(&["nosuch.invalid", "tried "]);
        client.leaves(2);
        // What cannot become right is told at once.
        let mut client = netcat("-n --retry 1h").connects_to_name("nosuch.invalid", 25);
        client.leaves(2);
        let mut client = netcat("-s 192.0.2.1 --retry 1h").connects_to_name("127.0.0.1", 25);
        client.leaves(2);
    });
}
