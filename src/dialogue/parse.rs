//! The lines of a dialogue's file: whose they are, and what is written behind.
//!
//! A newcomer's trap: exactly one blank after `C:` belongs to the notation, all others to the text.

use super::form::Problem;
use crate::proto::evidence::Side;

/// A line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written<'a> {
    /// A comment, or nothing.
    Nothing,
    /// This side says this.
    Said(Side, &'a [u8]),
    /// `--- TLS`.
    Tls,
    /// `...`.
    Skipped,
}

/// What a line of the file says; it is given without its end.
///
/// # Errors
/// When it says nothing that is known.
pub(super) fn line(line: &[u8]) -> Result<Written<'_>, Problem> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = after_time(line);
    match line {
        [b'C', b':', text @ ..] => said(Side::Client, text),
        [b'S', b':', text @ ..] => said(Side::Server, text),
        [b'#', ..] => Ok(Written::Nothing),
        _ => match line.trim_ascii() {
            b"" => Ok(Written::Nothing),
            b"..." => Ok(Written::Skipped),
            b"--- TLS" => Ok(Written::Tls),
            other => Err(unknown(other)),
        },
    }
}

fn said(side: Side, text: &[u8]) -> Result<Written<'_>, Problem> {
    match text {
        [] => Ok(Written::Said(side, text)),
        [b' ', text @ ..] => Ok(Written::Said(side, text)),
        _ => {
            let sign = if side == Side::Client { "\"C:\"" } else { "\"S:\"" };
            Err(Problem::new(sign, "a blank has to follow").hint("the text begins after it"))
        }
    }
}

/// Without `[12.345] ` before it, as in transcripts with time stamps.
fn after_time(line: &[u8]) -> &[u8] {
    let is_time = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b' ');
    let Some(rest) = line.strip_prefix(b"[") else { return line };
    let Some(end) = rest.iter().position(|byte| *byte == b']') else { return line };
    match rest.split_at(end) {
        (time, rest) if !time.is_empty() && time.iter().all(is_time) => {
            rest.strip_prefix(b"]").unwrap_or(rest).trim_ascii_start()
        }
        _ => line,
    }
}

fn unknown(line: &[u8]) -> Problem {
    let shown = line.split_at_checked(30).map_or(line, |(shown, _)| shown);
    let what = format!("\"{}\"", crate::report::escape(shown));
    Problem::new(what, "not a line of a dialogue").hint("lines begin with \"C: \", \"S: \" or #, or are ... or --- TLS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_whose_they_are() {
        let client = |text| Ok(Written::Said(Side::Client, text));
        assert_eq!(line(b"C: EHLO me"), client(b"EHLO me"));
        assert_eq!(line(b"S: 250\r"), Ok(Written::Said(Side::Server, b"250")));
        assert_eq!(line(b"C:"), client(b""));
        assert_eq!(line(b"C:   two blanks "), client(b"  two blanks "));
        assert_eq!(line(b"[12.345] C: x"), client(b"x"));
        assert_eq!(line(b"[   0.000] --- TLS"), Ok(Written::Tls));
        assert_eq!(line(b"..."), Ok(Written::Skipped));
        for nothing in ["", "  ", "# C: x", "[0.1] # x"] {
            assert_eq!(line(nothing.as_bytes()), Ok(Written::Nothing), "{nothing}");
        }
    }

    #[test]
    fn other_lines_are_errors() {
        for other in ["C", "C:x", "c: x", " C: x", "....", "--- SSL", "[x] C: y", "[] C: y", "[1.0 C: y", "220 hello"] {
            assert!(line(other.as_bytes()).is_err(), "{other}");
        }
    }
}
