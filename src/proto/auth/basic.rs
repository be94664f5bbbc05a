//! Basic: the user and the password themselves, as UTF-8 in Base64 (RFC 7617).
//!
//! A newcomer's trap: it hides nothing, so it is answered only where no Digest is offered.

use super::{Challenge, Credentials};
use data_encoding::BASE64;
use zeroize::Zeroizing;

/// The value of `Authorization` or `Proxy-Authorization`.
pub(super) fn answer(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    const SCHEME: &[u8] = b"Basic ";
    let pair = Zeroizing::new([credentials.user().as_bytes(), credentials.password().as_bytes()].join(&b':'));
    let digits = BASE64.encode_len(pair.len());
    // Of the right size at once: what grows leaves copies behind.
    let mut value = Zeroizing::new(vec![0; SCHEME.len() + digits]);
    if let Some((scheme, encoded)) = value.split_at_mut_checked(SCHEME.len()) {
        scheme.copy_from_slice(SCHEME);
        BASE64.encode_mut(&pair, encoded);
    }
    value
}

/// What a server offers.
pub(super) fn challenge(realm: &str) -> Vec<u8> {
    let mut value = b"Basic realm=".to_vec();
    value.extend(super::quoted(realm.as_bytes()));
    value.extend(b", charset=\"UTF-8\"");
    value
}

/// Whether `given` has the right credentials.
pub(super) fn verify(given: &Challenge, credentials: &Credentials) -> bool {
    let Ok(pair) = BASE64.decode(given.token68()).map(Zeroizing::new) else { return false };
    let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return false };
    let (user, password) = pair.split_at_checked(colon).unwrap_or_default();
    credentials.are(user, password.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree() {
        let credentials = Credentials::parse("test:123\u{a3}").unwrap();
        let value = answer(&credentials);
        assert_eq!(*value, b"Basic dGVzdDoxMjPCow==", "the example of RFC 7617, 2.1");
        let given = super::super::parse(&value);
        assert!(verify(&given[0], &credentials));
        for other in ["test:123", "test:", "tes:123\u{a3}", "test:123\u{a3}x"] {
            assert!(!verify(&given[0], &Credentials::parse(other).unwrap()), "{other}");
        }
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let credentials = Credentials::parse("a:b").unwrap();
        for bad in [&b"Basic"[..], b"Basic !!", b"Basic YQ==", b"Basic YTpi=", b"Basic x=\"y\""] {
            assert!(!verify(&super::super::parse(bad)[0], &credentials), "{bad:?}");
        }
    }
}
