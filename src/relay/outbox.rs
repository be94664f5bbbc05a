//! The one place where bytes wait: the outbox of the sink they go to.
//!
//! It is filled by one read at a time: a pump reads only when the outboxes of all its sinks are
//! empty. That bounds it, and is all the back-pressure there is.

/// Bytes on their way to a sink. An empty one owns no memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    taken: usize,
}

impl Outbox {
    /// Whether nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// How many bytes wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// What waits, first bytes first.
    #[must_use]
    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Adds bytes behind those that wait; an empty outbox takes its memory from `spare`.
    pub(super) fn push(&mut self, bytes: &[u8], spare: &mut Spare) {
        if self.is_empty() {
            self.taken = 0;
            self.bytes = spare.take(std::mem::take(&mut self.bytes));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the first `n` bytes, which were delivered; memory no longer needed goes to `spare`.
    pub(super) fn delivered(&mut self, n: usize, spare: &mut Spare) {
        self.taken = (self.taken + n).min(self.bytes.len());
        if self.is_empty() {
            self.taken = 0;
            spare.keep(std::mem::take(&mut self.bytes));
        }
    }

    /// Throws away what waits and says how much it was.
    pub(super) fn discard(&mut self) -> usize {
        let n = self.len();
        *self = Self::default();
        n
    }
}

/// A little memory kept between uses, so that a busy relay does not allocate for each chunk
/// and an idle one holds almost nothing.
#[derive(Debug, Default)]
pub(super) struct Spare(Vec<Vec<u8>>);

impl Spare {
    const KEPT: usize = 2;

    fn take(&mut self, own: Vec<u8>) -> Vec<u8> {
        let mut memory = if own.capacity() > 0 { own } else { self.0.pop().unwrap_or(own) };
        memory.clear();
        memory
    }

    fn keep(&mut self, memory: Vec<u8>) {
        if self.0.len() < Self::KEPT {
            self.0.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_leave_in_the_order_in_which_they_came(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), 0usize..60), 0..40)
        ) {
            let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
            let (mut came, mut left) = (Vec::new(), Vec::new());
            for (bytes, take) in steps {
                outbox.push(&bytes, &mut spare);
                came.extend_from_slice(&bytes);
                let take = take.min(outbox.len());
                left.extend_from_slice(&outbox.waiting()[..take]);
                outbox.delivered(take, &mut spare);
                prop_assert_eq!(outbox.len(), came.len() - left.len());
            }
            left.extend_from_slice(outbox.waiting());
            prop_assert_eq!(came, left);
        }
    }

    #[test]
    fn an_empty_outbox_owns_nothing() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        outbox.push(&[1; 1000], &mut spare);
        outbox.delivered(1000, &mut spare);
        assert_eq!(outbox.bytes.capacity(), 0);
    }
}
