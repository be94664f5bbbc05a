//! The forms in braces: what the text of a line is made of.
//!
//! A newcomer's trap: braces are special only where a name follows, and then `}`, `:` or `=`. `{310}`, JSON
//! and `{ }` stand for themselves; a name that is none of ours is an error.

use super::text::{Maker, Piece, Text};
use crate::report::escape;
use data_encoding::HEXLOWER_PERMISSIVE;
use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, File},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    rc::Rc,
};

/// How deep forms may be nested.
const DEPTH: usize = 16;

/// The names that have a meaning, and how they are written.
const FORMS: [(&str, &str); 10] = [
    ("env", "{env:NAME}"),
    ("base64", "{base64:TEXT}"),
    ("unbase64", "{unbase64:TEXT}"),
    ("md5", "{md5:TEXT}"),
    ("hmac-md5", "{hmac-md5:KEY:TEXT}"),
    ("file", "{file:PATH}"),
    ("base64file", "{base64file:PATH}"),
    ("hex", "{hex:DIGITS}"),
    ("no-eol", "{no-eol}"),
    ("masked", "{masked}"),
];

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text, which may depend on what was captured.
    Text(Piece),
    /// `{*}`.
    Any,
    /// `{NAME=*}`.
    Capture(Rc<str>),
    /// `{masked}`.
    Masked,
    /// `{file:PATH}`.
    File(PathBuf),
    /// `{base64file:PATH}`.
    Base64File(PathBuf),
    /// `{no-eol}`.
    NoEol,
}

/// Where a dialogue is read: what its forms refer to.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// Paths begin here.
    pub(super) folder: PathBuf,
    /// Environment variables.
    pub(super) env: fn(&OsStr) -> Option<OsString>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The part that it is about, as it is written.
    pub(super) what: String,
    /// What is wrong.
    pub(super) why: String,
    /// What to write instead, if that is known.
    pub(super) hint: String,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), hint: String::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

type Found<T> = Result<T, Problem>;

/// The parts of a line's text. `known` are the names captured before it.
///
/// # Errors
/// When a form is not one, or names what is not there.
pub(super) fn parts(text: &[u8], known: &BTreeSet<Rc<str>>, around: &Surroundings) -> Found<Vec<Part>> {
    let mut scanner = Scanner { rest: text, known, around };
    let (mut parts, mut plain) = (Vec::new(), Vec::new());
    while let Some(byte) = scanner.next() {
        let part = match byte {
            b'{' if scanner.skip(b"{") => None,
            b'{' if scanner.skip(b"*}") => Some(Part::Any),
            b'{' => scanner.form(0)?,
            _ => None,
        };
        match part {
            Some(part) => {
                if !plain.is_empty() {
                    parts.push(Part::Text(Piece::Bytes(std::mem::take(&mut plain))));
                }
                parts.push(part);
            }
            None => plain.push(byte),
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Text(Piece::Bytes(plain)));
    }
    Ok(parts)
}

struct Scanner<'a> {
    rest: &'a [u8],
    known: &'a BTreeSet<Rc<str>>,
    around: &'a Surroundings,
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, what: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The form whose brace was just read; `None` if it is none, and the brace stands for itself.
    fn form(&mut self, depth: usize) -> Found<Option<Part>> {
        let Some((name, sign, rest)) = name(self.rest) else { return Ok(None) };
        self.rest = rest;
        // A name may be as long as a line, and what is said of it not.
        let shown = escape(name.as_bytes());
        let written = FORMS.iter().find(|(form, _)| *form == name).map(|(_, written)| *written);
        let made = |maker, of| {
            let piece = Piece::made(maker, of).map_err(|why| Problem::new(format!("{{{name}:…}}"), why))?;
            Ok(Part::Text(piece))
        };
        Ok(Some(match (name, sign) {
            ("no-eol", b'}') => Part::NoEol,
            ("masked", b'}') => Part::Masked,
            ("env", b':') => self.env(depth)?,
            ("hex", b':') => self.hex()?,
            ("base64", b':') => made(Maker::Base64, vec![self.text(name, b'}', depth)?])?,
            ("unbase64", b':') => made(Maker::Unbase64, vec![self.text(name, b'}', depth)?])?,
            ("md5", b':') => made(Maker::Md5, vec![self.text(name, b'}', depth)?])?,
            ("hmac-md5", b':') => {
                let key = self.text(name, b':', depth)?;
                made(Maker::HmacMd5, vec![key, self.text(name, b'}', depth)?])?
            }
            ("file", b':') => Part::File(self.path(name, depth)?),
            ("base64file", b':') => Part::Base64File(self.path(name, depth)?),
            (_, b'=') if written.is_some() => {
                return Err(Problem::new(format!("{{{name}=…}}"), "this name has a meaning of its own"));
            }
            (_, b'=') if self.skip(b"*}") => Part::Capture(name.into()),
            (_, b'=') => {
                return Err(Problem::new(format!("{{{shown}=…}}"), "not a form").hint(format!(
                    "to keep what comes, it is {{{shown}=*}}; a brace that stands for itself is written {{{{"
                )));
            }
            (_, b'}') if written.is_none() => match self.known.get(name) {
                Some(name) => Part::Text(Piece::Captured(Rc::clone(name))),
                None => {
                    return Err(Problem::new(format!("{{{shown}}}"), "neither a form nor a text kept before").hint(
                        format!("{{{shown}=*}} in a line of the peer keeps one; a brace itself is written {{{{"),
                    ));
                }
            },
            _ => {
                let form = if sign == b':' { format!("{{{shown}:…}}") } else { format!("{{{shown}}}") };
                return Err(match written {
                    Some(written) => Problem::new(form, format!("it is written {written}")),
                    None => Problem::new(form, "not a form").hint("a brace that stands for itself is written {{"),
                });
            }
        }))
    }

    /// What stands before the closing brace, as it stands.
    fn argument(&mut self, name: &str) -> Found<&'a [u8]> {
        let Some(end) = self.rest.iter().position(|byte| *byte == b'}') else { return Err(unclosed(name)) };
        let (argument, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(argument)
    }

    /// The value of a variable: in a form any bytes, in the line itself no end of it.
    fn env(&mut self, depth: usize) -> Found<Part> {
        let name = self.argument("env")?;
        let value = (self.around.env)(OsStr::from_bytes(name)).ok_or_else(|| {
            let what = format!("{{env:{}}}", escape(name));
            Problem::new(what, "the environment has no such variable").hint("set and export it first")
        })?;
        if depth == 0 && value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            let what = format!("{{env:{}}}", escape(name));
            let why = "it has an end of line in it, so that what follows would be a line of its own";
            return Err(Problem::new(what, why).hint("a text of several lines is said of a file, by {file:PATH}"));
        }
        Ok(Part::Text(Piece::Bytes(value.into_vec())))
    }

    fn hex(&mut self) -> Found<Part> {
        let digits = self.argument("hex")?;
        let digits: Vec<u8> = digits.iter().copied().filter(|byte| *byte != b' ').collect();
        let bytes = HEXLOWER_PERMISSIVE.decode(&digits);
        let bytes = bytes.map_err(|_| Problem::new("{hex:…}", "bytes have two hexadecimal digits each"))?;
        Ok(Part::Text(Piece::Bytes(bytes)))
    }

    /// The path of a file that can be read.
    fn path(&mut self, name: &str, depth: usize) -> Found<PathBuf> {
        let text = self.text(name, b'}', depth)?;
        let what = |path: &[u8]| format!("{{{name}:{}}}", escape(path));
        let Some(path) = text.fixed().filter(|path| !path.is_empty()) else {
            return Err(Problem::new(what(b"..."), "a path cannot depend on what the peer says, nor be empty"));
        };
        let file = self.around.folder.join(OsStr::from_bytes(path));
        match readable(&file) {
            Ok(()) => Ok(file),
            Err(why) => Err(Problem::new(what(path), why)),
        }
    }

    /// Text in a form, which ends with this byte.
    fn text(&mut self, name: &str, end: u8, depth: usize) -> Found<Text> {
        if depth >= DEPTH {
            return Err(Problem::new(format!("{{{name}:…}}"), format!("more than {DEPTH} forms one inside the other")));
        }
        let (mut text, mut open) = (Text::default(), 0_usize);
        while let Some(byte) = self.next() {
            let piece = match byte {
                byte if byte == end && open == 0 => return Ok(text),
                b'}' if open == 0 => break,
                b'\\' => Piece::Bytes(vec![self.escape(name)?]),
                b'{' if self.skip(b"{") => Piece::Bytes(vec![b'{']),
                b'{' => match if self.skip(b"*}") { Some(Part::Any) } else { self.form(depth + 1)? } {
                    Some(Part::Text(piece)) => piece,
                    Some(_) => {
                        let why = "only text can stand in it, as that of {env:NAME}, {hex:DIGITS} or what was kept";
                        return Err(Problem::new(format!("{{{name}:…}}"), why));
                    }
                    None => {
                        open += 1;
                        Piece::Bytes(vec![b'{'])
                    }
                },
                byte => {
                    open -= usize::from(byte == b'}');
                    Piece::Bytes(vec![byte])
                }
            };
            text.push(piece);
        }
        Err(unclosed(name))
    }

    fn escape(&mut self, name: &str) -> Found<u8> {
        match self.next() {
            Some(b'0') => Ok(0),
            Some(byte @ (b'\\' | b'{' | b'}' | b':')) => Ok(byte),
            Some(_) => Err(Problem::new(format!("{{{name}:…}}"), r"a \ in it stands before 0, \, :, { or }")),
            None => Err(unclosed(name)),
        }
    }
}

/// A name, the sign behind it, and what follows that.
fn name(text: &[u8]) -> Option<(&str, u8, &[u8])> {
    let is_in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let end = text.iter().position(|byte| !is_in_name(byte))?;
    let (name, rest) = text.split_at(end);
    let (sign, rest) = rest.split_first()?;
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && matches!(sign, b'}' | b':' | b'=');
    is_name.then_some((std::str::from_utf8(name).ok()?, *sign, rest))
}

fn unclosed(name: &str) -> Problem {
    let written = FORMS.iter().find(|(form, _)| *form == name).map_or("", |(_, written)| written);
    Problem::new(format!("{{{name}:…"), format!("it is written {written}"))
}

/// Whether a file can be read, now and as often as it takes; why not, if not.
fn readable(path: &Path) -> Result<(), String> {
    let opened = fs::metadata(path).and_then(|it| if it.is_file() { File::open(path).map(Some) } else { Ok(None) });
    match opened {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("not a regular file".to_owned()),
        Err(error) => Err(crate::error::why(&error)),
    }
}

#[cfg(test)]
mod tests;
