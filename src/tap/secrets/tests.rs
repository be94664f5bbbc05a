//! Whole sessions, line by line.

use super::*;

/// The client's lines of a session, `{masked}` in place of what is secret. Lines begin with `C: ` or `S: `.
fn shown(session: &[&str]) -> Vec<String> {
    let (mut secrets, mut shown, mut last) = (Secrets::new(), Vec::new(), "");
    for said in session {
        let (side, line) = said.split_at(3);
        if side == "C: " {
            if last == "S: " {
                secrets.client_speaks(b"");
            }
            shown.push(match secrets.secret_from(line.as_bytes()) {
                Some(from) if from < line.len() => format!("{}{{masked}}", &line[..from]),
                _ => line.to_owned(),
            });
            let counted = secrets.message_bytes();
            if counted == 0 {
                secrets.client_said(format!("{line}\r\n").as_bytes());
            } else {
                secrets.passed(line.len() as u64 + 2);
            }
        } else {
            if last == "C: " {
                assert!(!secrets.server_speaks(b""));
            }
            secrets.server_said(line.as_bytes());
        }
        last = side;
    }
    shown
}

/// Nothing of the session is shown that has "secret" in it, and all else is.
#[track_caller]
fn hides_the_secret(session: &[&str]) {
    let said = session.iter().filter_map(|line| line.strip_prefix("C: "));
    for (shown, said) in shown(session).iter().zip(said) {
        let secret = said.to_lowercase().contains("secret");
        assert_eq!(shown.ends_with("{masked}"), secret, "{said} is shown as {shown}");
        assert!(!shown.to_lowercase().contains("secret"), "{shown}");
    }
}

#[test]
fn answers_to_challenges_are_secret_until_the_exchange_ends() {
    hides_the_secret(&[
        "S: 220 hi",
        "C: EHLO me",
        "S: 250-a",
        "S: 250 AUTH",
        "C: AUTH LOGIN",
        "S: 334 VXNlcm5hbWU6",
        "C: usersecret",
        "S: 334 UGFzc3dvcmQ6",
        "C: not even base64, a secret",
        "S: 235 ok",
        "C: MAIL FROM:<a>",
        "S: 250 ok",
        "C: VRFY",
    ]);
    hides_the_secret(&[
        "S: +OK hi",
        "C: AUTH CRAM-MD5",
        "S: + PDE4>",
        "C: a secret",
        "S: +OK in",
        "C: STAT",
        "C: LIST",
    ]);
    hides_the_secret(&[
        "S: * OK hi",
        "C: a1 AUTHENTICATE PLAIN",
        "S: + ",
        "S: * still here",
        "C: asecret",
        "S: a1 OK",
        "C: a2 IDLE",
        "S: + idling",
        "C: DONE",
    ]);
    hides_the_secret(&["S: 200 hi", "C: AUTHINFO SASL PLAIN", "S: 383 =", "C: asecret", "S: 281 in", "C: GROUP a"]);
}

#[test]
fn who_gives_up_says_no_secret() {
    hides_the_secret(&["S: 220 hi", "C: AUTH LOGIN", "S: 334 x", "C: *", "S: 501 so be it", "C: NOOP x"]);
}

#[test]
fn who_does_not_wait_for_the_challenge_is_not_given_away() {
    hides_the_secret(&[
        "C: EHLO me",
        "C: AUTH LOGIN",
        "C: usersecret=",
        "S: 220 hi",
        "S: 250 me",
        "C: secret==",
        "S: 334 a",
        "S: 334 b",
        "S: 235 in",
        "C: MAIL FROM:<a>",
        "C: word",
    ]);
    hides_the_secret(&[
        "C: CAPA",
        "C: AUTH PLAIN",
        "S: +OK hi",
        "S: +OK list",
        "S: .",
        "C: secret",
        "S: + ",
        "S: +OK in",
    ]);
    hides_the_secret(&["C: EHLO me", "C: AUTH PLAIN secret", "C: MAIL FROM:<a>", "C: RSET", "C: QUIT"]);
}

#[test]
fn a_challenge_may_have_no_text() {
    hides_the_secret(&["S: 220 hi", "C: AUTH LOGIN", "S: 334", "C: a secret!", "S: 334", "C: a secret?", "S: 235"]);
    hides_the_secret(&["S: 200 hi", "C: AUTHINFO SASL LOGIN", "S: 383", "C: a secret!", "S: 281", "C: GROUP a"]);
}

#[test]
fn nobody_is_challenged_who_has_not_begun() {
    hides_the_secret(&["S: +OK hi", "C: RETR 1", "S: +OK", "S: 334 items", "S: + more", "S: .", "C: DELE 1"]);
}

#[test]
fn ircs_exchange_is_over_when_a_numeric_says_so() {
    hides_the_secret(&[
        "C: AUTHENTICATE PLAIN",
        "S: AUTHENTICATE +",
        "C: AUTHENTICATE asecret",
        "S: :s 903 me :in",
        "C: MOTD",
    ]);
}

#[test]
fn imaps_exchange_is_over_when_its_own_reply_says_so() {
    hides_the_secret(&["C: a1 NOOP", "C: a2 AUTHENTICATE PLAIN", "S: a1 OK", "C: secret", "S: a2 NO", "C: word"]);
}

#[test]
fn login_goes_on_behind_a_literal() {
    assert_eq!(
        shown(&["C: a1 LOGIN {4}", "S: + go", "C: user {6}", "S: + go", "C: secret", "S: a1 OK", "C: a2 SELECT x"]),
        ["a1 LOGIN {4}", "{masked}", "{masked}", "a2 SELECT x"]
    );
    assert_eq!(
        shown(&["C: a1 LOGIN user {6+}", "C: secret", "C: a2 SELECT x"]),
        ["a1 LOGIN user {masked}", "{masked}", "a2 SELECT x"]
    );
    assert_eq!(
        shown(&["C: a1 LOGIN {4}", "S: a1 BAD no", "C: a2 AUTHENTICATE PLAIN", "S: + ", "C: secret"]),
        ["a1 LOGIN {4}", "{masked}", "{masked}"],
        "nobody knows whether it goes on"
    );
    assert_eq!(
        shown(&["S: OK hi", "C: AUTHENTICATE \"PLAIN\" {8+}", "C: c2VjcmV0", "S: OK", "C: LOGOUT"])[1..],
        ["{masked}", "LOGOUT"]
    );
}

#[test]
fn managesieves_challenges_are_strings() {
    hides_the_secret(&[
        "S: OK hi",
        "C: AUTHENTICATE \"SCRAM-SHA-256\"",
        "S: \"cg==\"",
        "C: \"asecret\"",
        "S: OK in",
        "C: LISTSCRIPTS",
        "S: \"main\"",
        "S: OK",
        "C: GETSCRIPT \"main\"",
    ]);
}

#[test]
fn messages_are_not_searched() {
    let mail = ["C: Authorization: x y", "C: PASS the salt", "C: .."];
    let smtp = [&["S: 220 hi", "C: MAIL FROM:<a>", "C: DATA", "S: 250 ok", "S: 354 go"][..], &mail].concat();
    assert_eq!(shown(&smtp)[2..], mail.map(|line| line[3..].to_owned()));
    let over = [&smtp[..], &["C: .", "S: 250 ok", "C: PASS x"]].concat();
    assert_eq!(shown(&over).last().unwrap(), "PASS {masked}");
    assert_eq!(
        shown(&["C: POST", "S: 340 go", "C: PASS x", "C: .", "C: PASS x"])[1..],
        ["PASS x", ".", "PASS {masked}"]
    );
    assert_eq!(shown(&["C: BDAT 8 LAST", "C: PASS x", "C: PASS x"])[1..], ["PASS x", "PASS {masked}"]);
    assert_eq!(shown(&["C: a1 APPEND x {8}", "S: + go", "C: PASS x", "C: PASS x"])[1..], ["PASS x", "PASS {masked}"]);
    assert_eq!(shown(&["C: PUTSCRIPT \"a\" {8+}", "C: PASS x", "C: PASS x"])[1..], ["PASS x", "PASS {masked}"]);
}

#[test]
fn what_the_server_does_not_want_is_no_message() {
    assert_eq!(shown(&["C: DATA", "S: 503 no", "C: PASS x"])[1..], ["PASS {masked}"]);
    assert_eq!(shown(&["C: DATA", "C: NOOP", "S: 354 late", "C: PASS x"])[2..], ["PASS {masked}"]);
    assert_eq!(shown(&["C: BDAT 99", "S: 503 no", "C: PASS x"])[1..], ["PASS {masked}"]);
    assert_eq!(
        shown(&["C: a1 APPEND x {8}", "S: a1 NO", "C: a2 AUTHENTICATE PLAIN", "S: + ", "C: asecret"])[2..],
        ["{masked}"]
    );
    assert_eq!(shown(&["C: a1 APPEND x {8}", "C: PASS x"])[1..], ["PASS {masked}"], "it does not wait");
}

#[test]
fn a_field_may_go_on_in_the_next_line() {
    assert_eq!(
        shown(&["C: GET / HTTP/1.1", "C: Cookie: a", "C:  b", "C: \tc", "C: Host: x", "C:  y"])[1..],
        ["Cookie: {masked}", "{masked}", "{masked}", "Host: x", " y"]
    );
}

#[test]
fn a_prompt_for_a_password_makes_the_next_line_secret() {
    let mut secrets = Secrets::new();
    secrets.client_speaks(b"login: ");
    assert_eq!(secrets.secret_from(b"me"), None);
    secrets.client_said(b"me");
    secrets.client_speaks(b"Password for me: ");
    assert_eq!(secrets.secret_from(b"any"), Some(0));
    secrets.client_said(b"any");
    secrets.server_said(b"Password for me: ");
    assert_eq!(secrets.secret_from(b"ls"), None);
}

#[test]
fn socks_and_xmpp_have_no_lines() {
    let mut secrets = Secrets::new();
    let (greeting, password) = (b"\x05\x02\0\x02", b"\x01\x02me\x06secret");
    assert_eq!(secrets.secret_from(greeting), Some(4));
    assert_eq!(secrets.secret_from(&[&greeting[..], password].concat()), Some(4), "it does not wait");
    assert!(secrets.server_speaks(greeting));
    secrets.client_speaks(b"\x05\x02");
    assert_eq!(secrets.secret_from(password), Some(0));
    assert!(secrets.server_speaks(password));
    secrets.client_speaks(b"\x01\0");
    assert_eq!(secrets.secret_from(b"\x05\x01\0\x01"), None);

    let mut secrets = Secrets::new();
    assert_eq!(secrets.secret_from(b"\x05\x01\0"), None, "no password is offered");
    assert!(!secrets.server_speaks(b"\x05\x01\0"));
    assert!(secrets.server_speaks(b"<stream:stream>") && !secrets.server_speaks(b"<str"));
    assert!(!secrets.server_speaks(b"<auth mechanism='PLAIN'>") && secrets.server_speaks(b"<auth/>"));
}
