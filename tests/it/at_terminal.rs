//! What is shown at a terminal: replies in the colour of their kind, control characters escaped.

use rustix::process::Signal;

use crate::lang::{Identity, Netcat, Peer, PeerListener, Session, Stdout, Tls, Wire, it, netcat, over_tcp_and_tls};

const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const MAGENTA: &str = "\x1b[35m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

over_tcp_and_tls!(each_kind_of_reply_has_its_colour);

fn each_kind_of_reply_has_its_colour(wire: Wire) {
    let (mut client, mut peer) = joined(at_a_terminal("").over(wire), wire);
    hears(&mut client, &mut peer, "220 hi\r\n", &format!("{GREEN}220 hi{PLAIN}\r\n"));
    says(&client, &mut peer, "EHLO me");
    let shown = format!("{GREEN}250-SIZE{PLAIN}\r\n{GREEN}250 HELP{PLAIN}\r\n");
    hears(&mut client, &mut peer, "250-SIZE\r\n250 HELP\r\n", &shown);
    for (command, reply, colour) in [
        ("MAIL FROM:<a>", "451 4.3.0 later", MAGENTA),
        ("RCPT TO:<b>", "550 5.1.1 nobody", RED),
        ("DATA", "354 go on", CYAN),
    ] {
        says(&client, &mut peer, command);
        hears(&mut client, &mut peer, &format!("{reply}\r\n"), &format!("{colour}{reply}{PLAIN}\r\n"));
    }
}

#[test]
fn a_mail_that_is_read_by_pop3_is_not_coloured() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
        hears(&mut client, &mut peer, "+OK hi\r\n", &format!("{GREEN}+OK hi{PLAIN}\r\n"));
        // Typed ahead, it is a command of its own all the same.
        client.types("RETR 1\nDELE 9\n");
        peer.hears("RETR 1\r\nDELE 9\r\n");
        let mail = "Subject: x\r\n\r\n+OK\r\n-ERR no\r\n550 x\r\n..\r\n.\r\n";
        let shown = format!("{GREEN}+OK 42{PLAIN}\r\n{mail}{RED}-ERR none{PLAIN}\r\n");
        hears(&mut client, &mut peer, &format!("+OK 42\r\n{mail}-ERR none\r\n"), &shown);
    });
}

#[test]
fn a_literal_of_imap_is_not_coloured() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
        hears(&mut client, &mut peer, "* OK hi\r\n", &format!("{GREEN}* OK hi{PLAIN}\r\n"));
        says(&client, &mut peer, "a1 FETCH 1 BODY[]");
        let data = "* 1 FETCH (BODY[] {17}\r\na1 NO\r\na1 BAD x\r\n)\r\n* OK note\r\n";
        hears(&mut client, &mut peer, &format!("{data}a1 OK\r\n"), &format!("{data}{GREEN}a1 OK{PLAIN}\r\n"));
        says(&client, &mut peer, "a2 APPEND x {3}");
        hears(&mut client, &mut peer, "+ go\r\n", &format!("{CYAN}+ go{PLAIN}\r\n"));
        client.types("a2\n\n");
        peer.hears("a2\r\n\r\n");
        hears(&mut client, &mut peer, "a2 NO full\r\n", &format!("{RED}a2 NO full{PLAIN}\r\n"));
    });
}

#[test]
fn of_http_the_status_line_is_coloured() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
        for (reply, colour) in [("200 OK", GREEN), ("301 Moved", CYAN), ("404 None", MAGENTA), ("500 Oh", RED)] {
            client.types("GET / HTTP/1.1\n\n");
            peer.hears("GET / HTTP/1.1\r\n\r\n");
            let rest = "\r\nContent-Length: 16\r\n\r\nHTTP/1.1 404 x\r\n";
            let shown = format!("{colour}HTTP/1.1 {reply}{PLAIN}{rest}");
            hears(&mut client, &mut peer, &format!("HTTP/1.1 {reply}{rest}"), &shown);
        }
    });
}

#[test]
fn what_pace_names_needs_no_greeting_and_skips_what_is_refused() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal("--pace nntp"), Wire::Plain);
        hears(&mut client, &mut peer, "400 busy\r\n", &format!("{MAGENTA}400 busy{PLAIN}\r\n"));
        client.types("POST\nLIST\n.\nGROUP x\n");
        peer.hears("POST\r\n");
        hears(&mut client, &mut peer, "440 no\r\n", &format!("{MAGENTA}440 no{PLAIN}\r\n"));
        peer.hears("GROUP x\r\n");
        hears(&mut client, &mut peer, "215 x\r\n", &format!("{GREEN}215 x{PLAIN}\r\n"));
        hears(&mut client, &mut peer, "500 x\r\n", "500 x\r\n");
    });
}

#[test]
fn after_starttls_it_goes_on() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
        hears(&mut client, &mut peer, "220 hi\r\n", &format!("{GREEN}220 hi{PLAIN}\r\n"));
        says(&client, &mut peer, "STARTTLS");
        hears(&mut client, &mut peer, "220 go\r\n", &format!("{GREEN}220 go{PLAIN}\r\n"));
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.says(&["is encrypted now."]);
        says(&client, &mut peer, "EHLO me");
        hears(&mut client, &mut peer, "250 \x07\r\n", &format!("{GREEN}250 \\x07{PLAIN}\r\n"));
    });
}

#[test]
fn what_starttls_names_is_known_from_the_start() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = at_a_terminal("-v --starttls pop3").connects_to_name("127.0.0.1", listener.address().port());
        let mut peer = listener.accepts();
        for (line, answer) in [("", "+OK hi\r\n"), ("CAPA\r\n", "+OK\r\nSTLS\r\n.\r\n"), ("STLS\r\n", "+OK\r\n")] {
            peer.hears(line);
            peer.sends(answer);
        }
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.says(&["Lines are sent with CRLF", "the protocol was named"]);
        says(&client, &mut peer, "LIST");
        hears(&mut client, &mut peer, "-ERR \x1b\r\n", &format!("{RED}-ERR \\x1b{PLAIN}\r\n"));
        says(&client, &mut peer, "LIST");
        hears(&mut client, &mut peer, "+OK\r\n-ERR\r\n", &format!("{GREEN}+OK{PLAIN}\r\n-ERR\r\n"));
    });
}

#[test]
fn what_has_come_is_shown_at_once_and_no_colour_is_left_behind() {
    it(|| {
        let begun = || {
            let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
            hears(&mut client, &mut peer, "22", "22");
            hears(&mut client, &mut peer, "0 h", &format!("{GREEN}0 h{PLAIN}"));
            (client, peer)
        };
        let (mut client, mut peer) = begun();
        hears(&mut client, &mut peer, "i\r\n", &format!("{GREEN}i{PLAIN}\r\n"));
        let (mut client, _peer) = begun();
        client.is_sent(Signal::INT);
        client.dies_of(Signal::INT);
        let (mut client, peer) = begun();
        peer.resets();
        client.leaves(1);
        let (mut client, mut peer) = begun();
        peer.sends(b"caf\xc3");
        client.shows(format!("{GREEN}caf{PLAIN}"));
        peer.closes();
        client.shows("\\xc3");
        client.leaves(0);
    });
}

#[test]
fn a_server_cannot_steer_the_terminal() {
    it(|| {
        for args in ["", "--color never"] {
            let (mut client, mut peer) = joined(netcat(args).env("NO_COLOR", "1").at_a_terminal(), Wire::Plain);
            hears(&mut client, &mut peer, "220 \x1b[2J\x1b]0;x\x07\r\n", "220 \\x1b[2J\\x1b]0;x\\x07\r\n");
            hears(&mut client, &mut peer, "550 paid\rfor \u{9b}1A\x08\r\n", "550 paid\\rfor \\u{9b}1A\\x08\r\n");
            let turned = "250 \\u{202e}x\\u{2069}\\u{2028}\r\n";
            hears(&mut client, &mut peer, "250 \u{202e}x\u{2069}\u{2028}\r\n", turned);
            hears(&mut client, &mut peer, "250 grün,\ttoo\n", "250 grün,\ttoo\n");
            peer.sends(b"250 \xc2");
            client.shows("250 ");
            peer.sends(b"\x9b\xff\r\n");
            client.shows("\\u{9b}\\xff\r\n");
        }
    });
}

#[test]
fn raw_lets_everything_through() {
    it(|| {
        let (mut client, mut peer) = joined(netcat("--raw").env("NO_COLOR", "1").at_a_terminal(), Wire::Plain);
        let text = b"220 \x1b[2J\x07\r\xc2\x9b\xff\r\n";
        peer.sends(text);
        client.shows(text);
        let (mut client, mut peer) = joined(at_a_terminal("--raw"), Wire::Plain);
        hears(&mut client, &mut peer, "220 \x1b[1mhi\r\n", &format!("{GREEN}220 \x1b[1mhi{PLAIN}\r\n"));
    });
}

#[test]
fn what_is_not_known_to_be_text_is_shown_as_it_came() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal(""), Wire::Plain);
        for text in ["\x1b[1m$\x1b[0m ", "\r\x1b[2K\x07", "220 files\r\n", "+OK\r\n", "\u{9b}2J\r\n"] {
            peer.sends(text);
            client.shows(text);
        }
    });
}

#[test]
fn no_color_a_dumb_terminal_and_never_forbid_colours() {
    it(|| {
        for client in [
            at_a_terminal("").env("NO_COLOR", "1"),
            at_a_terminal("").env("TERM", "dumb"),
            at_a_terminal("--color never"),
            at_a_terminal("--col NEVER"),
        ] {
            let (mut client, mut peer) = joined(client, Wire::Plain);
            hears(&mut client, &mut peer, "220 hi\r\n", "220 hi\r\n");
        }
        // What is asked for on the command line is asked for.
        let (mut client, mut peer) = joined(at_a_terminal("--color always").env("NO_COLOR", "1"), Wire::Plain);
        hears(&mut client, &mut peer, "220 hi\r\n", &format!("{GREEN}220 hi{PLAIN}\r\n"));
    });
}

#[test]
fn bytes_in_pipes_and_files_are_never_touched() {
    it(|| {
        let heard = b"220 hi\r\n\x1b[2J\x07\r\0\xc2\x9b\xff550 no\r\n+OK\xc3";
        for stdout in [Stdout::Pipe, Stdout::File, Stdout::Socket] {
            let is_file = stdout == Stdout::File;
            let client = netcat("").env("NO_COLOR", "").stdout(stdout);
            let (mut client, mut peer) = joined(client, Wire::Plain);
            peer.sends(heard);
            peer.closes();
            client.ends_stdin();
            client.leaves(0);
            let shown = if is_file { std::fs::read(client.file("stdout")).unwrap() } else { client.shows_to_end() };
            assert_eq!(shown, heard);
        }
    });
}

#[test]
fn always_colours_pipes_too_and_changes_nothing_else() {
    it(|| {
        for args in ["--color always", "--colour=Always"] {
            let (mut client, mut peer) = joined(netcat(args).env("NO_COLOR", "1"), Wire::Plain);
            let shown = format!("{GREEN}220 \x1b[2J{PLAIN}\r\n{RED}550 no\r{PLAIN}\r\n");
            hears(&mut client, &mut peer, "220 \x1b[2J\r\n550 no\r\r\n", &shown);
        }
    });
}

#[test]
fn a_listener_escapes_what_a_client_says_and_colours_nothing() {
    it(|| {
        let mut server = at_a_terminal("").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        server.types("220 me\n");
        peer.hears("220 me\r\n");
        hears(&mut server, &mut peer, "EHLO \x1b[2J\r\n", "EHLO \\x1b[2J\r\n");
        hears(&mut server, &mut peer, "250 I\r\n", "250 I\r\n");
    });
}

#[test]
fn another_time_to_colour_is_2() {
    it(|| {
        let mut client = netcat("--color sometimes 127.0.0.1 9").starts();
        client.leaves(2);
        client.says(&["--color sometimes", "auto, always or never"]);
    });
}

#[test]
fn a_password_typed_after_auth_login_is_not_in_the_transcript() {
    it(|| {
        let (mut client, mut peer) = joined(at_a_terminal("--transcript").arg_path("x"), Wire::Plain);
        hears(&mut client, &mut peer, "220 hi\r\n", &format!("{GREEN}220 hi{PLAIN}\r\n"));
        for (line, reply) in [("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("bWU=", "334 UGFzc3dvcmQ6"), ("c2VjcmV0", "235 in")]
        {
            says(&client, &mut peer, line);
            let colour = if reply.starts_with('3') { CYAN } else { GREEN };
            hears(&mut client, &mut peer, &format!("{reply}\r\n"), &format!("{colour}{reply}{PLAIN}\r\n"));
        }
        let recorded = std::fs::read_to_string(client.file("x")).unwrap();
        let lines: Vec<_> = recorded.lines().filter(|line| !line.starts_with('#')).collect();
        let session =
            "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {masked}\nS: 334 UGFzc3dvcmQ6\nC: {masked}\nS: 235 in";
        assert_eq!(lines.join("\n"), session);
    });
}

/// Where colours are welcome.
fn at_a_terminal(args: &str) -> Netcat {
    netcat(args).env("NO_COLOR", "").at_a_terminal()
}

fn joined(client: Netcat, wire: Wire) -> (Session, Peer) {
    let listener = PeerListener::new(wire);
    let client = client.connects_to(&listener);
    let peer = listener.accepts();
    (client, peer)
}

#[track_caller]
fn says(client: &Session, peer: &mut Peer, line: &str) {
    client.types(format!("{line}\n"));
    peer.hears(format!("{line}\r\n"));
}

#[track_caller]
fn hears(client: &mut Session, peer: &mut Peer, text: &str, shown: &str) {
    peer.sends(text);
    client.shows(shown);
}
