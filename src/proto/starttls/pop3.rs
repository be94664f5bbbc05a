//! POP3's STLS (RFC 2595, 4).
//!
//! A newcomer's trap: CAPA came later than POP3 (RFC 2449), and a server may know STLS without it.
//! Who answers CAPA must list STLS; who refuses CAPA is asked for STLS all the same, and if that is
//! refused, too, it is over.

use super::{
    codes::first_word_is,
    script::{Next, Script, Trouble},
};

#[derive(Debug, Default)]
pub(super) struct Pop3 {
    at: At,
}

#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Greeting,
    /// The status of CAPA.
    Capa,
    /// In the list of capabilities.
    List {
        offered: bool,
    },
    Stls,
}

impl Script for Pop3 {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        if let At::List { offered } = self.at {
            return match line {
                b"." if offered => Ok(self.ask()),
                b"." => Err(Trouble::lacks("STLS")),
                _ => {
                    self.at = At::List { offered: offered || first_word_is(line, "STLS") };
                    Ok(Next::Listen)
                }
            };
        }
        let ok = match (first_word_is(line, "+OK"), first_word_is(line, "-ERR")) {
            (false, false) => return Err(Trouble::odd(line)),
            (ok, _) => ok,
        };
        match self.at {
            At::Greeting if ok => {
                self.at = At::Capa;
                Ok(Next::line("CAPA"))
            }
            At::Capa if ok => {
                self.at = At::List { offered: false };
                Ok(Next::Listen)
            }
            At::Capa => Ok(self.ask()),
            At::Stls if ok => Ok(Next::Agreed),
            At::Stls => Err(Trouble::refused("STLS", line)),
            At::Greeting | At::List { .. } => Err(Trouble::refused("service", line)),
        }
    }
}

impl Pop3 {
    fn ask(&mut self) -> Next {
        self.at = At::Stls;
        Next::line("STLS")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    #[test]
    fn capa_and_stls_are_said() {
        let said = "+OK ready <1@h>\r\n+OK\r\nTOP\r\nstls\r\nSASL PLAIN\r\n.\r\n+OK begin\r\n";
        assert_eq!(agrees("pop3", said), "CAPA\r\nSTLS\r\n");
    }

    #[test]
    fn a_server_without_capa_is_asked_all_the_same() {
        assert_eq!(agrees("pop3", "+OK\r\n-ERR what?\r\n+OK\r\n"), "CAPA\r\nSTLS\r\n");
        fails("pop3", "+OK\r\n-ERR what?\r\n-ERR no\r\n", "it refuses STLS: -ERR no");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("-ERR \x07busy\r\n", "it refuses service: -ERR \\u{7}busy"),
            ("+OK\r\n+OK\r\nSTLSX\r\nXSTLS\r\nSASL STLS\r\n.\r\n", "it does not offer STLS; it may have a port"),
            ("+OK\r\n+OK\r\nSTLS\r\n.\r\n-ERR off\r\n", "it refuses STLS: -ERR off"),
            ("220 smtp\r\n", "no sense here: 220 smtp"),
            ("+OK\r\n+OKAY\r\n", "no sense here: +OKAY"),
            ("+OK\r\n+OK\r\nSTLS\r\n.\r\n.\r\n", "no sense here: ."),
        ] {
            fails("pop3", said, says);
        }
    }
}
