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

use crate::{error::Error, report::Report, transport::inherited::Inherited};
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
    /// To print this on stderr and leave, exit status 2: nothing was asked for.
    Begin(&'static str),
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
    // Scripts that start us as ncat get the one line that they may look for.
    if argv.len() <= 1 && name == "rncat" {
        return Outcome::Begin(help::BEGIN);
    }
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
    if let Err(error) = inherit(&mut args) {
        return Outcome::Refuse(report, error);
    }
    match Config::from_args(args) {
        Ok((config, warnings)) => Outcome::Run(Box::new(Start { config, report, warnings })),
        Err(error) => Outcome::Refuse(report, error),
    }
}

/// Listening, takes the sockets that were there before us, if there are any.
fn inherit(args: &mut Args) -> crate::error::Result<()> {
    if !(args.listen || args.broker || args.chat || args.mock.is_given()) {
        return Ok(());
    }
    let env = |name| std::env::var_os(name);
    let found = Inherited::from_systemd(env("LISTEN_PID"), env("LISTEN_FDS"))?;
    let not_tcp = args.udp || args.unixsock || args.sctp || args.vsock;
    let typed = !args.words.is_empty() || args.source_port.is_some();
    args.inherited = match found {
        Some(_) if typed => {
            let why = "systemd has passed the socket to listen at (LISTEN_FDS)";
            return Err(Error::usage("an address or a port to listen at", why).hint("leave it out"));
        }
        // Where we would ask stdin what to say, it is no client.
        None if !typed && !not_tcp && answers(args) => Inherited::from_inetd()?,
        found => found,
    };
    if let Some(inherited) = &args.inherited {
        if not_tcp && !(args.unixsock && inherited.unix) {
            let kind = if inherited.unix { "a Unix socket" } else { "one of TCP" };
            return Err(Error::usage("-u, -U, --sctp or --vsock", format!("the socket that was passed is {kind}")));
        }
        args.unixsock = inherited.unix;
    }
    Ok(())
}

/// Whether something else than stdin answers clients.
fn answers(args: &Args) -> bool {
    let server = args.mock.is_given() || args.proxy_type.is_some();
    server || args.command.is_given() || args.dialogue.play.is_some()
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
