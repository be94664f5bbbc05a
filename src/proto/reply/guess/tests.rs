use super::*;
use crate::proto::reply::{
    Kind,
    testing::{hear, play},
};
use proptest::prelude::*;

/// What tells the protocols apart: the reply to this greeting, and to some commands.
fn after(port: Option<u16>, greeting: &str, lines: &[&str]) -> Turn {
    let mut guess = begin(port);
    assert_eq!(hear(&mut *guess, greeting.as_bytes(), &[1]).1, Ok(()), "{greeting}");
    lines.iter().for_each(|line| guess.said(line.as_bytes()));
    guess.turn()
}

fn farewell(port: Option<u16>, greeting: &str) -> Option<String> {
    let mut guess = begin(port);
    assert_eq!(hear(&mut *guess, greeting.as_bytes(), &[1]).1, Ok(()), "{greeting}");
    guess.farewell().map(|line| String::from_utf8(line).unwrap())
}

/// The protocol that a greeting tells at a port.
fn told(port: Option<u16>, greeting: &str) -> Option<&'static str> {
    let expected = port.and_then(ports::known).and_then(|known| protocol(known.service));
    Guess { expected, lines: Lines::default(), heard: Vec::new(), found: None }.told_by(greeting.as_bytes())
}

#[test]
fn the_greeting_tells() {
    for (greeting, protocol) in [
        ("220 mail.example.org ESMTP Postfix", "smtp"),
        ("220 ftp.example.org ESMTP", "smtp"),
        ("220 smtp.example.org ready", "smtp"),
        ("220 ready", "smtp"),
        ("220", "smtp"),
        ("554 no service", "smtp"),
        ("220 mail.example.org LMTP ready", "lmtp"),
        ("220 (vsFTPd 3.0.5)", "ftp"),
        ("220---------- Welcome to Pure-FTPd", "ftp"),
        ("220 ftp.example.org ready", "ftp"),
        ("120 wait", "ftp"),
        ("+OK <1@x>", "pop3"),
        ("* OK [CAPABILITY IMAP4rev1]", "imap"),
        ("* PREAUTH x", "imap"),
        ("200 news", "nntp"),
        ("201 no posting", "nntp"),
        ("\"IMPLEMENTATION\" \"x\"", "sieve"),
        ("HTTP/1.1 408 too late", "http"),
        ("hello", "line"),
        ("+OKAY", "line"),
        ("\0\u{ff}", "line"),
        ("", "line"),
    ] {
        assert_eq!(told(None, greeting), Some(protocol), "{greeting}");
        assert_eq!(told(Some(31337), greeting), Some(protocol), "{greeting}");
    }
    assert_eq!(told(None, "220-welcome to us"), None, "more lines follow");
}

#[test]
fn the_port_tells_where_the_greeting_does_not() {
    for (port, protocol) in [(25, "smtp"), (24, "lmtp"), (21, "ftp"), (990, "ftp"), (1025, "smtp"), (119, "nntp")] {
        assert_eq!(told(Some(port), "220 host.example.org ready"), Some(protocol), "{port}");
    }
    assert_eq!(told(Some(25), "220 x LMTP"), Some("lmtp"));
    assert_eq!(told(Some(24), "220 x ESMTP"), Some("smtp"));
    assert_eq!(told(Some(25), "+OK"), Some("pop3"));
    for (port, protocol) in [(110, "pop3"), (995, "pop3"), (993, "imap"), (4190, "sieve"), (25, "smtp")] {
        assert_eq!(told(Some(port), "who knows"), Some(protocol), "{port}");
    }
}

#[test]
fn every_protocol_that_is_told_is_one() {
    for known in ports::KNOWN {
        let Some(name) = protocol(known.service) else { continue };
        assert!(PROTOCOLS.iter().any(|protocol| protocol.name == name), "{name}");
    }
}

#[test]
fn the_greeting_is_a_reply_of_what_it_tells() {
    let session = "S: 220-welcome
        S: 220-to us
        S: 220 vsFTPd
        ! success 220-welcome
        C: STOR x
        S: 150 come
        ! continue 150 come
        S: 226 thanks
        ! success 226 thanks";
    assert_eq!(play(&|| begin(None), session), Turn::Line);
    let session = "S: hello\n ! success hello\n C: x\n S: -ERR\n ! success -ERR";
    assert_eq!(play(&|| begin(None), session), Turn::Line);
    let session = "S: * OK hi\n ! success * OK hi\n C: a LOGIN {3}\n S: +\n ! continue +\n B: 3";
    assert_eq!(play(&|| begin(Some(143)), session), Turn::Line);
    assert_eq!(after(None, "+OK\r\n", &["LIST"]), Turn::Wait);
    assert_eq!(after(None, "+OK\r\n+OK", &["LIST"]), Turn::Wait);
    assert_eq!(farewell(None, "\"SASL\" \"\"\r\nOK\r\n").as_deref(), Some("LOGOUT"));
    assert_eq!(farewell(None, "* OK\r\n").as_deref(), Some("rncat LOGOUT"));
    assert_eq!(farewell(None, "220 x\r\n").as_deref(), Some("QUIT"));
    assert_eq!(farewell(None, "22"), None);
}

#[test]
fn what_follows_the_greeting_is_heard_as_well() {
    let (replies, result) = hear(&mut *begin(None), b"220 x\r\n421 no\r\n42", &[99]);
    let kinds: Vec<_> = replies.iter().map(|reply| reply.kind).collect();
    assert_eq!((kinds, result), (vec![Kind::Success, Kind::Transient], Ok(())));
}

#[test]
fn a_request_that_lies_ready_is_said_before_any_greeting() {
    let session = "C: GET / HTTP/1.1
        C:
        S: HTTP/1.1 204 None
        S:
        ! success HTTP/1.1 204 None";
    for port in [None, Some(9000), Some(80), Some(8080), Some(443)] {
        assert_eq!(play(&|| begin(port), session), Turn::Line, "{port:?}");
    }
    let turn = |port, heard: &[u8], line: &[u8]| {
        let mut guess = begin(port);
        hear(&mut *guess, heard, &[9]).1.unwrap();
        guess.peek(line);
        guess.turn()
    };
    assert_eq!(turn(Some(80), b"", b"GET /"), Turn::Line);
    assert_eq!(turn(None, b"", b"GET /"), Turn::Wait);
    assert_eq!(turn(Some(25), b"", b"GET / HTTP/1.1"), Turn::Wait);
    assert_eq!(turn(None, b"220-x\r\n", b"GET / HTTP/1.1"), Turn::Wait);
}

#[test]
fn some_services_do_not_greet() {
    for port in [7, 43, 79, 6667] {
        assert_eq!(begin(Some(port)).turn(), Turn::Line, "{port}");
    }
    assert_eq!(begin(Some(25)).turn(), Turn::Wait);
}

#[test]
fn a_greeting_may_have_been_heard_before() {
    for port in [None, Some(25), Some(143), Some(5432)] {
        let mut guess = begin(port);
        guess.greeted();
        assert_eq!(guess.turn(), Turn::Line, "{port:?}");
    }
}

#[test]
fn a_server_that_leaves_without_a_greeting_owes_one() {
    let mut guess = begin(None);
    assert_eq!((guess.may_end(), guess.ended()), (false, None));
}

#[test]
fn a_greeting_that_never_ends_is_an_error() {
    assert!(hear(&mut *begin(None), &[0; LINE + 1], &[100]).1.is_err());
    let error = hear(&mut *begin(None), &b"220-x\r\n".repeat(LINE), &[100]).1.unwrap_err();
    assert!(error.to_string().contains("longer than 64 KiB"), "{error}");
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(
        parts in prop::collection::vec(prop_oneof![
            Just("220-x\r\n"), Just("220 FTP\r\n"), Just("+OK\r\n"), Just("* OK\r\n"), Just("200 x\r\n"), Just("OK\n"),
            Just("\"x\"\r\n"), Just("HTTP/1.1 200 OK\r\n\r\n"), Just("a"), Just("\r\n"),
        ], 0..9),
        sizes in prop::collection::vec(1usize..9, 1..5),
        port in prop_oneof![Just(None), Just(Some(25)), Just(Some(110)), Just(Some(80))],
    ) {
        let bytes = parts.concat().into_bytes();
        let heard = |sizes: &[usize]| {
            let mut guess = begin(port);
            let heard = hear(&mut *guess, &bytes, sizes);
            (heard, guess.turn(), guess.farewell())
        };
        prop_assert_eq!(heard(&sizes), heard(&[999]));
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), port in any::<u16>()) {
        let mut guess = begin(Some(port));
        guess.peek(&bytes);
        let _ = hear(&mut *guess, &bytes, &[7]);
    }
}
