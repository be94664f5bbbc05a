//! `--fail`: the first reply that is an error ends it.

use super::*;

#[test]
fn an_error_ends_it_with_a_farewell() {
    let mut world = World::failing("smtp");
    world.hears("220 hi\r\n");
    world.types("RCPT TO:<x>\nDATA\n");
    world.hears("550 5.1.1 nobody\x1b[2J\r\n");
    assert_eq!(world.sent(), "RCPT TO:<x>\r\nQUIT\r\n");
    assert_eq!(world.typed, b"DATA\n", "the rest is not sent");
    world.reads(Flow::Blocked);
    world.hears("221 bye\r\n");
    assert_eq!(world.below.borrow().said, ["hang up"]);
    let error = world.fails();
    assert_eq!(error.to_string(), "\"RCPT TO:<x>\": 550 5.1.1 nobody\\u{1b}[2J");
    assert_eq!(error.exit(), Exit::Dialogue);
    assert_eq!(world.paced.undelivered(), 0);
    assert_eq!(world.paced.write(b"x").unwrap(), Flow::Blocked);
}

#[test]
fn without_it_the_session_goes_on() {
    let mut world = World::of("smtp");
    world.hears("220 hi\r\n");
    world.types("RCPT TO:<x>\nRSET\n");
    world.hears("550 nobody\r\n");
    assert_eq!(world.sent(), "RCPT TO:<x>\r\nRSET\r\n");
}

#[test]
fn an_ehlo_may_be_refused_if_helo_follows() {
    for (next, excused) in [("helo me\n", true), ("QUIT\n", false)] {
        let mut world = World::failing("smtp");
        world.hears("220 hi\r\n");
        world.types("EHLO me\n");
        world.hears("502 what?\r\n");
        assert_eq!(world.sent(), "EHLO me\r\n");
        world.types(next);
        if excused {
            assert_eq!(world.sent(), "helo me\r\n");
            world.hears("250 hi\r\n");
            world.reads(Flow::Blocked);
            continue;
        }
        assert_eq!(world.sent(), "QUIT\r\n");
        assert_eq!(world.typed, next.as_bytes(), "this QUIT is ours");
        world.hears("221 bye\r\n");
        assert_eq!(world.fails().to_string(), "\"EHLO me\": 502 what?");
    }
}

#[test]
fn an_ehlo_refused_is_a_failure_if_nothing_follows() {
    let mut world = World::failing("smtp");
    world.hears("220 hi\r\n");
    world.types("EHLO me\n");
    world.hears("502 what?\r\n");
    assert!(!world.finishes());
    assert_eq!(world.below.borrow().written, b"EHLO me\r\nQUIT\r\n");
    world.below.borrow_mut().ended = true;
    assert_eq!(world.fails().to_string(), "\"EHLO me\": 502 what?");
}

#[test]
fn a_greeting_may_be_an_error() {
    let mut world = World::failing("smtp");
    world.hears("554 go away\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
    world.below.borrow_mut().ended = true;
    assert_eq!(world.fails().to_string(), "the greeting: 554 go away");
}

#[test]
fn who_has_said_that_it_leaves_is_told_no_farewell() {
    let mut world = World::failing("smtp");
    world.hears("220 hi\r\n");
    world.types("NOOP\n");
    world.below.borrow_mut().reads.push_back(b"421 bye\r\n".to_vec());
    world.reads(Flow::Moved(9));
    assert_eq!(world.fails().to_string(), "\"NOOP\": 421 bye");
    assert_eq!(world.below.borrow().written, b"NOOP\r\n");
}

#[test]
fn one_recipients_reply_is_enough() {
    let mut world = World::failing("lmtp");
    world.hears("220 hi\r\n");
    world.types("LHLO me\nMAIL FROM:<a>\nRCPT TO:<b>\nRCPT TO:<c>\nDATA\n");
    for _ in 0..4 {
        world.hears("250 ok\r\n");
    }
    world.hears("354 go\r\n");
    world.types("x\n.\nNOOP\n");
    world.sent();
    world.hears("250 ok\r\n");
    world.hears("452 c is full\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
    world.hears("221 bye\r\n");
    assert_eq!(world.fails().to_string(), "the message: 452 c is full");
}

#[test]
fn the_farewell_waits_until_all_is_replied() {
    let mut world = World::failing("lmtp");
    world.hears("220 hi\r\n");
    world.types("LHLO me\nMAIL FROM:<a>\nRCPT TO:<b>\nRCPT TO:<c>\nDATA\n");
    for _ in 0..4 {
        world.hears("250 ok\r\n");
    }
    world.hears("354 go\r\n");
    world.types("x\n.\n");
    world.sent();
    world.hears("452 b is full\r\n");
    assert_eq!(world.sent(), "");
    world.hears("250 ok\r\n");
    assert_eq!(world.sent(), "QUIT\r\n");
}

#[test]
fn a_protocol_without_a_farewell_ends_at_once() {
    let mut world = World::failing("http");
    world.types("GET /x HTTP/1.1\n\n");
    world.below.borrow_mut().reads.push_back(b"HTTP/1.1 404 None\r\nContent-Length: 2\r\n\r\n".to_vec());
    world.reads(Flow::Moved(40));
    world.reads(Flow::Blocked);
    world.below.borrow_mut().reads.push_back(b"no".to_vec());
    world.reads(Flow::Moved(2));
    let error = world.paced.write(b"GET").unwrap_err();
    assert_eq!(Error::carried(&error).unwrap().exit(), Exit::Dialogue, "a writer may be told first");
    assert_eq!(world.fails().to_string(), "\"GET /x HTTP/1.1\": HTTP/1.1 404 None");
}

#[test]
fn a_server_that_says_no_farewell_is_not_waited_for_longer_than_any() {
    let mut world = World::failing("smtp");
    world.hears("220 hi\r\n");
    world.types("NOOP\n");
    world.hears("500 what?\r\n");
    world.reads(Flow::Blocked);
    world.waits(60 * SECOND);
    assert_eq!(world.fails().exit(), Exit::Dialogue);
}

#[test]
fn a_password_is_not_quoted() {
    let mut world = World::failing("pop3");
    world.hears("+OK hi\r\n");
    world.types("PASS secret\n");
    world.hears("-ERR no\r\n");
    world.hears("+OK bye\r\n");
    assert_eq!(world.fails().to_string(), "\"PASS …\": -ERR no");
}

#[test]
fn a_password_that_is_a_command_is_what_was_refused() {
    let mut world = World::failing("ftp");
    world.hears("220 hi\r\n");
    world.types("USER me\nPASS secret\n");
    world.hears("331 Password?\r\n");
    world.hears("530 no\r\n");
    world.hears("221 bye\r\n");
    assert_eq!(world.fails().to_string(), "\"PASS …\": 530 no");
}
