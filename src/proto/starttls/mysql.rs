//! MySQL's and MariaDB's SSLRequest (client/server protocol, connection phase).
//!
//! A newcomer's trap: the server's greeting is used up here, with the nonce for a password in it, and
//! the packet that follows inside TLS has number 2. So this serves to look at a certificate, or a
//! client that is content with that.

use super::script::{MESSAGE, Next, Say, Script, Trouble};
use crate::report::escape;

/// CLIENT_SSL, the capability of both ends.
const SSL: u16 = 0x0800;
/// What is said of the client besides, as far as the server can it: CLIENT_LONG_PASSWORD,
/// CLIENT_LONG_FLAG, CLIENT_PROTOCOL_41, CLIENT_TRANSACTIONS, CLIENT_SECURE_CONNECTION.
const CLIENT: u16 = 0x0001 | 0x0004 | 0x0200 | 0x2000 | 0x8000;
/// utf8_general_ci, which every server knows.
const CHARSET: u8 = 33;

#[derive(Debug)]
pub(super) struct Mysql;

impl Script for Mysql {
    /// A packet: the length of its payload in three bytes, its number, and the payload.
    fn first<'a>(&self, arrived: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, Trouble> {
        let [low, middle, high, number, rest @ ..] = arrived else { return Ok(None) };
        let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
        if *number != 0 || length == 0 || length > MESSAGE - 4 {
            return Err(no_mysql());
        }
        Ok(rest.get(..length).map(|payload| (4 + length, payload)))
    }

    fn heard(&mut self, payload: &[u8]) -> Result<Next, Trouble> {
        match Greeting::parse(payload).ok_or_else(no_mysql)? {
            Greeting::Error { code, words } => {
                Err(Trouble::new(format!("it refuses service: error {code}: {}", escape(words))))
            }
            Greeting::Server { capabilities, .. } if capabilities & SSL == 0 => {
                Err(Trouble::new("it does not offer TLS"))
            }
            Greeting::Server { capabilities, .. } => {
                let flags = u32::from(SSL | CLIENT & capabilities);
                let largest = (1_u32 << 24).to_le_bytes();
                let payload = [&flags.to_le_bytes()[..], &largest, &[CHARSET], &[0; 23]].concat();
                // Packet 1, of 32 bytes.
                Ok(Next::SayLast(Say::bytes([&[32, 0, 0, 1], &payload[..]].concat(), "SSLRequest, a packet of MySQL")))
            }
        }
    }

    fn shown(&self, payload: &[u8]) -> String {
        match Greeting::parse(payload) {
            Some(Greeting::Server { version, capabilities }) => {
                let tls = if capabilities & SSL == 0 { "without TLS" } else { "TLS offered" };
                format!("the greeting of MySQL {}, {tls}", escape(version))
            }
            Some(Greeting::Error { code, words }) => format!("error {code}: {}", escape(words)),
            None => format!("a packet of {} bytes", payload.len()),
        }
    }
}

fn no_mysql() -> Trouble {
    Trouble::new("its greeting is not MySQL's").hint("is it another kind of server?")
}

enum Greeting<'a> {
    Server { version: &'a [u8], capabilities: u16 },
    Error { code: u16, words: &'a [u8] },
}

impl<'a> Greeting<'a> {
    fn parse(payload: &'a [u8]) -> Option<Self> {
        match payload {
            // Version 10: a text that ends with NUL, the connection's number in 4 bytes, 8 bytes of a
            // nonce, a filler, and the lower half of the capabilities.
            [10, rest @ ..] => {
                let end = rest.iter().position(|byte| *byte == 0)?;
                let (version, rest) = rest.split_at_checked(end)?;
                let [low, high, ..] = rest.get(1 + 4 + 8 + 1..)? else { return None };
                Some(Self::Server { version, capabilities: u16::from_le_bytes([*low, *high]) })
            }
            [0xff, low, high, words @ ..] => {
                // The SQL state, if there is one: #HY000.
                let words = if words.first() == Some(&b'#') { words.get(6..)? } else { words };
                Some(Self::Error { code: u16::from_le_bytes([*low, *high]), words })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees_in_bytes, fails_in_bytes};

    /// A packet with this payload.
    fn packet(payload: &[u8]) -> Vec<u8> {
        [&[u8::try_from(payload.len()).unwrap(), 0, 0, 0], payload].concat()
    }

    fn greeting(capabilities: u16) -> Vec<u8> {
        let [low, high] = capabilities.to_le_bytes();
        packet(&[b"\x0a8.0.1-x\0\x07\0\0\0noncenon\0", &[low, high][..], b"\x21\x02\0\xff\xc1 and more"].concat())
    }

    #[test]
    fn sslrequest_says_what_both_can() {
        let request = agrees_in_bytes("mysql", &greeting(0xffff));
        assert_eq!(request, [&b"\x20\0\0\x01\x05\xaa\0\0\0\0\0\x01\x21"[..], &[0; 23]].concat());
        assert_eq!(agrees_in_bytes("mysql", &greeting(0x0800))[4..8], [0, 8, 0, 0]);
    }

    #[test]
    fn a_server_that_cannot_or_will_not_is_told_of() {
        fails_in_bytes("mysql", &greeting(0xf7ff), "it does not offer TLS");
        let full = packet(b"\xff\x10\x04Too many \x07connections");
        fails_in_bytes("mysql", &full, "it refuses service: error 1040: Too many \\u{7}connections");
        fails_in_bytes("mysql", &packet(b"\xff\x6a\x04#HY000Host"), "it refuses service: error 1130: Host");
    }

    #[test]
    fn what_is_no_greeting_is_told() {
        for odd in [
            &b"220 smtp\r\n"[..],
            b"\0\0\0\0",
            b"\x01\0\0\x01\x0a",
            b"\x05\0\0\0\x09abc\0",
            b"\x05\0\0\0\x0a8.0.",
            b"\x05\0\0\0\x0a8.0\0",
            b"\x04\0\0\0\xff\0\0#",
            b"\xff\xff\xff\0\x0a",
        ] {
            fails_in_bytes("mysql", odd, "not MySQL's");
        }
    }
}
