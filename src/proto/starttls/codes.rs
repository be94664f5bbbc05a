//! Replies that begin with three digits, of one line or several (RFC 5321, 4.2; RFC 959, 4.2).
//!
//! A newcomer's trap: between the first and the last line of an FTP reply anything may stand, other
//! codes as well; in SMTP every line has the code.

use super::script::Trouble;
use crate::proto::code::Code;

/// A complete reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// Its lines, without their ends and not escaped; one at least.
    lines: Vec<Vec<u8>>,
}

impl Reply {
    /// The line that tells most, for messages.
    pub(super) fn words(&self) -> &[u8] {
        self.lines.first().map_or(b"", Vec::as_slice)
    }

    /// Whether one of its lines begins with this word, in any case, after the code.
    pub(super) fn offers(&self, word: &str) -> bool {
        self.lines.iter().filter_map(|line| line.get(4..)).any(|text| first_word_is(text, word))
    }
}

/// The lines of a reply that is not complete yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: Vec<Vec<u8>>,
    /// The code of the first.
    code: u16,
    /// As in FTP, anything may stand between the first and the last.
    anything_between: bool,
}

impl Lines {
    /// For FTP.
    pub(super) fn with_anything_between() -> Self {
        Self { anything_between: true, ..Self::default() }
    }

    /// Takes a line; the reply that it completes.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Option<Reply>, Trouble> {
        let is_first = self.lines.is_empty();
        let is_last = match Code::parse(line) {
            Some(code) if is_first => {
                self.code = code.number;
                !code.goes_on
            }
            Some(code) if code.number == self.code => !code.goes_on,
            _ if self.anything_between && !is_first => false,
            _ => return Err(Trouble::odd(line)),
        };
        self.lines.push(line.to_vec());
        Ok(is_last.then(|| Reply { code: self.code, lines: std::mem::take(&mut self.lines) }))
    }
}

/// Whether a text's first word is this one, in any case: a capability, whatever follows it.
pub(super) fn first_word_is(text: &[u8], word: &str) -> bool {
    text.split(|byte| *byte == b' ').next().is_some_and(|first| first.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(mut lines: Lines, text: &str) -> Result<Option<Reply>, Trouble> {
        text.lines().map(|line| lines.take(line.as_bytes())).find(|it| !matches!(it, Ok(None))).unwrap_or(Ok(None))
    }

    #[test]
    fn a_reply_ends_with_the_line_that_has_no_hyphen() {
        let reply = take(Lines::default(), "250-first\n250-second\n250 third").unwrap().unwrap();
        assert_eq!((reply.code, reply.words()), (250, &b"250-first"[..]));
        assert_eq!(take(Lines::default(), "220").unwrap().unwrap().code, 220);
        assert_eq!(take(Lines::default(), "250-first\n250-second").unwrap(), None);
    }

    #[test]
    fn what_stands_between_is_free_in_ftp_alone() {
        let text = "220-hello\n 220 no end\n230 nor this\n220-nor this\n220 end";
        assert_eq!(take(Lines::with_anything_between(), text).unwrap().unwrap().lines.len(), 5);
        assert!(take(Lines::default(), text).is_err() && take(Lines::default(), "250-a\n220 b").is_err());
    }

    #[test]
    fn what_has_no_code_is_odd() {
        for odd in ["", "22", "+OK", "2200 x", "22a x", "022 x", "920 x", "220\tx", "220_", "٢٢٠ x"] {
            assert!(take(Lines::with_anything_between(), &format!("{odd}\n")).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn an_offer_is_a_whole_word_in_any_case() {
        let offers = |text: &str| take(Lines::default(), text).unwrap().unwrap().offers("STARTTLS");
        assert!(
            offers("250-h\n250 STARTTLS") && offers("250-h\n250-starttls \n250 x") && offers("250-h\n250 StartTLS x")
        );
        for other in ["STARTTLSX", "XSTARTTLS", "AUTH STARTTLS", "START TLS", "", "STARTTLS\t", "\u{17f}TARTTLS"] {
            assert!(!offers(&format!("250-h\n250 {other}")), "{other:?}");
        }
        assert!(!offers("250-starttls.example.org\n250 x") && !offers("250"));
    }
}
