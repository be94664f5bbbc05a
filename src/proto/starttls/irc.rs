//! IRC's STARTTLS (IRCv3, tls): said before anything else, answered by 670 or 691.
//!
//! A newcomer's trap: servers talk while they look the client up: notices are no answer, and a PING
//! wants one of its own. The capability `tls` is not asked for: CAP would hold the log-in up that the
//! user is about to type, and a server that does not know STARTTLS says so.

use super::script::{Next, Say, Script, Trouble};
use crate::report::escape;

#[derive(Debug)]
pub(super) struct Irc;

impl Script for Irc {
    fn begin(&mut self) -> Result<Option<Say>, Trouble> {
        Ok(Some(Say::line("STARTTLS")))
    }

    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        let mut rest = line;
        let mut command = word(&mut rest);
        // The tags of a message, and whose it is (RFC 1459, 2.3.1).
        for mark in [b'@', b':'] {
            if command.first() == Some(&mark) {
                command = word(&mut rest);
            }
        }
        match command {
            b"670" => Ok(Next::Agreed),
            [b'P' | b'p', ..] if command.eq_ignore_ascii_case(b"PING") => {
                let pong = [b"PONG ", rest, b"\r\n"].concat();
                Ok(Next::Say(Say::bytes(pong, escape(&[b"PONG ", rest].concat()))))
            }
            // Some say 439 to everybody: please wait.
            b"439" => Ok(Next::Listen),
            b"691" | [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'] => Err(Trouble::refused("STARTTLS", line)),
            _ if command.eq_ignore_ascii_case(b"ERROR") => Err(Trouble::refused("service", line)),
            [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => Ok(Next::Listen),
            [_, ..] if command.iter().all(u8::is_ascii_alphabetic) => Ok(Next::Listen),
            _ => Err(Trouble::odd(line)),
        }
    }
}

/// Takes the first word, and the blanks behind it.
fn word<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let (word, more) = rest.split_at_checked(end).unwrap_or_default();
    *rest = more.trim_ascii_start();
    word
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    #[test]
    fn starttls_is_said_at_once_and_pings_are_answered() {
        assert_eq!(agrees("irc", ":h 670 * :go\r\n"), "STARTTLS\r\n");
        let talkative = "NOTICE AUTH :*** Looking up\r\n:h NOTICE * :x\r\n:h 020 * :wait\r\n:h 439 * :wait\r\n\
                         PING :to ken\r\n@t=1 :h PING 7\r\n@t=1 :h 670 :go\r\n";
        assert_eq!(agrees("irc", talkative), "STARTTLS\r\nPONG :to ken\r\nPONG 7\r\n");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            (":h 691 * :n\x02o\r\n", "it refuses STARTTLS: :h 691 * :n\\u{2}o"),
            (":h 451 * :Register first\r\n", "it refuses STARTTLS: :h 451 * :Register first"),
            (":h 421 x STARTTLS :Unknown\r\n", "it refuses STARTTLS"),
            ("220 mail\r\n500 what?\r\n", "it refuses STARTTLS: 500 what?"),
            ("NOTICE x\r\nERROR :Closing Link\r\n", "it refuses service: ERROR :Closing Link"),
            ("+OK\r\n", "no sense here: +OK"),
            (":h\r\n", "no sense here: :h"),
            ("\r\n", "no sense here: "),
        ] {
            fails("irc", said, says);
        }
    }
}
