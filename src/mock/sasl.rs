//! SASL (RFC 4422) where any password is right: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195).
//!
//! A newcomer's trap: the password does not matter, but the form does. A client that forgets base64, or a NUL,
//! is told so, for no other server would let it in.

use data_encoding::BASE64;

/// What can be asked for.
pub const MECHANISMS: [&str; 3] = ["PLAIN", "LOGIN", "CRAM-MD5"];

/// An exchange that has begun, and waits for what the client answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange(Awaits);

#[derive(Debug, PartialEq, Eq)]
enum Awaits {
    /// PLAIN: all in one.
    Credentials,
    /// LOGIN: first the name,
    Name,
    /// then the password of that name.
    Password(String),
    /// CRAM-MD5: what comes of this challenge.
    Digest(String),
}

/// What comes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// More is asked.
    Asks(Exchange),
    /// The client has this name.
    Is(String),
    /// It is not let in; why.
    Refused(&'static str),
}

impl Exchange {
    /// Begins, if there is such a mechanism; `stamp` is in no other session: `<…@host>`.
    #[must_use]
    pub fn begin(mechanism: &[u8], stamp: &str) -> Option<Self> {
        match mechanism.to_ascii_uppercase().as_slice() {
            b"PLAIN" => Some(Self(Awaits::Credentials)),
            b"LOGIN" => Some(Self(Awaits::Name)),
            b"CRAM-MD5" => Some(Self(Awaits::Digest(stamp.to_owned()))),
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
            Awaits::Digest(_) => Outcome::Refused("CRAM-MD5 begins with a challenge, which has not been seen yet"),
            _ if response == b"=" => self.answer(b""),
            _ => self.answer(response),
        }
    }

    /// The client answers with this line.
    #[must_use]
    pub fn answer(self, line: &[u8]) -> Outcome {
        if line == b"*" {
            return Outcome::Refused("given up, as the client wished");
        }
        let Ok(text) = BASE64.decode(line) else { return Outcome::Refused("this is no base64 (RFC 4648)") };
        let text = String::from_utf8_lossy(&text).into_owned();
        let is = |name: &str| match name {
            "" => Outcome::Refused("the name is empty"),
            name => Outcome::Is(name.to_owned()),
        };
        match self.0 {
            Awaits::Credentials => {
                let mut parts = text.split('\0');
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(_), Some(name), Some(_), None) => is(name),
                    _ => Outcome::Refused("PLAIN wants NUL, the name, NUL, and the password, all that in base64"),
                }
            }
            Awaits::Name if text.is_empty() => is(""),
            Awaits::Name => Outcome::Asks(Self(Awaits::Password(text))),
            Awaits::Password(name) => is(&name),
            Awaits::Digest(_) => match text.rsplit_once(' ') {
                Some((name, digest)) if is_md5(digest.as_bytes()) => is(name),
                _ => {
                    Outcome::Refused("CRAM-MD5 wants the name, a blank, and 32 hexadecimal digits, all that in base64")
                }
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
        Exchange::begin(mechanism.as_bytes(), "<1@h>").unwrap()
    }

    fn answer(exchange: Exchange, text: &str) -> Outcome {
        exchange.answer(BASE64.encode(text.as_bytes()).as_bytes())
    }

    fn is(name: &str) -> Outcome {
        Outcome::Is(name.to_owned())
    }

    #[test]
    fn any_password_is_right() {
        assert!(MECHANISMS.iter().all(|name| Exchange::begin(name.to_lowercase().as_bytes(), "").is_some()));
        assert_eq!(begin("PLAIN").challenge(), "");
        assert_eq!(answer(begin("PLAIN"), "\0bob\0x y"), is("bob"));
        assert_eq!(begin("plain").initial(b"YQBib2IA"), is("bob"), "an empty one, too");
        assert_eq!(begin("LOGIN").challenge(), "VXNlcm5hbWU6");
        let Outcome::Asks(second) = begin("LOGIN").initial(b"Ym9i") else { panic!() };
        assert_eq!(second.challenge(), "UGFzc3dvcmQ6");
        assert_eq!(second.initial(b"="), is("bob"));
        assert_eq!(begin("CRAM-MD5").challenge(), "PDFAaD4=");
        assert_eq!(answer(begin("CRAM-MD5"), "b b 74e6f7298a9c2d168935f58c001bad88"), is("b b"));
        assert_eq!(Exchange::begin(b"GSSAPI", ""), None);
    }

    #[test]
    fn the_form_has_to_be_right() {
        for (mechanism, line) in [
            ("PLAIN", "*"),
            ("PLAIN", "\0bob\0x"),
            ("PLAIN", "Ym9i"),
            ("PLAIN", "AAB4"),
            ("PLAIN", "AGEAYgBj"),
            ("LOGIN", ""),
            ("LOGIN", "Ym9"),
            ("CRAM-MD5", "Ym9iIDEyMw=="),
        ] {
            assert!(matches!(begin(mechanism).answer(line.as_bytes()), Outcome::Refused(_)), "{mechanism} {line}");
        }
        assert!(matches!(begin("CRAM-MD5").initial(b"Ym9i"), Outcome::Refused(_)));
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
