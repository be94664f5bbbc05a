//! PostgreSQL's SSLRequest (frontend/backend protocol, 55.2.10), answered by a single byte.
//!
//! A newcomer's trap: what came behind that byte in clear would be taken for the server's own words
//! if it were kept (CVE-2021-23222).

use super::script::{MESSAGE, Next, Say, Script, Trouble};

/// The length of the message, itself included, and the number 80877103.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

#[derive(Debug)]
pub(super) struct Postgres;

impl Script for Postgres {
    fn begin(&mut self) -> Result<Option<Say>, Trouble> {
        Ok(Some(Say::bytes(REQUEST.to_vec(), "SSLRequest, a message of PostgreSQL")))
    }

    /// A byte; of an error, all of it, without its length.
    fn first<'a>(&self, arrived: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, Trouble> {
        match arrived {
            [] | [b'E'] => Ok(None),
            // Before version 3 there was no length, but a text that ended with NUL; none begins so.
            [b'E', 0, rest @ ..] => {
                let [a, b, c, ..] = rest else { return Ok(None) };
                let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                if !(4..MESSAGE).contains(&length) {
                    return Err(no_postgres());
                }
                Ok(arrived.get(5..=length).map(|fields| (1 + length, fields)))
            }
            [b'E', text @ ..] => {
                let end = text.iter().position(|byte| *byte == 0);
                Ok(end.and_then(|end| Some((end + 2, arrived.get(..=end)?))))
            }
            [b'S' | b'N', ..] => Ok(arrived.get(..1).map(|byte| (1, byte))),
            _ => Err(no_postgres()),
        }
    }

    fn heard(&mut self, message: &[u8]) -> Result<Next, Trouble> {
        match message {
            b"S" => Ok(Next::Agreed),
            b"N" => Err(Trouble::new("it does not offer TLS")),
            _ => Err(Trouble::refused("SSLRequest", words(message))),
        }
    }

    fn shown(&self, message: &[u8]) -> String {
        match message {
            b"S" => "S: it agrees".to_owned(),
            b"N" => "N: it does not".to_owned(),
            _ => format!("an error: {}", crate::report::escape(words(message))),
        }
    }
}

fn no_postgres() -> Trouble {
    Trouble::new("its answer is not PostgreSQL's").hint("is it another kind of server?")
}

/// What an error says: the field M (55.8), or all of the text that it is.
fn words(message: &[u8]) -> &[u8] {
    let field = message.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    field.unwrap_or_else(|| message.strip_prefix(b"E").unwrap_or(message).trim_ascii_end())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees_in_bytes, fails_in_bytes};

    #[test]
    fn sslrequest_is_answered_with_a_byte() {
        assert_eq!(agrees_in_bytes("postgres", b"S"), super::REQUEST);
        fails_in_bytes("postgres", b"N", "it does not offer TLS");
    }

    #[test]
    fn an_error_is_told_in_the_words_of_the_server() {
        let error = b"E\0\0\0\x18SFATAL\0C0A000\0Mno \x1b\0\0";
        fails_in_bytes("postgres", error, "it refuses SSLRequest: no \\u{1b}");
        fails_in_bytes(
            "postgres",
            b"Eunsupported frontend protocol\n\0",
            "it refuses SSLRequest: unsupported frontend protocol",
        );
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for odd in [&b"220 x\r\n"[..], b"s", b"E\0\0\0\0", b"E\0\xff\0\0", b"\0"] {
            fails_in_bytes("postgres", odd, "not PostgreSQL's");
        }
    }
}
