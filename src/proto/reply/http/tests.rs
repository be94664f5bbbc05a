use super::*;
use crate::proto::reply::testing::{hear, play};
use proptest::prelude::*;

fn begin() -> Box<dyn Conversation> {
    Box::new(Http::default())
}

#[track_caller]
fn ends(session: &str, turn: Turn) {
    assert_eq!(play(&begin, session), turn, "{session}");
}

#[test]
fn a_head_is_said_at_once_and_the_next_request_waits() {
    ends(
        "C: GET / HTTP/1.1
         C: Host: h
         C:
         S: HTTP/1.1 200 OK
         S: Content-Length: 4
         S:
         S+ 4
         ! success HTTP/1.1 200 OK
         C:
         C: GET /none HTTP/1.1
         C:
         S: HTTP/1.1 404 Not Found
         S: Content-Length: 0
         S:
         ! permanent HTTP/1.1 404 Not Found",
        Turn::Line,
    );
}

#[test]
fn a_body_of_known_length_passes_as_it_is() {
    ends(
        "C: POST / HTTP/1.1
         C: content-LENGTH: 1000
         C:
         B: 1000
         S: HTTP/1.0 500
         S: Content-Length: 0
         S:
         ! permanent HTTP/1.0 500
         C: POST / HTTP/1.1
         C: Content-Length: 18446744073709551614
         C:
         B: 18446744073709551614",
        Turn::Wait,
    );
}

#[test]
fn chunks_are_counted_between_lines() {
    ends(
        "C: POST / HTTP/1.1
         C: Transfer-Encoding: Chunked
         C:
         C: 5;name=value
         B: 5
         C:
         C: fF
         B: 255
         C:
         C: 0
         C: Trailer: x
         C:
         S: HTTP/1.1 200 OK
         S: Transfer-Encoding: chunked
         S:
         S: 4;x
         S+ 4
         S:
         S: 0
         S: Trailer: x
         S:
         ! success HTTP/1.1 200 OK",
        Turn::Line,
    );
}

#[test]
fn a_request_whose_end_cannot_be_found_waits_for_what_the_server_says_to_it() {
    for head in [
        "Content-Length: 5\n C: Content-Length: 6",
        "Content-Length: 99999999999999999999",
        "Content-Length: x",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\n C:\n C: 11112222333344445",
        "Transfer-Encoding: chunked\n C:\n C: +1",
        "Transfer-Encoding: chunked\n C:\n C: 1\n B: 1\n C: too long",
    ] {
        let end = if head.contains("chunked") { "" } else { "\n C:" };
        ends(&format!("C: POST / HTTP/1.1\n C: {head}{end}"), Turn::Wait);
    }
    ends(
        "C: what is this?\n C:\n S: HTTP/1.1 400 Bad\n S: Content-Length: 0\n S:\n ! permanent HTTP/1.1 400 Bad",
        Turn::Line,
    );
}

#[test]
fn chunks_overrule_a_length() {
    ends("C: POST / HTTP/1.1\n C: Transfer-Encoding: chunked\n C: Content-Length: 7\n C:\n C: 3", Turn::Bytes(3));
    ends("C: POST / HTTP/1.1\n C: Content-Length: 7\n C: Content-Length: 7\n C:", Turn::Bytes(7));
}

#[test]
fn some_responses_have_no_body() {
    for (request, status) in [("HEAD", "200 OK"), ("GET", "204 None"), ("GET", "304 Same")] {
        let session = format!(
            "C: {request} / HTTP/1.1
             C:
             S: HTTP/1.1 {status}
             S: Content-Length: 5
             S:
             ! success HTTP/1.1 {status}"
        );
        ends(&session, Turn::Line);
    }
}

#[test]
fn interim_responses_are_passed_over() {
    ends(
        "C: GET / HTTP/1.1
         C:
         S: HTTP/1.1 100 Continue
         S:
         S: HTTP/1.1 103 Early Hints
         S: Link: x
         S:
         S: HTTP/1.1 200 OK
         S: Content-Length: 0
         S:
         ! success HTTP/1.1 200 OK",
        Turn::Line,
    );
}

#[test]
fn a_response_may_take_the_end_of_the_connection_to_end() {
    ends(
        "C: GET / HTTP/1.0
         C:
         S: HTTP/1.0 403 No
         S:
         S: anything
         END
         ! permanent HTTP/1.0 403 No",
        Turn::Line,
    );
    ends("C: GET / HTTP/1.0\n C:\n S: HTTP/1.0 200 OK\n S: Content-Length: 9\n S:\n S: short\n CUT", Turn::Wait);
    ends("C: GET / HTTP/1.0\n C:\n CUT", Turn::Wait);
}

#[test]
fn another_protocol_has_no_turns() {
    let free = Turn::Bytes(u64::MAX);
    let session = "C: GET / HTTP/1.1
         C: Upgrade: websocket
         C:
         S: HTTP/1.1 101 Switching
         S:
         ! success HTTP/1.1 101 Switching
         s: anything
         B: 18446744073709551615
         s: \0";
    ends(session, free);
    ends("C: CONNECT h:1 HTTP/1.1\n C:\n S: HTTP/1.1 200 OK\n S:\n ! success HTTP/1.1 200 OK\n s: any", free);
    let refused = "C: CONNECT h:1 HTTP/1.1
         C:
         S: HTTP/1.1 502 Bad
         S: Content-Length: 0
         S:
         ! permanent HTTP/1.1 502 Bad";
    ends(refused, Turn::Line);
}

#[test]
fn a_body_waits_until_it_is_wanted() {
    ends(
        "C: PUT / HTTP/1.1
         C: Expect: 100-Continue
         C: Content-Length: 10
         C:
         S: HTTP/1.1 100 Continue
         S:
         ! continue HTTP/1.1 100 Continue
         B: 10
         S: HTTP/1.1 201 Created
         S: Content-Length: 0
         S:
         ! success HTTP/1.1 201 Created",
        Turn::Line,
    );
    ends("C: PUT / HTTP/1.0\n C: Expect: 100-continue\n C: Content-Length: 10\n C:", Turn::Bytes(10));
    ends("C: PUT / HTTP/1.1\n C: Expect: 100-continue\n C:", Turn::Wait);
}

#[test]
fn a_body_that_is_not_wanted_is_skipped() {
    ends(
        "C: PUT / HTTP/1.1
         C: Expect: 100-continue
         C: Content-Length: 10
         C:
         S: HTTP/1.1 417 No
         S: Content-Length: 3
         S:
         S+ 3
         ! permanent HTTP/1.1 417 No
         -B: 10
         C: PUT / HTTP/1.1
         C: Expect: 100-continue
         C: Transfer-Encoding: chunked
         C:
         S: HTTP/1.1 401 No
         S: Content-Length: 0
         S:
         ! permanent HTTP/1.1 401 No
         -C: 5
         -B: 5
         -C:
         -C: 0
         -C: T: x
         -C:
         C: GET / HTTP/1.1",
        Turn::Line,
    );
}

#[test]
fn a_response_may_come_before_the_request_is_whole_or_when_there_is_none() {
    ends(
        "C: POST / HTTP/1.1
         C: Content-Length: 10
         C:
         s: HTTP/1.1 413 No
         s: Content-Length: 0
         s:
         ! permanent HTTP/1.1 413 No
         B: 10
         C: GET / HTTP/1.1
         C:
         S: HTTP/1.1 200 OK
         S: Content-Length: 0
         S:
         ! success HTTP/1.1 200 OK
         s: HTTP/1.1 408 Late
         s: Content-Length: 0
         s:
         ! permanent HTTP/1.1 408 Late
         C: GET / HTTP/1.1
         C:",
        Turn::Wait,
    );
}

/// What is said to these bytes, heard in answer to a GET.
fn answer(bytes: &[u8], sizes: &[usize]) -> (Vec<Reply>, Result<()>, Turn) {
    let mut http = Http::default();
    http.said(b"GET / HTTP/1.1");
    http.said(b"");
    let (replies, result) = hear(&mut http, bytes, sizes);
    (replies, result, http.turn())
}

#[test]
fn what_is_no_response_is_an_error() {
    let long = |count: usize| format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(count)).into_bytes();
    let bad: [&[u8]; 9] = [
        b"220 mail\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        &[b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'a'; 70_000]].concat(),
        &long(201 * 100),
    ];
    for bytes in bad {
        for size in [1, 7, usize::MAX] {
            let (_, result, _) = answer(bytes, &[size]);
            let shown = result.unwrap_err().to_string();
            assert!(shown.starts_with("the reply: "), "{shown}");
        }
    }
    assert!(answer(&b"HTTP/1.1 100 Go\r\n\r\n".repeat(201), &[usize::MAX]).1.is_err());
}

#[test]
fn a_body_without_end_is_not_kept() {
    let mut http = Http::default();
    http.said(b"GET / HTTP/1.1");
    http.said(b"");
    http.heard(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", &mut Vec::new()).unwrap();
    for _ in 0..100 {
        let mut replies = Vec::new();
        http.heard(&[0xff; 10_000], &mut replies).unwrap();
        assert_eq!(replies, []);
    }
    assert_eq!(http.turn(), Turn::Wait);
}

/// Bytes that are nearly responses.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("HTTP/1.1 200 OK\r\n".to_owned()),
        Just("HTTP/1.1 100 Go\r\n\r\n".to_owned()),
        Just("Content-Length: 3\r\n".to_owned()),
        Just("Transfer-Encoding: chunked\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("3\r\nabc\r\n0\r\n\r\n".to_owned()),
        Just("abc".to_owned()),
        "[ -~\\r\\n]{0,3}",
    ];
    proptest::collection::vec(part, 0..10).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn it_does_not_matter_how_it_is_split(bytes in nearly(), sizes in proptest::collection::vec(1usize..20, 1..5)) {
        let bytes = [b"HTTP/1.1 200 OK\r\n", bytes.as_slice()].concat();
        prop_assert_eq!(answer(&bytes, &[usize::MAX]), answer(&bytes, &sizes));
    }

    #[test]
    fn what_is_typed_at_random_does_no_harm(lines in proptest::collection::vec("[ -~]{0,12}|Transfer-Encoding: chunked|Content-Length: [0-9]{1,25}", 0..12)) {
        let mut http = Http::default();
        for line in lines {
            http.peek(line.as_bytes());
            match http.turn() {
                Turn::Line => http.said(line.as_bytes()),
                Turn::Bytes(count) => http.said_bytes(count),
                Turn::Wait => break,
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
