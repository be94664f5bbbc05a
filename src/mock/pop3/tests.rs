//! Sessions without sockets.

use super::*;
use crate::{mock::gallery::Gallery, report::Report};
use data_encoding::BASE64;
use proptest::prelude::*;
use std::{cell::RefCell, fs, path::PathBuf};

/// What all sessions have in common, with these mails.
fn shared(mails: &[(&str, &str)]) -> Rc<Shared> {
    let maildir = Maildir::open(None).unwrap();
    for (name, text) in mails {
        fs::write(maildir.path().join(name), text).unwrap();
    }
    let gallery = RefCell::new(Gallery::default());
    Rc::new(Shared { maildir, gallery, report: Report::new("test", 0, true) })
}

fn two() -> Rc<Shared> {
    shared(&[("new/1.x", "Subject: one\n\nfirst\n.dot\n"), ("cur/2.y:2,S", "Subject: two\r\n\r\nsecond\r\n")])
}

fn begin(shared: &Rc<Shared>) -> Pop3 {
    let client = Client { name: "client".to_owned(), tls: false, may_encrypt: true };
    let mut session = Pop3::new(Rc::clone(shared), client);
    let mut out = Vec::new();
    session.greet(&mut out);
    assert!(out.starts_with(b"+OK rncat") && out.ends_with(b"@localhost>\r\n"));
    session
}

/// One that is logged in.
fn reader(shared: &Rc<Shared>) -> Pop3 {
    let mut session = begin(shared);
    assert!(say(&mut session, "USER bob\r\nPASS a b\r\n").ends_with("\r\n+OK logged in; 2 messages\r\n"));
    session
}

/// All that is answered to this, which comes as one piece.
fn hears(session: &mut Pop3, mut bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !bytes.is_empty() && !session.is_over() {
        let mut out = Vec::new();
        let taken = session.hear(bytes, &mut out);
        assert!((1..=bytes.len()).contains(&taken));
        bytes = &bytes[taken..];
        while session.long.is_some() {
            all.append(&mut out);
            session.go_on(&mut out);
            assert!(out.len() < 3 * READY);
        }
        all.append(&mut out);
    }
    all
}

fn say(session: &mut Pop3, text: &str) -> String {
    String::from_utf8(hears(session, text.as_bytes())).unwrap()
}

/// Each of these is answered with a line that begins so.
#[track_caller]
fn talks(session: &mut Pop3, lines: &[(&str, &str)]) {
    for (line, answer) in lines {
        let heard = say(session, &format!("{line}\r\n"));
        assert!(heard.starts_with(answer) && heard.ends_with("\r\n"), "{line}: {heard}");
    }
}

fn files(shared: &Shared) -> Vec<PathBuf> {
    shared.maildir.mails().unwrap().into_iter().map(|mail| mail.path).collect()
}

#[test]
fn mails_are_listed_and_fetched() {
    let mut session = reader(&two());
    for (line, answer) in [
        ("STAT", "+OK 2 53\r\n"),
        ("LIST", "+OK 2 messages (53 octets)\r\n1 29\r\n2 24\r\n.\r\n"),
        ("list 2", "+OK 2 24\r\n"),
        ("UIDL", "+OK 2 messages; their unique-ids follow\r\n1 1.x\r\n2 2.y\r\n.\r\n"),
        ("UIDL 1", "+OK 1 1.x\r\n"),
        ("RETR 1", "+OK 29 octets\r\nSubject: one\r\n\r\nfirst\r\n..dot\r\n.\r\n"),
        ("RETR 02 ", "+OK 24 octets\r\nSubject: two\r\n\r\nsecond\r\n.\r\n"),
        ("TOP 1 0", "+OK the top of it follows\r\nSubject: one\r\n\r\n.\r\n"),
        ("Top 1  1", "+OK the top of it follows\r\nSubject: one\r\n\r\nfirst\r\n.\r\n"),
        ("TOP 2 99999999999999999999", "+OK the top of it follows\r\nSubject: two\r\n\r\nsecond\r\n.\r\n"),
    ] {
        assert_eq!(say(&mut session, &format!("{line}\r\n")), answer, "{line}");
    }
}

#[test]
fn a_mail_is_deleted_at_quit_and_not_before() {
    let shared = two();
    let mut session = reader(&shared);
    talks(&mut session, &[("DELE 1", "+OK message 1 goes at QUIT"), ("DELE 1", "-ERR message 1 is deleted; RSET")]);
    talks(&mut session, &[("RETR 1", "-ERR message 1 is deleted"), ("LIST 1", "-ERR"), ("STAT", "+OK 1 24\r\n")]);
    assert_eq!(say(&mut session, "UIDL\r\n"), "+OK 1 message; their unique-ids follow\r\n2 2.y\r\n.\r\n");
    talks(&mut session, &[("RSET", "+OK 2 messages"), ("STAT", "+OK 2 53"), ("DELE 2", "+OK")]);
    let left = [shared.maildir.path().join("new/1.x")];
    assert_eq!(files(&shared).len(), 2);
    talks(&mut session, &[("QUIT", "+OK 1 message deleted; goodbye")]);
    assert!(session.is_over());
    assert_eq!(files(&shared), left);
}

#[test]
fn who_leaves_in_another_way_has_deleted_nothing() {
    let shared = two();
    let mut out = Vec::new();
    let mut left = reader(&shared);
    talks(&mut left, &[("DELE 1", "+OK")]);
    left.left(&mut out);
    let mut silent = reader(&shared);
    talks(&mut silent, &[("DELE 1", "+OK")]);
    silent.silent(Duration::from_secs(600), &mut out);
    assert!(left.is_over() && silent.is_over() && out.is_empty());
    let mut cut = reader(&shared);
    assert_eq!(say(&mut cut, "DELE 1\r\nQUIT"), "+OK message 1 goes at QUIT; RSET brings it back\r\n");
    cut.left(&mut out);
    assert_eq!(out, b"-ERR the last line has no end; nothing was done\r\n");
    assert_eq!(files(&shared).len(), 2);
}

#[test]
fn what_has_taken_the_place_of_a_mail_holds_nobody_up() {
    let shared = two();
    let mut session = reader(&shared);
    for (number, file) in files(&shared).into_iter().enumerate() {
        fs::remove_file(&file).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        talks(&mut session, &[(&format!("RETR {}", number + 1), "-ERR [SYS/TEMP] message")]);
    }
}

#[test]
fn a_session_sees_what_was_there_when_it_began() {
    let shared = two();
    let mut old = reader(&shared);
    fs::write(shared.maildir.path().join("new/3.z"), "x\n").unwrap();
    talks(&mut old, &[("STAT", "+OK 2 53"), ("RETR 3", "-ERR there is no such message; the last one is 2")]);
    let mut new = begin(&shared);
    talks(&mut new, &[("USER b", "+OK"), ("PASS c", "+OK logged in; 3 messages"), ("DELE 1", "+OK"), ("QUIT", "+OK")]);
    talks(&mut old, &[("STAT", "+OK 2 53"), ("RETR 1", "-ERR message 1 is gone"), ("RETR 2", "+OK")]);
    // Another program has read it, and has moved it.
    fs::rename(shared.maildir.path().join("new/3.z"), shared.maildir.path().join("cur/3.z:2,S")).unwrap();
    let mut third = begin(&shared);
    talks(&mut third, &[("USER b", "+OK"), ("PASS c", "+OK logged in; 2 messages"), ("UIDL 2", "+OK 2 3.z")]);
    fs::rename(shared.maildir.path().join("cur/3.z:2,S"), shared.maildir.path().join("cur/3.z:2,RS")).unwrap();
    talks(&mut third, &[("RETR 2", "+OK 3 octets"), ("DELE 2", "+OK"), ("QUIT", "+OK 1 message deleted")]);
    talks(&mut old, &[("DELE 1", "+OK"), ("QUIT", "+OK 1 message deleted")]);
    assert_eq!(files(&shared).len(), 1);
}

#[test]
fn sessions_that_see_the_same_share_it() {
    let shared = two();
    let (one, other) = (reader(&shared), reader(&shared));
    let (State::Reader(one), State::Reader(other)) = (&one.state, &other.state) else { panic!() };
    assert!(one.shares(other));
}

#[test]
fn a_mail_that_cannot_be_deleted_is_told_of() {
    let shared = two();
    let mut session = reader(&shared);
    let path = shared.maildir.path().join("new/1.x");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    talks(&mut session, &[("DELE 1", "+OK"), ("DELE 2", "+OK")]);
    talks(&mut session, &[("QUIT", "-ERR [SYS/TEMP] not all messages could be deleted: ")]);
    assert!(session.is_over() && files(&shared).is_empty());
}

#[test]
fn a_mailbox_that_cannot_be_read_lets_nobody_in() {
    let shared = two();
    let mut session = begin(&shared);
    fs::remove_dir_all(shared.maildir.path().join("new")).unwrap();
    talks(
        &mut session,
        &[("USER b", "+OK"), ("PASS c", "-ERR [SYS/TEMP] the Maildir cannot be read: "), ("STAT", "-ERR")],
    );
}

#[test]
fn ids_are_unique_and_stay() {
    let long = "x".repeat(71);
    let shared = shared(&[
        (&format!("new/{long}"), "1\n"),
        ("new/a b", "2\n"),
        ("cur/1.x:2,S", "3\n"),
        ("new/1.x", "4\n"),
        ("new/ä", "5\n"),
    ]);
    let ids = |shared: &Rc<Shared>| {
        let mut session = begin(shared);
        let heard = say(&mut session, "USER a\r\nPASS b\r\nUIDL\r\n");
        let ids = heard.lines().skip(3).filter_map(|line| line.split_once(' ')).map(|(_, id)| id.to_owned());
        ids.collect::<Vec<_>>()
    };
    let found = ids(&shared);
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|id| id.len() == 64), "{found:?}");
    assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    fs::rename(shared.maildir.path().join("new/a b"), shared.maildir.path().join("cur/a b:2,S")).unwrap();
    assert_eq!(ids(&shared), found);
}

#[test]
fn an_empty_mailbox_has_nothing() {
    let mut session = begin(&shared(&[]));
    talks(&mut session, &[("USER a", "+OK"), ("PASS b", "+OK logged in; 0 messages"), ("STAT", "+OK 0 0\r\n")]);
    assert_eq!(say(&mut session, "LIST\r\n"), "+OK 0 messages (0 octets)\r\n.\r\n");
    talks(&mut session, &[("RETR 1", "-ERR there is no message"), ("DELE 1", "-ERR"), ("QUIT", "+OK goodbye")]);
}

#[test]
fn the_welcome_is_a_mail() {
    let shared = shared(&[]);
    welcome(&shared.maildir).unwrap();
    let text = fs::read_to_string(&files(&shared)[0]).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap();
    assert!(head.contains("\nDate: ") && head.ends_with(" +0000") && body.ends_with('\n'), "{text}");
}

#[test]
fn words_in_the_wrong_place_are_explained() {
    talks(
        &mut begin(&two()),
        &[
            ("PASS x", "-ERR say USER first"),
            ("USER", "-ERR USER takes a name"),
            ("STAT", "-ERR log in before STAT: say USER, then PASS"),
            ("NOOP", "-ERR log in before NOOP"),
            ("USER bob", "+OK say PASS next"),
            ("PASS", "-ERR PASS takes a password"),
            ("pass ", "+OK logged in"),
            ("USER bob", "-ERR USER comes before logging in"),
            ("STLS", "-ERR STLS comes before logging in"),
            ("RETR", "-ERR RETR takes the number"),
            ("RETR 1 2", "-ERR RETR takes the number"),
            ("RETR 0", "-ERR there is no such message; the last one is 2"),
            ("RETR +1", "-ERR the number of a message has digits only"),
            ("RETR 99999999999999999999", "-ERR there is no such message"),
            ("TOP 1", "-ERR TOP takes two numbers"),
            ("TOP 1 x", "-ERR the second number"),
            ("DELE", "-ERR one number"),
            ("LIST 3", "-ERR there is no such"),
            ("", "-ERR an empty line"),
            ("EHLO me", "-ERR EHLO is for SMTP"),
            ("XYZZY", "-ERR unknown command"),
            ("QUIT", "+OK goodbye"),
        ],
    );
}

#[test]
fn all_ways_to_log_in_take_any_password() {
    let plain = BASE64.encode(b"\0bob\0x");
    let cram = BASE64.encode(b"bob 74e6f7298a9c2d168935f58c001bad88");
    let in_one = |line: &str| talks(&mut begin(&two()), &[(line, "+OK logged in; 2 messages"), ("STAT", "+OK 2 ")]);
    in_one("APOP bob c4c9334bac560ecc979e58001b3e22fb");
    in_one(&format!("AUTH PLAIN {plain}"));
    for (line, challenge, answers) in [
        ("auth plain", "+ \r\n", &[plain.as_str()][..]),
        ("AUTH LOGIN", "+ VXNlcm5hbWU6\r\n", &["Ym9i", "eA=="]),
        ("AUTH LOGIN Ym9i", "+ UGFzc3dvcmQ6\r\n", &["eA=="]),
        ("AUTH CRAM-MD5", "+ P", &[cram.as_str()]),
    ] {
        let mut session = begin(&two());
        talks(&mut session, &[(line, challenge)]);
        let last = answers.iter().map(|answer| say(&mut session, &format!("{answer}\r\n"))).last();
        assert_eq!(last.unwrap(), "+OK logged in; 2 messages\r\n", "{line}");
    }
    talks(
        &mut begin(&two()),
        &[
            ("APOP bob", "-ERR APOP takes"),
            ("APOP bob secret", "-ERR APOP takes"),
            ("AUTH", "+OK mechanisms follow\r\nPLAIN\r\nLOGIN\r\nCRAM-MD5\r\n.\r\n"),
            ("AUTH GSSAPI", "-ERR unknown mechanism; there are PLAIN, LOGIN, CRAM-MD5"),
            ("AUTH PLAIN a b", "-ERR AUTH takes"),
            ("AUTH PLAIN bob", "-ERR this is no base64"),
            ("AUTH LOGIN", "+ "),
            ("*", "-ERR given up"),
            ("STAT", "-ERR log in"),
            ("AUTH PLAIN", "+ "),
            ("Q!", "-ERR this is no base64"),
            ("QUIT", "+OK"),
        ],
    );
}

#[test]
fn tls_begins_once_and_with_nothing_known() {
    let mut session = begin(&two());
    assert!(say(&mut session, "CAPA\r\n").contains("\r\nSTLS\r\n"));
    // What comes behind it in one piece is answered in clear.
    let heard = say(&mut session, "USER bob\r\nSTLS\r\nNOOP\r\n");
    assert!(heard.contains("\r\n-ERR STLS is the last that is said in clear"), "{heard}");
    assert!(heard.lines().count() == 3 && !session.encrypts());
    talks(&mut session, &[("STLS", "+OK begin TLS\r\n")]);
    assert!(session.encrypts() && !session.encrypts());
    talks(&mut session, &[("PASS x", "-ERR say USER first"), ("STLS", "-ERR the connection is encrypted already")]);
    assert!(!say(&mut session, "CAPA\r\n").contains("STLS") && !session.encrypts());
    let client = Client { name: String::new(), tls: false, may_encrypt: false };
    talks(&mut Pop3::new(two(), client), &[("STLS", "-ERR there is no TLS here")]);
}

#[test]
fn lines_end_with_cr_lf_and_have_a_length() {
    let mut session = begin(&two());
    assert_eq!(
        say(&mut session, "USER bob\n"),
        "-ERR lines end with CR LF; this one ended with LF alone: try rncat -C\r\n"
    );
    let line = |word: &str, length: usize| format!("{word} {}\r\n", "A".repeat(length - word.len() - 1));
    assert!(say(&mut session, &line("USER", LONGEST)).starts_with("+OK"));
    for (word, length) in [("USER", LONGEST + 1), ("USER", LONGEST_AUTH), ("USER", 100_000), ("AUTH", LONGEST_AUTH + 1)]
    {
        assert!(say(&mut session, &line(word, length)).starts_with("-ERR a line has 255 octets"), "{word} {length}");
    }
    assert!(say(&mut session, &line("AUTH", LONGEST_AUTH)).starts_with("-ERR unknown mechanism"));
    assert!(say(&mut session, "AUTH LOGIN\r\nYm9i\n").ends_with("LF alone: try rncat -C\r\n"));
    talks(&mut session, &[("USER x", "+OK")]);
}

#[test]
fn twenty_errors_in_a_row_end_it() {
    let mut session = begin(&two());
    assert!(!say(&mut session, &"NOOP\r\n".repeat(19)).contains("goodbye"));
    talks(&mut session, &[("CAPA", "+OK")]);
    let heard = say(&mut session, &"\r\n".repeat(100));
    assert_eq!(heard.lines().count(), 20);
    assert!(heard.ends_with("; too many errors in a row, goodbye\r\n") && session.is_over());
}

#[test]
fn a_browser_is_sent_away() {
    for text in ["GET / HTTP/1.1\r\nHost: x\r\nDELE 1\r\n", "POST /?USER HTTP/1.0\nUSER x\r\n"] {
        let mut session = begin(&two());
        assert_eq!(say(&mut session, text), "-ERR this is POP3, and not HTTP; goodbye\r\n");
        assert!(session.is_over());
    }
}

/// What a client may say, most of it sensible.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => prop_oneof![
            Just("USER bob"), Just("PASS x"), Just("CAPA"), Just("AUTH"), Just("AUTH LOGIN Ym9i"), Just("eA=="),
            Just("STAT"), Just("LIST"), Just("LIST 1"), Just("UIDL"), Just("RETR 1"), Just("RETR 2"), Just("TOP 1 1"),
            Just("DELE 1"), Just("DELE 2"), Just("RSET"), Just("NOOP"), Just("QUIT"), Just("GET / HTTP/1.0"),
        ].prop_map(|line| line.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => (2000_usize..13_000).prop_map(|length| [b"AUTH PLAIN ".to_vec(), vec![b'A'; length]].concat()),
    ];
    let end = prop_oneof![9 => Just(&b"\r\n"[..]), 1 => Just(&b"\n"[..])];
    let lines = proptest::collection::vec((line, end).prop_map(|(line, end)| [&line, end].concat()), 0..12);
    lines.prop_map(|lines| [b"USER a\r\nPASS b\r\n".to_vec(), lines.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_pieces_give_the_same(text in text(), size in 1_usize..50) {
        let (one, other) = (two(), two());
        let whole = hears(&mut begin(&one), &text);
        let mut session = begin(&other);
        let pieces: Vec<u8> = text.chunks(size).flat_map(|piece| hears(&mut session, piece)).collect();
        prop_assert_eq!(String::from_utf8(whole).unwrap(), String::from_utf8(pieces).unwrap());
        prop_assert_eq!(files(&one).len(), files(&other).len());
    }

    #[test]
    fn nothing_panics_and_each_line_has_an_answer(text: Vec<u8>) {
        let mut session = begin(&two());
        let heard = hears(&mut session, &[&text[..], b"\r\n"].concat());
        let lines = heard.split(|byte| *byte == b'\n').count() - 1;
        prop_assert_eq!(lines, text.split(|byte| *byte == b'\n').count());
        prop_assert!(!session.lines.has_begun());
    }
}
