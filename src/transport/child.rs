//! A command run for a peer, with pipes as its stdin and stdout.
//!
//! A newcomer's trap: a child that has closed its output may still read, and one that has
//! exited may have left its pipes to children of its own; the two ends are told apart.

use super::descriptor::{Descriptor, Pair};
use crate::error::{Error, Result, why};
use std::{
    io,
    process::{Child, Command, Stdio},
};

/// Starts a command: `words` is the program and its arguments.
///
/// The standard library gives the child an empty signal mask and SIGPIPE's default action, and
/// every other descriptor of ours is close-on-exec. Its stderr is ours.
///
/// # Errors
/// When it cannot be started: not found, not executable, no memory.
pub fn spawn(words: &[String], environment: &[(&str, String)]) -> Result<(Child, Pair)> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::usage("run a command", "it is empty"));
    };
    let failed = |error: io::Error| {
        Error::usage(format!("run {program}"), why(&error)).hint(match error.kind() {
            io::ErrorKind::NotFound if !program.contains('/') => "give its full path, or use --sh-exec",
            _ => "check the path and its permissions",
        })
    };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let output = child.stdin.take().map(|pipe| Descriptor::own(pipe.into())).transpose().map_err(failed)?;
    let input = child.stdout.take().map(|pipe| Descriptor::own(pipe.into())).transpose().map_err(failed)?;
    Ok((child, Pair::new(input, output, || ())))
}
