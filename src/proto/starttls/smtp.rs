//! SMTP's STARTTLS (RFC 3207), and LMTP's, whose greeting is LHLO (RFC 2033).
//!
//! A newcomer's trap: what the server offers in clear counts for nothing afterwards; the user says
//! EHLO once more, encrypted.

use super::{
    codes::Lines,
    script::{Next, Script, Trouble},
};

#[derive(Debug)]
pub(super) struct Smtp {
    /// The command with which the client greets.
    hello: &'static str,
    /// The name it gives itself.
    name: String,
    lines: Lines,
    at: At,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Greeting,
    Hello,
    Starttls,
}

impl Smtp {
    pub(super) fn new(hello: &'static str, name: &str) -> Self {
        Self { hello, name: name.to_owned(), lines: Lines::default(), at: At::Greeting }
    }
}

impl Script for Smtp {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        let Some(reply) = self.lines.take(line)? else { return Ok(Next::Listen) };
        match (self.at, reply.code) {
            (At::Greeting, 220) => {
                self.at = At::Hello;
                Ok(Next::line(&format!("{} {}", self.hello, self.name)))
            }
            (At::Greeting, _) => Err(Trouble::refused("service", reply.words())),
            (At::Hello, 250) if reply.offers("STARTTLS") => {
                self.at = At::Starttls;
                Ok(Next::line("STARTTLS"))
            }
            (At::Hello, 250) => Err(Trouble::lacks("STARTTLS")),
            (At::Hello, _) => Err(Trouble::refused(self.hello, reply.words())),
            (At::Starttls, 220) => Ok(Next::Agreed),
            (At::Starttls, _) => Err(Trouble::refused("STARTTLS", reply.words())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    const OFFER: &str = "220-first\r\n220 mail\r\n250-mail hello\r\n250-SIZE 1\r\n250 STARTTLS\r\n";

    #[test]
    fn ehlo_and_starttls_are_said() {
        assert_eq!(agrees("smtp", &format!("{OFFER}220 go\r\n")), "EHLO me.example\r\nSTARTTLS\r\n");
        assert_eq!(agrees("lmtp", &format!("{OFFER}220-go\r\n220 on\r\n")), "LHLO me.example\r\nSTARTTLS\r\n");
        // Bare LF, any case, and a server that has nothing else to offer.
        assert_eq!(agrees("smtp", "220 x\n250 starttls\n220\n"), "EHLO me.example\r\nSTARTTLS\r\n");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("554-No \x1b[1mservice\r\n554 here\r\n".to_owned(), "it refuses service: 554-No \\u{1b}[1mservice"),
            ("421 busy\r\n".to_owned(), "it refuses service: 421 busy"),
            ("220 x\r\n502 what?\r\n".to_owned(), "it refuses EHLO: 502 what?"),
            ("220 x\r\n220 odd\r\n".to_owned(), "it refuses EHLO: 220 odd"),
            (format!("{OFFER}454 4.7.0 not \u{e4}vailable\r\n"), "it refuses STARTTLS: 454 4.7.0 not \u{e4}vailable"),
            (format!("{OFFER}250 OK\r\n"), "it refuses STARTTLS: 250 OK"),
            ("220 x\r\n250-x\r\n250 XSTARTTLS\r\n".to_owned(), "it does not offer STARTTLS; it may have a port"),
            ("220 x\r\n250 mail STARTTLS\r\n".to_owned(), "it does not offer STARTTLS"),
            ("220 x\r\n250-x\r\n251 STARTTLS\r\n".to_owned(), "no sense here: 251 STARTTLS"),
            ("+OK ready\r\n".to_owned(), "no sense here: +OK ready; is it another kind of server?"),
            ("* OK IMAP\r\n".to_owned(), "no sense here: * OK IMAP"),
            ("220\0x\r\n".to_owned(), "NUL"),
        ] {
            fails("smtp", &said, says);
        }
    }
}
