use super::*;
use crate::proto::http::testing::{Everyone, Seen, exchange, run};
use proptest::prelude::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn status(seen: &Seen) -> &str {
    seen.client.get(9..12).unwrap_or("none")
}

/// Lets nobody in but those who say `Yes`, and remembers what it was asked.
#[derive(Default)]
struct Gate(Vec<String>);

impl Authorize for Gate {
    fn check(&mut self, method: &str, uri: &[u8], authorization: Option<&[u8]>) -> Result<(), Vec<String>> {
        self.0.push(format!("{method} {}", String::from_utf8_lossy(uri)));
        if authorization == Some(b"Yes") { Ok(()) } else { Err(vec!["Basic realm=\"r\"".to_owned()]) }
    }
}

#[test]
fn a_request_and_its_response_pass_and_the_next_request_is_left() {
    for size in [1, 7, 1000] {
        let seen = exchange("POST http://h:81/p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /next", OK, size);
        assert_eq!(seen.to, Some(Destination { host: "h".to_owned(), port: 81 }));
        assert!(seen.origin.starts_with("POST /p HTTP/1.1\r\nHost: h:81\r\n"), "{}", seen.origin);
        assert!(seen.origin.ends_with("\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"), "{}", seen.origin);
        let expected =
            "HTTP/1.1 200 OK\r\nVia: 1.1 rncat-test\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
        assert_eq!(seen.client, expected);
        assert_eq!((seen.next, seen.left.as_str()), (Some(Next::KeepOpen), "GET /next"));
    }
}

#[test]
fn chunks_and_trailers_pass_as_they_are() {
    let body = "5;x=y\r\nhello\r\n0\r\nT: x\r\n\r\n";
    let client = format!("PUT http://h/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let origin = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let seen = exchange(&client, &origin, 3);
    assert!(seen.origin.ends_with(body) && seen.client.ends_with(body));
    assert!(seen.client.contains("Transfer-Encoding: chunked\r\n"));
    assert_eq!(seen.next, Some(Next::KeepOpen));
}

#[test]
fn an_old_client_gets_no_chunks_and_is_closed() {
    let origin = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n!!!\r\n0\r\n\r\n";
    let seen = exchange("GET http://h/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", origin, 4);
    assert_eq!(seen.client, "HTTP/1.1 200 OK\r\nVia: 1.1 rncat-test\r\nConnection: close\r\n\r\nhello!!!");
    assert_eq!(seen.next, Some(Next::Close));
}

#[test]
fn an_old_server_ends_its_response_by_closing() {
    let seen = exchange("GET http://h/ HTTP/1.1\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nall of it", 4);
    assert_eq!(seen.client, "HTTP/1.1 200 OK\r\nVia: 1.0 rncat-test\r\nConnection: close\r\n\r\nall of it");
    assert_eq!((seen.next, seen.response_is_bad), (Some(Next::Close), false));
}

#[test]
fn interim_responses_pass() {
    let origin = format!("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n{OK}");
    for size in [1, 1000] {
        let client = "PUT http://h/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
        let seen = exchange(client, &origin, size);
        let begin = "HTTP/1.1 100 Continue\r\nA: b\r\nVia: 1.1 rncat-test\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n";
        assert!(seen.client.starts_with(begin), "{}", seen.client);
        assert!(seen.client.ends_with("\r\n\r\nok"));
    }
}

#[test]
fn a_client_that_wants_to_close_is_told_so() {
    for field in ["Connection: close", "Proxy-Connection: close"] {
        let seen = exchange(&format!("GET http://h/ HTTP/1.1\r\n{field}\r\n\r\n"), OK, 100);
        assert!(seen.client.contains("\r\nConnection: close\r\n"));
        assert_eq!(seen.next, Some(Next::Close));
    }
}

#[test]
fn a_response_before_the_end_of_the_request_closes() {
    let mut exchange = Exchange::new(Rc::new(Settings { pseudonym: "x".to_owned() }));
    let mut arrived = b"PUT http://h/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc".to_vec();
    assert!(matches!(exchange.from_client(&mut arrived, &mut Everyone), Event::Connect(_)));
    assert!(matches!(exchange.connected(), Connected::Forward(_)));
    exchange.to_origin(&mut arrived).unwrap();
    let head = exchange.response_head(&mut OK.as_bytes().to_vec());
    assert!(String::from_utf8(head).unwrap().contains("Connection: close\r\n"));
    exchange.to_origin(&mut [0; 6]).unwrap();
    exchange.from_origin(&mut [0; 2]).unwrap();
    assert_eq!((exchange.request_wants(), exchange.response_wants(), exchange.next()), (0, 0, Next::Close));
}

#[test]
fn a_tunnel_is_answered_once_it_stands() {
    let seen = exchange("CONNECT [::1]:22 HTTP/1.0\r\n\r\nSSH-2.0", "", 5);
    assert_eq!(seen.to, Some(Destination { host: "::1".to_owned(), port: 22 }));
    assert_eq!((seen.client.as_str(), seen.left.as_str()), ("HTTP/1.1 200 Connection established\r\n\r\n", "SSH-2.0"));
    assert_eq!(status(&exchange("CONNECT h:22 HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "", 9)), "400");
}

#[test]
fn bad_requests_are_answered_and_closed() {
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET http://h/\r\n", "400"),
        ("GET http://h/ HTTP/2.0\r\n\r\n", "505"),
        ("GET http://h/ HTTP/1.1\r\nA : b\r\n\r\n", "400"),
        ("GET http://h/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
        ("GET http://h/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        ("GET http://h/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "501"),
        ("GET http://h/ HTTP/1.1\r\nHo", "400"),
    ] {
        let seen = exchange(request, OK, 6);
        assert_eq!((status(&seen), &seen.to, seen.origin.as_str()), (expected, &None, ""), "{request}");
    }
    assert_eq!(exchange("GET http://h/ HTTP/1.1\r\nA : b\r\n\r\n", OK, 6).next, Some(Next::Close));
    assert_eq!(status(&exchange(&format!("GET http://h/{} HTTP/1.1\r\n\r\n", "a".repeat(9000)), OK, 999)), "414");
    assert_eq!(status(&exchange(&format!("GET http://h/ HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(201)), OK, 999)), "431");
}

#[test]
fn a_client_that_says_nothing_gets_nothing() {
    for nothing in ["", "\r\n"] {
        let seen = exchange(nothing, "", 1);
        assert_eq!((seen.client.as_str(), seen.next), ("", Some(Next::Close)));
    }
}

#[test]
fn who_may_not_is_challenged_and_the_body_skipped() {
    for size in [1, 1000] {
        let mut gate = Gate::default();
        let seen = run(b"POST http://h/p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET", b"", size, &mut gate);
        assert_eq!(status(&seen), "407");
        assert!(seen.client.contains("\r\nProxy-Authenticate: Basic realm=\"r\"\r\n"));
        assert!(seen.client.contains("\r\nConnection: keep-alive\r\n"));
        assert_eq!((seen.next, seen.left.as_str()), (Some(Next::KeepOpen), "GET"));
        assert_eq!(gate.0, ["POST http://h/p"], "asked once");
    }
    let seen =
        run(b"GET http://h/ HTTP/1.1\r\nProxy-Authorization: Yes\r\n\r\n", OK.as_bytes(), 99, &mut Gate::default());
    assert_eq!(status(&seen), "200");
    assert!(!seen.origin.contains("Proxy-Authorization"));
    let twice = b"GET http://h/ HTTP/1.1\r\nProxy-Authorization: Yes\r\nProxy-Authorization: No\r\n\r\n";
    assert_eq!(status(&run(twice, b"", 99, &mut Gate::default())), "400");
}

#[test]
fn a_body_that_may_never_come_or_is_long_is_not_skipped() {
    for field in ["Content-Length: 70000", "Transfer-Encoding: chunked", "Content-Length: 3\r\nExpect: 100-continue"] {
        let request = format!("POST http://h/p HTTP/1.1\r\n{field}\r\n\r\n");
        let seen = run(request.as_bytes(), b"", 99, &mut Gate::default());
        assert!(seen.client.contains("\r\nConnection: close\r\n"), "{field}");
        assert_eq!((status(&seen), seen.next), ("407", Some(Next::Close)), "{field}");
    }
}

#[test]
fn a_connection_that_cannot_be_made_has_an_answer() {
    for (failure, expected) in [
        (Failure::UnknownHost, "504"),
        (Failure::Refused, "504"),
        (Failure::Unreachable, "504"),
        (Failure::TimedOut, "504"),
        (Failure::Loop, "403"),
        (Failure::Denied, "403"),
    ] {
        let mut exchange = Exchange::new(Rc::new(Settings { pseudonym: "x".to_owned() }));
        let mut arrived = b"GET http://h/ HTTP/1.1\r\n\r\nGET".to_vec();
        assert!(matches!(exchange.from_client(&mut arrived, &mut Everyone), Event::Connect(_)));
        let Event::Answer(answer) = exchange.origin_failed(failure) else { panic!() };
        assert!(String::from_utf8(answer).unwrap().starts_with(&format!("HTTP/1.1 {expected} ")));
        assert_eq!(exchange.from_client(&mut arrived, &mut Everyone), Event::Done(Next::KeepOpen));
        assert_eq!(arrived, b"GET");
    }
}

#[test]
fn a_server_that_does_not_speak_http_is_a_bad_gateway() {
    let large = format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(20_000));
    for origin in [
        "SSH-2.0-x\r\n",
        "",
        "HTTP/1.1 200 OK\r\nA: b",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        &large,
    ] {
        for size in [1, 1000] {
            let seen = exchange("GET http://h/ HTTP/1.1\r\n\r\n", origin, size);
            assert_eq!((status(&seen), seen.next), ("502", Some(Next::KeepOpen)), "{origin:.40}");
        }
    }
}

#[test]
fn a_response_that_is_cut_off_or_malformed_closes() {
    for origin in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!",
    ] {
        let seen = exchange("GET http://h/ HTTP/1.1\r\n\r\n", origin, 4);
        assert_eq!((seen.response_is_bad, seen.next), (true, Some(Next::Close)), "{origin}");
    }
}

#[test]
fn a_request_that_is_cut_off_or_malformed_is_answered_by_the_server_or_else_by_us() {
    for request in [
        "PUT http://h/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
        "PUT http://h/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
    ] {
        let seen = exchange(request, "HTTP/1.1 411 No\r\nContent-Length: 0\r\n\r\n", 4);
        assert_eq!((seen.request_is_bad, status(&seen), seen.next), (true, "411", Some(Next::Close)), "{request}");
        let seen = exchange(request, "", 4);
        assert_eq!((seen.request_is_bad, status(&seen), seen.next), (true, "400", Some(Next::Close)), "{request}");
    }
}

#[test]
fn a_server_that_frames_twice_is_not_trusted_further() {
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let seen = exchange("GET http://h/ HTTP/1.1\r\n\r\n", both, 4);
    assert!(seen.client.ends_with("1\r\na\r\n0\r\n\r\n") && !seen.client.contains("Content-Length"));
    assert_eq!(seen.next, Some(Next::Close));
}

#[test]
fn head_and_not_modified_have_no_body() {
    for (method, status) in [("HEAD", 200), ("GET", 304), ("GET", 204)] {
        let origin = format!("HTTP/1.1 {status} x\r\nContent-Length: 5\r\n\r\n");
        let seen = exchange(&format!("{method} http://h/ HTTP/1.1\r\n\r\n"), &origin, 4);
        assert!(seen.client.ends_with("\r\n\r\n"));
        assert_eq!((seen.next, seen.response_is_bad), (Some(Next::KeepOpen), false), "{method} {status}");
    }
    let seen = run(b"HEAD http://h/ HTTP/1.1\r\n\r\n", b"", 99, &mut Gate::default());
    assert!(seen.client.ends_with("\r\n\r\n"), "nor has our own answer");
}

proptest! {
    #[test]
    fn it_does_not_matter_how_an_exchange_is_split(
        fields in "(A: b\r\n|Content-Length: [0-9]\r\n|Transfer-Encoding: chunked\r\n|Connection: close\r\n|B : c\r\n){0,3}",
        body in "([0-5]\r\n|[a-z]{0,5}|\r\n|0\r\n\r\n){0,6}",
        status in "(100|200|204|304) ?x?\r\n",
        version in "1\\.[01]",
        size in 1usize..20,
    ) {
        let client = format!("POST http://h/ HTTP/{version}\r\n{fields}\r\n{body}");
        let origin = format!("HTTP/{version} {status}{fields}\r\n{body}");
        prop_assert_eq!(exchange(&client, &origin, size), exchange(&client, &origin, 100_000));
    }

    #[test]
    fn garbage_never_panics(client in proptest::collection::vec(any::<u8>(), 0..100), origin in proptest::collection::vec(any::<u8>(), 0..100)) {
        run(&client, &origin, 9, &mut Everyone);
        let whole = [b"GET http://h/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &client].concat();
        run(&whole, &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &origin].concat(), 9, &mut Everyone);
    }
}
