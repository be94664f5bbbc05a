//! LDAP's StartTLS (RFC 4511, 4.14): one extended request and its response, in BER.
//!
//! A newcomer's trap: lengths may be written longer than they need be (RFC 4511, 5.1 asks for no
//! more than the definite form), so no fixed bytes can be compared with.

use super::script::{MESSAGE, Next, Say, Script, Trouble};
use crate::report::escape;

const OID: &[u8] = b"1.3.6.1.4.1.1466.20037";

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
/// [APPLICATION 24], an ExtendedResponse.
const RESPONSE: u8 = 0x78;

#[derive(Debug)]
pub(super) struct Ldap;

impl Script for Ldap {
    fn begin(&mut self) -> Result<Option<Say>, Trouble> {
        // LDAPMessage 1: an ExtendedRequest, [APPLICATION 23], with requestName, [0].
        let request = [&[SEQUENCE, 29, INTEGER, 1, 1, 0x77, 24, 0x80, 22][..], OID].concat();
        Ok(Some(Say::bytes(request, "StartTLS, an LDAP extended request")))
    }

    fn first<'a>(&self, arrived: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, Trouble> {
        if arrived.first().is_some_and(|tag| *tag != SEQUENCE) {
            return Err(no_ldap());
        }
        match element(arrived) {
            Ok(Some((_, content, rest))) => Ok(Some((arrived.len() - rest.len(), content))),
            Ok(None) => Ok(None),
            Err(Malformed) => Err(no_ldap()),
        }
    }

    fn heard(&mut self, message: &[u8]) -> Result<Next, Trouble> {
        let Response { id, code, words } = Response::parse(message).ok_or_else(no_ldap)?;
        let result = result(code, words);
        match (id, code) {
            (1, 0) => Ok(Next::Agreed),
            (1, _) => Err(Trouble::new(format!("it refuses StartTLS: {result}"))),
            // A notice of disconnection (RFC 4511, 4.4.1).
            (0, _) => Err(Trouble::new(format!("it ends the session: {result}"))),
            _ => Err(Trouble::new("it answers what was not asked")),
        }
    }

    fn shown(&self, message: &[u8]) -> String {
        match Response::parse(message) {
            Some(it) => format!("{}, in an LDAP extended response", result(it.code, it.words)),
            None => format!("{} bytes of LDAP", message.len()),
        }
    }
}

fn no_ldap() -> Trouble {
    Trouble::new("its answer is no response of LDAP to StartTLS").hint("is it another kind of server?")
}

/// What counts of an ExtendedResponse (RFC 4511, 4.1.9 and 4.12).
struct Response<'a> {
    id: u32,
    code: u32,
    /// The diagnosticMessage.
    words: &'a [u8],
}

impl<'a> Response<'a> {
    fn parse(message: &'a [u8]) -> Option<Self> {
        let (id, message) = expect(message, INTEGER)?;
        let (response, _controls) = expect(message, RESPONSE)?;
        let (code, response) = expect(response, ENUMERATED)?;
        let (_matched, response) = expect(response, OCTET_STRING)?;
        let (words, _more) = expect(response, OCTET_STRING)?;
        Some(Self { id: number(id)?, code: number(code)?, words })
    }
}

/// A resultCode by its name (RFC 4511, appendix A), as far as it may answer StartTLS.
fn result(code: u32, words: &[u8]) -> String {
    let name = match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        10 => "referral",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        _ => "",
    };
    let name = if name.is_empty() { format!("result {code}") } else { format!("result {code}, {name}") };
    if words.is_empty() { name } else { format!("{name}: {}", escape(words)) }
}

struct Malformed;

/// The first element: its tag, its content, and what follows it; `None` if there is more to come.
#[allow(clippy::type_complexity)]
fn element(bytes: &[u8]) -> Result<Option<(u8, &[u8], &[u8])>, Malformed> {
    let [tag, length, rest @ ..] = bytes else { return Ok(None) };
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        // The length is as long as the lower bits say; 0 would be the indefinite form.
        0x81..=0x84 => {
            let Some((digits, rest)) = rest.split_at_checked(usize::from(length & 0x7f)) else { return Ok(None) };
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return Err(Malformed),
    };
    if length > MESSAGE {
        return Err(Malformed);
    }
    Ok(rest.split_at_checked(length).map(|(content, rest)| (*tag, content, rest)))
}

/// The content of the first element, which has to be one of this kind, and what follows it.
fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match element(bytes) {
        Ok(Some((found, content, rest))) if found == tag => Some((content, rest)),
        _ => None,
    }
}

/// A number that is not negative, and not large.
fn number(content: &[u8]) -> Option<u32> {
    let is_small = matches!(content, [0..=0x7f, ..]) && content.len() <= 4;
    is_small.then(|| content.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees_in_bytes, fails_in_bytes};

    /// A response with this identifier and result.
    fn response(id: u8, code: u8, words: &[u8]) -> Vec<u8> {
        let length = u8::try_from(words.len()).unwrap();
        let result = [&[0x0a, 1, code, 4, 0, 4, length], words].concat();
        [&[0x30, 5 + 7 + length, 2, 1, id, 0x78, 7 + length], &result[..]].concat()
    }

    #[test]
    fn the_request_is_the_one_of_the_rfc() {
        let request = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
        assert_eq!(agrees_in_bytes("ldap", &response(1, 0, b"")), request);
    }

    #[test]
    fn lengths_may_be_longer_than_they_need_be() {
        agrees_in_bytes("ldap", b"\x30\x84\0\0\0\x10\x02\x01\x01\x78\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0");
        // With the name of the request, [10].
        agrees_in_bytes("ldap", b"\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\0\x04\0\x04\0\x8a\x01x");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        let refused = response(1, 53, b"no \x1bTLS");
        fails_in_bytes("ldap", &refused, "it refuses StartTLS: result 53, unwillingToPerform: no \\u{1b}TLS");
        fails_in_bytes("ldap", &response(1, 80, b""), "it refuses StartTLS: result 80");
        fails_in_bytes("ldap", &response(0, 52, b""), "it ends the session: result 52, unavailable");
        fails_in_bytes("ldap", &response(2, 0, b""), "it answers what was not asked");
    }

    #[test]
    fn what_is_no_response_is_told() {
        for odd in [
            &b"220 smtp\r\n"[..],
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x85\0\0\0\0\x01",
            b"\x30\0",
            b"\x30\x03\x02\x01\x01",
            // A bind response, [APPLICATION 1].
            b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0",
            // Inner lengths that reach beyond the outer one.
            b"\x30\x0c\x02\x01\x01\x78\x7f\x0a\x01\0\x04\0\x04\0",
            b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\xff\x04\0\x04\0",
        ] {
            fails_in_bytes("ldap", odd, "no response of LDAP");
        }
    }
}
