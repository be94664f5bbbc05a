//! `--transcript`: the session as a dialogue, without its secrets.

use std::path::Path;

use rustix::process::Signal;

use crate::lang::{Datagrams, Peer, PeerListener, Scratch, Session, Wire, it, netcat, over_tcp_and_tls};

over_tcp_and_tls!(
    a_client_is_c_and_its_server_s,
    a_listener_is_s_and_its_client_c,
    a_commands_words_are_recorded,
    the_first_lines_tell_who_is_connected_to_whom,
);

fn a_client_is_c_and_its_server_s(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-C --transcript").arg_path("x").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("220 hi\r\n");
    client.shows("220 hi\r\n");
    client.types("EHLO me\n");
    peer.hears("EHLO me\r\n");
    peer.sends("250-a\r\n250 b\r\n");
    client.shows("250-a\r\n250 b\r\n");
    let lines = "S: 220 hi\nC: EHLO me\nS: 250-a\nS: 250 b\n";
    assert_eq!(recorded(&client.file("x"), wire), lines, "each line is there at once");
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
    assert_eq!(recorded(&client.file("x"), wire), lines);
}

fn a_listener_is_s_and_its_client_c(wire: Wire) {
    let mut server = netcat("--transcript").arg_path("x").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    server.types("220 hi\r\n");
    peer.hears("220 hi\r\n");
    peer.sends("QUIT\r\n");
    server.shows("QUIT\r\n");
    peer.closes();
    server.ends_stdin();
    server.leaves(0);
    assert_eq!(recorded(&server.file("x"), wire), "S: 220 hi\nC: QUIT\n");
}

fn a_commands_words_are_recorded(wire: Wire) {
    let mut server = netcat("--transcript").arg_path("x").arg("-c").arg("read x; echo got $x").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("it\n");
    assert_eq!(peer.hears_to_end(), b"got it\n");
    peer.closes();
    server.leaves(0);
    let lines = "C: it{hex:0a}{no-eol}\nS: got it{hex:0a}{no-eol}\n";
    assert_eq!(recorded(&server.file("x"), wire), lines);
}

fn the_first_lines_tell_who_is_connected_to_whom(wire: Wire) {
    let listener = PeerListener::new(wire);
    let port = listener.address().port();
    let mut client = netcat("--transcript").arg_path("x").over(wire).connects_to_name("localhost", port);
    let peer = listener.accepts();
    let own = peer.address();
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
    let text = read(&client.file("x"));
    let expected = format!("# C: {own}\n# S: localhost:{port}, reached at 127.0.0.1:{port}\n");
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn who_connected_is_told_of_a_listener() {
    it(|| {
        let mut server = netcat("--transcript").arg_path("x").listens();
        let peer = Peer::dials(&server, Wire::Plain);
        let (own, server_address) = (peer.own_address(), server.address());
        peer.closes();
        server.ends_stdin();
        server.leaves(0);
        assert_eq!(read(&server.file("x")), format!("# C: {own}\n# S: {server_address}\n"));
    });
}

/// What is recorded of a client that says and hears this, one after the other; `args` besides.
fn client(args: &str, said: &[(&str, &str)]) -> String {
    let listener = PeerListener::new(Wire::Plain);
    let mut client = netcat(args).arg("--transcript").arg_path("x").connects_to(&listener);
    let mut peer = listener.accepts();
    for (to_client, to_peer) in said {
        peer.sends(to_client);
        client.shows(to_client);
        client.types(to_peer);
        peer.hears(to_peer);
    }
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
    recorded(&client.file("x"), Wire::Plain)
}

#[test]
fn the_exchange_of_smtps_auth_is_masked() {
    it(|| {
        let session = [
            ("220 hi\r\n", "AUTH LOGIN\r\n"),
            ("334 VXNlcm5hbWU6\r\n", "dXNlcg==\r\n"),
            ("334 UGFzc3dvcmQ6\r\n", "c2VjcmV0\r\n"),
            ("535 no\r\n", "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"),
            ("235 yes\r\n", "MAIL FROM:<a@example.org>\r\n"),
        ];
        assert_eq!(
            client("", &session),
            "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {masked}\nS: 334 UGFzc3dvcmQ6\nC: {masked}\n\
             S: 535 no\nC: AUTH PLAIN {masked}\nS: 235 yes\nC: MAIL FROM:<a@example.org>\n"
        );
        let shown = client("--show-secrets", &session);
        assert!(shown.contains("C: c2VjcmV0\n") && shown.contains("C: AUTH PLAIN AHVzZXIAc2VjcmV0\n"), "{shown}");
    });
}

#[test]
fn passwords_of_pop3_and_imap_are_masked() {
    it(|| {
        let pop3 =
            client("", &[("+OK hi\r\n", "USER me\r\n"), ("+OK\r\n", "PASS my secret\r\n"), ("+OK\r\n", "STAT\r\n")]);
        assert_eq!(pop3, "S: +OK hi\nC: USER me\nS: +OK\nC: PASS {masked}\nS: +OK\nC: STAT\n");
        let imap = client("", &[("* OK hi\r\n", "a1 LOGIN \"my name\" secret\r\n"), ("a1 OK\r\n", "a2 LOGOUT\r\n")]);
        assert_eq!(imap, "S: * OK hi\nC: a1 LOGIN \"my name\" {masked}\nS: a1 OK\nC: a2 LOGOUT\n");
    });
}

#[test]
fn a_password_typed_in_two_pieces_is_masked() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--transcript").arg_path("x").connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("PASS sec");
        peer.hears("PASS sec");
        peer.sends("* hello\r\n");
        client.shows("* hello\r\n");
        client.types("ret\r\n");
        peer.hears("ret\r\n");
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
        let lines = "C: PASS {masked}{no-eol}\nS: * hello\nC: {masked}\n";
        assert_eq!(recorded(&client.file("x"), Wire::Plain), lines);
    });
}

#[test]
fn prompts_and_other_ends_of_lines_are_written_out() {
    it(|| {
        assert_eq!(
            client("", &[("login: ", "me\n"), ("Password: ", "secret\n"), ("{x} {\r\n", "ls \r\n")]),
            "S: login: {no-eol}\nC: me{hex:0a}{no-eol}\nS: Password: {no-eol}\nC: {masked}{hex:0a}{no-eol}\n\
             S: {{x} {{\nC: ls{hex:20}\n"
        );
    });
}

#[test]
fn bytes_that_are_no_text_are_written_in_hexadecimal() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("x");
        let mut server = netcat("--transcript").arg(&file).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let all: Vec<u8> = (0..=255).collect();
        peer.sends(&all);
        server.shows(&all);
        peer.closes();
        server.ends_stdin();
        server.leaves(0);
        let text = recorded(&file, Wire::Plain);
        assert!(text.starts_with("C: {hex:00010203040506070809}{hex:0a}{no-eol}\nC: {hex:0b0c0d0e0f10"), "{text}");
        assert!(text.ends_with("fcfdfeff}{no-eol}\n") && text.contains(" !\"#$%&'()*+,-./0123"), "{text}");
        assert!(text.bytes().all(|byte| byte >= b' ' || byte == b'\n') && text.is_ascii());
    });
}

#[test]
fn timestamps_stand_before_each_line() {
    it(|| {
        let text = client("--timestamps", &[("220 hi\r\n", "EHLO me\r\n")]);
        let lines: Vec<_> = text.lines().map(|line| line.split_once("] ").unwrap()).collect();
        assert_eq!([lines[0].1, lines[1].1], ["S: 220 hi", "C: EHLO me"]);
        let times: Vec<_> = lines.iter().map(|(time, _)| time.strip_prefix('[').unwrap()).collect();
        assert!(times.iter().all(|time| time.split_once('.').is_some_and(|(_, fraction)| fraction.len() == 6)));
        let times: Vec<f64> = times.iter().map(|time| time.parse().unwrap()).collect();
        assert!(times[0] >= 0.0 && times[0] <= times[1], "{text}");
    });
}

#[test]
fn in_a_room_each_hears_the_others() {
    it(|| {
        let mut server = netcat("--broker --transcript").arg_path("x").listens();
        let mut first = Peer::dials(&server, Wire::Plain);
        server.says(&["Connection from", &first.own_address().to_string()]);
        let mut second = Peer::dials(&server, Wire::Plain);
        second.sends("two\r\n");
        first.hears("two\r\n");
        first.sends("one\r\n");
        second.hears("one\r\n");
        ends(&mut server);
        assert_eq!(recorded(&server.file("x.1"), Wire::Plain), "S: two\nC: one\n");
        assert_eq!(recorded(&server.file("x.2"), Wire::Plain), "C: two\nS: one\n");
    });
}

#[test]
fn a_proxys_client_is_recorded_without_its_credentials() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let address = origin.address();
        let mut server = netcat("--proxy-type http --proxy-auth me:secret --transcript").arg_path("x").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let head = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
        peer.sends(format!("{head}Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"));
        let mut other = origin.accepts();
        assert_eq!(peer.hears_message().status(), 200);
        other.sends("welcome\r\n");
        peer.hears("welcome\r\n");
        ends(&mut server);
        let text = recorded(&server.file("x.1"), Wire::Plain);
        let head = head.lines().map(|line| format!("C: {line}\n")).collect::<String>();
        assert!(text.starts_with(&format!("{head}C: Proxy-Authorization: Basic {{masked}}\nC:\nS: HTTP/1.1 200 ")));
        assert!(text.ends_with("S:\nS: welcome\n"), "{text}");
    });
}

#[test]
fn a_socks_clients_password_is_masked() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let mut server = netcat("--proxy-type socks5 --proxy-auth me:secret --transcript").arg_path("x").listens();
        let mut client = netcat("--proxy-type socks5 --proxy-auth me:secret").via(&server).connects_to(&origin);
        let mut other = origin.accepts();
        client.types("EHLO me\r\n");
        other.hears("EHLO me\r\n");
        let text = read(&server.file("x.1"));
        assert!(text.contains("\nC: {masked}{no-eol}\n") && text.ends_with("C: EHLO me\n"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        client.ends_stdin();
        other.closes();
        client.leaves(0);
        ends(&mut server);
    });
}

#[test]
fn each_datagram_is_its_own() {
    it(|| {
        let mut server = netcat("-u --transcript").arg_path("x").listens();
        let mut peer = Datagrams::dials(&server);
        for datagram in ["a", "b\r\nc", ""] {
            peer.sends(datagram);
            server.shows(datagram);
        }
        server.types("d\n");
        peer.hears("d\n");
        ends(&mut server);
        let lines = "C: a{no-eol}\nC: b\nC: c{no-eol}\nC: {no-eol}\nS: d{hex:0a}{no-eol}\n";
        assert_eq!(recorded(&server.file("x"), Wire::Plain), lines);
    });
}

/// Ends it, in order: what peers have heard may not have been recorded yet.
#[track_caller]
pub(super) fn ends(session: &mut Session) {
    session.is_sent(Signal::TERM);
    session.dies_of(Signal::TERM);
}

/// What is recorded, without the comments; over TLS that begins with the mark.
#[track_caller]
pub(super) fn recorded(file: &Path, wire: Wire) -> String {
    let text = read(file);
    let said = text.lines().skip_while(|line| line.starts_with("# ")).map(|line| format!("{line}\n"));
    let said: String = said.collect();
    match wire {
        Wire::Plain => said,
        Wire::Tls => said.strip_prefix("--- TLS\n").unwrap_or_else(|| panic!("{text}")).to_owned(),
    }
}

#[track_caller]
pub(super) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}
