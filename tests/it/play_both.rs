//! Both sides of a dialogue played, from one file.

use crate::lang::{Netcat, Scratch, Session, Wire, it, netcat, noise, over_tcp_and_tls};

over_tcp_and_tls!(client_and_server_play_one_file, with_k_fifty_clients_play_it_at_once);

/// All that there is in the notation and can be said by both.
const ALL: &str = r#"# mail, and more
S: 220 host ESMTP
C: EHLO me {310} {"a":"b"} {{no-eol}
S: 250-host
S: 250 HELP
...
C: AUTH CRAM-MD5
S: 334 PDFAaD4=
C: {base64:me {hmac-md5:{env:SECRET}:<1@h>}}
S: 235
C: DATA
S: 354 go
C: Subject: x
C:
C: {file:text}
C: {base64file:noise}
C: .
S: 250
S: > {no-eol}
C: {hex:00ff}
C: RETR 1
S: +OK {*}
S: {file:text}
S: .
C: QUIT
S: 221 bye
"#;

/// A server, or a client, of that.
fn plays(scratch: &Scratch, args: &str) -> Netcat {
    netcat(args).arg("--play").arg(scratch.path("all.play")).env("SECRET", "tanstaaf")
}

fn files() -> Scratch {
    let scratch = Scratch::new();
    scratch.file("all.play", ALL);
    scratch.file("text", ".\n.dot\nno dot\n\n..");
    scratch.file("noise", noise(5, 300_000));
    scratch
}

fn client_and_server_play_one_file(wire: Wire) {
    let scratch = files();
    let mut server = plays(&scratch, "-v").over(wire).listens();
    let mut client = plays(&scratch, "-v").over(wire).connects_to(&server);
    for session in [&mut client, &mut server] {
        session.leaves(0);
        session.says(&["all.play was played to its end."]);
        assert_eq!(session.times_said(&["has said more"]), 0);
    }
}

fn with_k_fifty_clients_play_it_at_once(wire: Wire) {
    let scratch = files();
    let server = plays(&scratch, "-k").over(wire).listens();
    let mut clients: Vec<Session> = (0..50).map(|_| plays(&scratch, "").over(wire).connects_to(&server)).collect();
    for client in &mut clients {
        client.leaves(0);
    }
    assert_eq!(server.times_said(&["expected"]), 0, "{:?}", server.said());
}

#[test]
fn who_plays_another_file_is_told_and_the_other_too() {
    it(|| {
        let scratch = files();
        let other = scratch.file("other.play", "S: 220 host ESMTP\nC: HELO me\nS: 250\n");
        let mut server = plays(&scratch, "").listens();
        let mut client = netcat("--play").arg(other).connects_to(&server);
        client.leaves(3);
        server.leaves(3);
        client.says(&[r#"other.play:3: expected "250", but the peer has left"#]);
        server.says(&[r#"all.play:3: expected "EHLO me"#, r#"got "HELO me""#]);
    });
}
