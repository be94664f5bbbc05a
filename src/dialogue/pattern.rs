//! A line that the peer has to say, with places where anything may stand.
//!
//! Each such place takes as little as lets the rest match, the first one first; it may take nothing. The
//! whole line has to match. A newcomer's trap: a prompt has no end to wait for, so it matches as soon as
//! its last text has come.

use super::{
    form::{Part, Problem},
    text::{Captured, Text},
};
use std::rc::Rc;

/// Text, and gaps between.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The line begins with this.
    start: Text,
    /// A gap, perhaps with the name of what stands in it; and the text behind.
    gaps: Vec<(Option<Rc<str>>, Text)>,
}

/// What was kept of a line, by name.
pub(super) type Kept = Vec<(Rc<str>, Vec<u8>)>;

/// How a prompt compares with what has come so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Prompted {
    /// It is the first so many bytes.
    Matches(usize, Kept),
    /// It may become it.
    NotYet,
    /// It will never be.
    Differs,
}

impl Pattern {
    /// The pattern of these parts, which hold no file and no `{no-eol}`.
    ///
    /// # Errors
    /// When it is not clear where one gap ends and the next begins.
    pub(super) fn new(parts: Vec<Part>) -> Result<Self, Problem> {
        let mut pattern = Self::default();
        for part in parts {
            let gap = match part {
                Part::Text(piece) => {
                    pattern.gaps.last_mut().map_or(&mut pattern.start, |(_, text)| text).push(piece);
                    continue;
                }
                Part::Capture(name) => Some(name),
                _ => None,
            };
            if pattern.gaps.last().is_some_and(|(_, text)| text.is_empty()) {
                let why = "nothing tells where one run of any characters ends and the next begins";
                return Err(Problem::new("{…*}", why).hint("put some text between them"));
            }
            pattern.gaps.push((gap, Text::default()));
        }
        Ok(pattern)
    }

    /// Whether anything may stand at its end.
    pub(super) fn is_open(&self) -> bool {
        self.gaps.last().is_some_and(|(_, text)| text.is_empty())
    }

    /// The whole line, if nothing in it is left open.
    pub(super) fn fixed(&self) -> Option<&[u8]> {
        if self.gaps.is_empty() { self.start.fixed() } else { None }
    }

    /// What is kept of the line, which is given without its end, if it matches.
    ///
    /// # Errors
    /// When what was captured cannot be used so, in words.
    pub(super) fn matches(&self, line: &[u8], captured: &Captured) -> Result<Option<Kept>, &'static str> {
        let Some(mut rest) = line.strip_prefix(self.start.make(captured)?.as_slice()) else { return Ok(None) };
        let mut kept = Kept::new();
        for (number, (name, text)) in self.gaps.iter().enumerate() {
            let text = text.make(captured)?;
            let is_last = number + 1 == self.gaps.len();
            let at = if is_last { rest.ends_with(&text).then(|| rest.len() - text.len()) } else { find(rest, &text) };
            let Some((gap, from_text)) = at.and_then(|at| rest.split_at_checked(at)) else { return Ok(None) };
            kept.extend(name.iter().map(|name| (Rc::clone(name), gap.to_vec())));
            rest = from_text.get(text.len()..).unwrap_or_default();
        }
        Ok((rest.is_empty() || !self.gaps.is_empty()).then_some(kept))
    }

    /// Compares with bytes that have come and not been read, when no end of line is demanded.
    ///
    /// # Errors
    /// When what was captured cannot be used so, in words.
    pub(super) fn prompted(&self, bytes: &[u8], captured: &Captured) -> Result<Prompted, &'static str> {
        let start = self.start.make(captured)?;
        let Some(mut rest) = bytes.strip_prefix(start.as_slice()) else {
            return Ok(if start.starts_with(bytes) { Prompted::NotYet } else { Prompted::Differs });
        };
        let mut kept = Kept::new();
        for (name, text) in &self.gaps {
            let text = text.make(captured)?;
            // What may be anything is so within the line.
            let line = rest.iter().position(|byte| *byte == b'\n');
            let Some(at) = find(rest, &text).filter(|at| line.is_none_or(|end| *at <= end)) else {
                return Ok(if line.is_some() { Prompted::Differs } else { Prompted::NotYet });
            };
            let (gap, from_text) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            kept.extend(name.iter().map(|name| (Rc::clone(name), gap.to_vec())));
            rest = from_text.get(text.len()..).unwrap_or_default();
        }
        Ok(Prompted::Matches(bytes.len() - rest.len(), kept))
    }
}

/// Where `text` stands first.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    bytes.windows(text.len()).position(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::text::Piece;
    use proptest::prelude::*;

    /// `*` is a gap, a capital letter one that is kept; the rest is text.
    fn pattern(written: &str) -> Pattern {
        let part = |c: char| match c {
            '*' => Part::Any,
            c if c.is_ascii_uppercase() => Part::Capture(c.to_string().into()),
            c => Part::Text(Piece::Bytes(c.to_string().into_bytes())),
        };
        Pattern::new(written.chars().map(part).collect()).unwrap()
    }

    fn kept(written: &str, line: &str) -> Option<String> {
        let kept = pattern(written).matches(line.as_bytes(), &Captured::new()).unwrap()?;
        Some(kept.iter().map(|(name, text)| format!("{name}={} ", String::from_utf8_lossy(text))).collect())
    }

    fn prompted(written: &str, bytes: &str) -> Prompted {
        pattern(written).prompted(bytes.as_bytes(), &Captured::new()).unwrap()
    }

    #[test]
    fn the_whole_line_has_to_match() {
        for (written, line) in
            [("ab", "ab"), ("", ""), ("*", ""), ("*", "x"), ("a*", "a"), ("*b", "bab"), ("a*c*e", "abcde")]
        {
            assert_eq!(kept(written, line).as_deref(), Some(""), "{written} {line}");
        }
        for (written, line) in
            [("ab", "abc"), ("", "x"), ("a*a", "a"), ("*b", "ba"), ("a*c*e", "ace."), ("a*c*c", "abc")]
        {
            assert_eq!(kept(written, line), None, "{written} {line}");
        }
    }

    #[test]
    fn what_is_kept_is_as_short_as_lets_the_rest_match() {
        assert_eq!(kept("AxB", "1x2x3").as_deref(), Some("A=1 B=2x3 "));
        assert_eq!(kept("*<A>*", "+OK ready <1@h> <2@h>").as_deref(), Some("A=1@h "));
        assert_eq!(kept("Ax", "1x2x").as_deref(), Some("A=1x2 "), "the rest has to match, too");
    }

    #[test]
    fn gaps_need_text_between_them() {
        assert!(Pattern::new(vec![Part::Any, Part::Capture("a".into())]).is_err());
        assert!(pattern("a*").is_open() && !pattern("a*b").is_open() && !pattern("").is_open());
    }

    #[test]
    fn a_prompt_matches_when_its_last_text_has_come() {
        assert_eq!(prompted("login: ", "log"), Prompted::NotYet);
        assert_eq!(prompted("login: ", "login: x"), Prompted::Matches(7, Kept::new()));
        assert_eq!(prompted("login: ", "logout"), Prompted::Differs);
        assert_eq!(prompted("*: ", "host login"), Prompted::NotYet);
        assert_eq!(prompted("*: ", "host login: "), Prompted::Matches(12, Kept::new()));
        assert_eq!(prompted("*: ", "motd\nhost login: "), Prompted::Differs, "not beyond the line");
    }

    proptest! {
        #[test]
        fn text_matches_itself_and_prompts_itself(text in "[ab\\\\{}]{0,8}", more in "[ab]{0,3}") {
            prop_assert!(kept(&text, &text).is_some());
            prop_assert_eq!(prompted(&text, &(text.clone() + &more)), Prompted::Matches(text.len(), Kept::new()));
        }

        #[test]
        fn what_matches_is_the_texts_with_something_between(parts in prop::collection::vec("[ab]{1,3}", 1..4), gaps in "[ab]{0,3}") {
            let line = parts.join(&gaps);
            prop_assert!(kept(&parts.join("*"), &line).is_some());
        }
    }
}
