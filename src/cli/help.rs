//! What `-h`, `--help`, `--version` and no word at all print.
//!
//! A newcomer's trap: `--help` is made from the definitions in [`super::Args`], `-h` is written
//! by hand to fit a screen of 80 by 24. A test sees to it that the latter names only options
//! that exist.

use clap::{Arg, Command};
use std::fmt::Write;

/// What `--version` prints.
pub(super) const VERSION: &str =
    concat!("rncat ", env!("CARGO_PKG_VERSION"), ", with the options of Ncat 7.96 and later\n");

/// What is said to whoever types the name alone.
pub(super) const BEGIN: &str = "\
rncat: You must specify a host to connect to, or -l to listen; to begin:

  rncat localhost 1025          talk to a server by hand
  rncat --ssl example.org 443   the same, encrypted
  rncat -l 9000                 wait for a client
  rncat --mock smtp             be a mail server to learn on

rncat -h shows the options that one needs most, man rncat tells it all.
";

/// What `-h` prints.
pub(super) const SHORT: &str = "\
rncat [OPTIONS] HOST [PORT]       connects:   rncat localhost 1025
rncat [OPTIONS] -l [HOST] [PORT]  listens:    rncat -lv 9000

Talk by hand       -C             send LF as CR LF, from pipes and files too
                   -v, -vv        tell what happens, tell more
                   -o FILE        record the session; with -x in hexadecimal
Talk by script     --pace smtp    wait for each reply; --fail: stop at errors
                   --play FILE    say a dialogue, and check the replies
Talk TLS           --ssl          warn of a certificate that cannot be trusted
                   --ssl-verify   refuse it; --starttls smtp: begin in clear
Listen             -l, -lk        for one client, for many; --chat: who talk
                   --mock smtp    be a mail server to learn on; or pop3, http
Move files         --send-only    send stdin, leave when it has arrived
Join a program     -e COMMAND     to the peer; -c COMMAND by way of the shell
Over what          -u, -U         UDP, a Unix socket; IPv4 or IPv6: -4, -6
                   --proxy HOST   by way of a proxy; from where: -p, -s
Find the server    --mx DOMAIN    for a domain's mail; with -z: show it only
Wait               -w TIME        no longer to connect; -i: for a silent peer
                   --retry TIME   until somebody listens; -q: after stdin's end
Look only          -z             is somebody listening? The exit status tells

TIME: 500ms, 5, 1.5m, 2h. More: rncat --help, man rncat.
";

/// What stands below the options in `--help`.
const EXAMPLES: &str = "
Examples:
  rncat localhost 1025                          type a mail, line by line
  rncat -v --ssl-verify imap.example.org imaps  TLS, and whom one talks to
  rncat --starttls smtp mail.example.org 587    begin in clear, then encrypt
  rncat --pace smtp --fail localhost 25 < mail  wait for replies, check them
  rncat --play test.play localhost 25           check a server by a dialogue
  rncat --mock smtp,pop3                        servers to learn on
  rncat -lkv 127.0.0.1 9000                     serve many, tell who comes
  rncat -l 9000 > file                          take a file, which is sent by
  rncat --send-only HOST 9000 < file            this
  rncat -lk -e /bin/date 127.0.0.1 9000         a program for each client
  rncat -zv localhost 20-30,80                  which ports are open?
  rncat -z --retry 1m localhost 8080            wait for a server to start

Exit status: 0 done, 1 the network or the peer failed, 2 usage or this machine,
             3 a dialogue did not go as demanded.
The manual, man rncat, tells more.
";

/// The column at which explanations start.
const COLUMN: usize = 33;

/// What `--help` prints: every option that is not hidden, under its heading.
pub(super) fn full(command: &Command) -> String {
    let mut text = String::from(
        "rncat [OPTIONS] HOST [PORT]         connects, to port 31337 if none is given
rncat [OPTIONS] -l [HOST] [PORT]    listens, on all addresses if none is given

HOST is a name or an address, PORT a number or a service's name; HOST:PORT and
[ADDRESS]:PORT are understood too. TIME is in seconds, or with a unit: 500ms,
5s, 1.5m, 2h. Long options may be abbreviated.
",
    );
    let mut heading = None;
    for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
        if option.get_help_heading() != heading {
            heading = option.get_help_heading();
            let _ = write!(text, "\n{}:\n", heading.unwrap_or("Options"));
        }
        let names = names(option);
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        if names.len() < COLUMN {
            let _ = writeln!(text, "{names:COLUMN$}{help}");
        } else {
            let _ = writeln!(text, "{names}\n{:COLUMN$}{help}", "");
        }
    }
    text.push_str(EXAMPLES);
    text
}

/// An option as it is typed: `  -w, --wait <TIME>`.
fn names(option: &Arg) -> String {
    let mut text = match (option.get_short(), option.get_long()) {
        (Some(short), Some(long)) => format!("  -{short}, --{long}"),
        (Some(short), None) => format!("  -{short}"),
        (None, long) => format!("      --{}", long.unwrap_or_default()),
    };
    for value in option.get_value_names().filter(|_| option.get_action().takes_values()).unwrap_or_default() {
        let _ = write!(text, " <{value}>");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Args;
    use clap::CommandFactory;

    #[test]
    fn the_short_help_fits_a_screen() {
        assert!(SHORT.lines().count() < 24, "a line is left for the prompt");
        assert!(SHORT.lines().all(|line| line.chars().count() < 80));
    }

    #[test]
    fn the_short_help_and_how_to_begin_name_only_what_exists() {
        let mut command = Args::command();
        command.build();
        let words =
            [SHORT, BEGIN].into_iter().flat_map(|text| text.split(|c: char| c.is_whitespace() || ",;:[]".contains(c)));
        for word in words.filter(|word| word.starts_with('-')) {
            let known = match word.strip_prefix("--") {
                Some(long) => command.get_arguments().any(|option| option.get_long() == Some(long)),
                None => {
                    word.chars().skip(1).all(|c| command.get_arguments().any(|option| option.get_short() == Some(c)))
                }
            };
            assert!(known, "{word}");
        }
    }

    #[test]
    fn the_full_help_has_every_option_and_stays_within_80_columns() {
        let text = full(&Args::command());
        assert!(text.lines().all(|line| line.chars().count() < 80), "{text}");
        for option in Args::command().get_arguments() {
            let (names, id) = (names(option), option.get_id());
            let shown = text.contains(&format!("\n{names} ")) || text.contains(&format!("\n{names}\n"));
            assert_eq!(shown, !option.is_hide_set(), "{id}");
            assert!(option.is_hide_set() || option.get_help().is_some() && option.get_help_heading().is_some(), "{id}");
        }
    }

    #[test]
    fn the_examples_are_understood() {
        let mut seen = 0;
        for line in EXAMPLES.lines().chain(BEGIN.lines()).filter_map(|line| line.strip_prefix("  rncat ")) {
            let command = line.split("  ").next().unwrap().split(['<', '>']).next().unwrap();
            let words = std::iter::once("rncat").chain(command.split_whitespace());
            let outcome = crate::cli::parse(words.map(Into::into));
            assert!(!matches!(outcome, crate::cli::Outcome::Refuse(..)), "{command}: {outcome:?}");
            seen += 1;
        }
        assert_eq!(seen, 16);
    }

    #[test]
    fn each_heading_comes_once() {
        let text = full(&Args::command());
        for heading in text.lines().filter(|line| line.ends_with("options:")) {
            assert_eq!(text.matches(&format!("\n{heading}\n")).count(), 1, "{heading}");
        }
    }
}
