//! stdin and stdout as one stream, and what kind of things they are.

use super::descriptor::{Descriptor, Pair, Use};
use crate::{
    error::{Error, Result, why},
    stream::Stream,
};
use rustix::fs::{FileType, fstat, stat};
use std::{
    ffi::OsString,
    io::IsTerminal,
    os::fd::{AsFd, BorrowedFd},
};

/// What stdin is, as far as it matters to how a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody types.
    Terminal,
    /// /dev/null, or closed when the program began (the runtime opens /dev/null in its place):
    /// there is nothing to say.
    Null,
    /// A pipe, a file, a socket.
    Other,
}

/// What stdin is.
#[must_use]
pub fn stdin_kind() -> Kind {
    #[cfg(test)]
    if crate::simulation::now().is_some() {
        return Kind::Other;
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Kind::Terminal;
    }
    let null = fstat(stdin.as_fd()).and_then(|it| Ok((it, stat("/dev/null")?))).is_ok_and(|(it, null)| {
        FileType::from_raw_mode(it.st_mode) == FileType::CharacterDevice && it.st_rdev == null.st_rdev
    });
    if null { Kind::Null } else { Kind::Other }
}

/// Whether stdout is a terminal.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    #[cfg(test)]
    if crate::simulation::now().is_some() {
        return false;
    }
    std::io::stdout().is_terminal()
}

/// Whether stdout is a terminal of a kind that shows colours, or CLICOLOR_FORCE says that it does
/// (<https://bixense.com/clicolors>); and nobody has asked for none (<https://no-color.org>).
#[must_use]
pub fn stdout_takes_colours() -> bool {
    let [no_color, term, force] = ["NO_COLOR", "TERM", "CLICOLOR_FORCE"].map(std::env::var_os);
    match forces(force) {
        true => no_color.is_none_or(|it| it.is_empty()),
        false => stdout_is_terminal() && takes_colours(no_color, term),
    }
}

/// Whether colours are wanted wherever stdout goes.
fn forces(force: Option<OsString>) -> bool {
    force.is_some_and(|it| !it.is_empty() && it != "0")
}

fn takes_colours(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_none_or(|it| it.is_empty()) && term.is_some_and(|it| !it.is_empty() && it != "dumb")
}

/// Makes the stream. A stdin that is never to be read is left alone.
///
/// # Errors
/// When a descriptor cannot be duplicated.
pub fn open(read_stdin: bool) -> Result<Box<dyn Stream>> {
    #[cfg(test)]
    if let Some(simulated) = crate::simulation::console() {
        return Ok(simulated);
    }
    let fail = |name: &'static str| move |error| Error::usage(name, why(&error));
    let input = match read_stdin {
        true => Some(Descriptor::shared(std::io::stdin().as_fd(), Use::Input).map_err(fail("stdin"))?),
        false => None,
    };
    let output = Descriptor::shared(std::io::stdout().as_fd(), Use::Output).map_err(fail("stdout"))?;
    Ok(Box::new(Pair::new(input, Some(output), close_stdout)))
}

/// The reader of a pipe sees its end only when descriptor 1 is closed as well as our own.
fn close_stdout() {
    let stdout = std::io::stdout();
    if is_stdin_too(stdout.as_fd()) {
        // One socket in both places, as under inetd: it stays open as stdin, so its reader has
        // to be told.
        let _ = rustix::net::shutdown(&stdout, rustix::net::Shutdown::Write);
    }
    // That a pipe without a reader stands there instead keeps a later open(2) from becoming "stdout". It
    // needs no file, as /dev/null would.
    if let Ok((_, broken)) = std::io::pipe() {
        let _ = rustix::stdio::dup2_stdout(broken);
    }
}

fn is_stdin_too(stdout: BorrowedFd<'_>) -> bool {
    let Ok((stdin, stdout)) = fstat(std::io::stdin().as_fd()).and_then(|stdin| Ok((stdin, fstat(stdout)?))) else {
        return false;
    };
    FileType::from_raw_mode(stdout.st_mode) == FileType::Socket
        && (stdin.st_dev, stdin.st_ino) == (stdout.st_dev, stdout.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_a_dumb_terminal_forbid_colours() {
        for (no_color, term, takes) in [
            (None, None, false),
            (None, Some("xterm"), true),
            (Some(""), Some("xterm"), true),
            (Some("0"), Some("xterm"), false),
            (Some("1"), None, false),
            (None, Some("dumb"), false),
        ] {
            assert_eq!(takes_colours(no_color.map(Into::into), term.map(Into::into)), takes, "{no_color:?} {term:?}");
        }
    }

    #[test]
    fn colours_are_forced_by_anything_but_nought() {
        for (force, forced) in [(None, false), (Some(""), false), (Some("0"), false), (Some("1"), true)] {
            assert_eq!(forces(force.map(Into::into)), forced, "{force:?}");
        }
    }
}
