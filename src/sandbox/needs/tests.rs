use super::*;
use crate::cli::{self, Outcome};

/// Those of a command line; `encrypts` is what a session at a terminal says.
fn needs(line: &str, encrypts: bool) -> Result<Needs, &'static str> {
    let words = std::iter::once("rncat").chain(line.split_whitespace());
    match cli::parse(words.map(Into::into)) {
        Outcome::Run(start) => Needs::of(&start.config, encrypts, Vec::new()),
        other => panic!("{line}: {other:?}"),
    }
}

fn of(line: &str) -> Needs {
    needs(line, false).unwrap()
}

fn these(ports: &[u16]) -> Ports {
    Ports::These(ports.to_vec())
}

#[test]
fn a_session_with_one_peer_needs_nothing() {
    for line in [
        "localhost 25",
        "-s 127.0.0.1 -p 7 localhost 25",
        "-u localhost 25",
        "-U /tmp/x",
        "-l",
        "-lk 0",
        "--chat 0",
        "-l --ssl 0",
        "-o /tmp/o localhost 25",
        "--transcript /tmp/t localhost 25",
        "-lk --transcript - 0",
    ] {
        assert_eq!(of(line), Needs::default(), "{line}");
    }
}

#[test]
fn there_is_none_for_commands_and_where_nobody_wants_or_uses_it() {
    assert_eq!(needs("--no-sandbox localhost 25", true), Err("--no-sandbox"));
    assert_eq!(needs("-z localhost 25", true), Err("nothing of what a peer says is read"));
    assert_eq!(needs("-z localhost 20-30", true), Err("nothing of what a peer says is read"));
    if cfg!(feature = "exec") {
        assert_eq!(needs("-l -e /bin/cat 0", true), Err("a command would be in it"));
    }
}

#[test]
fn who_may_have_to_connect_again_can() {
    let proxied = of("--proxy proxy.example:8080 localhost 25");
    assert_eq!(proxied, Needs { sockets: true, connect: these(&[8080]), ..Needs::default() });
    let bound = of("--proxy proxy.example:8080 -p 7 localhost 25");
    assert_eq!(bound.bind, Some(7));
    assert_eq!(of("--mx example.org").connect, these(&[25, 53]));
    assert_eq!(of("--mx example.org --dns 192.0.2.1:5353 587").connect, these(&[587, 5353]));
    let scan = of("-z --ssl localhost 20-22");
    assert_eq!((scan.sockets, scan.connect), (true, these(&[20, 21, 22])));
    assert_eq!(of("-z --ssl localhost 1-1000").connect, Ports::All);
}

#[test]
fn a_listener_over_datagrams_makes_sockets() {
    let needs = of("-lu 0");
    assert_eq!(needs, Needs { sockets: true, ..Needs::default() });
    let unix = of("-luU @x");
    assert_eq!(unix, Needs { sockets: true, unix: true, ..Needs::default() });
}

#[test]
fn a_proxy_server_connects_anywhere_and_looks_names_up() {
    let proxy = of("-l --proxy-type socks5 0");
    assert!(proxy.sockets && proxy.look_up && proxy.unix && proxy.connect == Ports::All && !proxy.read.is_empty());
    let numeric = of("-l -n --proxy-type http 0");
    assert!(numeric.sockets && !numeric.look_up && !numeric.unix && numeric.read.is_empty());
}

#[test]
fn a_client_that_judges_certificates_reads_whom_to_trust() {
    let trusts = |needs: Needs| needs.read.contains(&"/etc/ssl/certs".into());
    assert!(trusts(of("--ssl localhost 25")));
    assert!(trusts(of("--starttls smtp localhost 25")));
    assert!(trusts(needs("localhost 25", true).unwrap()), "at a terminal, it may become encrypted");
    assert_eq!(of("--ssl-trustfile roots.pem localhost 25").read, [PathBuf::from("roots.pem")]);
    assert!(!trusts(of("-l --ssl 0")));
}

#[test]
fn files_that_come_and_go_are_in_their_folders() {
    assert_eq!(of("-lU /tmp/a/x").remove, [PathBuf::from("/tmp/a")]);
    assert_eq!(of("-lU x").remove, [PathBuf::from(".")]);
    assert_eq!(of("-uU -s /tmp/own /tmp/x").remove, [PathBuf::from("/tmp")]);
    assert_eq!(of("-lk --transcript /tmp/t 0").write, [PathBuf::from("/tmp")]);
    if cfg!(feature = "mock") {
        assert_eq!(of("--mock smtp --mock-dir box").write, [PathBuf::from("box"), std::env::temp_dir()]);
        assert_eq!(of("--mock http").write, [std::env::temp_dir()]);
    }
}

#[test]
fn a_dialogues_files_are_read_and_on_a_server_what_replaces_them() {
    let files = vec![PathBuf::from("a/1"), PathBuf::from("a/2")];
    let read = |line: &str| {
        let words = std::iter::once("rncat").chain(line.split_whitespace());
        let Outcome::Run(start) = cli::parse(words.map(Into::into)) else { panic!("{line}") };
        Needs::of(&start.config, false, files.clone()).unwrap().read
    };
    assert_eq!(read("--play x localhost 25"), files);
    assert_eq!(read("-lk --play x 0"), [files.clone(), vec!["a".into()]].concat());
}
