use super::*;
use crate::proto::reply::{
    LINE,
    testing::{hear, play},
};
use proptest::prelude::*;

#[track_caller]
fn ends(session: &str, turn: Turn) {
    assert_eq!(play(&|| Box::new(Pop3::default()), session), turn, "{session}");
}

#[test]
fn each_command_waits_for_the_reply_to_the_one_before() {
    ends(
        "S: +OK ready
         ! success +OK ready
         C: USER bob
         S: +OK
         ! success +OK
         C: PASS x
         S: -ERR [AUTH] no
         ! permanent -ERR [AUTH] no
         C: quit
         S: +OK bye
         ! success +OK bye
         END",
        Turn::Line,
    );
    ends("S: -ERR busy\n ! permanent -ERR busy", Turn::Line);
}

#[test]
fn some_commands_are_answered_with_lines() {
    for command in ["LIST", "list ", "UIDL", "RETR 1", "TOP 1 10", "CAPA", "AUTH", "LANG"] {
        let session = format!(
            "S: +OK
             ! success +OK
             C: {command}
             S: +OK some
             S: ..
             S: +OK of the message
             S:
             S: .
             ! success +OK some
             C: {command}
             S: -ERR none
             ! permanent -ERR none"
        );
        ends(&session, Turn::Line);
    }
    for command in ["LIST 1", "UIDL 1", "STAT", "DELE 1", "XTND", "", "LISTX", "LANG de"] {
        ends(&format!("S: +OK\n ! success +OK\n C: {command}\n S: +OK 1 2\n ! success +OK 1 2"), Turn::Line);
    }
}

#[test]
fn an_authentication_goes_back_and_forth() {
    ends(
        "S: +OK
         ! success +OK
         C: AUTH LOGIN
         S: + VXNlcm5hbWU6
         ! continue + VXNlcm5hbWU6
         C: Ym9i
         S: +
         ! continue +
         C: cGFzcw==
         S: +OK in
         ! success +OK in
         C: STAT",
        Turn::Wait,
    );
}

#[test]
fn what_is_left_of_a_refused_authentication_is_not_said() {
    ends(
        "S: +OK
         ! success +OK
         C: AUTH PLAIN
         S: -ERR unknown
         ! permanent -ERR unknown
         -C: AGJvYgBwYXNz
         -C:
         C: STAT
         S: +OK
         ! success +OK
         C: AGJvYgBwYXNz",
        Turn::Wait,
    );
}

#[test]
fn a_greeting_may_have_been_heard_before() {
    let mut pop3 = Pop3::default();
    assert_eq!(pop3.turn(), Turn::Wait);
    pop3.greeted();
    assert_eq!(pop3.turn(), Turn::Line);
}

#[test]
fn quit_is_the_farewell_unless_it_was_said() {
    let mut pop3 = Pop3::default();
    assert_eq!(pop3.farewell(), None);
    pop3.greeted();
    assert_eq!(pop3.farewell().as_deref(), Some(&b"QUIT"[..]));
    pop3.said(b"quit");
    hear(&mut pop3, b"-ERR some are left\r\n", &[99]).1.unwrap();
    assert_eq!(pop3.farewell(), None);
}

#[test]
fn a_reply_to_nothing_is_a_reply_all_the_same() {
    ends("S: +OK\n ! success +OK\n s: -ERR too slow\n ! permanent -ERR too slow", Turn::Line);
    ends("S: +OK\n ! success +OK\n C: AUTH X\n S: +\n ! continue +\n s: -ERR slow\n ! permanent -ERR slow", Turn::Line);
    ends("S: +OK\n ! success +OK\n C: STAT\n CUT", Turn::Wait);
    ends("S: +OK\n ! success +OK\n C: QUIT\n END", Turn::Wait);
}

/// What is heard after RETR.
fn retrieved(bytes: &[u8], sizes: &[usize]) -> (Vec<Reply>, Result<()>, Turn) {
    let mut pop3 = Pop3::default();
    pop3.greeted();
    pop3.said(b"RETR 1");
    let (replies, result) = hear(&mut pop3, bytes, sizes);
    (replies, result, pop3.turn())
}

#[test]
fn what_is_no_reply_is_an_error() {
    for bad in [&b"220 mail\r\n"[..], b"\r\n", b"+OKAY\r\n", b"+ go on\r\n", b"\0\r\n", b"* OK\r\n", &[b'+'; LINE + 1]]
    {
        assert!(retrieved(bad, &[1000]).1.is_err(), "{bad:?}");
    }
    let error = retrieved(b"\xff\x1b\r\n", &[1]).1.unwrap_err();
    assert_eq!(error.to_string(), "the reply: \"\\xff\\u{1b}\" is no reply of POP3");
}

#[test]
fn a_message_may_hold_anything_and_never_end() {
    let line = [&[0xff, 0], &[b'x'; 3 * LINE][..], b"\r\n"].concat();
    let message = [&b"+OK\r\n"[..], &line, &line, b".\r\n"].concat();
    let (replies, result, turn) = retrieved(&message, &[999]);
    assert_eq!((replies.len(), result, turn), (1, Ok(()), Turn::Line));
    let (replies, result, turn) = retrieved(&message[..message.len() - 3].repeat(10), &[999]);
    assert_eq!((replies.len(), result, turn), (0, Ok(()), Turn::Wait));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(
        parts in prop::collection::vec(prop_oneof![Just("+OK x\r\n"), Just("-ERR\r\n"), Just(".\r\n"), Just("+\r\n"), Just("\n"), Just("a"), Just("\r")], 0..9),
        sizes in prop::collection::vec(1usize..9, 1..5),
    ) {
        let bytes = parts.concat().into_bytes();
        prop_assert_eq!(retrieved(&bytes, &sizes), retrieved(&bytes, &[999]));
    }
}
