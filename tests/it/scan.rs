//! `-z` with lists and ranges of ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::lang::{Datagrams, Session, Wire, it, ms, netcat, skip};

/// Three ports in a row of which the middle one alone is open, where the kernel takes none for others.
fn neighbours() -> Option<(TcpListener, u16)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..100 {
        let number = std::process::id() * 31 + NEXT.fetch_add(3, Ordering::Relaxed);
        let port = u16::try_from(15_000 + number % 15_000).unwrap();
        let bind = |port| TcpListener::bind(("127.0.0.1", port));
        if let (Ok(_), Ok(open), Ok(_)) = (bind(port - 1), bind(port), bind(port + 1)) {
            return Some((open, port));
        }
    }
    skip("no three free ports in a row");
    None
}

fn scans(args: &str, ports: &str) -> Session {
    netcat("-z").arg_words(args).arg("127.0.0.1").arg(ports).starts()
}

#[test]
fn a_range_is_0_if_one_port_is_open() {
    it(|| {
        let Some((_open, port)) = neighbours() else { return };
        let mut client = scans("", &format!("{}-{}", port - 1, port + 1));
        client.leaves(0);
        client.shows_nothing_more();
        assert_eq!(client.said(), [""; 0]);
    });
}

#[test]
fn v_tells_of_each_port() {
    it(|| {
        let Some((_open, port)) = neighbours() else { return };
        let mut client = scans("-v", &format!("{}-{port},{}", port - 1, port + 1));
        client.leaves(0);
        let one = |words: &[&str]| assert_eq!(client.times_said(words), 1, "{words:?}");
        one(&[&format!("127.0.0.1:{}", port - 1), "refused"]);
        one(&[&format!("Connected to 127.0.0.1:{port}")]);
        one(&[&format!("127.0.0.1:{}", port + 1), "refused"]);
    });
}

#[test]
fn a_list_is_1_if_no_port_is_open() {
    it(|| {
        let Some((open, port)) = neighbours() else { return };
        drop(open);
        let mut client = scans("", &format!("{},{port}", port + 1));
        client.leaves(1);
        assert_eq!(client.said(), [""; 0]);
    });
}

#[test]
fn a_single_port_is_1_if_refused() {
    it(|| {
        let Some((open, port)) = neighbours() else { return };
        drop(open);
        let mut client = scans("", &port.to_string());
        client.leaves(1);
        assert_eq!(client.said(), [""; 0]);
        let mut client = scans("-v", &port.to_string());
        client.leaves(1);
        client.says(&["refused"]);
    });
}

#[test]
fn a_range_over_udp_is_0_if_one_port_does_not_refuse() {
    it(|| {
        let mut server = Datagrams::new();
        let closed = Datagrams::new().address().port();
        let mut client = scans("-u -v -w 500ms", &format!("{closed},{}", server.address().port()));
        server.hears("\0");
        client.says(&["refused", &format!(":{closed}")]);
        client.leaves(0);
        client.says(&["UDP packet sent successfully"]);
    });
}

#[test]
fn a_list_over_udp_is_1_if_all_refuse() {
    it(|| {
        let closed = [Datagrams::new(), Datagrams::new()].map(|it| it.address().port().to_string());
        let mut client = scans("-u", &closed.join(","));
        client.leaves(1);
    });
}

#[test]
fn w_is_for_each_port() {
    it(|| {
        let Some(silent) = crate::lang::full_backlog("127.0.0.1") else { return };
        let listener = crate::lang::PeerListener::new(Wire::Plain);
        let ports = format!("{},{}", silent.addr.port(), listener.address().port());
        let mut client = scans("-v -w 300ms", &ports);
        client.leaves(0);
        client.says(&["TIMEOUT", &silent.addr.to_string()]);
        client.says(&["Connected to", &listener.address().to_string()]);
    });
}

#[test]
fn a_range_must_go_upwards() {
    it(|| {
        for ports in ["30-20", "0-10", "20-,30", "1-70000", "20-30,x-y"] {
            let mut client = scans("", ports);
            client.leaves(2);
            client.says(&["Invalid port"]);
        }
    });
}

#[test]
fn a_list_without_z_is_2() {
    it(|| {
        let mut client = netcat("127.0.0.1 20-30").starts();
        client.leaves(2);
        client.says(&["Invalid port number"]);
    });
}

#[test]
fn a_unix_socket_that_is_there_is_0() {
    it(|| {
        let server = netcat("-k").listens_at_a_path();
        let mut client = netcat("-z").connects_to_path(&server.file("socket"));
        client.leaves(0);
        let mut client = netcat("-z").connects_to_path(&server.file("nothing"));
        client.leaves(1);
        server.stays_for(ms(100));
    });
}
