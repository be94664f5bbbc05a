//! What others share with the program: a terminal, folders, and the signals of a shell.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::termios::{Termios, tcgetattr};

use crate::lang::{Netcat, Peer, PeerListener, Scratch, Session, Wire, it, netcat};

#[test]
fn every_signal_leaves_the_terminal_as_it_was() {
    it(|| {
        // SIGABRT is what a crash is.
        let signals = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::PIPE, Signal::ABORT];
        for signal in signals {
            let (mut session, mut peer, before) = at_a_terminal(netcat(""));
            if signal == Signal::PIPE {
                // Rust's runtime has it ignored: writes tell by themselves.
                session.is_sent(signal);
                session.types("y\n");
                peer.hears("y\n");
                session.is_sent(Signal::TERM);
                session.dies_of(Signal::TERM);
            } else {
                session.is_sent(signal);
                session.dies_of(signal);
            }
            is_as_before(&session, &before);
        }
    });
}

#[test]
fn every_end_leaves_the_terminal_as_it_was() {
    it(|| {
        let (mut session, peer, before) = at_a_terminal(netcat(""));
        peer.closes();
        session.leaves(0);
        is_as_before(&session, &before);
        let (mut session, peer, before) = at_a_terminal(netcat(""));
        peer.resets();
        session.leaves(1);
        is_as_before(&session, &before);
        let (mut session, mut peer, before) = at_a_terminal(netcat(""));
        session.ends_stdin();
        peer.hears_end();
        peer.closes();
        session.leaves(0);
        is_as_before(&session, &before);
    });
}

#[test]
fn a_job_that_was_stopped_goes_on_where_it_was() {
    it(|| {
        for args in ["", "--transcript x.play"] {
            let scratch = Scratch::new();
            let args = args.replace("x.play", &scratch.path("x.play").to_string_lossy());
            let (mut session, mut peer, before) = at_a_terminal(netcat(&args).in_a_job());
            session.is_stopped();
            is_as_before(&session, &before);
            peer.sends("while it sleeps\n");
            session.types("typed meanwhile\n");
            session.is_sent(Signal::CONT);
            session.shows("while it sleeps\n");
            peer.hears("typed meanwhile\n");
            // Twice is as good as once.
            session.is_stopped();
            session.is_sent(Signal::CONT);
            peer.closes();
            session.leaves(0);
            is_as_before(&session, &before);
        }
    });
}

#[test]
fn a_listener_that_was_stopped_serves_who_came_meanwhile() {
    it(|| {
        let mut server = netcat("-k").in_a_job().listens();
        server.is_stopped();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("hello\n");
        server.is_sent(Signal::CONT);
        server.shows("hello\n");
        server.types("welcome\n");
        peer.hears("welcome\n");
    });
}

#[test]
fn what_is_recorded_is_for_its_owner_alone() {
    it(|| {
        for option in ["-o", "-x", "--transcript"] {
            let listener = PeerListener::new(Wire::Plain);
            let client = netcat(option).started_by("umask 0; exec").arg_path("log").connects_to(&listener);
            let _peer = listener.accepts();
            let mode = || std::fs::metadata(client.file("log")).map(|it| it.permissions().mode() & 0o777);
            assert_eq!(mode().unwrap(), 0o600, "{option}");
        }
    });
}

#[test]
fn in_a_shared_folder_no_link_is_recorded_to() {
    it(|| {
        let (shared, own) = (Scratch::open_to_all(), Scratch::new());
        let precious = own.file("precious", "precious");
        symlink(&precious, shared.path("log")).unwrap();
        symlink(&precious, shared.path("log.1")).unwrap();
        for words in ["-o", "-x", "--transcript", "--append-output -o"] {
            let mut client = netcat(words).arg(shared.path("log")).arg_words("127.0.0.1 9").starts();
            client.leaves(2);
            client.says(&["log", "it is a link, in a folder that every user may write to"]);
        }
        let mut server = netcat("-l -k --transcript").arg(shared.path("log")).arg_words("127.0.0.1 0").starts();
        server.leaves(2);
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
        // Where nobody else can have put it, a link is what the user wants.
        symlink(&precious, own.path("log")).unwrap();
        records(&own.path("log"));
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "hello");
    });
}

#[test]
fn in_a_shared_folder_another_users_file_is_not_recorded_to() {
    it(|| {
        let shared = Scratch::open_to_all();
        let file = shared.file("log", "his");
        records(&file);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
        if std::os::unix::fs::chown(&file, Some(12345), None).is_err() {
            return crate::lang::skip("only root can give a file away");
        }
        let mut client = netcat("-o").arg(&file).arg_words("127.0.0.1 9").starts();
        client.leaves(2);
        client.says(&["log", "it is another user's"]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
    });
}

#[track_caller]
fn records(file: &Path) {
    let listener = PeerListener::new(Wire::Plain);
    let mut client = netcat("-o").arg(file).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("hello");
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
}

/// A session in which both have spoken, and how its terminal was before.
#[track_caller]
fn at_a_terminal(client: Netcat) -> (Session, Peer, Termios) {
    let listener = PeerListener::new(Wire::Plain);
    let mut session = client.at_a_terminal().connects_to(&listener);
    let before = tcgetattr(session.terminal()).unwrap();
    let mut peer = listener.accepts();
    session.types("x\n");
    peer.hears("x\n");
    peer.sends("y\n");
    session.shows("y\n");
    (session, peer, before)
}

#[track_caller]
fn is_as_before(session: &Session, before: &Termios) {
    let after = tcgetattr(session.terminal()).unwrap();
    assert_eq!(before.local_modes, after.local_modes);
    assert_eq!(before.input_modes, after.input_modes);
    assert_eq!(before.output_modes, after.output_modes);
    assert_eq!(before.control_modes, after.control_modes);
    let flags = rustix::fs::fcntl_getfl(session.terminal()).unwrap();
    assert!(!flags.contains(OFlags::NONBLOCK), "the terminal is non-blocking");
}
