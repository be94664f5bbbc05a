use super::*;
use crate::proto::http::{
    first_line::{RequestLine, StatusLine, Version},
    testing::{head_of, read_head},
};
use proptest::prelude::*;

fn refused(bytes: impl AsRef<[u8]>) -> BadHead {
    let whole = read_head::<RequestLine>(bytes.as_ref(), &[usize::MAX]).expect_err("accepted");
    assert_eq!(read_head::<RequestLine>(bytes.as_ref(), &[1]).unwrap_err(), whole);
    whole
}

fn is_malformed(bytes: impl AsRef<[u8]>) -> bool {
    matches!(refused(bytes), BadHead::Malformed(_))
}

#[test]
fn a_head_is_read_and_the_body_left() {
    let bytes = b"POST http://h/ HTTP/1.1\r\nHost: h\r\nX:  a b \r\nEmpty:\r\n\r\nbody\r\n\r\n";
    for size in 1..bytes.len() {
        let (head, rest) = read_head::<RequestLine>(bytes, &[size]).unwrap();
        let head = head.unwrap();
        assert_eq!((head.line.method.as_str(), head.line.target.as_slice()), ("POST", &b"http://h/"[..]));
        assert_eq!(head.fields.all("x").collect::<Vec<_>>(), [b"a b"]);
        assert_eq!(head.fields.all("empty").collect::<Vec<_>>(), [b""]);
        assert_eq!(rest, b"body\r\n\r\n");
    }
}

#[test]
fn heads_typed_by_hand_are_taken() {
    let head: Head<RequestLine> = head_of("\r\n\n\r\nGET / HTTP/1.0\nA: b\n\n");
    assert_eq!((head.line.version, head.fields.has("a")), (Version::Http10, true));
    assert_eq!(head_of::<RequestLine>("GET / HTTP/1.7\r\n\r\n").line.version, Version::Http11);
}

#[test]
fn a_status_line_may_lack_its_reason() {
    for (text, reason) in
        [("HTTP/1.1 204\r\n\r\n", ""), ("HTTP/1.1 204 \r\n\r\n", ""), ("HTTP/1.0 204 No x\n\n", "No x")]
    {
        let head: Head<StatusLine> = head_of(text);
        assert_eq!((head.line.status, head.line.reason.as_slice()), (204, reason.as_bytes()));
    }
    for bad in [
        "HTTP/1.1 20 x\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 020 x\r\n\r\n",
        "HTTP/1.1  200\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
    ] {
        assert!(read_head::<StatusLine>(bad.as_bytes(), &[1]).is_err(), "{bad}");
    }
}

#[test]
fn what_is_not_http_is_refused_at_its_first_bytes() {
    assert!(is_malformed(b"\x16\x03\x01"), "TLS");
    assert!(read_head::<StatusLine>(b"SSH-2.0", &[1]).is_err());
    assert!(read_head::<StatusLine>(b"\r\nHTTP/1.1 200 OK\r\n\r\n", &[1]).is_err());
}

#[test]
fn request_lines_that_are_none_are_refused() {
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / a HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.10",
        "GET / HTTP/1.1\r",
        "GET\t/ HTTP/1.1",
        "GE(T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET /\r HTTP/1.1",
    ] {
        assert!(is_malformed(format!("{line}\r\n")), "{line:?}");
    }
    assert_eq!(refused("PRI * HTTP/2.0\r\n\r\n"), BadHead::Version);
    assert_eq!(refused("GET / HTTP/0.9\r\n\r\n"), BadHead::Version);
}

#[test]
fn fields_that_could_be_read_in_two_ways_are_refused() {
    for field in [
        "A : b",
        "A\t: b",
        " A: b",
        "A",
        ": b",
        "A: b\r\n c",
        "A: b\rc",
        "A: b\0",
        "A: b\x01",
        "A: b\x7f",
        "A(: b",
        "A B: c",
        "\r",
        "Ä: b",
        "A: b\r",
    ] {
        assert!(is_malformed(format!("GET / HTTP/1.1\r\n{field}\r\n\r\n")), "{field:?}");
    }
    let value = "GET / HTTP/1.1\r\nA: b\tc \u{e4}\r\n\r\n";
    assert_eq!(head_of::<RequestLine>(value).fields.all("a").next(), Some("b\tc \u{e4}".as_bytes()));
}

#[test]
fn a_line_may_be_8_kib_long() {
    let line = |n: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(n - 14));
    assert_eq!(head_of::<RequestLine>(&line(LINE)).line.target.len(), LINE - 13);
    assert_eq!(refused(line(LINE + 1)), BadHead::LineTooLong);
    assert_eq!(refused(vec![b'a'; LINE + 2]), BadHead::LineTooLong, "without an end");
}

#[test]
fn a_head_may_have_200_fields_and_64_kib() {
    let many = |n: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(n));
    assert_eq!(head_of::<RequestLine>(&many(FIELDS)).fields.iter().count(), FIELDS);
    assert_eq!(refused(many(FIELDS + 1)), BadHead::TooLarge);
    let large = |n: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(n - 23));
    assert_eq!(large(HEAD).len(), HEAD);
    assert!(head_of::<RequestLine>(&large(HEAD)).fields.has("a"));
    assert_eq!(refused(large(HEAD + 1)), BadHead::TooLarge);
    assert_eq!(refused(&large(HEAD + 4)[..=HEAD]), BadHead::TooLarge, "without an end");
}

/// Bytes that are nearly a head.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("GET ".to_owned()),
        Just("http://h/ ".to_owned()),
        Just("HTTP/1.1".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("A: b".to_owned()),
        Just(":".to_owned()),
        "[ -~\\r\\n]{0,3}",
    ];
    let parts = proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat());
    (any::<bool>(), parts).prop_map(|(whole, parts)| {
        let line = if whole { "GET http://h/ HTTP/1.1\r\n" } else { "" };
        format!("{line}{parts}").into_bytes()
    })
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(bytes in nearly(), sizes in proptest::collection::vec(1usize..20, 1..8)) {
        let whole = read_head::<RequestLine>(&bytes, &[usize::MAX]);
        prop_assert_eq!(read_head::<RequestLine>(&bytes, &sizes), whole);
    }

    #[test]
    fn garbage_is_refused_or_waited_for(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_head::<RequestLine>(&bytes, &[7]);
        let _ = read_head::<StatusLine>(&[b"HTTP/1.1 200 ", bytes.as_slice()].concat(), &[7]);
    }
}
