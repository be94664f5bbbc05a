//! What the values of options are, as a shell has to know it: files, hosts, words of a list.
//!
//! A newcomer's trap: most of it is read off the name that the manual gives to a value (FILE, HOST), so a new
//! option needs nothing here unless its values are the words of a list.

use clap::{Arg, CommandFactory};
use rncat::{cli, mock, ports, proto};

/// An option, as a shell has to know it.
pub(crate) struct Opt {
    pub(crate) short: Option<char>,
    /// Empty if there is none.
    pub(crate) long: String,
    /// Its line in `--help`.
    pub(crate) help: String,
    /// What the manual calls its value.
    pub(crate) name: String,
    pub(crate) value: Value,
    /// It may be given more than once.
    pub(crate) repeats: bool,
}

/// The value of an option.
pub(crate) enum Value {
    /// It has none.
    None,
    /// One of these words.
    Words(Vec<&'static str>),
    /// Some of these words, with commas in between.
    List(Vec<&'static str>),
    File,
    Folder,
    Host,
    Command,
    User,
    Port,
    /// Nothing that a shell could know.
    Other,
}

/// The options that are shown, in the order of `--help`.
pub(crate) fn options() -> Vec<Opt> {
    let command = cli::Args::command();
    let shown = command.get_arguments().filter(|option| !option.is_hide_set());
    shown
        .map(|option| Opt {
            short: option.get_short(),
            long: option.get_long().unwrap_or_default().to_owned(),
            help: option.get_help().map(ToString::to_string).unwrap_or_default(),
            name: name(option),
            value: value(option),
            repeats: matches!(option.get_action(), clap::ArgAction::Append | clap::ArgAction::Count),
        })
        .collect()
}

/// The names of services that a port can be given by.
pub(crate) fn services() -> Vec<&'static str> {
    let mut names: Vec<_> = ports::KNOWN.iter().map(|known| known.service).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn name(option: &Arg) -> String {
    option.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default()
}

fn value(option: &Arg) -> Value {
    if !option.get_action().takes_values() {
        return Value::None;
    }
    match option.get_long().unwrap_or_default() {
        "starttls" => Value::Words(and(proto::starttls::PROTOCOLS.iter().map(|it| it.name), &["typed", "never"])),
        "pace" => Value::Words(and(proto::reply::PROTOCOLS.iter().map(|it| it.name), &["auto"])),
        "proxy-type" => Value::Words(and(proto::proxy::PROXIES.iter().map(|it| it.name), &[])),
        "proxy-dns" => Value::Words(vec!["remote", "local", "both", "none"]),
        "color" => Value::Words(vec!["auto", "always", "never"]),
        "mock" => Value::List(and(mock::SERVICES.iter().map(|it| it.name), &[])),
        "ssl-alpn" => Value::List(vec!["h2", "http/1.1", "smtp", "imap", "pop3", "ftp", "xmpp-client"]),
        _ => named(&name(option)),
    }
}

/// What a value is by its name in the manual.
fn named(name: &str) -> Value {
    match name.split(['[', ',']).next().unwrap_or_default() {
        "FILE" => Value::File,
        "DIR" => Value::Folder,
        "HOST" | "HOP" | "DOMAIN" => Value::Host,
        "COMMAND" => Value::Command,
        "NAME" if name.contains("GROUP") => Value::User,
        "PORT" => Value::Port,
        _ => Value::Other,
    }
}

fn and(names: impl Iterator<Item = &'static str>, more: &[&'static str]) -> Vec<&'static str> {
    let mut words: Vec<_> = names.chain(more.iter().copied()).collect();
    words.dedup();
    words
}
