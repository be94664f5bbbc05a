//! `--user`: whom root becomes. What takes root is skipped by whoever is not.

use std::net::TcpListener;

use crate::lang::{Peer, PeerListener, Scratch, Session, Stdin, Wire, it, netcat, skip};

/// Whether we are root, and there is another user to become.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip("not root");
    }
    is_root
}

/// What nobody is, as `id` tells: the user's number, and the group's.
fn nobody() -> (u64, u64) {
    let number = |option: &str| {
        let output = std::process::Command::new("id").args([option, "nobody"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (number("-u"), number("-g"))
}

/// It is that user in every respect, and belongs to no other group.
#[track_caller]
fn is(session: &Session, (user, group): (u64, u64)) {
    let all = |number: u64| vec![number; 4];
    assert_eq!(session.ids(), (all(user), all(group), Vec::new()));
}

#[test]
fn a_listener_at_a_port_of_roots_serves_as_somebody_else() {
    it(|| {
        if !is_root() {
            return;
        }
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let Some(port) = (600..1024).find(free) else { return skip("no port below 1024 is free") };
        let mut server = netcat("-v -l -k --user nobody 127.0.0.1").arg(port.to_string()).starts();
        server.says(&["Running as user "]);
        is(&server, nobody());
        server.says(&["Sandbox: "]);
        let mut client = Peer::dials(&std::net::SocketAddr::from(([127, 0, 0, 1], port)), Wire::Plain);
        client.sends("hello\n");
        server.shows("hello\n");
    });
}

#[test]
fn a_client_is_somebody_else_once_it_is_connected() {
    it(|| {
        if !is_root() {
            return;
        }
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-v --no-sandbox --user 12345678:87654321").connects_to(&listener);
        let mut peer = listener.accepts();
        client.says(&["Running as user 12345678 and group 87654321 from now on."]);
        is(&client, (12_345_678, 87_654_321));
        peer.sends("hello\n");
        client.shows("hello\n");
    });
}

#[test]
fn a_key_that_only_root_can_read_is_read_before() {
    it(|| {
        if !is_root() {
            return;
        }
        let server = netcat("--user nobody").over(Wire::Tls).stdin(Stdin::Null).listens();
        server.says(&["Running as user "]);
        let mut client = Peer::dials(&server, Wire::Tls);
        client.sends("hello\n");
        client.half_closes();
        client.hears_end();
    });
}

#[test]
fn a_command_is_run_as_that_user() {
    it(|| {
        if !is_root() {
            return;
        }
        let server = netcat("--user nobody -c").arg("id -u; id -G").listens();
        let (user, group) = nobody();
        Peer::dials(&server, Wire::Plain).hears(format!("{user}\n{group}\n"));
    });
}

#[test]
fn the_mock_servers_own_mailbox_is_handed_over() {
    it(|| {
        if !is_root() {
            return;
        }
        // Such as /tmp is.
        let folder = Scratch::new();
        std::os::unix::fs::chown(folder.path(""), Some(u32::try_from(nobody().0).unwrap()), None).unwrap();
        let server = netcat("--user nobody --mock pop3").stdin(Stdin::Null).env("TMPDIR", folder.path("")).listens();
        server.says(&["Running as user "]);
        let mut reader = Peer::dials(&server, Wire::Plain);
        reader.sends("USER bob\r\nPASS x\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
        let heard = String::from_utf8(reader.hears_to_end()).unwrap();
        assert!(heard.contains("\r\nSubject: "), "{heard}");
        assert!(!heard.contains("-ERR"), "{heard}");
    });
}

#[test]
fn who_is_nobody_is_2_before_anything_is_opened() {
    it(|| {
        for (name, why) in [
            ("nosuch", "--user nosuch: there is no such user"),
            ("nobody:nosuch", "--user nobody:nosuch: there is no such group"),
            ("root", "--user root: that would be root again"),
            (":x", "--user :x: it is written NAME or NAME:GROUP"),
            ("x:", "--user x:: it is written NAME or NAME:GROUP"),
        ] {
            let mut session = netcat("-v --user").arg(name).arg_words("localhost 1").starts();
            session.leaves(2);
            session.says(&[why]);
            assert_eq!(session.times_said(&["connect"]), 0);
        }
    });
}

#[test]
fn only_root_can_become_somebody() {
    it(|| {
        if rustix::process::geteuid().is_root() {
            return skip("root");
        }
        let mut session = netcat("--user nobody localhost 1").starts();
        session.leaves(2);
        session.says(&["--user nobody: only root can become another user"]);
    });
}
