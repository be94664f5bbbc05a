//! A whole reply, of which a dialogue has only the code: where it ends.
//!
//! A newcomer's trap: that depends on the command. `+OK` to LIST is followed by lines up to a lone dot,
//! `+OK` to LIST 1 by nothing.

use super::{expect::Code, message::Message};
use crate::proto::{code, evidence::Side, literal};

/// A reply that has begun, or will.
#[derive(Debug)]
pub(super) struct Answer {
    code: Code,
    so_far: SoFar,
    /// How long it is by now, in bytes, where lines with a hyphen go on.
    length: usize,
}

/// No reply of such lines is longer, in bytes.
const LONGEST: usize = 1024 * 1024;

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SoFar {
    /// No line of it has.
    Nothing,
    /// Some have, but not the last.
    Some,
    /// A line that began before a literal goes on behind it.
    BehindLiteral,
    /// Lines up to a lone dot follow.
    Listing,
}

/// What a line is to the reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// One of its lines, not the last.
    Part,
    /// One, with so many bytes behind that are no lines: a literal (RFC 9051, 4.3).
    PartAndBytes(u64),
    /// The last.
    Last,
    /// None of its lines.
    Other,
    /// One more, and no end in sight.
    Endless,
}

impl Answer {
    /// A reply with this code.
    pub(super) fn new(code: Code) -> Self {
        Self { code, so_far: SoFar::Nothing, length: 0 }
    }

    /// Whether a line begins or ends a reply with this code, where others may come before it.
    pub(super) fn may_begin(&self, line: &[u8]) -> bool {
        self.code.is_said_by(line)
    }

    /// Whether a line of it has come.
    pub(super) fn has_begun(&self) -> bool {
        self.so_far != SoFar::Nothing
    }

    /// Whether lines up to a lone dot follow.
    pub(super) fn lists(&self) -> bool {
        self.so_far == SoFar::Listing
    }

    /// What the next line, without its end, is to it; `command` is what it answers.
    pub(super) fn line(&mut self, line: &[u8], command: &[u8]) -> Is {
        if matches!((&self.code, self.so_far), (Code::Digits(_), SoFar::Some)) {
            self.length += line.len() + 2;
            if self.length > LONGEST {
                return Is::Endless;
            }
        }
        let is = match (&self.code, self.so_far) {
            (_, SoFar::Listing) if line == b"." => return Is::Last,
            (_, SoFar::Listing) => return Is::Part,
            (Code::Tagged(_), SoFar::BehindLiteral) => untagged(line),
            (Code::Tagged(_), _) if self.code.is_said_by(line) => Is::Last,
            (Code::Tagged(_), _) if line.starts_with(b"* ") => untagged(line),
            (Code::Tagged(_), _) => Is::Other,
            (Code::Digits(code), SoFar::Some) if is_last_of_some(line) && !line.starts_with(code) => Is::Other,
            (Code::Digits(_), SoFar::Some) if !is_last_of_some(line) => Is::Part,
            (Code::Digits(_), _) if self.code.is_said_by(line) && line.get(3) == Some(&b'-') => Is::Part,
            (code, _) if code.is_said_by(line) && !is_listed(code, command) => Is::Last,
            (code, _) if code.is_said_by(line) => {
                self.so_far = SoFar::Listing;
                return Is::Part;
            }
            _ => Is::Other,
        };
        self.so_far = if matches!(is, Is::PartAndBytes(_)) { SoFar::BehindLiteral } else { SoFar::Some };
        is
    }
}

/// Three digits and a blank, or nothing: within a reply of several lines, its end.
fn is_last_of_some(line: &[u8]) -> bool {
    code::Code::any(line).is_some_and(|code| !code.goes_on)
}

/// A line that ends with `{310}` is followed by so many bytes; unless it has a text at its end (RFC 9051, 7.1).
fn untagged(line: &[u8]) -> Is {
    let words = line.strip_prefix(b"* ").unwrap_or_default();
    let word = words.split(|byte| *byte == b' ').next().unwrap_or_default();
    let has_text = [&b"OK"[..], b"NO", b"BAD", b"PREAUTH", b"BYE"].iter().any(|it| it.eq_ignore_ascii_case(word));
    let literal = literal::announced(line).filter(|_| !has_text);
    literal.map_or(Is::Part, |literal| Is::PartAndBytes(literal.size))
}

/// Whether lines up to a lone dot follow the line that says so: of POP3 (RFC 1939, RFC 2449, RFC 6856)
/// and of news (RFC 3977).
fn is_listed(code: &Code, command: &[u8]) -> bool {
    let mut words = command.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let verb = words.next().unwrap_or_default().to_ascii_uppercase();
    let alone = words.next().is_none();
    match code {
        Code::Status(status) if status == b"+OK" => match verb.as_slice() {
            b"CAPA" | b"RETR" | b"TOP" => true,
            b"LIST" | b"UIDL" | b"LANG" | b"AUTH" => alone,
            _ => false,
        },
        Code::Digits(code) => matches!(
            (code.as_slice(), verb.as_slice()),
            (b"100", b"HELP")
                | (b"101", b"CAPABILITIES")
                | (b"211", b"LISTGROUP")
                | (b"215", b"LIST")
                | (b"220", b"ARTICLE")
                | (b"221", b"HEAD" | b"XHDR")
                | (b"222", b"BODY")
                | (b"224", b"OVER" | b"XOVER")
                | (b"225", b"HDR")
                | (b"230", b"NEWNEWS")
                | (b"231", b"NEWGROUPS")
        ),
        _ => false,
    }
}

/// Follows what both sides say, as far as the end of a reply or a message depends on it.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Where a message is said.
    pub(super) message: Message,
    /// The last command of the client.
    pub(super) command: Vec<u8>,
    /// The peer's last line, within this step.
    pub(super) heard: Vec<u8>,
    /// The beginning of the line that ours says now.
    own: Vec<u8>,
}

/// A line of which more than so many bytes are said is no command, and not a lone dot.
const KEPT: usize = 4096;

impl Followed {
    /// The peer has said a line, which is given without its end; ours has no more to say in its own.
    pub(super) fn peers(&mut self, side: Side, line: &[u8]) {
        if !self.own.is_empty() {
            let own = std::mem::take(&mut self.own);
            self.line(if side == Side::Client { Side::Server } else { Side::Client }, &own);
        }
        self.heard = line.get(..KEPT).unwrap_or(line).to_vec();
        self.line(side, line);
    }

    fn line(&mut self, side: Side, line: &[u8]) {
        if side == Side::Client && !self.message.is_said_by(Side::Client) {
            self.command = line.get(..KEPT).unwrap_or(line).to_vec();
        }
        self.message.line(side, line);
    }

    /// Ours says this, which is any piece.
    pub(super) fn own(&mut self, side: Side, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = KEPT.saturating_sub(self.own.len());
            self.own.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.own);
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                self.line(side, line.strip_suffix(b"\r").unwrap_or(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_of(code: Code, command: &str, lines: &str) -> Option<usize> {
        let mut answer = Answer::new(code);
        for (number, line) in lines.split('/').enumerate() {
            match answer.line(line.as_bytes(), command.as_bytes()) {
                Is::Part | Is::PartAndBytes(_) => {}
                Is::Last => return Some(number),
                Is::Other | Is::Endless => return None,
            }
        }
        panic!("it goes on")
    }

    fn digits(code: &str, command: &str, lines: &str) -> Option<usize> {
        last_of(Code::Digits(code.into()), command, lines)
    }

    #[test]
    fn three_digits_and_a_hyphen_go_on() {
        assert_eq!(digits("250", "", "250 ok"), Some(0));
        assert_eq!(digits("250", "", "250"), Some(0));
        assert_eq!(digits("250", "EHLO x", "250-a/250-b/250 c"), Some(2));
        assert_eq!(digits("211", "FEAT", "211-Features/ UTF8/ 213 x/211 End"), Some(3), "as FTP has it");
        for other in ["550 no", "2500", "25", "250-a/550 no", "", "250_"] {
            assert_eq!(digits("250", "", other), None, "{other}");
        }
    }

    #[test]
    fn a_reply_is_not_endless() {
        let mut answer = Answer::new(Code::Digits(b"250".to_vec()));
        let line = [b"250-".as_slice(), &[b'x'; 10_000]].concat();
        let ends = (0..1000).position(|_| answer.line(&line, b"") == Is::Endless);
        assert!(ends.is_some_and(|lines| lines > 90));
    }

    #[test]
    fn listings_end_with_a_lone_dot() {
        let ok = |command, lines| last_of(Code::Status(b"+OK".to_vec()), command, lines);
        assert_eq!(ok("LIST", "+OK/1 120/2 200/."), Some(3));
        assert_eq!(ok("list 1", "+OK 1 120"), Some(0));
        assert_eq!(ok("RETR 1", "+OK/..//-ERR/."), Some(4));
        assert_eq!(ok("NOOP", "+OK"), Some(0));
        assert_eq!(ok("NOOP", "-ERR"), None);
        assert_eq!(digits("215", "LIST", "215 groups/a 1 2 y/."), Some(2));
        assert_eq!(digits("220", "ARTICLE 1", "220 1 <1@h>/x/."), Some(2));
        assert_eq!(digits("220", "", "220 mail"), Some(0));
    }

    #[test]
    fn a_tagged_reply_has_untagged_lines_before() {
        let tagged = |lines| last_of(Code::Tagged(b"a1 OK".to_vec()), "a1 FETCH 1 BODY[]", lines);
        assert_eq!(tagged("a1 OK done"), Some(0));
        assert_eq!(tagged("* 1 EXISTS/* OK x/a1 OK"), Some(2));
        assert_eq!(tagged("* 1 FETCH (A {3}/ B {2}/)/a1 OK"), Some(3));
        for other in ["a1 NO", "a2 OK", "+ go on", "* x/)", "a1 OKAY"] {
            assert_eq!(tagged(other), None, "{other}");
        }
    }

    #[test]
    fn literals_are_counted() {
        assert_eq!(untagged(b"* 1 FETCH (BODY[] {310}"), Is::PartAndBytes(310));
        assert_eq!(untagged(b"* 1 FETCH (BODY[] {4294967296}"), Is::PartAndBytes(1 << 32));
        for none in ["* {}", "* {x}", "* {3} ", "* 3}", "* {99999999999999999999}", "{+3}", "* OK text {3}"] {
            assert_eq!(untagged(none.as_bytes()), Is::Part, "{none}");
        }
    }

    #[test]
    fn the_last_command_is_that_before_a_message() {
        let mut followed = Followed::default();
        followed.own(Side::Client, b"RETR 1\r");
        followed.own(Side::Client, b"\nDA");
        assert_eq!(followed.command, b"RETR 1");
        followed.own(Side::Client, b"TA\r\nSubject: x\r\n.\r\n");
        assert_eq!(followed.command, b"DATA");
        assert!(!followed.message.is_said_by(Side::Client));
    }

    #[test]
    fn a_prompt_ends_when_it_is_answered() {
        let mut followed = Followed::default();
        followed.own(Side::Server, b"> ");
        followed.peers(Side::Client, b"RETR 1");
        followed.own(Side::Server, b"+OK\r\n");
        assert!(followed.message.is_said_by(Side::Server));
    }
}
