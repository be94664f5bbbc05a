//! The project's own mail server, run by the program for each client, and mail sent to it.

use std::path::{Path, PathBuf};

use crate::lang::{Scratch, Session, Stdin, connect, it, netcat};

#[test]
fn a_mail_from_a_file_arrives_as_sent() {
    it(|| {
        let mail = Scratch::new();
        let server = mail_server(&mail);
        let text = std::fs::read_to_string(script("sessions/smtp.txt")).unwrap();
        let file = netcat("-C").stdin(Stdin::File(text.clone().into()));
        let mut client = file.connects_to(&server);
        client.leaves(0);
        assert!(client.shows_to_end().starts_with(b"220"));
        let (_, body) = text.split_once("DATA\n").unwrap();
        let (body, _) = body.split_once("\n.\n").unwrap();
        assert_eq!(arrived(&mail), [body.replace("\n..", "\n.") + "\n"]);
    });
}

#[test]
fn a_mail_sent_at_the_servers_pace_arrives_as_sent() {
    it(|| {
        for args in ["--pace smtp --fail", "--pace auto --fail"] {
            let mail = Scratch::new();
            let server = mail_server(&mail);
            let text = std::fs::read(script("sessions/smtp.txt")).unwrap();
            let mut client = netcat(args).stdin(Stdin::File(text)).connects_to(&server);
            client.leaves(0);
            let shown = String::from_utf8(client.shows_to_end()).unwrap();
            assert!(shown.contains("\n354 ") && shown.lines().last().unwrap().starts_with("221 "), "{shown}");
            assert!(arrived(&mail).concat().contains("\n.profile is the file"));
        }
    });
}

#[test]
fn a_mail_typed_at_a_terminal_arrives_and_quit_leaves() {
    it(|| {
        let mail = Scratch::new();
        let server = mail_server(&mail);
        let mut client = netcat("").at_a_terminal().connects_to(&server);
        assert!(reply(&mut client).starts_with("220"));
        let commands = [
            ("EHLO me.example", "250"),
            ("MAIL FROM:<me@example.org>", "250"),
            ("RCPT TO:<you@example.org>", "250"),
            ("DATA", "354"),
            ("Subject: Hello\n\nby hand\n.", "250"),
            ("QUIT", "221"),
        ];
        is_answered(&mut client, &commands);
        client.leaves(0);
        assert_eq!(arrived(&mail), ["Subject: Hello\n\nby hand\n"]);
    });
}

#[test]
fn two_clients_have_two_sessions() {
    it(|| {
        let mail = Scratch::new();
        have_two_sessions(&mail_server(&mail));
    });
}

/// Two clients at once, the second of which is done first.
pub(crate) fn have_two_sessions(server: &Session) {
    let mut clients = [connect(server, "-C"), connect(server, "-C")];
    for client in &mut clients {
        assert!(reply(client).starts_with("220"));
    }
    for client in clients.iter_mut().rev() {
        client.types("RCPT TO:<you@example.org>\n");
        assert!(reply(client).starts_with("503"));
        client.types("QUIT\n");
        assert!(reply(client).starts_with("221"));
        client.ends_stdin();
        client.leaves(0);
    }
}

fn mail_server(mail: &Scratch) -> Session {
    let server = netcat("-k --sh-exec").arg("exec \"$MOCK_SMTP\"");
    let server = server.env("MOCK_SMTP", script("mock-smtp"));
    server.env("MOCK_SMTP_DIR", mail.path("")).stdin(Stdin::Null).listens()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// The messages that have arrived, without what only the envelope knew.
fn arrived(mail: &Scratch) -> Vec<String> {
    let files = std::fs::read_dir(mail.path("")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let without_envelope = |text: String| {
        let received = text.find("\nReceived: ").unwrap() + 1;
        let end = received + text[received..].find('\n').unwrap() + 1;
        text[end..].to_owned()
    };
    texts.map(without_envelope).collect()
}

/// Types each of these in turn, to which a reply comes whose last line begins so.
#[track_caller]
pub(crate) fn is_answered(client: &mut Session, commands: &[(&str, &str)]) {
    for (command, start) in commands {
        client.types(format!("{command}\n"));
        let reply = reply(client);
        assert!(reply.starts_with(start), "{command}: {reply}");
    }
}

/// The last line of a reply; the others have a hyphen after the code.
pub(crate) fn reply(client: &mut Session) -> String {
    loop {
        let line = client.shows_line();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line;
        }
    }
}
