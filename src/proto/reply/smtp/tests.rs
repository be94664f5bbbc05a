//! Sessions, and what a server could do wrong.

use super::*;
use crate::proto::reply::testing::{hear, play};
use proptest::prelude::*;

#[track_caller]
fn smtp(session: &str) -> Turn {
    play(&|| Box::new(Smtp::new()), session)
}

#[track_caller]
fn lmtp(session: &str) -> Turn {
    play(&|| Box::new(Smtp::lmtp()), session)
}

#[test]
fn a_message_is_said_after_354_and_a_reply_may_have_many_lines() {
    let turn = smtp(
        "S: 220-mail.example ESMTP
         S: 220 at your service
         ! success 220-mail.example ESMTP
         C: STARTTLS
         S: 220 go ahead
         ! success 220 go ahead
         C: EHLO me
         S: 250-mail.example
         S: 250-SIZE
         S: 250
         ! success 250-mail.example
         C: MAIL FROM:<a@example>
         S: 250 ok
         ! success 250 ok
         C: RCPT TO:<b@example>
         S: 450 later
         ! transient 450 later
         C: data
         S: 354 go on
         ! continue 354 go on
         M:
         S: 250 queued
         ! success 250 queued
         C: QUIT
         S: 221 bye
         ! success 221 bye
         END",
    );
    assert_eq!(turn, Turn::Line);
}

#[test]
fn a_message_is_skipped_unless_data_is_answered_with_354() {
    for refusal in ["transient 421 bye", "permanent 554 no valid recipients", "success 250 what?"] {
        let (_, line) = refusal.split_once(' ').unwrap();
        let session = format!("S: 220 hi\n! success 220 hi\nC: DATA\nS: {line}\n! {refusal}\n-M:\nC: NOOP");
        assert_eq!(smtp(&session), Turn::Wait);
    }
}

#[test]
fn what_goes_on_with_auth_is_no_command() {
    let turn = smtp(
        "S: 220 hi
         ! success 220 hi
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         ! continue 334 VXNlcm5hbWU6
         C: DATA
         S: 334 UGFzc3dvcmQ6
         ! continue 334 UGFzc3dvcmQ6
         C: QUIT
         S: 535 no
         ! permanent 535 no",
    );
    assert_eq!(turn, Turn::Line, "\"DATA\" was a name, and nothing is to be skipped");
}

#[test]
fn what_is_left_of_a_refused_authentication_is_not_said() {
    let turn = smtp(
        "S: 220 hi
         ! success 220 hi
         C: AUTH LOGIN
         S: 504 unknown
         ! permanent 504 unknown
         -C: Ym9i
         -C: cGFzc3dvcmQ=
         C: QUIT",
    );
    assert_eq!(turn, Turn::Wait);
    for command in ["DATA", "starttls", "EHLO me", "NOOP", "MAIL FROM:<>"] {
        smtp(&format!("S: 220 hi\n! success 220 hi\nC: AUTH PLAIN\nS: 535 no\n! permanent 535 no\nC: {command}"));
    }
    assert_eq!(smtp("S: 220 hi\n! success 220 hi\nC: cGFzc3dvcmQ="), Turn::Wait, "nothing was refused");
}

#[test]
fn only_auth_and_data_are_gone_on_with() {
    for code in [334, 354] {
        let turn = smtp(&format!(
            "S: 220 hi\n! success 220 hi\nC: NOOP\nS: {code} x\n! continue {code} x\nC: DATA\nS: 503 no\n! permanent 503 no"
        ));
        assert_eq!(turn, Turn::Skip, "DATA is a command");
    }
}

#[test]
fn chunks_are_counted() {
    let turn = smtp(
        "S: 220 hi
         ! success 220 hi
         C: BDAT 10
         B: 10
         S: 250 ok
         ! success 250 ok
         C: bdat 0 last
         S: 250 queued
         ! success 250 queued
         C: BDAT 18446744073709551616
         S: 501 too large
         ! permanent 501 too large
         C: BDAT +1
         S: 501 no number
         ! permanent 501 no number
         C: BDAT 1 LAST
         B: 1",
    );
    assert_eq!(turn, Turn::Wait);
}

#[test]
fn a_chunk_that_is_refused_is_counted_all_the_same() {
    let turn = smtp(
        "S: 220 hi
         ! success 220 hi
         C: EHLO me
         S: 250-hi
         S: 250-CHUNKING
         S: 250 SIZE
         ! success 250-hi
         C: BDAT 10
         s: 552 too large
         ! permanent 552 too large
         B: 10
         C: BDAT 10 LAST
         B: 10
         S: 503 no
         ! permanent 503 no",
    );
    assert_eq!(turn, Turn::Line);
}

#[test]
fn a_chunk_is_held_until_a_server_that_has_not_offered_chunking_has_answered() {
    for hello in [
        "C: EHLO me\nS: 250-CHUNKING.example\nS: 250 SIZE\n! success 250-CHUNKING.example",
        "C: HELO me\nS: 250 x\n! success 250 x",
    ] {
        let turn = smtp(&format!(
            "S: 220 hi
             ! success 220 hi
             {hello}
             C: BDAT 10 LAST
             S: 502 what?
             ! permanent 502 what?
             -B: 10
             C: BDAT 0 LAST
             S: 502 what?
             ! permanent 502 what?
             C: BDAT 10
             S: 354 go on
             ! continue 354 go on
             B: 10
             S: 250 ok
             ! success 250 ok"
        ));
        assert_eq!(turn, Turn::Line);
    }
}

#[test]
fn lmtp_answers_once_for_each_recipient_it_has_accepted() {
    let turn = lmtp(
        "S: 220 hi
         ! success 220 hi
         C: LHLO me
         S: 250-hi
         S: 250 chunking
         ! success 250-hi
         C: RCPT TO:<a>
         S: 250 ok
         ! success 250 ok
         C: RSET
         S: 250 ok
         ! success 250 ok
         C: RCPT TO:<b>
         S: 250 ok
         ! success 250 ok
         C: RCPT TO:<c>
         S: 550 no
         ! permanent 550 no
         C: RCPT TO:<d>
         S: 250 ok
         ! success 250 ok
         C: DATA
         S: 354 go on
         ! continue 354 go on
         M:
         S: 250 b has it
         ! success 250 b has it
         S: 452 d is full
         ! transient 452 d is full
         C: MAIL FROM:<a>
         S: 250 ok
         ! success 250 ok
         C: RCPT TO:<e>
         S: 250 ok
         ! success 250 ok
         C: RCPT TO:<f>
         S: 250 ok
         ! success 250 ok
         C: BDAT 5
         B: 5
         S: 250 more
         ! success 250 more
         C: BDAT 5 LAST
         B: 5
         S: 250 e
         ! success 250 e
         S: 250 f
         ! success 250 f",
    );
    assert_eq!(turn, Turn::Line);
}

#[test]
fn lmtp_refuses_a_command_once_and_a_message_for_each_recipient() {
    let accepted = "C: RCPT TO:<a>\nS: 250 ok\n! success 250 ok\n".repeat(2);
    let begin = format!("S: 220 hi\n! success 220 hi\n{accepted}");
    let refused = "S: 503 no\n! permanent 503 no\n";
    assert_eq!(lmtp(&format!("{begin}C: BDAT 1 LAST\nB: 1\n{refused}")), Turn::Line);
    let early = "s: 503 no\n! permanent 503 no\n";
    assert_eq!(lmtp(&format!("{begin}C: BDAT 1 LAST\n{early}B: 1")), Turn::Line);
    let full = "S: 552 full\n! permanent 552 full\n";
    assert_eq!(lmtp(&format!("{begin}C: BDAT 1 LAST\nB: 1\n{full}")), Turn::Wait);
    assert_eq!(lmtp(&format!("{begin}C: BDAT 1 LAST\nB: 1\n{full}{full}")), Turn::Line);
    // A second MAIL is refused, and so forgets nothing.
    let message = "C: DATA\nS: 354 go\n! continue 354 go\nM:\n";
    assert_eq!(lmtp(&format!("{begin}C: MAIL\n{refused}{message}{refused}")), Turn::Wait);
    assert_eq!(lmtp(&format!("{begin}C: MAIL\n{refused}{message}{refused}{refused}")), Turn::Line);
}

#[test]
fn an_lmtp_server_that_leaves_answers_no_more() {
    let accepted = "C: RCPT TO:<a>\nS: 250 ok\n! success 250 ok\n".repeat(2);
    let turn = lmtp(&format!(
        "S: 220 hi\n! success 220 hi\n{accepted}C: DATA\nS: 354 go\n! continue 354 go\nM:\nS: 421 a\n! transient 421 a"
    ));
    assert_eq!(turn, Turn::Line);
}

#[test]
fn a_refused_ehlo_is_excused_by_helo() {
    let unless = |mut smtp: Smtp, reply: &[u8]| {
        smtp.greeted();
        smtp.said(b"EHLO me");
        hear(&mut smtp, reply, &[99]).0[0].unless
    };
    assert_eq!(unless(Smtp::new(), b"502 what?\r\n"), Some("HELO"));
    assert_eq!(unless(Smtp::new(), b"421 bye\r\n"), None);
    assert_eq!(unless(Smtp::new(), b"250 hi\r\n"), None);
    assert_eq!(unless(Smtp::lmtp(), b"500 what?\r\n"), None);
}

#[test]
fn quit_is_the_farewell_where_it_would_be_heard() {
    let mut smtp = Smtp::new();
    assert_eq!(smtp.farewell().unwrap(), b"QUIT");
    smtp.greeted();
    smtp.said(b"BDAT 5");
    assert_eq!(smtp.farewell(), None);
    smtp.said_bytes(5);
    assert!(smtp.farewell().is_some());
    hear(&mut smtp, b"421 bye\r\n", &[99]).1.unwrap();
    assert_eq!(smtp.farewell(), None, "the server has said it");
    for (command, reply) in [("DATA", "354 go on"), ("AUTH LOGIN", "334 x")] {
        let mut smtp = Smtp::new();
        smtp.greeted();
        smtp.said(command.as_bytes());
        assert_eq!(smtp.farewell(), None, "it could be taken for data");
        hear(&mut smtp, format!("{reply}\r\n").as_bytes(), &[99]).1.unwrap();
        assert_eq!(smtp.farewell(), None, "it would be taken for data");
    }
    for (command, refusal) in [("DATA", "554 no"), ("HELO x\r\nBDAT 5", "502 what?")] {
        let mut smtp = Smtp::new();
        for command in command.lines() {
            smtp.greeted();
            smtp.said(command.as_bytes());
        }
        hear(&mut smtp, format!("{refusal}\r\n").as_bytes(), &[99]).1.unwrap();
        assert!(matches!(smtp.turn(), Turn::Skip | Turn::SkipBytes(5)));
        smtp.said(&smtp.farewell().unwrap());
        assert!(smtp.turn() == Turn::Wait && smtp.may_end(), "its reply is awaited");
    }
    let mut smtp = Smtp::new();
    smtp.greeted();
    smtp.said(b"quit");
    assert_eq!(smtp.farewell(), None, "it has been said");
}

#[test]
fn an_end_owes_a_reply_except_to_quit() {
    assert_eq!(smtp("CUT"), Turn::Wait);
    assert_eq!(smtp("S: 220 hi\n! success 220 hi\nC: MAIL\nCUT"), Turn::Wait);
    assert_eq!(smtp("S: 220 hi\n! success 220 hi\nC: QUIT\nEND"), Turn::Wait);
    assert_eq!(smtp("S: 220 hi\n! success 220 hi\nC: NOOP\nS: 421 bye\n! transient 421 bye\nEND"), Turn::Line);
    assert_eq!(smtp("S: 220 hi\n! success 220 hi\ns: 421 bye\n! transient 421 bye\nC: NOOP\nCUT"), Turn::Wait);
}

#[test]
fn a_reply_that_nobody_asked_for_changes_no_turn() {
    let turn = smtp("S: 220 hi\n! success 220 hi\ns: 421 too long\n! transient 421 too long");
    assert_eq!(turn, Turn::Line);
}

#[test]
fn what_is_no_reply_is_an_error_that_names_it() {
    for wrong in ["99 x", "2500 x", "hello", "250-a\r\n\r\n250 b", "\0\0\0\0"] {
        let error = hear(&mut Smtp::new(), format!("{wrong}\r\n").as_bytes(), &[3]).1.unwrap_err();
        assert!(error.to_string().ends_with("is no reply of SMTP"), "{error}");
    }
    let mut replies = Vec::new();
    let error = Smtp::lmtp().heard(b"220 hi\r\n\xff\r\n", &mut replies).unwrap_err();
    assert_eq!(error.to_string(), "the reply: \"\\xff\" is no reply of LMTP");
    assert_eq!(replies.len(), 1, "what came before it is told");
}

#[test]
fn the_last_code_counts_where_they_differ() {
    let replies = hear(&mut Smtp::new(), b"220-hi\r\n554 no\r\n", &[99]).0;
    assert_eq!((replies[0].kind, replies[0].line.as_slice()), (Kind::Permanent, &b"554 no"[..]));
}

#[test]
fn a_reply_without_end_takes_no_memory_and_is_an_error_in_time() {
    let mut smtp = Smtp::new();
    let lines = b"220-and so on\r\n".repeat(1000);
    for _ in 0..60 {
        assert_eq!(hear(&mut smtp, &lines, &[usize::MAX]), (Vec::new(), Ok(())));
    }
    assert_eq!(smtp.first.as_ref().map(|(_, line)| line.len()), Some(13));
    assert_eq!(smtp.turn(), Turn::Wait);
    let error = hear(&mut smtp, &lines.repeat(15), &[1000]).1.unwrap_err();
    assert_eq!(error.to_string(), "the reply: it is longer than 1 MiB");
    assert!(hear(&mut smtp, &[b'2'; super::super::LINE + 1], &[1000]).1.is_err());
}

proptest! {
    #[test]
    fn replies_in_any_pieces_are_the_same(
        lines in prop::collection::vec(prop_oneof!["(220|250|354|550)[ -][a\0\u{fc}]{0,3}\r?\n", "[2 -]{0,4}\n"], 0..8),
        command in prop_oneof!["EHLO", "DATA", "RCPT", "AUTH", "QUIT", "BDAT 3 LAST"],
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let bytes = lines.concat().into_bytes();
        let outcome = |sizes: &[usize]| {
            let mut smtp = Smtp::lmtp();
            smtp.greeted();
            smtp.said(command.as_bytes());
            (hear(&mut smtp, &bytes, sizes), smtp.turn())
        };
        prop_assert_eq!(outcome(&sizes), outcome(&[usize::MAX]));
    }

    #[test]
    fn nothing_panics(steps in prop::collection::vec((0u8..5, prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
        let mut smtp = Smtp::lmtp();
        for (step, bytes) in steps {
            match step {
                0 => smtp.said(&bytes),
                1 => smtp.said_message(),
                2 => smtp.said_bytes(bytes.len() as u64),
                3 => smtp.peek(&bytes),
                _ => _ = smtp.heard(&bytes, &mut Vec::new()),
            }
            let _ = (smtp.turn(), smtp.may_end(), smtp.farewell());
        }
    }
}
