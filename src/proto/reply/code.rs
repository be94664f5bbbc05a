//! What a [code](crate::proto::code) of three digits says of a reply, and a word of a command.
//!
//! A newcomer's trap: the first digit alone says how it went; a code of FTP or news may mean something else than in mail.

use super::Kind;
use crate::{
    error::{Error, Result},
    report::escape,
};

pub(super) use crate::proto::code::Code;

impl Code {
    /// What a line begins with: three digits, and a space, a hyphen or nothing behind them.
    ///
    /// # Errors
    /// When it does not; the line is named.
    pub(super) fn of(line: &[u8], protocol: &str) -> Result<Self> {
        Self::parse(line).ok_or_else(|| no_reply(line, protocol))
    }

    /// What kind of reply it is by its first digit.
    pub(super) fn kind(self) -> Kind {
        match self.number {
            200..300 => Kind::Success,
            400..500 => Kind::Transient,
            500.. => Kind::Permanent,
            _ => Kind::Continue,
        }
    }
}

/// The kind of reply that the beginning of a line tells by its code, once what stands behind the code is there.
pub(super) fn kind(beginning: &[u8]) -> Option<Kind> {
    const SHORTEST: usize = 4;
    Code::parse(beginning.get(..SHORTEST)?.trim_ascii_end()).map(Code::kind)
}

/// Whether the word that a line has at this place, counted from 0, has come to its end; it is given if so.
pub(super) fn whole_word(beginning: &[u8], place: usize) -> Option<&[u8]> {
    let mut words = beginning.split(u8::is_ascii_whitespace).skip(place);
    words.next().filter(|_| words.next().is_some())
}

/// The error of a line that cannot be a reply; it is named.
pub(super) fn no_reply(line: &[u8], protocol: &str) -> Error {
    Error::network("the reply", format!("\"{}\" is no reply of {protocol}", escape(line)))
}

/// The first word of a command, in capitals; empty if it is longer than any command. Space before it
/// does not count: there are servers to which it does not either.
pub(super) fn verb(line: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 12;
    let word = line.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if word.len() > LONGEST { Vec::new() } else { word.to_ascii_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_digits_and_a_space_a_hyphen_or_nothing() {
        assert_eq!(Code::of(b"250 ok", "SMTP"), Ok(Code { number: 250, goes_on: false }));
        assert_eq!(Code::of(b"250-ok", "SMTP"), Ok(Code { number: 250, goes_on: true }));
        assert_eq!(Code::of(b"599", "SMTP"), Ok(Code { number: 599, goes_on: false }));
        for line in [&b""[..], b"99 x", b"2500 x", b"250x", b"099 x", b"600 x", b" 250 x", b"2\xff0 x", b"25"] {
            assert!(Code::of(line, "SMTP").is_err(), "{line:?}");
        }
        let error = Code::of(b"99 \x1b[2J", "SMTP").unwrap_err();
        assert_eq!(error.to_string(), "the reply: \"99 \\u{1b}[2J\" is no reply of SMTP");
    }

    #[test]
    fn the_first_digit_says_how_it_went() {
        let kinds = [150, 250, 354, 421, 550].map(|number| Code { number, goes_on: false }.kind());
        assert_eq!(kinds, [Kind::Continue, Kind::Success, Kind::Continue, Kind::Transient, Kind::Permanent]);
    }

    #[test]
    fn the_beginning_of_a_line_tells_its_kind_as_soon_as_the_code_is_whole() {
        for line in ["250 ", "250-", "250 ok\r\n", "250\n", "250\r\n", "250\r"] {
            assert_eq!(kind(line.as_bytes()), Some(Kind::Success), "{line:?}");
        }
        for line in ["", "2", "250", "2500", "250x", "\n250", "099 ", "600 "] {
            assert_eq!(kind(line.as_bytes()), None, "{line:?}");
        }
        assert_eq!(whole_word(b"+OK", 0), None);
        assert_eq!(whole_word(b"+OK\n", 0), Some(&b"+OK"[..]));
        assert_eq!((whole_word(b"a OK", 1), whole_word(b"a OK ", 1)), (None, Some(&b"OK"[..])));
    }

    #[test]
    fn a_verb_is_the_first_word_in_capitals() {
        assert_eq!(verb(b"mail FROM:<x>"), b"MAIL");
        assert_eq!(verb(b"quit"), b"QUIT");
        assert_eq!(verb(b"DATA\t "), b"DATA");
        assert_eq!(verb(b" DATA"), b"DATA");
        assert_eq!(verb(b" "), b"");
        assert_eq!(verb(&[b'x'; 100]), b"");
    }

    proptest! {
        #[test]
        fn nothing_panics(line in prop::collection::vec(any::<u8>(), 0..9)) {
            let _ = Code::of(&line, "SMTP");
            let _ = verb(&line);
        }
    }
}
