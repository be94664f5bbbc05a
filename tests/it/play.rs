//! `--play` as the client: its lines are said in turn, those of the server checked.

use crate::lang::{A_WHILE, Netcat, Peer, PeerListener, Scratch, Stdin, Wire, it, netcat, over_tcp_and_tls};

over_tcp_and_tls!(
    lines_are_said_each_when_its_turn_comes,
    another_line_is_3_and_both_are_shown,
    who_leaves_early_is_3,
    who_keeps_silent_is_3,
);

/// The beginning of a mail.
const MAIL: &str = "# mail\nS: 220 {*}\nC: EHLO me\nS: 250\nC: QUIT\nS: 221\n";

fn plays(text: &str) -> Netcat {
    netcat("--play").arg_file("x.play", text)
}

fn lines_are_said_each_when_its_turn_comes(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = plays(MAIL).over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.hears_nothing_for(A_WHILE);
    peer.sends("220 hi\r\n");
    peer.hears("EHLO me\r\n");
    peer.sends("250-a\r\n250-b\r\n");
    peer.hears_nothing_for(A_WHILE);
    peer.sends("250 c\r\n");
    peer.hears("QUIT\r\n");
    peer.sends("221 bye\r\n");
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    client.shows_nothing_more();
    assert_eq!(client.said(), [""; 0]);
}

fn another_line_is_3_and_both_are_shown(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = plays(MAIL).over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("220 hi\r\n");
    peer.hears("EHLO me\r\n");
    peer.sends("550 \x1b[1mno\r\n");
    peer.hears_end();
    peer.closes();
    client.leaves(3);
    client.says(&[r#"x.play:4: expected "250", got "550 \u{1b}[1mno""#]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

fn who_leaves_early_is_3(wire: Wire) {
    for (says, awaited) in [
        ("", r#"x.play:2: expected "220 {*}", but the peer has left"#),
        ("220 hi\r\n250-a\r\n", r#"x.play:4: expected "250", but the peer has left"#),
        ("220 hi\r\n2", r#"x.play:4: expected "250", got "2""#),
    ] {
        let listener = PeerListener::new(wire);
        let mut client = plays(MAIL).over(wire).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends(says);
        peer.half_closes();
        client.leaves(3);
        client.says(&[awaited]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    }
}

fn who_keeps_silent_is_3(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = plays(MAIL).arg_words("-i 300ms").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("220 hi\r\n");
    client.leaves(3);
    client.says(&[r#"x.play:4: expected "250", but nothing came for 300ms"#]);
}

#[test]
fn who_breaks_off_is_3_and_the_reason_is_told() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(MAIL).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\n");
        peer.resets();
        client.leaves(3);
        client.says(&[r#"x.play:4: expected "250", but"#, "reset"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn who_leaves_before_the_last_word_is_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("C: ONE\nS: 220\n...\nC: TWO\nC: THREE\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("ONE\r\n");
        peer.sends("220 hi\r\n");
        peer.closes();
        client.leaves(3);
        client.says(&["x.play:5: the peer has left before it could be told this"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_line_that_is_broken_off_is_none() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = plays("S: 220 {*}\nC: QUIT\nS: 221 {*}\n").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("QUIT\r\n");
        peer.sends("221 b");
        peer.truncates();
        client.leaves(3);
        client.says(&[r#"x.play:3: expected "221 {*}", got "221 b", and the connection was cut off"#]);
    });
}

#[test]
fn what_was_said_before_leaving_is_checked_though_the_rest_can_reach_nobody() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("S: 220\nC: DATA\nS: 354\nC: {hex:41}\nC: .\nS: 250 {*}\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n354 go\r\n421 shutting down\r\n");
        peer.hears("DATA\r\nA\r\n.\r\n");
        peer.closes();
        client.leaves(3);
        client.says(&[r#"x.play:6: expected "250 {*}", got "421 shutting down""#]);
    });
}

#[test]
fn a_prompt_without_an_end_of_line_is_proposed_to_be_written_so() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("S: login:\nC: me\n").arg_words("-i 300ms").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("login:");
        client.leaves(3);
        client.says(&[r#"x.play:1: expected "login:", got "login:" "#, "{no-eol}"]);
    });
}

#[test]
fn prompts_and_what_is_said_without_an_end_of_line() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("S: {*}login: {no-eol}\nC: me{no-eol}\nS: > {no-eol}\nC: bye\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("this host login: ");
        peer.hears("me");
        peer.sends("> ");
        peer.hears("bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn what_came_is_said_again_and_computed_with() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let text = "S: +OK {*}<{stamp=*}>{*}\nC: APOP me {md5:<{stamp}>{env:SECRET}}\nS: +OK {stamp}\n";
        let mut client = plays(text).env("SECRET", "tanstaaf").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK POP3 <1896.697170952@dbc.mtview.ca.us> ready\r\n");
        peer.hears("APOP me c4c9334bac560ecc979e58001b3e22fb\r\n");
        peer.sends("+OK 1896.697170952@dbc.mtview.ca.us\r\n");
        client.leaves(0);
    });
}

#[test]
fn files_are_said_with_their_dots_doubled_or_in_base64() {
    it(|| {
        let scratch = Scratch::new();
        scratch.file("text", ".one\n..\nend");
        scratch.file("picture", vec![0xff; 60]);
        let file =
            scratch.file("x.play", "C: {file:text}\nC: DATA\nS: 354\nC: {file:text}\nC: {base64file:picture}\nC: .\n");
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--play").arg(file).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears(".one\r\n..\r\nend\r\nDATA\r\n");
        peer.sends("354 go\r\n");
        peer.hears("..one\r\n...\r\nend\r\n");
        peer.hears(format!("{}\r\n{}\r\n.\r\n", "/".repeat(76), "/".repeat(4)));
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn where_only_three_dots_are_left_silence_tells_that_the_peer_has_said_all() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("C: HELP\nS: 214 {*}\n...\nC: QUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("HELP\r\n");
        peer.sends("214 You\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("are\r\nalone.\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.hears("QUIT\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn the_last_word_of_a_client_is_given_time_to_be_heard() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("C: hello\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("hello\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.hears_end();
        client.leaves(0);
    });
}

#[test]
fn what_is_said_after_the_last_line_is_no_failure_and_told_by_v() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("S: 220\n").arg_words("-v").connects_to(&listener);
        listener.accepts().sends("220 hi\r\n220 again\r\n");
        client.leaves(0);
        client.says(&["x.play was played to its end."]);
        client.says(&["has said more than there is in", "x.play."]);
    });
}

#[test]
fn a_server_may_be_hostile() {
    it(|| {
        let long = "x".repeat(2 << 20);
        for (text, says, ends) in [
            ("S: 250 {*}\n", long.clone(), r#"x.play:1: expected "250 {*}", got a line of more than 1024 KiB"#),
            ("S: 250\n", "250-x\r\n".repeat(300_000), r#"x.play:1: expected "250", got a reply without an end"#),
            ("S: 250\n", "\0\u{7f}\r\n".to_owned(), r#"x.play:1: expected "250", got "\u{0}\u{7f}""#),
            (
                "C: a1 FETCH 1 BODY[]\nS: a1 OK\n",
                format!("* 1 FETCH (BODY[] {{4294967296}}\r\n{long}"),
                r#"x.play:2: expected "a1 OK", but the peer has left"#,
            ),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = plays(text).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends_until_blocked(says.as_bytes());
            peer.half_closes();
            client.leaves(3);
            client.says(&[ends]);
        }
    });
}

#[test]
fn replies_may_come_byte_by_byte() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(MAIL).connects_to(&listener);
        let mut peer = listener.accepts();
        for (answer, command) in [("220 hi\r\n", "EHLO me\r\n"), ("250-a\r\n250 b\r\n", "QUIT\r\n"), ("221\r\n", "")] {
            answer.bytes().for_each(|byte| peer.sends([byte]));
            peer.hears(command);
        }
        client.leaves(0);
    });
}

#[test]
fn a_file_with_a_fault_is_2_before_anybody_is_connected_to() {
    it(|| {
        for (text, fault) in [
            ("S: 220\nC 250\n", "x.play:2: \"C 250\": not a line of a dialogue"),
            ("C: {what:x}\n", "x.play:1: {what:…}: not a form"),
            ("# {x}\nC: {x}\n", "x.play:2: {x}: neither a form nor a text kept before"),
            ("C: {env:RNCAT_NO_SUCH}\n", "x.play:1: {env:RNCAT_NO_SUCH}: "),
            ("C: {file:missing}\n", "x.play:1: {file:missing}: No such file"),
            ("C: PASS {masked}\n", "x.play:1: {masked}: the secret was left out"),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = plays(text).arg_words("-v").connects_to(&listener);
            client.leaves(2);
            client.says(&[fault]);
            assert_eq!(client.times_said(&["Connected"]), 0);
        }
    });
}

#[test]
fn a_file_that_cannot_be_read_is_2() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--play").arg_path("missing").connects_to(&listener);
        client.leaves(2);
        client.says(&["read", "missing: No such file"]);
    });
}

#[test]
fn a_dash_is_stdin() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--play -").stdin(Stdin::File(b"C: hello\nS: yes\n".to_vec())).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("hello\r\n");
        peer.sends("yes\r\n");
        client.leaves(0);
    });
}

#[test]
fn a_connection_that_is_encrypted_need_not_become_so() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = plays("S: 220\n--- TLS\nC: QUIT\nS: 221\n").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("QUIT\r\n");
        peer.sends("221\r\n");
        client.leaves(0);
    });
}

#[test]
fn a_session_that_was_recorded_can_be_played() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("session.play");
        for options in ["--timestamps --show-secrets --transcript", "--play"] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = netcat("-C").arg_words(options).arg(&file).connects_to(&listener);
            let mut peer = listener.accepts();
            if options != "--play" {
                client.types("AUTH PLAIN AG1lAHg=\n{*} {env:x} \u{202e}\n");
            }
            serves(&mut peer);
            if options != "--play" {
                client.shows("220 {hi}\r\n235 yes\r\n> ok\n");
            }
            peer.closes();
            client.ends_stdin();
            client.leaves(0);
        }
    });
}

/// Bytes of all kinds.
fn serves(peer: &mut Peer) {
    peer.sends("220 {hi}\r\n");
    peer.hears("AUTH PLAIN AG1lAHg=\r\n");
    peer.sends("235 yes\r\n> ");
    peer.hears("{*} {env:x} \u{202e}\r\n");
    peer.sends("ok\n");
}
