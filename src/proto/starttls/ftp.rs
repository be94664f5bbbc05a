//! FTP's AUTH TLS (RFC 4217, 4).
//!
//! A newcomer's trap: this encrypts the control connection alone; for the data the user still has to
//! say PBSZ 0 and PROT P. FEAT is not asked first: not every server that can has AUTH in its list.

use super::{
    codes::Lines,
    script::{Next, Script, Trouble},
};

#[derive(Debug)]
pub(super) struct Ftp {
    lines: Lines,
    greeted: bool,
}

impl Default for Ftp {
    fn default() -> Self {
        Self { lines: Lines::with_anything_between(), greeted: false }
    }
}

impl Script for Ftp {
    fn heard(&mut self, line: &[u8]) -> Result<Next, Trouble> {
        let Some(reply) = self.lines.take(line)? else { return Ok(Next::Listen) };
        match (self.greeted, reply.code) {
            // It will be ready in some minutes (RFC 959, 5.4).
            (false, 120) => Ok(Next::Listen),
            (false, 220) => {
                self.greeted = true;
                Ok(Next::line("AUTH TLS"))
            }
            (false, _) => Err(Trouble::refused("service", reply.words())),
            (true, 234) => Ok(Next::Agreed),
            (true, _) => Err(Trouble::refused("AUTH TLS", reply.words())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, fails};

    #[test]
    fn auth_tls_is_said() {
        assert_eq!(agrees("ftp", "220 ready\r\n234 go\r\n"), "AUTH TLS\r\n");
        let patient = "120-soon\r\n anything\r\n120 soon\r\n220-Hello\r\n500 is no end\r\n220 ready\r\n234 go\r\n";
        assert_eq!(agrees("ftp", patient), "AUTH TLS\r\n");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        for (said, says) in [
            ("421 too many\r\n", "it refuses service: 421 too many"),
            ("220 x\r\n530 log in first\r\n", "it refuses AUTH TLS: 530 log in first"),
            ("220 x\r\n334 more\r\n", "it refuses AUTH TLS: 334 more"),
            ("220 x\r\n220 x\r\n", "it refuses AUTH TLS: 220 x"),
            ("SSH-2.0-x\r\n", "no sense here: SSH-2.0-x"),
        ] {
            fails("ftp", said, says);
        }
    }
}
