//! Domain names as text: in lower case, without the dot at the end.
//!
//! A newcomer's trap: names in answers may hold any byte. Here they are in presentation form (RFC 1035, 5.1), in
//! which what is not printable is written as `\DDD`; so they can be shown, and asked for again.

use domain::base::name::ToName;

/// Why a name is refused that has to be converted first (RFC 5890).
pub const NOT_ASCII: &str = "it has letters beyond ASCII, and DNS has not";

/// The longest name, in text (RFC 1035, 2.3.4).
const LONGEST: usize = 253;

/// A domain as it was typed.
///
/// # Errors
/// Why it is none.
pub fn typed(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| (1..=63).contains(&label.len());
    match name {
        "" => Err("the domain is empty"),
        _ if !name.is_ascii() => Err(NOT_ASCII),
        _ if name.starts_with('-') => Err("this is an option, not a domain"),
        _ if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) => {
            Err("a domain has letters, digits, hyphens and dots")
        }
        _ if name.len() > LONGEST || !name.split('.').all(is_label) => {
            Err("between its dots, a domain has 1 to 63 characters, and 253 in all")
        }
        _ => Ok(name.to_ascii_lowercase()),
    }
}

/// A name of a message.
pub(super) fn text(name: &impl ToName) -> String {
    let mut text = String::new();
    for label in name.iter_labels().filter(|label| !label.is_root()) {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label.iter() {
            match byte {
                b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
                byte if byte.is_ascii_graphic() => text.push(char::from(byte.to_ascii_lowercase())),
                byte => text.push_str(&format!("\\{byte:03}")),
            }
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::base::name::Name;

    #[test]
    fn what_was_typed_is_put_into_one_form() {
        for (typed_as, name) in [("Example.ORG", "example.org"), ("example.org.", "example.org"), ("a", "a")] {
            assert_eq!(typed(typed_as).unwrap(), name);
        }
        let long = format!("{}.org", "a".repeat(64));
        let longer = ["a"; 128].join(".");
        for wrong in ["", ".", "a..b", "a b", "a/b", "a\u{1b}", "ü.de", &long, &longer, "a..", "-a"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_name_can_be_shown_and_asked_for_again() {
        for (wire, shown) in [
            (&b"\x01a\x03B.c\0"[..], "a.b\\.c"),
            (b"\x04\x1b[0m\x02\xc3\xbc\0", "\\027[0m.\\195\\188"),
            (b"\x02\\ \0", "\\\\\\032"),
            (b"\0", "."),
        ] {
            let name = Name::from_octets(wire).unwrap();
            assert_eq!(text(&name), shown);
            let again = super::super::message::wire(shown).unwrap();
            assert_eq!(again.as_slice().to_ascii_lowercase(), wire.to_ascii_lowercase());
        }
    }
}
