//! SHA-256 fingerprints of certificates: how they are shown, and how they are read back.
//!
//! A newcomer's trap: it is the certificate's DER that is hashed, not its public key; a renewed
//! certificate has another fingerprint even when the key stays.

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 over a certificate's DER.
#[must_use]
pub fn sha256(der: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest(&SHA256, der).as_ref()) {
        *to = *from;
    }
    out
}

/// As OpenSSL writes it: upper-case hex with colons.
#[must_use]
pub fn show(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Reads a fingerprint as rncat, OpenSSL or a browser shows it: colons, blanks or nothing between
/// the bytes, either case, perhaps with `SHA256:` or `sha256 Fingerprint=` in front.
#[must_use]
pub fn parse(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let hex = match text.rsplit_once('=') {
        Some((label, hex)) if is_label(label) => hex,
        Some(_) => return None,
        None => match text.split_once(':') {
            Some((label, hex)) if is_label(label) => hex,
            _ => text,
        },
    };
    let digits: Vec<u8> = hex
        .chars()
        .filter(|c| *c != ':' && !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

fn is_label(text: &str) -> bool {
    let word: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(word.to_ascii_lowercase().as_str(), "sha256" | "sha256fingerprint" | "fingerprint")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_format_is_that_of_openssl() {
        let shown = show(&sha256(b"abc"));
        assert!(shown.starts_with("BA:78:16:BF:8F:01:CF:EA:"), "{shown}");
        assert_eq!(shown.len(), 95);
    }

    #[test]
    fn what_does_not_have_32_bytes_is_no_fingerprint() {
        for text in ["", "AB", "SHA256:", &"AB:".repeat(31), &"AB".repeat(33), &"A".repeat(63), &"XY".repeat(32)] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse(&format!("MD5={}", "AB".repeat(32))), None);
    }

    proptest! {
        #[test]
        fn every_way_of_writing_it_is_read_back(hash: [u8; 32], way in 0..6) {
            let colons = show(&hash);
            let text = match way {
                0 => colons,
                1 => colons.to_lowercase(),
                2 => colons.replace(':', ""),
                3 => colons.replace(':', " "),
                4 => format!("SHA256:{colons}"),
                _ => format!(" sha256 Fingerprint={}\n", colons.to_lowercase()),
            };
            prop_assert_eq!(parse(&text), Some(hash));
        }

        #[test]
        fn no_text_makes_it_fall_over(text: String) {
            let _ = parse(&text);
        }
    }
}
