use super::*;
use crate::proto::reply::{
    LINE,
    testing::{hear, play},
};
use proptest::prelude::*;

/// A session behind a greeting.
#[track_caller]
fn ends(session: &str, turn: Turn) {
    let session = format!("S: \"IMPLEMENTATION\" \"x\"\n S: \"STARTTLS\"\n S: OK hi\n ! success OK hi\n {session}");
    assert_eq!(play(&|| Box::new(Sieve::default()), &session), turn, "{session}");
}

#[test]
fn a_greeting_may_be_a_refusal() {
    for word in ["NO", "BYE", "bye (TRYLATER) \"busy\""] {
        let session = format!("S: {word}\n ! permanent {word}\n END");
        assert_eq!(play(&|| Box::new(Sieve::default()), &session), Turn::Line);
    }
    let mut sieve = Sieve::default();
    assert_eq!(sieve.turn(), Turn::Wait);
    // Whoever asked for encryption before has not heard it: the server greets again then.
    sieve.greeted();
    assert_eq!(sieve.turn(), Turn::Wait);
}

#[test]
fn a_response_ends_with_its_last_line() {
    ends(
        "C: LISTSCRIPTS
         S: \"one\" ACTIVE
         S: \"OK {5}\"
         S: {3}
         S+ 3
         S:
         S: OK
         ! success OK
         C: GETSCRIPT \"one\"
         S: {10}
         S: OK
         S: NO
         S+ 2
         S:
         S: ok \"there\"
         ! success ok \"there\"
         C: NOOP
         CUT",
        Turn::Wait,
    );
}

#[test]
fn a_refusal_is_quoted_even_if_it_is_a_literal() {
    ends(
        "C: CHECKSCRIPT \"x\"
         S: NO (QUOTA/MAXSIZE) {9}
         S+ 9
         S:
         ! permanent NO (QUOTA/MAXSIZE) xxxxxxxxx",
        Turn::Line,
    );
}

#[test]
fn a_script_is_counted_and_sent_at_once() {
    ends(
        "C: PUTSCRIPT \"x\" {5000000000+}
         B: 5000000000
         C:
         S: OK
         ! success OK
         C: PUTSCRIPT {3+}
         B: 3
         C:  {0+}
         C:
         S: NO
         ! permanent NO
         C: NOOP",
        Turn::Wait,
    );
}

#[test]
fn a_script_that_is_refused_early_is_sent_to_its_end() {
    ends(
        "C: PUTSCRIPT \"x\" {9+}
         s: NO (QUOTA)
         ! permanent NO (QUOTA)
         B: 9
         C:
         C: NOOP",
        Turn::Wait,
    );
}

#[test]
fn no_literal_is_asked_for() {
    ends("C: PUTSCRIPT \"x\" {9}\n B: 9\n C:\n S: OK\n ! success OK", Turn::Line);
}

#[test]
fn an_authentication_goes_back_and_forth() {
    ends(
        "C: AUTHENTICATE \"LOGIN\"
         S: \"VXNlcm5hbWU6\"
         ! continue \"VXNlcm5hbWU6\"
         C: \"Ym9i\"
         S: {4}
         S+ 4
         S:
         ! continue {4}
         C: {8+}
         B: 8
         C:
         S: OK (SASL \"x\")
         ! success OK (SASL \"x\")
         C: \"NOOP\"",
        Turn::Wait,
    );
}

#[test]
fn what_is_left_of_a_refused_authentication_is_not_said() {
    ends(
        "C: AUTHENTICATE \"PLAIN\"
         S: NO
         ! permanent NO
         -C: \"AGJvYgBwYXNz\"
         -C: {8+}
         -B: 8
         -C:
         C: NOOP",
        Turn::Wait,
    );
}

#[test]
fn it_greets_again_once_it_is_encrypted() {
    ends(
        "C: STARTTLS
         S: OK go
         ! success OK go
         S: \"IMPLEMENTATION\" \"x\"
         S: OK again
         ! success OK again
         C: STARTTLS
         S: NO
         ! permanent NO",
        Turn::Line,
    );
}

#[test]
fn a_farewell_is_in_order_if_it_was_asked_for() {
    ends("C: LOGOUT\n S: OK\n ! success OK\n END", Turn::Line);
    ends("C: LOGOUT\n S: BYE\n ! success BYE\n END", Turn::Line);
    ends("C: LOGOUT\n END", Turn::Wait);
    ends("s: BYE \"idle\"\n ! permanent BYE \"idle\"\n END", Turn::Line);
    ends("s: BYE\n ! permanent BYE\n C: NOOP\n CUT", Turn::Wait);
    let mut sieve = Sieve::default();
    assert_eq!(sieve.farewell(), None);
    hear(&mut sieve, b"OK\r\n", &[4]).1.unwrap();
    assert_eq!(sieve.farewell().as_deref(), Some(&b"LOGOUT"[..]));
    sieve.said(b"PUTSCRIPT {3+}");
    assert_eq!(sieve.farewell(), None);
}

#[test]
fn what_is_no_reply_is_an_error() {
    for bad in [&b"220 mail\r\n"[..], b"\r\n", b"OKAY\r\n", b"* OK\r\n", b"\0\r\n", &[b'"'; LINE + 1]] {
        assert!(hear(&mut Sieve::default(), bad, &[1000]).1.is_err(), "{bad:?}");
    }
    let error = hear(&mut Sieve::default(), b"\xff\x1b\r\n", &[1]).1.unwrap_err();
    assert_eq!(error.to_string(), "the reply: \"\\xff\\u{1b}\" is no reply of ManageSieve");
}

#[test]
fn a_greeting_that_never_ends_is_an_error() {
    let line = [&[b'"'; 1022][..], b"\r\n"].concat();
    assert!(hear(&mut Sieve::default(), &line.repeat(1024), &[4096]).1.is_ok());
    let error = hear(&mut Sieve::default(), &line.repeat(1025), &[4096]).1.unwrap_err();
    assert_eq!(error.to_string(), "the reply: it is longer than 1 MiB");
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(
        parts in prop::collection::vec(prop_oneof![
            Just("OK\r\n"), Just("\"x\" "), Just("NO {3}\r\n"), Just("{3}\r\n"), Just("\r\n"), Just("a"), Just("BYE\r\n"),
        ], 0..9),
        sizes in prop::collection::vec(1usize..9, 1..5),
        line in prop_oneof![Just("NOOP"), Just("AUTHENTICATE \"X\""), Just("PUTSCRIPT {3+}"), Just("STARTTLS")],
    ) {
        let bytes = parts.concat().into_bytes();
        let heard = |sizes: &[usize]| {
            let mut sieve = Sieve::default();
            hear(&mut sieve, b"OK\r\n", &[4]).1.unwrap();
            sieve.said(line.as_bytes());
            let heard = hear(&mut sieve, &bytes, sizes);
            (heard, sieve.turn(), sieve.may_end())
        };
        prop_assert_eq!(heard(&sizes), heard(&[999]));
    }

    #[test]
    fn nothing_panics(steps in prop::collection::vec((0..4, "[\"{}0-9+OKNAUTHEICLG\r\n ]{0,20}"), 0..20)) {
        let mut sieve = Sieve::default();
        for (step, text) in steps {
            match step {
                0 => sieve.said(text.as_bytes()),
                1 => sieve.peek(text.as_bytes()),
                2 => sieve.said_bytes(text.len() as u64),
                _ => { let _ = hear(&mut sieve, text.as_bytes(), &[3]); }
            }
            let _ = (sieve.turn(), sieve.may_end(), sieve.farewell());
        }
    }
}
