//! The command line: [`Args`] as typed, [`Config`] as meant.
//!
//! A newcomer's trap: nothing here touches the network, a file or the terminal. Whether a host
//! exists or a certificate can be read is found out by those who need it.

mod args;
mod complaint;
pub mod config;
mod help;
mod lower;
pub mod target;
mod time;

pub use args::Args;
pub use config::Config;

use crate::{error::Error, report::Report};
use clap::{CommandFactory, Parser};
use std::{
    env::VarError,
    ffi::{OsStr, OsString},
    path::Path,
};

/// What the command line asks for.
#[derive(Debug)]
pub enum Outcome {
    /// To do something.
    Run(Box<Start>),
    /// To print this on stdout and leave, exit status 0.
    Tell(String),
    /// Something that cannot be.
    Refuse(Report, Error),
}

/// All that is needed to begin.
#[derive(Debug)]
pub struct Start {
    /// What to do.
    pub config: Config,
    /// How much to say.
    pub report: Report,
    /// What to say first, a line each.
    pub warnings: Vec<String>,
}

/// Understands the command line; the first word is the name by which the program was started.
#[must_use]
pub fn parse(argv: impl Iterator<Item = OsString>) -> Outcome {
    let argv: Vec<OsString> = argv.collect();
    let name = program_name(argv.first().map(OsString::as_os_str));
    if let [_, word] = argv.as_slice()
        && word == "--help"
    {
        // The parser would need the description of all options, too, and not tell more.
        return Outcome::Tell(help::full(&Args::command()));
    }
    let args = match typed(argv) {
        Ok(args) => args,
        Err(error) => return Outcome::Refuse(Report::new(name, 0, false), complaint::translate(&error)),
    };
    if args.help {
        return Outcome::Tell(help::full(&Args::command()));
    }
    if args.short_help {
        return Outcome::Tell(help::SHORT.to_owned());
    }
    if args.version {
        return Outcome::Tell(help::VERSION.to_owned());
    }
    let report = Report::new(name, args.verbose, args.quiet);
    let mut args = args;
    let is_given = args.login.proxy_auth.is_some() || args.login.proxy_auth_file.is_some();
    if !is_given && (!args.proxy.is_empty() || args.proxy_type.is_some()) {
        // Where other users cannot see it, as they can see a command line.
        args.login.proxy_auth = match std::env::var("NCAT_PROXY_AUTH") {
            Ok(auth) => Some(auth).filter(|auth| !auth.is_empty()).map(Into::into),
            Err(VarError::NotPresent) => None,
            // Passing over it would make an open proxy of one that was to be closed.
            Err(VarError::NotUnicode(_)) => {
                return Outcome::Refuse(report, Error::usage("NCAT_PROXY_AUTH", "it is not UTF-8"));
            }
        };
    }
    match Config::from_args(args) {
        Ok((config, warnings)) => Outcome::Run(Box::new(Start { config, report, warnings })),
        Err(error) => Outcome::Refuse(report, error),
    }
}

/// What was typed, the first word being the program's name.
fn typed(argv: Vec<OsString>) -> Result<Args, clap::Error> {
    match words_alone(&argv) {
        // Describing a hundred options to a parser takes longer than to connect.
        Some(words) => Ok(Args { words, ..Args::default() }),
        None => Args::try_parse_from(argv),
    }
}

/// The words of a command line without any option, if it is one.
fn words_alone(argv: &[OsString]) -> Option<Vec<String>> {
    let words = argv.get(1..)?.iter();
    words.map(|word| word.to_str().filter(|word| !word.starts_with('-')).map(str::to_owned)).collect()
}

/// The name before each message: scripts that start us as `ncat` look for Ncat's.
#[must_use]
pub fn program_name(argv0: Option<&OsStr>) -> &'static str {
    match argv0.map(Path::new).and_then(Path::file_name) {
        Some(name) if name == "ncat" => "Ncat",
        _ => "rncat",
    }
}

#[cfg(test)]
mod tests;
