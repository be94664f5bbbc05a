//! Conversations as both sides have them, and what the watch makes of each.

mod strict;

use super::*;
use proptest::prelude::*;

const EHLO: Option<Answer> = Some(Answer::Agreed { again: Some("EHLO") });

/// Says `C: ` and `S: ` lines in turn, and gives the answer to the last; all before it must pass, and have none.
fn said(script: &[(char, &str)]) -> (Watch, Option<Answer>) {
    let mut watch = Watch::default();
    let mut last = None;
    for (side, text) in script {
        assert_eq!(last, None, "before {text}");
        let bytes = text.as_bytes();
        match side {
            'C' => assert_eq!(watch.client(bytes), bytes.len(), "{text}"),
            _ => {
                let (n, answer) = watch.server(bytes);
                assert_eq!(n, bytes.len(), "{text}");
                last = answer;
            }
        }
    }
    (watch, last)
}

fn answer(script: &[(char, &str)]) -> Option<Answer> {
    said(script).1
}

#[test]
fn each_protocol_has_its_words() {
    let agreed = |again| Some(Answer::Agreed { again });
    let cases: [(&str, &str, &str, Option<&str>); 8] = [
        ("220 mail\r\n", "starttls\r\n", "220 go\r\n", Some("EHLO")),
        ("+OK hi\r\n", "STLS\r\n", "+OK go\r\n", None),
        ("* OK hi\r\n", "a1 StartTLS\r\n", "* OK wait\r\nA1 OK no\r\na1 OK go\r\n", Some("CAPABILITY")),
        ("220 ftp\r\n", "AUTH TLS\r\n", "234 go\r\n", None),
        ("220 ftp\n", "auth ssl\n", "234-so\n 220 x\n234 go\n", None),
        ("200 news\r\n", "STARTTLS\r\n", "382 go\r\n", Some("CAPABILITIES")),
        ("\"STARTTLS\"\r\nOK\r\n", "STARTTLS\r\n", "OK \"go\"\r\n", None),
        (":irc NOTICE * :hi\r\n", "STARTTLS\r\n", ":irc 670 * :go\r\n", None),
    ];
    for (greeting, ask, go, again) in cases {
        assert_eq!(answer(&[('S', greeting), ('C', ask), ('S', go)]), agreed(again), "{greeting}");
        // Also when the client does not wait for the greeting.
        assert_eq!(answer(&[('C', ask), ('S', greeting), ('S', go)]), agreed(again), "{greeting}");
    }
    assert_eq!(
        answer(&[
            ('S', "220 x\r\n"),
            ('C', "LHLO x\r\n"),
            ('S', "250 x\r\n"),
            ('C', "STARTTLS\r\n"),
            ('S', "220 x\r\n")
        ]),
        agreed(Some("LHLO"))
    );
}

#[test]
fn a_refusal_is_the_reply_to_it() {
    for (greeting, ask, no) in [
        ("220 mail\r\n", "STARTTLS\r\n", "454-x\r\n454 no\r\n"),
        ("220 mail\r\n", "STARTTLS now\r\n", "501 no\r\n"),
        ("+OK hi\r\n", "STLS\r\n", "-ERR no\r\n"),
        ("* OK hi\r\n", "a1 STARTTLS\r\n", "a1 BAD no\r\n"),
        ("220 ftp\r\n", "AUTH TLS\r\n", "534 no\r\n"),
        ("200 news\r\n", "STARTTLS\r\n", "580 no\r\n"),
        ("OK\r\n", "STARTTLS\r\n", "NO\r\n"),
        ("NOTICE x\r\n", "STARTTLS\r\n", ":irc 691 * :no\r\n"),
    ] {
        let (mut watch, refused) = said(&[('S', greeting), ('C', ask), ('S', no)]);
        assert_eq!(refused, Some(Answer::Refused), "{greeting}");
        assert!(!watch.is_asked());
        assert_eq!(watch.client(b"next\r\n"), 6);
    }
    let after_others =
        [('S', "220 x\r\n"), ('C', "EHLO x\r\nFOO\r\nSTARTTLS\r\n"), ('S', "250-STARTTLS\r\n250 x\r\n500 x\r\n")];
    assert!(said(&after_others).0.is_asked(), "the reply was to FOO");
}

#[test]
fn what_is_said_behind_it_waits() {
    let (mut watch, _) = said(&[('S', "220 x\r\n"), ('C', "EHLO x\r\n")]);
    assert_eq!(watch.client(b"STARTTLS\r\nAUTH PLAIN x\r\n"), 10);
    assert_eq!(watch.client(b"AUTH PLAIN x\r\n"), 0);
    assert_eq!(watch.server(b"250 x\r\n"), (7, None));
    assert_eq!(watch.client(b"AUTH PLAIN x\r\n"), 0);
    assert_eq!(watch.server(b"220 go\r\n250 injected\r\n"), (8, EHLO));
}

#[test]
fn a_reply_to_something_else_is_none() {
    let pop3 = [('S', "+OK hi\r\n"), ('C', "CAPA\r\nNOOP\r\nSTLS\r\n"), ('S', "+OK\r\nSTLS\r\n+OK x\r\n.\r\n-ERR\r\n")];
    let (mut watch, none) = said(&pop3);
    assert_eq!(none, None);
    assert_eq!(watch.server(b"+OK\r\n").1, Some(Answer::Agreed { again: None }));
    let imap =
        [('S', "* OK\r\n"), ('C', "a STARTTLS\r\n"), ('S', "* x {14}\r\na OK literal\r\n a OK x\r\nb OK\r\n+ x\r\n")];
    assert_eq!(answer(&imap), None);
}

#[test]
fn a_message_may_say_it() {
    let (mut watch, _) =
        said(&[('S', "220 x\r\n"), ('C', "DATA\r\n"), ('S', "354 go\r\n"), ('C', "STARTTLS\r\n..\r\n")]);
    assert!(!watch.is_asked());
    assert_eq!(watch.client(b".\r\nSTARTTLS\r\n"), 13);
    assert!(watch.is_asked());
    assert_eq!(watch.server(b"250 x\r\n220 x\r\n"), (14, EHLO));
    // The body does not wait for 354, but a line that may be a command does.
    let (mut watch, _) = said(&[('S', "220 x\r\n"), ('C', "DATA\r\nhi\r\n")]);
    assert_eq!(watch.client(b"STARTTLS\r\n"), 9);
    assert_eq!(watch.server(b"354 go\r\n"), (8, None));
    assert_eq!(watch.client(b"\n.\r\n"), 4);
    assert!(!watch.is_asked());
    // What was a command when DATA is refused.
    let (mut watch, _) = said(&[('S', "220 x\r\n"), ('C', "DATA\r\nhi\r\n")]);
    assert_eq!(watch.client(b"STARTTLS\r\nx"), 9);
    assert_eq!(watch.server(b"503 no\r\n"), (8, None));
    assert_eq!(watch.client(b"\nx"), 1);
    assert!(watch.is_asked());
    assert_eq!(watch.server(b"500 hi\r\n220 go\r\n"), (16, EHLO));
}

#[test]
fn a_whole_session_may_come_at_once() {
    let mut watch = Watch::default();
    let mail = b"EHLO x\r\nMAIL FROM:<>\r\nDATA\r\nSubject: x\r\n.\r\n";
    assert_eq!(watch.client(&[&mail[..], b"QUIT\r\n"].concat()), mail.len(), "what the dot ends is not known yet");
    assert_eq!(watch.server(b"220 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n").1, None);
    assert_eq!(watch.client(b"STARTTLS\r\n"), 10);
    assert_eq!(watch.server(b"220 x\r\n").1, EHLO);
}

#[test]
fn bytes_that_are_counted_may_say_it() {
    for (greeting, text) in [
        ("220 x\r\n", "BDAT 10\r\nSTARTTLS\r\n"),
        ("* OK\r\n", "a APPEND x {14+}\r\n\r\na STARTTLS\r\n b\r\n"),
        ("OK\r\n", "PUTSCRIPT \"x\" {12}\r\n\r\nSTARTTLS\r\n\r\n"),
        ("200 x\r\n", "TAKETHIS <x>\r\nSTARTTLS\r\n.\r\n"),
    ] {
        assert!(!said(&[('S', greeting), ('C', text)]).0.is_asked(), "{text}");
    }
    let (mut watch, _) = said(&[('S', "* OK\r\n")]);
    assert_eq!(watch.client(b"a LOGIN {14}\r\n\r\nb STARTTLS\r\n"), 14, "it waits for the server to ask");
    assert_eq!(watch.server(b"z NO\r\n+ go\r\n"), (12, None));
    assert_eq!(watch.client(b"\r\nb STARTTLS\r\n {2}\r\nx"), 20);
    assert_eq!(watch.server(b"a BAD\r\n"), (7, None));
    assert_eq!(watch.client(b"c STARTTLS\r\n"), 12);
    assert!(watch.is_asked());
}

#[test]
fn a_password_may_say_it() {
    for (greeting, more, done) in [("220 x\r\n", "334 \r\n", "235 x\r\n"), ("+OK\r\n", "+ \r\n", "+OK\r\n")] {
        for word in ["STARTTLS\r\n", "STLS\r\n"] {
            let (mut watch, _) =
                said(&[('S', greeting), ('C', "AUTH LOGIN\r\n"), ('S', more), ('C', word), ('S', more)]);
            assert_eq!(watch.client(word.as_bytes()), word.len());
            assert!(!watch.is_asked());
            assert_eq!(watch.server(done.as_bytes()), (done.len(), None));
            let (mut early, _) = said(&[('S', greeting), ('C', "AUTH LOGIN\r\nuser\r\n"), ('S', more)]);
            assert_eq!(early.client(word.as_bytes()), word.len() - 1);
            assert_eq!(early.server(more.as_bytes()), (more.len(), None));
            assert_eq!(early.client(b"\n"), 1);
            assert!(!early.is_asked());
        }
    }
    let refused = [('S', "220 x\r\n"), ('C', "AUTH LOGIN\r\n"), ('S', "500 no\r\n"), ('C', "STARTTLS\r\n")];
    assert!(said(&refused).0.is_asked());
    let idle = [('S', "* OK\r\n"), ('C', "a IDLE\r\n"), ('S', "+ x\r\n"), ('C', "b STARTTLS\r\n")];
    assert!(!said(&idle).0.is_asked());
}

#[test]
fn an_answer_may_be_neither() {
    for neither in ["250 ok\r\n", "334 x\r\n", "354 x\r\n"] {
        let (watch, answer) = said(&[('S', "220 x\r\n"), ('C', "STARTTLS\r\n"), ('S', neither)]);
        assert_eq!(answer, Some(Answer::Neither), "{neither}");
        assert!(!watch.is_asked());
    }
}

#[test]
fn blanks_of_any_kind_part_words() {
    for ask in ["STARTTLS\t\r\n", " starttls\r\r\n", "AUTH\tTLS\n"] {
        assert!(said(&[('S', "220 x\r\n"), ('C', ask)]).0.is_asked(), "{ask:?}");
    }
}

#[test]
fn other_protocols_are_left_alone() {
    for first in ["HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n", "\0\0\0\x01\n", "\x16\x03\x01\n", "x\r\n", &"x".repeat(80)] {
        let mut watch = Watch::default();
        assert_eq!(watch.client(b"GET / HTTP/1.1\r\n\r\n"), 18);
        assert_eq!(watch.server(first.as_bytes()).1, None);
        assert!(watch.is_over(), "{first:?}");
        assert_eq!(watch.client(b"STARTTLS\r\nx"), 11);
    }
    let mut asked = Watch::default();
    assert_eq!(asked.client(b"STARTTLS\r\nx"), 10);
    assert_eq!(asked.server(b"what?\r\n").1, Some(Answer::Refused));
    let mut other = Watch::default();
    assert_eq!(other.client(b"STLS\r\nx"), 6);
    assert_eq!(other.server(b"220 x\r\n").1, None);
    assert!(!other.is_asked(), "no command of a mail server");
}

#[test]
fn odd_bytes_and_endless_lines_are_survived() {
    let mut watch = Watch::default();
    for _ in 0..100 {
        assert_eq!(watch.client(&[0xff; 10_000]), 10_000);
        assert_eq!(watch.server(&[b'2'; 10_000]), (10_000, None));
    }
    let script = [('S', "220 \0\u{e9}\r\n"), ('C', "\0\u{e9}\r\nSTARTTLS\r\n"), ('S', "500 \0\r\n220 \0\r\n")];
    assert_eq!(answer(&script), EHLO);
}

/// What clients and servers say, and what they do not.
fn pieces(known: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![8 => prop::sample::select(known).prop_map(|text| text.as_bytes().to_vec()), 1 => noise]
}

const CLIENT: &[&str] = &[
    "EHLO x\r\n",
    "STARTTLS\r\n",
    "STLS\n",
    "a STARTTLS\r\n",
    "AUTH TLS\r\n",
    "AUTH LOGIN\r\n",
    "DATA\r\n",
    ".\r\n",
    "BDAT 3\r\n",
    "a X {3}\r\n",
    "a X {5+}\r\n",
    "\r\n",
    "\"x\"\r\n",
    "TAKETHIS x\r\n",
    "x",
];
const SERVER: &[&str] = &[
    "220 x\r\n",
    "250-x\r\n",
    "250 x\r\n",
    "354 x\r\n",
    "334 x\r\n",
    "500 x\r\n",
    "+OK\r\n",
    "-ERR\r\n",
    "+ \r\n",
    "* OK\r\n",
    "a OK\r\n",
    "a NO\r\n",
    "* x {4}\r\n",
    "OK\r\n",
    "NO\r\n",
    "\"x\"\r\n",
    ":x 670 x\r\n",
    ":x 691 x\r\n",
    ".\r\n",
    "234 x\r\n",
];

proptest! {
    #[test]
    fn any_pieces_give_the_same_as_the_whole(
        script in prop::collection::vec((any::<bool>(), pieces(CLIENT), pieces(SERVER)), 0..30),
        size in 1_usize..5,
    ) {
        let (mut whole, mut cut) = (Watch::default(), Watch::default());
        let mut waiting = Vec::new();
        for (is_client, client, server) in script {
            if is_client {
                waiting.extend(client);
                let n = whole.client(&waiting);
                let mut taken = 0;
                for piece in waiting.chunks(size) {
                    let n = cut.client(piece);
                    taken += n;
                    if n < piece.len() {
                        break;
                    }
                }
                prop_assert_eq!(n, taken);
                waiting.drain(..n);
            } else {
                let (n, answer) = whole.server(&server);
                let mut rest = &server[..n];
                let mut last = None;
                while !rest.is_empty() {
                    prop_assert_eq!(last, None);
                    let piece = &rest[..size.min(rest.len())];
                    let (n, answer) = cut.server(piece);
                    prop_assert!(n > 0);
                    last = answer;
                    rest = &rest[n..];
                }
                prop_assert_eq!(last, answer);
                if matches!(answer, Some(Answer::Agreed { .. })) {
                    break;
                }
            }
            prop_assert_eq!(&whole, &cut);
        }
    }
}
