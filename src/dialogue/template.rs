//! A line that is ours to say, and how it is said: piece by piece, for it may be an attachment.

use super::{
    files::Content,
    form::{Part, Problem},
    text::{Captured, Text},
};
use crate::{
    error::{Error, why},
    proto::evidence::Side,
    report::escape,
};
use std::{collections::VecDeque, path::PathBuf, rc::Rc};

/// A line that is said, or a listing that is compared with what comes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Said>,
    /// Names that stand for nothing from now on.
    empty: Vec<Rc<str>>,
    no_eol: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Text(Text),
    Lines(PathBuf),
    Base64(PathBuf),
}

impl Template {
    /// A line that `side` says. In one of a server's, `{*}` stands for nothing, as its client will not mind.
    ///
    /// # Errors
    /// When it is not all there.
    pub(super) fn said_by(side: Side, parts: Vec<Part>) -> Result<Self, Problem> {
        let open = |what: &str| {
            Problem::new(what, "this line is ours to say, and has to be all there")
                .hint("what may be anything is in the lines of the other side")
        };
        let mut template = Self::default();
        for part in parts {
            if template.no_eol {
                return Err(Problem::new("{no-eol}", "it has to be the last in its line"));
            }
            match (part, side) {
                (Part::Any, Side::Server) => {}
                (Part::Any, Side::Client) => return Err(open("{*}")),
                (Part::Capture(name), Side::Server) => template.empty.push(name),
                (Part::Capture(name), Side::Client) => return Err(open(&format!("{{{name}=*}}"))),
                (Part::Masked, _) => {
                    return Err(Problem::new("{masked}", "the secret was left out when this was recorded")
                        .hint("write it here, or {env:NAME}, or record with --show-secrets"));
                }
                (part, _) => template.push(part),
            }
        }
        Ok(template)
    }

    fn push(&mut self, part: Part) {
        match part {
            Part::Text(piece) => match self.parts.last_mut() {
                Some(Said::Text(text)) => text.push(piece),
                _ => {
                    let mut text = Text::default();
                    text.push(piece);
                    self.parts.push(Said::Text(text));
                }
            },
            Part::File(path) => self.parts.push(Said::Lines(path)),
            Part::Base64File(path) => self.parts.push(Said::Base64(path)),
            Part::NoEol => self.no_eol = true,
            Part::Any | Part::Capture(_) | Part::Masked => {}
        }
    }

    /// Its words as they are to be said now; dots of files are doubled if `stuffs`.
    ///
    /// # Errors
    /// When what was captured cannot be used so, in words.
    pub(super) fn speech(&self, captured: &mut Captured, stuffs: bool) -> Result<Speech, &'static str> {
        let mut sources = VecDeque::new();
        for part in &self.parts {
            sources.push_back(match part {
                Said::Text(text) => Source::Bytes(text.make(captured)?),
                Said::Lines(path) => Source::Lines(path.clone()),
                Said::Base64(path) => Source::Base64(path.clone()),
            });
        }
        captured.extend(self.empty.iter().map(|name| (Rc::clone(name), Vec::new())));
        if !self.no_eol {
            sources.push_back(Source::Bytes(b"\r\n".to_vec()));
        }
        Ok(Speech { sources, open: None, stuffs, at_start: true })
    }
}

/// A line that is being said.
#[derive(Debug)]
pub(super) struct Speech {
    sources: VecDeque<Source>,
    open: Option<(PathBuf, Content)>,
    stuffs: bool,
    /// What was said last has ended a line.
    at_start: bool,
}

#[derive(Debug)]
enum Source {
    Bytes(Vec<u8>),
    Lines(PathBuf),
    Base64(PathBuf),
}

impl Speech {
    /// Adds what comes next to `out`, a piece of bounded size; false when there is nothing more.
    ///
    /// # Errors
    /// When a file cannot be read any more; `place` is where it is named.
    pub(super) fn next(&mut self, out: &mut Vec<u8>, place: &str) -> Result<bool, Error> {
        let failed = |path: &PathBuf, error| {
            let path = escape(path.as_os_str().as_encoded_bytes());
            Error::usage(format!("{place}: {path}"), why(&error))
        };
        let before = out.len();
        if let Some((path, content)) = &mut self.open {
            if !content.read(out).map_err(|error| failed(path, error))? {
                self.open = None;
            }
        } else {
            let content = match self.sources.pop_front() {
                None => return Ok(false),
                Some(Source::Bytes(bytes)) => {
                    out.extend(bytes);
                    None
                }
                Some(Source::Lines(path)) => {
                    let content = Content::lines(&path, self.stuffs, self.at_start);
                    Some((content.map_err(|error| failed(&path, error))?, path))
                }
                Some(Source::Base64(path)) => {
                    let content = Content::base64(&path);
                    Some((content.map_err(|error| failed(&path, error))?, path))
                }
            };
            self.open = content.map(|(content, path)| (path, content));
        }
        if out.len() > before {
            self.at_start = out.last() == Some(&b'\n');
        }
        Ok(true)
    }
}
