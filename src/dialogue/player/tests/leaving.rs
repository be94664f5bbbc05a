//! The peer leaves while something is still to come. What it has said last counts, unless it was cut off.

use super::*;

pub(super) fn in_order(how: &str) -> Gone {
    Gone { how: how.to_owned(), in_order: true }
}

#[test]
fn who_leaves_early_is_told_what_was_awaited() {
    let left = |mut it: Player, heard: &str| {
        it.says();
        it.hear(heard.as_bytes());
        it.leave(in_order("the peer has left")).map_err(|error| error.to_string())
    };
    let expected = |what: &str| Err(format!("x.play:1: expected {what}"));
    assert_eq!(left(client("S: 250"), ""), expected("\"250\", but the peer has left"));
    assert_eq!(left(client("S: * OK{no-eol}"), "* "), expected("\"* OK{no-eol}\", got \"* \", and the peer has left"));
    assert_eq!(left(client("S: 250"), "2"), expected("\"250\", got \"2\""), "which has no end of line");
    assert_eq!(left(client("S: 250"), "250 x"), Ok(()));
    assert_eq!(left(client("S: 250/..."), "250\r\n1"), Ok(()));
    assert_eq!(left(client("C: a"), ""), Ok(()), "nothing more was to come");
}

#[test]
fn what_was_cut_off_is_no_line() {
    let cut = |mut it: Player, heard: &str| {
        it.says();
        it.hear(heard.as_bytes());
        it.leave(Gone { how: "it was cut off".into(), in_order: false }).map_err(|error| error.to_string())
    };
    let expected = |what: &str| Err(format!("x.play:1: expected {what}"));
    assert_eq!(cut(client("S: 250"), "250 x"), expected(r#""250", got "250 x", and it was cut off"#));
    assert_eq!(cut(client("S: {*}"), "a"), expected(r#""{*}", got "a", and it was cut off"#));
    assert_eq!(cut(client("S: 250"), ""), expected(r#""250", but it was cut off"#));
    assert_eq!(cut(client("S: 250"), "250 x\r\n"), Ok(()), "that one was whole");
    assert_eq!(cut(client("S: a{no-eol}"), "a"), Ok(()), "there is nothing more of it");
    assert_eq!(cut(client("S: 250/..."), "250\r\nx"), Ok(()), "anything may come");
}

#[test]
fn the_last_of_the_lines_that_were_passed_over_is_shown_for_it_may_be_the_reason() {
    let told = |it: &str, heard: &str, gives_up: bool| {
        let mut it = client(it);
        it.says();
        it.hear(heard.as_bytes());
        let end = if gives_up { it.give_up(TIME) } else { it.leave(in_order("the peer has left")) };
        end.unwrap_err().to_string()
    };
    for (script, heard, last) in [
        ("C: a1 x/S: a1 OK", "* 1 EXISTS\r\n* BYE \x1b\r\n", r"* BYE \u{1b}"),
        (".../S: :{*} 376 {*}", ":x NOTICE\r\nERROR :closing link\r\n", "ERROR :closing link"),
        (".../S: > {no-eol}", "no\r\n", "no"),
        ("S: 250", "250-a\r\n", "250-a"),
    ] {
        for gives_up in [false, true] {
            let told = told(script, heard, gives_up);
            assert!(told.ends_with(&format!("; the last line before was \"{last}\"")), "{told}");
        }
    }
    let before = told("S: 1/S: 2", "1\r\n", false);
    assert_eq!(before, "x.play:2: expected \"2\", but the peer has left", "what was checked is no reason");
}
