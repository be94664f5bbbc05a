use super::*;
use crate::proto::reply::{
    LINE,
    testing::{hear, play},
};
use proptest::prelude::*;

/// A session behind a greeting.
#[track_caller]
fn ends(session: &str, turn: Turn) {
    let session = format!("S: * OK hi\n ! success * OK hi\n {session}");
    assert_eq!(play(&|| Box::new(Imap::default()), &session), turn, "{session}");
}

#[test]
fn there_are_three_greetings() {
    for (greeting, kind) in [("OK IMAP4rev2", "success"), ("PREAUTH in", "success"), ("BYE busy", "permanent")] {
        let session = format!("S: * {greeting}\n ! {kind} * {greeting}");
        assert_eq!(play(&|| Box::new(Imap::default()), &session), Turn::Line, "{session}");
    }
    for bad in ["* NO", "* CAPABILITY X", "+ go on", "a1 OK", "* ", "220 mail", "+OK", "*OK", ""] {
        let (replies, result) = hear(&mut Imap::default(), format!("{bad}\r\n").as_bytes(), &[1]);
        assert!(replies.is_empty() && result.is_err(), "{bad}");
    }
}

#[test]
fn a_greeting_may_have_been_heard_before() {
    let mut imap = Imap::default();
    assert_eq!(imap.turn(), Turn::Wait);
    imap.greeted();
    assert_eq!(imap.turn(), Turn::Line);
}

#[test]
fn the_reply_has_the_tag_of_the_command() {
    ends(
        "C: a1 SELECT inbox
         S: * 3 EXISTS
         S: * OK [UIDNEXT 4] next
         S: * NO it is slow
         S: * BAD so is the disk
         S: * FLAGS ()
         S: a1 OK [READ-WRITE] done
         ! success a1 OK [READ-WRITE] done
         s: * 4 EXISTS
         C: a2 FETCH x
         S: a2 bad what
         ! permanent a2 bad what
         C: a3 COPY 1 y
         S: a3 NO [TRYCREATE] none
         ! permanent a3 NO [TRYCREATE] none
         END",
        Turn::Line,
    );
}

#[test]
fn a_server_that_owes_a_reply_may_not_end() {
    ends("C: a1 NOOP\n CUT", Turn::Wait);
}

#[test]
fn a_tag_that_nobody_has_used_is_an_error() {
    for (said, heard) in
        [("a1 NOOP", "a2 OK x"), ("a1 NOOP", "A1 OK x"), ("", "a1 OK x"), ("a1 NOOP", "a1 OK\r\na1 OK x")]
    {
        let mut imap = Imap::default();
        imap.greeted();
        if !said.is_empty() {
            imap.said(said.as_bytes());
        }
        let error = hear(&mut imap, format!("{heard}\r\n").as_bytes(), &[3]).1.unwrap_err().to_string();
        let line = heard.split('\n').next_back().unwrap_or_default();
        assert_eq!(error, format!("the reply: \"{line}\" has a tag that no command under way has"));
    }
}

#[test]
fn what_is_no_reply_is_an_error() {
    for bad in [&b"a1\r\n"[..], b"\r\n", b"a1 OKAY\r\n", b"a1 PREAUTH x\r\n", b"\0\r\n", b"+OK\r\n", b"*\r\n"] {
        let mut imap = Imap::default();
        imap.greeted();
        imap.said(b"a1 NOOP");
        assert!(hear(&mut imap, bad, &[99]).1.is_err(), "{bad:?}");
    }
    let mut imap = Imap::default();
    imap.greeted();
    let error = hear(&mut imap, b"+ \xff\x1b\r\n", &[1]).1.unwrap_err();
    assert_eq!(error.to_string(), "the reply: \"+ \\xff\\u{1b}\" is no reply of IMAP");
}

#[test]
fn a_line_without_a_tag_is_answered_somehow() {
    for line in ["", "NOOP", "* NOOP", "a+ NOOP"] {
        ends(&format!("C: {line}\n S: * OK x\n S: * BAD no tag\n ! permanent * BAD no tag"), Turn::Line);
    }
    ends("C: NOOP\n S: NOOP BAD what\n ! permanent NOOP BAD what", Turn::Line);
}

#[test]
fn a_servers_literal_is_counted() {
    ends(
        "C: a1 FETCH 1 (BODY[] ENVELOPE)
         S: * 1 FETCH (BODY[] {8}
         S: a1 OK
         S+ 1
         S:  ENVELOPE {3+}
         S+ 3
         S: )
         S: * OK not {99}
         S: a1 OK nor {99}
         ! success a1 OK nor {99}",
        Turn::Line,
    );
}

#[test]
fn a_literal_of_more_than_4_gib_is_not_kept() {
    let mut imap = Imap::default();
    imap.greeted();
    imap.said(b"a1 FETCH 1 BODY[]");
    let size = 5 * 1024 * 1024 * 1024_u64;
    assert_eq!(hear(&mut imap, format!("* 1 FETCH (~{{{size}}}\r\n").as_bytes(), &[99]), (vec![], Ok(())));
    let mib = b"a1 OK no\r\n\0\xff\x80\r\n\r\n".repeat(1024 * 1024 / 16);
    let mut left = size;
    while left > 0 {
        let piece = &mib[..mib.len().min(usize::try_from(left).unwrap())];
        assert_eq!(hear(&mut imap, piece, &[usize::MAX]), (vec![], Ok(())));
        left -= piece.len() as u64;
    }
    let (replies, result) = hear(&mut imap, b")\r\na1 OK\r\n", &[1]);
    assert_eq!((replies.len(), result, imap.turn()), (1, Ok(()), Turn::Line));
}

#[test]
fn data_may_be_long_but_a_reply_may_not() {
    let heard = |bytes: &[u8]| {
        let mut imap = Imap::default();
        imap.greeted();
        imap.said(b"a1 SEARCH ALL");
        let (replies, result) = hear(&mut imap, bytes, &[1000]);
        (replies.len(), result.is_ok())
    };
    let numbers = [&b"* SEARCH"[..], &b" 1234".repeat(LINE), b"\r\na1 OK\r\n"].concat();
    assert_eq!(heard(&numbers), (1, true));
    assert_eq!(heard(&[b'a'; LINE + 1]), (0, false));
    assert!(hear(&mut Imap::default(), &b"* ".repeat(LINE), &[1000]).1.is_err(), "nor a greeting");
}

#[test]
fn a_literal_of_ours_waits_to_be_asked_for() {
    ends(
        "C: a1 APPEND x {5000000000}
         S: * 1 EXISTS
         S: + go on
         ! continue + go on
         B: 5000000000
         C:
         S: a1 OK
         ! success a1 OK
         C: a2 LOGIN {3}
         S: +
         ! continue +
         B: 3
         C:  {0}
         S: + go on
         ! continue + go on
         C:
         S: a2 NO
         ! permanent a2 NO
         C: a3 NOOP",
        Turn::Wait,
    );
}

#[test]
fn some_literals_do_not_wait() {
    ends(
        "C: a1 LOGIN {3+}
         B: 3
         C:  {0+}
         C:  {2}
         S: * OK wait
         S: + asked for
         ! continue + asked for
         B: 2
         C:
         S: + late
         ! continue + late
         S: a1 OK
         ! success a1 OK",
        Turn::Line,
    );
}

#[test]
fn a_refused_literal_is_not_said_nor_the_rest_of_its_command() {
    ends(
        "C: a1 LOGIN {3}
         S: a1 BAD no
         ! permanent a1 BAD no
         -B: 3
         -C:  {2+}
         -B: 2
         -C:  {0}
         -C: rest
         C: a2 APPEND x {0}
         S: a2 NO
         ! permanent a2 NO
         -C:
         C: a3 NOOP",
        Turn::Wait,
    );
}

#[test]
fn what_is_sent_at_once_is_sent_to_its_end() {
    ends(
        "C: a1 APPEND x {9+}
         s: a1 NO [TOOBIG] no
         ! permanent a1 NO [TOOBIG] no
         B: 9
         C:  {3+}
         B: 3
         C:  {5}
         -B: 5
         -C:
         C: a2 APPEND x {9+}
         s: a2 NO [TOOBIG] no
         ! permanent a2 NO [TOOBIG] no
         B: 9
         C:
         C: a3 NOOP",
        Turn::Wait,
    );
}

#[test]
fn an_authentication_goes_back_and_forth() {
    ends(
        "C: a1 AUTHENTICATE LOGIN
         S: + VXNlcm5hbWU6
         ! continue + VXNlcm5hbWU6
         C: Ym9i
         S: +
         ! continue +
         C: {5}
         S: * CAPABILITY IMAP4rev1
         S: a1 OK in
         ! success a1 OK in
         C: NOOP",
        Turn::Wait,
    );
}

#[test]
fn what_is_left_of_a_refused_authentication_is_not_said() {
    ends(
        "C: a1 authenticate PLAIN
         S: a1 NO unknown
         ! permanent a1 NO unknown
         -C: AGJvYgBwYXNz
         -C:
         C: a2 NOOP
         S: a2 OK
         ! success a2 OK
         C: AGJvYgBwYXNz",
        Turn::Wait,
    );
}

#[test]
fn idle_ends_with_done() {
    ends(
        "C: a1 IDLE
         S: + idling
         ! continue + idling
         s: * 4 EXISTS
         C: DONE
         S: a1 OK
         ! success a1 OK
         C: DONE",
        Turn::Wait,
    );
}

#[test]
fn done_is_not_said_once_idle_is_over() {
    ends(
        "C: a1 IDLE
         S: a1 BAD unknown
         ! permanent a1 BAD unknown
         -C: done
         C: a2 IDLE
         S: + idling
         ! continue + idling
         s: a2 OK enough
         ! success a2 OK enough
         -C: DONE
         C: DONE",
        Turn::Wait,
    );
    ends("C: a1 IDLE\n S: a1 NO\n ! permanent a1 NO\n C: a2 NOOP\n S: a2 OK\n ! success a2 OK\n C: DONE", Turn::Wait);
}

#[test]
fn a_farewell_is_in_order_if_it_was_asked_for() {
    ends("C: a1 LOGOUT\n S: * BYE\n S: a1 OK\n ! success a1 OK\n END", Turn::Line);
    ends("C: a1 logout\n S: * BYE\n END", Turn::Wait);
    ends("s: * BYE idle for too long\n ! permanent * BYE idle for too long\n END", Turn::Line);
    let bye = "S: * BYE going down\n ! permanent * BYE going down\n CUT";
    ends(&format!("C: a1 NOOP\n {bye}"), Turn::Wait);
    ends("s: * BYE\n ! permanent * BYE\n C: a1 NOOP\n CUT", Turn::Wait);
}

#[test]
fn leaving_is_said_where_it_is_heard() {
    let farewell = |said: &[&str], heard: &str| {
        let mut imap = Imap::default();
        imap.greeted();
        said.iter().for_each(|line| imap.said(line.as_bytes()));
        hear(&mut imap, heard.as_bytes(), &[99]).1.unwrap();
        let line = imap.farewell();
        if let Some(line) = &line {
            imap.said(line);
            assert_eq!(imap.turn(), Turn::Wait);
            assert_eq!(hear(&mut imap, b"* BYE\r\nrncat OK\r\n", &[1]).0.len(), 1);
        }
        line.is_some()
    };
    assert!(farewell(&[], ""));
    assert!(farewell(&["a1 APPEND x {5}"], "a1 NO\r\n"));
    assert!(!farewell(&["a1 APPEND x {5}"], "+\r\n"));
    assert!(!farewell(&["a1 APPEND x {5+}"], "a1 NO\r\n"));
    assert!(!farewell(&["a1 AUTHENTICATE X"], "+\r\n"));
    assert!(!farewell(&["a1 LOGOUT"], "* BYE\r\na1 OK\r\n"));
    assert!(!farewell(&[], "* BYE\r\n"));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(
        parts in prop::collection::vec(prop_oneof![
            Just("a1 OK\r\n"), Just("* "), Just("1 FETCH "), Just("{3}\r\n"), Just("+ \r\n"), Just("a1 NO "),
            Just("\n"), Just("a"), Just("\r\n"), Just("* BYE\r\n"), Just("* OK {2}\r\n"),
        ], 0..9),
        sizes in prop::collection::vec(1usize..9, 1..5),
        line in prop_oneof![Just("a1 NOOP"), Just("a1 LOGIN {3}"), Just("a1 LOGIN {3+}"), Just("a1 IDLE")],
    ) {
        let bytes = [&b"* OK\r\n"[..], parts.concat().as_bytes()].concat();
        let heard = |sizes: &[usize]| {
            let mut imap = Imap::default();
            hear(&mut imap, &bytes[..6], &[6]).1.unwrap();
            imap.said(line.as_bytes());
            let heard = hear(&mut imap, &bytes[6..], sizes);
            (heard, imap.turn(), imap.may_end())
        };
        prop_assert_eq!(heard(&sizes), heard(&[999]));
    }

    #[test]
    fn nothing_panics(steps in prop::collection::vec((0..4, "[a1 +*{}0-9OKNLIDEn\r\n]{0,20}"), 0..20)) {
        let mut imap = Imap::default();
        for (step, text) in steps {
            match step {
                0 => imap.said(text.as_bytes()),
                1 => imap.peek(text.as_bytes()),
                2 => imap.said_bytes(text.len() as u64),
                _ => { let _ = hear(&mut imap, text.as_bytes(), &[3]); }
            }
            let _ = (imap.turn(), imap.may_end(), imap.farewell());
        }
    }
}
