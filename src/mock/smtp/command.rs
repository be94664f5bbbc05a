//! A client's line as a command (RFC 5321, 4.1.1).
//!
//! A newcomer's trap: what is no command is often something else that can be told: a web browser, which is hung up
//! on (a page can make it say commands to a mail server), or the mail itself, said before DATA.

use crate::mock::WEB;

/// See the module's description. Arguments are without the blanks around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Helo(&'a str),
    Ehlo(&'a str),
    /// What follows `FROM:`; `None` if that is missing.
    Mail(Option<&'a str>),
    /// What follows `TO:`.
    Rcpt(Option<&'a str>),
    Data(&'a str),
    Rset(&'a str),
    Noop,
    Quit(&'a str),
    Help,
    Vrfy(&'a str),
    Expn,
    Auth(&'a str),
    StartTls(&'a str),
    /// Others have it.
    Foreign,
    /// A request to a web server.
    Web,
    /// It looks like the header of a mail.
    Header,
    /// POP3 has it (RFC 1939).
    Pop3,
    /// A word for QUIT.
    Exit,
    Unknown,
}

/// Which command this is.
pub(super) fn parse(line: &str) -> Command<'_> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    // A blank before an address is told of where addresses are read.
    let argument = rest.trim_matches(' ');
    let verb = verb.to_ascii_uppercase();
    match &*verb {
        "HELO" => Command::Helo(argument),
        "EHLO" => Command::Ehlo(argument),
        "MAIL" => Command::Mail(behind(argument, "FROM:")),
        "RCPT" => Command::Rcpt(behind(argument, "TO:")),
        "DATA" => Command::Data(argument),
        "RSET" => Command::Rset(argument),
        "NOOP" => Command::Noop,
        "QUIT" => Command::Quit(argument),
        "HELP" => Command::Help,
        "VRFY" => Command::Vrfy(argument),
        "EXPN" => Command::Expn,
        "AUTH" => Command::Auth(argument),
        "STARTTLS" => Command::StartTls(argument),
        // RFC 3030, RFC 1985, RFC 2645, and RFC 821.
        "BDAT" | "ETRN" | "ATRN" | "TURN" | "SEND" | "SOML" | "SAML" => Command::Foreign,
        verb if WEB.contains(&verb) => Command::Web,
        "USER" | "PASS" | "APOP" | "STAT" | "LIST" | "RETR" | "DELE" | "TOP" | "UIDL" | "CAPA" | "STLS" => {
            Command::Pop3
        }
        "EXIT" | "BYE" | "CLOSE" | "LOGOUT" => Command::Exit,
        _ if argument.rsplit(' ').next().is_some_and(|last| last.starts_with("HTTP/")) => Command::Web,
        _ if verb.len() > 1 && verb.ends_with(':') => Command::Header,
        _ => Command::Unknown,
    }
}

fn behind<'a>(argument: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = argument.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

/// The reply to HELP.
pub(super) const HELP: &str = "214-2.0.0 A session, in this order:\r\n\
    214-2.0.0   EHLO client.example.org\r\n\
    214-2.0.0   MAIL FROM:<me@example.org>\r\n\
    214-2.0.0   RCPT TO:<you@example.net>   (once for each recipient)\r\n\
    214-2.0.0   DATA   (then headers, an empty line, text, a line with only a dot)\r\n\
    214-2.0.0   QUIT\r\n\
    214-2.0.0 At any time: HELO RSET NOOP VRFY HELP\r\n\
    214 2.0.0 After EHLO also: STARTTLS (if it is offered), AUTH PLAIN, AUTH LOGIN";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_known_in_any_case_and_with_more_blanks() {
        for (line, command) in [
            ("EHLO me", Command::Ehlo("me")),
            ("helo  me ", Command::Helo("me")),
            ("mail from:<a@b>", Command::Mail(Some("<a@b>"))),
            ("Mail From: <a@b> SIZE=1", Command::Mail(Some(" <a@b> SIZE=1"))),
            ("MAIL", Command::Mail(None)),
            ("MAIL FROM <a@b>", Command::Mail(None)),
            ("RCPT TO:", Command::Rcpt(Some(""))),
            ("RCPT FROM:<a@b>", Command::Rcpt(None)),
            ("NOOP with words", Command::Noop),
            ("QUIT now", Command::Quit("now")),
        ] {
            assert_eq!(parse(line), command, "{line}");
        }
    }

    #[test]
    fn what_is_none_is_told_apart() {
        for line in ["GET / HTTP/1.1", "POST /", "BREW /pot HTTP/1.1", "get /"] {
            assert_eq!(parse(line), Command::Web, "{line}");
        }
        for line in ["Subject: Hello", "From:"] {
            assert_eq!(parse(line), Command::Header, "{line}");
        }
        for line in ["LIST", "user bob"] {
            assert_eq!(parse(line), Command::Pop3, "{line}");
        }
        for line in ["exit", "BYE"] {
            assert_eq!(parse(line), Command::Exit, "{line}");
        }
        for line in ["", " QUIT", "EHLOx", "MAKE COFFEE", ":", "é", "HTTP/1.1"] {
            assert_eq!(parse(line), Command::Unknown, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "(mail|rcpt|)[ :]?.{0,20}") {
            parse(&line);
        }
    }
}
