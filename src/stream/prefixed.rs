//! A stream with bytes in front of it: what an opening stage has read too far ahead.
//!
//! A newcomer's trap: no event tells of these bytes. Whoever takes over reads until *blocked*
//! anyway, as after any change of hands.

use super::{Flow, Stream, channel::Channel, forward, hand_over};
use std::{io, os::fd::BorrowedFd};

/// See the module's description.
pub struct Prefixed {
    prefix: Vec<u8>,
    taken: usize,
    inner: Box<dyn Stream>,
}

impl Prefixed {
    /// `inner`, behind these bytes; just `inner` if there are none.
    #[must_use]
    pub fn around(inner: Box<dyn Stream>, prefix: Vec<u8>) -> Box<dyn Stream> {
        if prefix.is_empty() { inner } else { Box::new(Self { prefix, taken: 0, inner }) }
    }
}

impl Stream for Prefixed {
    forward!(
        register,
        write,
        write_vectored,
        timeout,
        flush,
        finish,
        hang_up,
        broken,
        break_off,
        undelivered,
        dropped,
        deadline
    );

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let n = hand_over(self.prefix.get(self.taken..).unwrap_or_default(), buffer);
        if n == 0 {
            self.prefix = Vec::new();
            self.taken = 0;
            return self.inner.read(buffer);
        }
        self.taken += n;
        Ok(Flow::Moved(n))
    }

    fn short_read_is_all(&self) -> bool {
        self.taken == self.prefix.len() && self.inner.short_read_is_all()
    }

    fn source(&self) -> Option<Channel<'_>> {
        if self.taken == self.prefix.len() { self.inner.source() } else { None }
    }

    fn sink(&self) -> Option<Channel<'_>> {
        self.inner.sink()
    }

    fn bare(&self) -> Option<BorrowedFd<'_>> {
        if self.taken == self.prefix.len() { self.inner.bare() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Registry, Token};

    struct Nothing;

    impl Stream for Nothing {
        fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
            Ok(())
        }
        fn read(&mut self, _: &mut [u8]) -> io::Result<Flow> {
            Ok(Flow::Ended)
        }
        fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
            Ok(Flow::Moved(bytes.len()))
        }
        fn finish(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_prefix_comes_first_in_any_pieces() {
        let mut stream = Prefixed::around(Box::new(Nothing), b"early".to_vec());
        let mut buffer = [0; 3];
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Moved(3));
        assert_eq!(&buffer, b"ear");
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Moved(2));
        assert_eq!(&buffer[..2], b"ly");
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Ended);
    }
}
