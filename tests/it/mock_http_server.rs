//! `--mock http`: what one sends comes back, and what is wrong with it is said in plain words.

use crate::lang::{
    A_WHILE, Message, Peer, Scratch, Session, Stdin, Wire, connect, descriptors, it, ms, netcat, noise,
    over_tcp_and_tls, same_bytes,
};

/// The smallest request.
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// More than is kept in memory.
const LONG: usize = 20 << 20;

over_tcp_and_tls!(
    a_request_typed_by_hand_comes_back,
    ten_requests_at_once_are_answered_in_order,
    who_sends_all_before_reading_gets_all_back,
    who_breaks_off_is_forgotten,
);

fn a_request_typed_by_hand_comes_back(wire: Wire) {
    let mut server = server(wire);
    let mut client = netcat("-C").over(wire).connects_to(&server);
    for line in ["GET /path HTTP/1.1\n", "Host: localhost\n", "\n"] {
        client.types(line);
    }
    assert_eq!(client.shows_line(), "HTTP/1.1 200 OK");
    client.shows_line_with("Content-Length: ");
    client.shows_line_with("Connection: keep-alive");
    client.shows("\r\nGET /path HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let line = server.shows_line();
    assert!(line.starts_with("127.0.0.1:") && line.ends_with(" GET /path HTTP/1.1, 39 bytes"), "{line}");
    client.types("GET / HTTP/1.0\n\n");
    client.leaves(0);
    assert!(client.shows_to_end().ends_with(b"\r\n\r\nGET / HTTP/1.0\r\n\r\n"));
}

fn ten_requests_at_once_are_answered_in_order(wire: Wire) {
    let server = server(wire);
    let mut peer = Peer::dials(&server, wire);
    let request = |number: usize| match number % 3 {
        0 => format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n"),
        1 => format!("POST /{number} HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n{}", "x".repeat(30_000)),
        _ => format!(
            "PUT /{number} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nB: c\r\n\r\n"
        ),
    };
    let all: String = (0..10).map(request).collect();
    peer.sends(all);
    for number in 0..10 {
        let answer = peer.hears_message();
        assert_eq!((answer.status(), text(&answer)), (200, request(number)));
    }
    peer.hears_nothing_for(A_WHILE);
}

fn who_sends_all_before_reading_gets_all_back(wire: Wire) {
    let folder = Scratch::new();
    let server = netcat("--mock http").over(wire).stdin(Stdin::Null).env("TMPDIR", folder.path("")).listens();
    let open = server.open_descriptors();
    // What is grown by serving anybody is there before.
    ask(&server, wire, GET);
    let memory = server.resident_kib();
    let mut peer = Peer::dials(&server, wire);
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {LONG}\r\n\r\n");
    let request = [head.as_bytes(), &noise(71, LONG)].concat();
    peer.sends(&request);
    let answer = peer.hears_through("\r\n\r\n");
    assert!(answer.contains(&format!("\r\nContent-Length: {}\r\n", request.len())), "{answer}");
    same_bytes(&peer.exchanges_until(b"", request.len()), &request);
    let grown = server.resident_kib().saturating_sub(memory);
    assert!(grown < 3 << 10, "{grown} KiB");
    // The client is still there, its request is not.
    until("no file", &server, || server.open_descriptors() == open + 1);
    peer.sends(GET);
    assert_eq!(text(&peer.hears_message()), GET);
    let left: Vec<_> = files(&folder);
    assert!(left.iter().all(|name| name.starts_with("rncat-mail-")), "{left:?}");
}

fn who_breaks_off_is_forgotten(wire: Wire) {
    let folder = Scratch::new();
    let server = netcat("--mock http").over(wire).stdin(Stdin::Null).env("TMPDIR", folder.path("")).listens();
    let open = server.open_descriptors();
    let mut peer = Peer::dials(&server, wire);
    peer.sends(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {LONG}\r\n\r\n"));
    peer.sends(noise(72, LONG / 4));
    until("a file", &server, || server.open_descriptors() == open + 2);
    peer.resets();
    until("no file", &server, || server.open_descriptors() == open);
    ask(&server, wire, GET);
}

#[test]
fn head_is_answered_without_a_body() {
    it(|| {
        let server = server(Wire::Plain);
        let mut peer = Peer::dials(&server, Wire::Plain);
        for _ in 0..2 {
            peer.sends("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
            let head = peer.hears_through("\r\n\r\n");
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nContent-Length: 28\r\n"), "{head}");
        }
        peer.hears_nothing_for(A_WHILE);
    });
}

#[test]
fn who_says_close_or_speaks_http_1_0_is_closed() {
    it(|| {
        let server = server(Wire::Plain);
        for request in ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            // What comes behind the last one is not answered.
            peer.sends(format!("{request}{GET}"));
            let answer = peer.hears_message();
            assert_eq!((text(&answer), answer.field("connection")), (request.to_owned(), Some("close")));
            peer.hears_end();
        }
        let mut peer = Peer::dials(&server, Wire::Plain);
        for _ in 0..2 {
            peer.sends("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assert_eq!(peer.hears_message().field("connection"), Some("keep-alive"));
        }
    });
}

#[test]
fn who_waits_for_100_is_told_to_go_on() {
    it(|| {
        let server = server(Wire::Plain);
        let mut peer = Peer::dials(&server, Wire::Plain);
        let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        peer.sends(head);
        peer.hears("HTTP/1.1 100 Continue\r\n\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("hello");
        assert_eq!(text(&peer.hears_message()), format!("{head}hello"));
        peer.sends("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
        assert_eq!(peer.hears_message().status(), 413);
        peer.hears_end();
    });
}

#[test]
fn a_request_may_come_byte_by_byte() {
    it(|| {
        let server = server(Wire::Plain);
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        let (last, others) = request.as_bytes().split_last().unwrap();
        others.iter().for_each(|byte| peer.sends([*byte]));
        peer.hears_nothing_for(A_WHILE);
        peer.sends([*last]);
        assert_eq!(text(&peer.hears_message()), request);
    });
}

#[test]
fn lines_that_end_with_lf_alone_are_taken_and_told_of() {
    it(|| {
        let mut server = server(Wire::Plain);
        let mut client = connect(&server, "");
        client.types("GET / HTTP/1.1\nHost: x\n\n");
        client.shows_line_with("Rncat-Note: lines end with LF alone");
        server.shows_line_with("24 bytes (lines end with LF alone");
    });
}

#[test]
fn what_is_wrong_is_answered_and_the_connection_closed() {
    it(|| {
        let mut server = server(Wire::Plain);
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
        for (request, status, words) in [
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "there is no Host"),
            ("hello\r\n".to_owned(), 400, "GET / HTTP/1.1\nHost: localhost\n"),
            ("GET /\r\n".to_owned(), 400, "has no version"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505, "is not spoken here"),
            ("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 501, "--proxy-type http"),
            ("\u{16}\u{3}\u{1}\u{2}\0\u{1}".to_owned(), 400, "start rncat with --ssl"),
            (format!("{chunked}Content-Length: 5\r\n\r\n0\r\n\r\n"), 400, "both"),
            (format!("{chunked}\r\nfive\r\n"), 400, "a chunk's size"),
            (format!("GET /{}", "x".repeat(20_000)), 414, "8192"),
            (format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(20_000)), 431, "65536"),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(&request);
            let answer = peer.hears_message();
            assert_eq!((answer.status(), answer.field("connection")), (status, Some("close")), "{}", text(&answer));
            assert!(text(&answer).contains(words), "{}", text(&answer));
            peer.hears_end();
            let line = server.shows_line();
            assert!(line.starts_with(&peer.own_address().to_string()) && line.contains(&status.to_string()), "{line}");
        }
    });
}

#[test]
fn garbage_and_endless_lines_cost_little() {
    it(|| {
        let server = server(Wire::Plain);
        ask(&server, Wire::Plain, GET);
        let memory = server.resident_kib();
        let endless: [&dyn Fn() -> Vec<u8>; 4] =
            [&|| noise(73, 8 << 20), &|| vec![b'x'; 8 << 20], &|| b"\r\n".repeat(4 << 20), &|| {
                [b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec(), b"X: y\r\n".repeat(1 << 20)].concat()
            }];
        for bytes in endless {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends_until_blocked(&bytes());
            ask(&server, Wire::Plain, GET);
        }
        let grown = server.resident_kib().saturating_sub(memory);
        assert!(grown < 3 << 10, "{grown} KiB");
    });
}

#[test]
fn who_asks_and_never_reads_costs_little_and_is_dropped() {
    it(|| {
        let server = netcat("--mock http -i 1s").stdin(Stdin::Null).listens();
        ask(&server, Wire::Plain, GET);
        let memory = server.resident_kib();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let requests = GET.repeat((24 << 20) / GET.len());
        let sent = peer.sends_until_blocked(requests.as_bytes());
        assert!(sent < requests.len(), "it has to wait");
        let grown = server.resident_kib().saturating_sub(memory);
        assert!(grown < 3 << 10, "{grown} KiB");
        server.says(&[&peer.own_address().to_string(), "too slow: dropped"]);
        // A reset, or an end in order behind what the kernel still had.
        peer.waits_for_end();
        ask(&server, Wire::Plain, GET);
    });
}

#[test]
fn who_leaves_within_a_request_is_told_what_is_missing() {
    it(|| {
        let server = server(Wire::Plain);
        for (request, words) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n", "before the empty line"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhello", "ended before the body"),
        ] {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(request);
            peer.half_closes();
            let answer = peer.hears_message();
            assert!(answer.status() == 400 && text(&answer).contains(words), "{}", text(&answer));
            peer.hears_end();
        }
        let mut whole = Peer::dials(&server, Wire::Plain);
        whole.sends(GET);
        whole.half_closes();
        assert_eq!(text(&whole.hears_message()), GET);
        whole.hears_end();
    });
}

#[test]
fn who_keeps_silent_is_closed_and_told_so_within_a_request() {
    it(|| {
        let server = netcat("--mock http -i 300ms").stdin(Stdin::Null).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends(GET);
        assert_eq!(peer.hears_message().status(), 200);
        peer.hears_end();
        let mut slow = Peer::dials(&server, Wire::Plain);
        slow.sends("GET / HTTP/1.1\r\n");
        let answer = slow.hears_message();
        assert!(answer.status() == 408 && text(&answer).contains("0.3 s"), "{}", text(&answer));
        slow.hears_end();
    });
}

#[test]
fn a_thousand_clients_at_once_are_served_and_cost_little_when_idle() {
    it(|| {
        let count = 1000;
        if !descriptors(count + 200) {
            return;
        }
        let server = server(Wire::Plain);
        ask(&server, Wire::Plain, GET);
        let memory = server.resident_kib();
        let mut peers: Vec<_> = (0..count - 1).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        let request = |number: usize| {
            let body = noise(number as u64, 3000);
            let head = format!("POST /{number} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.into_bytes(), body].concat()
        };
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.sends(&request(number)[..1000]);
        }
        for (number, peer) in peers.iter_mut().enumerate().rev() {
            peer.sends(&request(number)[1000..]);
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            same_bytes(&peer.hears_message().body, &request(number));
        }
        let grown = server.resident_kib().saturating_sub(memory);
        // Half of each request was kept for a while.
        assert!(grown < 8 * count, "{grown} KiB");
        let wakes = server.wakes_in_a_second();
        assert!(wakes < 60, "it woke up {wakes} times in a second");
        for peer in &mut peers {
            peer.sends(GET);
        }
        for peer in &mut peers {
            assert_eq!(text(&peer.hears_message()), GET);
        }
    });
}

#[test]
fn a_dialogue_is_played_with_it() {
    it(|| {
        let server = server(Wire::Plain);
        let play = "C: POST /form HTTP/1.1\nC: Host: localhost\nC: Content-Length: 10\nC:\nC: some=thing{no-eol}\n\
                    S: HTTP/1.1 200 OK\n...\nS:\nS: POST /form HTTP/1.1\nS: Host: localhost\nS: Content-Length: 10\nS:\n\
                    S: some=thing{no-eol}\nC: GET / HTTP/1.0\nC:\nS: HTTP/1.1 200 OK\n...\nS:\nS: GET / HTTP/1.0\nS:\n";
        let mut client = netcat("--play").arg_file("http.play", play).stdin(Stdin::Null).connects_to(&server);
        client.leaves(0);
    });
}

fn server(wire: Wire) -> Session {
    netcat("--mock http").over(wire).stdin(Stdin::Null).listens()
}

/// Somebody else comes, is served, and goes.
#[track_caller]
fn ask(server: &Session, wire: Wire, request: &str) {
    let mut peer = Peer::dials(server, wire);
    peer.sends(request);
    assert_eq!(text(&peer.hears_message()), request);
    peer.half_closes();
    peer.hears_end();
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.body).into_owned()
}

fn files(folder: &Scratch) -> Vec<String> {
    let files = std::fs::read_dir(folder.path("")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// Waits for something that no event tells of.
#[track_caller]
fn until(what: &str, server: &Session, ready: impl Fn() -> bool) {
    for _ in 0..400 {
        if ready() {
            return;
        }
        server.stays_for(ms(50));
    }
    panic!("{what} was waited for");
}
