//! IMAP's STARTTLS (RFC 9051, 6.2.1).
//!
//! A newcomer's trap: a server that greets with PREAUTH has taken the client for somebody already,
//! and STARTTLS is not allowed then. Somebody in between can have written that greeting; going on in
//! clear is what he wants.

use super::script::{Next, Script, Trouble};
use crate::proto::literal;

const CAPABILITY: &str = "A1";
const STARTTLS: &str = "A2";

#[derive(Debug, Default)]
pub(super) struct Imap {
    at: At,
    offered: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Greeting,
    Capability,
    Starttls,
}

impl Script for Imap {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        if announces_literal(line) {
            return Err(Trouble::odd(line));
        }
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (tag, status, text) = (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is = |word: &str| status.eq_ignore_ascii_case(word.as_bytes());
        if is("OK") {
            self.offered |= listed(text);
        }
        match (self.at, tag) {
            (_, Some(b"*")) if is("BYE") => Err(Trouble::refused("service", line)),
            (_, Some(b"*")) if is("PREAUTH") => {
                let why = "it has logged the client in already (PREAUTH), and cannot be asked to encrypt any more";
                Err(Trouble::new(why).hint("somebody in between may have said so; if it is true, use --ssl"))
            }
            (At::Greeting, Some(b"*")) if is("OK") && self.offered => Ok(self.ask()),
            (At::Greeting, Some(b"*")) if is("OK") => {
                self.at = At::Capability;
                Ok(Next::line(&format!("{CAPABILITY} CAPABILITY")))
            }
            (At::Capability, Some(b"*")) if is("CAPABILITY") => {
                self.offered |= has_word(text);
                Ok(Next::Listen)
            }
            (At::Capability | At::Starttls, Some(b"*")) => Ok(Next::Listen),
            (At::Capability, Some(tag)) if tag == CAPABILITY.as_bytes() => match (is("OK"), self.offered) {
                (true, true) => Ok(self.ask()),
                (true, false) => Err(Trouble::lacks("STARTTLS")),
                (false, _) => Err(Trouble::refused("CAPABILITY", line)),
            },
            (At::Starttls, Some(tag)) if tag == STARTTLS.as_bytes() => match is("OK") {
                true => Ok(Next::Agreed),
                false => Err(Trouble::refused("STARTTLS", line)),
            },
            _ => Err(Trouble::odd(line)),
        }
    }
}

impl Imap {
    fn ask(&mut self) -> Next {
        self.at = At::Starttls;
        Next::line(&format!("{STARTTLS} STARTTLS"))
    }
}

/// Whether a response code, `[CAPABILITY …]`, lists it.
fn listed(text: &[u8]) -> bool {
    let code = text.strip_prefix(b"[").and_then(|text| text.split(|byte| *byte == b']').next());
    code.is_some_and(|code| super::codes::first_word_is(code, "CAPABILITY") && has_word(code))
}

fn has_word(text: &[u8]) -> bool {
    text.split(|byte| *byte == b' ').any(|word| word.eq_ignore_ascii_case(b"STARTTLS"))
}

/// Whether a line says that counted bytes follow (RFC 9051, 4.3), as no reply here needs.
pub(super) fn announces_literal(line: &[u8]) -> bool {
    literal::digits(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};
    use super::announces_literal;

    #[test]
    fn capability_and_starttls_are_said() {
        let said =
            "* OK hi\r\n* CAPABILITY IMAP4rev1 starttls LOGINDISABLED\r\nA1 OK done\r\n* 3 EXISTS\r\nA2 ok go\r\n";
        assert_eq!(agrees("imap", said), "A1 CAPABILITY\r\nA2 STARTTLS\r\n");
    }

    #[test]
    fn a_greeting_that_tells_is_not_asked_again() {
        assert_eq!(agrees("imap", "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\nA2 OK go\r\n"), "A2 STARTTLS\r\n");
        let partly = "* OK [CAPABILITY IMAP4rev1] use STARTTLS ]\r\n* CAPABILITY STARTTLS\r\nA1 OK\r\nA2 OK\r\n";
        assert_eq!(agrees("imap", partly), "A1 CAPABILITY\r\nA2 STARTTLS\r\n");
    }

    #[test]
    fn who_is_logged_in_already_goes_no_further() {
        fails("imap", "* PREAUTH [CAPABILITY STARTTLS] hi\r\n", "(PREAUTH), and cannot be asked to encrypt any more; ");
        fails("imap", "* OK [CAPABILITY STARTTLS] hi\r\n* PREAUTH\r\n", "PREAUTH");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("* BYE \x1b[busy\r\n", "it refuses service: * BYE \\u{1b}[busy"),
            ("* OK x\r\n* BYE gone\r\n", "it refuses service: * BYE gone"),
            ("* OK x\r\nA1 BAD what?\r\n", "it refuses CAPABILITY: A1 BAD what?"),
            ("* OK x\r\n* CAPABILITY XSTARTTLS STARTTLSX\r\nA1 OK STARTTLS\r\n", "it does not offer STARTTLS"),
            ("* OK x\r\nA1 OK\r\n", "it does not offer STARTTLS; it may have a port"),
            ("* OK [CAPABILITY STARTTLS] x\r\nA2 NO off\r\n", "it refuses STARTTLS: A2 NO off"),
        ] {
            fails("imap", said, says);
        }
    }

    #[test]
    fn what_answers_nothing_that_was_asked_makes_no_sense() {
        for said in [
            "* OK x\r\n* CAPABILITY STARTTLS\r\nA2 OK\r\n",
            "* OK x\r\na1 OK\r\n",
            "* OK x\r\n+ go on\r\n",
            "* OK [CAPABILITY STARTTLS] x\r\nA1 OK\r\n",
            "A1 OK\r\n",
            "* CAPABILITY STARTTLS\r\n",
            "*\r\n",
            "\r\n",
            "220 smtp\r\n",
            "* OK x\r\n* CAPABILITY {4294967296}\r\n",
            "* OK x\r\n* 1 FETCH (BODY[] {4294967296+}\r\n",
        ] {
            fails("imap", said, "no sense here: ");
        }
    }

    #[test]
    fn literals_are_known_by_their_length() {
        assert!(
            announces_literal(b"x {0}") && announces_literal(b"{12+}") && announces_literal(b"~{99999999999999999999}")
        );
        assert!(
            !announces_literal(b"{}")
                && !announces_literal(b"{a}")
                && !announces_literal(b"3}")
                && !announces_literal(b"{3} ")
        );
    }
}
