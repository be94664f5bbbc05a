//! A line of the user's, as it may be shown on stderr.
//!
//! A newcomer's trap: what ends up in a log must not have a password in it. Of a command that may carry one,
//! only the words up to its name are shown.

use crate::report::escape;

/// Commands whose arguments may be secret, of all protocols that are paced.
const SECRET: [&[u8]; 8] =
    [b"PASS", b"AUTH", b"LOGIN", b"AUTHENTICATE", b"AUTHINFO", b"ACCT", b"APOP", b"PROXY-AUTHORIZATION:"];

/// How many words of a line may come before the argument: a tag, and the command.
const COMMAND: usize = 2;

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
