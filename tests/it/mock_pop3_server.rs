//! `--mock pop3`: a mailbox to learn on, for whoever asks.

use std::path::PathBuf;

use crate::lang::{
    Identity, Netcat, Peer, Scratch, Session, Stdin, Tls, Wire, authority_pem, descriptors, it, netcat, noise,
    over_tcp_and_tls, same_bytes,
};

over_tcp_and_tls!(a_mailbox_is_read_by_hand, the_session_file_is_played);

/// A dialogue in full, one line after the other.
fn a_mailbox_is_read_by_hand(wire: Wire) {
    let mails =
        Mails::with(&[("new/1.a", "Subject: one\n\nfirst\n.dot\n"), ("cur/2.b:2,S", "Subject: two\n\nsecond\n")]);
    let server = mails.server("").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    assert!(peer.hears_line().starts_with("+OK rncat's POP3 server to learn on; any name and password will do <"));
    for (line, answer) in [
        ("STAT", "-ERR log in before STAT: say USER, then PASS\r\n"),
        ("USER bob", "+OK say PASS next; any password is right\r\n"),
        ("PASS secret", "+OK logged in; 2 messages\r\n"),
        ("STAT", "+OK 2 53\r\n"),
        ("LIST", "+OK 2 messages (53 octets)\r\n1 29\r\n2 24\r\n.\r\n"),
        ("UIDL", "+OK 2 messages; their unique-ids follow\r\n1 1.a\r\n2 2.b\r\n.\r\n"),
        ("TOP 1 1", "+OK the top of it follows\r\nSubject: one\r\n\r\nfirst\r\n.\r\n"),
        ("RETR 1", "+OK 29 octets\r\nSubject: one\r\n\r\nfirst\r\n..dot\r\n.\r\n"),
        ("DELE 1", "+OK message 1 goes at QUIT; RSET brings it back\r\n"),
        ("RETR 1", "-ERR message 1 is deleted; RSET brings it back\r\n"),
        ("RETR 3", "-ERR there is no such message; the last one is 2\r\n"),
        ("QUIT", "+OK 1 message deleted; goodbye\r\n"),
    ] {
        peer.sends(format!("{line}\r\n"));
        peer.hears(answer);
    }
    peer.hears_end();
    peer.closes();
    assert_eq!(mails.files(), ["cur/2.b:2,S"]);
    server.says(&["logged in as bob; 2 messages"]);
    server.says(&["1 message deleted"]);
}

fn the_session_file_is_played(wire: Wire) {
    let mails = Mails::with(&[("new/1.a", &mail_of("mail.play"))]);
    let server = mails.server("").over(wire).listens();
    let mut client = plays("pop3.play").over(wire).connects_to(&server);
    client.leaves(0);
    assert!(mails.files().is_empty());
}

#[test]
fn the_session_files_that_log_in_otherwise_are_played() {
    it(|| {
        let server = netcat("--mock pop3").with_identity(Identity::trusted()).listens();
        for name in ["pop3-apop.play", "pop3-cram.play", "pop3-stls.play"] {
            let client = plays(name);
            let verified = |client: Netcat| client.arg("--ssl-verify").trusting(&authority_pem());
            let client = if name == "pop3-stls.play" { verified(client) } else { client };
            client.connects_to_name("localhost", server.address().port()).leaves(0);
        }
        server.says(&["SSL connection from"]);
    });
}

#[test]
fn our_own_client_asks_for_encryption() {
    it(|| {
        let server = netcat("--mock pop3").with_identity(Identity::trusted()).listens();
        let client = netcat("--starttls pop3 --ssl-verify").trusting(&authority_pem());
        let mut client = client
            .stdin(Stdin::File(b"CAPA\r\nQUIT\r\n".into()))
            .connects_to_name("localhost", server.address().port());
        client.leaves(0);
        let shown = String::from_utf8(client.shows_to_end()).unwrap();
        assert!(shown.contains("\r\nPIPELINING\r\n") && !shown.contains("STLS"), "{shown}");
        assert!(shown.ends_with("+OK goodbye\r\n"), "{shown}");
    });
}

#[test]
fn without_a_folder_there_is_a_mail_to_read() {
    it(|| {
        let server = netcat("--mock pop3").listens();
        let mut peer = logged_in(&server);
        peer.sends("RETR 1\r\n");
        assert!(peer.hears_line().starts_with("+OK "));
        let mail = peer.hears_through("\r\n.\r\n");
        assert!(mail.contains("\r\nSubject: Welcome\r\n"), "{mail}");
    });
}

#[test]
fn all_may_be_said_at_once_and_the_half_close_comes_behind() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", "Subject: one\n\nfirst\n")]);
        let server = mails.server("").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = "USER bob\r\nPASS x\r\nRETR 1\r\nNOOP\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n";
        let heard = String::from_utf8(peer.exchanges(said.as_bytes())).unwrap();
        assert_eq!(heard.matches("\r\nSubject: one\r\n\r\nfirst\r\n.\r\n").count(), 2, "{heard}");
        assert!(heard.ends_with("+OK 1 message deleted; goodbye\r\n"), "{heard}");
        peer.closes();
        assert!(mails.files().is_empty());
    });
}

#[test]
fn who_half_closes_without_quit_has_deleted_nothing() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", "x\n")]);
        let server = mails.server("").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let heard = String::from_utf8(peer.exchanges(b"USER bob\r\nPASS x\r\nDELE 1\r\n")).unwrap();
        assert!(heard.ends_with("+OK message 1 goes at QUIT; RSET brings it back\r\n"), "{heard}");
        assert_eq!(mails.files(), ["new/1.a"]);
    });
}

#[test]
fn who_breaks_off_has_deleted_nothing() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", "x\n")]);
        let server = mails.server("").listens();
        let mut peer = logged_in(&server);
        peer.sends("DELE 1\r\n");
        peer.hears("+OK message 1 goes at QUIT; RSET brings it back\r\n");
        peer.resets();
        // The next one is served after that.
        let mut next = logged_in(&server);
        next.sends("STAT\r\n");
        next.hears("+OK 1 3\r\n");
        assert_eq!(mails.files(), ["new/1.a"]);
    });
}

#[test]
fn who_is_silent_is_left_without_a_word_and_has_deleted_nothing() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", "x\n")]);
        let server = mails.server("-i 500ms").listens();
        let mut peer = logged_in(&server);
        peer.sends("DELE 1\r\n");
        peer.hears("+OK message 1 goes at QUIT; RSET brings it back\r\n");
        peer.hears_end();
        peer.closes();
        assert_eq!(mails.files(), ["new/1.a"]);
    });
}

#[test]
fn a_line_that_ends_with_lf_alone_is_explained() {
    it(|| {
        let server = netcat("--mock pop3").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears_line();
        peer.sends("USER bob\n");
        peer.hears("-ERR lines end with CR LF; this one ended with LF alone: try rncat -C\r\n");
        peer.sends("USER bob\r\n");
        assert!(peer.hears_line().starts_with("+OK"));
    });
}

#[test]
fn what_is_said_in_clear_behind_stls_is_not_taken_for_encrypted() {
    it(|| {
        let server = netcat("--mock pop3").with_identity(Identity::trusted()).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears_line();
        peer.sends("STLS\r\nUSER injected\r\n");
        peer.hears("-ERR STLS is the last that is said in clear: wait for its answer\r\n");
        assert!(peer.hears_line().starts_with("+OK say PASS"), "in clear, as it came");
        peer.sends("STLS\r\n");
        peer.hears("+OK begin TLS\r\n");
        peer.turns_to_tls(&Tls::client());
        peer.sends("PASS x\r\n");
        peer.hears("-ERR say USER first\r\n");
        let mut late = Peer::dials(&server, Wire::Plain);
        late.hears_line();
        late.sends("STLS\r\n");
        late.hears("+OK begin TLS\r\n");
        late.sends("USER injected\r\n");
        late.waits_for_end();
        server.says(&[&late.own_address().to_string(), "TLS"]);
        assert_eq!(server.times_said(&["logged in"]), 0);
    });
}

#[test]
fn a_large_mail_is_never_in_memory_as_a_whole() {
    it(|| {
        let text: Vec<u8> =
            noise(5, 30 << 20).into_iter().map(|byte| if byte < 8 { b'\n' } else { b' ' | byte }).collect();
        let mails = Mails::with(&[]);
        std::fs::write(mails.path("new/1.a"), &text).unwrap();
        let server = mails.server("").listens();
        let before = server.resident_kib();
        let mut stopped = logged_in(&server);
        stopped.sends("RETR 1\r\nNOOP\r\n");
        assert!(stopped.hears_line().starts_with("+OK "));
        let mut peer = logged_in(&server);
        peer.sends("RETR 1\r\n");
        let first = peer.hears_line();
        let size: usize = first.split(' ').nth(1).unwrap().parse().unwrap();
        let (whole, octets) = wire(&text);
        assert_eq!(size, octets);
        same_bytes(&peer.hears_next(whole.len()), &whole);
        let grown = server.resident_kib() - before;
        assert!(grown < 8 * 1024, "it has grown by {grown} KiB");
        same_bytes(&stopped.hears_next(whole.len()), &whole);
        stopped.hears("+OK nothing done\r\n");
    });
}

#[test]
fn who_stops_reading_in_mid_mail_is_dropped_and_disturbs_nobody() {
    it(|| {
        let mails = Mails::with(&[("new/2.b", "x\n")]);
        std::fs::write(mails.path("new/1.a"), vec![b'x'; 30 << 20]).unwrap();
        let server = mails.server("-i 1s").listens();
        let mut stopped = logged_in(&server);
        stopped.sends("RETR 1\r\n");
        let name = stopped.own_address().to_string();
        let mut peer = logged_in(&server);
        peer.sends("RETR 2\r\n");
        peer.hears("+OK 3 octets\r\nx\r\n.\r\n");
        server.says(&[&name, "too slow"]);
        let heard = stopped.hears_what_is_left();
        assert!(heard.len() < 30 << 20 && !heard.ends_with(b"\r\n.\r\n"));
    });
}

#[test]
fn two_sessions_may_delete_the_same() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", "x\n"), ("new/2.b", "y\n")]);
        let server = mails.server("").listens();
        let (mut one, mut other) = (logged_in(&server), logged_in(&server));
        one.sends("DELE 1\r\nQUIT\r\n");
        one.hears("+OK message 1 goes at QUIT; RSET brings it back\r\n+OK 1 message deleted; goodbye\r\n");
        other.sends("RETR 1\r\nDELE 1\r\nRETR 2\r\nQUIT\r\n");
        other.hears("-ERR message 1 is gone: somebody else has deleted it\r\n");
        other.hears("+OK message 1 goes at QUIT; RSET brings it back\r\n+OK 3 octets\r\ny\r\n.\r\n");
        other.hears("+OK 1 message deleted; goodbye\r\n");
        assert_eq!(mails.files(), ["new/2.b"]);
    });
}

#[test]
fn a_client_may_be_hostile() {
    it(|| {
        let mails = Mails::with(&[("new/1.a", &"x\n".repeat(10_000))]);
        let server = mails.server("").listens();
        let before = server.resident_kib();
        let mut endless = Peer::dials(&server, Wire::Plain);
        endless.sends(vec![b'x'; 8 << 20]);
        endless.sends("\r\n");
        endless.hears_line();
        assert!(endless.hears_line().starts_with("-ERR a line has 255 octets at most"));
        // Who asks and never reads is heard no further.
        let mut greedy = logged_in(&server);
        let taken = greedy.sends_until_blocked("RETR 1\r\n".repeat(4 << 20).as_bytes());
        assert!(taken < 16 << 20, "{taken}");
        let mut wrong = Peer::dials(&server, Wire::Plain);
        wrong.sends(b"\0\xff\r\n".repeat(20));
        let heard = String::from_utf8(wrong.hears_to_end()).unwrap();
        assert!(heard.lines().count() == 21 && heard.ends_with("; too many errors in a row, goodbye\r\n"), "{heard}");
        let mut browser = Peer::dials(&server, Wire::Plain);
        browser.sends("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nUSER bob\r\n");
        let heard = String::from_utf8(browser.hears_to_end()).unwrap();
        assert!(heard.ends_with("\r\n-ERR this is POP3, and not HTTP; goodbye\r\n"), "{heard}");
        Peer::dials(&server, Wire::Plain).resets();
        let grown = server.resident_kib() - before;
        assert!(grown < 16 * 1024, "it has grown by {grown} KiB");
        logged_in(&server);
    });
}

#[test]
fn a_thousand_clients_read_ten_thousand_mails_at_once() {
    it(|| {
        if !descriptors(2500) {
            return;
        }
        let mails = Mails::with(&[]);
        for number in 0..10_000 {
            std::fs::write(mails.path(&format!("new/{number:05}.a,S=2,W=3")), "x\n").unwrap();
        }
        let server = mails.server("-m 1000").listens();
        let mut first = logged_in(&server);
        let alone = server.resident_kib();
        let mut peers: Vec<_> = (1..1000).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        peers.iter_mut().for_each(|peer| peer.sends("USER bob\r\nPASS x\r\n"));
        for peer in &mut peers {
            for _ in 0..2 {
                assert!(peer.hears_line().starts_with("+OK"));
            }
            peer.hears("+OK logged in; 10000 messages\r\n");
        }
        let grown = server.resident_kib() - alone;
        println!("999 clients cost {grown} KiB");
        // 8 bytes a mail and client would be 78 MiB.
        assert!(grown < 12 * 1024, "999 clients cost {grown} KiB");
        peers.iter_mut().for_each(|peer| peer.sends("RETR 10000\r\nQUIT\r\n"));
        for peer in &mut peers {
            peer.hears("+OK 3 octets\r\nx\r\n.\r\n+OK goodbye\r\n");
            peer.hears_end();
        }
        first.sends("UIDL\r\nQUIT\r\n");
        let heard = String::from_utf8(first.hears_to_end()).unwrap();
        assert!(heard.ends_with("\r\n10000 09999.a,S=2,W=3\r\n.\r\n+OK goodbye\r\n"));
        assert_eq!(heard.lines().count(), 10_003);
    });
}

/// A Maildir.
struct Mails(Scratch);

impl Mails {
    /// With these mails, by file.
    fn with(mails: &[(&str, &str)]) -> Self {
        let it = Self(Scratch::new());
        for folder in ["tmp", "new", "cur"] {
            std::fs::create_dir(it.path(folder)).unwrap();
        }
        for (name, text) in mails {
            std::fs::write(it.path(name), text).unwrap();
        }
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// A server of them.
    fn server(&self, args: &str) -> Netcat {
        netcat("--mock pop3").arg_words(args).arg("--mock-dir").arg(self.path(""))
    }

    /// All that are there.
    fn files(&self) -> Vec<String> {
        let in_folder = |folder: &str| {
            let entries = std::fs::read_dir(self.path(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
        };
        let mut files = [in_folder("cur"), in_folder("new")].concat();
        files.sort();
        files
    }
}

/// A client that has said USER and PASS.
#[track_caller]
fn logged_in(server: &Session) -> Peer {
    let mut peer = Peer::dials(server, Wire::Plain);
    peer.sends("USER bob\r\nPASS secret\r\n");
    peer.hears_line();
    peer.hears_line();
    assert!(peer.hears_line().starts_with("+OK logged in; "));
    peer
}

/// A client that plays one of the project's sessions.
fn plays(name: &str) -> Netcat {
    let client = netcat("--play").arg(session(name));
    client.env("MAIL_USER", "bob").env("MAIL_PASSWORD", "a secret")
}

fn session(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/sessions").join(name)
}

/// The mail that a session sends, as a server keeps it.
fn mail_of(name: &str) -> String {
    let text = std::fs::read_to_string(session(name)).unwrap();
    let said = text.lines().filter_map(|line| line.strip_prefix("C:"));
    let lines = said.map(|line| line.strip_prefix(' ').unwrap_or(line)).skip_while(|line| *line != "DATA").skip(1);
    let lines = lines.take_while(|line| *line != ".");
    lines.map(|line| format!("{}\n", line.strip_prefix('.').unwrap_or(line))).collect()
}

/// A mail on the wire, to its dot; and how many octets it has, without those.
fn wire(text: &[u8]) -> (Vec<u8>, usize) {
    let (mut wire, mut dots) = (Vec::with_capacity(text.len() * 9 / 8), 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            dots += 1;
            wire.push(b'.');
        }
        wire.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    let octets = wire.len() - dots;
    wire.extend_from_slice(b".\r\n");
    (wire, octets)
}
