//! What is left over of an authentication (SASL, RFC 4422) that was refused before the client had
//! said all of it.
//!
//! A newcomer's trap: the lines of such an exchange are no commands. Said after the refusal, a
//! password would be taken for one, and its answer for the answer to the next.

/// Whether a line can be a client's response: base64 (RFC 4648, 4), nothing, or `*`, which cancels.
pub(super) fn is_response(line: &[u8]) -> bool {
    let data = line.strip_suffix(b"==").or_else(|| line.strip_suffix(b"=")).unwrap_or(line);
    let is_base64 = data.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    line == b"*" || line == b"=" || (is_base64 && line.len().is_multiple_of(4))
}

/// The same of a line that, for all one can see, could also be one of these commands: then it is that.
pub(super) fn is_leftover(line: &[u8], commands: &[&[u8]]) -> bool {
    is_response(line) && !commands.iter().any(|command| command.eq_ignore_ascii_case(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_told_from_commands() {
        for line in [&b""[..], b"*", b"=", b"AGJvYgBwYXNz", b"Ym9iYg==", b"Ym9iYmI=", b"+/+/"] {
            assert!(is_response(line), "{line:?}");
        }
        for line in [&b"A1 NOOP"[..], b"LOGOUT", b"===", b"a===", b"Ym9i Ym9i", b"\xff\xff\xff\xff", b"**"] {
            assert!(!is_response(line), "{line:?}");
        }
    }
}
