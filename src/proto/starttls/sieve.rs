//! ManageSieve's STARTTLS (RFC 5804, 1.7 and 2.2).
//!
//! A newcomer's trap: strings stand in quotes, and could come as literals as well; no server writes
//! its capabilities so, and counted bytes behind its agreement would be no agreement.

use super::{
    imap::announces_literal,
    script::{Next, Script, Trouble},
};

#[derive(Debug, Default)]
pub(super) struct Sieve {
    offered: bool,
    asked: bool,
}

impl Script for Sieve {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        let end = line.iter().position(|byte| matches!(byte, b' ' | b'('));
        let word = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        let is = |other: &[u8]| word.eq_ignore_ascii_case(other);
        let what = if self.asked { "STARTTLS" } else { "service" };
        match word {
            // The words of a refusal may be a literal; it is over in any case.
            _ if is(b"NO") || is(b"BYE") => Err(Trouble::refused(what, line)),
            _ if announces_literal(line) => Err(Trouble::odd(line)),
            _ if is(b"OK") && self.asked => Ok(Next::Agreed),
            _ if is(b"OK") && self.offered => {
                self.asked = true;
                Ok(Next::line("STARTTLS"))
            }
            _ if is(b"OK") => Err(Trouble::lacks("STARTTLS")),
            [b'"', ..] if !self.asked => {
                self.offered |= is(b"\"STARTTLS\"");
                Ok(Next::Listen)
            }
            _ => Err(Trouble::odd(line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    const OFFER: &str =
        "\"IMPLEMENTATION\" \"x {3}y\"\r\n\"SASL\" \"\"\r\n\"StartTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK\r\n";

    #[test]
    fn starttls_is_said_when_the_greeting_is_over() {
        assert_eq!(agrees("sieve", &format!("{OFFER}ok \"go\"\r\n")), "STARTTLS\r\n");
        assert_eq!(agrees("sieve", &format!("{OFFER}OK(TAG \"x\") \"go\"\r\n")), "STARTTLS\r\n");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("BYE \"busy\x08\"\r\n".to_owned(), "it refuses service: BYE \"busy\\u{8}\""),
            ("\"SIEVE\" \"STARTTLS\"\r\n\"XSTARTTLS\"\r\nOK\r\n".to_owned(), "it does not offer STARTTLS; it may"),
            (format!("{OFFER}NO (TRYLATER) {{5}}\r\nlater"), "it refuses STARTTLS: NO (TRYLATER) {5}"),
            (format!("{OFFER}OK {{5}}\r\nhello\r\n"), "no sense here: OK {5}"),
            (format!("{OFFER}\"STARTTLS\"\r\n"), "no sense here: \"STARTTLS\""),
            ("\"IMPLEMENTATION\" {4294967296}\r\n".to_owned(), "no sense here: \"IMPLEMENTATION\" {4294967296}"),
            ("220 smtp\r\n".to_owned(), "no sense here: 220 smtp"),
        ] {
            fails("sieve", &said, says);
        }
    }
}
