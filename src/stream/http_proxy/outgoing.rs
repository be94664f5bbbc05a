//! A message that is being given out piece by piece.
//!
//! A newcomer's trap: it frees its memory when it is empty, because a client may stay for hours
//! without another word.

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    taken: usize,
}

impl From<Vec<u8>> for Outgoing {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }
}

impl Outgoing {
    pub(super) fn push(&mut self, mut bytes: Vec<u8>) {
        self.bytes.append(&mut bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn taken(&mut self, n: usize) {
        self.taken += n;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Moves as much as `buffer` has room for: so much.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> usize {
        let waiting = self.waiting();
        let n = waiting.len().min(buffer.len());
        buffer.iter_mut().zip(waiting).for_each(|(to, from)| *to = *from);
        self.taken(n);
        n
    }
}
