//! `--transcript`: the files it is written to, and what happens when they cannot be.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::process::Signal;

use crate::lang::{Peer, PeerListener, Scratch, Wire, it, netcat, same_bytes};
use crate::transcripts::{ends, read, recorded};

#[test]
fn with_k_each_client_has_a_file_of_its_own() {
    it(|| {
        let mut server = netcat("-k --transcript").arg_path("x").listens();
        let file = |number: u32| server.file(&format!("x.{number}"));
        let (files, base) = ([file(1), file(2)], server.file("x"));
        let mut first = Peer::dials(&server, Wire::Plain);
        first.sends("one\r\n");
        server.shows("one\r\n");
        assert_eq!((recorded(&files[0], Wire::Plain).as_str(), files[1].exists()), ("C: one\n", false));
        let mut second = Peer::dials(&server, Wire::Plain);
        second.sends("two\r\n");
        server.shows("two\r\n");
        server.types("all\r\n");
        first.hears("all\r\n");
        second.hears("all\r\n");
        first.sends("more");
        server.shows("more");
        first.resets();
        // The unfinished line is there when the connection has ended.
        server.says(&["bytes received in"]);
        assert_eq!(recorded(&files[0], Wire::Plain), "C: one\nS: all\nC: more{no-eol}\n");
        assert_eq!(recorded(&files[1], Wire::Plain), "C: two\nS: all\n");
        assert!(!base.exists());
    });
}

#[test]
fn a_dash_is_stderr() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--transcript -").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("me\r\n");
        peer.hears("me\r\n");
        let own = peer.address();
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
        assert_eq!(client.stderr(), format!("# C: {own}\n# S: {}\nC: me\n", listener.address()));
    });
}

#[test]
fn on_stderr_it_is_told_which_client_speaks() {
    it(|| {
        let mut server = netcat("-k --transcript -").listens();
        let mut peers = [Peer::dials(&server, Wire::Plain), Peer::dials(&server, Wire::Plain)];
        for (peer, line) in [(0, "a\r\n"), (0, "b\r\n"), (1, "c\r\n"), (0, "d\r\n")] {
            peers[peer].sends(line);
            server.shows(line);
        }
        server.says(&["C: d"]);
        let said = server.said();
        let said: Vec<_> = said.iter().map(String::as_str).skip_while(|line| *line != "C: a").collect();
        let said: Vec<_> = said.into_iter().filter(|line| !line.starts_with("Connection")).collect();
        assert_eq!(said, ["C: a", "C: b", "# Client 2:", "C: c", "# Client 1:", "C: d"]);
    });
}

#[test]
fn append_output_adds_to_it() {
    it(|| {
        let scratch = Scratch::new();
        for (args, expected) in [("", "new"), ("--append-output", "old new")] {
            let file = scratch.file("x", "# old\n");
            let mut server = netcat(args).arg("--transcript").arg(&file).listens();
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends("new\r\n");
            server.shows("new\r\n");
            peer.closes();
            server.ends_stdin();
            server.leaves(0);
            let text = read(&file);
            let seen = [("# old\n", "old"), ("C: new\n", "new")];
            let seen: Vec<_> = seen.iter().filter(|(line, _)| text.contains(line)).map(|(_, word)| *word).collect();
            assert_eq!(seen.join(" "), expected, "{text}");
        }
    });
}

#[test]
fn a_line_without_an_end_is_written_when_a_signal_ends_the_session() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--transcript").arg_path("x").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("login: ");
        client.shows("login: ");
        client.is_sent(Signal::INT);
        client.dies_of(Signal::INT);
        assert_eq!(recorded(&client.file("x"), Wire::Plain), "S: login: {no-eol}\n");
    });
}

#[test]
fn a_full_disk_is_told_once_and_the_session_goes_on() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--transcript /dev/full").connects_to(&listener);
        let mut peer = listener.accepts();
        for line in ["one\r\n", "two\r\n"] {
            client.types(line);
            peer.hears(line);
        }
        peer.closes();
        client.ends_stdin();
        client.leaves(2);
        client.says(&["write /dev/full: No space left on device", "unrecorded"]);
        assert_eq!(client.said().len(), 1);
    });
}

#[test]
fn with_k_a_full_disk_is_told_once_too() {
    it(|| {
        let scratch = Scratch::new();
        for number in 1..=2 {
            symlink("/dev/full", scratch.path(&format!("x.{number}"))).unwrap();
        }
        // In the sandbox, links out of the folder lead nowhere.
        let mut server = netcat("-k --send-only --no-sandbox --transcript").arg(scratch.path("x")).listens();
        let (mut first, mut second) = (Peer::dials(&server, Wire::Plain), Peer::dials(&server, Wire::Plain));
        server.says_times(&["Connection from"], 2);
        server.types("hello\n");
        first.hears("hello\n");
        second.hears("hello\n");
        server.ends_stdin();
        first.hears_end();
        second.hears_end();
        server.leaves(2);
        assert_eq!(server.times_said(&["No space left"]), 1);
    });
}

#[test]
fn a_file_that_cannot_be_made_is_2_at_once() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("none/x");
        let name = file.to_str().unwrap();
        for (args, expected) in [("--transcript", name.to_owned()), ("-l -k --transcript", format!("{name}.1"))] {
            let mut session = netcat(args).arg(&file).arg_words("localhost 1").starts();
            session.leaves(2);
            session.says(&[&format!("open {expected}: No such file or directory")]);
        }
        std::fs::create_dir(scratch.path("y.1")).unwrap();
        let mut session = netcat("-l -k --transcript").arg(scratch.path("y")).arg_words("localhost 0").starts();
        session.leaves(2);
        session.says(&["y.1: Is a directory"]);
    });
}

#[test]
fn two_records_in_one_file_are_2() {
    it(|| {
        let scratch = Scratch::new();
        let (file, link) = (scratch.path("x"), scratch.path("y"));
        symlink(&file, &link).unwrap();
        for (one, other) in [("-o", "--transcript"), ("-x", "-o")] {
            let mut session = netcat(one).arg(&file).arg(other).arg(&link).arg_words("localhost 1").starts();
            session.leaves(2);
            session.says(&["open", "it would be written to twice; give each its own file"]);
        }
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-o /dev/null --transcript /dev/null").connects_to(&listener);
        listener.accepts().closes();
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn with_z_there_is_no_transcript() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-z --transcript").arg_path("x").connects_to(&listener);
        client.leaves(0);
        client.says(&["--transcript has no effect with -z"]);
        assert!(!client.file("x").exists());
    });
}

#[test]
fn a_file_with_secrets_is_its_owners() {
    it(|| {
        let mode = |args: &str| {
            let mut session =
                netcat(args).arg("--transcript").arg_path("x").arg("--listen").arg_words("127.0.0.1 0 -v");
            session = session.started_by("umask 022; exec");
            let session = session.starts();
            session.says(&["Listening on"]);
            std::fs::metadata(session.file("x")).unwrap().permissions().mode() & 0o777
        };
        assert_eq!((mode(""), mode("--show-secrets")), (0o600, 0o600));
    });
}

#[test]
fn o_and_a_transcript_go_together() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-o").arg_path("o").arg("--transcript").arg_path("x").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK\r\n");
        client.shows("+OK\r\n");
        client.types("PASS x\r\n");
        peer.hears("PASS x\r\n");
        ends(&mut client);
        same_bytes(&std::fs::read(client.file("o")).unwrap(), b"+OK\r\nPASS x\r\n");
        assert_eq!(recorded(&client.file("x"), Wire::Plain), "S: +OK\nC: PASS {masked}\n");
    });
}
