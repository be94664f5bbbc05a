//! Datagrams that are sent at once, if there are several: one behind the other, all of the same size but for
//! the last, which may be shorter.
//!
//! A newcomer's trap: an empty datagram is one, but leaves no trace here. So it does not come in.

/// The kernel cuts no more at once (`UDP_MAX_SEGMENTS`, in its first versions).
const MOST: usize = 64;

/// See the module's description. Without datagrams it owns nothing.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    size: usize,
}

impl Gathered {
    /// Bytes that are here.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes a datagram, if it fits behind those that are here; of all, at most `room` bytes.
    pub(super) fn push(&mut self, datagram: &[u8], room: usize) -> bool {
        let many = !self.bytes.is_empty();
        let size = if many { self.size } else { datagram.len() };
        let all = self.bytes.len() + datagram.len();
        // Behind a shorter one comes nothing; and alone it need not come in.
        let last = size == 0 || !self.bytes.len().is_multiple_of(size) || self.bytes.len() / size >= MOST;
        let alone = !many && 2 * size > room;
        if datagram.is_empty() || datagram.len() > size || all > room || last || alone {
            return false;
        }
        if !many {
            self.size = size;
            self.bytes.reserve_exact(room.min(MOST.saturating_mul(size)));
        }
        self.bytes.extend_from_slice(datagram);
        true
    }

    /// All of them, and how large each is, if there are several.
    pub(super) fn several(&self) -> Option<(&[u8], u16)> {
        let size = u16::try_from(self.size).ok()?;
        (self.bytes.len() > self.size).then_some((self.bytes.as_slice(), size))
    }

    /// The first, if there is one.
    pub(super) fn first(&self) -> Option<&[u8]> {
        let first = self.bytes.get(..self.size.min(self.bytes.len()))?;
        (!first.is_empty()).then_some(first)
    }

    /// So many bytes of whole datagrams have been sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        if bytes >= self.bytes.len() {
            *self = Self::default();
        } else {
            self.bytes.drain(..bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_leave_as_they_came(sizes in prop::collection::vec(prop_oneof![Just(7_usize), 0..9_usize], 0..200)) {
            let (mut gathered, mut came, mut left) = (Gathered::default(), Vec::new(), Vec::new());
            let mut leave = |gathered: &mut Gathered, at_once: bool| {
                while let Some(first) = gathered.first() {
                    let (bytes, size) = gathered.several().filter(|_| at_once).unwrap_or((first, 9));
                    prop_assert!(bytes.chunks(size.into()).count() <= MOST);
                    left.extend(bytes.chunks(size.into()).map(<[u8]>::to_vec));
                    gathered.sent(bytes.len());
                }
                prop_assert!(gathered.len() == 0 && gathered.bytes.capacity() == 0);
                Ok(())
            };
            for (number, size) in sizes.into_iter().enumerate() {
                let datagram = vec![number as u8; size];
                if !gathered.push(&datagram, 300) {
                    leave(&mut gathered, number % 2 == 0)?;
                    if !gathered.push(&datagram, 300) {
                        prop_assert!(datagram.is_empty());
                        continue;
                    }
                }
                prop_assert!(gathered.len() <= 300);
                came.push(datagram);
            }
            leave(&mut gathered, true)?;
            prop_assert_eq!(came, left);
        }
    }

    #[test]
    fn what_would_be_alone_stays_outside() {
        let mut gathered = Gathered::default();
        assert!(!gathered.push(&[0; 51], 100) && !gathered.push(b"", 100));
        assert!(gathered.push(&[0; 50], 100) && gathered.several().is_none());
        assert!(!gathered.push(&[0; 51], 200), "it is larger");
        assert!(gathered.push(&[0; 49], 100) && gathered.several().is_some());
        assert!(!gathered.push(&[0; 1], 100), "it comes behind a shorter one");
        assert!(Gathered::default().push(b"1", usize::MAX), "there may be no limit");
    }
}
