//! The client's side: which of the challenges to answer, and the answer.
//!
//! A newcomer's trap: a nonce may be used again, but each time with the next count; so an [`Answer`] is
//! kept as long as its nonce is.

use super::{
    Challenge, Credentials, basic,
    digest::{Algorithm, Question},
    quoted,
};
use crate::{
    error::{Error, Result},
    report::escape,
};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// A challenge that can be answered, and how often it has been.
#[derive(Debug)]
pub struct Answer {
    way: Way,
    stale: bool,
}

#[derive(Debug)]
enum Way {
    Basic,
    Digest(Digest),
}

#[derive(Debug)]
struct Digest {
    algorithm: Algorithm,
    /// Some servers of RFC 2069's time do not expect it unless they named it.
    named: bool,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    /// With `qop=auth`: how often the nonce has been used. `None` for RFC 2069's form.
    count: Option<u32>,
}

/// The best of what is offered: Digest with SHA-256, then with MD5, then Basic; among equals the first.
///
/// # Errors
/// When nothing of it is spoken here: the schemes that were offered, for a message.
pub fn choose(offered: &[Challenge]) -> std::result::Result<Answer, String> {
    let digests = offered.iter().filter_map(|it| Some((Digest::accept(it)?, it)));
    // The first of the strongest: `max_by_key` would take the last.
    let best = digests.reduce(|best, it| if it.0.algorithm.hash > best.0.algorithm.hash { it } else { best });
    if let Some((digest, challenge)) = best {
        let stale = challenge.get("stale").is_some_and(|it| it.eq_ignore_ascii_case(b"true"));
        return Ok(Answer { way: Way::Digest(digest), stale });
    }
    match offered.iter().any(|it| it.is("Basic")) {
        true => Ok(Answer { way: Way::Basic, stale: false }),
        false => Err(offered.iter().map(in_words).collect::<Vec<_>>().join(", ")),
    }
}

impl Answer {
    /// Whether the server said that only the nonce of the last answer was wrong.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// The value of `Authorization` or `Proxy-Authorization` for the next request, whose target is `uri`.
    ///
    /// # Errors
    /// When this machine has no random numbers.
    pub fn authorize(&mut self, credentials: &Credentials, method: &str, uri: &str) -> Result<Zeroizing<Vec<u8>>> {
        match &mut self.way {
            Way::Basic => Ok(basic::answer(credentials)),
            Way::Digest(digest) => {
                let mut random = [0; 16];
                aws_lc_rs::rand::fill(&mut random)
                    .map_err(|_| Error::usage("answer with Digest", "this machine has no random numbers"))?;
                Ok(digest.answer(credentials, method, uri, HEXLOWER.encode(&random).as_bytes()).into())
            }
        }
    }
}

impl Digest {
    /// `None` when it is another scheme, or an algorithm or `qop` unknown here.
    fn accept(challenge: &Challenge) -> Option<Self> {
        if !challenge.is("Digest") {
            return None;
        }
        let name = challenge.get("algorithm");
        let count = match challenge.get("qop") {
            None => None,
            Some(list) if list.split(|it| *it == b',').any(|it| it.trim_ascii().eq_ignore_ascii_case(b"auth")) => {
                Some(0)
            }
            Some(_) => return None,
        };
        Some(Self {
            algorithm: Algorithm::parse(name)?,
            named: name.is_some(),
            realm: challenge.get("realm")?.to_vec(),
            nonce: challenge.get("nonce")?.to_vec(),
            opaque: challenge.get("opaque").map(<[u8]>::to_vec),
            count,
        })
    }

    fn answer(&mut self, credentials: &Credentials, method: &str, uri: &str, cnonce: &[u8]) -> Vec<u8> {
        let counted = self.count.as_mut().map(|count| {
            *count = count.saturating_add(1);
            format!("{count:08x}")
        });
        let question = Question {
            algorithm: self.algorithm,
            realm: &self.realm,
            nonce: &self.nonce,
            cnonce,
            counted: counted.as_deref().map(str::as_bytes),
            method: method.as_bytes(),
            uri: uri.as_bytes(),
        };
        let response = question.response(credentials);
        let mut value = b"Digest username=".to_vec();
        value.extend(quoted(credentials.user().as_bytes()));
        let mut add = |name: &str, text: Vec<u8>| {
            value.extend(format!(", {name}=").bytes());
            value.extend(text);
        };
        add("realm", quoted(&self.realm));
        add("nonce", quoted(&self.nonce));
        add("uri", quoted(uri.as_bytes()));
        if self.named {
            add("algorithm", self.algorithm.name().into());
        }
        if counted.is_some() || self.algorithm.session {
            add("cnonce", quoted(cnonce));
        }
        if let Some(count) = counted {
            add("qop", b"auth".to_vec());
            add("nc", count.into_bytes());
        }
        add("response", quoted(&response));
        if let Some(opaque) = &self.opaque {
            add("opaque", quoted(opaque));
        }
        value
    }
}

/// A scheme, and what of a Digest is not spoken here.
fn in_words(challenge: &Challenge) -> String {
    let mut words = escape(challenge.scheme());
    for name in ["algorithm", "qop"] {
        if let Some(value) = challenge.get(name) {
            words.push_str(&format!(" {name}={}", escape(value)));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{super::parse, *};

    fn chosen(headers: &[&str]) -> std::result::Result<String, String> {
        let offered: Vec<_> = headers.iter().flat_map(|it| parse(it.as_bytes())).collect();
        let answer = choose(&offered)?;
        Ok(match answer.way {
            Way::Basic => "Basic".to_owned(),
            Way::Digest(digest) => format!("{} {}", digest.algorithm.name(), digest.count.is_some()),
        })
    }

    const MD5: &str = r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5"#;
    const SHA: &str = r#"Digest realm="r", nonce="n", qop="auth-int, auth", algorithm=SHA-256"#;

    #[test]
    fn the_strongest_is_answered_wherever_it_stands() {
        let one = format!("Basic realm=x, {MD5}, NTLM, {SHA}, Negotiate");
        assert_eq!(chosen(&[&one]).unwrap(), "SHA-256 true");
        assert_eq!(chosen(&["Basic realm=x", MD5, SHA]).unwrap(), "SHA-256 true");
        assert_eq!(chosen(&[SHA, MD5, "Basic realm=x"]).unwrap(), "SHA-256 true");
        assert_eq!(chosen(&["Negotiate, NTLM, Basic realm=x", MD5]).unwrap(), "MD5 true");
        assert_eq!(chosen(&["NTLM", "basic realm=x"]).unwrap(), "Basic");
        assert_eq!(chosen(&[r#"Digest realm="", nonce="n""#]).unwrap(), "MD5 false");
    }

    #[test]
    fn what_is_not_spoken_here_is_passed_over_or_named() {
        let integrity = r#"Digest realm="r", nonce="n", qop="auth-int""#;
        let unknown = r#"Digest realm="r", nonce="n", algorithm=SHA-512-256"#;
        assert_eq!(chosen(&[integrity, "Basic realm=x", unknown]).unwrap(), "Basic");
        let why = chosen(&[integrity, "Negotiate", unknown]).unwrap_err();
        assert_eq!(why, "Digest qop=auth-int, Negotiate, Digest algorithm=SHA-512-256");
        assert_eq!(chosen(&["Digest realm=\"no nonce\""]).unwrap_err(), "Digest");
        assert_eq!(chosen(&[]).unwrap_err(), "");
    }

    #[test]
    fn the_count_goes_up_and_what_was_quoted_is_escaped() {
        let offered = parse(br#"Digest realm="a\"b", nonce="n", qop=auth, opaque="o", stale=true"#);
        let mut answer = choose(&offered).unwrap();
        assert!(answer.is_stale());
        let credentials = Credentials::parse("j\"e:x").unwrap();
        for count in [&b"00000001"[..], b"00000002"] {
            let value = answer.authorize(&credentials, "CONNECT", "h:1").unwrap();
            let said = parse(&value);
            assert_eq!(said[0].get("nc"), Some(count));
            assert_eq!(said[0].get("username"), Some(&b"j\"e"[..]));
            assert_eq!((said[0].get("realm"), said[0].get("opaque")), (Some(&b"a\"b"[..]), Some(&b"o"[..])));
            assert_eq!((said[0].get("algorithm"), said[0].get("uri")), (None, Some(&b"h:1"[..])));
        }
    }

    #[test]
    fn the_older_form_has_neither_count_nor_client_nonce() {
        let mut answer = choose(&parse(br#"Digest realm="r", nonce="n""#)).unwrap();
        let value = answer.authorize(&Credentials::parse("joe:x").unwrap(), "CONNECT", "h:1").unwrap();
        let said = parse(&value);
        assert_eq!((said[0].get("nc"), said[0].get("cnonce"), said[0].get("qop")), (None, None, None));
        let mut answer = choose(&parse(br#"Digest realm="r", nonce="n", algorithm=MD5-sess"#)).unwrap();
        let value = answer.authorize(&Credentials::parse("joe:x").unwrap(), "CONNECT", "h:1").unwrap();
        assert!(parse(&value)[0].get("cnonce").is_some(), "the key is made of it");
    }
}
