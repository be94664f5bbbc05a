//! As much of DER (X.690) as finding a certificate's names takes.
//!
//! A newcomer's trap: the names are compared and hashed by what stands in them, as webpki does, which
//! knows a certificate's issuer by nothing else; whether the rest of the certificate makes sense is not
//! asked, so that its first half is enough.

const VERSION: u8 = 0xa0;

/// Whom a certificate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names<'a> {
    /// The inside of a DER `Name`.
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
}

impl<'a> Names<'a> {
    /// Of a certificate (RFC 5280, 4.1), or of the beginning of one.
    pub(super) fn of(certificate: &'a [u8]) -> Option<Self> {
        let (_, _, inside) = Element::header(certificate)?;
        let (_, _, to_be_signed) = Element::header(inside)?;
        let (first, rest) = Element::first(to_be_signed)?;
        // The version is left out where it is 1.
        let rest = if first.tag == VERSION { Element::first(rest)?.1 } else { rest };
        let (_signature, rest) = Element::first(rest)?;
        let (issuer, rest) = Element::first(rest)?;
        let (_validity, rest) = Element::first(rest)?;
        let (subject, _) = Element::first(rest)?;
        Some(Self { issuer: issuer.content, subject: subject.content })
    }
}

/// A DER element (X.690, 8.1).
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first of `bytes`, and what follows it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (tag, length, after) = Self::header(bytes)?;
        let (content, rest) = after.split_at_checked(length)?;
        Some((Self { tag, content }, rest))
    }

    /// Its tag, how long its content is, and what comes behind these two.
    fn header(bytes: &'a [u8]) -> Option<(u8, usize, &'a [u8])> {
        let (&[tag, length], after) = bytes.split_first_chunk()?;
        match length {
            0..=0x7f => Some((tag, usize::from(length), after)),
            0x81..=0x84 => {
                let (digits, after) = after.split_at_checked(usize::from(length & 0x7f))?;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                Some((tag, length, after))
            }
            _ => None,
        }
    }

    /// All elements of `bytes`; nothing if they are not elements to the end.
    pub(super) fn all(bytes: &'a [u8]) -> Option<Vec<Self>> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let (element, after) = Self::first(rest)?;
            found.push(element);
            rest = after;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{certificate::Certificate, testing::pem_to_der};
    use proptest::prelude::*;

    #[test]
    fn names_are_found_in_certificates_of_every_version() {
        for text in
            [include_str!("testdata/v1.pem"), include_str!("testdata/p256.pem"), include_str!("testdata/odd.pem")]
        {
            let der = pem_to_der(text);
            let certificate = Certificate::parse(&der).unwrap();
            let inside = |name: &'static str, whole: &[u8]| {
                let (name, rest) = Element::first(whole).unwrap_or_else(|| panic!("{name}"));
                assert!(rest.is_empty());
                name.content.to_vec()
            };
            let names = Names::of(&der).unwrap();
            assert_eq!(names.subject, inside("subject", certificate.subject_raw()));
            assert_eq!(names.issuer, inside("issuer", certificate.issuer_raw()));
        }
    }

    proptest! {
        #[test]
        fn of_the_beginning_they_are_those_of_the_whole_or_unknown(length in 0_usize..600) {
            let der = pem_to_der(include_str!("testdata/p256.pem"));
            let found = Names::of(&der[..length.min(der.len())]);
            prop_assert!(found.is_none() || found == Names::of(&der));
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            Names::of(&bytes);
            Element::all(&bytes);
        }
    }
}
