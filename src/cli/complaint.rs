//! The parser's complaints in our own form: one line, `what: why; what to try`.

use super::Args;
use crate::{error::Error, report::escape};
use clap::{
    Arg, Command, CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Says what is wrong with what was typed.
pub(super) fn translate(error: &clap::Error) -> Error {
    // Names come with the value that they take, `--wait <TIME>`.
    let typed = text(error, ContextKind::InvalidArg);
    let name = typed.split([' ', '=']).next().unwrap_or_default();
    let command = Args::command();
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(name, &command, text(error, ContextKind::SuggestedArg)),
        ErrorKind::InvalidValue => {
            // A word that must be one of a few is not told by the name of its place.
            let write = if name == "--mock" { "--mock smtp, --mock pop3 or --mock http" } else { typed };
            Error::usage(both_names(name, &command), "requires an argument").hint(format!("write {write}"))
        }
        ErrorKind::TooManyValues => Error::usage(both_names(name, &command), "takes no argument"),
        ErrorKind::InvalidUtf8 => Error::usage("the command line", "an argument is not valid UTF-8")
            .hint("only the names of files may be anything else"),
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Error::usage("the command line", line.trim_start_matches("error: "))
        }
    }
}

fn unknown(name: &str, command: &Command, suggestion: &str) -> Error {
    let shown = escape(name.as_bytes());
    let long = |option: &Arg| option.get_long().map(|long| format!("--{long}"));
    let begun: Vec<_> = command.get_arguments().filter_map(long).filter(|long| long.starts_with(name)).collect();
    match (begun.as_slice(), suggestion) {
        ([_, _, ..], _) if name.len() > 2 => {
            Error::usage(shown, "ambiguous").hint(format!("say which: {}", begun.join(", ")))
        }
        (_, "") => Error::usage(shown, "unknown option").hint("rncat --help lists all options"),
        (_, suggestion) => Error::usage(shown, "unknown option").hint(format!("did you mean {suggestion}?")),
    }
}

/// Both names of an option, since the parser tells only the long one.
fn both_names(name: &str, command: &Command) -> String {
    let long = name.trim_start_matches('-');
    match command.get_arguments().find(|option| option.get_long() == Some(long)).and_then(Arg::get_short) {
        Some(short) => format!("-{short}, {name}"),
        None => name.to_owned(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> &str {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text,
        Some(ContextValue::Strings(texts)) => texts.first().map_or("", String::as_str),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn complaint(line: &str) -> String {
        let words = std::iter::once("rncat").chain(line.split(' '));
        translate(&Args::try_parse_from(words).unwrap_err()).to_string()
    }

    #[test]
    fn a_slip_gets_a_suggestion() {
        assert_eq!(complaint("--lsten 9000"), "--lsten: unknown option; did you mean --listen?");
        assert_eq!(complaint("--zzzzzz"), "--zzzzzz: unknown option; rncat --help lists all options");
        assert_eq!(complaint("-lZ"), "-Z: unknown option; rncat --help lists all options");
    }

    #[test]
    fn an_abbreviation_of_two_options_names_both() {
        assert_eq!(complaint("--ssl-c x"), "--ssl-c: ambiguous; say which: --ssl-cert, --ssl-ciphers");
        assert_eq!(complaint("--ver"), "--ver: ambiguous; say which: --verbose, --version");
    }

    #[test]
    fn arguments_too_few_and_too_many_are_named() {
        assert_eq!(complaint("-l -p"), "-p, --source-port: requires an argument; write --source-port <PORT>");
        assert_eq!(complaint("-q"), "-q: requires an argument; write -q <TIME>");
        assert!(complaint("--mock").ends_with("write --mock smtp, --mock pop3 or --mock http"));
        assert_eq!(complaint("--ssl=5 localhost"), "--ssl: takes no argument");
    }
}
