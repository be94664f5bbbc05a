//! The hash of a name by which OpenSSL finds a certificate's file: `openssl x509 -hash`.
//!
//! A newcomer's trap: it is not a hash of the name as it stands in the certificate. Texts are brought
//! into one form first, so that names that differ in case, spaces or encoding alone are one.

use super::der::Element;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8: u8 = 0x0c;

/// Of the inside of a DER `Name`; `None` if it is none.
pub(super) fn name_hash(name: &[u8]) -> Option<u32> {
    let mut canonical = Vec::new();
    for relative in Element::all(name)? {
        let attributes: Option<Vec<_>> = Element::all(relative.content)?.iter().map(attribute).collect();
        let mut attributes = attributes?;
        // The elements of a SET stand in the order of their encodings (X.690, 11.6).
        attributes.sort();
        canonical.extend(element(SET, &attributes.concat()));
    }
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &canonical);
    hash.as_ref().first_chunk().map(|first| u32::from_le_bytes(*first))
}

fn attribute(attribute: &Element<'_>) -> Option<Vec<u8>> {
    let (kind, value) = Element::first(attribute.content)?;
    let (value, _) = Element::first(value)?;
    let value = match text(&value) {
        Some(text) => {
            element(UTF8, text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase().as_bytes())
        }
        None => element(value.tag, value.content),
    };
    Some(element(SEQUENCE, &[element(kind.tag, kind.content), value].concat()))
}

/// What a string says; `None` for one that stays as it is.
fn text(value: &Element<'_>) -> Option<String> {
    let (bytes, latin) = (value.content, |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect());
    match value.tag {
        UTF8 => String::from_utf8(bytes.to_vec()).ok(),
        // PrintableString, T61String, IA5String, VisibleString.
        0x13 | 0x14 | 0x16 | 0x1a => Some(latin(bytes)),
        // BMPString.
        0x1e => {
            let units: Vec<_> = bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            String::from_utf16(&units).ok()
        }
        // UniversalString.
        0x1c => bytes
            .chunks_exact(4)
            .map(|four| char::from_u32(four.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))))
            .collect(),
        _ => None,
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0);
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            bytes.push(0x80 | u8::try_from(digits.clone().count()).unwrap_or_default());
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The inside of a name of one attribute, a common name.
    fn common_name(tag: u8, value: &[u8]) -> Vec<u8> {
        let attribute = [element(0x06, &[0x55, 4, 3]), element(tag, value)].concat();
        element(SET, &element(SEQUENCE, &attribute))
    }

    #[test]
    fn it_is_the_one_that_openssl_prints() {
        assert_eq!(name_hash(&common_name(UTF8, b"localhost")), Some(0xce27_5665));
    }

    #[test]
    fn names_that_differ_in_case_spaces_or_encoding_have_the_same() {
        let wanted = name_hash(&common_name(UTF8, "grüne post".as_bytes()));
        let wide = |units: &[u8]| {
            "  Grüne  Post ".encode_utf16().flat_map(|unit| [units, &unit.to_be_bytes()].concat()).collect::<Vec<_>>()
        };
        for (tag, value) in [
            (UTF8, " GRüNE \t POST".as_bytes().to_vec()),
            (0x14, b"Gr\xfcne Post".to_vec()),
            (0x1e, wide(&[])),
            (0x1c, wide(&[0, 0])),
        ] {
            assert_eq!(name_hash(&common_name(tag, &value)), wanted, "{tag:#x}");
        }
        assert_ne!(name_hash(&common_name(0x04, "grüne post".as_bytes())), wanted, "no string");
    }

    #[test]
    fn lengths_are_those_of_der() {
        for (length, begin) in [(0x7f, &[4, 0x7f][..]), (0x80, &[4, 0x81, 0x80]), (0x1234, &[4, 0x82, 0x12, 0x34])] {
            assert!(element(4, &vec![0; length]).starts_with(begin));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(name: Vec<u8>, tag: u8) {
            name_hash(&name);
            name_hash(&common_name(tag, &name));
        }
    }
}
