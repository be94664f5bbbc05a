//! Any bytes as the text of a line in a dialogue, which means these bytes again when it is read.
//!
//! A newcomer's trap: most braces stay as they are (`{310}`, JSON); those are doubled that could be taken for
//! the beginning of a form, or would be with what is written behind the text.

use crate::report::steers;
use data_encoding::HEXLOWER;

/// The text of a line, which is given without its end: what is no text, and what an editor would remove,
/// becomes `{hex:…}`, and a brace that could begin a form `{{`.
///
/// A line that ended otherwise than with CRLF is given with its end, and written with `{no-eol}` behind.
#[must_use]
pub fn escaped(line: &[u8]) -> String {
    let body = line.trim_ascii_end();
    let blanks = line.get(body.len()..).unwrap_or_default();
    let mut text = String::with_capacity(line.len());
    let mut odd = Vec::new();
    for chunk in body.utf8_chunks() {
        let mut rest = chunk.valid().chars();
        while let Some(c) = rest.next() {
            if !is_plain(c) {
                odd.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            flush(&mut odd, &mut text);
            text.push(c);
            if c == '{' && !rest.clone().next().is_some_and(keeps_a_brace) {
                text.push(c);
            }
        }
        odd.extend_from_slice(chunk.invalid());
    }
    odd.extend_from_slice(blanks);
    flush(&mut odd, &mut text);
    text
}

fn is_plain(c: char) -> bool {
    c == '\t' || !steers(c)
}

/// Whether a brace with this behind it can begin no form.
fn keeps_a_brace(next: char) -> bool {
    is_plain(next) && next != '{' && next != '*' && !next.is_ascii_alphabetic()
}

fn flush(odd: &mut Vec<u8>, text: &mut String) {
    if !odd.is_empty() {
        text.push_str("{hex:");
        text.push_str(&HEXLOWER.encode(odd));
        text.push('}');
        odd.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_as_it_is() {
        for line in ["EHLO me", "", "a1 APPEND INBOX {310}", r#"{"a":{"b":1}}"#, "Grüße, {}", "a\tb", "} \\0"] {
            assert_eq!(escaped(line.as_bytes()), line);
        }
    }

    #[test]
    fn what_could_be_a_form_has_its_brace_doubled() {
        assert_eq!(escaped(b"{*} {env:HOME} {{ {name=*}"), "{{*} {{env:HOME} {{{ {{name=*}");
        assert_eq!(escaped(b"ends with {"), "ends with {{", "{{no-eol}} may follow");
        assert_eq!(escaped(b"{\x00"), "{{{hex:00}");
    }

    #[test]
    fn what_is_no_text_is_written_in_hexadecimal() {
        assert_eq!(escaped(b"\0user\0pass"), "{hex:00}user{hex:00}pass");
        assert_eq!(escaped(b"\xff\xfe\r"), "{hex:fffe0d}");
        assert_eq!(escaped("a\u{202e}b".as_bytes()), "a{hex:e280ae}b");
        assert_eq!(escaped(b"login: "), "login:{hex:20}", "an editor may remove it");
    }
}
