//! Servers that say nothing, end, or say what cannot be a reply.

use super::*;

#[test]
fn a_server_that_is_silent_for_too_long_is_given_up() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("EHLO me\n");
    world.reads(Flow::Blocked);
    world.waits(59 * SECOND);
    world.hears("250-");
    world.reads(Flow::Blocked);
    world.waits(59 * SECOND);
    world.reads(Flow::Blocked);
    world.waits(SECOND);
    let error = world.fails();
    assert_eq!(error.to_string(), "mail:25: it has sent nothing for 60 s, and has not replied to \"EHLO me\"");
    assert_eq!(error.exit(), Exit::Network);
    assert_eq!(world.paced.deadline(), None);
}

#[test]
fn nobody_waits_for_a_greeting_for_ever() {
    let mut world = World::of("pop3");
    world.reads(Flow::Blocked);
    world.waits(60 * SECOND);
    assert_eq!(world.fails().why(), "it has sent nothing for 60 s, and has not greeted");
}

#[test]
fn it_is_not_silent_while_nobody_reads() {
    let mut world = World::of("smtp");
    world.below.borrow_mut().reads.push_back(b"220 hi\r\n".to_vec());
    world.waits(600 * SECOND);
    assert_eq!(world.paced.deadline(), None, "nobody is woken for nothing");
    world.reads(Flow::Moved(8));
    world.reads(Flow::Blocked);
}

#[test]
fn the_user_may_be_silent_as_long_as_he_likes() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.waits(600 * SECOND);
    world.reads(Flow::Blocked);
    world.types("NOOP\n");
    assert!(world.paced.deadline().is_some());
    world.waits(59 * SECOND);
    world.reads(Flow::Blocked);
}

#[test]
fn a_server_that_takes_the_rest_slowly_is_not_silent() {
    let mut world = World::of("http");
    world.below.borrow_mut().room = 4;
    world.types("GET / HTTP/1.1\n\n");
    for _ in 0..5 {
        world.waits(59 * SECOND);
        world.below.borrow_mut().room = 4;
        world.works();
        world.reads(Flow::Blocked);
    }
    assert_eq!(world.sent(), "GET / HTTP/1.1\r\n\r\n");
}

#[test]
fn a_server_that_takes_nothing_is_given_up() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\n");
    world.hears("354 go\r\n");
    world.below.borrow_mut().room = 4;
    world.types("a line\nanother");
    world.reads(Flow::Blocked);
    world.waits(59 * SECOND);
    world.below.borrow_mut().room = 2;
    world.works();
    world.waits(59 * SECOND);
    world.reads(Flow::Blocked);
    world.waits(SECOND);
    assert_eq!(world.fails().to_string(), "mail:25: it has taken nothing for 60 s");
    assert_eq!(world.paced.undelivered(), "a line\r\nanother".len() - 6);
}

#[test]
fn nobody_waits_for_ever_for_the_end_of_a_server_that_wants_more() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\nx\n");
    world.hears("354 go\r\n");
    world.waits(600 * SECOND);
    world.reads(Flow::Blocked);
    assert!(world.finishes(), "the user may be slow");
    world.waits(60 * SECOND);
    let error = world.fails();
    assert_eq!((error.exit(), error.why()), (Exit::Usage, "it ended before the message or the body was whole"));
}

#[test]
fn a_server_that_ends_before_it_has_replied_is_told_of() {
    for truncated in [false, true] {
        let mut world = World::of("smtp");
        world.hears("220 hi\r\n");
        world.types("EHLO me\nQUIT\n");
        world.hears("250-mail\r\n");
        world.ends(truncated);
        let error = world.fails();
        assert_eq!(error.to_string(), "mail:25: it ended the connection without a reply to \"EHLO me\"");
        assert_eq!(error.exit(), Exit::Network);
        assert_eq!(world.paced.undelivered(), 0, "what was typed waits elsewhere");
    }
}

#[test]
fn a_server_that_ends_within_a_message_is_told_of() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\n");
    world.hears("354 go\r\n");
    world.types("x\n");
    world.ends(false);
    assert!(world.fails().why().contains("before the message or the body was sent"));
}

#[test]
fn a_message_without_an_end_is_the_users_fault() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("DATA\nx\n");
    assert!(!world.finishes());
    world.hears("354 go\r\n");
    assert!(world.flushes() && world.below.borrow().said == ["finish"]);
    world.ends(false);
    let error = world.fails();
    assert_eq!((error.exit(), error.why()), (Exit::Usage, "it ended before the message or the body was whole"));
}

#[test]
fn a_server_may_end_when_it_has_replied() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("QUIT\n");
    world.hears("221 bye\r\n");
    world.ends(false);
    world.reads(Flow::Ended);
    assert!(world.finishes());
}

#[test]
fn how_a_server_leaves_that_has_answered_all_makes_no_difference() {
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
        for (said, heard, finishes, in_order) in [
            ("QUIT\n", "221 bye\r\n", false, true),
            ("NOOP\n", "250 ok\r\n", true, true),
            ("NOOP\n", "250 ok\r\n", false, false),
            ("DATA\n", "354 go\r\n", true, false),
            ("NOOP\n", "250-o", true, false),
        ] {
            let mut world = World::of("smtp");
            world.hears("220 hi\r\n");
            world.types(said);
            world.hears(heard);
            if finishes {
                world.paced.finish().unwrap();
                world.works();
            }
            world.below.borrow_mut().breaks = Some(kind);
            let broken = world.paced.broken().unwrap_err().kind();
            assert_eq!(broken, if in_order { io::ErrorKind::BrokenPipe } else { kind });
            let end = world.paced.read(&mut [0; 100]);
            assert_eq!(matches!(end, Ok(Flow::Ended)), in_order, "{kind}: {said:?}, {heard:?}: {end:?}");
        }
    }
}

#[test]
fn a_body_up_to_the_end_is_not_whole_when_that_is_abrupt() {
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
        let mut world = World::of("http");
        world.types("GET / HTTP/1.1\n\n");
        assert!(!world.finishes());
        world.hears("HTTP/1.1 200 OK\r\n\r\nbody");
        world.below.borrow_mut().breaks = Some(kind);
        assert_eq!(world.paced.read(&mut [0; 100]).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_reply_to_quit_is_not_missed() {
    for protocol in ["smtp", "pop3"] {
        let mut world = World::of(protocol);
        world.hears("220 hi\r\n".replace("220", if protocol == "pop3" { "+OK" } else { "220" }));
        world.types("QUIT\nNOOP\n");
        world.ends(false);
        world.reads(Flow::Ended);
        let error = world.paced.write(b"NOOP\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "it was asked to leave");
    }
}

#[test]
fn what_comes_after_quit_is_not_sent() {
    for (quit, bye, rest) in [("QUIT", "221", ""), ("quit", "250", ""), ("QUIT", "500", "\r\nx\r\n")] {
        let mut world = World::of("smtp");
        world.hears("220 hi\r\n");
        world.types(format!("{quit}\n\nx"));
        world.hears(format!("{bye} bye\r\n"));
        world.hears("250 ok\r\n");
        world.types("\n");
        assert_eq!(world.sent(), format!("{quit}\r\n{rest}"), "unless it was refused");
        assert_eq!(world.paced.undelivered(), 7);
    }
}

#[test]
fn what_comes_after_the_servers_end_is_too_late() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.ends(false);
    world.reads(Flow::Ended);
    let error = world.paced.write(b"NOOP\n").unwrap_err();
    assert_eq!(Error::carried(&error).unwrap().to_string(), "mail:25: it ended the connection before all was sent");
}

#[test]
fn so_is_a_line_without_an_end() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("more");
    world.ends(false);
    world.reads(Flow::Ended);
    assert!(Error::carried(&world.paced.flush().unwrap_err()).is_some(), "nobody waits for its delivery");
}

#[test]
fn a_server_whose_replies_are_not_known_may_take_more_after_its_end() {
    let mut world = World::new(By::Quiet(SECOND), false, true);
    world.types("one\ntwo\nthree");
    world.ends(false);
    world.reads(Flow::Ended);
    assert_eq!(world.sent(), "one\r\ntwo\r\n");
    assert!(world.finishes());
    assert_eq!(world.below.borrow().written, b"three\r\n");
}

#[test]
fn the_end_may_be_that_of_the_reply() {
    let mut world = World::of("http");
    world.types("GET / HTTP/1.1\n\n");
    world.hears("HTTP/1.1 200 OK\r\n\r\nbody");
    world.ends(false);
    world.reads(Flow::Ended);
}

#[test]
fn what_is_no_reply_is_shown_and_told_of() {
    let mut world = World::of("smtp");
    world.types("EHLO me\n");
    world.below.borrow_mut().reads.push_back(b"SSH-2.0\r\n".to_vec());
    world.reads(Flow::Moved(9));
    let error = world.fails();
    assert_eq!(error.to_string(), "the reply: \"SSH-2.0\" is no reply of SMTP");
    assert_eq!(world.paced.write(b"x").unwrap(), Flow::Blocked);
}

#[test]
fn a_server_that_cannot_be_told_anything_may_still_be_heard() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.below.borrow_mut().fails = true;
    assert!(matches!(world.paced.write(b"NOOP\n"), Ok(Flow::Moved(5))), "it was taken");
    assert_eq!(world.paced.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    world.below.borrow_mut().reads.push_back(b"421 bye\r\n".to_vec());
    world.reads(Flow::Moved(9));
    assert_eq!(world.paced.deadline(), None);
}

impl World {
    fn ends(&self, truncated: bool) {
        let mut below = self.below.borrow_mut();
        (below.ended, below.breaks) = (true, truncated.then_some(io::ErrorKind::UnexpectedEof));
    }
}
