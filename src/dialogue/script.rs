//! A dialogue as it is read from its file, for the side that plays it.
//!
//! All of it is checked when it is read. A newcomer's trap: a line is made what it means when its turn
//! comes, again: until then it is the bytes of the file, so that a long dialogue takes no more memory.

use super::{
    expect::{Code, Expect},
    form::{self, Part, Problem, Surroundings},
    parse::{self, Written},
    template::Template,
};
use crate::{
    error::{Error, Result, why},
    proto::evidence::Side,
    report::escape,
};
use std::{
    collections::BTreeSet,
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
    rc::Rc,
};

/// The longest line, in bytes.
const LINE: usize = 1024 * 1024;

/// The largest file, in bytes.
const FILE: usize = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A dialogue, and the side that plays it.
#[derive(Debug)]
pub struct Script {
    name: String,
    side: Side,
    bytes: Vec<u8>,
    steps: Vec<Step>,
    around: Surroundings,
    /// The files that it refers to.
    files: BTreeSet<PathBuf>,
}

/// A step of it.
#[derive(Debug, Clone)]
struct Step {
    kind: Kind,
    /// Its text, in the file.
    text: Range<usize>,
    /// The number of its line, from 1 on.
    line: usize,
}

/// What kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ours says a line.
    Say,
    /// The peer says one.
    Check,
    /// The connection becomes encrypted.
    Tls,
    /// The peer says any number of lines.
    Skip,
}

/// What a step means.
#[derive(Debug)]
pub(super) enum Action {
    Say(Template),
    Check(Expect),
    Tls,
    Skip,
}

impl Script {
    /// Reads a dialogue and checks it, for the side that will play it. `-` is stdin.
    ///
    /// # Errors
    /// When it cannot be read, when a line cannot be understood or refers to what is not there; with exit
    /// status 2, and the number of the line.
    pub fn read(path: &Path, side: Side) -> Result<Self> {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "stdin".to_owned() } else { escape(path.as_os_str().as_encoded_bytes()) };
        let mut bytes = Vec::new();
        let limit = FILE as u64 + 1;
        let read = if is_stdin {
            std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
        } else {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
        };
        read.map_err(|error| Error::usage(format!("read {name}"), why(&error)))?;
        if bytes.len() > FILE {
            let why = format!("a dialogue has at most {} MiB", FILE >> 20);
            return Err(Error::usage(name, why).hint("long texts are said of files, by {file:PATH}"));
        }
        let folder = if is_stdin { None } else { path.parent() };
        let folder = folder.map(Path::to_owned).unwrap_or_default();
        Self::new(name, bytes, side, Surroundings { folder, env: |name| std::env::var_os(name) })
    }

    /// The dialogue of these bytes, called `name` in what is said about it.
    pub(super) fn new(name: String, bytes: Vec<u8>, side: Side, around: Surroundings) -> Result<Self> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Error::usage(name, "a dialogue cannot be in UTF-16").hint("save it as UTF-8"));
        }
        if bytes.trim_ascii().is_empty() {
            // A test with nothing in it would pass.
            return Err(Error::usage(name, "it is empty").hint("a dialogue has lines that begin with C: or S:"));
        }
        let mut script = Self { name, side, bytes, steps: Vec::new(), around, files: BTreeSet::new() };
        let mut known = BTreeSet::new();
        // Some editors mark UTF-8 so (RFC 3629, 6).
        let mut at = if script.bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut number = 0;
        while let Some(rest) = script.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            number += 1;
            let step = Self::step(line, side, at, number).map_err(|problem| script.error(number, problem))?;
            at += line.len() + 1;
            let Some(step) = step else { continue };
            if step.kind == Kind::Tls && script.encrypts() {
                return Err(script.error(number, Problem::new("--- TLS", "the connection is encrypted already")));
            }
            script.steps.push(step);
            let last = script.steps.len() - 1;
            script.check(last, &mut known)?;
        }
        Ok(script)
    }

    /// The step that a line of the file is, if it is one; it begins at `at`.
    fn step(line: &[u8], side: Side, at: usize, number: usize) -> std::result::Result<Option<Step>, Problem> {
        if line.len() > LINE {
            let why = format!("a line of more than {} KiB", LINE >> 10);
            return Err(Problem::new("", why).hint("long texts are said of files, by {file:PATH}"));
        }
        let text = |text: &[u8]| {
            let end = at + line.strip_suffix(b"\r").unwrap_or(line).len();
            end - text.len()..end
        };
        let (kind, text) = match parse::line(line)? {
            Written::Nothing => return Ok(None),
            Written::Said(who, said) => (if who == side { Kind::Say } else { Kind::Check }, text(said)),
            Written::Tls => (Kind::Tls, 0..0),
            Written::Skipped => (Kind::Skip, 0..0),
        };
        Ok(Some(Step { kind, text, line: number }))
    }

    /// Sees that a step makes sense, and adds to `known` the names that it keeps something under.
    fn check(&mut self, step: usize, known: &mut BTreeSet<Rc<str>>) -> Result<()> {
        let parts = self.parts(step, known).map_err(|problem| self.fault(step, problem))?;
        let names = parts.iter().filter_map(|part| match part {
            Part::Capture(name) => Some(Rc::clone(name)),
            _ => None,
        });
        let names: Vec<_> = names.collect();
        self.files.extend(parts.iter().filter_map(|part| match part {
            Part::File(path) | Part::Base64File(path) => Some(path.clone()),
            _ => None,
        }));
        let action = self.action(step, parts).map_err(|problem| self.fault(step, problem))?;
        let skips = step.checked_sub(1).is_some_and(|before| self.kind(before) == Some(Kind::Skip));
        if let Action::Check(Expect::Listing(_)) = action
            && skips
        {
            let problem = Problem::new("{file:PATH}", "behind ... nothing tells where its lines begin");
            return Err(self.fault(step, problem.hint("put a line between them")));
        }
        known.extend(names);
        Ok(())
    }

    /// Which side plays it.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// Whether it says where the connection becomes encrypted.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.steps.iter().any(|step| step.kind == Kind::Tls)
    }

    /// Whether ours has the last word.
    #[must_use]
    pub fn ends_with_ours(&self) -> bool {
        self.steps.last().is_some_and(|step| step.kind == Kind::Say)
    }

    /// The files that it refers to, which are read when it is their turn.
    #[must_use]
    pub fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// What its file is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of step comes there; `None` at the end.
    pub(super) fn kind(&self, step: usize) -> Option<Kind> {
        self.steps.get(step).map(|step| step.kind)
    }

    /// What a step means; `known` are the names that something was kept under.
    ///
    /// # Errors
    /// When a file or a variable that it refers to is gone.
    pub(super) fn meaning(&self, step: usize, known: &BTreeSet<Rc<str>>) -> Result<Action> {
        let parts = self.parts(step, known);
        parts.and_then(|parts| self.action(step, parts)).map_err(|problem| self.fault(step, problem))
    }

    /// Whether the lines of the listing that begins with a step are written behind it: they end with a lone dot,
    /// or begin with what is not the next reply.
    pub(super) fn writes_out(&self, step: usize) -> bool {
        let behind = self.steps.get(step + 1..).unwrap_or_default();
        let peers = behind.iter().take_while(|step| matches!(step.kind, Kind::Check | Kind::Skip));
        let checked = peers.filter(|step| step.kind == Kind::Check);
        let mut lines = checked.filter_map(|step| self.bytes.get(step.text.clone()));
        lines.next().is_some_and(|first| !Code::is(first) || lines.any(|line| line == b"."))
    }

    /// A step's text as it is written, escaped and not too long.
    pub(super) fn written(&self, step: usize) -> String {
        escape(self.text(step))
    }

    /// All that the client says before a step, line by line as it is written, the last first.
    pub(super) fn client_lines_before(&self, step: usize) -> impl Iterator<Item = &[u8]> {
        let kind = if self.side == Side::Client { Kind::Say } else { Kind::Check };
        let before = self.steps.get(..step).unwrap_or(&self.steps);
        before.iter().rev().filter(move |it| it.kind == kind).filter_map(|it| self.bytes.get(it.text.clone()))
    }

    /// Where a step is written: `FILE:LINE`.
    pub(super) fn place(&self, step: usize) -> String {
        let line = self.steps.get(step).or_else(|| self.steps.last()).map_or(0, |step| step.line);
        format!("{}:{line}", self.name)
    }

    fn text(&self, step: usize) -> &[u8] {
        let text = self.steps.get(step).map(|step| step.text.clone());
        text.and_then(|text| self.bytes.get(text)).unwrap_or_default()
    }

    fn parts(&self, step: usize, known: &BTreeSet<Rc<str>>) -> std::result::Result<Vec<Part>, Problem> {
        form::parts(self.text(step), known, &self.around)
    }

    fn action(&self, step: usize, parts: Vec<Part>) -> std::result::Result<Action, Problem> {
        let other = if self.side == Side::Client { Side::Server } else { Side::Client };
        let is_tag = |word: &[u8]| {
            self.client_lines_before(step).any(|line| line.strip_prefix(word).is_some_and(|it| it.starts_with(b" ")))
        };
        Ok(match self.kind(step) {
            Some(Kind::Say) => Action::Say(Template::said_by(self.side, parts)?),
            Some(Kind::Check) => Action::Check(Expect::from_side(other, parts, is_tag)?),
            Some(Kind::Tls) => Action::Tls,
            Some(Kind::Skip) | None => Action::Skip,
        })
    }

    fn fault(&self, step: usize, problem: Problem) -> Error {
        self.error(self.steps.get(step).map_or(0, |step| step.line), problem)
    }

    fn error(&self, line: usize, Problem { what, why, hint }: Problem) -> Error {
        let place = format!("{}:{line}", self.name);
        let error = Error::usage(if what.is_empty() { place } else { format!("{place}: {what}") }, why);
        if hint.is_empty() { error } else { error.hint(hint) }
    }
}

#[cfg(test)]
mod tests;
