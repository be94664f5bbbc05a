//! Clients that are wrong, or hostile.

use super::*;
use crate::mock::READY;
use proptest::prelude::*;

#[test]
fn lines_that_end_with_lf_alone_are_500() {
    let mut session = session(&shared());
    let replies = says(&mut session, b"EHLO x\nQUIT\nQUIT\r\n", usize::MAX);
    assert_eq!(replies, format!("{BARE}\r\n{BARE}\r\n221 2.0.0 Bye\r\n"));
    assert!(BARE.contains("ncat -C"));
}

#[test]
fn long_lines_are_500() {
    let long = format!("NOOP {}", "x".repeat(COMMAND - 5));
    answers(&[&long, &format!("{long}x"), &"x".repeat(100_000), "NOOP"], "250 500 500 250");
}

#[test]
fn a_cr_or_lf_alone_in_a_mail_is_refused_and_nothing_smuggled() {
    for (text, line) in [
        ("a\nb\r\n", "line 1 of the mail has LF alone"),
        ("a\r\nb\r\r\n", "line 2 of the mail has CR alone"),
        ("a\n.\r\nMAIL FROM:<x@y>\r\n", "line 1 of the mail has LF alone"),
        ("a\r\n.\nMAIL FROM:<x@y>\r\n", "line 2 of the mail has LF alone"),
    ] {
        let shared = shared();
        let mut session = session(&shared);
        codes(&mut session, &BEGIN);
        let replies = says(&mut session, format!("{text}.\r\nNOOP\r\n").as_bytes(), 5);
        let wanted = format!("550 5.6.0 Refused: {line}, and lines end with CR LF\r\n250 2.0.0 ");
        assert!(replies.starts_with(&wanted), "{replies}");
        assert_eq!(kept(&shared), Vec::<String>::new());
    }
}

#[test]
fn a_mail_that_is_too_large_is_read_to_its_end_and_not_kept() {
    let shared = shared();
    let mut session = session(&shared);
    codes(&mut session, &BEGIN);
    let piece = [b'x'; 1 << 20];
    for _ in 0..26 {
        assert_eq!(says(&mut session, &piece, usize::MAX), "");
    }
    assert_eq!(fs::read_dir(shared.maildir.path().join("tmp")).unwrap().count(), 0);
    assert!(says(&mut session, b"\r\n.\r\n", usize::MAX).starts_with("552 5.3.4 "));
    assert_eq!(codes(&mut session, &["MAIL FROM:<a@b>"]), "250");
    assert_eq!(kept(&shared), Vec::<String>::new());
}

#[test]
fn a_thousand_recipients_are_enough() {
    let shared = shared();
    let mut session = session(&shared);
    codes(&mut session, &BEGIN[..2]);
    for number in 0..letter::RECIPIENTS {
        assert!(reply(&mut session, &format!("RCPT TO:<r{number}@b>")).starts_with("250"));
    }
    for _ in 0..2 * REFUSALS {
        assert!(reply(&mut session, "RCPT TO:<one@more>").starts_with("452 4.5.3 "));
    }
    assert_eq!(codes(&mut session, &["DATA", "x", "."]), "354 250");
    assert_eq!(kept(&shared)[0].matches("@b").count(), letter::RECIPIENTS + 1);
}

#[test]
fn whoever_gets_nothing_but_refusals_is_hung_up_on() {
    let shared = shared();
    let mut session = session(&shared);
    for _ in 0..REFUSALS - 1 {
        reply(&mut session, "x");
    }
    assert_eq!(codes(&mut session, &["NOOP"]), "250");
    for _ in 0..REFUSALS - 1 {
        reply(&mut session, "x");
    }
    assert_eq!(codes(&mut session, &["x"]), "500 421");
    assert!(session.is_over());
}

#[test]
fn a_web_browser_is_hung_up_on() {
    for line in ["GET / HTTP/1.1\r\n", "POST / HTTP/1.1\n", "BREW / HTTP/1.0\r\n"] {
        let mut session = session(&shared());
        let rest = "Host: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@b>\r\n";
        let replies = says(&mut session, format!("{line}{rest}").as_bytes(), 9);
        assert!(replies.starts_with("554 5.5.1 ") && replies.lines().count() == 1 && session.is_over(), "{replies}");
    }
}

#[test]
fn tls_where_none_is_is_hung_up_on_before_its_line_ends() {
    let mut session = session(&shared());
    assert!(says(&mut session, b"\x16\x03\x01\x02\0\x01", 1).starts_with("554 5.5.1 That was TLS"));
    assert!(session.is_over());
}

#[test]
fn who_leaves_in_the_middle_is_told_and_leaves_nothing() {
    let shared = shared();
    let mut session_ = session(&shared);
    codes(&mut session_, &BEGIN);
    says(&mut session_, &[b'x'; 10_000], usize::MAX);
    let in_tmp = || fs::read_dir(shared.maildir.path().join("tmp")).unwrap().count();
    assert_eq!(in_tmp(), 1);
    let mut out = Vec::new();
    session_.left(&mut out);
    assert!(out.starts_with(b"451 4.4.2 ") && session_.is_over());
    drop(session_);
    assert_eq!(in_tmp(), 0);
    for (said, wanted) in [("NOOP", &b"500 5.5.2 "[..]), ("", b"")] {
        let (mut session, mut out) = (session(&shared), Vec::new());
        says(&mut session, said.as_bytes(), 1);
        session.left(&mut out);
        assert!(out.starts_with(wanted) && out.is_empty() == wanted.is_empty() && session.is_over());
    }
    let (mut silent, mut out) = (session(&shared), Vec::new());
    silent.silent(Duration::from_millis(1500), &mut out);
    assert!(out.starts_with(b"421 4.4.2 Nothing was said for 1.5 seconds") && silent.is_over());
}

#[test]
fn a_mailbox_that_is_gone_is_452_and_the_session_goes_on() {
    let shared = shared();
    let mut session = session(&shared);
    fs::remove_dir_all(shared.maildir.path()).unwrap();
    codes(&mut session, &BEGIN);
    assert_eq!(codes(&mut session, &["x", ".", "NOOP"]), "452 250");
}

#[test]
fn an_idle_session_holds_little() {
    assert!(size_of::<Smtp>() < 600, "{}", size_of::<Smtp>());
}

/// What clients say, right and wrong.
fn words() -> impl Strategy<Value = Vec<u8>> {
    const KNOWN: [&str; 18] = [
        "EHLO x\r\n",
        "HELO x\r\n",
        "MAIL FROM:<a@b>\r\n",
        "RCPT TO:<c@d>\r\n",
        "DATA\r\n",
        "x\r\n.\r\n",
        ".\r\n",
        "..a\r\n",
        "RSET\r\n",
        "AUTH PLAIN\r\n",
        "AGJvYgBz\r\n",
        "AUTH LOGIN\r\n",
        "*\r\n",
        "NOOP\r\n",
        "\n",
        "\r",
        "MAIL FROM:<",
        "SIZE=",
    ];
    let word = prop_oneof![
        8 => proptest::sample::select(&KNOWN[..]).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..10),
    ];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// What is answered and kept, but for the names of files.
fn outcome(bytes: &[u8], piece: usize) -> (String, Vec<String>) {
    let shared = shared();
    let replies = says(&mut session(&shared), bytes, piece);
    let without_names = replies.lines().map(|line| line.split(", kept as ").next().unwrap().to_owned() + "\n");
    (without_names.collect(), texts(&shared))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_pieces_give_the_same_replies_and_mails(bytes in words(), piece in 1_usize..40) {
        prop_assert_eq!(outcome(&bytes, piece), outcome(&bytes, usize::MAX));
    }

    #[test]
    fn garbage_is_answered_in_lines_and_an_answer_is_no_longer_than_may_be(bytes in words()) {
        let (replies, _) = outcome(&bytes, 7);
        for line in replies.lines() {
            prop_assert!(line.len() <= 510 && line.as_bytes()[..3].iter().all(u8::is_ascii_digit), "{}", line);
        }
        prop_assert!(replies.len() < READY * 64);
    }
}
