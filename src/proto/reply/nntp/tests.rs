//! Sessions, and what a server could do wrong.

use super::*;
use crate::proto::reply::{
    LINE,
    testing::{hear, play},
};
use proptest::prelude::*;

/// Plays a session after the greeting.
#[track_caller]
fn nntp(session: &str) -> Turn {
    play(&|| Box::new(Nntp::default()), &format!("S: 200 hi\n! success 200 hi\n{session}"))
}

#[test]
fn each_command_waits_for_the_reply_to_the_one_before() {
    let turn = nntp(
        "C: MODE READER
         S: 201 no posting
         ! success 201 no posting
         C: GROUP misc.test
         S: 211 1 1 1 misc.test
         ! success 211 1 1 1 misc.test
         C: STAT 9
         S: 423 none
         ! transient 423 none
         C: DATE
         S: 111 20260101000000
         ! success 111 20260101000000
         C: XYZZY
         S: 500 what?
         ! permanent 500 what?
         C: quit
         S: 205 bye
         ! success 205 bye
         END",
    );
    assert_eq!(turn, Turn::Line);
}

#[test]
fn some_codes_are_followed_by_lines_up_to_a_lone_dot() {
    let answers = [
        ("HELP", 100),
        ("CAPABILITIES", 101),
        ("LIST ACTIVE", 215),
        ("article 1", 220),
        ("HEAD 1", 221),
        ("BODY 1", 222),
        ("OVER 1-", 224),
        ("HDR Subject 1-", 225),
        ("NEWNEWS * 20260101 000000", 230),
        ("NEWGROUPS 20260101 000000", 231),
        ("LISTGROUP misc.test", 211),
    ];
    for (command, code) in answers {
        let turn = nntp(&format!(
            "C: {command}
             S: {code} here
             S: 500 is no reply
             S:
             S: ..
             S: .
             ! success {code} here
             C: {command}
             S: 412 no
             ! transient 412 no"
        ));
        assert_eq!(turn, Turn::Line);
    }
}

#[test]
fn an_article_is_said_when_it_is_asked_for() {
    for (command, wanted, taken) in [("POST", 340, 240), ("IHAVE <1@x>", 335, 235)] {
        let turn = nntp(&format!(
            "C: {command}
             S: {wanted} send it
             ! continue {wanted} send it
             M:
             S: {taken} thanks
             ! success {taken} thanks
             C: {command}
             S: {wanted} send it
             ! continue {wanted} send it
             M:
             S: 437 no
             ! transient 437 no"
        ));
        assert_eq!(turn, Turn::Line);
    }
}

#[test]
fn an_article_is_skipped_when_it_is_refused() {
    for refusal in ["transient 435 not wanted", "transient 480 who are you?", "permanent 502 no", "success 240 what?"] {
        let (_, line) = refusal.split_once(' ').unwrap();
        let turn = nntp(&format!("C: POST\nS: {line}\n! {refusal}\n-M:\nC: DATE"));
        assert_eq!(turn, Turn::Wait);
    }
}

#[test]
fn takethis_does_not_ask_first() {
    let turn =
        nntp("C: TAKETHIS <1@x>\nM:\nS: 439 no\n! transient 439 no\nC: TAKETHIS <2@x>\nM:\nS: 239 x\n! success 239 x");
    assert_eq!(turn, Turn::Line);
    assert_eq!(nntp("C: TAKETHIS <1@x>\ns: 500 what?\n! permanent 500 what?\n-M:"), Turn::Line);
}

#[test]
fn an_authentication_goes_back_and_forth() {
    let turn = nntp(
        "C: AUTHINFO USER bob
         S: 381 password?
         ! continue 381 password?
         C: AUTHINFO PASS POST
         S: 481 no
         ! transient 481 no
         C: AUTHINFO  sasl LOGIN
         S: 383 VXNlcm5hbWU6
         ! continue 383 VXNlcm5hbWU6
         C: POST
         S: 383 UGFzc3dvcmQ6
         ! continue 383 UGFzc3dvcmQ6
         C: QUIT
         CUT
         S: 281 in
         ! success 281 in",
    );
    assert_eq!(turn, Turn::Line, "\"POST\" was a name, and nothing is to be skipped");
}

#[test]
fn what_is_left_of_a_refused_authentication_is_not_said() {
    let turn = nntp(
        "C: AUTHINFO SASL PLAIN
         S: 483 not in clear
         ! transient 483 not in clear
         -C: AGJvYgBwYXNz
         -C: =
         C: capabilities
         S: 101 hi
         S: .
         ! success 101 hi
         C: AGJvYgBwYXNz",
    );
    assert_eq!(turn, Turn::Wait);
    for command in ["STARTTLS", "QUIT", "CAPABILITIES"] {
        nntp(&format!("C: AUTHINFO SASL PLAIN\nS: 483 no\n! transient 483 no\nC: {command}"));
    }
}

#[test]
fn quit_is_the_farewell_where_it_would_be_heard() {
    let quit = |steps: &[&str]| {
        let mut nntp = Nntp::default();
        nntp.greeted();
        for step in steps {
            match step.split_once(": ") {
                Some(("S", line)) => hear(&mut nntp, format!("{line}\r\n").as_bytes(), &[99]).1.unwrap(),
                _ => nntp.said(step.as_bytes()),
            }
        }
        nntp.farewell().is_some()
    };
    let mut refused = Nntp::default();
    refused.greeted();
    refused.said(b"POST");
    hear(&mut refused, b"440 no\r\n", &[99]).1.unwrap();
    refused.said(&refused.farewell().unwrap());
    assert!(refused.turn() == Turn::Wait && refused.may_end(), "its reply is awaited");
    for heard in [&[][..], &["DATE"], &["POST", "S: 440 no"], &["AUTHINFO SASL X", "S: 481 no"]] {
        assert!(quit(heard), "{heard:?}");
    }
    let others: [&[&str]; 6] = [
        &["POST"],
        &["POST", "S: 340 go on"],
        &["TAKETHIS <1@x>"],
        &["AUTHINFO SASL X", "S: 383 ="],
        &["quit"],
        &["S: 400 good night"],
    ];
    for other in others {
        assert!(!quit(other), "{other:?}");
    }
}

#[test]
fn an_end_owes_a_reply_except_to_quit() {
    assert_eq!(play(&|| Box::new(Nntp::default()), "CUT"), Turn::Wait);
    assert_eq!(nntp("C: HELP\nS: 100 here\nS: and so on\nCUT"), Turn::Wait);
    assert_eq!(nntp("C: QUIT\nEND"), Turn::Wait);
    assert_eq!(nntp("s: 400 good night\n! transient 400 good night\nEND"), Turn::Line);
    assert_eq!(nntp("s: 400 good night\n! transient 400 good night\nC: DATE\nCUT"), Turn::Wait);
}

#[test]
fn no_block_follows_where_none_was_asked_for() {
    let turn = play(&|| Box::new(Nntp::default()), "S: 220 mail?\n! success 220 mail?\ns: 100 x\n! success 100 x");
    assert_eq!(turn, Turn::Line);
}

#[test]
fn what_is_no_reply_is_an_error_that_names_it() {
    for wrong in ["99 x", "2000 x", "200-x", "+OK", "", "\0\0\0\0"] {
        let (replies, result) = hear(&mut Nntp::default(), format!("{wrong}\r\n200 x\r\n").as_bytes(), &[3]);
        assert!(replies.is_empty() && result.is_err(), "{wrong:?}");
    }
    let (replies, result) = hear(&mut Nntp::default(), b"200 hi\r\n\xff\x1b\r\n", &[99]);
    assert_eq!(result.unwrap_err().to_string(), "the reply: \"\\xff\\u{1b}\" is no reply of NNTP");
    assert_eq!(replies.len(), 1, "what came before it is told");
    assert!(hear(&mut Nntp::default(), &[b'2'; LINE + 1], &[1000]).1.is_err(), "a line that never ends");
}

#[test]
fn a_block_may_hold_anything_and_never_end() {
    let mut nntp = Nntp::default();
    nntp.greeted();
    nntp.said(b"ARTICLE 1");
    let line = [&[0xff, 0], &[b'x'; 3 * LINE][..], b"\r\n"].concat();
    let block = [&b"220 x\r\n"[..], &line.repeat(5)].concat();
    assert_eq!(hear(&mut nntp, &block, &[999]), (Vec::new(), Ok(())));
    assert_eq!(nntp.turn(), Turn::Wait);
    let whole = Reply { kind: Kind::Success, line: b"220 x".to_vec(), unless: None };
    assert_eq!(hear(&mut nntp, b".\r\n", &[1]), (vec![whole], Ok(())));
    assert_eq!(nntp.turn(), Turn::Line);
}

proptest! {
    #[test]
    fn replies_in_any_pieces_are_the_same(
        lines in prop::collection::vec(
            prop_oneof!["(200|211|220|340|383|500) [a\0\u{fc}]{0,3}\r?\n", "\\.\r?\n", "[2 .]{0,4}\n"], 0..8),
        command in prop_oneof!["ARTICLE", "LISTGROUP", "POST", "QUIT", "TAKETHIS x", "AUTHINFO SASL X"],
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let bytes = lines.concat().into_bytes();
        let outcome = |sizes: &[usize]| {
            let mut nntp = Nntp::default();
            nntp.greeted();
            nntp.said(command.as_bytes());
            (hear(&mut nntp, &bytes, sizes), nntp.turn())
        };
        prop_assert_eq!(outcome(&sizes), outcome(&[usize::MAX]));
    }

    #[test]
    fn nothing_panics(steps in prop::collection::vec((0u8..4, prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
        let mut nntp = Nntp::default();
        for (step, bytes) in steps {
            match step {
                0 => nntp.said(&bytes),
                1 => nntp.said_message(),
                2 => nntp.peek(&bytes),
                _ => _ = nntp.heard(&bytes, &mut Vec::new()),
            }
            let _ = (nntp.turn(), nntp.may_end(), nntp.farewell());
        }
    }
}
