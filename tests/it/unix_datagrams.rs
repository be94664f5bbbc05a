//! Datagrams over Unix sockets, and the name that a client needs to be answered.

use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::lang::{A_WHILE, Datagrams, Scratch, it, netcat, noise};

#[test]
fn a_clients_file_is_gone_when_a_signal_has_ended_it() {
    it(|| {
        let files = Scratch::new();
        let mut server = Datagrams::at_path(&files.path("server"));
        let own = files.path("client");
        let mut client = netcat("-u -s").arg(&own).connects_to_path(&files.path("server"));
        client.types("hi\n");
        server.hears("hi\n");
        client.is_sent(Signal::INT);
        client.dies_of(Signal::INT);
        assert!(!own.exists());
    });
}

#[test]
fn datagrams_are_answered() {
    it(|| {
        let mut server = netcat("-u").listens_at_a_path();
        let mut client = netcat("-u").connects_to_path(&server.file("socket"));
        client.types("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        client.shows("answer\n");
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn a_clients_own_datagram_socket_is_named_by_s_and_removed() {
    it(|| {
        let files = Scratch::new();
        let mut server = Datagrams::at_path(&files.path("server"));
        let own = files.path("client");
        let mut client = netcat("-u -s").arg(&own).connects_to_path(&files.path("server"));
        client.types("hi\n");
        server.hears("hi\n");
        assert!(own.symlink_metadata().unwrap().file_type().is_socket());
        let mut stranger = Datagrams::dials_path(&files.path("server"), None);
        stranger.sends("knock");
        server.hears("knock");
        client.types("again\n");
        server.hears("again\n");
        server.sends("answer\n");
        client.shows("answer\n");
        client.ends_stdin();
        client.leaves(0);
        assert!(!own.exists());
        stranger.hears_nothing_for(A_WHILE);
    });
}

#[test]
fn a_server_may_have_been_named_in_another_way() {
    it(|| {
        let files = Scratch::new();
        let mut server = Datagrams::at_path(&files.path("server"));
        let roundabout = files.path(".").join("server");
        let mut client = netcat("-u").connects_to_path(&roundabout);
        client.types("hi\n");
        server.hears("hi\n");
        server.sends("answer\n");
        client.shows("answer\n");
    });
}

#[test]
fn a_datagram_without_a_sender_is_shown() {
    it(|| {
        let mut server = netcat("-u").listens_at_a_path();
        let peer = Datagrams::dials_path(&server.file("socket"), None);
        peer.sends("hi\n");
        server.shows("hi\n");
        server.says(&["Connection from", "unnamed socket"]);
        peer.sends("");
        peer.sends("more\n");
        server.shows("more\n");
    });
}

#[test]
fn boundaries_are_kept_and_empty_datagrams_passed_on() {
    it(|| {
        let files = Scratch::new();
        let broker = netcat("-u --broker").listens_at_a_path();
        let path = broker.file("socket");
        let (one, mut other) = (
            Datagrams::dials_path(&path, Some(&files.path("one"))),
            Datagrams::dials_path(&path, Some(&files.path("other"))),
        );
        other.sends("here");
        broker.says(&["Connection from", "other"]);
        let large = noise(1, 100_000);
        for datagram in [&b"a"[..], b"", b"bc", &large] {
            one.sends(datagram);
            other.hears(datagram);
        }
    });
}

#[test]
fn with_k_a_datagram_peer_that_is_gone_touches_nobody() {
    it(|| {
        let files = Scratch::new();
        let mut server = netcat("-u -k").listens_at_a_path();
        let path = server.file("socket");
        let gone = Datagrams::dials_path(&path, Some(&files.path("gone")));
        let mut peer = Datagrams::dials_path(&path, Some(&files.path("peer")));
        gone.sends("one\n");
        server.shows("one\n");
        peer.sends("two\n");
        server.shows("two\n");
        drop(gone);
        for line in ["a\n", "b\n"] {
            server.types(line);
            peer.hears(line);
        }
        server.says(&["gone", "Connection refused"]);
        std::fs::remove_file(files.path("gone")).unwrap();
    });
}

#[test]
fn with_k_a_datagram_peer_whose_queue_is_full_loses_nothing() {
    it(|| {
        let files = Scratch::new();
        let server = netcat("-u -k").listens_at_a_path();
        let mut peer = Datagrams::dials_path(&server.file("socket"), Some(&files.path("peer")));
        peer.sends("hi\n");
        server.says(&["Connection from"]);
        // The kernel lets no more than a few wait.
        let lines: Vec<_> = (0..100).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            server.types(line);
        }
        let (all, mut heard) = (lines.concat(), String::new());
        while heard.len() < all.len() {
            heard += &String::from_utf8(peer.hears_any()).unwrap();
        }
        assert_eq!(heard, all);
    });
}

#[test]
fn a_datagram_listeners_file_is_replaced_when_stale_and_gone_when_it_has_left() {
    it(|| {
        let files = Scratch::new();
        let path = files.path("socket");
        drop(UnixDatagram::bind(&path).unwrap());
        let mut server = netcat("-l --test -u -i 500ms -U").arg(&path).starts();
        server.says(&["NCAT TEST: LISTEN"]);
        Datagrams::dials_path(&path, None).sends("hi\n");
        server.shows("hi\n");
        server.leaves(1);
        assert!(!path.exists());
    });
}

#[test]
fn a_datagram_to_nobody_is_1() {
    it(|| {
        let files = Scratch::new();
        drop(UnixDatagram::bind(files.path("socket")).unwrap());
        let mut client = netcat("-u").connects_to_path(&files.path("socket"));
        client.leaves(1);
        client.says(&["Connection refused"]);
    });
}
