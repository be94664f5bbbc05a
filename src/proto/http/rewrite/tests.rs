use super::*;
use crate::proto::http::testing::{PSEUDONYM, head_of, text};

const TO: &str = "h:81";

fn rewritten(request: &str) -> Result<String, u16> {
    let head: Head<RequestLine> = head_of(request);
    let framing = Framing::of_request(&head).unwrap();
    let to = Destination { host: "h".to_owned(), port: 81 };
    super::request(head, &to, b"/p", framing, PSEUDONYM).map(|out| text(&out)).map_err(|answer| answer.status as u16)
}

/// The fields of a request sent with these, without those that every request gets.
fn fields(fields: &str) -> String {
    let out = rewritten(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).unwrap();
    let rest = out.strip_prefix(&format!("GET /p HTTP/1.1\r\nHost: {TO}\r\n")).unwrap();
    rest.replace("Via: 1.1 rncat-test\r\n", "").strip_suffix("Connection: close\r\n\r\n").unwrap().to_owned()
}

fn response(method: &str, origin: &str) -> String {
    let head: Head<StatusLine> = head_of(origin);
    let framing = Framing::of_response(&head, method).unwrap();
    text(&super::response(head, framing, Delivery::AsIs, Some(Next::KeepOpen), PSEUDONYM))
}

#[test]
fn host_comes_from_the_uri() {
    assert_eq!(
        rewritten("GET / HTTP/1.1\r\nAccept: */*\r\nhost: other\r\n\r\n").unwrap(),
        "GET /p HTTP/1.1\r\nHost: h:81\r\nAccept: */*\r\nVia: 1.1 rncat-test\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(fields(""), "", "HTTP/1.0 may lack it, and people do");
    assert_eq!(rewritten("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), Err(400));
}

#[test]
fn hop_by_hop_fields_stay_here() {
    let sent = "Connection: X-One, keep-alive\r\nconnection: x-two\r\nX-One: 1\r\nX-TWO: 2\r\nx-two: 2\r\nX-Three: 3\r\n\
                Keep-Alive: timeout=5\r\nProxy-Connection: Keep-Alive\r\nProxy-Authorization: Basic x\r\n\
                Proxy-Authenticate: Basic\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: websocket\r\n";
    assert_eq!(fields(sent), "X-Three: 3\r\n");
}

#[test]
fn the_framing_is_written_anew() {
    assert_eq!(fields("Content-Length: 05\r\nContent-Length: 5\r\n"), "Content-Length: 5\r\n");
    assert_eq!(fields("Content-Length: 5\r\nConnection: Content-Length\r\n"), "Content-Length: 5\r\n");
    assert_eq!(
        fields("Transfer-Encoding: CHUNKED\r\nConnection: Transfer-Encoding\r\n"),
        "Transfer-Encoding: chunked\r\n"
    );
    assert_eq!(fields("Content-Length: 0\r\n"), "Content-Length: 0\r\n");
}

#[test]
fn lines_of_a_name_become_one() {
    assert_eq!(
        fields("A: 1\r\nCookie: a=1\r\nB: 2\r\na: 3\r\ncookie: b=2\r\n"),
        "A: 1, 3\r\nCookie: a=1; b=2\r\nB: 2\r\n"
    );
}

#[test]
fn via_grows_and_shows_a_loop() {
    let out = rewritten("GET / HTTP/1.0\r\nVia: 1.1 other (a, b), 1.0 rncat-0\r\n\r\n").unwrap();
    assert!(out.contains("\r\nVia: 1.1 other (a, b), 1.0 rncat-0, 1.0 rncat-test\r\n"), "{out}");
    assert_eq!(rewritten("GET / HTTP/1.1\r\nVia: 1.1 a\r\nvia: HTTP/1.1  rncat-test (x),1.1 b\r\n\r\n"), Err(403));
}

#[test]
fn an_old_client_is_asked_for_no_patience() {
    let expects =
        |version| rewritten(&format!("PUT / {version}\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")).unwrap();
    assert!(expects("HTTP/1.1").contains("Expect: 100-continue\r\n"));
    assert!(!expects("HTTP/1.0").contains("Expect"));
}

#[test]
fn max_forwards_is_counted_down() {
    let options = |left: &str| rewritten(&format!("OPTIONS / HTTP/1.1\r\nMax-Forwards: {left}\r\n\r\n"));
    assert!(options("3").unwrap().contains("Max-Forwards: 2\r\n"));
    assert_eq!(options("0"), Err(200));
    assert_eq!(options("x"), Err(400));
    assert_eq!(options(""), Err(400));
    assert_eq!(rewritten("TRACE / HTTP/1.1\r\nMax-Forwards: 0\r\n\r\n"), Err(501));
    assert_eq!(fields("Max-Forwards: 0\r\n"), "Max-Forwards: 0\r\n", "means nothing to GET");
}

#[test]
fn a_response_keeps_what_is_for_the_client() {
    let origin = "HTTP/1.0 200 Fine \u{e9}\r\nSet-Cookie: a=1\r\nConnection: x, close\r\nX: 1\r\nSet-Cookie: b=2\r\nKeep-Alive: 5\r\n\
                  Proxy-Authenticate: Basic\r\nUpgrade: h2\r\nContent-Length: 5\r\n\r\n";
    let expected = "HTTP/1.1 200 Fine \u{c3}\u{a9}\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nVia: 1.0 rncat-test\r\n\
                    Content-Length: 5\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(response("GET", origin), expected);
}

#[test]
fn a_length_is_told_where_it_means_something() {
    let has_length = |method, status: u16| {
        let out = response(method, &format!("HTTP/1.1 {status} x\r\nContent-Length: 5\r\n\r\n"));
        out.contains("Content-Length: 5\r\n")
    };
    assert!(has_length("GET", 200) && has_length("HEAD", 200) && has_length("GET", 304));
    assert!(!has_length("GET", 204));
    let both = response("GET", "HTTP/1.1 200 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(both.contains("Transfer-Encoding: chunked\r\n") && !both.contains("Content-Length"), "{both}");
}

#[test]
fn a_pseudonym_is_a_token() {
    assert_eq!(pseudonym([0, 1, 2, 3, 4, 5, 6, 0xff]), "rncat-00010203040506ff");
}
