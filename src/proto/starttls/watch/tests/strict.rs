//! Where what is meant must not be taken for something else: a pipe has nobody to see it, a chat may say the word.

use super::*;

#[test]
fn a_server_cannot_make_a_request_pass_for_an_answer() {
    for (greeting, hello, more, ask) in [
        ("220 x\r\n", "EHLO x\r\n", "334 x\r\n", "STARTTLS\r\n"),
        ("+OK\r\n", "CAPA\r\n", "+ x\r\n", "STLS\r\n"),
        ("* OK\r\n", "a NOOP\r\n", "+ x\r\n", "b STARTTLS\r\n"),
    ] {
        let (mut watch, _) = said(&[('S', greeting), ('C', hello), ('S', more), ('C', ask)]);
        assert!(watch.is_asked(), "{greeting}");
        assert_eq!(watch.client(b"secret\r\n"), 0, "{greeting}");
    }
}

#[test]
fn who_is_sure_to_ask_is_not_put_off_by_another_protocols_greeting() {
    let requests = ["STARTTLS\r\n", "STLS\r\n", "AUTH TLS\r\n", "a1 STARTTLS\r\n"];
    let greetings = ["hello\r\n", "+OK\r\n", "* OK\r\n", "220 x\r\n", "OK\r\n", ":x NOTICE\r\n", "HTTP/1.1 200\r\n"];
    for (ask, greeting) in requests.into_iter().flat_map(|ask| greetings.map(|greeting| (ask, greeting))) {
        let mut behind = Watch::strict();
        behind.server(greeting.as_bytes());
        let passed = behind.client(&[ask, "secret\r\n"].concat().into_bytes());
        assert_eq!(passed, if behind.is_vain() { 0 } else { ask.len() }, "{ask} {greeting}");
        let mut before = Watch::strict();
        assert_eq!(before.client(ask.as_bytes()), ask.len());
        let refused = before.server(greeting.as_bytes()).1;
        assert_eq!(refused == Some(Answer::Refused), behind.is_vain(), "{ask} {greeting}");
        assert_eq!(before.is_asked(), !behind.is_vain(), "{ask} {greeting}");
    }
    for greeting in greetings {
        let mut help = Watch::strict();
        assert_eq!(help.client(b"HELP STARTTLS\r\n"), 15);
        assert_eq!(help.server(greeting.as_bytes()).1, None);
        assert!(!help.is_vain());
        assert_eq!(help.client(b"NOOP\r\n"), 6, "{greeting}");
    }
}

#[test]
fn a_chat_may_begin_with_the_word() {
    for talk in ["starttls is fun\n", "try starttls now\n", "the starttls\n", "auth tls or not\n"] {
        let mut watch = Watch::casual();
        assert_eq!(watch.client(&[talk, "more\n"].concat().into_bytes()), talk.len() + 5, "{talk}");
        watch.server(b"220 x\r\n");
        assert!(!watch.is_asked());
    }
    for ask in ["starttls\n", "STLS\n", "AUTH TLS\n", "a1 STARTTLS\n"] {
        assert_eq!(Watch::casual().client(&[ask, "more\n"].concat().into_bytes()), ask.len(), "{ask}");
    }
}

#[test]
fn where_nobody_sees_the_answers_other_words_are_asked_in_vain() {
    for (greeting, before, ask) in [
        ("220 hi\r\n", "CAPA\r\n", "stls\r\n"),
        ("220 hi\r\n", "", "a1 STARTTLS\r\n"),
        ("+OK hi\r\n", "EHLO x\r\n", "STARTTLS\r\n"),
        ("* OK hi\r\n", "", "AUTH TLS\r\n"),
        ("hello\r\n", "EHLO x\r\n", "STARTTLS\r\n"),
        ("hello\r\n220 hi\r\n", "DATA\r\n.\r\n", "STARTTLS\r\n"),
    ] {
        let mut watch = Watch::strict();
        assert_eq!(watch.server(greeting.as_bytes()).1, None);
        let said = [before, ask, "PASS x\r\n"].concat();
        assert_eq!(watch.client(said.as_bytes()), before.len(), "{greeting}");
        assert!(watch.is_vain() && !watch.is_over());
        assert_eq!(watch.client(b"PASS x\r\n"), 0);
        let mut early = Watch::strict();
        assert!(early.client(said.as_bytes()) < said.len() - 7, "{greeting}");
        assert_eq!(early.client(b"PASS x\r\n"), 0);
        if !before.starts_with("DATA") {
            assert_eq!(early.server(greeting.as_bytes()).1, Some(Answer::Refused), "{greeting}");
        }
    }
}

#[test]
fn where_nobody_sees_the_answers_what_is_no_request_passes() {
    for said in ["HELP STARTTLS\r\n", "AUTH LOGIN\r\nx\r\n", "STARTTLSX\r\n"] {
        let mut watch = Watch::strict();
        assert_eq!(watch.server(b"220 hi\r\n").1, None);
        assert_eq!(watch.client(said.as_bytes()), said.len());
        assert!(!watch.is_vain() && !watch.is_asked(), "{said}");
    }
    let mut mail = Watch::strict();
    assert_eq!(mail.server(b"220 hi\r\n").1, None);
    assert_eq!(mail.client(b"DATA\r\n"), 6);
    assert_eq!(mail.server(b"354 go\r\n").1, None);
    assert_eq!(mail.client(b"STLS\r\n.\r\n"), 9);
    assert!(!mail.is_vain());
}

#[test]
fn a_server_that_has_ended_is_asked_in_vain() {
    for (greeting, before) in
        [("", ""), ("220 hi\r\n", "EHLO x\r\n"), ("220 hi\r\n", "DATA\r\n.\r\n"), ("* OK\r\n", "a LOGIN {1}\r\nx\r\n")]
    {
        let mut watch = Watch::default();
        assert_eq!(watch.server(greeting.as_bytes()).1, None);
        watch.server_ended();
        let said = [before, "STARTTLS\r\nPASS x\r\n"].concat();
        assert_eq!(watch.client(said.as_bytes()), before.len(), "{greeting}");
        assert!(watch.is_vain(), "{greeting}");
    }
    let mut waits = Watch::default();
    assert_eq!(waits.server(b"220 hi\r\n").1, None);
    assert_eq!(waits.client(b"DATA\r\n.\r\nQUIT\r\n"), 9);
    waits.server_ended();
    assert_eq!(waits.client(b"QUIT\r\n"), 6, "nothing is waited for any more");
    let mut other = Watch::default();
    assert_eq!(other.server(b"HTTP/1.1 200 OK\r\n").1, None);
    other.server_ended();
    assert_eq!(other.client(b"STARTTLS\r\nx"), 11);
}

#[test]
fn who_asks_for_an_answer_out_of_turn_gets_none() {
    for (greeting, before, answer, ask) in [
        ("220 hi\r\n", "EHLO x\r\n", "334 \r\n", "STARTTLS\r\n"),
        ("220 hi\r\n334 x\r\n", "", "", "STARTTLS\r\n"),
        ("220 hi\r\n", "AUTH LOGIN\r\n", "535 no\r\n334 x\r\n", "STARTTLS\r\n"),
        ("+OK hi\r\n+ x\r\n", "CAPA\r\n", "+ x\r\n", "STLS\r\n"),
        ("* OK hi\r\n+ x\r\n", "", "", "a1 STARTTLS\r\n"),
        ("* OK hi\r\n", "a1 AUTHENTICATE X\r\n", "a1 NO\r\n+ x\r\n", "a1 STARTTLS\t\r\n"),
    ] {
        let mut watch = Watch::default();
        assert_eq!(watch.server(greeting.as_bytes()).1, None);
        assert_eq!(watch.client(before.as_bytes()), before.len());
        assert_eq!(watch.server(answer.as_bytes()).1, None);
        assert_eq!(watch.client(format!("{ask}PASS x\r\n").as_bytes()), ask.len(), "{greeting}");
        assert!(watch.is_asked(), "{greeting}");
    }
}
