//! The sandbox, from outside: what the kernel says of the process, and what a mode can still do in it.
//!
//! What cannot be done any more is tried by the tests beside the code; the program has no way to be asked for it. What
//! every mode can do is what the rest of this suite is about: it runs in the sandbox, too.

use std::os::unix::fs::symlink;

use crate::lang::{Peer, PeerListener, Scratch, Session, Wire, it, netcat, skip};

/// No new privileges, and a filter.
const RESTRICTED: (u64, u64) = (1, 2);

/// Says what the sandbox is; false where the kernel has none.
#[track_caller]
fn is_in_a_sandbox(session: &Session) -> bool {
    let line = session.says(&["Sandbox: "]);
    if line.contains("no Landlock") || line.contains("no seccomp") {
        skip(&line);
        return false;
    }
    assert_eq!(session.restrictions(), RESTRICTED, "{line}");
    true
}

#[test]
fn a_listener_is_in_it_as_soon_as_it_listens_and_goes_on_serving() {
    it(|| {
        let mut server = netcat("-k").listens();
        if !is_in_a_sandbox(&server) {
            return;
        }
        server.says(&["Sandbox: no new privileges, Landlock", "(no files", "), seccomp (no new sockets)."]);
        for word in ["one\n", "two\n"] {
            let mut client = Peer::dials(&server, Wire::Plain);
            client.sends(word);
            server.shows(word);
            client.half_closes();
        }
    });
}

#[test]
fn a_client_is_in_it_when_its_connection_stands_before_it_hears_anything() {
    it(|| {
        for wire in [Wire::Plain, Wire::Tls] {
            let listener = PeerListener::new(wire);
            let mut client = netcat("-v").over(wire).connects_to(&listener);
            let mut peer = listener.accepts();
            if !is_in_a_sandbox(&client) {
                return;
            }
            peer.sends("220 hello\n");
            client.shows("220 hello\n");
            client.types("QUIT\n");
            peer.hears("QUIT\n");
            peer.closes();
            client.ends_stdin();
            client.leaves(0);
        }
    });
}

#[test]
fn without_v_nothing_is_said_of_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("hello\n");
        peer.hears("hello\n");
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
        assert_eq!(client.stderr(), "");
    });
}

#[test]
fn no_sandbox_leaves_all_rights() {
    it(|| {
        let server = netcat("--no-sandbox").listens();
        server.says(&["Sandbox: none: --no-sandbox."]);
        assert_eq!(server.restrictions(), (0, 0));
    });
}

#[test]
fn a_command_is_not_in_it() {
    it(|| {
        let command = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status";
        let server = netcat("-c").arg(command).listens();
        server.says(&["Sandbox: none: a command would be in it."]);
        let said = String::from_utf8(Peer::dials(&server, Wire::Plain).hears_to_end()).unwrap();
        assert_eq!(said, "NoNewPrivs:\t0\nSeccomp:\t0\n");
    });
}

#[test]
fn what_only_looks_whether_somebody_listens_needs_none() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-zv").connects_to(&listener);
        client.leaves(0);
        client.says(&["Sandbox: none: nothing of what a peer says is read."]);
    });
}

#[test]
fn what_a_mode_still_needs_is_told() {
    it(|| {
        let path = netcat("").listens_at_a_path();
        path.says(&["Sandbox: ", "removes a socket in"]);
        if !is_in_a_sandbox(&path) {
            return;
        }
        netcat("--proxy-type socks5").listens().says(&["Sandbox: ", "(reads /etc, ", "), seccomp."]);
        netcat("-n --proxy-type socks5").listens().says(&["Sandbox: ", "(no files), seccomp."]);
        netcat("-v --mx mail.invalid --dns 127.0.0.1:9 25").starts().says(&["connects to TCP 9, 25), seccomp."]);
    });
}

#[test]
fn a_dialogue_says_a_file_that_another_has_replaced() {
    it(|| {
        let scratch = Scratch::new();
        let (file, next) = (scratch.path("text"), scratch.path("next"));
        std::fs::write(&file, "first\n").unwrap();
        std::fs::write(scratch.path("x.play"), "S: {file:text}\nC: bye\n").unwrap();
        let server = netcat("-k --play").arg(scratch.path("x.play")).listens();
        for text in ["first", "second"] {
            let mut client = Peer::dials(&server, Wire::Plain);
            client.hears(format!("{text}\r\n"));
            client.sends("bye\r\n");
            client.hears_end();
            std::fs::write(&next, "second\n").unwrap();
            std::fs::rename(&next, &file).unwrap();
        }
    });
}

#[test]
fn a_link_out_of_the_folder_of_transcripts_is_not_followed() {
    it(|| {
        let (scratch, other) = (Scratch::new(), Scratch::new());
        symlink(other.path("stolen"), scratch.path("x.1")).unwrap();
        let server = netcat("-k --transcript").arg(scratch.path("x")).listens();
        if !is_in_a_sandbox(&server) {
            return;
        }
        let mut client = Peer::dials(&server, Wire::Plain);
        client.sends("hello\n");
        server.says(&["open ", "x.1: Permission denied"]);
        assert!(!other.path("stolen").exists());
        let mut next = Peer::dials(&server, Wire::Plain);
        next.sends("hello\n");
        next.half_closes();
        server.says_times(&["Connection from"], 2);
    });
}
