//! The one place where bytes wait: the outbox of the sink they go to.
//!
//! It is filled by one read at a time: a pump reads only when the outboxes of all its sinks are
//! empty. That bounds it, and is all the back-pressure there is. What several sinks wait for is
//! one piece of memory that they share.
//!
//! A newcomer's trap: for a sink of datagrams a piece is a datagram, and may be empty. So an
//! outbox is empty when it has no pieces, not when it has no bytes.

use std::{collections::VecDeque, ops::Range, rc::Rc};

/// Bytes on their way to a sink. An empty one owns no memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pieces: VecDeque<Piece>,
    bytes: usize,
}

#[derive(Debug)]
struct Piece {
    memory: Rc<Vec<u8>>,
    waiting: Range<usize>,
}

/// What was read at once, on its way to one sink or to many: copied once, when the first of them cannot take it.
pub(super) struct Shared<'a> {
    bytes: &'a [u8],
    copy: Option<Rc<Vec<u8>>>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, copy: None }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn memory(&mut self, spare: &mut Spare) -> Rc<Vec<u8>> {
        let copy = self.copy.get_or_insert_with(|| {
            let mut memory = spare.take();
            memory.extend_from_slice(self.bytes);
            Rc::new(memory)
        });
        Rc::clone(copy)
    }
}

impl Outbox {
    /// Whether nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// The first piece that waits, or what is left of it: for a sink of datagrams, a whole one.
    #[must_use]
    pub(super) fn waiting(&self) -> Option<&[u8]> {
        let first = self.pieces.front()?;
        Some(first.memory.get(first.waiting.clone()).unwrap_or_default())
    }

    /// Adds a part of what was read behind what waits.
    pub(super) fn push(&mut self, shared: &mut Shared<'_>, part: Range<usize>, spare: &mut Spare) {
        self.bytes += part.len();
        self.pieces.push_back(Piece { memory: shared.memory(spare), waiting: part });
    }

    /// Removes the first `n` bytes, which were delivered, or a whole datagram if `whole`; memory that
    /// nobody needs any longer goes to `spare`.
    pub(super) fn delivered(&mut self, n: usize, whole: bool, spare: &mut Spare) {
        let Some(first) = self.pieces.front_mut() else { return };
        let n = if whole { first.waiting.len() } else { n.min(first.waiting.len()) };
        self.bytes -= n;
        first.waiting.start += n;
        if whole || first.waiting.is_empty() {
            if let Some(piece) = self.pieces.pop_front() {
                spare.keep(piece.memory);
            }
            if self.pieces.is_empty() {
                self.pieces = VecDeque::new();
            }
        }
    }

    /// Throws away what waits and says how many bytes it was.
    pub(super) fn discard(&mut self) -> usize {
        std::mem::take(self).bytes
    }
}

/// A little memory kept between uses, so that a busy relay does not allocate for each chunk
/// and an idle one holds almost nothing.
#[derive(Debug, Default)]
pub(super) struct Spare(Vec<Vec<u8>>);

impl Spare {
    const KEPT: usize = 2;

    fn take(&mut self) -> Vec<u8> {
        let mut memory = self.0.pop().unwrap_or_default();
        memory.clear();
        memory
    }

    fn keep(&mut self, memory: Rc<Vec<u8>>) {
        if self.0.len() < Self::KEPT
            && let Ok(memory) = Rc::try_unwrap(memory)
        {
            self.0.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn push(outbox: &mut Outbox, bytes: &[u8], spare: &mut Spare) {
        outbox.push(&mut Shared::new(bytes), 0..bytes.len(), spare);
    }

    proptest! {
        #[test]
        fn bytes_leave_in_the_order_in_which_they_came(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..50), 0usize..60), 0..40)
        ) {
            let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
            let (mut came, mut left) = (Vec::new(), Vec::new());
            let mut leave = |outbox: &mut Outbox, spare: &mut Spare, take: usize| {
                let n = outbox.waiting().map_or(0, |waiting| take.min(waiting.len()));
                left.extend_from_slice(&outbox.waiting().unwrap_or_default()[..n]);
                outbox.delivered(n, false, spare);
                left.len()
            };
            for (bytes, take) in steps {
                push(&mut outbox, &bytes, &mut spare);
                came.extend_from_slice(&bytes);
                let gone = leave(&mut outbox, &mut spare, take);
                prop_assert_eq!(outbox.len(), came.len() - gone);
            }
            while !outbox.is_empty() {
                leave(&mut outbox, &mut spare, usize::MAX);
            }
            prop_assert_eq!(outbox.len(), 0);
            prop_assert_eq!(came, left);
        }
    }

    #[test]
    fn an_empty_outbox_owns_nothing() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        push(&mut outbox, &[1; 1000], &mut spare);
        outbox.delivered(1000, false, &mut spare);
        assert!(outbox.is_empty() && outbox.pieces.capacity() == 0);
        assert_eq!(spare.0.len(), 1, "its memory is kept for the next");
    }

    #[test]
    fn datagrams_keep_their_boundaries_and_empty_ones_count() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        for datagram in [&b"one"[..], b"", b"two"] {
            push(&mut outbox, datagram, &mut spare);
        }
        for datagram in [&b"one"[..], b"", b"two"] {
            assert_eq!(outbox.waiting(), Some(datagram));
            outbox.delivered(datagram.len(), true, &mut spare);
        }
        assert!(outbox.is_empty());
    }

    #[test]
    fn many_sinks_share_one_copy() {
        let mut spare = Spare::default();
        let mut shared = Shared::new(b"for all");
        let mut outboxes = [Outbox::default(), Outbox::default(), Outbox::default()];
        outboxes.iter_mut().for_each(|outbox| outbox.push(&mut shared, 4..7, &mut spare));
        assert_eq!(shared.copy.as_ref().map(Rc::strong_count), Some(4));
        assert!(outboxes.iter().all(|outbox| outbox.waiting() == Some(b"all")));
    }
}
