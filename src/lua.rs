//! `--lua-exec`: the built-in Lua runs a script in a process of its own, as any other command.
//!
//! The process is rncat started anew with a first argument that only we give. A newcomer's trap:
//! an interpreter in the loop's own process would stop every peer whenever its script waits for one.

#[cfg(feature = "lua")]
mod interpreter;
#[cfg(not(feature = "lua"))]
#[path = "lua/missing.rs"]
mod interpreter;

use crate::error::Result;
use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

/// The first argument of a process that is to run the script named by the second. Not an option: it is
/// looked at before the options are, and stands nowhere in the manual.
const RUN: &str = "--run-lua";

/// The command that runs `file`.
///
/// # Errors
/// When the file cannot be read. What is in it, the command finds out.
pub fn words(file: &Path) -> Result<Vec<OsString>> {
    interpreter::open(file)?;
    Ok(vec![ourselves(), RUN.into(), file.into()])
}

/// Looks whether `file` is a script.
///
/// # Errors
/// When it cannot be read, or is no Lua.
pub fn check(file: &Path) -> Result<()> {
    interpreter::check(file)
}

/// Runs the script, if that is what this process was started for.
pub fn invoked(argv: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut argv = argv.take(3);
    match (argv.next(), argv.next(), argv.next()) {
        (Some(name), Some(run), Some(file)) if run == RUN => Some(interpreter::run(&name, Path::new(&file))),
        _ => None,
    }
}

/// The program that runs, even if its file has been replaced or removed meanwhile.
fn ourselves() -> OsString {
    const LINK: &str = "/proc/self/exe";
    let own = || std::env::current_exe().unwrap_or_default().into_os_string();
    if Path::new(LINK).exists() { OsStr::new(LINK).to_owned() } else { own() }
}
