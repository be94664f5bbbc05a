//! Reads the values of `WWW-Authenticate`, `Proxy-Authenticate`, `Authorization` and
//! `Proxy-Authorization` (RFC 9110, 11.3, 11.6): all four are schemes with parameters.
//!
//! A newcomer's trap: a comma may stand between two parameters and between two challenges, and only
//! what follows tells which.

/// A scheme, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: Vec<u8>,
    token68: Vec<u8>,
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Challenge {
    /// Whether this is the scheme.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme.as_bytes())
    }

    /// The scheme, for messages; of the other end's making.
    #[must_use]
    pub fn scheme(&self) -> &[u8] {
        &self.scheme
    }

    /// What stands in place of parameters: Basic's credentials, NTLM's messages; else empty.
    #[must_use]
    pub fn token68(&self) -> &[u8] {
        &self.token68
    }

    /// The first parameter of this name, without its quotes and escapes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.parameters.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name.as_bytes()));
        found.next().map(|(_, value)| value.as_slice())
    }
}

/// All the challenges of one header field; what makes no sense ends the list.
#[must_use]
pub fn parse(value: &[u8]) -> Vec<Challenge> {
    let mut scan = Scan { rest: value };
    let mut found: Vec<Challenge> = Vec::new();
    loop {
        scan.skip(b" \t,");
        let word = scan.token();
        if word.is_empty() {
            return found;
        }
        let blanks = scan.skip(b" \t");
        if scan.rest.first() == Some(&b'=') {
            scan.skip_one();
            let (Some(value), Some(challenge)) = (scan.value(), found.last_mut()) else { return found };
            challenge.parameters.push((word.to_vec(), value));
            continue;
        }
        let token68 = if blanks { scan.token68() } else { Vec::new() };
        found.push(Challenge { scheme: word.to_vec(), token68, parameters: Vec::new() });
    }
}

/// What has not been read yet.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn skip(&mut self, of: &[u8]) -> bool {
        !self.leading(|byte| of.contains(&byte)).is_empty()
    }

    fn skip_one(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn token(&mut self) -> &'a [u8] {
        self.leading(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    }

    /// A token or a quoted string after `=`.
    fn value(&mut self) -> Option<Vec<u8>> {
        self.skip(b" \t");
        if self.rest.first() != Some(&b'"') {
            return Some(self.token().to_vec());
        }
        self.skip_one();
        let mut value = Vec::new();
        loop {
            value.extend(self.leading(|byte| byte != b'"' && byte != b'\\'));
            match self.rest {
                [b'"', ..] => {
                    self.skip_one();
                    return Some(value);
                }
                [b'\\', escaped, rest @ ..] => {
                    value.push(*escaped);
                    self.rest = rest;
                }
                _ => return None,
            }
        }
    }

    /// A token68, if one stands alone up to the next comma; otherwise nothing is read.
    fn token68(&mut self) -> Vec<u8> {
        let before = self.rest;
        self.leading(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.leading(|byte| byte == b'=');
        let length = before.len() - self.rest.len();
        self.skip(b" \t");
        match self.rest.first() {
            None | Some(b',') => before.get(..length).unwrap_or_default().to_vec(),
            _ => {
                self.rest = before;
                Vec::new()
            }
        }
    }

    fn leading(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().take_while(|byte| belongs(**byte)).count();
        let (leading, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        leading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schemes(value: &str) -> Vec<String> {
        parse(value.as_bytes()).iter().map(|it| String::from_utf8_lossy(it.scheme()).into_owned()).collect()
    }

    #[test]
    fn one_header_may_hold_several_challenges() {
        let value = r#"Digest realm="a, b", nonce = "x\"y\\", qop="auth,auth-int", stale=TRUE, Basic realm=c"#;
        let found = parse(value.as_bytes());
        let [digest, basic] = found.as_slice() else { panic!("{found:?}") };
        assert!(digest.is("digest") && basic.is("BASIC"));
        assert_eq!(digest.get("REALM"), Some(&b"a, b"[..]));
        assert_eq!(digest.get("nonce"), Some(&br#"x"y\"#[..]));
        assert_eq!(digest.get("stale"), Some(&b"TRUE"[..]));
        assert_eq!((basic.get("realm"), basic.get("nonce")), (Some(&b"c"[..]), None));
    }

    #[test]
    fn schemes_without_parameters_are_seen() {
        assert_eq!(schemes("Negotiate, NTLM, Basic realm=\"x\""), ["Negotiate", "NTLM", "Basic"]);
        assert_eq!(schemes(",, Negotiate ,\tNTLM TlRMTVNTUAAB==, Digest nonce=\"\""), ["Negotiate", "NTLM", "Digest"]);
        assert_eq!(parse(b"NTLM TlRMTVNTUAAB==, Digest nonce=1")[0].token68(), b"TlRMTVNTUAAB==");
        assert_eq!(parse(b"Basic am9lOng=")[0].token68(), b"am9lOng=");
    }

    #[test]
    fn what_makes_no_sense_ends_the_list() {
        assert_eq!(schemes("Basic realm=\"open, Digest nonce=1"), ["Basic"]);
        assert_eq!(schemes("realm=\"x\", Basic"), [""; 0]);
        assert_eq!(schemes("Basic realm=a @ Digest"), ["Basic"]);
        assert_eq!(schemes(" \t,"), [""; 0]);
    }

    proptest! {
        #[test]
        fn what_was_quoted_is_read_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5)) {
            let mut header = b"Digest ".to_vec();
            for (index, value) in values.iter().enumerate() {
                header.extend(format!("{}p{index}=", if index == 0 { "" } else { ", " }).bytes());
                header.extend(super::super::quoted(value));
            }
            let found = parse(&header);
            prop_assert_eq!(found.len(), 1);
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(found[0].get(&format!("p{index}")), Some(value.as_slice()));
            }
        }

        #[test]
        fn garbage_is_read_to_its_end(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'='), Just(b','),
            Just(b'"'), Just(b'\\'), Just(b' '), Just(b'a')], 0..80)) {
            let found = parse(&bytes);
            prop_assert!(found.iter().map(|it| it.scheme.len() + it.parameters.len()).sum::<usize>() <= bytes.len());
        }
    }
}
