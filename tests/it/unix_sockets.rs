//! Unix sockets: by path or abstract name, and the files that they leave behind, or not.

use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixListener;

use rustix::process::Signal;

use crate::lang::{A_WHILE, Peer, PeerListener, Scratch, Session, Stdin, Tls, it, netcat, program, skip, tool};

#[test]
fn a_client_and_a_listener_talk() {
    it(|| {
        let mut server = netcat("").listens_at_a_path();
        let mut client = netcat("").connects_to_path(&server.file("socket"));
        talk(&mut server, &mut client);
        client.ends_stdin();
        server.ends_stdin();
        client.leaves(0);
        server.leaves(0);
    });
}

fn talk(one: &mut Session, other: &mut Session) {
    one.types("from one\n");
    other.shows("from one\n");
    other.types("from the other\n");
    one.shows("from the other\n");
}

#[test]
fn a_client_half_closes_and_goes_on_receiving() {
    it(|| {
        let files = Scratch::new();
        let listener = PeerListener::at_path(&files.path("socket"));
        let mut client = netcat("").stdin(Stdin::File(b"hi\n".to_vec())).connects_to_path(&files.path("socket"));
        let mut peer = listener.accepts();
        peer.hears("hi\n");
        peer.hears_end();
        peer.sends("answer\n");
        client.shows("answer\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn v_names_a_client_unnamed_socket() {
    it(|| {
        let server = netcat("").listens_at_a_path();
        server.says(&["Listening on", &server.file("socket").to_string_lossy()]);
        let _peer = Peer::dials_path(&server.file("socket"), None);
        server.says(&["Connection from", "unnamed socket"]);
    });
}

#[test]
fn the_listeners_file_is_gone_when_it_has_left() {
    it(|| {
        let mut server = netcat("").listens_at_a_path();
        let file = server.file("socket");
        assert!(file.symlink_metadata().unwrap().file_type().is_socket());
        Peer::dials_path(&file, None).closes();
        server.ends_stdin();
        server.leaves(0);
        assert!(!file.exists());
    });
}

#[test]
fn the_listeners_file_is_gone_when_a_signal_has_ended_it() {
    it(|| {
        for (signal, args) in [(Signal::INT, ""), (Signal::TERM, "-k"), (Signal::HUP, "-u"), (Signal::TERM, "-u -k")] {
            let mut server = netcat(args).listens_at_a_path();
            let file = server.file("socket");
            assert!(file.exists());
            server.is_sent(signal);
            server.dies_of(signal);
            assert!(!file.exists(), "{signal:?} {args}");
        }
    });
}

#[test]
fn a_stale_file_is_replaced() {
    it(|| {
        let files = Scratch::new();
        let path = files.path("socket");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let server = netcat("-l --test -U").arg(&path).starts();
        server.says(&["NCAT TEST: LISTEN"]);
        drop(Peer::dials_path(&path, None));
    });
}

#[test]
fn the_socket_of_another_is_left_to_him_who_hears_nothing_of_it() {
    it(|| {
        let mut first = netcat("").listens_at_a_path();
        let path = first.file("socket");
        let mut second = netcat("-l -U").arg(&path).starts();
        second.leaves(2);
        second.says(&["in use"]);
        assert_eq!(first.times_said(&["Connection from"]), 0);
        let mut client = netcat("").connects_to_path(&path);
        talk(&mut first, &mut client);
    });
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    it(|| {
        let files = Scratch::new();
        let path = files.file("precious", "data");
        let mut server = netcat("-l -U").arg(&path).starts();
        server.leaves(2);
        assert_eq!(std::fs::read(path).unwrap(), b"data");
    });
}

#[test]
fn nobody_there_is_1() {
    it(|| {
        let files = Scratch::new();
        drop(UnixListener::bind(files.path("socket")).unwrap());
        let mut client = netcat("").connects_to_path(&files.path("socket"));
        client.leaves(1);
        client.says(&["Connection refused"]);
        let mut client = netcat("").connects_to_path(&files.path("nothing"));
        client.leaves(1);
        client.says(&["No such file"]);
    });
}

#[test]
fn with_k_many_are_heard_and_answered() {
    it(|| {
        let mut server = netcat("-k").listens_at_a_path();
        let mut peers: Vec<_> = (0..3).map(|_| Peer::dials_path(&server.file("socket"), None)).collect();
        for peer in &mut peers {
            peer.sends("hi\n");
            server.shows("hi\n");
        }
        server.types("to all\n");
        peers.iter_mut().for_each(|peer| peer.hears("to all\n"));
        peers.remove(0).closes();
        server.types("to the others\n");
        peers.iter_mut().for_each(|peer| peer.hears("to the others\n"));
    });
}

#[test]
fn an_abstract_name_leaves_no_file() {
    it(|| {
        if !cfg!(target_os = "linux") {
            return skip("abstract names are Linux's");
        }
        let name = format!("@rncat-it-{}", std::process::id());
        let mut server = netcat("-l --test -v -U").arg(&name).starts();
        server.says(&["Listening on", &name]);
        let mut client = netcat("-v -U").arg(&name).starts();
        client.says(&["Connected to", &name]);
        talk(&mut server, &mut client);
        let was_a_file = std::fs::remove_file(&name).is_ok();
        assert!(!was_a_file);
    });
}

#[test]
fn tls_works_over_a_unix_socket() {
    it(|| {
        let mut server = netcat("--ssl").with_identity(crate::lang::Identity::trusted()).listens_at_a_path();
        let mut peer = Peer::dials_path(&server.file("socket"), Some(&Tls::client()));
        peer.sends("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        peer.hears("answer\n");
        let mut server = netcat("--ssl").with_identity(crate::lang::Identity::trusted()).listens_at_a_path();
        let mut client =
            netcat("--ssl-verify").trusting(&crate::lang::authority_pem()).connects_to_path(&server.file("socket"));
        talk(&mut server, &mut client);
    });
}

#[test]
fn a_command_answers() {
    it(|| {
        let server = netcat("--sh-exec").arg("read line; echo you said $line").listens_at_a_path();
        let mut peer = Peer::dials_path(&server.file("socket"), None);
        peer.sends("one\n");
        peer.hears("you said one\n");
        peer.hears_end();
    });
}

#[test]
fn others_talk_to_us() {
    it(|| {
        let table = [
            ("nc", "-U PATH", ""),
            ("socat", "- UNIX-CONNECT:PATH", ""),
            ("ncat", "-U PATH", ""),
            ("nc", "-uU PATH", "-u"),
        ];
        for (name, args, ours) in table {
            let Some(path) = tool(name) else { continue };
            let mut server = netcat(ours).listens_at_a_path();
            let args = args.replace("PATH", &server.file("socket").to_string_lossy());
            let mut client = program(&path, &args).starts();
            client.types("hi\n");
            server.shows("hi\n");
            server.types("answer\n");
            client.shows("answer\n");
        }
    });
}

#[test]
fn we_talk_to_others() {
    it(|| {
        let table = [
            ("nc", "-l -U PATH", ""),
            ("socat", "- UNIX-LISTEN:PATH", ""),
            ("ncat", "-l -U PATH", ""),
            ("socat", "- UNIX-RECVFROM:PATH", "-u"),
            ("ncat", "-l -u -U PATH", "-u"),
        ];
        for (name, args, ours) in table {
            let Some(tool) = tool(name) else { continue };
            let files = Scratch::new();
            let path = files.path("socket");
            let mut server = program(&tool, &args.replace("PATH", &path.to_string_lossy())).starts();
            while !path.exists() {
                server.stays_for(A_WHILE);
            }
            server.stays_for(A_WHILE);
            let mut client = netcat(ours).connects_to_path(&path);
            client.types("hi\n");
            server.shows("hi\n");
            server.types("answer\n");
            client.shows("answer\n");
        }
    });
}
