//! The server without sockets: what is said, and what is answered.

use super::*;
use crate::{mock::gallery::Gallery, mock::maildir::Maildir, report::Report};
use proptest::prelude::*;
use std::cell::RefCell;

const FOLLOWS: &[u8] = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n";

/// A client's session.
struct Run {
    http: Box<dyn Session>,
    shared: Rc<Shared>,
    said: Vec<u8>,
}

fn run() -> Run {
    let shared = Rc::new(Shared {
        maildir: Maildir::open(None).unwrap(),
        gallery: RefCell::new(Gallery::default()),
        report: Report::new("rncat", 0, true),
    });
    let client = Client { name: "me".to_owned(), tls: false, may_encrypt: false };
    Run { http: begin(&shared, client), shared, said: Vec::new() }
}

impl Run {
    fn hears(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.http.is_over() {
            let mut out = Vec::new();
            let taken = self.http.hear(bytes, &mut out);
            assert!(taken > 0);
            bytes = &bytes[taken..];
            loop {
                let before = out.len();
                self.http.go_on(&mut out);
                assert!(out.len() < 2 * READY);
                if out.len() == before {
                    break;
                }
                self.said.append(&mut out);
            }
            self.said.append(&mut out);
        }
    }

    /// Its answers: status, fields, and the body as long as they say.
    fn answers(&self, methods: &[&str]) -> Vec<(u16, String, Vec<u8>)> {
        let (mut rest, mut answers, mut methods) = (&self.said[..], Vec::new(), methods.iter());
        while !rest.is_empty() {
            let end = rest.windows(4).position(|it| it == b"\r\n\r\n").expect("a head") + 4;
            let head = String::from_utf8(rest[..end].to_vec()).unwrap();
            let status = head["HTTP/1.1 ".len()..][..3].parse().unwrap();
            let length =
                head.split("Content-Length: ").nth(1).map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
            let length = if status != 100 && methods.next() == Some(&"HEAD") { 0 } else { length };
            answers.push((status, head, rest[end..end + length].to_vec()));
            rest = &rest[end + length..];
        }
        answers
    }

    fn shown(&self) -> String {
        let mut tour = crate::mock::gallery::Tour::new(Rc::clone(&self.shared), false);
        let (mut all, mut buffer) = (Vec::new(), [0; 100]);
        while let crate::stream::Flow::Moved(count) = crate::stream::Stream::read(&mut tour, &mut buffer).unwrap() {
            all.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8(all).unwrap()
    }
}

/// The only answer to this, whose body is text.
#[track_caller]
fn answer(request: &str) -> (u16, String, String) {
    let mut run = run();
    run.hears(request.as_bytes());
    let mut answers = run.answers(&[request.split(' ').next().unwrap()]);
    assert_eq!(answers.len(), 1, "{request:?}: {answers:?}");
    let (status, head, body) = answers.pop().unwrap();
    assert_eq!(run.http.is_over(), head.contains("Connection: close"));
    (status, head, String::from_utf8(body).unwrap())
}

#[test]
fn a_request_is_answered_with_itself() {
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /a?b HTTP/1.1\r\nhost:  x:80  \r\nX: \u{e4}\r\nX: 2\r\nContent-Length: 5\r\n\r\nhel\no",
        "PUT http://x/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n005;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost:\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ] {
        let (status, head, body) = answer(request);
        assert_eq!((status, &*body), (200, request));
        assert!(head.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
        assert!(head.contains("\r\nConnection: keep-alive\r\n") && head.contains(" GMT\r\n"), "{head}");
    }
}

#[test]
fn empty_lines_before_a_request_are_no_part_of_it() {
    let (status, _, body) = answer("\r\n\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((status, &*body), (200, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

#[test]
fn head_and_trace_are_answered_as_the_standard_says() {
    let (_, head, body) = answer("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.contains("\r\nContent-Length: 28\r\n") && body.is_empty());
    let (_, head, body) = answer("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.contains("\r\nContent-Type: message/http\r\n") && body.starts_with("TRACE"));
    let (status, _, body) = answer("HEAD / HTTP/1.1\r\n\r\n");
    assert_eq!((status, &*body), (400, ""));
    let (status, _, body) = answer("HEAD / HTTP/1.1\r\nno field\r\n\r\n");
    assert_eq!((status, &*body), (400, ""));
}

#[test]
fn a_connection_is_kept_as_long_as_the_client_wants() {
    for (request, keeps) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: x, Close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
    ] {
        let (status, head, body) = answer(request);
        assert_eq!((status, &*body), (200, request));
        assert_eq!(head.contains("\r\nConnection: keep-alive\r\n"), keeps, "{request}");
    }
}

#[test]
fn who_waits_for_100_is_told_to_go_on() {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    let mut run = run();
    run.hears(head.as_bytes());
    assert_eq!(run.said, b"HTTP/1.1 100 Continue\r\n\r\n");
    run.hears(b"ab");
    assert_eq!(run.answers(&[])[1].2, [head.as_bytes(), b"ab"].concat());
    let no_body = "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(answer(no_body).2, no_body);
    let old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab";
    assert_eq!(answer(old).2, old);
    assert_eq!(answer("POST / HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 2\r\n\r\n").0, 417);
}

#[test]
fn lines_that_end_with_lf_alone_are_taken_and_told_of() {
    let (status, head, body) = answer("GET / HTTP/1.1\nHost: x\n\n");
    assert_eq!((status, &*body), (200, "GET / HTTP/1.1\nHost: x\n\n"));
    assert!(head.contains("\r\nRncat-Note: lines end with LF alone"), "{head}");
    assert!(!answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n").1.contains("Rncat-Note"));
    let mut run = run();
    run.hears(b"GET / HTTP/1.1\nHost: x\n\n");
    assert!(run.shown().starts_with("me GET / HTTP/1.1, 24 bytes (lines end with LF alone"), "{}", run.shown());
}

#[test]
fn what_is_wrong_is_said_in_plain_words() {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    for (request, status, words) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "there is no Host"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".to_owned(), 400, "two Hosts"),
        ("GET / HTTP/1.1\r\nHost: x y\r\n\r\n".to_owned(), 400, "\"x y\" is not a host"),
        ("GET /\r\n".to_owned(), 400, "\"GET /\" has no version"),
        ("hello\r\n".to_owned(), 400, "\"hello\": "),
        (" GET / HTTP/1.1\r\n".to_owned(), 400, "begins with a blank"),
        ("GET index.html HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400, "\"index.html\" does not begin with /"),
        ("GET ://x HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400, "does not begin with /"),
        ("GET * HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400, "* is for OPTIONS"),
        ("get / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 501, "no method get; GET is one"),
        ("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 501, "CONNECT is for proxies"),
        ("PRI * HTTP/2.0\r\n".to_owned(), 505, "\"PRI * HTTP/2.0\" is not spoken here"),
        ("\u{16}\u{3}\u{1}".to_owned(), 400, "this is TLS"),
        (get("A\r\n"), 400, "the line \"A\" has no colon"),
        (get(": b\r\n"), 400, "has no name"),
        (get("A : b\r\n"), 400, "has a blank before the colon"),
        (get("A: b\r\n c\r\n"), 400, "the line \" c\" begins with a blank"),
        (get("A: b\rc\r\n"), 400, "a CR without LF"),
        (get("A(: b\r\n"), 400, "a name with characters"),
        (get("A: \0\r\n"), 400, "has control characters"),
        (get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400, "both Content-Length and Transfer-Encoding"),
        (get("Content-Length: 1, 2\r\n"), 400, "two Content-Lengths"),
        (get("Content-Length: -1\r\n"), 400, "Content-Length is not a length"),
        (get("Content-Length: 33554433\r\n"), 413, "the body is too long"),
        (get("Transfer-Encoding: gzip, chunked\r\n"), 501, "this Transfer-Encoding is not known"),
        (get("Transfer-Encoding: chunked\r\n") + "x\r\n", 400, "a chunk's size is not valid"),
        (get("Transfer-Encoding: chunked\r\n") + "1\n", 400, "a chunk's size is not valid"),
        (get("Transfer-Encoding: chunked\r\n") + "1\r\nabc", 400, "a chunk is longer than its size"),
        (format!("GET /{} HTTP/1.1\r\n", "x".repeat(9000)), 414, "longer than 8192 bytes"),
        (get(&format!("A: {}\r\n", "x".repeat(66_000))), 431, "65536 bytes"),
        (get(&"A: b\r\n".repeat(300)), 431, "200 fields"),
    ] {
        let (seen, head, body) = answer(&request);
        assert_eq!(seen, status, "{request:?}: {body}");
        assert!(
            body.contains(words) && body.lines().nth(2).is_some_and(|line| !line.is_empty()),
            "{request:?}: {body}"
        );
        assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    }
}

#[test]
fn an_example_that_is_shown_is_right() {
    let (_, _, advice) = answer("hello\r\n");
    let (_, example) = advice.split_once("\n\n").unwrap().1.split_once("\n\n").unwrap();
    assert_eq!(answer(&example.replace('\n', "\r\n")).0, 200);
}

#[test]
fn a_body_that_is_too_long_is_refused_when_it_has_become_so() {
    let mut run = run();
    run.hears(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000000\r\n");
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..31 {
        run.hears(&piece);
    }
    assert_eq!(run.said, b"");
    run.hears(&piece);
    assert_eq!(run.answers(&[])[0].0, 413);
    assert!(run.http.is_over());
}

#[test]
fn who_leaves_or_is_silent_within_a_request_is_told_what_is_missing() {
    let (head, body) = ("GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhell");
    for (request, left, late) in
        [(head, "before the empty line", "rest of the request"), (body, "body did", "the body")]
    {
        let mut one = run();
        one.hears(request.as_bytes());
        one.http.left(&mut one.said);
        let (status, _, text) = one.answers(&[]).remove(0);
        let text = String::from_utf8(text).unwrap();
        assert!(one.http.is_over() && status == 400 && text.contains(left), "{text}");
        let mut other = run();
        other.hears(request.as_bytes());
        other.http.silent(Duration::from_millis(1500), &mut other.said);
        let (status, _, text) = other.answers(&[]).remove(0);
        let text = String::from_utf8(text).unwrap();
        assert!(other.http.is_over() && status == 408 && text.contains(late) && text.contains("1.5 s"), "{text}");
    }
    for before in ["", "\r\n\r", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut run = run();
        run.hears(before.as_bytes());
        run.said.clear();
        run.http.silent(Duration::from_secs(1), &mut run.said);
        assert!(run.http.is_over() && run.said.is_empty(), "{before:?}");
    }
}

#[test]
fn each_request_is_shown_in_a_line() {
    let mut run = run();
    run.hears(b"GET /\x1b HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(run.shown().lines().count(), 1);
    assert!(run.shown().is_empty(), "once");
    let mut run = self::run();
    run.hears(&[FOLLOWS, FOLLOWS, b"GET /\r\n"].concat());
    let line = "me GET /next HTTP/1.1, 31 bytes\n";
    let refused = "me GET /: 400 Bad Request: \"GET /\" has no version, which is HTTP/1.1 or HTTP/1.0\n";
    assert_eq!(run.shown(), format!("{line}{line}{refused}"));
}

/// Something like a request.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("GET / HTTP/1.1\r\n"),
        Just("POST /a HTTP/1.0\n"),
        Just("HEAD * HTTP/1.1\r\n"),
        Just("\r\n"),
        Just("\n"),
        Just("\r"),
        Just("Host: x\r\n"),
        Just("Content-Length: 7\r\n"),
        Just("Transfer-Encoding: chunked\r\n"),
        Just("Expect: 100-continue\r\n"),
        Just("3\r\nabc\r\n"),
        Just("0\r\n\r\n"),
        Just("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        Just("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
        Just("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Just("a : b\r\n"),
        Just("\u{16}"),
    ];
    let piece = prop_oneof![
        9 => line.prop_map(|line| line.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..9),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_pieces_are_answered_alike(requests in requests(), size in 1_usize..30) {
        let (mut whole, mut pieces) = (run(), run());
        whole.hears(&requests);
        requests.chunks(size).for_each(|piece| pieces.hears(piece));
        for run in [&mut whole, &mut pieces] {
            let mut out = Vec::new();
            if !run.http.is_over() {
                run.http.left(&mut out);
                run.said.append(&mut out);
            }
            prop_assert!(run.http.is_over());
        }
        // Dates may differ.
        let undated = |run: &Run| {
            let text = String::from_utf8_lossy(&run.said).into_owned();
            text.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n")
        };
        prop_assert_eq!(undated(&whole), undated(&pieces));
    }

    #[test]
    fn any_body_comes_back_whatever_follows(length in 0_u32..100_000, size in 50_usize..70_000) {
        let body: Vec<u8> = (0..length).flat_map(u32::to_le_bytes).take(length as usize).collect();
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let request = [head.as_bytes(), &body].concat();
        let mut run = run();
        [&request, FOLLOWS].concat().chunks(size).for_each(|piece| run.hears(piece));
        let answers: Vec<_> = run.answers(&[]).into_iter().map(|(_, _, body)| body).collect();
        prop_assert_eq!(answers, [request, FOLLOWS.to_vec()]);
    }
}
