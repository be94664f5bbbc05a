//! What is said when a dialogue does not go as it is written: `FILE:LINE: expected "…", got "…"`.
//!
//! A newcomer's trap: what was expected is shown as it is written in the file, what came is escaped.

use super::{inbox::LINE, script::Script};
use crate::{error::Error, report::escape};
use std::time::Duration;

/// Another line came than this step's.
pub(super) fn differs(script: &Script, step: usize, line: &[u8]) -> Error {
    expected(script, step, format_args!("got \"{}\"", escape(line)))
}

/// Another line came than this one of a file.
pub(super) fn differs_from(script: &Script, step: usize, wanted: &[u8], line: &[u8]) -> Error {
    Error::dialogue(script.place(step), format!("expected \"{}\", got \"{}\"", escape(wanted), escape(line)))
}

/// No end of the line comes.
pub(super) fn too_long(script: &Script, step: usize) -> Error {
    expected(script, step, format_args!("got a line of more than {} KiB", LINE >> 10))
}

/// A reply goes on and on.
pub(super) fn endless_reply(script: &Script, step: usize) -> Error {
    expected(script, step, format_args!("got a reply without an end"))
}

/// Nothing came for so long, or no whole line.
pub(super) fn silent(script: &Script, step: usize, there: &[u8], time: Duration) -> Error {
    if there.is_empty() {
        return expected(script, step, format_args!("but nothing came for {time:?}"));
    }
    let error = expected(script, step, format_args!("got \"{}\" and nothing more for {time:?}", escape(there)));
    error.hint("a prompt without an end of line is written with {no-eol} behind it")
}

/// The rest of a reply did not come.
pub(super) fn unfinished(script: &Script, step: usize, time: Duration) -> Error {
    expected(script, step, format_args!("but nothing more came of it for {time:?}"))
}

/// A message that was to be passed over did not end.
pub(super) fn endless(script: &Script, step: usize, time: Duration) -> Error {
    Error::dialogue(script.place(step), format!("the message before it has no end; nothing more came for {time:?}"))
}

/// The peer does not take what is said.
pub(super) fn untaken(script: &Script, step: usize, time: Duration) -> Error {
    Error::dialogue(script.place(step), format!("the peer has taken nothing for {time:?}"))
}

/// The peer has left early.
pub(super) fn left(script: &Script, step: usize, how: &str) -> Error {
    expected(script, step, format_args!("but {how}"))
}

/// The peer has left early, in mid-line.
pub(super) fn left_with(script: &Script, step: usize, there: &[u8], how: &str) -> Error {
    if there.is_empty() {
        return left(script, step, how);
    }
    expected(script, step, format_args!("got \"{}\", and {how}", escape(there)))
}

/// The connection cannot be encrypted.
pub(super) fn not_encrypted(script: &Script, step: usize) -> Error {
    Error::usage(format!("{}: --- TLS", script.place(step)), "this connection cannot be encrypted")
}

/// Something came before encryption had begun (CVE-2011-0411).
pub(super) fn in_clear(script: &Script, step: usize, early: &[u8]) -> Error {
    let why = format!("\"{}\" came in clear before encryption began", escape(early));
    Error::dialogue(format!("{}: --- TLS", script.place(step)), why).hint("somebody on the way may have put it there")
}

/// What was captured cannot be used as the step wants it.
pub(super) fn unusable(script: &Script, step: usize, why: &str) -> Error {
    Error::dialogue(format!("{}: \"{}\"", script.place(step), script.written(step)), why)
}

fn expected(script: &Script, step: usize, what: std::fmt::Arguments<'_>) -> Error {
    Error::dialogue(script.place(step), format!("expected \"{}\", {what}", script.written(step)))
}
