//! The program: parse, configure, run, exit status.

use rncat::{cli, engine, error::Exit, lua, report::Report, signals};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    if let Some(exit) = lua::invoked(std::env::args_os()) {
        return exit;
    }
    let (report, outcome) = match cli::parse(std::env::args_os()) {
        cli::Outcome::Tell(text) => {
            // `rncat --help | head` is nobody's mistake.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        cli::Outcome::Begin(text) => {
            let _ = std::io::stderr().write_all(text.as_bytes());
            return Exit::Usage.into();
        }
        cli::Outcome::Refuse(report, error) => (report, Err(error)),
        cli::Outcome::Run(start) => {
            start.report.detail(1, concat!("Version ", env!("CARGO_PKG_VERSION")));
            start.warnings.iter().for_each(|warning| start.report.note(warning));
            (start.report, engine::run(&start.config, start.report))
        }
    };
    let exit = outcome.unwrap_or_else(|error| {
        report.error(&error);
        error.exit()
    });
    Report::finish();
    match exit {
        Exit::Signal(signal) => signals::die_of(signal),
        exit => exit.into(),
    }
}
