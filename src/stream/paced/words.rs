//! What is said on stderr about a session that waits for replies.
//!
//! A newcomer's trap: what ends up in a log must not have a password in it. Of a command that may carry one,
//! only the words up to its name are shown.

use super::{script::Skipped, talk::GREETING};
use crate::{error::Error, report::escape};
use std::time::Duration;

/// Commands whose arguments may be secret, of all protocols that are paced.
const SECRET: [&[u8]; 8] =
    [b"PASS", b"AUTH", b"LOGIN", b"AUTHENTICATE", b"AUTHINFO", b"ACCT", b"APOP", b"PROXY-AUTHORIZATION:"];

/// How many words of a line may come before the argument: a tag, and the command.
const COMMAND: usize = 2;

/// Why something is not sent behind a farewell.
pub(super) const PARTED: &str = "the session had been ended before";

/// Nothing has come for so long, while a reply to what was `asked` is awaited.
pub(super) fn silent(server: &str, time: Duration, asked: &str) -> Error {
    let time = in_words(time);
    if asked == GREETING {
        return Error::network(server, format!("it has sent nothing for {time}, and has not greeted"))
            .hint("it may expect TLS (--ssl), or greet nobody (--pace line)");
    }
    Error::network(server, format!("it has sent nothing for {time}, and has not replied to {asked}"))
}

/// The server has taken nothing for so long of what it has asked for.
pub(super) fn stalled(server: &str, time: Duration) -> Error {
    Error::network(server, format!("it has taken nothing for {}", in_words(time)))
}

fn in_words(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}

/// The server has left while a reply was awaited.
pub(super) fn no_reply(server: &str, asked: &str) -> Error {
    let what = if asked == GREETING { "a greeting".to_owned() } else { format!("a reply to {asked}") };
    Error::network(server, format!("it ended the connection without {what}"))
}

/// The server has left in the middle of what it was being sent.
pub(super) fn cut_off(server: &str) -> Error {
    Error::network(server, "it ended the connection before the message or the body was sent")
}

/// The server has left, and there is more to be said.
pub(super) fn too_late(server: &str) -> Error {
    Error::network(server, "it ended the connection before all was sent")
}

/// Our own end came in the middle of something.
pub(super) fn incomplete() -> Error {
    Error::usage("what was to be sent", "it ended before the message or the body was whole")
        .hint("a message ends with a lone dot, a body with its last counted byte")
}

/// What the server does not want, and why.
pub(super) fn not_sent(skipped: Skipped, why: Option<&str>) -> String {
    let Skipped { message, lines, bytes } = skipped;
    let what = match (message, lines) {
        (true, _) => format!("the message ({}, {}) was", plural(lines, "line"), plural(bytes, "byte")),
        (false, 0 | 1) if bytes == 1 => "1 byte was".to_owned(),
        (false, 0) => format!("{bytes} bytes were"),
        (false, 1) => format!("a line ({bytes} bytes) was"),
        (false, _) => format!("{lines} lines ({bytes} bytes) were"),
    };
    let why = why.map_or_else(String::new, |why| format!(", {why}"));
    format!("{what} not sent{why}")
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The line in quotation marks, escaped, with an ellipsis for what is not shown.
pub(super) fn quoted(line: &[u8]) -> String {
    let mut shown = 0;
    for word in line.split_inclusive(|byte| byte.is_ascii_whitespace()).take(COMMAND) {
        shown += word.len();
        let name = word.trim_ascii();
        if SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
            let (name, rest) = line.split_at_checked(shown).unwrap_or((line, &[]));
            let ellipsis = if rest.is_empty() { "" } else { " …" };
            return format!("\"{}{ellipsis}\"", escape(name.trim_ascii_end()));
        }
    }
    format!("\"{}\"", escape(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_is_counted() {
        let skipped = |message, lines, bytes| not_sent(Skipped { message, lines, bytes }, None);
        assert_eq!(skipped(true, 1, 3), "the message (1 line, 3 bytes) was not sent");
        assert_eq!(skipped(false, 1, 9), "a line (9 bytes) was not sent");
        assert_eq!(skipped(false, 2, 9), "2 lines (9 bytes) were not sent");
        assert_eq!(skipped(false, 0, 9), "9 bytes were not sent");
        let refused = not_sent(Skipped { message: false, lines: 0, bytes: 1 }, Some("since …"));
        assert_eq!(refused, "1 byte was not sent, since …");
    }

    #[test]
    fn a_time_is_said_as_it_would_be_written() {
        let why = |ms| stalled("h:1", Duration::from_millis(ms)).to_string();
        assert_eq!(why(60_000), "h:1: it has taken nothing for 60 s");
        assert_eq!(why(1500), "h:1: it has taken nothing for 1500 ms");
    }

    #[test]
    fn a_password_is_not_shown() {
        for (line, shown) in [
            ("RCPT TO:<x>", "\"RCPT TO:<x>\""),
            ("pass secret", "\"pass …\""),
            ("PASS", "\"PASS\""),
            ("a1 LOGIN joe secret", "\"a1 LOGIN …\""),
            ("AUTH PLAIN AGpvZQBzZWNyZXQ=", "\"AUTH …\""),
            ("AUTHINFO PASS secret", "\"AUTHINFO …\""),
            ("a\x1b[2J", "\"a\\u{1b}[2J\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(line.as_bytes()), shown);
        }
    }
}
