//! The server's side: what is demanded, and whether what came is right.
//!
//! A newcomer's trap: a right answer to a nonce that is too old or was used before is not wrong
//! credentials; the client is told `stale=true`, and answers the new nonce without asking its user.

use super::{
    Challenge, Credentials, basic,
    digest::{Algorithm, Question},
    equal,
    nonce::Nonces,
    parse, quoted,
};
use crate::error::{Error, Result};
use aws_lc_rs::{constant_time, error::Unspecified};
use std::{rc::Rc, time::Instant};

/// What came of looking at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The credentials are right.
    Granted,
    /// There are none, or none of a scheme that was offered.
    Missing,
    /// They are right, but the nonce is too old, was used before, or is from another run.
    Stale,
    /// They are wrong.
    Wrong,
}

/// Demands credentials of the clients of a run.
#[derive(Debug)]
pub struct Guard {
    credentials: Rc<Credentials>,
    realm: String,
    nonces: Nonces,
}

impl Guard {
    /// Lets those in who know `credentials`; `realm` is what users are shown.
    ///
    /// # Errors
    /// When this machine has no random numbers.
    pub fn new(credentials: Rc<Credentials>, realm: &str, now: Instant) -> Result<Self> {
        Ok(Self { credentials, realm: realm.to_owned(), nonces: Nonces::new(now).map_err(no_numbers)? })
    }

    /// The values of the `WWW-Authenticate` or `Proxy-Authenticate` fields, one field each: Digest with
    /// MD5, Digest with SHA-256, Basic. Those who know better take the second. `verdict` is the one that they answer.
    ///
    /// # Errors
    /// When this machine has no random numbers.
    pub fn challenges(&self, verdict: Verdict, now: Instant) -> Result<[Vec<u8>; 3]> {
        let nonce = self.nonces.issue(now).map_err(no_numbers)?;
        let stale = if verdict == Verdict::Stale { ", stale=true" } else { "" };
        let digest = |algorithm| {
            let mut value = b"Digest realm=".to_vec();
            value.extend(quoted(self.realm.as_bytes()));
            let rest = format!(", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", charset=UTF-8{stale}");
            value.extend(rest.into_bytes());
            value
        };
        // Ncat gives up at an algorithm that it does not know, unless one that it knows came before.
        Ok([digest("MD5"), digest("SHA-256"), basic::challenge(&self.realm)])
    }

    /// Looks at the value of a request's `Authorization` or `Proxy-Authorization`. `target` is the
    /// request's, as it stands in its first line.
    pub fn check(&mut self, value: Option<&[u8]>, method: &[u8], target: &[u8], now: Instant) -> Verdict {
        let given = value.map(parse).unwrap_or_default();
        let Some(given) = given.first() else { return Verdict::Missing };
        if given.is("Basic") {
            return if basic::verify(given, &self.credentials) { Verdict::Granted } else { Verdict::Wrong };
        }
        if !given.is("Digest") {
            return Verdict::Missing;
        }
        let Some(answer) = Given::read(given) else { return Verdict::Wrong };
        if !answer.is_right(&self.credentials, &self.realm, method, target) {
            Verdict::Wrong
        } else if self.nonces.spend(answer.nonce, answer.count, now) {
            Verdict::Granted
        } else {
            Verdict::Stale
        }
    }
}

/// An answer to a Digest challenge.
struct Given<'a> {
    algorithm: Algorithm,
    user: &'a [u8],
    realm: &'a [u8],
    nonce: &'a [u8],
    cnonce: &'a [u8],
    counted: Option<&'a [u8]>,
    /// RFC 2069's form has none, and is taken once for each nonce.
    count: u32,
    uri: &'a [u8],
    response: Vec<u8>,
}

impl<'a> Given<'a> {
    /// `None` when something is missing, or was never offered.
    fn read(given: &'a Challenge) -> Option<Self> {
        let counted = match given.get("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case(b"auth") => Some(given.get("nc")?),
            Some(_) => return None,
        };
        let count = match counted {
            None => 1,
            Some(hex) if hex.len() == 8 && hex.iter().all(u8::is_ascii_hexdigit) => {
                u32::from_str_radix(str::from_utf8(hex).ok()?, 16).ok()?
            }
            Some(_) => return None,
        };
        let algorithm = Algorithm::parse(given.get("algorithm"))?;
        let needs_cnonce = counted.is_some() || algorithm.session;
        Some(Self {
            algorithm,
            user: given.get("username")?,
            realm: given.get("realm")?,
            nonce: given.get("nonce")?,
            cnonce: if needs_cnonce { given.get("cnonce")? } else { b"" },
            counted,
            count,
            uri: given.get("uri")?,
            response: given.get("response")?.to_ascii_lowercase(),
        })
    }

    fn is_right(&self, credentials: &Credentials, realm: &str, method: &[u8], target: &[u8]) -> bool {
        let Self { algorithm, realm: said, nonce, cnonce, counted, uri, .. } = *self;
        let response = Question { algorithm, realm: said, nonce, cnonce, counted, method, uri }.response(credentials);
        // All are computed, whatever the first ones gave.
        equal(credentials.user().as_bytes(), self.user)
            & constant_time::verify_slices_are_equal(&response, &self.response).is_ok()
            & (said == realm.as_bytes())
            & (uri == target || uri == path(target))
    }
}

/// What some clients of proxies take for the target (curl does): all that follows the authority.
fn path(target: &[u8]) -> &[u8] {
    let Some(authority) = target.windows(3).position(|it| it == b"://") else { return target };
    let authority = target.get(authority + 3..).unwrap_or_default();
    match authority.iter().position(|it| matches!(it, b'/' | b'?')) {
        Some(end) => authority.get(end..).unwrap_or_default(),
        None => b"/",
    }
}

fn no_numbers(_: Unspecified) -> Error {
    Error::usage("demand credentials", "this machine has no random numbers")
}

#[cfg(test)]
mod tests {
    use super::{super::choose, *};
    use proptest::prelude::*;
    use std::time::Duration;

    fn credentials(text: &str) -> Credentials {
        Credentials::parse(text).unwrap()
    }

    /// What a client says to these challenges.
    fn answer(challenges: &[Vec<u8>], who: &str, target: &str) -> Vec<u8> {
        let offered: Vec<_> = challenges.iter().flat_map(|it| parse(it)).collect();
        choose(&offered).unwrap().authorize(&credentials(who), "GET", target).unwrap().to_vec()
    }

    #[test]
    fn each_scheme_that_is_offered_is_taken() {
        let now = Instant::now();
        let mut guard = Guard::new(Rc::new(credentials("joe:secret")), "the \"realm\"", now).unwrap();
        assert_eq!(guard.check(None, b"GET", b"/", now), Verdict::Missing);
        assert_eq!(guard.check(Some(b"NTLM TlRM"), b"GET", b"/", now), Verdict::Missing);
        let all = guard.challenges(Verdict::Missing, now).unwrap();
        for challenge in all.chunks(1).chain([all.as_slice()]) {
            // Digest with SHA-256 and with MD5 share a nonce, and so its counts.
            let fresh = guard.challenges(Verdict::Missing, now).unwrap();
            let fresh: Vec<_> = fresh.into_iter().filter(|it| it.starts_with(&challenge[0][..6])).collect();
            for (who, verdict) in
                [("joe:secret", Verdict::Granted), ("joe:x", Verdict::Wrong), ("jo:secret", Verdict::Wrong)]
            {
                let said = answer(&fresh, who, "http://h/p?q");
                assert_eq!(guard.check(Some(&said), b"GET", b"http://h/p?q", now), verdict, "{who}");
            }
        }
    }

    #[test]
    fn an_answer_is_taken_once_and_in_its_time() {
        let now = Instant::now();
        let mut guard = Guard::new(Rc::new(credentials("joe:secret")), "realm", now).unwrap();
        let challenges = guard.challenges(Verdict::Missing, now).unwrap();
        let said = answer(&challenges, "joe:secret", "h:1");
        assert_eq!(guard.check(Some(&said), b"GET", b"h:1", now), Verdict::Granted);
        assert_eq!(guard.check(Some(&said), b"GET", b"h:1", now), Verdict::Stale, "a replay");
        let late = now + Duration::from_secs(301);
        let said = answer(&challenges, "joe:secret", "h:1");
        assert_eq!(guard.check(Some(&said), b"GET", b"h:1", late), Verdict::Stale);
        let said = answer(&challenges, "joe:wrong", "h:1");
        assert_eq!(guard.check(Some(&said), b"GET", b"h:1", late), Verdict::Wrong, "only the right ones are told");
        let fresh = guard.challenges(Verdict::Stale, late).unwrap();
        assert!(choose(&parse(&fresh[0])).unwrap().is_stale());
        let said = answer(&fresh, "joe:secret", "h:1");
        assert_eq!(guard.check(Some(&said), b"GET", b"h:1", late), Verdict::Granted);
    }

    #[test]
    fn the_older_form_is_taken_once() {
        let now = Instant::now();
        let mut guard = Guard::new(Rc::new(credentials("joe:secret")), "realm", now).unwrap();
        let [md5, _, _] = guard.challenges(Verdict::Missing, now).unwrap();
        let older = String::from_utf8(md5).unwrap().replace(", qop=\"auth\"", "").into_bytes();
        let said = answer(&[older], "joe:secret", "/");
        assert_eq!(guard.check(Some(&said), b"GET", b"/", now), Verdict::Granted);
        assert_eq!(guard.check(Some(&said), b"GET", b"/", now), Verdict::Stale);
    }

    #[test]
    fn an_answer_holds_for_its_target_only() {
        let now = Instant::now();
        let mut guard = Guard::new(Rc::new(credentials("joe:secret")), "realm", now).unwrap();
        let mut ask = |said_for: &str, target: &str| {
            let said = answer(&guard.challenges(Verdict::Missing, now).unwrap(), "joe:secret", said_for);
            guard.check(Some(&said), b"GET", target.as_bytes(), now)
        };
        assert_eq!(ask("http://h/p", "http://h/other"), Verdict::Wrong);
        for (said, target) in [("/p?q", "http://h/p?q"), ("/", "http://h"), ("?q", "http://h?q"), ("h:1", "h:1")] {
            assert_eq!(ask(said, target), Verdict::Granted, "{target}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_not_let_in(text in "(Digest|Basic|) ?[ -~]{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let now = Instant::now();
            let mut guard = Guard::new(Rc::new(credentials("joe:secret")), "realm", now).unwrap();
            for value in [text.as_bytes(), &bytes] {
                prop_assert!(matches!(guard.check(Some(value), b"GET", b"/", now), Verdict::Missing | Verdict::Wrong));
            }
        }
    }
}
