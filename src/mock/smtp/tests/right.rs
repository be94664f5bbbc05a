//! Sessions as they should be, and the refusals that teach how.

use super::*;

#[test]
fn a_mail_by_hand_is_kept_with_what_the_envelope_said() {
    let shared = shared();
    let mut session = session(&shared);
    let mut out = Vec::new();
    session.greet(&mut out);
    assert!(out.starts_with(b"220 mock ESMTP "));
    assert_eq!(codes(&mut session, &BEGIN), "250 250 250 354");
    let reply = says(&mut session, b"Subject: x\r\n\r\n..y\r\n.\r\n", 3);
    let mails = shared.maildir.mails().unwrap();
    assert_eq!(reply, format!("250 2.0.0 Taken, 18 bytes, kept as {}\r\n", mails[0].name));
    let mail = kept(&shared).remove(0);
    let begin = "Return-Path: <a@b>\nEnvelope-To: c@d\nReceived: from x ([127.0.0.1]) by mock (rncat) with ESMTP; ";
    assert!(mail.starts_with(begin) && mail.ends_with(" +0000\nSubject: x\n\n.y\n"), "{mail}");
    // Another one in the same session.
    assert_eq!(
        codes(&mut session, &["RCPT TO:<c@d>", "MAIL FROM:<>", "RCPT TO:<Postmaster>", "DATA", "."]),
        "503 250 250 354 250"
    );
    assert!(kept(&shared)[1].starts_with("Return-Path: <>\nEnvelope-To: Postmaster\nReceived: "));
    assert_eq!(codes(&mut session, &["QUIT"]), "221");
    assert!(session.is_over());
}

#[test]
fn ehlo_tells_what_there_is() {
    let shared = shared();
    let text = reply(&mut session(&shared), "EHLO x");
    assert_eq!(
        text,
        "250-mock Hello\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n\
         250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 HELP\r\n"
    );
    for (tls, may_encrypt) in [(true, false), (false, false)] {
        let client = Client { name: String::new(), tls, may_encrypt };
        assert!(!reply(&mut Smtp::new(Rc::clone(&shared), client), "EHLO x").contains("STARTTLS"));
    }
    assert_eq!(reply(&mut session(&shared), "HELO x"), "250 mock Hello\r\n");
}

#[test]
fn commands_that_need_no_ehlo() {
    answers(&["NOOP", "noop with words", "rSeT", "VRFY bob", "HELP data", "QUIT"], "250 250 250 252 214 221");
}

#[test]
fn names_of_hosts() {
    answers(
        &["EHLO", "EHLO a b", "HELO *", "EHLO my_pc", "HELO [127.0.0.1]", "EHLO [IPv6:::1]", "ehlo x  "],
        "501 501 501 250 250 250 250",
    );
}

#[test]
fn the_wrong_order_is_503_and_what_is_next_is_said() {
    let shared = shared();
    let mut session = session(&shared);
    for (line, wanted) in [
        ("MAIL FROM:<a@b>", "503 5.5.1 Not yet; EHLO client.example.org comes first\r\n"),
        ("RCPT TO:<c@d>", "503 5.5.1 Not yet; EHLO client.example.org comes first\r\n"),
        ("DATA", "503 5.5.1 Not yet; EHLO client.example.org comes first\r\n"),
        ("STARTTLS", "503 5.5.1 Not yet; EHLO client.example.org comes first\r\n"),
        ("AUTH PLAIN", "503 5.5.1 EHLO comes before AUTH\r\n"),
    ] {
        assert_eq!(reply(&mut session, line), wanted, "{line}");
    }
    reply(&mut session, "EHLO x");
    assert_eq!(reply(&mut session, "RCPT TO:<c@d>"), "503 5.5.1 Not yet; MAIL FROM:<me@example.org> is next\r\n");
    reply(&mut session, "MAIL FROM:<a@b>");
    assert_eq!(reply(&mut session, "DATA"), "503 5.5.1 Not yet; RCPT TO:<you@example.net> is next\r\n");
    assert_eq!(
        codes(&mut session, &["MAIL FROM:<a@b>", "AUTH PLAIN", "RCPT TO:<c@d>", "RSET", "DATA", "QUIT"]),
        "503 503 250 250 503 221"
    );
}

#[test]
fn ehlo_begins_again() {
    answers(&["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "EHLO x", "DATA"], "250 250 250 250 503");
}

#[test]
fn unknown_commands_are_500_and_known_ones_502() {
    answers(
        &["", "EHLOx", "MAKE COFFEE", " QUIT", "Subject: x", "A\tB", "é", "NOOP \u{202e}"],
        "500 500 500 500 500 500 500 500",
    );
    answers(&["EXPN list", "TURN", "BDAT 3 LAST", "ETRN x"], "502 502 502 502");
    let mut session = session(&shared());
    assert!(reply(&mut session, "Subject: x").contains("comes after DATA; EHLO client.example.org comes first"));
}

#[test]
fn arguments_where_none_belong_and_missing_ones() {
    answers(
        &["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA x", "RSET x", "QUIT x", "VRFY", "DATA"],
        "250 250 250 501 501 501 501 354",
    );
}

#[test]
fn wrong_addresses_are_told_how_they_are_written() {
    let shared = shared();
    let mut session = session(&shared);
    reply(&mut session, "EHLO x");
    assert_eq!(
        reply(&mut session, "MAIL FROM:a@b"),
        "501 5.1.7 Not an address: it belongs between < and >; it is written MAIL FROM:<me@example.org>\r\n"
    );
    assert_eq!(
        codes(&mut session, &["MAIL", "MAIL TO:<a@b>", "MAIL FROM:", "MAIL FROM:<a>", "MAIL FROM:<a@b> FOO"]),
        "501 501 501 501 555"
    );
    reply(&mut session, "MAIL FROM: <a@b> SIZE=1 BODY=8BITMIME");
    assert!(reply(&mut session, "RCPT TO:<c>").starts_with("501 5.1.3 Not an address: there is no @ in it; "));
    assert_eq!(
        codes(&mut session, &["RCPT TO:<>", "RCPT TO:<c@d> NOTIFY=NEVER", "RCPT TO:<å@d>", "RCPT TO:<postMASTER>"]),
        "501 555 553 250"
    );
}

#[test]
fn parameters_need_ehlo() {
    answers(&["HELO x", "MAIL FROM:<a@b> SIZE=1", "MAIL FROM:<a@b>"], "250 555 250");
}

#[test]
fn what_goes_beyond_ascii_has_to_be_asked_for() {
    let shared = shared();
    let mut session = session(&shared);
    let lines = ["EHLO x", "MAIL FROM:<å@b>", "MAIL FROM:<å@b> SMTPUTF8", "RCPT TO:<ø@d>", "DATA", "x", "."];
    assert_eq!(codes(&mut session, &lines), "250 553 250 250 354 250");
    assert!(kept(&shared)[0].contains("\nEnvelope-To: ø@d\n") && kept(&shared)[0].contains(" with UTF8SMTP; "));
}

#[test]
fn any_password_is_right() {
    let shared = shared();
    let mut session = session(&shared);
    assert_eq!(codes(&mut session, &["EHLO x", "AUTH PLAIN", "AGJvYgBz", "AUTH PLAIN"]), "250 334 235 503");
    assert_eq!(
        codes(&mut session, &["EHLO y", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "."]),
        "250 250 250 354 250"
    );
    assert!(kept(&shared)[0].contains(" from y ([127.0.0.1]) by mock (rncat) with ESMTPA; "));
    answers(&["EHLO x", "AUTH LOGIN", "Ym9i", "c2VjcmV0"], "250 334 334 235");
    answers(&["EHLO x", "AUTH PLAIN", "*", "AUTH PLAIN AGJvYgBz"], "250 334 501 235");
    answers(&["EHLO x", "AUTH PLAIN", "NOOP", "NOOP"], "250 334 501 250");
    answers(&["HELO x", "AUTH PLAIN"], "250 503");
    answers(&["EHLO x", "AUTH", "AUTH CRAM-MD5", "AUTH PLAIN Ym9i x", "AUTH PLAIN AGJvYgA="], "250 501 504 501 501");
    answers(&["EHLO x", "AUTH LOGIN =", "AUTH PLAIN =", "AUTH LOGIN Ym9i", ""], "250 501 501 334 235");
    let long = "A".repeat(RESPONSE);
    answers(&["EHLO x", "AUTH LOGIN", &long, &format!("AUTH LOGIN {}", "QUFB".repeat(2000))], "250 334 501 334");
    answers(&["EHLO x", "AUTH LOGIN", &format!("{long}AA"), "NOOP"], "250 334 500 250");
}

#[test]
fn starttls_forgets_what_was_said_in_clear() {
    let shared = shared();
    let mut session = session(&shared);
    assert_eq!(codes(&mut session, &["EHLO x", "AUTH PLAIN AGJvYgBz", "STARTTLS now"]), "250 235 501");
    assert!(!session.encrypts());
    assert_eq!(codes(&mut session, &["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "STARTTLS"]), "250 250 220");
    assert!(session.encrypts() && !session.encrypts());
    assert_eq!(codes(&mut session, &["DATA", "MAIL FROM:<a@b>", "EHLO x", "DATA", "STARTTLS"]), "503 503 250 503 503");
    assert!(!reply(&mut session, "EHLO x").contains("STARTTLS"));
    assert_eq!(codes(&mut session, &BEGIN[1..]), "250 250 354");
    reply(&mut session, ".");
    assert!(kept(&shared)[0].contains(" with ESMTPS; "), "{:?}", kept(&shared));
}

#[test]
fn starttls_is_refused_where_it_cannot_be() {
    let shared = shared();
    let client = Client { name: String::new(), tls: false, may_encrypt: false };
    let mut session_ = Smtp::new(Rc::clone(&shared), client);
    assert_eq!(codes(&mut session_, &["EHLO x", "STARTTLS"]), "250 454");
    assert!(!session_.encrypts());
    let mut injected = session(&shared);
    reply(&mut injected, "EHLO x");
    let replies = says(&mut injected, b"STARTTLS\r\nNOOP\r\n", usize::MAX);
    assert!(replies.starts_with("554 5.5.1 ") && replies.contains("\r\n250 ") && !injected.encrypts(), "{replies}");
}
