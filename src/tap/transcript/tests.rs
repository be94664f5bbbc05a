//! The notation, and what must never be in it.

mod played;

use super::*;
use Side::{Client, Server};
use proptest::prelude::*;

/// The transcript of what is said at these times, in milliseconds.
fn transcribe(mut transcript: Transcript, said: &[(Side, &[u8])]) -> String {
    let mut out = String::new();
    for (at, (side, bytes)) in (0..).zip(said) {
        transcript.said(*side, bytes, Duration::from_millis(at), &mut out);
    }
    transcript.end(&mut out);
    out
}

fn open(said: &[(Side, &[u8])]) -> String {
    transcribe(Transcript::new(false, true, false), said)
}

fn masked(said: &[(Side, &[u8])]) -> String {
    transcribe(Transcript::new(false, false, false), said)
}

#[test]
fn lines_tell_who_said_them() {
    let said: [(Side, &[u8]); 3] =
        [(Server, b"220 hi\r\n"), (Client, b"EHLO me\r\n\r\n"), (Server, b"250-a\r\n250 b\r\n")];
    assert_eq!(open(&said), "S: 220 hi\nC: EHLO me\nC:\nS: 250-a\nS: 250 b\n");
}

#[test]
fn other_ends_of_lines_are_written_out() {
    assert_eq!(
        open(&[(Client, b"ls\n\n \n")]),
        "C: ls{hex:0a}{no-eol}\nC: {hex:0a}{no-eol}\nC: {hex:20}{hex:0a}{no-eol}\n"
    );
    assert_eq!(open(&[(Server, b"login: "), (Client, b"me\r\n")]), "S: login: {no-eol}\nC: me\n");
    assert_eq!(
        open(&[(Client, b"a\r"), (Server, b"b"), (Client, b"\nc")]),
        "C: a{hex:0d}{no-eol}\nS: b{no-eol}\nC: {hex:0a}{no-eol}\nC: c{no-eol}\n"
    );
    assert_eq!(
        open(&[(Client, b"ends in a blank \r\n{\t"), (Server, b"\r\n")]),
        "C: ends in a blank{hex:20}\nC: {{\t{no-eol}\nS:\n"
    );
}

#[test]
fn a_line_waits_for_its_end_while_nobody_else_speaks() {
    let (mut transcript, mut out) = (Transcript::new(false, true, false), String::new());
    for piece in [&b"EH"[..], b"LO m", b"e\r"] {
        transcript.said(Client, piece, Duration::ZERO, &mut out);
        assert_eq!(out, "");
    }
    transcript.said(Client, b"\nQU", Duration::ZERO, &mut out);
    assert_eq!(out, "C: EHLO me\n");
}

#[test]
fn the_time_is_that_of_a_lines_first_byte() {
    let said: [(Side, &[u8]); 4] = [(Server, b"lo"), (Server, b"gin: "), (Client, b"me\r\nyo"), (Client, b"u\r\n")];
    let text = transcribe(Transcript::new(true, true, false), &said);
    assert_eq!(text, "[0.000000] S: login: {no-eol}\n[0.002000] C: me\n[0.002000] C: you\n");
}

#[test]
fn encryption_begins_between_lines_and_once() {
    let (mut transcript, mut out) = (Transcript::new(true, true, false), String::new());
    transcript.said(Client, b"STARTTLS\r\nx", Duration::ZERO, &mut out);
    transcript.encrypted(Duration::from_micros(1_000_001), &mut out);
    transcript.encrypted(Duration::from_secs(2), &mut out);
    assert_eq!(out, "[0.000000] C: STARTTLS\n[0.000000] C: x{no-eol}\n[1.000001] --- TLS\n");
}

#[test]
fn each_datagram_is_its_own() {
    let said: [(Side, &[u8]); 5] =
        [(Client, b"a"), (Client, b"b\r\nc"), (Server, b""), (Server, b"d\n"), (Client, b"PASS x")];
    assert_eq!(
        transcribe(Transcript::new(false, false, true), &said),
        "C: a{no-eol}\nC: b\nC: c{no-eol}\nS: {no-eol}\nS: d{hex:0a}{no-eol}\nC: PASS {masked}{no-eol}\n"
    );
}

#[test]
fn long_lines_come_in_pieces() {
    let long = [&b"x".repeat(LONGEST * 2 + 1)[..], b"\r\n"].concat();
    let text = open(&[(Client, &long)]);
    assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [LONGEST + 11, LONGEST + 11, 4]);
    assert_eq!(said_in(&text, Client), long);
}

#[test]
fn a_long_secret_is_masked_to_its_end() {
    let long = [&b"PASS "[..], &b"x".repeat(LONGEST * 3), b"\r\nNOOP\r\n"].concat();
    assert_eq!(masked(&[(Client, &long)]), "C: PASS {masked}{no-eol}\nC: {masked}\nC: NOOP\n");
    let user = [&b"a1 LOGIN "[..], &b"u".repeat(LONGEST), b" secret\r\nNOOP\r\n"].concat();
    let text = masked(&[(Client, &user)]);
    assert!(text.ends_with("u{no-eol}\nC: {masked}\nC: NOOP\n") && !text.contains("secret"));
    let long_answer = [&b"AUTH PLAIN\r\n"[..], &b"A".repeat(LONGEST + 5), b"\r\nMAIL FROM\r\n"].concat();
    assert_eq!(masked(&[(Client, &long_answer)]), "C: AUTH PLAIN\nC: {masked}{no-eol}\nC: {masked}\nC: MAIL FROM\n");
}

#[test]
fn a_masked_line_keeps_its_end() {
    assert_eq!(
        masked(&[(Client, b"PASS x\nPASS y\r\nPASS z")]),
        "C: PASS {masked}{hex:0a}{no-eol}\nC: PASS {masked}\nC: PASS {masked}{no-eol}\n"
    );
}

#[test]
fn interruptions_do_not_unmask() {
    let said: [(Side, &[u8]); 6] = [
        (Client, b"PA"),
        (Server, b"!"),
        (Client, b"SS se"),
        (Server, b"!"),
        (Client, b"cret\r\nNOOP"),
        (Client, b"\r\n"),
    ];
    assert_eq!(
        masked(&said),
        "C: PA{no-eol}\nS: !{no-eol}\nC: SS {masked}{no-eol}\nS: !{no-eol}\nC: {masked}\nC: NOOP\n"
    );
}

#[test]
fn a_message_that_is_counted_may_end_within_a_line() {
    let said: [(Side, &[u8]); 1] = [(Client, b"BDAT 10 LAST\r\nPASS x\r\nabPASS y\r\n")];
    assert_eq!(masked(&said), "C: BDAT 10 LAST\nC: PASS x\nC: abPASS {masked}\n");
    let long = [&b"BDAT 70000\r\n"[..], &b"x".repeat(70_000), b"PASS y\r\n"].concat();
    assert!(masked(&[(Client, &long)]).ends_with("xPASS {masked}\n"));
}

#[test]
fn the_exchange_of_xmpp_is_masked_and_what_comes_after_it_is_not() {
    let said: [(Side, &[u8]); 5] = [
        (Client, b"<stream:stream>"),
        (Server, b"<stream:features/>"),
        (Client, b"<auth mechanism='PLAIN'>AHNlY3JldA==</auth>"),
        (Server, b"<success/>"),
        (Client, b"<message/>"),
    ];
    assert_eq!(
        masked(&said),
        "C: <stream:stream>{no-eol}\nS: <stream:features/>{no-eol}\n\
         C: <auth mechanism='PLAIN'>{masked}{no-eol}\nS: <success/>{no-eol}\nC: <message/>{no-eol}\n"
    );
}

#[test]
fn the_exchange_of_xmpp_may_take_several_lines_and_pieces() {
    let ended = "C: <message/>{no-eol}\n";
    for said in [
        &[(Client, &b"<auth mechanism='PLAIN'>"[..]), (Server, b" "), (Client, b"QQ"), (Client, b"QQ</auth>")][..],
        &[(Client, b"<auth\r\n mechanism='PLAIN'>\r\nQQ\r\nQQ"), (Server, b" "), (Client, b"</auth>")],
        &[(Client, b"<iq><password>\r\n"), (Server, b" "), (Client, b"QQ\r\nQQ</password>\r\n")],
    ] {
        let text = masked(&[said, &[(Server, b"<success/>"), (Client, b"<message/>")]].concat());
        assert!(!text.contains('Q') && text.ends_with(ended), "{text}");
    }
}

#[test]
fn a_literal_that_is_secret_may_have_several_lines() {
    let login = b"a1 LOGIN me {12+}\r\nQQ\r\nQQ\n{5}QQ\r\na2 NOOP\r\n";
    assert_eq!(
        masked(&[(Client, login)]),
        "C: a1 LOGIN me {masked}\nC: {masked}\nC: {masked}{hex:0a}{no-eol}\nC: {masked}\nC: a2 NOOP\n"
    );
    let ends_with_a_line = b"a1 LOGIN {4+}\r\nQQ\r\n {2+}\r\nQQ\r\na2 NOOP\r\n";
    let text = masked(&[(Client, ends_with_a_line)]);
    assert!(!text.contains('Q') && text.ends_with("C: a2 NOOP\n"), "{text}");
    let refused: [(Side, &[u8]); 3] =
        [(Client, b"a1 LOGIN me {9000}\r\n"), (Server, b"a1 BAD no\r\n"), (Client, b"a2 NOOP\r\na3 NOOP\r\n")];
    assert!(masked(&refused).ends_with("C: {masked}\nC: a3 NOOP\n"));
}

#[test]
fn a_name_and_password_for_socks_are_masked() {
    let said: [(Side, &[u8]); 6] = [
        (Client, b"\x05\x01\x02"),
        (Server, b"\x05\x02"),
        (Client, b"\x01\x02me\x0asecretsecr"),
        (Server, b"\x01\0"),
        (Client, b"\x05\x01\0\x01\x7f\0\0\x01\0\x19"),
        (Client, b"EHLO me\r\n"),
    ];
    let text = masked(&said);
    assert!(!text.contains("secr") && !text.contains("me{") && text.ends_with("EHLO me\n"), "{text}");
}

/// What `side` said, of a transcript in which nothing is masked.
fn said_in(text: &str, side: Side) -> Vec<u8> {
    let sign = if side == Client { "C:" } else { "S:" };
    let mut said = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix(sign)) {
        let mut rest = line.strip_prefix(' ').unwrap_or(line);
        let mut end = &b"\r\n"[..];
        while let Some(c) = rest.chars().next() {
            if rest == "{no-eol}" {
                (rest, end) = ("", b"");
            } else if let Some(hex) = rest.strip_prefix("{hex:") {
                let (digits, more) = hex.split_once('}').unwrap();
                said.extend(data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap());
                rest = more;
            } else {
                rest = &rest[if rest.starts_with("{{") { 2 } else { c.len_utf8() }..];
                said.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        said.extend(end);
    }
    said
}

/// Bytes of which lines are made.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&str] =
        &["\r\n", "\n", "\r", " ", "{", "{hex:", "{no-eol}", "a1 LOGIN ", "PASS ", "ü", "\u{202e}", "x", "\\"];
    let part = prop_oneof![
        4 => proptest::sample::select(PARTS).prop_map(|part| part.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Client), Just(Server)]
}

proptest! {
    #[test]
    fn what_was_said_can_be_read_again(said in proptest::collection::vec((sides(), texts()), 0..12)) {
        let pieces: Vec<_> = said.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        let text = open(&pieces);
        for side in [Client, Server] {
            let all: Vec<u8> = said.iter().filter(|it| it.0 == side).flat_map(|it| it.1.clone()).collect();
            prop_assert_eq!(said_in(&text, side), all, "{}", text);
        }
    }

    #[test]
    fn any_pieces_give_the_same(text in texts(), cut in 0..40_usize, side in sides()) {
        let (one, other) = text.split_at(cut.min(text.len()));
        prop_assert_eq!(masked(&[(side, one), (side, other)]), masked(&[(side, &text)]));
    }

    #[test]
    fn a_secret_is_never_written_in_parts(
        before in proptest::sample::select(&[
            "PASS ", "AUTH PLAIN ", "a1 LOGIN \"a b\" ", "APOP me ", "Authorization: Basic ", "AUTHENTICATE \"PLAIN\" \"",
            "AUTH LOGIN\r\n", "a1 AUTHENTICATE PLAIN\r\n", "a1 LOGIN {3+}\r\nabc ", "AUTHINFO PASS ", "Cookie: a\r\n ",
            "<auth mechanism='PLAIN'>", "<auth\n x='y'>\r\n",
        ][..]),
        cuts in proptest::collection::vec((0..40_usize, proptest::sample::select(&["!", "", "\r\n", "x\r\n"][..])), 0..6),
    ) {
        let text = format!("{before}ZJWQZJWQ\r\n");
        let mut ends: Vec<_> = cuts.iter().map(|(end, noise)| ((*end).min(text.len()), noise.as_bytes())).collect();
        ends.push((text.len(), b""));
        ends.sort_unstable();
        let (mut said, mut from) = (Vec::new(), 0);
        for (end, noise) in ends {
            said.extend([(Client, &text.as_bytes()[from..end]), (Server, noise)]);
            from = end;
        }
        let shown = masked(&said);
        prop_assert!(!shown.contains(['Z', 'J', 'W', 'Q']), "{shown}");
    }
}
