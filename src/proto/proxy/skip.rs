//! The body of an HTTP answer that nobody wants to see, skipped so that the next answer can be read
//! from the same connection (RFC 9112, 6).
//!
//! A newcomer's trap: a body that only the end of the connection ends cannot be skipped, and a long
//! one is not worth it; then a new connection is cheaper.

use crate::proto::http::body::length_in;

/// More is not skipped.
const BODY: u64 = 1024 * 1024;

/// A chunk's size with its extensions, or a trailer field; bytes.
const LINE: usize = 8 * 1024;

/// A body that is being skipped.
#[derive(Debug)]
pub(super) struct Skip {
    /// How many more bytes are skipped at most.
    allowance: u64,
    at: At,
}

#[derive(Debug)]
enum At {
    /// In a body of known length, or in a chunk with the CRLF behind it.
    Bytes {
        left: u64,
        then: Then,
    },
    /// Before the line with a chunk's size.
    Size,
    /// In the fields behind the last chunk.
    Trailer,
    Over,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    End,
    Size,
}

/// What came of trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// The next answer follows.
    All,
    /// There is more to come.
    Part,
    /// It is too long, or makes no sense.
    Hopeless,
}

impl Skip {
    /// The body of a head with these header fields; `None` when the connection's end is its end.
    pub(super) fn framed(headers: &[httparse::Header<'_>]) -> Option<Self> {
        let fields =
            |name: &'static str| headers.iter().filter(move |it| it.name.eq_ignore_ascii_case(name)).map(|it| it.value);
        let codings = fields("Transfer-Encoding").flat_map(|value| value.split(|byte| *byte == b','));
        let at = match codings.map(<[u8]>::trim_ascii).next_back() {
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => At::Size,
            Some(_) => return None,
            None => At::Bytes { left: length_in(fields("Content-Length")).ok()??, then: Then::End },
        };
        Some(Self { allowance: BODY, at })
    }

    /// Takes what has arrived of the body.
    pub(super) fn advance(&mut self, arrived: &mut Vec<u8>) -> Skipped {
        let mut rest = arrived.as_slice();
        let skipped = self.skip(&mut rest);
        // Once for all: many short lines would move the rest as many times.
        let used = arrived.len() - rest.len();
        arrived.drain(..used);
        skipped
    }

    fn skip(&mut self, rest: &mut &[u8]) -> Skipped {
        loop {
            match self.at {
                At::Over => return Skipped::All,
                At::Bytes { left: 0, then: Then::End } => self.at = At::Over,
                At::Bytes { left: 0, then: Then::Size } => self.at = At::Size,
                At::Bytes { left, .. } if left > self.allowance => return Skipped::Hopeless,
                At::Bytes { left, then } => {
                    let piece = self.cut(rest, usize::try_from(left).unwrap_or(usize::MAX));
                    if piece.is_empty() {
                        return Skipped::Part;
                    }
                    self.at = At::Bytes { left: left - piece.len() as u64, then };
                }
                At::Size | At::Trailer => {
                    let Some(end) = rest.iter().take(LINE).position(|byte| *byte == b'\n') else {
                        return if rest.len() < LINE { Skipped::Part } else { Skipped::Hopeless };
                    };
                    let line = self.cut(rest, end + 1);
                    match self.line(line.trim_ascii()) {
                        Some(at) if self.allowance > 0 => self.at = at,
                        _ => return Skipped::Hopeless,
                    }
                }
            }
        }
    }

    /// What follows a line.
    fn line(&self, line: &[u8]) -> Option<At> {
        if matches!(self.at, At::Trailer) {
            return Some(if line.is_empty() { At::Over } else { At::Trailer });
        }
        let size = line.split(|byte| *byte == b';').next()?.trim_ascii();
        if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        match u64::from_str_radix(str::from_utf8(size).ok()?, 16).ok()? {
            0 => Some(At::Trailer),
            size => Some(At::Bytes { left: size.checked_add(2)?, then: Then::Size }),
        }
    }

    /// Takes up to `count` bytes.
    fn cut<'a>(&mut self, rest: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (piece, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        *rest = left;
        self.allowance = self.allowance.saturating_sub(piece.len() as u64);
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(fields: &[(&str, &str)]) -> Option<Skip> {
        let headers: Vec<_> =
            fields.iter().map(|(name, value)| httparse::Header { name, value: value.as_bytes() }).collect();
        Skip::framed(&headers)
    }

    #[test]
    fn a_body_without_a_frame_is_known() {
        for fields in [
            &[][..],
            &[("Content-Length", "-1")],
            &[("Content-Length", "5"), ("content-length", "6")],
            &[("Content-Length", "99999999999999999999")],
            &[("Content-Length", "5"), ("Transfer-Encoding", "gzip")],
        ] {
            assert!(skip(fields).is_none(), "{fields:?}");
        }
        assert!(skip(&[("Content-Length", "5, 5")]).is_some());
        assert!(skip(&[("Transfer-Encoding", "gzip, Chunked"), ("Content-Length", "5")]).is_some());
    }

    #[test]
    fn what_is_behind_the_body_stays() {
        for (field, body) in [
            (("Content-Length", "5"), &b"12345"[..]),
            (("Content-Length", "0"), b""),
            (("Transfer-Encoding", "chunked"), b"3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nA: b\r\n\r\n"),
            (("Transfer-Encoding", "chunked"), b"0\n\n"),
        ] {
            for cut in 0..=body.len() {
                let mut skip = skip(&[field]).unwrap();
                let (mut arrived, rest) = (body[..cut].to_vec(), [&body[cut..], b"HTTP/"].concat());
                let expected = if cut == body.len() { Skipped::All } else { Skipped::Part };
                assert_eq!(skip.advance(&mut arrived), expected);
                arrived.extend(rest);
                assert_eq!((skip.advance(&mut arrived), &arrived[..]), (Skipped::All, &b"HTTP/"[..]));
            }
        }
    }

    #[test]
    fn too_much_is_hopeless() {
        assert_eq!(skip(&[("Content-Length", "1048577")]).unwrap().advance(&mut Vec::new()), Skipped::Hopeless);
        let mut chunked = skip(&[("Transfer-Encoding", "chunked")]).unwrap();
        assert_eq!(chunked.advance(&mut b"fffffffffffffffe\r\n".to_vec()), Skipped::Hopeless);
        for nonsense in ["\r\n", "g\r\n", "-1\r\n", "+1\r\n", "fffffffffffffffff\r\n", &"0".repeat(LINE)] {
            let mut chunked = skip(&[("Transfer-Encoding", "chunked")]).unwrap();
            assert_eq!(chunked.advance(&mut nonsense.as_bytes().to_vec()), Skipped::Hopeless, "{nonsense}");
        }
        let mut endless = skip(&[("Transfer-Encoding", "chunked")]).unwrap();
        let rounds =
            (0..1_000_000).take_while(|_| endless.advance(&mut b"1\r\nx\r\n".to_vec()) == Skipped::Part).count();
        assert!((100_000..200_000).contains(&rounds), "{rounds}");
        let mut endless = skip(&[("Transfer-Encoding", "chunked")]).unwrap();
        let mut trailer = b"0\r\n".to_vec();
        trailer.extend(b"a: b\r\n".repeat(200_000));
        assert_eq!(endless.advance(&mut trailer), Skipped::Hopeless);
    }
}
