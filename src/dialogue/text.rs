//! Text made of what is written, of what was captured, and of what is computed from both.
//!
//! A newcomer's trap: what does not depend on a captured text is computed when the line is read, so that
//! its faults are told before anything is connected to.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use std::{collections::HashMap, rc::Rc};

/// What has been captured so far, by name.
pub(super) type Captured = HashMap<Rc<str>, Vec<u8>>;

/// Pieces, one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(Vec<Piece>);

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// It is written there.
    Bytes(Vec<u8>),
    /// It was captured under this name.
    Captured(Rc<str>),
    /// It is computed.
    Made(Maker, Vec<Text>),
}

/// How text is computed of other text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// Base64 (RFC 4648, 4).
    Base64,
    /// What was in Base64.
    Unbase64,
    /// MD5 in hexadecimal (RFC 1321), as APOP wants it (RFC 1939, 7).
    Md5,
    /// HMAC-MD5 in hexadecimal (RFC 2104) of a key and a text, as CRAM-MD5 wants it (RFC 2195).
    HmacMd5,
}

impl Text {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: Piece) {
        match (self.0.last_mut(), piece) {
            // Nothing is no text between two runs of any characters.
            (_, Piece::Bytes(none)) if none.is_empty() => {}
            (Some(Piece::Bytes(before)), Piece::Bytes(more)) => before.extend(more),
            (_, piece) => self.0.push(piece),
        }
    }

    /// Whether there is nothing in it, whatever was captured.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, if it depends on nothing.
    pub(super) fn fixed(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(&[]),
            [Piece::Bytes(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// The text as it is now.
    ///
    /// # Errors
    /// When what was captured cannot be used so, in words.
    pub(super) fn make(&self, captured: &Captured) -> Result<Vec<u8>, &'static str> {
        let mut made = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Bytes(bytes) => made.extend_from_slice(bytes),
                Piece::Captured(name) => made.extend(captured.get(name).into_iter().flatten()),
                Piece::Made(maker, of) => made.extend(maker.make(of, captured)?),
            }
        }
        Ok(made)
    }
}

impl Piece {
    /// What is computed so: at once, if that can be.
    ///
    /// # Errors
    /// When it cannot be computed of this, in words.
    pub(super) fn made(maker: Maker, of: Vec<Text>) -> Result<Self, &'static str> {
        let fixed = of.iter().all(|text| text.fixed().is_some());
        Ok(if fixed { Self::Bytes(maker.make(&of, &Captured::new())?) } else { Self::Made(maker, of) })
    }
}

impl Maker {
    fn make(self, of: &[Text], captured: &Captured) -> Result<Vec<u8>, &'static str> {
        let of: Vec<_> = of.iter().map(|text| text.make(captured)).collect::<Result<_, _>>()?;
        let (first, last) = match of.as_slice() {
            [key, text] => (key.as_slice(), text.as_slice()),
            [text] => (&[][..], text.as_slice()),
            _ => (&[][..], &[][..]),
        };
        Ok(match self {
            Self::Base64 => BASE64.encode(last).into_bytes(),
            Self::Unbase64 => {
                BASE64.decode(last).or_else(|_| BASE64_NOPAD.decode(last)).map_err(|_| "this is not Base64")?
            }
            Self::Md5 => HEXLOWER.encode(&md5::compute(last).0).into_bytes(),
            Self::HmacMd5 => HEXLOWER.encode(&hmac_md5(first, last)).into_bytes(),
        })
    }
}

/// HMAC-MD5 (RFC 2104, 2): aws-lc-rs has no MD5.
fn hmac_md5(key: &[u8], text: &[u8]) -> [u8; 16] {
    const BLOCK: usize = 64;
    let hashed = md5::compute(key).0;
    let key = if key.len() > BLOCK { &hashed } else { key };
    let pad = |with: u8| {
        let filled = key.iter().copied().chain(std::iter::repeat(0)).take(BLOCK);
        filled.map(|byte| byte ^ with).collect::<Vec<_>>()
    };
    let inner = md5::compute([&pad(0x36), text].concat()).0;
    md5::compute([pad(0x5c).as_slice(), &inner].concat()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &[u8]) -> Text {
        Text(vec![Piece::Bytes(text.to_vec())])
    }

    fn made(maker: Maker, of: &[&[u8]]) -> String {
        match Piece::made(maker, of.iter().map(|it| fixed(it)).collect()) {
            Ok(Piece::Bytes(bytes)) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hmac_md5_is_that_of_rfc_2104() {
        let hmac = |key: &[u8], text: &[u8]| made(Maker::HmacMd5, &[key, text]);
        assert_eq!(hmac(&[0x0b; 16], b"Hi There"), "9294727a3638bb1c13f48ef8158bfc9d");
        assert_eq!(hmac(b"Jefe", b"what do ya want for nothing?"), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(hmac(&[0xaa; 16], &[0xdd; 50]), "56be34521d144c88dbb8c733f0e8b3f6");
        // RFC 2202, 2, with a key longer than a block.
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hmac(&[0xaa; 80], text), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }

    #[test]
    fn cram_md5_is_that_of_rfc_2195() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(made(Maker::HmacMd5, &[b"tanstaaftanstaaf", challenge]), "b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn apop_is_that_of_rfc_1939() {
        let text = b"<1896.697170952@dbc.mtview.ca.us>tanstaaf";
        assert_eq!(made(Maker::Md5, &[text]), "c4c9334bac560ecc979e58001b3e22fb");
    }

    #[test]
    fn base64_goes_both_ways() {
        assert_eq!(made(Maker::Base64, &[b"\0user\0pass"]), "AHVzZXIAcGFzcw==");
        assert_eq!(made(Maker::Unbase64, &[b"PDE+"]), "<1>");
        assert_eq!(made(Maker::Unbase64, &[b"YQ"]), "a", "as some servers write it");
        assert!(Piece::made(Maker::Unbase64, vec![fixed(b"?")]).is_err());
    }

    #[test]
    fn what_was_captured_is_used_when_it_is_there() {
        let (mut inner, mut text) = (Text::default(), Text::default());
        inner.push(Piece::Captured("stamp".into()));
        inner.push(Piece::Bytes(b"tanstaaf".to_vec()));
        text.push(Piece::Bytes(b"APOP mrose ".to_vec()));
        text.push(Piece::made(Maker::Md5, vec![inner]).unwrap());
        assert_eq!(text.fixed(), None);
        let captured = Captured::from([("stamp".into(), b"<1896.697170952@dbc.mtview.ca.us>".to_vec())]);
        assert_eq!(text.make(&captured).unwrap(), b"APOP mrose c4c9334bac560ecc979e58001b3e22fb");
    }
}
