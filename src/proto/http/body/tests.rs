use super::*;
use crate::proto::http::testing::head_of;
use proptest::prelude::*;

fn of_request(fields: &str) -> Result<Framing, BadFraming> {
    Framing::of_request(&head_of(&format!("POST / HTTP/1.1\r\n{fields}\r\n")))
}

fn of_response(method: &str, status: u16, fields: &str) -> Result<Framing, BadFraming> {
    Framing::of_response(&head_of(&format!("HTTP/1.1 {status} x\r\n{fields}\r\n")), method)
}

#[test]
fn a_request_without_a_length_has_no_body() {
    assert_eq!(of_request(""), Ok(Framing::Empty));
    assert_eq!(of_request("Content-Length: 0\r\n"), Ok(Framing::Length(0)));
    assert_eq!(of_request("Content-Length: 18446744073709551615\r\n"), Ok(Framing::Length(u64::MAX)));
    assert_eq!(of_request("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
}

#[test]
fn the_same_length_several_times_is_one() {
    assert_eq!(of_request("Content-Length: 5\r\nContent-Length: 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(of_request("Content-Length: 5, 05\r\n"), Ok(Framing::Length(5)));
    for unclear in ["5\r\nContent-Length: 6", "5, 6", "5,", "", "+5", "-5", "5 5", "0x5", "5.", "18446744073709551616"]
    {
        let framing = of_request(&format!("Content-Length: {unclear}\r\n"));
        assert!(matches!(framing, Err(BadFraming::Unclear(_))), "{unclear:?}: {framing:?}");
    }
}

#[test]
fn a_request_with_two_framings_is_refused() {
    assert!(matches!(of_request("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Err(BadFraming::Unclear(_))));
    let old = head_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(matches!(Framing::of_request(&old), Err(BadFraming::Unclear(_))));
}

#[test]
fn other_codings_are_not_known() {
    for coding in [
        "gzip, chunked",
        "chunked, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "identity",
        "xchunked",
        "",
        ",",
        "chunked;a=b",
        "\"chunked\"",
    ] {
        assert_eq!(
            of_request(&format!("Transfer-Encoding: {coding}\r\n")),
            Err(BadFraming::UnknownCoding),
            "{coding:?}"
        );
    }
    assert_eq!(of_response("GET", 200, "Transfer-Encoding: gzip\r\n"), Err(BadFraming::UnknownCoding));
}

#[test]
fn the_body_of_a_response_depends_on_method_and_status() {
    for status in [100, 103, 199, 204, 304] {
        assert_eq!(of_response("GET", status, "Content-Length: 5\r\n"), Ok(Framing::Empty), "{status}");
        assert_eq!(of_response("GET", status, "Transfer-Encoding: chunked\r\n"), Ok(Framing::Empty), "{status}");
    }
    assert_eq!(of_response("HEAD", 200, "Content-Length: 5\r\n"), Ok(Framing::Empty));
    assert_eq!(of_response("HEAD", 200, ""), Ok(Framing::Empty));
    assert_eq!(of_response("GET", 200, "Content-Length: 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(of_response("GET", 404, ""), Ok(Framing::UntilClose));
    assert_eq!(of_response("GET", 200, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Ok(Framing::Chunked));
    assert!(of_response("GET", 200, "Content-Length: 5\r\nContent-Length: 6\r\n").is_err());
}

/// Passes `bytes` in pieces of `size`: what is kept, how much was used, and whether it went well.
fn pass(framing: Framing, delivery: Delivery, bytes: &[u8], size: usize) -> (Vec<u8>, usize, bool) {
    let (mut body, mut kept, mut used) = (Body::new(framing, delivery), Vec::new(), 0);
    while used < bytes.len() && !body.is_over() {
        let mut piece = bytes[used..bytes.len().min(used + size)].to_vec();
        let Ok(passed) = body.pass(&mut piece) else { return (kept, used, false) };
        assert!(passed.kept <= passed.used && passed.used > 0);
        kept.extend_from_slice(&piece[..passed.kept]);
        used += passed.used;
    }
    (kept, used, body.end().is_ok())
}

#[test]
fn what_follows_a_body_is_left() {
    assert_eq!(pass(Framing::Length(3), Delivery::AsIs, b"abcGET", 2), (b"abc".to_vec(), 3, true));
    assert_eq!(pass(Framing::Length(0), Delivery::AsIs, b"GET", 2), (vec![], 0, true));
    assert_eq!(pass(Framing::Empty, Delivery::AsIs, b"GET", 2), (vec![], 0, true));
    assert_eq!(pass(Framing::UntilClose, Delivery::AsIs, b"abc", 2), (b"abc".to_vec(), 3, true));
    let chunked = b"3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(
        pass(Framing::Chunked, Delivery::AsIs, &[chunked, &b"GET"[..]].concat(), 4),
        (chunked.to_vec(), 13, true)
    );
}

#[test]
fn a_body_that_is_too_short_is_truncated() {
    assert!(!pass(Framing::Length(4), Delivery::AsIs, b"abc", 2).2);
    assert!(!pass(Framing::Length(u64::MAX), Delivery::AsIs, b"abc", 2).2);
    assert!(!pass(Framing::Chunked, Delivery::AsIs, b"3\r\nabc\r\n0\r\n", 2).2);
}

#[test]
fn no_more_is_read_than_a_length_says() {
    let mut body = Body::new(Framing::Length(5), Delivery::AsIs);
    assert_eq!((body.wants(), body.is_short(5), body.is_short(4)), (5, true, false));
    body.pass(&mut [0; 3]).unwrap();
    assert_eq!(body.wants(), 2);
    body.pass(&mut [0; 3]).unwrap();
    assert_eq!((body.wants(), body.is_over()), (0, true));
}

fn coded(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        coded.extend(format!("{:X};x=y\r\n", chunk.len()).bytes());
        coded.extend(chunk);
        coded.extend(b"\r\n");
    }
    coded.extend(b"0\r\nT: x\r\n\r\n");
    coded
}

proptest! {
    #[test]
    fn chunks_make_the_round_trip(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6), size in 1usize..50) {
        let (coded, payload) = (coded(&chunks), chunks.concat());
        let and_more = [coded.as_slice(), b"GET"].concat();
        prop_assert_eq!(pass(Framing::Chunked, Delivery::AsIs, &and_more, size), (coded.clone(), coded.len(), true));
        prop_assert_eq!(pass(Framing::Chunked, Delivery::Unwrapped, &and_more, size), (payload, coded.len(), true));
    }

    #[test]
    fn it_does_not_matter_how_garbage_is_split(bytes in "[0-3a;\\r\\n :]{0,40}", size in 1usize..10) {
        for delivery in [Delivery::AsIs, Delivery::Unwrapped] {
            let whole = pass(Framing::Chunked, delivery, bytes.as_bytes(), usize::MAX / 2);
            prop_assert_eq!(pass(Framing::Chunked, delivery, bytes.as_bytes(), size), whole);
        }
    }
}
