//! The completions of bash, zsh and fish are made from the definitions of the options, and tried in those shells.
//!
//! After a change to an option, `RNCAT_BLESS=1 cargo test --test completions` writes `man/completions/` anew. A
//! newcomer's trap: clap's own generator is not used, because its scripts offer hidden options, no hosts in bash,
//! and no lists with commas.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// What is committed is what a build with everything knows.
#![cfg(all(feature = "mock", feature = "lua"))]

mod bash;
mod fish;
mod values;
mod zsh;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where the scripts are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man/completions")
}

#[test]
fn the_completions_are_up_to_date() {
    let options = values::options();
    for (name, text) in [
        ("rncat.bash", bash::script(&options)),
        ("_rncat", zsh::script(&options)),
        ("rncat.fish", fish::script(&options)),
    ] {
        let file = folder().join(name);
        if std::env::var_os("RNCAT_BLESS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == text,
            "man/completions/{name}: RNCAT_BLESS=1 cargo test --test completions writes it anew"
        );
    }
}

#[test]
fn each_option_with_a_known_list_of_values_has_it() {
    for option in values::options() {
        if let values::Value::Words(words) | values::Value::List(words) = &option.value {
            // What is offered is also understood: `refused` would name the option.
            for word in words {
                let line = ["rncat", &format!("--{}", option.long), word, "localhost", "25"];
                let outcome = rncat::cli::parse(line.into_iter().map(Into::into));
                let rncat::cli::Outcome::Refuse(_, error) = outcome else { continue };
                assert!(!error.to_string().contains(&format!("--{} {word}", option.long)), "{error}");
            }
        }
    }
}

/// A home with hosts in its SSH configuration, and a folder to stand in with a file and a folder in it.
fn home(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("completions-{name}"));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(home.join(".ssh")).unwrap();
    fs::create_dir_all(home.join("letters")).unwrap();
    fs::write(home.join("letter one.play"), "").unwrap();
    fs::write(home.join(".ssh/config"), "Host mailhost.example other.example\n  Port 22\nHost *.wild.example\n")
        .unwrap();
    home
}

/// What the shell, told to complete the line in its own way by `program`, prints, a line each, sorted.
///
/// `None` if it is not installed.
fn answers(shell: &str, arguments: &[&str], program: &str, home: &Path, line: &str) -> Option<Vec<String>> {
    let mut command = Command::new(shell);
    command.args(arguments).arg("-c").arg(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home).env("TERM", "dumb");
    command.env("LINE", line).env("SCRIPTS", folder()).env("LC_ALL", "C.UTF-8");
    match command.current_dir(home).stdin(Stdio::null()).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{line}: {:?}: {said}", output.status);
            let mut found: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
            found.sort();
            found.dedup();
            Some(found)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: {shell} not installed");
            None
        }
        Err(error) => panic!("{shell}: {error}"),
    }
}

/// What every shell must offer: a line, words that are there, and words that are not.
const EXPECTED: &[(&str, &[&str], &[&str])] = &[
    ("rncat --ssl-v", &["--ssl-verify"], &["--ssl"]),
    ("rncat --", &["--listen", "--mock", "--help"], &["--nsock-engine", "--test"]),
    ("rncat --starttls s", &["smtp", "sieve"], &["pop3", "letters"]),
    ("rncat --starttls t", &["typed"], &["smtp"]),
    ("rncat --proxy-type ", &["http", "socks4", "socks5"], &["letters"]),
    ("rncat --proxy-dns ", &["remote", "local", "both", "none"], &[]),
    ("rncat --color ", &["auto", "always", "never"], &[]),
    ("rncat --pace p", &["pop3"], &["imap"]),
    ("rncat --mock ", &["smtp", "pop3", "http"], &["letters"]),
    ("rncat -v mailh", &["mailhost.example"], &["other.example"]),
    ("rncat --ssl-cert x local", &["localhost"], &["letters"]),
    ("rncat --proxy othe", &["other.example"], &["mailhost.example"]),
    ("rncat localhost submiss", &["submission"], &["smtp"]),
];

/// Checks them; `complete` says what a shell offers for a line.
fn check(shell: &str, complete: impl Fn(&str) -> Option<Vec<String>>) {
    for (line, there, not_there) in EXPECTED {
        let Some(found) = complete(line) else { return };
        for word in *there {
            assert!(found.iter().any(|found| found == word), "{shell}: {line}: no {word}: {found:?}");
        }
        for word in *not_there {
            assert!(
                !found.iter().any(|found| found.trim_end_matches('/') == *word),
                "{shell}: {line}: {word}: {found:?}"
            );
        }
    }
}
