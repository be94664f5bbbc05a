//! The chunked coding (RFC 9112, 7.1): tells what is payload and what is framing, and where it ends.
//!
//! A newcomer's trap: sizes, extensions and trailers are passed on as they are, to somebody who
//! may read them otherwise. So nothing is let through that could be read in two ways: a line ends
//! with CRLF and holds no other control character.

use super::first_line::{is_text, is_token};

/// The longest line with a chunk's size.
const SIZE_LINE: usize = 4 * 1024;
/// The longest line of the trailers, and all of them.
const TRAILER_LINE: usize = 8 * 1024;
const TRAILERS: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// So many bytes.
    pub len: usize,
    /// Whether they are payload, or framing around it.
    pub payload: bool,
}

/// Why it is not the chunked coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadChunk(pub &'static str);

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Chunked {
    state: State,
    /// Of the present chunk: its size, then what is still to come of it.
    left: u64,
    /// Bytes of the present line, and of all trailers.
    line: usize,
    trailers: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size; among the digits; after blanks behind them.
    Size,
    Digits,
    Blanks,
    Extension,
    SizeLf,
    Payload,
    PayloadCr,
    PayloadLf,
    /// At the beginning of a trailer line, or of the empty line that ends everything.
    Trailer,
    Name,
    Value,
    TrailerLf,
    LastLf,
    Over,
}

impl Default for Chunked {
    fn default() -> Self {
        Self { state: State::Size, left: 0, line: 0, trailers: 0 }
    }
}

impl Chunked {
    /// Takes the next piece of `bytes`; empty only when there are none or the end has been reached.
    ///
    /// # Errors
    /// When the next byte cannot be there; it will be said again however often it is asked.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Piece, BadChunk> {
        if self.state == State::Payload {
            let len = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.left -= len as u64;
            if self.left == 0 {
                self.state = State::PayloadCr;
            }
            return Ok(Piece { len, payload: true });
        }
        for (len, byte) in bytes.iter().enumerate() {
            if matches!(self.state, State::Payload | State::Over) {
                return Ok(Piece { len, payload: false });
            }
            match self.step(*byte) {
                Ok(state) => self.state = state,
                // What came before it is still good.
                Err(_) if len > 0 => return Ok(Piece { len, payload: false }),
                Err(bad) => return Err(bad),
            }
        }
        Ok(Piece { len: bytes.len(), payload: false })
    }

    /// Whether the last byte has been taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// What follows from one byte of framing. Changes nothing that matters if it cannot be there.
    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        let next = match (self.state, byte) {
            (State::Size | State::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let size = self.left.checked_mul(16).and_then(|size| size.checked_add(digit.into()));
                self.left = size.ok_or(BadChunk("a chunk's size is too large"))?;
                State::Digits
            }
            (State::Digits | State::Blanks, b' ' | b'\t') => State::Blanks,
            (State::Digits | State::Blanks, b';') => State::Extension,
            (State::Digits | State::Blanks | State::Extension, b'\r') => State::SizeLf,
            (State::Extension, _) if is_text(byte) => State::Extension,
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailer,
            (State::SizeLf, b'\n') => State::Payload,
            (State::Size | State::Digits | State::Blanks | State::Extension | State::SizeLf, _) => {
                return Err(BadChunk("a chunk's size is not valid"));
            }
            (State::PayloadCr, b'\r') => State::PayloadLf,
            (State::PayloadLf, b'\n') => State::Size,
            (State::PayloadCr | State::PayloadLf, _) => return Err(BadChunk("a chunk is longer than its size")),
            (State::Trailer, b'\r') => State::LastLf,
            (State::Trailer | State::Name, _) if is_token(byte) => State::Name,
            (State::Name, b':') => State::Value,
            (State::Value, b'\r') => State::TrailerLf,
            (State::Value, _) if is_text(byte) => State::Value,
            (State::TrailerLf, b'\n') => State::Trailer,
            (State::LastLf, b'\n') => State::Over,
            _ => return Err(BadChunk("a trailer is not valid")),
        };
        self.count(next)?;
        Ok(next)
    }

    fn count(&mut self, next: State) -> Result<(), BadChunk> {
        match next {
            State::Digits | State::Blanks | State::Extension if self.line >= SIZE_LINE => {
                return Err(BadChunk("a line with a chunk's size is too long"));
            }
            State::Name | State::Value if self.line >= TRAILER_LINE || self.trailers >= TRAILERS => {
                return Err(BadChunk("the trailers are too long"));
            }
            State::Name | State::Value => (self.line, self.trailers) = (self.line + 1, self.trailers + 1),
            State::Size | State::Trailer | State::Payload => self.line = 0,
            _ => self.line += 1,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload, and how many bytes belong to the body; given in pieces of `n` bytes.
    fn read(bytes: &[u8], n: usize) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        let (mut chunked, mut payload, mut used) = (Chunked::default(), Vec::new(), 0);
        for mut part in bytes.chunks(n) {
            while !part.is_empty() && !chunked.is_over() {
                let piece = chunked.next(part)?;
                let (taken, rest) = part.split_at(piece.len);
                if piece.payload {
                    payload.extend_from_slice(taken);
                }
                (used, part) = (used + taken.len(), rest);
            }
        }
        Ok((payload, used, chunked.is_over()))
    }

    #[test]
    fn payload_and_framing_are_told_apart_however_split() {
        let body = b"5;name=\"v\"\r\nhello\r\n00A \t;x\r\n, world!!!\r\n0\r\nTrailer: x\r\nB:\r\n\r\n";
        let and_more = [&body[..], b"GET / HTTP/1.1"].concat();
        for n in 1..and_more.len() {
            assert_eq!(read(&and_more, n).unwrap(), (b"hello, world!!!".to_vec(), body.len(), true), "{n}");
        }
        assert!(!read(&body[..body.len() - 1], 7).unwrap().2);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let bad: [&[u8]; 18] = [
            b"5\nhello\r\n",
            b"5;a\nhello\r\n",
            b"5;a\rhello\r\n",
            b"5;\0\r\n",
            b"0x5\r\n",
            b"+5\r\n",
            b"-5\r\n",
            b" 5\r\n",
            b"5 5\r\n",
            b"\r\n",
            b";x\r\n",
            b"1\r\nabc",
            b"1\r\na\n",
            b"1\r\na\rb",
            b"10000000000000000\r\n",
            b"0\r\n folded\r\n",
            b"0\r\nname : x\r\n",
            b"0\r\nname: x\n",
        ];
        for bytes in bad {
            assert!(read(bytes, 100).is_err(), "{}", String::from_utf8_lossy(bytes));
            assert!(read(bytes, 1).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn lines_are_bounded() {
        let extension = [b"1;".to_vec(), vec![b'x'; SIZE_LINE]].concat();
        assert!(read(&extension, 1000).is_err());
        assert!(read(&vec![b'0'; SIZE_LINE + 1], 1000).is_err());
        let trailer = [b"0\r\na:".to_vec(), vec![b'x'; TRAILER_LINE]].concat();
        assert!(read(&trailer, 1000).is_err());
        let trailers = [b"0\r\n".to_vec(), b"a:xxxxxxxxxx\r\n".repeat(TRAILERS / 10)].concat();
        assert!(read(&trailers, 1000).is_err());
    }

    #[test]
    fn the_largest_size_is_fine() {
        assert_eq!(read(b"ffffffffffffffff\r\nabc", 100).unwrap(), (b"abc".to_vec(), 21, false));
    }
}
