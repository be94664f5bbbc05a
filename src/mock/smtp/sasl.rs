//! AUTH PLAIN (RFC 4616) and AUTH LOGIN, in which any password is right (RFC 4954).
//!
//! A newcomer's trap: behind AUTH the first response may come at once or be asked for, and `=` there means that
//! it is empty; `*` gives up.

use crate::report::escape;
use data_encoding::BASE64;

/// What is waited for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// What PLAIN says: who to be, NUL, a name, NUL, a password.
    Plain,
    /// The name that LOGIN asks for.
    Name,
    /// The password of this one.
    Password(String),
}

/// What comes of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This challenge is said, and then waited for an answer.
    Ask(&'static str, Exchange),
    /// He may be called so, which is safe to show.
    Done(String),
    /// This is the reply to what was wrong.
    Refuse(&'static str),
}

/// What follows `AUTH`: a mechanism, perhaps with a first response.
pub(super) fn begin(text: &str) -> Step {
    let (mechanism, first) = text.split_once(' ').unwrap_or((text, ""));
    let asks = match &*mechanism.to_ascii_uppercase() {
        "PLAIN" => Step::Ask("", Exchange::Plain),
        // `Username:`, `Password:`.
        "LOGIN" => Step::Ask("VXNlcm5hbWU6", Exchange::Name),
        "" => return Step::Refuse("501 5.5.4 AUTH has a mechanism: AUTH PLAIN or AUTH LOGIN"),
        _ => return Step::Refuse("504 5.5.4 That mechanism is not known here; PLAIN and LOGIN are"),
    };
    match (asks, first) {
        (Step::Ask(_, exchange), "=") => exchange.heard(b""),
        (Step::Ask(_, exchange), first) if !first.is_empty() => exchange.heard(first.as_bytes()),
        (asks, _) => asks,
    }
}

impl Exchange {
    /// The client's next line.
    pub(super) fn heard(self, line: &[u8]) -> Step {
        if line == b"*" {
            return Step::Refuse("501 5.7.0 Given up, as you say");
        }
        let Ok(said) = BASE64.decode(line) else {
            return Step::Refuse("501 5.5.2 That is not Base64");
        };
        match self {
            Self::Plain => {
                let mut parts = said.split(|&byte| byte == 0);
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(_), Some(name @ [_, ..]), Some([_, ..]), None) => Step::Done(escape(name)),
                    _ => Step::Refuse("501 5.5.2 PLAIN is NUL, a name, NUL, a password, all that in Base64"),
                }
            }
            Self::Name if said.is_empty() => Step::Refuse("501 5.5.2 The name is empty"),
            Self::Name => Step::Ask("UGFzc3dvcmQ6", Self::Password(escape(&said))),
            Self::Password(name) => Step::Done(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(text: &str) -> String {
        BASE64.encode(text.as_bytes())
    }

    #[test]
    fn plain_comes_at_once_or_is_asked_for() {
        let bob = coded("\0bob\0secret");
        assert_eq!(begin(&format!("plain {bob}")), Step::Done("bob".to_owned()));
        assert_eq!(begin("PLAIN"), Step::Ask("", Exchange::Plain));
        assert_eq!(Exchange::Plain.heard(bob.as_bytes()), Step::Done("bob".to_owned()));
        assert_eq!(Exchange::Plain.heard(coded("al\0b\x1b\0x").as_bytes()), Step::Done("b\\u{1b}".to_owned()));
    }

    #[test]
    fn login_asks_for_a_name_and_a_password() {
        assert_eq!(begin("LOGIN"), Step::Ask("VXNlcm5hbWU6", Exchange::Name));
        let asks = Step::Ask("UGFzc3dvcmQ6", Exchange::Password("bob".to_owned()));
        assert_eq!(Exchange::Name.heard(coded("bob").as_bytes()), asks);
        assert_eq!(begin(&format!("LOGIN {}", coded("bob"))), asks);
        assert_eq!(Exchange::Password("bob".to_owned()).heard(b""), Step::Done("bob".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let refused = |step: Step| match step {
            Step::Refuse(reply) => &reply[..9],
            other => panic!("{other:?}"),
        };
        for (text, reply) in [
            ("", "501 5.5.4"),
            ("CRAM-MD5", "504 5.5.4"),
            ("PLAIN =", "501 5.5.2"),
            ("PLAIN *", "501 5.7.0"),
            ("PLAIN bob", "501 5.5.2"),
            ("PLAIN Ym9i", "501 5.5.2"),
            ("PLAIN Ym9i x", "501 5.5.2"),
            ("LOGIN =", "501 5.5.2"),
        ] {
            assert_eq!(refused(begin(text)), reply, "{text}");
        }
        for said in ["\0bob\0", "\0\0x", "\0bob", "\0b\0x\0"] {
            assert_eq!(refused(Exchange::Plain.heard(coded(said).as_bytes())), "501 5.5.2", "{said:?}");
        }
        assert_eq!(refused(Exchange::Name.heard(b"\xff")), "501 5.5.2");
        assert_eq!(refused(Exchange::Password(String::new()).heard(b"*")), "501 5.7.0");
    }
}
