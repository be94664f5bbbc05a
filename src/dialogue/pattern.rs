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
                let may_come = line.is_none_or(|end| may_begin(rest, &text, end));
                return Ok(if may_come { Prompted::NotYet } else { Prompted::Differs });
            };
            let (gap, from_text) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            kept.extend(name.iter().map(|name| (Rc::clone(name), gap.to_vec())));
            rest = from_text.get(text.len()..).unwrap_or_default();
        }
        Ok(Prompted::Matches(bytes.len() - rest.len(), kept))
    }
}

/// Where `text` stands first: in linear time (Knuth, Morris and Pratt), for the peer may have said both.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let (borders, mut matched) = (borders(text), 0);
    for (at, byte) in bytes.iter().enumerate() {
        matched = grown(text, &borders, matched, *byte);
        if matched == text.len() {
            return Some(at + 1 - matched);
        }
    }
    None
}

/// For each beginning of `text`, how much of `text` it ends with that is not all of it.
fn borders(text: &[u8]) -> Vec<usize> {
    let (mut borders, mut matched) = (vec![0], 0);
    for byte in text.iter().skip(1) {
        matched = grown(text, &borders, matched, *byte);
        borders.push(matched);
    }
    borders
}

/// How much of `text` has come with `byte`, when so much had come before it.
fn grown(text: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && text.get(matched) != Some(&byte) {
        matched = borders.get(matched - 1).copied().unwrap_or_default();
    }
    matched + usize::from(text.get(matched) == Some(&byte))
}

/// Whether `text` may stand at `last` or before, once more has come: its beginning is what came last.
fn may_begin(bytes: &[u8], text: &[u8], last: usize) -> bool {
    let first = bytes.len().saturating_sub(text.len().saturating_sub(1));
    (first..=last).any(|at| bytes.get(at..).is_some_and(|end| text.starts_with(end)))
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

    #[test]
    fn a_prompt_may_go_on_behind_the_end_of_a_line() {
        assert_eq!(prompted("*\r\n> ", "motd\r"), Prompted::NotYet);
        assert_eq!(prompted("*\r\n> ", "motd\r\n"), Prompted::NotYet);
        assert_eq!(prompted("*\r\n> ", "motd\r\n>"), Prompted::NotYet);
        assert_eq!(prompted("*\r\n> ", "motd\r\n> "), Prompted::Matches(8, Kept::new()));
        assert_eq!(prompted("*\r\n> ", "motd\r\nx"), Prompted::Differs);
        assert_eq!(prompted("*\n", "a\nb"), Prompted::Matches(2, Kept::new()));
    }

    #[test]
    fn many_gaps_do_not_blow_up() {
        // A matcher that tries all ways would take longer than anyone lives.
        let written = "a*".repeat(500) + "b";
        let line = "a".repeat(100_000);
        assert_eq!(kept(&written, &line), None);
        assert_eq!(kept(&written, &(line.clone() + "b")).as_deref(), Some(""));
        assert_eq!(prompted(&written, &line), Prompted::NotYet);
        let mebibyte = "ab".repeat(512 * 1024);
        assert_eq!(kept(&("*b".repeat(2000) + "c"), &mebibyte), None);
    }

    #[test]
    fn a_long_text_that_nearly_repeats_does_not_blow_up() {
        // In `{*}{name}{*}` both are the peer's: compared at each place, this takes minutes.
        let text = "a".repeat(400_000);
        assert_eq!(find("a".repeat(1_000_000).as_bytes(), (text.clone() + "b").as_bytes()), None);
        assert_eq!(find(("a".repeat(1_000_000) + "b").as_bytes(), (text + "b").as_bytes()), Some(600_000));
    }

    /// Whether a line matches, tried in all ways.
    fn naively(written: &[u8], line: &[u8]) -> bool {
        match (written.split_first(), line.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((b'*', rest)), None) => naively(rest, line),
            (Some((b'*', rest)), Some((_, shorter))) => naively(rest, line) || naively(written, shorter),
            (Some((byte, rest)), Some((first, shorter))) => byte == first && naively(rest, shorter),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_is_found_where_it_stands_first(bytes in "[ab]{0,16}", text in "[ab]{0,5}") {
            prop_assert_eq!(find(bytes.as_bytes(), text.as_bytes()), bytes.find(&text));
        }

        #[test]
        fn a_line_matches_if_it_does_in_any_way(written in "[ab]{0,2}(\\*[ab]{1,3}){0,4}\\*?", line in "[ab]{0,14}") {
            prop_assert_eq!(kept(&written, &line).is_some(), naively(written.as_bytes(), line.as_bytes()));
        }

        #[test]
        fn what_was_kept_gives_the_line_again(
            texts in prop::collection::vec("[ab]{1,2}", 0..4),
            line in "[ab]{0,14}",
        ) {
            let written: String = texts.iter().zip('A'..).map(|(text, name)| format!("{text}{name}")).collect();
            if let Some(kept) = pattern(&written).matches(line.as_bytes(), &Captured::new()).unwrap() {
                let given = kept.iter().fold(written, |given, (name, text)| {
                    given.replace(&**name, std::str::from_utf8(text).unwrap())
                });
                prop_assert_eq!(given, line);
            }
        }

        #[test]
        fn a_prompt_comes_in_any_pieces(written in "[ab\n]{0,2}(\\*[ab\r\n]{1,3}){0,3}", bytes in "[ab\r\n]{0,10}") {
            let whole = prompted(&written, &bytes);
            let mut pieces = (0..=bytes.len()).map(|end| prompted(&written, &bytes[..end]));
            let first = pieces.find(|it| *it != Prompted::NotYet);
            // What was told of a part is so of the whole.
            prop_assert_eq!(first.unwrap_or(Prompted::NotYet), whole);
        }

        #[test]
        fn text_matches_itself_and_prompts_itself(text in "[ab\\\\{}]{0,8}", more in "[ab]{0,3}") {
            prop_assert!(kept(&text, &text).is_some());
            prop_assert_eq!(prompted(&text, &(text.clone() + &more)), Prompted::Matches(text.len(), Kept::new()));
        }

        #[test]
        fn what_matches_is_the_texts_with_something_between(
            parts in prop::collection::vec("[ab]{1,3}", 1..4),
            gaps in "[ab]{0,3}",
        ) {
            let line = parts.join(&gaps);
            prop_assert!(kept(&parts.join("*"), &line).is_some());
        }
    }
}
