//! Sockets that were there before the program: systemd's, by both forms of Accept=, and inetd's; and readiness.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use crate::lang::{Identity, Peer, PeerListener, Scratch, Session, Stdin, Tls, Wire, free_port, it, netcat, program};

/// What systemd does: stdin becomes descriptor 3, and two variables tell of it.
const AS_SYSTEMD: &str = "export LISTEN_FDS=1 LISTEN_PID=$$; exec 3<&0 </dev/null; exec";

/// What inetd does: one socket is stdin, stdout and stderr.
const AS_INETD: &str = "exec >&0 2>&0; exec";

/// Accept=no: starts it with a listening socket.
fn with_a_listener(args: &str) -> (Session, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (netcat(args).stdin(Stdin::Given(listener.into())).started_by(AS_SYSTEMD).starts(), address)
}

/// A client, and the other end of its connection.
fn connection() -> (Peer, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Peer::dials(&listener.local_addr().unwrap(), Wire::Plain);
    (client, listener.accept().unwrap().0.into())
}

/// Accept=yes, or inetd: starts it with the connection of a client.
fn with_a_client(args: &str, starter: &'static str) -> (Session, Peer) {
    let (client, theirs) = connection();
    (netcat(args).stdin(Stdin::Given(theirs)).started_by(starter).starts(), client)
}

#[test]
fn systemds_listening_socket_is_listened_at() {
    it(|| {
        let (mut server, address) = with_a_listener("-lv");
        let mut peer = Peer::dials(&address, Wire::Plain);
        peer.sends("hello\n");
        server.shows("hello\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn many_come_through_systemds_socket() {
    it(|| {
        let (_server, address) = with_a_listener("-lk -e /bin/cat");
        let mut first = Peer::dials(&address, Wire::Plain);
        let mut second = Peer::dials(&address, Wire::Plain);
        second.sends("two\n");
        second.hears("two\n");
        first.sends("one\n");
        first.hears("one\n");
    });
}

#[test]
fn systemds_unix_socket_is_one_without_u() {
    it(|| {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let mut server = netcat("-l").stdin(Stdin::Given(listener.into())).started_by(AS_SYSTEMD).starts();
        let mut peer = Peer::dials_path(&path, None);
        peer.sends("hello\n");
        server.shows("hello\n");
        peer.closes();
        server.leaves(0);
        // It is systemd's, and stays.
        assert!(path.exists());
    });
}

#[test]
fn a_client_that_systemd_accepted_is_served_and_no_other() {
    it(|| {
        let (mut server, mut peer) = with_a_client("-l", AS_SYSTEMD);
        peer.sends("hello\n");
        server.shows("hello\n");
        peer.closes();
        server.leaves(0);
        // -k does not keep it, nor does a server for many.
        for (args, said, answer) in [("-lk -e /bin/cat", "x\n", "x\n"), ("--mock smtp", "QUIT\r\n", "221 ")] {
            let (mut server, mut peer) = with_a_client(args, AS_SYSTEMD);
            peer.sends(said);
            peer.half_closes();
            let heard = String::from_utf8(peer.hears_to_end()).unwrap();
            assert!(heard.contains(answer), "{args}: {heard}");
            server.leaves(0);
        }
    });
}

#[test]
fn a_client_of_inetd_hears_what_the_command_or_the_server_says_and_nothing_else() {
    it(|| {
        let (mut server, mut peer) = with_a_client("-lv -e /bin/cat", AS_INETD);
        peer.sends("hello\n");
        peer.half_closes();
        assert_eq!(peer.hears_to_end(), b"hello\n");
        server.leaves(0);
        let (mut server, mut peer) = with_a_client("-v --mock smtp", AS_INETD);
        peer.sends("HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n");
        let heard = String::from_utf8(peer.hears_to_end()).unwrap();
        let codes: Vec<_> = heard.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"], "{heard}");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_client_that_came_before_is_met_with_tls() {
    it(|| {
        let (mut peer, theirs) = connection();
        let server = netcat("-l -e /bin/cat --ssl").with_identity(Identity::trusted());
        let mut server = server.stdin(Stdin::Given(theirs)).started_by(AS_SYSTEMD).starts();
        peer.turns_to_tls(&Tls::client());
        peer.sends("hello\n");
        peer.hears("hello\n");
        peer.half_closes();
        server.leaves(0);
    });
}

#[test]
fn a_client_that_came_before_may_be_kept_out() {
    it(|| {
        let (mut server, mut peer) = with_a_client("-lv -e /bin/cat --deny 127.0.0.1", AS_SYSTEMD);
        assert_eq!(peer.hears_to_end(), b"");
        server.says(&["not allowed"]);
        server.leaves(1);
    });
}

#[test]
fn an_address_and_systemds_socket_are_2() {
    it(|| {
        let (mut server, _) = with_a_listener("-l 9000");
        server.says(&["LISTEN_FDS"]);
        server.leaves(2);
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut server = netcat("-l").stdin(Stdin::Given(datagrams.into())).started_by(AS_SYSTEMD).starts();
        server.says(&["datagrams"]);
        server.leaves(2);
        let (mut server, _) = with_a_listener("-lu");
        server.says(&["TCP"]);
        server.leaves(2);
    });
}

#[test]
fn what_systemd_passed_to_another_process_is_left_alone() {
    it(|| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let server = netcat("").stdin(Stdin::Given(OwnedFd::from(theirs)));
        let server = server.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        std::io::Write::write_all(&mut &ours, b"from stdin\n").unwrap();
        peer.hears("from stdin\n");
    });
}

#[test]
fn commands_are_not_told_of_systemds_sockets() {
    it(|| {
        let (mut peer, theirs) = connection();
        let server =
            netcat("-l -c").arg("echo \"[$LISTEN_FDS$LISTEN_PID$NOTIFY_SOCKET]\"; (true <&3) 2>/dev/null && echo open");
        let mut server = server.stdin(Stdin::Given(theirs)).started_by(AS_SYSTEMD).starts();
        assert_eq!(peer.hears_to_end(), b"[]\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn the_service_manager_is_told_when_clients_may_come() {
    it(|| {
        let scratch = Scratch::new();
        let path = scratch.path("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let port = free_port();
        let server = netcat(&format!("-l 127.0.0.1 {port}")).env("NOTIFY_SOCKET", &path).starts();
        let mut buffer = [0; 100];
        let length = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        Peer::dials(&address, Wire::Plain).closes();
        drop(server);
        // In connect mode, when the connection stands.
        let listener = PeerListener::new(Wire::Plain);
        let _client = netcat("").env("NOTIFY_SOCKET", &path).connects_to(&listener);
        assert_eq!(manager.recv(&mut buffer).unwrap(), length);
    });
}

#[test]
fn a_manager_that_cannot_be_told_is_no_failure() {
    it(|| {
        let server = netcat("").env("NOTIFY_SOCKET", "/nowhere/notify").listens();
        server.says(&["service manager", "No such file"]);
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("x\n");
    });
}

#[test]
fn systemds_own_launcher_is_understood() {
    const LAUNCHER: &str = "/usr/bin/systemd-socket-activate";
    if !Path::new(LAUNCHER).exists() {
        return eprintln!("skipped: {LAUNCHER} not installed");
    }
    it(|| {
        for (how, args) in [("", "-lk -e /bin/cat"), ("--accept", "-l -e /bin/cat"), ("--inetd -a", "-l -e /bin/cat")] {
            let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
            let launcher = program(Path::new(LAUNCHER), how).arg("-l").arg(address.to_string());
            let launcher = launcher.arg(env!("CARGO_BIN_EXE_rncat")).arg_words(args).starts();
            launcher.says(&["Listening on"]);
            let mut peer = Peer::dials(&address, Wire::Plain);
            peer.sends("hello\n");
            peer.hears("hello\n");
            peer.half_closes();
            assert_eq!(peer.hears_to_end(), b"");
        }
    });
}
