//! SASL (RFC 4422) where any password is right: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195).
//!
//! A newcomer's trap: the password does not matter, but the form does. A client that forgets base64, a NUL, or the
//! password itself, is told so, for no other server would let it in.

use crate::report::escape;
use data_encoding::BASE64;

/// What can be asked for, where there is a stamp; without one, all but the last.
pub const MECHANISMS: &[&str] = &["PLAIN", "LOGIN", "CRAM-MD5"];

/// An exchange that has begun, and waits for what the client answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange(Awaits);

#[derive(Debug, PartialEq, Eq)]
enum Awaits {
    /// PLAIN: all in one.
    Credentials,
    /// LOGIN: first the name,
    Name,
    /// then the password of that name, which is safe to show.
    Password(String),
    /// CRAM-MD5: what comes of this challenge.
    Digest(String),
}

/// What comes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// More is asked.
    Asks(Exchange),
    /// The client has this name, which is safe to show.
    Is(String),
    /// The client has given it up.
    GivenUp,
    /// What it says has not the right form; why, in words.
    Malformed(&'static str),
}

impl Exchange {
    /// Begins, if there is such a mechanism. CRAM-MD5 needs a `stamp` that is in no other session: `<…@host>`.
    #[must_use]
    pub fn begin(mechanism: &[u8], stamp: Option<&str>) -> Option<Self> {
        match mechanism.to_ascii_uppercase().as_slice() {
            b"PLAIN" => Some(Self(Awaits::Credentials)),
            b"LOGIN" => Some(Self(Awaits::Name)),
            b"CRAM-MD5" => stamp.map(|stamp| Self(Awaits::Digest(stamp.to_owned()))),
            _ => None,
        }
    }

    /// What the client is asked, in base64; the protocol puts its own word before it.
    #[must_use]
    pub fn challenge(&self) -> String {
        BASE64.encode(match &self.0 {
            Awaits::Credentials => b"",
            Awaits::Name => b"Username:",
            Awaits::Password(_) => b"Password:",
            Awaits::Digest(stamp) => stamp.as_bytes(),
        })
    }

    /// The client has answered already in the line that asked for the mechanism; `=` stands for an empty answer.
    #[must_use]
    pub fn initial(self, response: &[u8]) -> Outcome {
        match self.0 {
            Awaits::Digest(_) => Outcome::Malformed("CRAM-MD5 begins with a challenge, which has not been seen yet"),
            _ if response == b"=" => self.answer(b""),
            _ => self.answer(response),
        }
    }

    /// The client answers with this line.
    #[must_use]
    pub fn answer(self, line: &[u8]) -> Outcome {
        if line == b"*" {
            return Outcome::GivenUp;
        }
        let Ok(text) = BASE64.decode(line) else { return Outcome::Malformed("this is no base64 (RFC 4648)") };
        let text = String::from_utf8_lossy(&text).into_owned();
        let is = |name: &str| match name {
            "" => Outcome::Malformed("the name is empty"),
            name => Outcome::Is(escape(name.as_bytes())),
        };
        match self.0 {
            Awaits::Credentials => {
                let mut parts = text.split('\0');
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(_), Some(_), Some(""), None) => {
                        Outcome::Malformed("the password is empty; any other will do")
                    }
                    (Some(_), Some(name), Some(_), None) => is(name),
                    _ => Outcome::Malformed("PLAIN wants NUL, the name, NUL, and the password, all that in base64"),
                }
            }
            Awaits::Name if text.is_empty() => is(""),
            Awaits::Name => Outcome::Asks(Self(Awaits::Password(escape(text.as_bytes())))),
            Awaits::Password(name) => Outcome::Is(name),
            Awaits::Digest(_) => match text.rsplit_once(' ') {
                Some((name, digest)) if is_md5(digest.as_bytes()) => is(name),
                _ => Outcome::Malformed(
                    "CRAM-MD5 wants the name, a blank, and 32 hexadecimal digits, all that in base64",
                ),
            },
        }
    }
}

/// Whether this is what an MD5 looks like in text.
#[must_use]
pub fn is_md5(digest: &[u8]) -> bool {
    digest.len() == 32 && digest.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begin(mechanism: &str) -> Exchange {
        Exchange::begin(mechanism.as_bytes(), Some("<1@h>")).unwrap()
    }

    fn answer(exchange: Exchange, text: &str) -> Outcome {
        exchange.answer(BASE64.encode(text.as_bytes()).as_bytes())
    }

    fn is(name: &str) -> Outcome {
        Outcome::Is(name.to_owned())
    }

    #[test]
    fn any_password_is_right() {
        assert!(MECHANISMS.iter().all(|name| Exchange::begin(name.to_lowercase().as_bytes(), Some("")).is_some()));
        assert_eq!(begin("PLAIN").challenge(), "");
        assert_eq!(answer(begin("PLAIN"), "\0bob\0x y"), is("bob"));
        assert_eq!(begin("plain").initial(b"YQBib2IAeA=="), is("bob"), "who is to be somebody else, too");
        assert_eq!(answer(begin("PLAIN"), "\0b\x1b\0x"), is("b\\u{1b}"));
        assert_eq!(begin("LOGIN").challenge(), "VXNlcm5hbWU6");
        let Outcome::Asks(second) = begin("LOGIN").initial(b"Ym9i") else { panic!() };
        assert_eq!(second.challenge(), "UGFzc3dvcmQ6");
        assert_eq!(second.initial(b"="), is("bob"));
        assert_eq!(begin("CRAM-MD5").challenge(), "PDFAaD4=");
        assert_eq!(answer(begin("CRAM-MD5"), "b b 74e6f7298a9c2d168935f58c001bad88"), is("b b"));
        assert_eq!(Exchange::begin(b"GSSAPI", Some("")), None);
        assert_eq!(Exchange::begin(b"CRAM-MD5", None), None);
    }

    #[test]
    fn the_form_has_to_be_right() {
        for (mechanism, line) in [
            ("PLAIN", "\0bob\0x"),
            ("PLAIN", "Ym9i"),
            ("PLAIN", "AAB4"),
            ("PLAIN", "AGEAYgBj"),
            ("PLAIN", "AGJvYgA="),
            ("PLAIN", "YQBib2I="),
            ("LOGIN", ""),
            ("LOGIN", "Ym9"),
            ("CRAM-MD5", "Ym9iIDEyMw=="),
        ] {
            assert!(matches!(begin(mechanism).answer(line.as_bytes()), Outcome::Malformed(_)), "{mechanism} {line}");
            assert_eq!(begin(mechanism).answer(b"*"), Outcome::GivenUp);
        }
        assert!(matches!(begin("CRAM-MD5").initial(b"Ym9i"), Outcome::Malformed(_)));
    }

    proptest! {
        #[test]
        fn nothing_panics(line: Vec<u8>, text: String) {
            for mechanism in MECHANISMS {
                let _ = begin(mechanism).answer(&line);
                if let Outcome::Asks(more) = answer(begin(mechanism), &text) {
                    let _ = more.answer(&line);
                }
            }
        }
    }
}
