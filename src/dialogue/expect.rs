//! What the peer has to say next: a line, a prompt, a whole reply, the lines of a file.
//!
//! A newcomer's trap: a reply code alone is a whole reply. Who wants to see a line of it, writes more than
//! the code: `S: 250 {*}`; or, behind the first line of a listing, all of them.

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
                let &[tag, b"OK" | b"NO" | b"BAD"] = words.as_slice() else { return None };
                // `*` and `+` stand before what has no tag (RFC 9051, 2.2.2).
                (!matches!(tag, b"" | b"*" | b"+") && is_tag(tag)).then(|| Self::Tagged(line.to_vec()))
            }
        }
    }

    /// Whether a text may be one.
    pub(super) fn is(text: &[u8]) -> bool {
        Self::read(text, |_| true).is_some()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::text::Piece;

    fn text(text: &str) -> Part {
        Part::Text(Piece::Bytes(text.into()))
    }

    fn expect(parts: Vec<Part>) -> Result<Expect, Problem> {
        Expect::from_side(Side::Server, parts, |word| word == b"a1")
    }

    fn said_by(code: &str) -> impl Fn(&str) -> bool {
        let Ok(Expect::Reply(code)) = expect(vec![text(code)]) else { panic!("{code}") };
        move |line| code.is_said_by(line.as_bytes())
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        for code in ["100", "250", "599", "+OK", "-ERR", "a1 OK", "a1 NO", "a1 BAD"] {
            assert!(matches!(expect(vec![text(code)]), Ok(Expect::Reply(_))), "{code}");
        }
        for line in
            ["", "2500", "099", "600", "25x", "250 ok", "+OK ", "+ok", "OK", "a1 BYE", "a2 OK", "a1  OK", "* OK"]
        {
            assert!(matches!(expect(vec![text(line)]), Ok(Expect::Line(_))), "{line}");
        }
        let of_forms = expect(vec![text("2"), Part::Text(Piece::Bytes(b"50".to_vec()))]);
        assert_eq!(of_forms, Ok(Expect::Reply(Code::Digits(b"250".to_vec()))), "whichever way it is written");
        assert!(matches!(expect(vec![text("250"), Part::Any]), Ok(Expect::Line(_))));
    }

    #[test]
    fn codes_are_whole_words() {
        let ok = said_by("250");
        assert!(ok("250") && ok("250 ok") && ok("250-more") && ok("250 "));
        assert!(!ok("2500") && !ok("251 ok") && !ok("25") && !ok("") && !ok(" 250") && !ok("250\tok"));
        let ok = said_by("+OK");
        assert!(ok("+OK") && ok("+OK 2 320") && !ok("+OKAY") && !ok("+OK-") && !ok("-ERR"));
        let ok = said_by("a1 OK");
        assert!(ok("a1 OK") && ok("a1 OK done") && !ok("a1 OKAY") && !ok("a1 NO") && !ok("a11 OK"));
    }

    #[test]
    fn a_prompt_ends_with_text() {
        assert!(matches!(expect(vec![text("login: "), Part::NoEol]), Ok(Expect::Prompt(_))));
        assert!(matches!(expect(vec![Part::Any, text(": "), Part::NoEol]), Ok(Expect::Prompt(_))));
        assert!(matches!(expect(vec![text("250"), Part::NoEol]), Ok(Expect::Prompt(_))), "no reply");
        for open in [Part::Any, Part::Capture("x".into()), Part::Masked] {
            assert!(expect(vec![text("x"), open.clone(), Part::NoEol]).is_err(), "{open:?}");
            let nothing = Part::Text(Piece::Bytes(Vec::new()));
            assert!(expect(vec![open, nothing, Part::NoEol]).is_err(), "an empty variable is no text");
        }
        assert!(expect(vec![Part::NoEol, text("x")]).is_err());
        assert!(expect(vec![text("x"), Part::NoEol, Part::NoEol]).is_err());
    }

    #[test]
    fn the_lines_of_a_file_are_a_listing() {
        let file = || Part::File("x".into());
        assert!(matches!(expect(vec![file()]), Ok(Expect::Listing(_))));
        assert!(matches!(expect(vec![text("x"), Part::Base64File("x".into())]), Ok(Expect::Listing(_))));
        for open in [Part::Any, Part::Capture("x".into()), Part::Masked, Part::NoEol] {
            assert!(expect(vec![file(), open.clone()]).is_err(), "{open:?}");
        }
    }
}
