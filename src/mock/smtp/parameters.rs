//! What may stand behind the address of MAIL: `SIZE=`, `BODY=`, `SMTPUTF8`, `AUTH=` (RFC 5321, 4.1.1.11).
//!
//! A newcomer's trap: a parameter that a server has not offered is refused (555), not passed over; a sender that
//! asked for a receipt, say, would wait for one in vain.

use super::text::LARGEST;
use std::borrow::Cow;

/// What they have said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    /// `SMTPUTF8` (RFC 6531): addresses and headers go beyond ASCII.
    pub(super) utf8: bool,
}

/// Reads those of MAIL.
///
/// # Errors
/// The reply to one that is wrong.
pub(super) fn of_mail(text: &str) -> Result<Parameters, Cow<'static, str>> {
    let mut seen: Vec<String> = Vec::new();
    let mut found = Parameters::default();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let name = name.to_ascii_uppercase();
        if seen.contains(&name) {
            return Err("501 5.5.4 A parameter is given twice".into());
        }
        match (&*name, value) {
            ("SIZE", Some(value)) => size(value)?,
            ("SIZE", None) => return Err("501 5.5.4 SIZE has a number of bytes: SIZE=1000".into()),
            ("BODY", Some(value)) if ["7BIT", "8BITMIME"].iter().any(|it| value.eq_ignore_ascii_case(it)) => {}
            ("BODY", _) => return Err("555 5.5.4 BODY=7BIT and BODY=8BITMIME are known here".into()),
            ("SMTPUTF8", None) => found.utf8 = true,
            ("SMTPUTF8", Some(_)) => return Err("501 5.5.4 SMTPUTF8 has no value".into()),
            // Who has sent it first is taken note of by nobody (RFC 4954, 5).
            ("AUTH", Some(value)) if is_xtext(value) => {}
            ("AUTH", _) => return Err("501 5.5.4 AUTH has an address or is AUTH=<>".into()),
            _ => return Err("555 5.5.4 A parameter of MAIL is not known here; SIZE, BODY, SMTPUTF8, AUTH are".into()),
        }
        seen.push(name);
    }
    Ok(found)
}

fn size(value: &str) -> Result<(), Cow<'static, str>> {
    if value.is_empty() || value.len() > 20 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("501 5.5.4 SIZE has a number of bytes: SIZE=1000".into());
    }
    // Twenty digits may be more than fits, and that is too large, too.
    match value.parse::<u64>() {
        Ok(size) if size <= LARGEST => Ok(()),
        _ => Err(too_large().into()),
    }
}

/// RFC 3461, 4: `+` and two digits stand for what could not stand there.
fn is_xtext(value: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let escaped = value.split('+').skip(1).all(|part| part.len() >= 2 && part.bytes().take(2).all(hex));
    !value.is_empty() && escaped && value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'=')
}

/// The reply to a mail that is too large.
pub(super) fn too_large() -> String {
    format!("552 5.3.4 The mail is too large; it may have {LARGEST} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> String {
        of_mail(text).map_or_else(|reply| reply[..9].to_owned(), |it| if it.utf8 { "utf8" } else { "" }.to_owned())
    }

    #[test]
    fn those_that_are_known() {
        for text in ["", "  size=1   body=8bitMIME ", "SIZE=26214400", "BODY=7BIT", "AUTH=<>", "AUTH=a+2Bb@c"] {
            assert_eq!(code(text), "", "{text}");
        }
        assert_eq!(code("SMTPUTF8 BODY=8BITMIME"), "utf8");
    }

    #[test]
    fn those_that_are_wrong() {
        for (text, reply) in [
            ("FOO", "555 5.5.4"),
            ("=", "555 5.5.4"),
            ("BODY=BINARYMIME", "555 5.5.4"),
            ("BODY", "555 5.5.4"),
            ("SIZE", "501 5.5.4"),
            ("SIZE=", "501 5.5.4"),
            ("SIZE=1k", "501 5.5.4"),
            ("SIZE=26214401", "552 5.3.4"),
            ("SIZE=99999999999999999999", "552 5.3.4"),
            ("SIZE=999999999999999999999", "501 5.5.4"),
            ("SIZE=1 SIZE=1", "501 5.5.4"),
            ("SMTPUTF8=yes", "501 5.5.4"),
            ("AUTH=", "501 5.5.4"),
            ("AUTH=a+b", "501 5.5.4"),
        ] {
            assert_eq!(code(text), reply, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,80}") {
            let _ = of_mail(&text);
            let _ = of_mail(&format!("AUTH={text}"));
        }
    }
}
