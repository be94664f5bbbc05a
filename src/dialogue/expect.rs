//! What the peer has to say next: a line, a prompt, a whole reply, the lines of a file.
//!
//! A newcomer's trap: a reply code alone is a whole reply. Who wants to see a line of it, writes more than
//! the code: `S: 250 {*}`.

use super::{
    form::{Part, Problem},
    pattern::Pattern,
    template::Template,
};
use crate::proto::evidence::Side;

/// See the module's description.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// One line.
    Line(Pattern),
    /// `{no-eol}`: these bytes.
    Prompt(Pattern),
    /// A reply with this code, however many lines it has.
    Reply(Code),
    /// All that is said here, which is more than a line.
    Listing(Template),
}

/// A reply code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    /// Three digits (RFC 5321, 4.2; RFC 959, 4.2; RFC 3977, 3.2).
    Digits(Vec<u8>),
    /// `+OK` or `-ERR` (RFC 1939, 3).
    Status(Vec<u8>),
    /// A tag, and OK, NO or BAD (RFC 9051, 7.1).
    Tagged(Vec<u8>),
}

impl Expect {
    /// What has to be said by `side`, if its line has these parts; `is_tag` tells whether a command began with
    /// this word.
    ///
    /// # Errors
    /// When it cannot be checked.
    pub(super) fn from_side(side: Side, mut parts: Vec<Part>, is_tag: impl Fn(&[u8]) -> bool) -> Result<Self, Problem> {
        let no_eol = parts.pop_if(|last| *last == Part::NoEol).is_some();
        if parts.contains(&Part::NoEol) {
            return Err(Problem::new("{no-eol}", "it has to be the last in its line"));
        }
        if parts.iter().any(|part| matches!(part, Part::File(_) | Part::Base64File(_))) {
            return Self::listing(parts, no_eol);
        }
        let pattern = Pattern::new(parts)?;
        if no_eol {
            if pattern.is_open() {
                let why = "without an end of line, nothing tells where a run of any characters ends";
                return Err(Problem::new("{no-eol}", why).hint("end the line with some text of the prompt"));
            }
            return Ok(Self::Prompt(pattern));
        }
        let code = pattern.fixed().filter(|_| side == Side::Server).and_then(|text| Code::read(text, is_tag));
        Ok(code.map_or(Self::Line(pattern), Self::Reply))
    }

    fn listing(parts: Vec<Part>, no_eol: bool) -> Result<Self, Problem> {
        let open = parts.iter().any(|part| matches!(part, Part::Any | Part::Capture(_) | Part::Masked));
        if open || no_eol {
            return Err(Problem::new("{file:PATH}", "lines that have to be those of a file cannot be left open"));
        }
        Ok(Self::Listing(Template::said_by(Side::Client, parts)?))
    }
}

impl Code {
    /// The code, if that is all there is in the line.
    fn read(line: &[u8], is_tag: impl Fn(&[u8]) -> bool) -> Option<Self> {
        match line {
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => Some(Self::Digits(line.to_vec())),
            b"+OK" | b"-ERR" => Some(Self::Status(line.to_vec())),
            _ => {
                let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
                let [tag, b"OK" | b"NO" | b"BAD"] = words.as_slice() else { return None };
                is_tag(tag).then(|| Self::Tagged(line.to_vec()))
            }
        }
    }

    /// Whether a line, given without its end, says that this is the reply; of several lines of three
    /// digits, each does.
    pub(super) fn is_said_by(&self, line: &[u8]) -> bool {
        let (code, more) = match self {
            Self::Digits(code) => (code, &b" -"[..]),
            Self::Status(code) | Self::Tagged(code) => (code, &b" "[..]),
        };
        line.strip_prefix(code.as_slice()).is_some_and(|rest| rest.first().is_none_or(|next| more.contains(next)))
    }
}
