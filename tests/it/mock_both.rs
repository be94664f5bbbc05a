//! `--mock smtp,pop3`: what the one takes, the other hands out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::lang::{Peer, Session, Wire, it, netcat};

#[test]
fn a_mail_that_smtp_takes_is_read_by_pop3() {
    it(|| {
        let server = serves();
        let (smtp, pop3) = (at(&server, "SMTP"), at(&server, "POP3"));
        let mut reader = Peer::dials(&pop3, Wire::Plain);
        reader.sends("USER bob\r\nPASS x\r\nSTAT\r\nQUIT\r\n");
        let heard = String::from_utf8(reader.hears_to_end()).unwrap();
        assert!(heard.contains("\r\n+OK 0 0\r\n"), "no welcome where mails come: {heard}");
        plays("mail.play", smtp);
        // It reads the mail of that, and deletes it.
        plays("pop3.play", pop3);
        let mut reader = Peer::dials(&pop3, Wire::Plain);
        reader.sends("USER bob\r\nPASS x\r\nSTAT\r\n");
        reader.hears_through("\r\n+OK 0 0\r\n");
    });
}

#[test]
fn what_comes_meanwhile_is_seen_by_the_next_session() {
    it(|| {
        let server = serves();
        let (smtp, pop3) = (at(&server, "SMTP"), at(&server, "POP3"));
        let mut early = Peer::dials(&pop3, Wire::Plain);
        early.sends("USER bob\r\nPASS x\r\n");
        early.hears_through("+OK logged in; 0 messages\r\n");
        plays("mail.play", smtp);
        plays("html.play", smtp);
        early.sends("STAT\r\n");
        early.hears("+OK 0 0\r\n");
        let mut late = Peer::dials(&pop3, Wire::Plain);
        late.sends("USER bob\r\nPASS x\r\nLIST\r\nRETR 1\r\nRETR 2\r\nQUIT\r\n");
        let heard = String::from_utf8(late.hears_to_end()).unwrap();
        let listed: Vec<usize> = listed(&heard);
        let mails: Vec<_> = heard.split(" octets\r\n").skip(1).filter_map(|it| it.split("\r\n.\r\n").next()).collect();
        assert_eq!(mails.len(), 2, "{heard}");
        for (mail, octets) in mails.iter().zip(listed) {
            // Its last line end is part of it, the second of two dots is not.
            assert_eq!(mail.len() + 2 - mail.matches("\r\n..").count(), octets, "{mail}");
        }
    });
}

/// The sizes that LIST has told.
fn listed(heard: &str) -> Vec<usize> {
    let (_, list) = heard.split_once(" octets)\r\n").unwrap();
    let (list, _) = list.split_once("\r\n.\r\n").unwrap();
    list.lines().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect()
}

/// Both, where the kernel chooses.
#[track_caller]
fn serves() -> Session {
    let server = netcat("-4 --test --mock smtp:0,pop3:0").starts();
    server.says(&["NCAT TEST: LISTEN"]);
    server
}

/// Where one of them is.
#[track_caller]
fn at(server: &Session, title: &str) -> SocketAddr {
    let line = server.says(&[title, "server at 127.0.0.1:"]);
    let (_, rest) = line.split_once(" at ").unwrap();
    rest.split(|it: char| it != '.' && it != ':' && !it.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// A session file is played to its end.
#[track_caller]
fn plays(name: &str, at: SocketAddr) {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sessions").join(name);
    let client = netcat("--play").arg(file).env("MAIL_USER", "bob").env("MAIL_PASSWORD", "x");
    client.connects_to(&at).leaves(0);
}
