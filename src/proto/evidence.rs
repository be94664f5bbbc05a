//! Is a text protocol spoken here, one whose lines end with CRLF?
//!
//! The evidence is a known port, a greeting, or a line that is typed; once found it stays, for
//! nobody changes to another protocol in mid-session. A newcomer's trap: a shell at the other
//! end must get plain LF, so no evidence means no CRLF.

use crate::report::Report;
use std::cell::Cell;

/// What was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// In words, for `-v`.
    pub what: &'static str,
    /// A mail protocol (or FTP, whose greeting is the same): its servers take an early FIN for
    /// the end of both directions.
    pub mail: bool,
    /// A protocol of commands and [replies](crate::proto::reply), all of it text.
    pub replies: bool,
}

/// Which part the person at this end plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Types commands.
    Client,
    /// Types replies.
    Server,
}

/// What has been found so far; shared by the filters of both directions.
#[derive(Debug)]
pub struct Evidence {
    side: Side,
    report: Report,
    /// Whether stdin's line ends depend on it, and are to be spoken of.
    decides: Cell<bool>,
    crlf: Cell<bool>,
    mail: Cell<bool>,
    replies: Cell<bool>,
}

impl Evidence {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(side: Side, report: Report) -> Self {
        let [decides, crlf, mail, replies] = [false; 4].map(Cell::new);
        Self { side, report, decides, crlf, mail, replies }
    }

    /// From now on the evidence decides the line ends of what is typed, and says so under `-v`.
    pub fn decides_line_ends(&self) {
        self.decides.set(true);
    }

    /// Something was recognised.
    pub fn found(&self, finding: Finding) {
        if !self.crlf.replace(true) && self.decides.get() {
            self.report.detail(1, format_args!("Lines are sent with CRLF from now on: {}.", finding.what));
        }
        self.mail.set(self.mail.get() || finding.mail);
        self.replies.set(self.replies.get() || finding.replies);
    }

    /// Whether a protocol that wants CRLF has shown itself.
    #[must_use]
    pub fn wants_crlf(&self) -> bool {
        self.crlf.get()
    }

    /// Whether that was a mail protocol.
    #[must_use]
    pub fn is_mail(&self) -> bool {
        self.mail.get()
    }

    /// Whether that was a protocol of commands and replies.
    #[must_use]
    pub fn has_replies(&self) -> bool {
        self.replies.get()
    }

    /// Whether replies are typed here.
    #[must_use]
    pub fn plays_server(&self) -> bool {
        self.side == Side::Server
    }
}

/// What the first bytes heard from a peer show: a greeting, a command, a request line.
#[must_use]
pub fn heard(text: &[u8]) -> Option<Finding> {
    let greeting = |what| Some(Finding { what, mail: true, replies: true });
    if text.starts_with(b"220 ") || text.starts_with(b"220-") {
        greeting("the greeting is that of SMTP or FTP")
    } else if text.starts_with(b"+OK") {
        greeting("the greeting is POP3's")
    } else if text.starts_with(b"* OK") || text.starts_with(b"* PREAUTH") {
        greeting("the greeting is IMAP's")
    } else if text.starts_with(b"200 ") || text.starts_with(b"201 ") {
        Some(Finding { what: "the greeting is NNTP's", mail: false, replies: true })
    } else if text.starts_with(b"HTTP/1.") {
        Some(Finding { what: "the peer speaks HTTP", mail: false, replies: true })
    } else {
        command(text.split(|byte| *byte == b'\n').next().filter(|line| line.len() < text.len())?)
    }
}

/// What a line shows that was typed; `reply` when the typist plays the server.
#[must_use]
pub fn typed(line: &[u8], reply: bool) -> Option<Finding> {
    let found = |what| Some(Finding { what, mail: true, replies: true });
    match line {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] if reply => found("a reply was typed"),
        _ if reply && (line.starts_with(b"+OK") || line.starts_with(b"* OK")) => found("a reply was typed"),
        _ if line.starts_with(b"HTTP/1.") => {
            Some(Finding { what: "an HTTP status line was typed", mail: false, replies: true })
        }
        _ => command(line),
    }
}

/// EHLO, HELO, LHLO, or an HTTP request.
fn command(line: &[u8]) -> Option<Finding> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    if [&b"EHLO"[..], b"HELO", b"LHLO"].iter().any(|hello| hello.eq_ignore_ascii_case(verb)) {
        return Some(Finding { what: "EHLO or HELO was said", mail: true, replies: true });
    }
    is_request(line).then_some(Finding { what: "an HTTP request was made", mail: false, replies: true })
}

/// Whether a line, given without its end, is the first one of an HTTP request (RFC 9112, 3).
#[must_use]
pub fn is_request(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    matches!(words.as_slice(), [method, target, version]
        if version.starts_with(b"HTTP/1.")
            && !target.is_empty()
            && !method.is_empty()
            && method.iter().all(u8::is_ascii_uppercase))
}

/// Whether these are the first bytes of a TLS record: a handshake or an alert (RFC 8446, 5.1).
#[must_use]
pub fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, 0..=4, length, _, ..] if *length <= 0x40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn greetings_are_known() {
        for (greeting, mail) in [
            (&b"220 mail.example.org ESMTP"[..], true),
            (b"220-first line", true),
            (b"+OK ready", true),
            (b"* OK [CAPABILITY IMAP4rev1]", true),
            (b"200 news", false),
            (b"EHLO me\r\n", true),
            (b"GET / HTTP/1.1\r\n", false),
        ] {
            assert_eq!(heard(greeting).map(|found| found.mail), Some(mail), "{greeting:?}");
        }
        for other in [&b"22"[..], b"$ ", b"hello\n", b"2200 \n", b"GET", b"SSH-2.0-x\r\n", b"EHLO"] {
            assert_eq!(heard(other), None, "{other:?}");
        }
    }

    #[test]
    fn typed_lines_are_known() {
        for line in [&b"EHLO me"[..], b"helo you", b"GET / HTTP/1.1", b"OPTIONS * HTTP/1.1\r", b"EHLO"] {
            assert!(typed(line, false).is_some(), "{line:?}");
        }
        for line in [&b"ls"[..], b"echo EHLO", b"get / http", b"220 x", b"", b"GET /"] {
            assert_eq!(typed(line, false), None, "{line:?}");
        }
        assert!(typed(b"250-SIZE", true).is_some() && typed(b"+OK", true).is_some());
    }

    #[test]
    fn tls_is_known_by_its_records() {
        assert!(is_tls(&[0x16, 3, 1, 2, 0, 1]), "a ClientHello");
        assert!(is_tls(&[0x15, 3, 3, 0, 2, 2, 70]), "an alert");
        assert!(!is_tls(b"220 x") && !is_tls(&[0x16, 3]));
    }

    proptest! {
        #[test]
        fn nothing_that_is_heard_or_typed_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (heard(&bytes), typed(&bytes, true), typed(&bytes, false), is_tls(&bytes));
        }
    }
}
