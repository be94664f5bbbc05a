//! HTTP authentication (RFC 9110, 11) with Basic and Digest, both sides; and the [`Credentials`] that
//! SOCKS uses too.
//!
//! A newcomer's trap: what is compared with a secret is compared by `equal`, in a time that does not
//! tell where the difference is.

mod basic;
mod challenge;
mod client;
mod digest;
mod guard;
mod nonce;

pub use challenge::{Challenge, parse};
pub use client::{Answer, choose};
pub use guard::{Guard, Verdict};

use aws_lc_rs::{constant_time, digest as hash};
use std::fmt;
use zeroize::Zeroizing;

/// A user's name and password; shown nowhere, and wiped when they are dropped. Not to be cloned: share them.
pub struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl Credentials {
    /// `user:password`, or a user alone, whose password is then empty. The password may have colons.
    ///
    /// # Errors
    /// When there is no user, or a control character in it (RFC 7617, 2): why.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        if user.is_empty() {
            return Err("the user is missing; it is user:password");
        }
        if text.chars().any(char::is_control) {
            return Err("control characters cannot be sent");
        }
        Ok(Self { user: user.to_owned().into(), password: password.to_owned().into() })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Whether these are the ones, in a time that does not depend on where they differ.
    #[must_use]
    pub fn are(&self, user: &[u8], password: &[u8]) -> bool {
        // Not `&&`: both are compared in any case.
        equal(self.user.as_bytes(), user) & equal(self.password.as_bytes(), password)
    }

    /// Whether the user is this one, likewise.
    #[must_use]
    pub fn is_user(&self, user: &[u8]) -> bool {
        equal(self.user.as_bytes(), user)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Compares hashes instead of the texts, so that neither their lengths nor their contents decide how long it takes.
fn equal(one: &[u8], other: &[u8]) -> bool {
    let hashed = |text| hash::digest(&hash::SHA256, text);
    constant_time::verify_slices_are_equal(hashed(one).as_ref(), hashed(other).as_ref()).is_ok()
}

/// As a quoted-string (RFC 9110, 5.6.4).
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_cut_at_the_first_colon() {
        let both = Credentials::parse("joe:se:cret").unwrap();
        assert_eq!((both.user(), both.password()), ("joe", "se:cret"));
        let user = Credentials::parse("joe").unwrap();
        assert_eq!((user.user(), user.password()), ("joe", ""));
        assert!(both.are(b"joe", b"se:cret") && both.is_user(b"joe"));
        assert!(!both.are(b"joe", b"se:cre") && !both.are(b"jo", b"se:cret") && !both.is_user(b""));
    }

    #[test]
    fn credentials_that_cannot_be_sent_are_refused() {
        for bad in ["", ":secret", "joe:a\r\nEvil: yes", "jo\0e:x"] {
            assert!(Credentials::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn credentials_do_not_show_themselves() {
        assert_eq!(format!("{:?}", Credentials::parse("joe:secret").unwrap()), "Credentials(…)");
    }
}
