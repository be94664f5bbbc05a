//! What holds for the openings of all protocols, and how those of one are tested.

use super::*;
use crate::proto::{
    Step,
    testing::{Played, play, split},
};
use proptest::prelude::*;
use script::{ALL, MESSAGE};

/// Begins an opening with this host.
pub(super) fn ask(protocol: &str, host: &str) -> Box<dyn Dialogue> {
    let row = PROTOCOLS.iter().find(|row| row.name == protocol).unwrap();
    (row.ask)(Errand {
        what: format!("STARTTLS ({protocol}) with h:1"),
        host: host.to_owned(),
        client: "me.example".to_owned(),
        report: Report::new("rncat", 0, false),
    })
}

fn played(protocol: &str, pieces: &[&[u8]]) -> Played {
    play(&mut *ask(protocol, "host.example"), pieces.iter().copied())
}

/// What comes of it, at once or byte by byte.
fn heard(protocol: &str, said: &[u8]) -> Played {
    let (whole, parts) = (played(protocol, &[said]), played(protocol, &split(said, &[1])));
    assert_eq!((&whole.end, &whole.sent), (&parts.end, &parts.sent), "at once, and byte by byte");
    whole
}

/// The server agrees with all of this; what was said to it.
#[track_caller]
pub(super) fn agrees_in_bytes(protocol: &str, said: &[u8]) -> Vec<u8> {
    let played = heard(protocol, said);
    assert_eq!((&played.end, &played.rest[..]), (&Ok(Step::Upgrade), &b""[..]), "{}", said.escape_ascii());
    played.sent.concat()
}

/// The same for text.
#[track_caller]
pub(super) fn agrees(protocol: &str, said: &str) -> String {
    String::from_utf8(agrees_in_bytes(protocol, said.as_bytes())).unwrap()
}

/// The opening fails with an error that says this.
#[track_caller]
pub(super) fn fails_in_bytes(protocol: &str, said: &[u8], says: &str) {
    let error = heard(protocol, said).end.expect_err("it went on").to_string();
    let why = error.strip_prefix(&format!("STARTTLS ({protocol}) with h:1: ")).unwrap();
    assert!(why.contains(says), "{why:?} does not say {says:?}");
    assert!(!error.contains(char::is_control), "{error:?}");
}

/// The same for text.
#[track_caller]
pub(super) fn fails(protocol: &str, said: &str, says: &str) {
    fails_in_bytes(protocol, said.as_bytes(), says);
}

const XMPP: &[u8] =
    b"<stream:stream version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
                      </stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const EHLO: &[u8] = b"220 \xff\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n";

/// For each protocol, a server that agrees.
const AGREEING: [&[u8]; 13] = [
    EHLO,
    EHLO,
    b"+OK \xe4\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n",
    b"* OK \xfc\r\n* CAPABILITY STARTTLS\r\nA1 OK\r\nA2 OK\r\n",
    b"220-\x80\r\n 220\r\n220 x\r\n234 go\r\n",
    b"200 \xff\r\n101 x\r\nSTARTTLS\r\n.\r\n382 go\r\n",
    b"\"X\" \"\xff\"\r\n\"STARTTLS\"\r\nOK\r\nOK\r\n",
    b"NOTICE \xff\r\nPING :\xff\r\n670 x\r\n",
    XMPP,
    XMPP,
    b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0",
    b"\x15\0\0\0\x0a8\0\0\0\0\0nonceabc\0\0\x08and",
    b"S",
];

fn servers() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    PROTOCOLS.iter().map(|row| row.name).zip(AGREEING)
}

#[test]
fn what_follows_the_agreement_is_left_for_the_driver_to_refuse() {
    for (protocol, said) in servers() {
        let injected = [said, b"RCPT TO:<x>\r\n"].concat();
        let played = heard(protocol, &injected);
        assert_eq!((played.end, &played.rest[..]), (Ok(Step::Upgrade), &b"RCPT TO:<x>\r\n"[..]), "{protocol}");
    }
}

#[test]
fn an_end_before_the_agreement_is_told_and_ssl_proposed_if_nothing_came() {
    for (protocol, said) in servers() {
        let ended = |said: &[u8]| {
            let mut dialogue = ask(protocol, "h");
            assert_eq!(play(&mut *dialogue, [said]).end, Ok(Step::Wait), "{protocol}");
            assert_eq!(dialogue.hint().is_some(), said.is_empty(), "{protocol}");
            dialogue.ended().unwrap_err().to_string()
        };
        let start = format!("STARTTLS ({protocol}) with h:1: it closed the connection ");
        assert!(ended(b"").starts_with(&format!("{start}without a word; does it speak TLS ")), "{protocol}");
        if said.len() > 1 {
            assert_eq!(ended(&said[..said.len() - 1]), format!("{start}before it had agreed to encrypt"));
        }
    }
}

#[test]
fn tls_from_the_first_byte_on_is_recognised() {
    for (protocol, _) in servers() {
        for record in [&b"\x15\x03\x03\0\x02\x02\x0a"[..], b"\x16\x03\x01\0\x0a\n\n\n", b"\x15\x03\x01\n\n"] {
            fails_in_bytes(protocol, record, "it speaks TLS from the first byte on; use --ssl without --starttls");
        }
        assert!(heard(protocol, b"\x16\n\n\n\n").end.is_err() && heard(protocol, b"\x15\0\0\0").end == Ok(Step::Wait));
    }
}

#[test]
fn nul_is_in_no_line_and_other_bytes_are_shown_harmless() {
    for protocol in ["smtp", "lmtp", "pop3", "imap", "ftp", "nntp", "sieve", "irc"] {
        fails(protocol, "2\0", "there is a NUL in its reply");
        fails_in_bytes(
            protocol,
            b"\xfe\x1b\x07\x80\r\n",
            "makes no sense here: \\xfe\\u{1b}\\u{7}\\x80; is it another",
        );
    }
}

#[test]
fn a_reply_has_its_bounds() {
    let long = |start: &str, fill: &str, count: usize| format!("{start}{}", fill.repeat(count));
    for (protocol, start, line) in [
        ("smtp", "220-", "220-x\r\n"),
        ("pop3", "+OK\r\n+OK\r\n", "TOP\r\n"),
        ("imap", "* OK x\r\n", "* 1 EXISTS\r\n"),
        ("ftp", "220-\r\n", "anything\r\n"),
        ("nntp", "200 x\r\n101 x\r\n", "POST\r\n"),
        ("sieve", "", "\"X\"\r\n"),
        ("irc", "", "PING\r\n"),
        ("xmpp", "<s version='1'>", "<a/>"),
    ] {
        let start = start.replace("<s ", "<stream ");
        fails(protocol, &long(&start, "x", MESSAGE), "longer than 8192 bytes");
        fails(protocol, &format!("{}\n<a>", long(&start, "x", MESSAGE)), "longer than 8192 bytes");
        assert_eq!(played(protocol, &[long(&start, "x", MESSAGE - 100).as_bytes()]).end, Ok(Step::Wait), "{protocol}");
        let lines = long(&start, line, ALL / line.len() + 1);
        let mut dialogue = ask(protocol, "h");
        let pieces: Vec<_> = lines.as_bytes().chunks(400).collect();
        let error = play(&mut *dialogue, pieces).end.unwrap_err().to_string();
        assert!(error.contains("it has said more than 65536 bytes"), "{protocol}: {error}");
    }
}

proptest! {
    #[test]
    fn an_answer_may_be_split_anywhere(sizes in prop::collection::vec(1..30usize, 1..8)) {
        for (protocol, said) in servers() {
            let whole = played(protocol, &[said]);
            prop_assert_eq!(&whole.end, &Ok(Step::Upgrade), "{}", protocol);
            prop_assert_eq!(&played(protocol, &split(said, &sizes)).sent, &whole.sent);
        }
    }

    #[test]
    fn a_damaged_answer_is_the_same_wherever_it_is_split(
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"\n\0<>'{}".to_vec())],
        sizes in prop::collection::vec(1..30usize, 1..8),
    ) {
        for (protocol, said) in servers() {
            let mut said = said.to_vec();
            let at = at.index(said.len());
            said[at] = byte;
            let (whole, parts) = (played(protocol, &[&said]), played(protocol, &split(&said, &sizes)));
            prop_assert_eq!((whole.end, whole.sent, whole.rest), (parts.end, parts.sent, parts.rest), "{}", protocol);
        }
    }
}

proptest! {
    // Each case is more than is ever heard.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn garbage_neither_panics_nor_piles_up(
        known in 0..60usize,
        garbage in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b' '), Just(b'a')], 0..300),
        sizes in prop::collection::vec(1..4096usize, 1..8),
    ) {
        for (protocol, said) in servers() {
            let bytes = [&said[..known.min(said.len())], &garbage.repeat(250)].concat();
            let played = played(protocol, &split(&bytes, &sizes));
            prop_assert!(played.peak < MESSAGE, "{}: {}", protocol, played.peak);
        }
    }
}
