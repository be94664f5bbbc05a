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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::form::{Surroundings, parts};
    use std::{collections::BTreeSet, fs};

    fn template(side: Side, text: &str, folder: PathBuf) -> Result<Template, Problem> {
        let parts = parts(text.as_bytes(), &BTreeSet::from(["kept".into()]), &Surroundings { folder, env: |_| None });
        Template::said_by(side, parts?)
    }

    fn said(template: &Template, captured: &mut Captured, stuffs: bool) -> String {
        let (mut speech, mut out) = (template.speech(captured, stuffs).unwrap(), Vec::new());
        let mut before = 0;
        while speech.next(&mut out, "x.play:1").unwrap() {
            assert!(out.len() - before <= 128 * 1024, "pieces are of bounded size");
            before = out.len();
        }
        String::from_utf8(out).unwrap()
    }

    /// What is said with these files: a text of three lines, one without an end, an empty one.
    fn with_files(text: &str, stuffs: bool) -> String {
        let folder =
            std::env::temp_dir().join(format!("rncat-template-{}-{:x}", std::process::id(), md5::compute(text)));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("three"), "one\n.\n.three\n").unwrap();
        fs::write(folder.join("dot"), ".").unwrap();
        fs::write(folder.join("empty"), "").unwrap();
        fs::write(folder.join("large"), ".\n".repeat(100_000)).unwrap();
        let template = template(Side::Client, text, folder.clone()).unwrap();
        let said = said(&template, &mut Captured::new(), stuffs);
        fs::remove_dir_all(folder).unwrap();
        said
    }

    fn line(text: &str) -> String {
        said(&template(Side::Client, text, PathBuf::new()).unwrap(), &mut Captured::new(), false)
    }

    #[test]
    fn a_line_ends_with_crlf() {
        assert_eq!(line("NOOP"), "NOOP\r\n");
        assert_eq!(line(""), "\r\n");
        assert_eq!(line("a{hex:0a}{no-eol}"), "a\n");
        assert_eq!(line("{no-eol}"), "");
    }

    #[test]
    fn what_was_kept_is_said() {
        let template = template(Side::Client, "a4 UID FETCH {kept} BODY[]", PathBuf::new()).unwrap();
        let mut captured = Captured::from([("kept".into(), b"17".to_vec())]);
        assert_eq!(said(&template, &mut captured, false), "a4 UID FETCH 17 BODY[]\r\n");
    }

    #[test]
    fn a_server_says_nothing_for_what_its_client_may_not_mind() {
        let template = template(Side::Server, "250 {*}<{name=*}>", PathBuf::new()).unwrap();
        let mut captured = Captured::new();
        assert_eq!(said(&template, &mut captured, false), "250 <>\r\n");
        assert_eq!(captured.get("name").map(Vec::as_slice), Some(&b""[..]), "its lines may use the name");
    }

    #[test]
    fn a_secret_that_was_left_out_is_said_by_nobody() {
        for side in [Side::Client, Side::Server] {
            assert_eq!(template(side, "PASS {masked}", PathBuf::new()).unwrap_err().what, "{masked}");
        }
    }

    #[test]
    fn files_are_said_with_the_end_of_their_line() {
        assert_eq!(with_files("{file:three}", false), "one\r\n.\r\n.three\r\n");
        assert_eq!(with_files("{file:three}", true), "one\r\n..\r\n..three\r\n");
        assert_eq!(with_files("{file:dot}", true), "..\r\n");
        assert_eq!(with_files("{file:empty}", true), "\r\n");
        assert_eq!(with_files("{file:empty}{no-eol}", true), "");
        assert_eq!(with_files("{file:large}", true), "..\r\n".repeat(100_000));
    }

    #[test]
    fn dots_are_doubled_only_where_a_line_begins() {
        assert_eq!(with_files("x{file:dot}", true), "x.\r\n");
        assert_eq!(with_files("{file:dot}{file:dot}", true), "...\r\n");
        assert_eq!(with_files("{file:empty}{file:dot}", true), "..\r\n");
        assert_eq!(with_files("x{hex:0a}{file:dot}", true), "x\n..\r\n");
        assert_eq!(with_files("..{file:empty}", true), "..\r\n", "what is written is doubled by who wrote it");
    }

    #[test]
    fn files_in_base64_have_76_columns() {
        assert_eq!(with_files("{base64file:dot}", true), "Lg==\r\n");
        assert_eq!(with_files("{base64file:empty}", true), "\r\n");
        assert_eq!(with_files("<{base64file:dot}>", true), "<Lg==>\r\n");
        let large = with_files("{base64file:large}", true);
        let lines: Vec<_> = large.split_terminator("\r\n").collect();
        let (last, others) = lines.split_last().unwrap();
        assert!(others.iter().all(|line| line.len() == 76) && (1..=76).contains(&last.len()));
        let bytes = data_encoding::BASE64.decode(lines.concat().as_bytes()).unwrap();
        assert_eq!(bytes, ".\n".repeat(100_000).into_bytes());
    }

    #[test]
    fn a_file_that_is_gone_is_told_with_its_place() {
        let path = PathBuf::from("/nonexistent/x");
        let template = Template::said_by(Side::Client, vec![Part::Base64File(path)]).unwrap();
        let error =
            template.speech(&mut Captured::new(), false).unwrap().next(&mut Vec::new(), "x.play:7").unwrap_err();
        assert_eq!(error.to_string(), "x.play:7: /nonexistent/x: No such file or directory");
    }
}
