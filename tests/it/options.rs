//! How options may be written.

use crate::lang::{Peer, PeerListener, Wire, free_port, it, netcat};

#[test]
fn long_options_may_be_abbreviated() {
    it(|| {
        let mut server = netcat("--keep --verb").listens();
        for line in ["one\n", "two\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(line);
            server.shows(line);
        }
        let mut other = netcat("--lis --test --keep-o 127.0.0.1 99999").starts();
        other.leaves(2);
        other.says(&["99999"]);
    });
}

#[test]
fn an_ambiguous_abbreviation_is_2() {
    it(|| {
        let mut client = netcat("--ssl-c 127.0.0.1 9").starts();
        client.leaves(2);
        client.says(&["--ssl-c"]);
    });
}

#[test]
fn habits_from_other_netcats_are_understood() {
    it(|| {
        for args in ["-N -4l --test PORT", "-lvp PORT -q0 --test", "-lpPORT --test", "-nlvp PORT --test -w 3"] {
            let port = free_port();
            let mut server = netcat(&args.replace("PORT", &port.to_string())).starts();
            server.says(&["NCAT TEST: LISTEN"]);
            let mut client = netcat("-N -n -v").connects_to_name("127.0.0.1", port);
            client.types("hi\n");
            client.ends_stdin();
            server.shows("hi\n");
            server.ends_stdin();
            server.leaves(0);
            client.leaves(0);
        }
    });
}

#[test]
fn repeated_flags_are_fine() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-C -C -n -n --crlf -4 -4").connects_to(&listener);
        client.types("line\n");
        client.ends_stdin();
        let mut peer = listener.accepts();
        assert_eq!(peer.hears_to_end(), b"line\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn the_last_value_counts() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-i 1h -w 1 -w 2 --idle-timeout 200ms").connects_to(&listener);
        let _peer = listener.accepts();
        client.leaves(1);
        client.says(&["Idle timeout expired (200 ms)"]);
    });
}

#[test]
fn short_options_may_stand_together() {
    it(|| {
        let mut server = netcat("-kvn").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("hello");
        server.shows("hello");
    });
}

#[test]
fn options_may_follow_the_host() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let address = listener.address();
        let mut client = netcat("127.0.0.1").arg(address.port().to_string()).arg("-C").starts();
        client.types("line\n");
        client.ends_stdin();
        let mut peer = listener.accepts();
        assert_eq!(peer.hears_to_end(), b"line\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn help_is_on_stdout_and_0() {
    it(|| {
        let help = help_of("--help");
        for option in HELPED.split_whitespace() {
            assert!(help.contains(option), "{option} is not in the help");
        }
    });
}

#[test]
fn h_shows_what_one_needs_most() {
    it(|| {
        let help = help_of("-h");
        for option in ["-l", "-C", "--ssl", "-v"] {
            assert!(help.contains(option), "{option} is not in the help");
        }
    });
}

#[test]
fn the_name_alone_says_how_to_begin() {
    it(|| {
        let mut session = netcat("").starts();
        session.says(&["You must specify a host to connect to"]);
        session.says(&["rncat -l 9000"]);
        session.says(&["rncat -h"]);
        session.leaves(2);
        assert_eq!(session.shows_to_end(), b"");
    });
}

fn help_of(option: &str) -> String {
    let mut session = netcat(option).starts();
    session.leaves(0);
    String::from_utf8(session.shows_to_end()).unwrap()
}

const HELPED: &str = "-4 -6 --nodns --source-port --source --wait --idle-timeout -q --delay --crlf --listen \
    --keep-open --max-conns -z --verbose --output --hex-dump --append-output --send-only --recv-only --no-shutdown \
    --ssl --ssl-cert --ssl-key --ssl-verify --ssl-trustfile --ssl-ciphers --ssl-servername --ssl-alpn \
    --ssl-fingerprint --version --no-crlf --quiet --exec --sh-exec";

#[test]
fn the_version_is_on_stdout_and_0() {
    it(|| {
        let mut session = netcat("--version").starts();
        session.leaves(0);
        let version = String::from_utf8(session.shows_to_end()).unwrap();
        assert!(version.starts_with("rncat "), "{version}");
    });
}
