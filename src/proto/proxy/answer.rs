//! The head of an HTTP proxy's answer (RFC 9112, 4 and 5).
//!
//! A newcomer's trap: an endless head must not be searched from its start for each byte that arrives.

use super::skip::Skip;
use crate::{proto::auth, report::escape};
use std::mem;

/// A longer head is refused; bytes, and header fields.
pub(super) const HEAD: usize = 64 * 1024;
const FIELDS: usize = 100;

/// The head of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    /// With a blank before it, if there is one.
    pub(super) reason: String,
    pub(super) challenges: Vec<auth::Challenge>,
    /// The body, if the connection can be used after it.
    pub(super) body: Option<Skip>,
}

/// Whether it may still become an HTTP answer.
pub(super) fn may_come(arrived: &[u8]) -> bool {
    arrived.iter().zip(b"HTTP/1.").all(|(one, other)| one == other)
}

/// The length of the head with its empty line, once it is there; `scanned` is how far was looked.
pub(super) fn length(arrived: &[u8], scanned: &mut usize) -> Option<usize> {
    let looked = arrived.get(..HEAD).unwrap_or(arrived);
    let from = mem::replace(scanned, looked.len()).saturating_sub(2);
    let ends = looked.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1).find(|end| {
        let line = looked.get(..end - 1).unwrap_or_default();
        line.ends_with(b"\n") || line.ends_with(b"\n\r")
    })
}

/// Reads a head that is complete.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(head: &[u8]) -> Result<Answer, String> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.allow_spaces_after_header_name_in_responses(true);
    match config.parse_response(&mut response, head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err("it has no end".to_owned()),
        Err(error) => return Err(error.to_string()),
    }
    let all = &*response.headers;
    let named = |name: &'static str| all.iter().filter(move |it| it.name.eq_ignore_ascii_case(name));
    let challenges = named("Proxy-Authenticate").flat_map(|field| {
        // A field may be continued on the next line (RFC 9112, 5.2).
        let line: Vec<_> = field.value.iter().map(|it| if matches!(it, b'\r' | b'\n') { b' ' } else { *it }).collect();
        auth::parse(&line)
    });
    let says = |word: &str| {
        let fields = named("Connection").chain(named("Proxy-Connection"));
        let mut words = fields.flat_map(|it| it.value.split(|byte| *byte == b','));
        words.any(|it| it.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    };
    let persists = if response.version == Some(1) { !says("close") } else { says("keep-alive") };
    let reason = response.reason.filter(|it| !it.trim().is_empty());
    Ok(Answer {
        status: response.code.ok_or("it has no status")?,
        reason: reason.map(|it| format!(" {}", escape(it.as_bytes()))).unwrap_or_default(),
        challenges: challenges.collect(),
        body: if persists { Skip::framed(all) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line_wherever_it_is_split() {
        for (bytes, expected) in [
            ("HTTP/1.1 200\r\n\r\nrest", Some(16)),
            ("HTTP/1.0 200\nA: b\n\nrest", Some(19)),
            ("HTTP/1.0 200\nA: b\n\r\nrest", Some(20)),
            ("HTTP/1.0 200\r\n\r", None),
            ("HTTP/1.0 200\r\nA: \r\r\n", None),
        ] {
            for cut in 0..bytes.len() {
                let mut scanned = 0;
                let early = length(&bytes.as_bytes()[..cut], &mut scanned);
                let found = early.or_else(|| length(bytes.as_bytes(), &mut scanned));
                assert_eq!(found, expected, "{bytes:?} at {cut}");
            }
        }
    }

    #[test]
    fn a_connection_persists_as_its_version_and_fields_say() {
        let persists = |head: &str| read(format!("{head}Content-Length: 0\r\n\r\n").as_bytes()).unwrap().body.is_some();
        assert!(persists("HTTP/1.1 407 x\r\n") && persists("HTTP/1.0 407 x\r\nProxy-Connection: Keep-Alive\r\n"));
        assert!(!persists("HTTP/1.0 407 x\r\n") && !persists("HTTP/1.1 407 x\r\nConnection: a, CLOSE\r\n"));
    }
}
