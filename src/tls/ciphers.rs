//! `--ssl-ciphers`: OpenSSL's cipher lists on rustls' cipher suites.
//!
//! A newcomer's trap: OpenSSL's lists do not touch TLS 1.3. Here they do: what is named is what
//! is offered, so one TLS 1.2 suite alone means TLS 1.2. But TLS 1.3 suites leave key exchange and
//! authentication open: `ECDHE` and `ECDSA` take them in, and `!ECDSA` does not take them out.

use crate::{
    error::{Error, Result},
    report::escape,
};
use rustls::{CipherSuite, SupportedCipherSuite, crypto::aws_lc_rs::ALL_CIPHER_SUITES};

/// Words of OpenSSL for what rustls has not, and never will: excluding them is a matter of course.
const ABSENT: &str = "aNULL eNULL NULL LOW MEDIUM EXP EXPORT EXPORT40 EXPORT56 RC4 RC2 IDEA DES 3DES MD5 SHA SHA1 \
    SHA256 SHA384 kRSA RSA DH EDH DHE kDHE kEDH kDH kDHr kDHd aDH ADH AECDH ECDH kECDH kECDHr kECDHe aECDH DSS aDSS \
    PSK kPSK aPSK kECDHEPSK ECDHEPSK kDHEPSK DHEPSK kRSAPSK RSAPSK SRP kSRP aSRP GOST GOST89 GOST89MAC GOST94 kGOST \
    aGOST aGOST01 SEED CAMELLIA CAMELLIA128 CAMELLIA256 ARIA ARIA128 ARIA256 ARIAGCM AESCCM AESCCM8 SSLv2 SSLv3 \
    TLSv1 TLSv1.0 TLSv1.1 FZA KRB5 kKRB5 aKRB5 SUITEB128 SUITEB128ONLY SUITEB192 COMPLEMENTOFALL COMPLEMENTOFDEFAULT";

/// What the names of suites are made of besides: a name of nothing but these is one that OpenSSL
/// may know and rustls has not (`AES128-SHA`), and no slip of the pen.
const PARTS: &str = "TLS WITH AES AES128 AES256 CHACHA20 POLY1305 GCM CBC CBC3 CCM CCM8 EDE EDE3 ECDHE ECDSA anon \
    8 40 56 64 128 256";

/// The suites of a cipher list, in its order.
pub fn select(list: &str) -> Result<Vec<SupportedCipherSuite>> {
    let mut chosen = Vec::new();
    let mut barred = Vec::new();
    for word in list.split([':', ',', ';', ' ', '\t']).filter(|word| !word.is_empty()) {
        apply(word, &mut chosen, &mut barred)?;
    }
    if chosen.is_empty() {
        return Err(refuse(format!("nothing is left of \"{}\"", escape(list.as_bytes()))));
    }
    Ok(chosen)
}

/// A suite's name as IANA has it.
pub(super) fn name(suite: CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

fn apply(word: &str, chosen: &mut Vec<SupportedCipherSuite>, barred: &mut Vec<SupportedCipherSuite>) -> Result<()> {
    match word.split_at_checked(1) {
        Some(("@", command)) if command.eq_ignore_ascii_case("STRENGTH") => {
            chosen.sort_by_key(|suite| name(suite.suite()).contains("AES_128"));
        }
        // OpenSSL's levels 0 to 5: what rustls has passes those that anybody uses.
        Some(("@", command)) if command.to_ascii_uppercase().starts_with("SECLEVEL=") => {}
        Some(("@", _)) => return Err(refuse(format!("\"{}\" is no command", escape(word.as_bytes())))),
        Some(("!", rest)) => {
            let out = matching(rest, Purpose::Exclude)?;
            chosen.retain(|suite| !out.contains(suite));
            barred.extend(out);
        }
        Some(("-", rest)) => {
            let out = matching(rest, Purpose::Exclude)?;
            chosen.retain(|suite| !out.contains(suite));
        }
        Some(("+", rest)) => {
            let last = matching(rest, Purpose::Include)?;
            chosen.sort_by_key(|suite| last.contains(suite));
        }
        _ => {
            let mut more = matching(word, Purpose::Include)?;
            more.retain(|suite| !chosen.contains(suite) && !barred.contains(suite));
            chosen.extend(more);
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Include,
    Exclude,
}

/// The suites that have all of the properties joined by `+`.
fn matching(word: &str, purpose: Purpose) -> Result<Vec<SupportedCipherSuite>> {
    let mut left = ALL_CIPHER_SUITES.to_vec();
    for part in word.split('+') {
        let Some(properties) = Property::read(part) else {
            return Err(refuse(format!("\"{}\" is not known", escape(word.as_bytes()))));
        };
        left.retain(|suite| properties.fits(*suite, purpose));
    }
    Ok(left)
}

enum Property {
    All,
    None,
    Named(CipherSuite),
    /// A part of the IANA name.
    Contains(&'static str),
    /// A part of the names of TLS 1.2 suites; those of TLS 1.3 leave it open.
    Negotiated(&'static str),
    Tls12,
    Tls13,
}

impl Property {
    fn read(word: &str) -> Option<Self> {
        let named = ALL_CIPHER_SUITES.iter().map(|suite| suite.suite()).find(|suite| {
            let names = [name(*suite), openssl_name(*suite), format!("{suite:?}")];
            names.iter().any(|name| name.eq_ignore_ascii_case(word))
        });
        if let Some(suite) = named {
            return Some(Self::Named(suite));
        }
        Some(match word.to_ascii_uppercase().as_str() {
            "ALL" | "DEFAULT" | "HIGH" | "AEAD" | "FIPS" => Self::All,
            "ECDHE" | "EECDH" | "KECDHE" | "KEECDH" => Self::Negotiated("_ECDHE_"),
            "ECDSA" | "AECDSA" => Self::Negotiated("_ECDSA_"),
            "ARSA" => Self::Negotiated("_RSA_"),
            "AES" | "AESGCM" => Self::Contains("_AES_"),
            "AES128" => Self::Contains("_AES_128_"),
            "AES256" => Self::Contains("_AES_256_"),
            "CHACHA20" => Self::Contains("_CHACHA20_"),
            "TLSV1.2" => Self::Tls12,
            "TLSV1.3" => Self::Tls13,
            _ if is_absent(word) => Self::None,
            _ => return None,
        })
    }

    fn fits(&self, suite: SupportedCipherSuite, purpose: Purpose) -> bool {
        let tls13 = suite.tls13().is_some();
        match self {
            Self::All => true,
            Self::None => false,
            Self::Named(named) => suite.suite() == *named,
            Self::Contains(part) => name(suite.suite()).contains(part),
            Self::Negotiated(_) if tls13 => purpose == Purpose::Include,
            Self::Negotiated(part) => name(suite.suite()).contains(part),
            Self::Tls12 => !tls13,
            Self::Tls13 => tls13,
        }
    }
}

/// OpenSSL calls TLS 1.3 suites as IANA does, and others `ECDHE-RSA-AES128-GCM-SHA256`.
fn openssl_name(suite: CipherSuite) -> String {
    let name = name(suite);
    match name.split_once("_WITH_") {
        Some((exchange, cipher)) => {
            let cipher = cipher.replace("AES_", "AES").replace("POLY1305_SHA256", "POLY1305");
            format!("{}-{cipher}", exchange.trim_start_matches("TLS_")).replace('_', "-")
        }
        None => name,
    }
}

fn is_absent(word: &str) -> bool {
    let is_word = |word: &str, list: &str| list.split_whitespace().any(|known| known.eq_ignore_ascii_case(word));
    is_word(word, ABSENT)
        || (word.contains(['-', '_'])
            && word.split(['-', '_']).all(|part| is_word(part, ABSENT) || is_word(part, PARTS)))
}

fn refuse(why: String) -> Error {
    let names: Vec<_> = ALL_CIPHER_SUITES.iter().map(|suite| openssl_name(suite.suite())).collect();
    Error::usage("--ssl-ciphers", why).hint(format!(
        "there are {}; and ALL, ECDHE, ECDSA, aRSA, AES, AES128, AES256, CHACHA20, TLSv1.2, TLSv1.3",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(list: &str) -> Vec<String> {
        select(list).unwrap().iter().map(|suite| openssl_name(suite.suite())).collect()
    }

    #[test]
    fn the_names_are_those_of_openssl() {
        let mut all = names("ALL");
        all.sort();
        let known = [
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-RSA-CHACHA20-POLY1305",
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        ];
        assert_eq!(all, known);
    }

    #[test]
    fn the_lists_of_other_programs_work() {
        for list in [
            "ALL:!aNULL:!eNULL:!LOW:!EXP:!RC4:!MD5:@STRENGTH",
            "DEFAULT@SECLEVEL=1".replace('@', ":@").as_str(),
            "HIGH:!aNULL:!eNULL:!MD5:!RC4:!LOW:!EXP:!3DES:!DES:!kRSA:!PSK:!SRP:!DSS:!SHA256:!SHA384:!COMPLEMENTOFDEFAULT",
            "EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:CHACHA20",
            "ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-SHA256 DHE-RSA-AES128-GCM-SHA256:AES128-SHA:TLS_RSA_WITH_AES_128_CBC_SHA",
        ] {
            assert!(!names(list).is_empty(), "{list}");
        }
        assert_eq!(names("ALL:!aNULL:!eNULL:!LOW:!EXP:!RC4:!MD5:@STRENGTH").len(), 9);
    }

    #[test]
    fn a_named_suite_is_the_only_one() {
        assert_eq!(names("ECDHE-RSA-AES128-GCM-SHA256"), ["ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(names("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), ["ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(names("tls_aes_128_gcm_sha256"), ["TLS_AES_128_GCM_SHA256"]);
        assert_eq!(names("TLS13_AES_128_GCM_SHA256"), ["TLS_AES_128_GCM_SHA256"]);
    }

    #[test]
    fn words_join_exclude_and_move() {
        assert_eq!(names("TLSv1.3+CHACHA20"), ["TLS_CHACHA20_POLY1305_SHA256"]);
        assert_eq!(names("TLSv1.2+aRSA+AES256"), ["ECDHE-RSA-AES256-GCM-SHA384"]);
        assert_eq!(names("TLSv1.3:+AES256").last().unwrap(), "TLS_AES_256_GCM_SHA384");
        assert_eq!(names("ALL:!AES:!CHACHA20+TLSv1.2"), ["TLS_CHACHA20_POLY1305_SHA256"]);
        assert_eq!(names("AES128:@STRENGTH:AES256:@STRENGTH")[0], "TLS_AES_256_GCM_SHA384");
        assert!(names("ECDHE:!ECDSA:!aRSA").iter().all(|name| name.starts_with("TLS_")), "TLS 1.3 leaves it open");
        assert_eq!(names("ALL:-AES:-CHACHA20:AES128+TLSv1.3"), ["TLS_AES_128_GCM_SHA256"]);
        assert!(select("!AES128:AES128").is_err(), "barred for good");
    }

    #[test]
    fn an_unknown_word_and_an_empty_list_say_what_there_is() {
        for list in [
            "AES512",
            "ECDHE-RSA-AES512-GCM-SHA256",
            "ALL:!NONSENSE",
            "ALL:@NONSENSE",
            "",
            "!RC4",
            "RC4:DES",
            "AES128-SHA",
            ":,",
        ] {
            let error = select(list).unwrap_err();
            assert_eq!(error.exit(), crate::error::Exit::Usage);
            assert!(error.to_string().contains("ECDHE-RSA-AES128-GCM-SHA256"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_list_is_taken_or_refused_and_never_doubles_a_suite(
            words in prop::collection::vec((
                prop::sample::select(vec!["", "!", "-", "+", "@"]),
                prop::sample::select(vec!["ALL", "AES", "aRSA", "ECDHE+AESGCM", "TLSv1.3", "RC4", "STRENGTH", "++", "é"]),
            ), 0..6),
        ) {
            let list: Vec<String> = words.iter().map(|(sign, word)| format!("{sign}{word}")).collect();
            if let Ok(suites) = select(&list.join(":")) {
                prop_assert!(!suites.is_empty());
                for (n, suite) in suites.iter().enumerate() {
                    prop_assert!(!suites[..n].contains(suite));
                }
            }
        }

        #[test]
        fn no_text_makes_it_fall_over(text: String) {
            let _ = select(&text);
        }
    }
}
