//! From the words of a command line to what is meant by them.

mod dialogues;
mod mail;
#[cfg(feature = "mock")]
mod mock;

use super::{
    Args, Outcome, Start,
    config::{
        Color, Command, Config, Connect, Console, Direction, Family, LineEnds, Listen, Mode, Partner, Place, Program,
        Quit, Source, To,
    },
    parse, program_name, words_alone,
};
use crate::{error::Exit, tap::Format};
use proptest::prelude::*;
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt,
    time::Duration,
};

fn outcome(line: &str) -> Outcome {
    let words = line.split(' ').filter(|word| !word.is_empty()).map(OsString::from);
    parse(std::iter::once("rncat".into()).chain(words))
}

fn start(line: &str) -> Start {
    match outcome(line) {
        Outcome::Run(start) => *start,
        other => panic!("{line}: {other:?}"),
    }
}

fn config(line: &str) -> Config {
    start(line).config
}

fn connecting(line: &str) -> Connect {
    match config(line).mode {
        Mode::Connect(connect) => connect,
        Mode::Listen(_) => panic!("{line} listens"),
    }
}

fn listening(line: &str) -> Listen {
    match config(line).mode {
        Mode::Listen(listen) => listen,
        Mode::Connect(_) => panic!("{line} connects"),
    }
}

fn console(line: &str) -> Console {
    match config(line).partner {
        Partner::Console(console) => console,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    match outcome(line) {
        Outcome::Refuse(_, error) => {
            assert_eq!(error.exit(), Exit::Usage, "{line}");
            let text = error.to_string();
            assert!(!text.contains('\n'), "{text}");
            text
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn options_may_be_written_together_and_anywhere() {
    for line in
        ["-lp9000", "-l -p 9000", "-lvp 9000", "-l 9000", "-vl 9000", "9000 -l", "--lis 9000", "-l --source-port=9000"]
    {
        assert_eq!(listening(line).on.port(), 9000, "{line}");
    }
    assert_eq!(config("-4l").family, Family::V4);
    assert_eq!(config("localhost 25 -6").family, Family::V6);
    assert!(listening("-lk 9000").keep_open && listening("-l --keep 9000").keep_open);
    assert!(listening("-l --test 0").announce);
    assert_eq!(connecting("-N localhost 25").to.port(), 25);
    assert!(matches!(connecting("-- localhost 25").to, To::Place(Place::Inet { host, .. }) if host == "localhost"));
}

#[test]
fn the_last_of_repeated_values_counts() {
    assert_eq!(connecting("-w 1 -w 2 -w 3 localhost 25").wait, Some(Duration::from_secs(3)));
    assert_eq!(listening("-l -l -k -k 9000").on.port(), 9000);
    assert_eq!(config("-n -n --ssl --ssl localhost 25").tls.map(|tls| tls.verify), Some(false));
}

#[test]
fn each_v_says_more() {
    assert!(!start("localhost").report.shows(1));
    assert!(start("-v localhost").report.shows(1) && !start("-v localhost").report.shows(2));
    assert!(start("-vv -v localhost --verbose").report.shows(4));
}

#[test]
fn what_stdin_and_stdout_are_for() {
    let plain = console("localhost 25");
    assert_eq!((plain.direction, plain.line_ends), (Direction::Both, LineEnds::Auto));
    assert!(plain.shutdown && !plain.outlast_peer && plain.quit == Quit::WithPeer && plain.delay.is_none());
    assert_eq!(console("-C localhost").line_ends, LineEnds::Crlf);
    assert_eq!(console("--no-crlf localhost").line_ends, LineEnds::AsTyped);
    assert_eq!(console("--send-only localhost").direction, Direction::SendOnly);
    assert_eq!(console("--recv-only -l").direction, Direction::RecvOnly);
    assert!(!console("--no-shutdown localhost").shutdown);
    assert!(console("-k localhost").outlast_peer && !console("-lk").outlast_peer);
    assert_eq!(console("-d .5 localhost").delay, Some(Duration::from_millis(500)));
    assert_eq!(config("-i 250ms localhost").idle, Some(Duration::from_millis(250)));
    for (line, quit) in [("-q 0", Some(0)), ("-q0", Some(0)), ("-q 2m", Some(120)), ("-q -1", None), ("-q-1", None)] {
        let quit = quit.map_or(Quit::Never, |seconds| Quit::After(Duration::from_secs(seconds)));
        assert_eq!(console(&format!("{line} localhost")).quit, quit, "{line}");
    }
}

#[test]
fn where_to_connect_from() {
    let connect = connecting("-s [::1] -p 1234 -n ::1 25 -z");
    assert!(connect.probe);
    assert!(matches!(connect.source, Source::Inet { host: Some(host), port: 1234 } if host == "::1"));
    assert!(matches!(connecting("localhost").source, Source::Any));
    assert!(config("-n ::1").numeric);
}

#[test]
fn how_many_are_served() {
    assert_eq!(listening("-lk").max_clients, 100);
    assert_eq!(listening("-lk -m 0").max_clients, 0);
    assert_eq!(listening("-lk -m3").max_clients, 3);
    assert_eq!(listening("-l -m 0").max_clients, 0, "nobody, with -k or without");
    assert!(refused("-lk -m -1").contains("not a number of clients"));
    assert!(refused("-l -m many").contains("not a number of clients"));
    assert_eq!(start("-l -m 3").warnings, ["-m has no effect without -l and -k"]);
    assert!(start("-lk -m 3").warnings.is_empty());
}

#[test]
fn every_ssl_option_is_a_wish_for_tls() {
    let print = "ab".repeat(32);
    for option in [
        "--ssl",
        "--ssl-verify",
        "--ssl-cert x",
        "--ssl-cert x --ssl-key y",
        "--ssl-trustfile x",
        "--ssl-ciphers HIGH",
        "--ssl-servername x",
        "--ssl-alpn h2",
        &format!("--ssl-fingerprint {print}"),
    ] {
        assert!(config(&format!("{option} localhost")).tls.is_some(), "{option}");
    }
    assert!(config("localhost").tls.is_none());
    let alpn = config("--ssl-alpn h2,http/1.1 localhost").tls.map(|tls| tls.alpn);
    assert_eq!(alpn, Some(vec!["h2".to_owned(), "http/1.1".to_owned()]));
    assert!(refused("--ssl-alpn h2,,x localhost").contains("empty or too long"));
}

#[test]
fn a_fingerprint_is_taken_as_it_is_printed_elsewhere() {
    let colons = ["AB"; 32].join(":");
    let plain = "ab".repeat(32);
    for text in [
        &plain,
        &colons,
        &format!("SHA256:{plain}"),
        &format!("sha256:{colons}"),
        &format!("sha256_Fingerprint={colons}"),
    ] {
        let tls = config(&format!("localhost --ssl-fingerprint {text}")).tls.unwrap();
        assert_eq!(tls.fingerprint, Some([0xab; 32]), "{text}");
    }
    for text in ["ab", "abc", &"xy".repeat(32), &"ab".repeat(33), &"é".repeat(32), "äöüäöü"] {
        assert!(
            refused(&format!("localhost --ssl-fingerprint {text}")).contains("not a SHA-256 fingerprint"),
            "{text}"
        );
    }
}

#[test]
fn a_command_is_split_as_in_ncat() {
    let words = |command: &str| {
        let argv = ["rncat", "-l", "-e", command].map(OsString::from);
        match parse(argv.into_iter()) {
            Outcome::Run(start) => match start.config.partner {
                Partner::Command(Command { program: Program::Words(words), .. }) => words,
                other => panic!("{command} is not run but {other:?}"),
            },
            Outcome::Refuse(_, error) => vec![error.to_string()],
            Outcome::Tell(_) | Outcome::Begin(_) => Vec::new(),
        }
    };
    assert_eq!(words("/bin/cat"), ["/bin/cat"]);
    assert_eq!(words("  a   'b c' "), ["a", "'b", "c'"]);
    assert_eq!(words(r"a\ b c\\d \'"), ["a b", r"c\d", "'"]);
    assert_eq!(words(r"a \"), ["a", r"\"]);
    assert_eq!(words(" "), ["-e: the command is empty"]);
    let Partner::Command(command) = config("-C -c true localhost").partner else { panic!("nothing is run") };
    assert!(command.crlf);
    assert!(matches!(command.program, Program::Words(words) if words == ["/bin/sh", "-c", "true"]));
}

#[test]
fn contradictions_are_refused() {
    for line in [
        "-l -s ::1",
        "-lz",
        "-e a -c b x",
        "-z -e a x",
        "--send-only --recv-only x",
        "-46 x",
        "-C --no-crlf x",
        "--ssl-key y x",
    ] {
        let text = refused(line);
        assert!(text.contains(": "), "{text}");
    }
}

#[test]
fn values_are_looked_at_even_where_they_have_no_effect() {
    for line in ["-l -w x", "-l -e a -d x", "-l -e a -q x", "-i 0 x", "-w -1 x"] {
        assert!(refused(line).contains(" time \""), "{line}");
    }
}

#[test]
fn a_unix_socket_has_no_port_to_listen_on_either() {
    assert!(refused("-l -U /tmp/x -p 5").contains("-p"));
    assert!(refused("-U /tmp/x -p 5").contains("-p"));
}

#[test]
fn what_has_no_effect_is_warned_of() {
    assert_eq!(start("-l -w 5").warnings.len(), 1);
    assert_eq!(start("-l --ssl-trustfile x").warnings.len(), 1);
    assert!(refused("-l --ssl-verify").contains("--ssl-trustfile FILE"));
    assert!(refused("-lu --ssl-verify --ssl-trustfile x").contains("DTLS"));
    assert_eq!(start("-l --ssl-verify --ssl-trustfile x").warnings.len(), 0);
    assert_eq!(start("-l -e cat --recv-only").warnings.len(), 1);
    assert!(start("-lk -v --ssl --ssl-alpn h2 -o x -q 1").warnings.is_empty());
    assert_eq!(start("-z -d 1 -C h 1-3").warnings, ["-d has no effect with -z", "-C has no effect with -z"]);
    assert_eq!(start("-k -e cat h 1").warnings, ["-k without -l has no effect with a command"]);
    assert_eq!(start("-l --proxy-type http -q 1 --send-only").warnings.len(), 2);
    assert_eq!(start("-l --broker --no-shutdown").warnings, ["--no-shutdown has no effect with --broker or --chat"]);
    assert_eq!(start("--recv-only -C h 1").warnings, ["-C has no effect with --recv-only: stdin is not read"]);
    assert_eq!(start("-l --stall-timeout 3").warnings, ["--stall-timeout has no effect without -l and -k"]);
    assert_eq!(start("--append-output h 1").warnings, ["--append-output has no effect without -o, -x or --transcript"]);
    assert!(start("-lk --stall-timeout 3 --recv-only -o x --append-output").warnings.is_empty());
    let no_reply = "--color always has no effect with -l: what a client says is no reply";
    assert_eq!(start("-l --color always").warnings, [no_reply]);
    assert_eq!(start("-l -e cat --color ALWAYS --raw").warnings, ["--color always has no effect with a command"]);
    assert_eq!(start("--chat --raw").warnings, ["--raw has no effect with --chat: it escapes for all"]);
    assert_eq!(start("--send-only --raw h 1").warnings, ["--raw has no effect with --send-only: nothing is shown"]);
    assert!(start("-l --color never --raw").warnings.is_empty());
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    for (line, color) in [
        ("h 1", Color::Auto),
        ("--color auto h 1", Color::Auto),
        ("--color=always h 1", Color::Always),
        ("--colour Never h 1", Color::Never),
        ("--col never --color always h 1", Color::Always),
    ] {
        let Partner::Console(console) = config(line).partner else { panic!("{line}") };
        assert_eq!(console.color, color, "{line}");
    }
    assert_eq!(refused("--color yes h 1"), "--color yes: not known when that is; auto, always or never");
    assert!(refused("-e cat --color yes h 1").contains("auto, always or never"), "a typing error is one anywhere");
}

#[test]
fn names_of_files_need_not_be_text() {
    let odd = OsString::from_vec(b"/tmp/\xff".to_vec());
    let argv = ["rncat", "-o", "", "--hex-dump", "", "--ssl-cert", "", "--append-output", "localhost"];
    let argv = argv.map(|word| if word.is_empty() { odd.clone() } else { word.into() });
    let Outcome::Run(start) = parse(argv.into_iter()) else { panic!("not understood") };
    let taps = start.config.taps;
    assert!(taps.iter().all(|tap| tap.path.as_os_str() == odd && tap.append));
    assert!(matches!(taps.iter().map(|tap| tap.format).collect::<Vec<_>>()[..], [Format::Raw, Format::Hex]));
    assert_eq!(start.config.tls.and_then(|tls| tls.cert).map(OsString::from), Some(odd.clone()));
    let Outcome::Refuse(_, error) = parse(["rncat".into(), odd].into_iter()) else { panic!("a host is text") };
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[test]
fn the_bare_command_says_how_to_begin() {
    let Outcome::Begin(text) = outcome("") else { panic!("it does something") };
    assert!(text.contains("rncat localhost 1025") && text.contains("rncat -l 9000") && text.contains("rncat -h"));
    // Who has typed an option knows how to go on, and a script looks for one line.
    let Outcome::Refuse(_, error) = parse(["ncat".into()].into_iter()) else { panic!("it does something") };
    for text in [refused("-v"), error.to_string()] {
        assert!(
            text.contains("rncat HOST PORT") && text.contains("rncat -l PORT") && text.contains("rncat -h"),
            "{text}"
        );
    }
}

#[test]
fn one_connection_can_be_tried_again() {
    assert_eq!(connecting("--retry 1.5m h 1").retry, Some(Duration::from_secs(90)));
    assert!(refused("--retry 5 -z h 1,2").contains("one port"));
    assert!(refused("--retry 5 -u h 1").contains("datagrams"));
    assert!(refused("--retry 5 --mx example.org").contains("several servers"));
    assert!(refused("--retry -1 h 1").contains("--retry"));
    assert_eq!(start("-l --retry 5 1").warnings, ["--retry has no effect with -l: nobody is connected to"]);
}

#[test]
fn help_comes_before_all_else() {
    for (line, part) in [
        ("-h", "rncat --help"),
        ("-l --help -s x", "Listen mode options:"),
        ("--version", "rncat 0."),
        ("-vh", "man rncat"),
    ] {
        let Outcome::Tell(text) = outcome(line) else { panic!("{line} tells nothing") };
        assert!(text.contains(part), "{line}");
    }
}

#[test]
fn help_alone_is_what_the_parser_leads_to() {
    let (Outcome::Tell(alone), Outcome::Tell(parsed)) = (outcome("--help"), outcome("-v --help")) else {
        panic!("they tell nothing")
    };
    assert_eq!(alone, parsed);
}

#[test]
fn the_name_follows_the_one_that_was_typed() {
    for (typed, name) in
        [("ncat", "Ncat"), ("/usr/bin/ncat", "Ncat"), ("rncat", "rncat"), ("./nc", "rncat"), ("", "rncat")]
    {
        assert_eq!(program_name(Some(OsStr::new(typed))), name, "{typed}");
    }
    assert_eq!(program_name(None), "rncat");
}

#[test]
fn a_single_option_or_word_that_is_no_text_is_for_the_parser() {
    let argv =
        |words: &[&[u8]]| -> Vec<OsString> { words.iter().map(|word| OsString::from_vec(word.to_vec())).collect() };
    assert_eq!(words_alone(&argv(&[b"rncat", b"::1", b"25"])), Some(vec!["::1".to_owned(), "25".to_owned()]));
    for words in
        [[&b"rncat"[..], b"-v", b"x"], [b"rncat", b"x", b"--"], [b"rncat", b"x", b"-"], [b"rncat", b"x", b"\xff"]]
    {
        assert_eq!(words_alone(&argv(&words)), None, "{words:?}");
    }
    assert_eq!(words_alone(&[]), None);
}

proptest! {
    #[test]
    fn words_without_options_need_no_parser(words in prop::collection::vec("(([ -,.-~]|é)[ -~é]{0,12})?", 0..6)) {
        let argv: Vec<_> = std::iter::once("rncat".to_owned()).chain(words).map(OsString::from).collect();
        let alone = words_alone(&argv).map(|words| Args { words, ..Args::default() });
        let parsed = <Args as clap::Parser>::try_parse_from(&argv);
        prop_assert_eq!(format!("{:?}", alone.unwrap()), format!("{:?}", parsed.unwrap()));
    }

    #[test]
    fn no_command_line_makes_it_panic(words in prop::collection::vec("-{0,2}[ -~]{0,12}", 0..6)) {
        let argv = std::iter::once("rncat".to_owned()).chain(words).map(OsString::from);
        if let Outcome::Refuse(_, error) = parse(argv) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
