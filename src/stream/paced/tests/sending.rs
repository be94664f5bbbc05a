//! What is sent, and when.

use super::*;
use proptest::prelude::*;

#[test]
fn a_line_waits_for_the_whole_reply_to_the_one_before() {
    let mut world = World::of("smtp");
    world.types("EHLO me\nMAIL FROM:<a>\r\nQUIT\n");
    assert_eq!(world.sent(), "");
    world.hears("220-mail\r\n");
    assert_eq!(world.sent(), "");
    world.hears("220 hi\r\n");
    assert_eq!(world.sent(), "EHLO me\r\n");
    for byte in b"250-mail\r\n250 SIZE\r" {
        world.hears([*byte]);
        assert_eq!(world.sent(), "");
    }
    world.hears("\n");
    assert_eq!(world.sent(), "MAIL FROM:<a>\r\n", "CR LF stays");
    world.hears("250 ok\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
    assert!(!world.finishes(), "a reply is awaited");
    world.hears("221 bye\r\n");
    assert!(world.flushes() && world.below.borrow().said == ["finish"]);
}

#[test]
fn a_line_whose_end_has_not_come_is_held() {
    let mut world = World::of("smtp");
    world.types("NO");
    assert!(world.typed.is_empty(), "or its end would never be read");
    assert_eq!(world.paced.undelivered(), 2 + 7);
    world.hears("220 hi\r\n");
    assert_eq!(world.sent(), "");
    world.types("OP");
    world.types("\r");
    assert_eq!(world.sent(), "");
    world.types("\nNO");
    assert_eq!(world.sent(), "NOOP\r\n");
}

#[test]
fn the_last_line_gets_an_end() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("QUIT");
    assert!(!world.finishes());
    assert_eq!(world.sent(), "QUIT\r\n");
    world.hears("221 bye\r\n");
    assert!(world.flushes() && world.below.borrow().said == ["finish"]);
}

#[test]
fn a_lone_dot_gets_an_end_as_well() {
    for (reply, sent) in [("354 go", "DATA\r\n\r\nx\r\n.\r\n"), ("554 no", "DATA\r\n")] {
        let mut world = World::of("smtp");
        world.hears("220 hi\r\n");
        world.types("DATA\n\nx\n.");
        assert!(!world.finishes());
        world.hears(format!("{reply}\r\n"));
        world.works();
        assert_eq!(world.below.borrow().written, sent.as_bytes());
        if reply == "354 go" {
            assert_eq!(world.below.borrow().said, [""; 0], "its reply is awaited");
            world.hears("250 queued\r\n");
        }
        assert_eq!(world.below.borrow().said, ["finish"]);
    }
}

#[test]
fn the_last_line_waits_for_its_turn_as_well() {
    let mut world = World::of("smtp");
    world.types("NOOP\nQUIT");
    assert!(!world.finishes());
    world.hears("220 hi\r\n");
    assert_eq!(world.sent(), "NOOP\r\n");
    world.hears("250 ok\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
}

#[test]
fn lines_stay_as_they_are_where_that_is_asked_for() {
    let mut world = World::new(By::Replies(begin("smtp")), false, false);
    world.hears("220 hi\r\n");
    world.types("NOOP\n");
    assert_eq!(world.sent(), "NOOP\n");
    world.hears("250 ok\r\n");
    world.types("QUIT");
    assert!(world.finishes(), "it has no end that could be waited for");
    assert_eq!(world.below.borrow().written, b"QUIT");
}

#[test]
fn a_message_is_sent_at_full_speed_up_to_its_dot() {
    let mut world = in_message();
    world.types("a\r\nb\n..\n.c\n\nd.\n.\nQUIT\n");
    assert_eq!(world.sent(), "a\r\nb\r\n..\r\n.c\r\n\r\nd.\r\n.\r\n");
    world.hears("250 queued\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
}

#[test]
fn what_was_held_when_the_turn_came_belongs_to_the_message() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\nSubject: ");
    assert_eq!(world.sent(), "DATA\r\n");
    world.hears("354 go\r\n");
    assert_eq!(world.sent(), "Subject: ");
    world.types("x\n.");
    assert_eq!(world.sent(), "x\r\n.");
    world.types("\nQUIT\n");
    assert_eq!(world.sent(), "\r\n");
}

#[test]
fn a_message_that_is_refused_is_not_sent() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\nMAIL is what I write of\n..\nQUIT\n.\nRSET\n");
    assert_eq!(world.sent(), "DATA\r\n");
    world.hears("554 no\r\n");
    assert_eq!(world.sent(), "RSET\r\n");
}

#[test]
fn counted_bytes_pass_as_they_are() {
    let mut world = World::of("http");
    world.types("POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\na\nb\ncGET / HTTP/1.1\nHost: h\n\n");
    assert_eq!(world.sent(), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\na\nb\nc");
    world.hears("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(world.sent(), "");
    world.hears("ok");
    assert_eq!(world.sent(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn a_line_longer_than_any_passes_when_it_is_its_turn() {
    let mut world = World::of("line");
    world.types("one\n");
    let long = "x".repeat(3 * script::LINE);
    world.types(&long);
    assert_eq!(world.typed.len(), 2 * script::LINE, "memory is bounded");
    assert_eq!(world.sent(), "one\r\n");
    world.hears("1\r\n");
    world.types("\ntwo\n");
    assert!(world.sent() == format!("{long}\r\n"));
    world.hears("2\r\n");
    assert_eq!(world.sent(), "two\r\n");
}

#[test]
fn a_server_that_takes_little_holds_up_the_rest() {
    let mut world = in_message();
    world.below.borrow_mut().room = 10;
    world.types("x".repeat(1_000_000));
    assert!(world.typed.len() > 900_000 && world.paced.out.len() < 100_000);
    assert!(!world.flushes());
    world.below.borrow_mut().room = usize::MAX;
    world.below.borrow_mut().piece = 1000;
    assert_eq!(world.sent().len(), 1_000_000);
}

#[test]
fn what_the_server_says_unasked_is_shown() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.hears("421 too late\r\n");
    world.reads(Flow::Blocked);
}

#[test]
fn a_line_waits_for_silence() {
    let mut world = World::new(By::Quiet(SECOND), false, true);
    world.types("one\ntwo\n");
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "");
    world.waits(SECOND / 2);
    world.hears("hi\r\n");
    world.waits(SECOND / 2);
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "", "it has been silent for half a second");
    world.waits(SECOND / 2);
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "one\r\n");
    world.waits(SECOND);
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "two\r\n");
    assert!(!world.finishes());
    world.waits(SECOND);
    world.reads(Flow::Blocked);
    assert!(world.flushes() && world.below.borrow().said == ["finish"]);
    assert_eq!(world.paced.deadline(), None);
}

#[test]
fn a_silence_is_none_while_nobody_reads() {
    let mut world = World::new(By::Quiet(SECOND), false, true);
    world.types("one\n");
    world.below.borrow_mut().reads.push_back(b"hi".to_vec());
    world.waits(SECOND);
    assert_eq!(world.sent(), "");
    assert_eq!(world.paced.deadline(), None, "nobody is woken for nothing");
    world.reads(Flow::Moved(2));
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "");
    world.waits(SECOND);
    world.reads(Flow::Blocked);
    assert_eq!(world.sent(), "one\r\n");
}

/// A mail server waits for a message.
fn in_message() -> World {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\n");
    world.hears("354 go\r\n");
    assert_eq!(world.sent(), "DATA\r\n");
    world
}

/// What clients and servers say, and what they should not.
fn speech() -> impl Strategy<Value = Vec<u8>> {
    let words: [&[u8]; 18] = [
        b"\n",
        b"\r\n",
        b".\r\n",
        b"DATA\n",
        b"BDAT 3\n",
        b"a1 x {3}\r\n",
        b"QUIT\n",
        b"AUTH PLAIN\n",
        b"STARTTLS\n",
        b"POST / HTTP/1.1\nContent-Length: 3\n\n",
        b"250 ok\r\n",
        b"354 go\r\n",
        b"554 no\r\n",
        b"+OK\r\n",
        b"-ERR\r\n",
        b"+ go\r\n",
        b"a1 NO\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
    ];
    let word = prop_oneof![4 => prop::sample::select(words.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..9)];
    prop::collection::vec(word, 0..4).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn every_byte_is_sent_held_or_told_of(turns in prop::collection::vec((any::<bool>(), speech()), 0..12), fail: bool) {
        for protocol in &PROTOCOLS {
            let mut talk = Talk::new(By::Replies((protocol.begin)()), fail);
            let (mut script, mut out, mut skipped) = (Script::new(false), Vec::new(), 0);
            let (mut typed, mut all) = (Vec::new(), 0);
            for (ours, bytes) in &turns {
                if *ours {
                    typed.extend_from_slice(bytes);
                    all += bytes.len();
                } else if talk.heard(bytes).is_err() {
                    break;
                }
                while !typed.is_empty() {
                    let n = script.take(&typed, &mut talk, &mut out);
                    skipped += script.skipped(&talk).map_or(0, |skipped| skipped.bytes);
                    if n == 0 {
                        break;
                    }
                    typed.drain(..n);
                }
                script.take_held(&mut talk, &mut out);
            }
            skipped += script.all_skipped().map_or(0, |skipped| skipped.bytes);
            let skipped = usize::try_from(skipped).unwrap();
            prop_assert_eq!(out.len() + script.held() + skipped + typed.len(), all, "{}", protocol.name);
        }
    }

    #[test]
    fn any_pieces_give_the_same_session(text in "([ab.\r]{0,4}\n){0,12}", sizes in prop::collection::vec(1usize..9, 1..6)) {
        let session = |pieces: Vec<&[u8]>| {
            let mut world = in_message();
            for piece in pieces {
                world.types(piece);
            }
            let mut all = world.sent();
            for _ in 0..20 {
                world.hears("250 ok\r\n");
                all.push_str("S\n");
                all.push_str(&world.sent());
            }
            (all, world.typed)
        };
        let pieces = crate::proto::testing::split(text.as_bytes(), &sizes);
        prop_assert_eq!(session(pieces), session(vec![text.as_bytes()]));
    }
}
