//! Dialogues as files: what their lines become for each side, and the faults that are told.

use super::*;
use crate::error::Exit;
use proptest::prelude::*;
use std::path::PathBuf;

fn around() -> Surroundings {
    Surroundings { folder: PathBuf::from(env!("CARGO_MANIFEST_DIR")), env: |_| None }
}

fn script(side: Side, bytes: impl AsRef<[u8]>) -> Result<Script> {
    Script::new("x.play".to_owned(), bytes.as_ref().to_vec(), side, around())
}

/// The steps for the client: `!` what it says, `?` what it checks, as written, with the numbers of their lines.
fn steps(bytes: impl AsRef<[u8]>) -> String {
    let script = script(Side::Client, bytes).unwrap();
    let step = |(at, step): (usize, &Step)| {
        let kind = match step.kind {
            Kind::Say => "!",
            Kind::Check => "?",
            Kind::Tls => "TLS",
            Kind::Skip => "...",
        };
        format!("{}{kind}{}", step.line, script.written(at))
    };
    script.steps.iter().enumerate().map(step).collect::<Vec<_>>().join("|")
}

/// What is said of a dialogue that cannot be played.
fn fault(side: Side, text: impl AsRef<[u8]>) -> String {
    let error = script(side, text).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage, "{error}");
    error.to_string()
}

/// What the last line means for this side.
fn last(side: Side, text: &str) -> Action {
    let script = script(side, text).unwrap();
    script.meaning(script.steps.len() - 1, &BTreeSet::new()).unwrap()
}

#[test]
fn lines_are_steps() {
    let text = "# comment\nS: 220\n\nC: EHLO me\n...\nC:\n--- TLS\n#C: x\nS:  two\n";
    assert_eq!(steps(text), "2?220|4!EHLO me|5...|6!|7TLS|9? two");
    assert_eq!(steps("# nothing\n\n"), "");
}

#[test]
fn files_of_other_systems_are_the_same() {
    let text = "S: 220\nC: a \n...\n\nC:\n--- TLS\nC: b\n";
    let plain = steps(text);
    assert_eq!(steps(text.replace('\n', "\r\n")), plain);
    assert_eq!(steps(text.trim_end()), plain, "no end of line at the end");
    assert_eq!(steps(text.replace('\n', "\r\n").trim_end()), plain);
    assert_eq!(steps(format!("\u{feff}{text}")), plain, "a byte order mark");
    assert_eq!(steps("\u{feff}# x\r\nC: a"), "2!a");
    assert!(fault(Side::Client, "C: a\n\u{feff}C: b").starts_with("x.play:2: \"\\u{feff}C: b\": not a line"));
}

#[test]
fn an_empty_file_is_a_fault() {
    for bytes in ["", " \r\n\n"] {
        let why = "x.play: it is empty; a dialogue has lines that begin with C: or S:";
        assert_eq!(fault(Side::Server, bytes), why);
    }
}

#[test]
fn utf_16_is_not_read() {
    for bytes in [&b"\xff\xfeC\0:\0"[..], b"\xfe\xff\0C\0:"] {
        assert_eq!(fault(Side::Client, bytes), "x.play: a dialogue cannot be in UTF-16; save it as UTF-8");
    }
}

#[test]
fn transcripts_with_time_stamps_are_dialogues() {
    let text = "[0.000000] S: 220 hello\n[0.010000] C: QUIT\n[1.5] --- TLS\n[2.0] ...\n[3.0] C:\n";
    assert_eq!(steps(text), "1?220 hello|2!QUIT|3TLS|4...|5!");
}

#[test]
fn any_bytes_are_text() {
    assert_eq!(steps(b"C: a\0\xff\x1b\r\r\nS: \t"), r"1!a\u{0}\xff\u{1b}\r|2?\t");
    assert_eq!(steps("C: C: x\nS: ...\nC: # no comment\nC: --- TLS"), "1!C: x|2?...|3!# no comment|4!--- TLS");
}

#[test]
fn lines_and_files_are_not_endless() {
    let line = |length: usize| [b"C: ".as_slice(), &vec![b'a'; length - 3]].concat();
    assert!(script(Side::Client, line(LINE)).is_ok());
    let error = fault(Side::Client, [b"# x\n".as_slice(), &line(LINE + 1), b"\nC: y\n"].concat());
    assert_eq!(error, "x.play:2: a line of more than 1024 KiB; long texts are said of files, by {file:PATH}");
}

#[test]
fn faults_are_told_with_file_and_line() {
    let said = |text: &str| fault(Side::Client, text);
    assert_eq!(
        said("S: 220\nHELO me"),
        "x.play:2: \"HELO me\": not a line of a dialogue; lines begin with \"C: \", \"S: \" or #, or are ... or --- TLS"
    );
    assert_eq!(said("C:x"), "x.play:1: \"C:\": a blank has to follow; the text begins after it");
    assert_eq!(
        said("\n\nC: {nonsense:x}"),
        "x.play:3: {nonsense:…}: not a form; a brace that stands for itself is written {{"
    );
    assert_eq!(said("S: {base64file:none}"), "x.play:1: {base64file:none}: No such file or directory");
    assert_eq!(said("C: {file:src}"), "x.play:1: {file:src}: not a regular file");
    assert_eq!(
        said("C: {*}"),
        "x.play:1: {*}: this line is ours to say, and has to be all there; \
         what may be anything is in the lines of the other side"
    );
    assert_eq!(
        said("C: PASS {masked}"),
        "x.play:1: {masked}: the secret was left out when this was recorded; \
         write it here, or {env:NAME}, or record with --show-secrets"
    );
    assert!(said("S: {a=*}{*}").ends_with("put some text between them"));
    assert!(said("S: {*}{hex:}{*}").ends_with("put some text between them"));
    assert!(said("S: {*}{no-eol}").ends_with("end the line with some text of the prompt"));
    assert!(said("S: {no-eol}: ").ends_with("it has to be the last in its line"));
    assert!(said("C: {no-eol}: ").ends_with("it has to be the last in its line"));
    assert!(said("S: {file:Cargo.toml}{*}").starts_with("x.play:1: {file:PATH}: "));
    assert_eq!(said("--- TLS\nC: a\n--- TLS"), "x.play:3: --- TLS: the connection is encrypted already");
}

#[test]
fn terminals_are_not_steered_by_faults() {
    for text in ["\x1b[2J\x07", "C: {file:\x1b[2J}", "C: {env:\x1b[2J}", "C:\x1b"] {
        assert!(!fault(Side::Client, text).contains(char::is_control), "{text:?}");
    }
}

#[test]
fn a_masked_line_stops_a_client_and_not_a_server() {
    let text = "S: +OK\nC: PASS {masked}\n";
    assert!(fault(Side::Client, text).starts_with("x.play:2: {masked}: "));
    assert!(script(Side::Server, text).is_ok());
}

#[test]
fn what_was_kept_can_be_used_behind() {
    assert!(script(Side::Client, "S: +OK {*}<{stamp=*}>\nC: APOP a {md5:<{stamp}>pw}").is_ok());
    assert!(script(Side::Server, "S: +OK {*}<{stamp=*}>\nC: APOP a {md5:<{stamp}>pw}").is_ok());
    assert!(fault(Side::Client, "C: {uid}\nS: {uid=*}").starts_with("x.play:1: {uid}: neither"));
    assert!(fault(Side::Client, "S: {uid=*} {uid}").starts_with("x.play:1: {uid}: neither"), "in its own line, too");
}

#[test]
fn a_reply_code_alone_is_a_whole_reply() {
    for (client, code) in
        [("EHLO x", "250"), ("NOOP", "+OK"), ("NOOP", "-ERR"), ("a1 NOOP", "a1 OK"), ("a1 X", "a1 BAD")]
    {
        let text = format!("C: {client}\nS: {code}");
        assert!(matches!(last(Side::Client, &text), Action::Check(Expect::Reply(_))), "{text}");
        assert!(matches!(last(Side::Server, &text), Action::Say(_)), "a server says just that: {text}");
    }
    for (client, line) in [
        ("EHLO x", "250 "),
        ("EHLO x", "250-"),
        ("EHLO x", "650"),
        ("EHLO x", "25"),
        ("EHLO x", "+OK "),
        ("EHLO x", "a1 OK"),
        ("a1 NOOP", "a1 OK done"),
        ("a1 NOOP", "a1 ok"),
        ("a12 NOOP", "a1 OK"),
        ("* x", "* OK"),
        (" x", " OK"),
        ("EHLO x", "250 {*}"),
    ] {
        let text = format!("C: {client}\nS: {line}");
        assert!(matches!(last(Side::Client, &text), Action::Check(Expect::Line(_))), "{text}");
    }
    assert!(matches!(last(Side::Server, "C: 250"), Action::Check(Expect::Line(_))), "clients do not reply");
    assert!(matches!(last(Side::Client, "S: 250{no-eol}"), Action::Check(Expect::Prompt(_))));
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let read = |path: &Path| Script::read(path, Side::Client).unwrap_err();
    let folder = std::env::temp_dir().join(format!("rncat-script-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let none = folder.join("none.play");
    let error = read(&none);
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(error.to_string(), format!("read {}: No such file or directory", none.display()));
    let error = read(&folder).to_string();
    assert!(error.starts_with(&format!("read {}: ", folder.display())) && error.contains("directory"), "{error}");
    let large = folder.join("large.play");
    File::create(&large).unwrap().set_len(FILE as u64 + 1).unwrap();
    let error = read(&large).to_string();
    assert!(error.contains("at most 64 MiB; long texts are said of files"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn paths_begin_where_the_dialogue_is() {
    let folder = std::env::temp_dir().join(format!("rncat-paths-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let play = folder.join("a b.play");
    std::fs::write(folder.join("text"), "x").unwrap();
    std::fs::write(&play, "C: {file:text}\n").unwrap();
    let script = Script::read(&play, Side::Client).unwrap();
    assert_eq!((script.name(), script.place(0)), (play.to_str().unwrap(), format!("{}:1", play.display())));
    std::fs::remove_file(folder.join("text")).unwrap();
    let error = script.meaning(0, &BTreeSet::new()).unwrap_err().to_string();
    assert_eq!(error, format!("{}:1: {{file:text}}: No such file or directory", play.display()));
    std::fs::remove_dir_all(folder).unwrap();
}

proptest! {
    #[test]
    fn nothing_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        lines in prop::collection::vec(
            concat!(
                r"(C: |S: |C:|\[0.1\] |# |\.\.\.|--- TLS|)",
                r"(\{(env:A|x|x=\*|\*|masked|no-eol|file:Cargo.toml|hex:00|md5:)\}|a1 |OK|250|\PC)*\r?",
            ),
            0..6,
        ),
    ) {
        for side in [Side::Client, Side::Server] {
            let _ = script(side, &bytes);
            let script = script(side, lines.join("\n"));
            prop_assert!(script.is_ok() || script.is_err_and(|error| error.to_string().starts_with("x.play:")));
        }
    }

    #[test]
    fn each_side_says_what_the_other_checks(lines in prop::collection::vec("[CS]: [a-z0-9+ {}]{0,6}", 0..8)) {
        let text = lines.join("\n");
        // A name in braces is an error, to both.
        let (client, server) = (script(Side::Client, &text), script(Side::Server, &text));
        prop_assert_eq!(client.is_ok(), server.is_ok());
        if let (Ok(client), Ok(server)) = (client, server) {
            for step in 0..lines.len() {
                prop_assert_ne!(client.kind(step), server.kind(step));
                prop_assert_eq!(client.place(step), server.place(step));
            }
            prop_assert_eq!(client.kind(lines.len()), None);
        }
    }
}
