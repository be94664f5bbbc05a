//! NNTP's STARTTLS (RFC 4642).
//!
//! A newcomer's trap: every server has to know CAPABILITIES (RFC 3977, 5.2), so one that does not is
//! asked for nothing more.

use super::{
    codes::first_word_is,
    script::{Next, Script, Trouble},
};
use crate::proto::code::Code;

#[derive(Debug, Default)]
pub(super) struct Nntp {
    at: At,
}

#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Greeting,
    /// The status of CAPABILITIES.
    Capabilities,
    /// In the list of them.
    List {
        offered: bool,
    },
    Starttls,
}

impl Script for Nntp {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        if let At::List { offered } = self.at {
            return match line {
                b"." if offered => {
                    self.at = At::Starttls;
                    Ok(Next::line("STARTTLS"))
                }
                b"." => Err(Trouble::lacks("STARTTLS")),
                _ => {
                    self.at = At::List { offered: offered || first_word_is(line, "STARTTLS") };
                    Ok(Next::Listen)
                }
            };
        }
        // No reply has more than one line with a code.
        let Some(Code { number: code, goes_on: false }) = Code::parse(line) else { return Err(Trouble::odd(line)) };
        match (self.at, code) {
            (At::Greeting, 200 | 201) => {
                self.at = At::Capabilities;
                Ok(Next::line("CAPABILITIES"))
            }
            (At::Capabilities, 101) => {
                self.at = At::List { offered: false };
                Ok(Next::Listen)
            }
            (At::Capabilities, _) => Err(Trouble::refused("CAPABILITIES", line)),
            (At::Starttls, 382) => Ok(Next::Agreed),
            (At::Starttls, _) => Err(Trouble::refused("STARTTLS", line)),
            (At::Greeting | At::List { .. }, _) => Err(Trouble::refused("service", line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    #[test]
    fn capabilities_and_starttls_are_said() {
        let said = "201 no posting\r\n101 list\r\nVERSION 2\r\nSTARTTLS\r\nREADER\r\n.\r\n382 go\r\n";
        assert_eq!(agrees("nntp", said), "CAPABILITIES\r\nSTARTTLS\r\n");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("400 full\r\n", "it refuses service: 400 full"),
            ("200 x\r\n500 what?\r\n", "it refuses CAPABILITIES: 500 what?"),
            ("200 x\r\n101 x\r\nVERSION 2\r\n.\r\n", "it does not offer STARTTLS; it may have a port"),
            ("200 x\r\n101 x\r\nSTARTTLS\r\n.\r\n580 no\r\n", "it refuses STARTTLS: 580 no"),
            ("200-x\r\n", "no sense here: 200-x"),
            ("+OK\r\n", "no sense here: +OK"),
        ] {
            fails("nntp", said, says);
        }
    }
}
