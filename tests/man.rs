//! The manual is made from the definitions of the options and a hand-written part.
//!
//! After a change to either, `RNCAT_BLESS=1 cargo test --test man` writes `man/rncat.1` anew.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]

use clap::CommandFactory;
use clap_mangen::Man;
use rncat::{cli, ports};
use std::{fs, path::PathBuf, process::Command};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("man").join(name)
}

#[test]
fn the_manual_is_up_to_date_and_well_formed() {
    let mut page = fs::read_to_string(path("rncat.1.in")).unwrap();
    for (mark, text) in [
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
        ("@OPTIONS@\n", &options()),
        ("@CRLF_PORTS@", &ports(ports::wants_crlf)),
        ("@MAIL_PORTS@", &ports(ports::is_mail)),
    ] {
        page = page.replace(mark, text);
    }
    if std::env::var_os("RNCAT_BLESS").is_some() {
        fs::write(path("rncat.1"), &page).unwrap();
    }
    let committed = fs::read_to_string(path("rncat.1")).unwrap();
    assert!(committed == page, "man/rncat.1 is out of date: RNCAT_BLESS=1 cargo test --test man writes it anew");

    match Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(path("rncat.1")).output() {
        Ok(output) => assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => eprintln!("skipped: mandoc: {error}"),
    }
}

#[test]
fn the_examples_are_understood() {
    let manual = fs::read_to_string(path("rncat.1.in")).unwrap().replace("\\(aq", "'").replace("\\-", "-");
    let readme = fs::read_to_string(path("../README.md")).unwrap();
    let mut seen = 0;
    for line in manual.lines().chain(readme.lines()) {
        let commands = line.split('|').map(|command| command.trim().trim_start_matches("$ "));
        for command in commands.filter(|command| {
            command.starts_with("rncat -") && !command.starts_with("rncat - ") || command.starts_with("rncat local")
        }) {
            let fingerprint = ["AB"; 32].join(":");
            let command = command.replace("FINGERPRINT", &fingerprint).replace("AB:CD:…", &fingerprint);
            let outcome = cli::parse(words(&command).into_iter().map(Into::into));
            assert!(!matches!(outcome, cli::Outcome::Refuse(..)), "{command}: {outcome:?}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} examples were found");
}

/// The words of a command, up to where the shell's own signs begin; single quotes hold one together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            '#' | '<' | '>' | '&' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The options, in a subsection for each heading.
fn options() -> String {
    let mut rendered = Vec::new();
    Man::new(cli::Args::command()).render_options_section(&mut rendered).unwrap();
    let rendered = String::from_utf8(rendered)
        .unwrap()
        .replace("\\*(Aq", "\\(aq")
        .replace("\\fI<", "\\fI")
        .replace(">\\fR", "\\fR");
    let mut text = String::new();
    let mut after_tag = 0;
    // What comes before the first heading sets up what roff(7) calls the apostrophe.
    for line in rendered.lines().skip_while(|line| !line.starts_with(".SH")) {
        after_tag = if line == ".TP" { 0 } else { after_tag + 1 };
        match line.strip_prefix(".SH ") {
            Some(heading) => text.push_str(&subsection(heading)),
            None if line.is_empty() => {}
            // The line from --help, where sentences have no full stop.
            None if after_tag == 2 && !line.ends_with('.') => text.push_str(&format!("{line}.\n")),
            None => text.push_str(&format!("{}\n", line.replace(". ", ".\n"))),
        }
    }
    text
}

/// The known ports of a kind, in words: `7, 20\(en25 or 80`.
fn ports(wanted: impl Fn(u16) -> bool) -> String {
    let numbers: Vec<u16> = ports::KNOWN.iter().map(|known| known.port).filter(|port| wanted(*port)).collect();
    let runs = numbers.chunk_by(|one, next| one + 1 == *next).flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}\\(en{last}")],
        few => few.iter().map(u16::to_string).collect(),
    });
    let list = runs.collect::<Vec<_>>().join(",\n");
    match list.rsplit_once(",\n") {
        Some((before, last)) => format!("{before}\nor {last}"),
        None => list,
    }
}

fn subsection(heading: &str) -> String {
    let words = heading.trim_matches('"').split(' ').enumerate();
    let words = words.map(|(index, word)| match (index, word) {
        (_, "TLS") => word.to_owned(),
        (0, _) => word.chars().take(1).chain(word.to_lowercase().chars().skip(1)).collect(),
        _ => word.to_lowercase(),
    });
    format!(".SS {}\n", words.collect::<Vec<_>>().join(" "))
}
