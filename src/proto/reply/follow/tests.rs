//! Sessions in all protocols, looked on in pieces of any size.

use super::*;
use crate::proto::{
    reply::{PROTOCOLS, guess},
    testing::split,
};
use proptest::prelude::*;

fn named(name: &str) -> Follower {
    let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == name).unwrap();
    Follower::new((protocol.begin)(), false)
}

fn mark(kind: Option<Kind>) -> char {
    match kind {
        None => '.',
        Some(Kind::Success) => '+',
        Some(Kind::Continue) => '>',
        Some(Kind::Transient) => '~',
        Some(Kind::Permanent) => '!',
    }
}

/// Hears `bytes` in pieces of these sizes: what passed, and the mark that each line of it ends with.
fn hear(follower: &Follower, bytes: &[u8], sizes: &[usize]) -> (Vec<u8>, String) {
    let (mut passed, mut marks) = (Vec::new(), String::new());
    for mut rest in split(bytes, sizes) {
        while !rest.is_empty() {
            let (piece, kind) = follower.heard(&mut rest);
            assert!(!piece.is_empty());
            passed.extend_from_slice(piece);
            // Where it is lost, all passes at once.
            marks.extend(piece.iter().filter(|byte| **byte == b'\n').map(|_| mark(kind)));
        }
    }
    (passed, marks)
}

/// Plays a session. Each line begins with `C` if the client says it, otherwise with the mark of the line that the
/// server says.
#[track_caller]
fn follows(begin: &dyn Fn() -> Follower, session: &str) {
    for size in [1, 3, usize::MAX] {
        let follower = begin();
        for step in session.lines().map(str::trim_start) {
            let (what, text) = step.split_once(' ').unwrap_or((step, ""));
            let line = format!("{text}\r\n");
            if what == "C" {
                split(line.as_bytes(), &[size]).into_iter().for_each(|piece| follower.said(piece));
            } else {
                let heard = (line.clone().into_bytes(), what.to_owned());
                assert_eq!(hear(&follower, line.as_bytes(), &[size]), heard, "{step}, {size}");
            }
        }
        assert!(!follower.is_lost());
    }
}

#[test]
fn mail_has_nothing_but_replies() {
    let session = "+ 220-hi
        + 220 there
        C EHLO me
        + 250-SIZE
        + 250 OK
        C MAIL FROM:<a>
        C RCPT TO:<b>
        C DATA
        + 250 ok
        ~ 450 later
        ! 554 no recipients
        C RCPT TO:<b>
        C DATA
        + 250 ok
        > 354 go on
        C QUIT
        C .
        C QUIT
        + 250 taken
        + 221 bye";
    follows(&|| named("smtp"), session);
    follows(&|| Follower::new(guess::begin(Some(25)), false), session);
    follows(&|| Follower::new(guess::begin(None), false), session);
}

#[test]
fn a_mail_that_is_read_looks_like_replies_in_vain() {
    follows(
        &|| named("pop3"),
        "+ +OK hi
        C USER me
        C PASS x
        + +OK
        ! -ERR no
        C RETR 1
        C NOOP
        + +OK 120 octets
        . Subject: +OK
        .
        . +OK not really
        . -ERR nor this
        . .+OK
        . .
        + +OK
        C AUTH PLAIN
        > + 
        C AGEAYg==
        + +OK",
    );
}

#[test]
fn a_refused_offer_makes_commands_of_what_was_said() {
    // The message was typed ahead, and the server has heard each of its lines.
    follows(
        &|| named("nntp"),
        "+ 200 hi
        C POST
        C LIST
        C .
        ~ 440 no
        + 215 list follows
        . 500 groups
        . .
        ! 500 what?
        C HELP
        + 100 help follows
        . 100 lines
        . .",
    );
}

#[test]
fn what_was_refused_was_not_sent_where_that_is_waited_for() {
    let begin = || Follower::new((PROTOCOLS[5].begin)(), true);
    assert_eq!(PROTOCOLS[5].name, "nntp");
    follows(
        &begin,
        "+ 200 hi
        C POST
        C LIST
        C .
        C GROUP x
        ~ 440 no
        + 211 1 1 1 x",
    );
}

#[test]
fn a_literal_and_data_are_not_replies() {
    follows(
        &|| named("imap"),
        "+ * OK hi
        C a1 LOGIN me x
        . * CAPABILITY IMAP4rev2
        + a1 OK in
        C a2 FETCH 1 BODY[]
        . * 1 FETCH (BODY[] {14}
        . a2 NO really
        . )
        . * OK still here
        . * NO careful
        + a2 OK done
        C a3 NOOP x
        ! a3 BAD no
        C a4 APPEND x {10}
        > + go
        C a5 NOOP
        C
        + a4 OK
        C a6 LOGOUT
        . * BYE
        + a6 OK",
    );
    follows(&|| named("imap"), "! * BYE no");
}

#[test]
fn between_the_lines_of_a_reply_of_ftp_stands_anything() {
    follows(
        &|| named("ftp"),
        "+ 220-Welcome
        + 530 to us
        +
        + 220 hi
        C USER me
        > 331 Password?
        C PASS x
        ! 530-no
        ! and no
        ! 530 again
        C RETR x
        > 150 here
        ~ 426 broken off",
    );
}

#[test]
fn scripts_of_sieve_are_not_responses() {
    follows(
        &|| named("sieve"),
        ". \"SIEVE\" \"fileinto\"
        + OK
        C GETSCRIPT \"x\"
        . {8}
        . NO (x)
        .
        + OK
        C LOGOUT
        + BYE",
    );
}

#[test]
fn of_http_the_status_is_a_reply_and_the_body_is_not() {
    follows(
        &|| named("http"),
        "C GET / HTTP/1.1
        C
        C HEAD / HTTP/1.1
        C
        C GET /none HTTP/1.1
        C
        + HTTP/1.1 200 OK
        . Content-Length: 19
        .
        . HTTP/1.1 200 body
        > HTTP/1.1 304 Not Modified
        . Content-Length: 5
        .
        ~ HTTP/1.1 404 Not Found
        . Transfer-Encoding: chunked
        .
        . 12
        . HTTP/1.1 404 chunk
        . 0
        .
        ! HTTP/1.1 503 later
        . x: y",
    );
}

#[test]
fn a_status_may_begin_where_a_body_without_a_line_end_has_ended() {
    let heard = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n";
    for sizes in [&[1][..], &[3], &[99]] {
        let follower = Follower::new(guess::begin(None), false);
        follower.said(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        assert_eq!(hear(&follower, heard, sizes), (heard.to_vec(), "+..!..".to_owned()));
    }
}

#[test]
fn a_kind_is_known_as_soon_as_the_code_is() {
    let follower = named("smtp");
    let kinds = ["25", "0", " o", "k\r", "\n2"].map(|piece| {
        let mut rest = piece.as_bytes();
        follower.heard(&mut rest).1.is_some()
    });
    assert_eq!(kinds, [false, false, true, true, true]);
}

#[test]
fn what_is_not_understood_loses_it_and_nothing_else() {
    for (name, heard) in [
        ("pop3", "+OK hi\r\nwhat is this\r\n+OK\r\n"),
        ("imap", "* OK hi\r\nz9 OK nobody asked\r\n* BAD\r\n"),
        ("http", "HTTP/1.1 200\r\nContent-Length: x\r\n\r\nHTTP/1.1 200 x\r\n"),
    ] {
        let follower = named(name);
        let (passed, marks) = hear(&follower, heard.as_bytes(), &[4]);
        assert_eq!(passed, heard.as_bytes());
        assert!(follower.is_lost(), "{name}");
        assert!(marks.ends_with('.'), "{name}: {marks}");
    }
}

#[test]
fn a_protocol_without_replies_is_not_followed() {
    let follower = Follower::new(guess::begin(Some(4444)), false);
    assert_eq!(hear(&follower, b"$ ls\r\n220 files\r\n", &[99]).1, "..");
    assert!(follower.is_lost());
}

#[test]
fn who_says_too_much_too_early_is_not_followed() {
    let follower = named("pop3");
    for _ in 0..EARLY / 64 {
        follower.said(&[b'x'; 64]);
    }
    assert!(!follower.is_lost());
    follower.said(b"x");
    assert!(follower.is_lost());
}

#[test]
fn a_long_message_is_not_kept() {
    let follower = named("smtp");
    follower.said(b"DATA\r\n");
    hear(&follower, b"220 hi\r\n354 go\r\n", &[99]);
    for _ in 0..EARLY / 32 {
        follower.said(&[b'x'; 64]);
    }
    assert_eq!(follower.0.borrow().early.bytes.capacity(), 0);
}

proptest! {
    #[test]
    fn whatever_passes_is_not_changed_and_pieces_make_no_difference(
        protocol in 0..PROTOCOLS.len(),
        skips in any::<bool>(),
        steps in prop::collection::vec(
            (any::<bool>(), prop_oneof![
                "(EHLO x|DATA|RETR 1|a OK|a FETCH \\{3\\}|\\* OK|\\+OK|\\+|OK|NO \\{2\\}|220-x|220 x|354 x|HTTP/1.1 200 x|GET / HTTP/1.1|Content-Length: 3|\\.|)\r?\n",
                "[a\r\n.+{}\u{e9}]{0,6}",
            ]),
            0..12,
        ),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let run = |sizes: &[usize]| {
            let follower = Follower::new((PROTOCOLS[protocol].begin)(), skips);
            let mut marks = String::new();
            for (says, text) in &steps {
                if *says {
                    split(text.as_bytes(), sizes).into_iter().for_each(|piece| follower.said(piece));
                } else {
                    let (passed, more) = hear(&follower, text.as_bytes(), sizes);
                    assert_eq!(passed, text.as_bytes());
                    marks += &more;
                }
            }
            (marks, follower.is_lost())
        };
        prop_assert_eq!(run(&sizes), run(&[usize::MAX]));
    }
}
