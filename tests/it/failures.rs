//! What cannot be done is told in a line, with the right exit status.

use std::net::ToSocketAddrs as _;
use std::time::Instant;

use crate::lang::{
    PeerListener, Scratch, Stdin, Target as _, Wire, connect, free_port, full_backlog, it, listen, ms, netcat,
    starts_programs,
};

#[test]
fn a_stdin_that_cannot_be_read_is_2() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").stdin(Stdin::Unreadable).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears_end();
        peer.closes();
        client.leaves(2);
        client.says(&["stdin", "input/output error"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_network_without_addresses_is_1() {
    it(|| {
        let starter = "exec unshare -rn";
        if !starts_programs(starter) {
            return;
        }
        // Its ::1 is down: there is no address to connect from.
        for host in ["::1", "127.0.0.1"] {
            let mut client = netcat("").started_by(starter).connects_to_name(host, 9);
            client.leaves(1);
            assert_eq!(client.said().len(), 1, "{:?}", client.said());
        }
    });
}

#[test]
fn nobody_listening_is_1() {
    it(|| {
        let mut client = netcat("").connects_to_name("127.0.0.1", free_port());
        client.leaves(1);
        client.says(&["connection refused"]);
    });
}

#[test]
fn a_failed_connection_names_each_address() {
    it(|| {
        let port = free_port();
        let mut client = netcat("").connects_to_name("localhost", port);
        client.leaves(1);
        for address in ("localhost", port).to_socket_addrs().unwrap() {
            client.says(&[&address.ip().to_string(), "refused"]);
        }
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn an_unknown_host_is_2() {
    it(|| {
        let mut client = netcat("nosuch.invalid 25").starts();
        client.leaves(2);
        client.says(&["nosuch.invalid"]);
    });
}

#[test]
fn an_unknown_service_is_2() {
    it(|| {
        let mut client = netcat("127.0.0.1 nosuchservice").starts();
        client.leaves(2);
        client.says(&["nosuchservice"]);
    });
}

#[test]
fn a_port_out_of_range_is_2() {
    it(|| {
        for mode in ["127.0.0.1 99999", "-l 127.0.0.1 99999", "-l -p 99999"] {
            let mut session = netcat(mode).starts();
            session.leaves(2);
            session.says(&["99999"]);
        }
    });
}

#[test]
fn a_port_in_use_is_2() {
    it(|| {
        let taken = PeerListener::new(Wire::Plain);
        let port = taken.address().port().to_string();
        let mut server = netcat("-l 127.0.0.1").arg(&port).starts();
        server.leaves(2);
        server.says(&["in use"]);
    });
}

#[test]
fn the_port_in_use_is_named() {
    it(|| {
        let taken = listen("-k");
        let port = taken.addr().port().to_string();
        let mut server = netcat("-l 127.0.0.1").arg(&port).starts();
        server.leaves(2);
        server.says(&["in use", &format!("127.0.0.1:{port}")]);
        assert_eq!(server.said().len(), 1, "{:?}", server.said());
    });
}

#[test]
fn no_connection_within_w_is_1() {
    it(|| {
        let Some(silent) = full_backlog("127.0.0.1") else { return };
        let before = Instant::now();
        let mut client = connect(&silent, "-w 400ms");
        client.leaves(1);
        assert!(before.elapsed() >= ms(400));
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_wait_that_was_long_enough_says_nothing() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-w 1").stdin(Stdin::Null).connects_to(&listener);
        let mut peer = listener.accepts();
        // The bound is on the connection alone: staying longer is no matter for it.
        client.stays_for(ms(1300));
        peer.sends("late");
        peer.closes();
        client.shows("late");
        client.leaves(0);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn usage_errors_are_2() {
    it(|| {
        for words in [
            "--nosuch-option 127.0.0.1 9",
            "-w",
            "-w soon 127.0.0.1 9",
            "127.0.0.1 9 10",
            "-l -s 127.0.0.1 9",
            "-l -z 9",
            "-e a -c b 127.0.0.1 9",
            "",
        ] {
            let mut session = netcat(words).stdin(Stdin::Null).starts();
            session.leaves(2);
            assert!(!session.said().is_empty(), "nothing was said of {words:?}");
            session.shows_nothing_more();
        }
    });
}

#[test]
fn only_sending_and_only_receiving_is_2() {
    it(|| {
        let mut session = netcat("--send-only --recv-only 127.0.0.1 9").starts();
        session.leaves(2);
        session.says(&["--send-only", "--recv-only"]);
    });
}

#[test]
fn what_is_no_number_is_2() {
    it(|| {
        let mut session = netcat("-l -m many").starts();
        session.leaves(2);
        session.says(&["many"]);
    });
}

#[test]
fn a_file_that_cannot_be_written_is_2() {
    it(|| {
        let scratch = Scratch::new();
        let listener = PeerListener::new(Wire::Plain);
        for option in ["-o", "-x"] {
            let file = scratch.path("nosuch").join("file");
            let mut client = netcat(option).arg(&file).connects_to(&listener);
            client.leaves(2);
            client.says(&["nosuch/file"]);
        }
    });
}

#[test]
fn every_message_begins_with_the_name_of_the_program() {
    it(|| {
        for words in ["--nosuch-option", "-w soon x", "nosuch.invalid 9", "-l 127.0.0.1 99999"] {
            let mut session = netcat(words).stdin(Stdin::Null).starts();
            session.leaves(2);
            let stderr = session.stderr();
            let lines: Vec<_> = stderr.lines().collect();
            assert_eq!(lines.len(), 1, "one line: {stderr}");
            assert!(lines[0].starts_with("rncat: "), "{stderr}");
        }
    });
}

#[test]
fn by_the_name_of_ncat_it_speaks_as_ncat() {
    it(|| {
        let mut client = netcat("127.0.0.1 99999").called("ncat").starts();
        client.leaves(2);
        assert!(client.stderr().starts_with("Ncat: "), "{}", client.stderr());
    });
}
