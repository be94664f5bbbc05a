//! `--mock smtp`: mails that arrive by each way that there is, are kept, and the limits of the server.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::lang::{A_WHILE, Identity, Netcat, Peer, Session, Stdin, Tls, Wire, authority_pem, it, netcat};
use crate::mock_smtp::{have_two_sessions, is_answered, reply};

/// What a client says before the text of a mail, waiting for nothing.
pub(crate) const BEGIN: &str = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

#[test]
fn a_mail_typed_at_a_terminal_is_shown_and_kept() {
    it(|| {
        let mut server = netcat("--mock smtp").listens();
        let mut client = netcat("").at_a_terminal().connects_to(&server);
        assert!(reply(&mut client).starts_with("220 "));
        let commands = [
            ("EHLO me.example", "250 HELP"),
            ("MAIL FROM:<me@example.org>", "250 2.1.0"),
            ("RCPT TO:<you@example.org>", "250 2.1.5"),
            ("DATA", "354 "),
            ("Subject: Hello\n\nby hand\n..\n.", "250 2.0.0 Taken, 30 bytes, kept as "),
            ("QUIT", "221 2.0.0"),
        ];
        is_answered(&mut client, &commands);
        client.leaves(0);
        let heading = server.shows_line();
        let start = "=== Mail 1 from <me@example.org> to <you@example.org>: 30 bytes, by ESMTP from 127.0.0.1:";
        assert!(heading.starts_with(start), "{heading}");
        server.shows("Subject: Hello\n\nby hand\n.\n=== Kept as ");
        let mail = std::fs::read_to_string(server.shows_line()).unwrap();
        let envelope = "Return-Path: <me@example.org>\nEnvelope-To: you@example.org\nReceived: from me.example ";
        assert!(mail.starts_with(envelope) && mail.ends_with(" +0000\nSubject: Hello\n\nby hand\n.\n"), "{mail}");
        server.says(&["Connection from "]);
        server.says(&[" received in "]);
    });
}

#[test]
fn a_whole_file_arrives_as_sent() {
    it(|| {
        for args in ["-C", "--pace smtp --fail", "--pace auto --fail"] {
            let (server, mails) = keeping("");
            let text = std::fs::read_to_string(script("smtp.txt")).unwrap();
            let mut client = netcat(args).stdin(Stdin::File(text.clone().into())).connects_to(&server);
            client.leaves(0);
            let shown = String::from_utf8(client.shows_to_end()).unwrap();
            assert!(shown.lines().last().unwrap().starts_with("221 "), "{shown}");
            assert_eq!(texts(&mails), [sent(&text)], "{args}");
        }
    });
}

#[test]
fn lines_that_end_with_lf_alone_are_told_of() {
    it(|| {
        let server = netcat("--mock smtp").listens();
        let mut client = netcat("").stdin(Stdin::File("EHLO x\nQUIT\n".into())).connects_to(&server);
        assert!(reply(&mut client).starts_with("220 "));
        for _ in 0..2 {
            assert!(reply(&mut client).starts_with("500 5.5.2 Lines end with CR LF; this one ended with LF alone"));
        }
        client.leaves(0);
    });
}

#[test]
fn the_session_files_are_played() {
    it(|| {
        let (server, mails) = keeping("");
        for name in
            ["mail", "cc-bcc", "html", "attachment", "auth", "starttls", "submission", "wrong-order", "wrong-words"]
        {
            let before = texts(&mails).len();
            let client = netcat("--play").arg(script(&format!("{name}.play")));
            let client = client.env("MAIL_USER", "bob").env("MAIL_PASSWORD", "secret");
            client.connects_to(&server).leaves(0);
            let more = usize::from(!name.starts_with("wrong"));
            assert_eq!(texts(&mails).len(), before + more, "{name}");
        }
        let with = |word: &str| kept(&mails).iter().filter(|mail| mail.contains(word)).count();
        assert_eq!((with(" with ESMTP; "), with(" with ESMTPA; ")), (4, 1));
        assert_eq!((with(" with ESMTPS; "), with(" with ESMTPSA; ")), (1, 1));
        assert_eq!(with("\nEnvelope-To: bob@example.net, carol@example.net, dave@example.net\n"), 1);
    });
}

#[test]
fn a_mail_over_tls_from_the_start() {
    it(|| {
        let (server, mails) = keeping_by(netcat("").over(Wire::Tls));
        let text = std::fs::read_to_string(script("smtp.txt")).unwrap();
        let client = netcat("-C").over(Wire::Tls).stdin(Stdin::File(text.clone().into()));
        let mut client = client.connects_to(&server);
        client.leaves(0);
        assert!(!String::from_utf8(client.shows_to_end()).unwrap().contains("STARTTLS"));
        assert_eq!(texts(&mails), [sent(&text)]);
        assert!(kept(&mails)[0].contains(" with ESMTPS; "));
        server.says(&["try: rncat --ssl localhost "]);
    });
}

#[test]
fn a_mail_over_tls_that_is_asked_for() {
    it(|| {
        let (server, mails) = keeping_by(netcat("").with_identity(Identity::trusted()));
        let text = std::fs::read_to_string(script("smtp.txt")).unwrap();
        let client = netcat("-C --ssl-verify --starttls smtp").trusting(&authority_pem());
        client.stdin(Stdin::File(text.clone().into())).connects_to(&server).leaves(0);
        assert_eq!(texts(&mails), [sent(&text)]);
        assert!(kept(&mails)[0].contains(" with ESMTPS; "));
    });
}

#[test]
fn starttls_may_be_typed() {
    it(|| {
        let server = netcat("--mock smtp").listens();
        let mut client = netcat("").at_a_terminal().connects_to(&server);
        assert!(reply(&mut client).starts_with("220 "));
        is_answered(&mut client, &[("EHLO x", "250 HELP"), ("STARTTLS", "220 2.0.0 TLS begins")]);
        client.says(&["is encrypted now."]);
        let commands = [("NOOP", "250 "), ("MAIL FROM:<a@b>", "503 "), ("EHLO x", "250 HELP"), ("QUIT", "221 ")];
        is_answered(&mut client, &commands);
        client.leaves(0);
    });
}

#[test]
fn starttls_is_not_offered_where_it_is_not_to_be() {
    it(|| {
        let server = netcat("--mock smtp --starttls never").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = peer.exchanges(b"EHLO x\r\nSTARTTLS\r\nQUIT\r\n");
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("\r\n454 4.7.0 ") && !said.contains("250-STARTTLS"), "{said}");
    });
}

#[test]
fn a_certificate_that_is_not_for_starttls_is_for_tls_from_the_start() {
    it(|| {
        let (server, mails) = keeping_by(netcat("--starttls never").with_identity(Identity::trusted()));
        let text = std::fs::read_to_string(script("smtp.txt")).unwrap();
        let client = netcat("-C --ssl-verify").trusting(&authority_pem()).stdin(Stdin::File(text.clone().into()));
        client.connects_to(&server).leaves(0);
        assert_eq!(texts(&mails), [sent(&text)]);
        server.says(&["try: rncat --ssl localhost "]);
    });
}

#[test]
fn what_is_said_in_clear_behind_starttls_is_not_taken_for_more() {
    it(|| {
        let server = netcat("--mock smtp").with_identity(Identity::trusted()).listens();
        let mut injected = Peer::dials(&server, Wire::Plain);
        let said = injected.exchanges(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\nQUIT\r\n");
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("\r\n554 5.5.1 ") && said.ends_with("\r\n221 2.0.0 Bye\r\n"), "{said}");
        let mut honest = Peer::dials(&server, Wire::Plain);
        honest.sends("EHLO x\r\n");
        while honest.hears_line() != "250 HELP" {}
        honest.sends("STARTTLS\r\n");
        assert!(honest.hears_line().starts_with("220 "));
        honest.turns_to_tls(&Tls::client());
        let said = String::from_utf8(honest.exchanges(b"RCPT TO:<c@d>\r\nQUIT\r\n")).unwrap();
        assert!(said.starts_with("503 5.5.1 Not yet; EHLO"), "{said}");
    });
}

#[test]
fn two_clients_have_two_sessions() {
    it(|| have_two_sessions(&netcat("--mock smtp").listens()));
}

#[test]
fn what_cannot_be_had_is_2_and_told() {
    it(|| {
        let mut server = netcat("-l --mock smtp --mock-dir /dev/null/mail 127.0.0.1 0").starts();
        server.leaves(2);
        server.says(&["--mock-dir /dev/null/mail", "Not a directory"]);
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let mut server = netcat("--mock smtp 127.0.0.1").arg(&port).starts();
        server.leaves(2);
        server.says(&[&port, "address already in use"]);
        let mut server = netcat("--mock pigeon").starts();
        server.leaves(2);
        server.says(&["--mock pigeon", "there is no such server", "smtp"]);
    });
}

#[test]
fn a_client_that_is_silent_is_seen_off() {
    it(|| {
        let server = netcat("--mock smtp -i 300ms").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = String::from_utf8(peer.hears_to_end()).unwrap();
        assert!(said.ends_with("\r\n421 4.4.2 Nothing was said for 0.3 seconds; closing\r\n"), "{said}");
    });
}

#[test]
fn one_client_too_many_is_closed() {
    it(|| {
        let server = netcat("--mock smtp -m 1").listens();
        let mut first = Peer::dials(&server, Wire::Plain);
        assert!(first.hears_line().starts_with("220 "));
        let mut second = Peer::dials(&server, Wire::Plain);
        assert!(second.hears_what_is_left().is_empty());
        first.sends("NOOP\r\n");
        assert!(first.hears_line().starts_with("250 "));
    });
}

#[test]
fn it_is_served_at_a_unix_socket_too() {
    it(|| {
        let server = netcat("--mock smtp").listens_at_a_path();
        let mut peer = Peer::dials_path(&server.file("socket"), None);
        let said = String::from_utf8(peer.exchanges(format!("{BEGIN}.\r\nQUIT\r\n").as_bytes())).unwrap();
        assert!(said.contains("\r\n250 2.0.0 Taken, 0 bytes, kept as "), "{said}");
        server.says(&["try: rncat -U "]);
    });
}

#[test]
fn several_servers_are_one_program() {
    it(|| {
        let server = netcat("--mock smtp:0,http:0 127.0.0.1").starts();
        for (title, ask, begin) in [("SMTP", "QUIT\r\n", "220 "), ("HTTP", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ")] {
            let line = server.says(&[&format!("{title} server at 127.0.0.1:"), "try: rncat localhost "]);
            let (_, port) = line.rsplit_once(' ').unwrap();
            let address = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
            let said = Peer::dials(&address, Wire::Plain).exchanges(ask.as_bytes());
            assert!(String::from_utf8(said).unwrap().starts_with(begin), "{title}");
        }
    });
}

#[test]
fn idle_it_does_nothing() {
    it(|| {
        let server = netcat("--mock smtp").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        assert!(peer.hears_line().starts_with("220 "));
        peer.hears_nothing_for(A_WHILE);
        assert!(server.wakes_in_a_second() < 5);
    });
}

/// A server that keeps its mails in a folder of the test's.
pub(crate) fn keeping(args: &str) -> (Session, PathBuf) {
    keeping_by(netcat(args))
}

pub(crate) fn keeping_by(session: Netcat) -> (Session, PathBuf) {
    let server = session.arg_words("--mock smtp --mock-dir").arg_path("mails").listens();
    let mails = server.file("mails");
    (server, mails)
}

/// Sends a mail, and sees that it is taken.
#[track_caller]
pub(crate) fn sends_a_mail(server: &Session, text: &str) {
    let mut peer = Peer::dials(server, Wire::Plain);
    let said = String::from_utf8(peer.exchanges(format!("{BEGIN}{text}.\r\nQUIT\r\n").as_bytes())).unwrap();
    assert!(said.contains("\r\n250 2.0.0 Taken, "), "{said}");
}

/// The mails that are there, in the order in which they have come.
pub(crate) fn kept(mails: &Path) -> Vec<String> {
    let files = std::fs::read_dir(mails.join("new")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The same without what was put in front of them.
pub(crate) fn texts(mails: &Path) -> Vec<String> {
    kept(mails).iter().map(|mail| mail.split_once(" +0000\n").unwrap().1.to_owned()).collect()
}

/// The mail in a session of commands, without the dots that it is stuffed with.
fn sent(text: &str) -> String {
    let (_, body) = text.split_once("DATA\n").unwrap();
    let (body, _) = body.split_once("\n.\n").unwrap();
    body.replace("\n..", "\n.") + "\n"
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sessions").join(name)
}
