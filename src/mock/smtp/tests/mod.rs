//! Sessions without a network: replies in their order, and what is kept.

mod hostile;
mod right;

use super::*;
use crate::{
    mock::{gallery::Gallery, maildir::Maildir},
    report::Report,
};
use std::{cell::RefCell, fs};

fn shared() -> Rc<Shared> {
    let (maildir, gallery) = (Maildir::open(None).unwrap(), RefCell::new(Gallery::default()));
    Rc::new(Shared { maildir, gallery, report: Report::new("rncat", 0, true) })
}

fn session(shared: &Rc<Shared>) -> Smtp {
    let client = Client { name: "127.0.0.1:1234".to_owned(), tls: false, may_encrypt: true };
    let mut session = Smtp::new(Rc::clone(shared), client);
    session.host = "mock".to_owned();
    session
}

/// All that is answered to this, said in pieces; without the greeting.
fn says(session: &mut Smtp, bytes: &[u8], piece: usize) -> String {
    let mut out = Vec::new();
    for bytes in bytes.chunks(piece) {
        let mut rest = bytes;
        while !rest.is_empty() && !session.is_over() {
            let taken = session.hear(rest, &mut out);
            assert!((1..=rest.len()).contains(&taken) && session.lines.size() <= RESPONSE + 1);
            rest = &rest[taken..];
        }
    }
    String::from_utf8(out).unwrap()
}

/// What is answered to a line.
fn reply(session: &mut Smtp, line: &str) -> String {
    says(session, format!("{line}\r\n").as_bytes(), usize::MAX)
}

/// The codes of the replies to these lines.
fn codes(session: &mut Smtp, lines: &[&str]) -> String {
    let replies: String = lines.iter().map(|line| reply(session, line)).collect();
    let last = replies.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]);
    last.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn answers(lines: &[&str], wanted: &str) {
    assert_eq!(codes(&mut session(&shared()), lines), wanted);
}

/// The mails that are kept.
fn kept(shared: &Shared) -> Vec<String> {
    let mails = shared.maildir.mails().unwrap();
    mails.iter().map(|mail| String::from_utf8_lossy(&fs::read(&mail.path).unwrap()).into_owned()).collect()
}

/// The mails that are kept, without the headers that have been put in front of them.
fn texts(shared: &Shared) -> Vec<String> {
    kept(shared).iter().map(|mail| mail.split_once(" +0000\n").unwrap().1.to_owned()).collect()
}

const BEGIN: [&str; 4] = ["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"];
