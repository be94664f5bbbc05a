//! What Digest computes (RFC 7616, 3.4), and RFC 2069's older form without `qop`.
//!
//! A newcomer's trap: it is not the bytes of hashes that are hashed again, but their hexadecimal text.

use super::Credentials;
use aws_lc_rs::digest as hash;
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// The hash function, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let text = Zeroizing::new(parts.join(&b':'));
        let hex = match self {
            Self::Md5 => HEXLOWER.encode(&md5::compute(&*text).0),
            Self::Sha256 => HEXLOWER.encode(hash::digest(&hash::SHA256, &text).as_ref()),
        };
        hex.into_bytes()
    }
}

/// `algorithm`: a hash function, and whether the key is bound to the nonces of its first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) hash: Hash,
    pub(super) session: bool,
}

impl Algorithm {
    /// MD5 when it is not named; `None` for those unknown here.
    pub(super) fn parse(name: Option<&[u8]>) -> Option<Self> {
        let name = name.unwrap_or(b"MD5").to_ascii_uppercase();
        let (name, session) = match name.strip_suffix(b"-SESS") {
            Some(name) => (name, true),
            None => (name.as_slice(), false),
        };
        let hash = match name {
            b"MD5" => Hash::Md5,
            b"SHA-256" => Hash::Sha256,
            _ => return None,
        };
        Some(Self { hash, session })
    }

    pub(super) fn name(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
        }
    }
}

/// What goes into a response besides the credentials.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) realm: &'a [u8],
    pub(super) nonce: &'a [u8],
    /// The client's nonce: for `counted`, and for the `-sess` algorithms.
    pub(super) cnonce: &'a [u8],
    /// `nc` as it is written, with `qop=auth`; `None` for RFC 2069's form.
    pub(super) counted: Option<&'a [u8]>,
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
}

impl Question<'_> {
    /// `response`, in hexadecimal.
    pub(super) fn response(&self, credentials: &Credentials) -> Vec<u8> {
        let hash = self.algorithm.hash;
        // As good as the password, in this realm.
        let parts = [credentials.user().as_bytes(), self.realm, credentials.password().as_bytes()];
        let mut key = Zeroizing::new(hash.of(&parts));
        if self.algorithm.session {
            key = hash.of(&[&key, self.nonce, self.cnonce]).into();
        }
        let asked = hash.of(&[self.method, self.uri]);
        match self.counted {
            Some(count) => hash.of(&[&key, self.nonce, count, self.cnonce, b"auth", &asked]),
            None => hash.of(&[&key, self.nonce, &asked]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(algorithm: &str, credentials: &str, nonce: &str, cnonce: &str, counted: Option<&str>) -> String {
        let question = Question {
            algorithm: Algorithm::parse(Some(algorithm.as_bytes())).unwrap(),
            realm: if credentials.starts_with("Mufasa:Circle of") {
                b"http-auth@example.org"
            } else {
                b"testrealm@host.com"
            },
            nonce: nonce.as_bytes(),
            cnonce: cnonce.as_bytes(),
            counted: counted.map(str::as_bytes),
            method: b"GET",
            uri: b"/dir/index.html",
        };
        String::from_utf8(question.response(&Credentials::parse(credentials).unwrap())).unwrap()
    }

    #[test]
    fn the_examples_of_the_standards_come_out() {
        // RFC 7616, 3.9.1.
        let (nonce, cnonce) =
            ("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        let user = "Mufasa:Circle of Life";
        assert_eq!(response("MD5", user, nonce, cnonce, Some("00000001")), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            response("SHA-256", user, nonce, cnonce, Some("00000001")),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
        // RFC 2617, 3.5.
        let (nonce, user) = ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "Mufasa:Circle Of Life");
        assert_eq!(response("MD5", user, nonce, "0a4f113b", Some("00000001")), "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_older_forms_come_out() {
        // Computed with another library.
        let (nonce, user) = ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "Mufasa:Circle Of Life");
        assert_eq!(response("MD5", user, nonce, "", None), "670fd8c2df070c60b045671b8b24ff02");
        let session = response("MD5-sess", user, nonce, "0a4f113b", Some("00000001"));
        assert_eq!(session, "8e3825c57e897f5a0dec6c2d4e5059d0");
    }

    #[test]
    fn algorithms_are_known_by_their_names() {
        for name in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"] {
            assert_eq!(Algorithm::parse(Some(name.to_ascii_lowercase().as_bytes())).unwrap().name(), name);
        }
        assert_eq!(Algorithm::parse(None).unwrap().name(), "MD5");
        assert_eq!(Algorithm::parse(Some(b"SHA-512-256")), None);
        assert!(Hash::Sha256 > Hash::Md5);
    }
}
