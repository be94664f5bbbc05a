//! `--mock smtp`: where its mails are kept and shown, and what happens when they cannot be.

use std::path::Path;

use crate::lang::{Peer, Scratch, Stdin, Stdout, Wire, it, netcat};
use crate::mock_smtp_server::{BEGIN, keeping, keeping_by, sends_a_mail, texts};

#[test]
fn mails_of_one_run_go_with_it() {
    it(|| {
        let mut server = netcat("--mock smtp").listens();
        let line = server.says(&["Mails are kept in ", " for as long as this runs; --mock-dir DIR keeps them."]);
        let (path, _) = line.strip_prefix("Mails are kept in ").unwrap().split_once(" for as long").unwrap();
        sends_a_mail(&server, "x\r\n");
        server.shows_line_with("=== Kept as ");
        assert_eq!(std::fs::read_dir(Path::new(path).join("new")).unwrap().count(), 1);
        server.is_sent(rustix::process::Signal::TERM);
        server.dies_of(rustix::process::Signal::TERM);
        assert!(!Path::new(path).exists());
    });
}

#[test]
fn a_folder_that_is_given_is_kept_and_used_again() {
    it(|| {
        let scratch = Scratch::new();
        let mails = scratch.path("some/mails");
        for count in 1..=2 {
            let mut server = netcat("--mock smtp --mock-dir").arg(&mails).listens();
            sends_a_mail(&server, "x\r\n");
            server.shows_line_with("=== Kept as ");
            server.is_sent(rustix::process::Signal::TERM);
            server.dies_of(rustix::process::Signal::TERM);
            assert_eq!(texts(&mails).len(), count);
        }
    });
}

#[test]
fn a_folder_that_goes_is_452_and_told_once() {
    it(|| {
        let (server, mails) = keeping("");
        std::fs::remove_dir_all(&mails).unwrap();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = String::from_utf8(peer.exchanges(format!("{BEGIN}x\r\n.\r\nNOOP\r\nQUIT\r\n").as_bytes())).unwrap();
        assert!(
            said.contains("\r\n452 4.3.1 ") && said.ends_with("\r\n250 2.0.0 Here I am\r\n221 2.0.0 Bye\r\n"),
            "{said}"
        );
        server.says(&["keep a mail: No such file"]);
        assert_eq!(server.times_said(&["keep a mail"]), 1);
    });
}

#[test]
fn nobody_has_to_look_for_mails_to_be_taken() {
    it(|| {
        for stdout in [Stdout::Gone, Stdout::Closed] {
            let (server, mails) = keeping_by(netcat("-vv").stdout(stdout));
            for _ in 0..3 {
                sends_a_mail(&server, "x\r\n");
            }
            assert_eq!(texts(&mails).len(), 3);
        }
    });
}

#[test]
fn a_stdout_that_nobody_reads_holds_nobody_up() {
    it(|| {
        let (mut server, mails) = keeping_by(netcat("").stdout(Stdout::Unread));
        let line = "0123456789".repeat(7) + "\r\n";
        for _ in 0..20 {
            sends_a_mail(&server, &line.repeat(500));
        }
        assert_eq!(texts(&mails).len(), 20);
        server.reads_stdout();
        for number in 1..=20 {
            server.shows_line_with(&format!("=== Mail {number} "));
        }
    });
}

#[test]
fn a_stdout_that_is_full_is_2() {
    it(|| {
        let (mut server, _mails) = keeping_by(netcat("").stdout(Stdout::Full));
        sends_a_mail(&server, "x\r\n");
        server.leaves(2);
        server.says(&["stdout", "no space left"]);
    });
}

#[test]
fn quiet_hides_all_but_the_mails() {
    it(|| {
        let mut server = netcat("--mock smtp --quiet").quietly().listens();
        sends_a_mail(&server, "x\r\n");
        server.shows_line_with("=== Mail 1 ");
        server.shows("x\n=== Kept as ");
        assert_eq!(server.said(), Vec::<String>::new());
    });
}

#[test]
fn at_a_terminal_a_mail_is_harmless_and_not_too_long() {
    it(|| {
        let mut server = netcat("--mock smtp").stdin(Stdin::Null).stdout(Stdout::Terminal).listens();
        sends_a_mail(&server, &("\x1b[2Jgr\u{fc}n\u{202e}\x07\r\n".to_owned() + &"a\r\n".repeat(300)));
        server.shows_line_with("=== Mail 1 ");
        server.shows("\\u{1b}[2Jgr\u{fc}n\\u{202e}\\u{7}\n");
        server.shows("a\n".repeat(199));
        server.shows("[202 more bytes are in ");
        server.shows_line_with("]");
        server.shows("=== Kept as ");
    });
}

#[test]
fn into_a_file_a_mail_goes_whole_and_as_it_is() {
    it(|| {
        let mut server = netcat("--mock smtp").listens();
        sends_a_mail(&server, &("\x1b[2J\x07\r\n".to_owned() + &"a\r\n".repeat(300)));
        server.shows_line_with("=== Mail 1 ");
        server.shows("\x1b[2J\x07\n".to_owned() + &"a\n".repeat(300) + "=== Kept as ");
    });
}
