//! Memory of a crowd that has left, given back to the system.
//!
//! A newcomer's trap: what is freed is not given back. The C library keeps it, for who comes next, as long as
//! something that is still in use lies behind it.

use crate::sys;

/// Fewer leave nothing behind that is worth the trouble.
const MANY: usize = 16;

/// How many there were.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    most: usize,
}

impl Crowd {
    /// So many are there by now. When three of four have left, the memory that they had goes back to the system.
    pub(super) fn count(&mut self, there: usize) {
        if self.has_left(there) {
            sys::give_back_memory();
        }
    }

    fn has_left(&mut self, there: usize) -> bool {
        let left = self.most >= MANY && there <= self.most / 4;
        self.most = if left { there } else { self.most.max(there) };
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_has_left_when_three_of_four_have() {
        let mut crowd = Crowd::default();
        let left: Vec<_> = (0..=1000).chain((0..1000).rev()).filter(|there| crowd.has_left(*there)).collect();
        assert_eq!(left, [250, 62, 15]);
    }

    #[test]
    fn a_few_are_none() {
        let mut crowd = Crowd::default();
        assert!((0..MANY).chain((0..MANY).rev()).all(|there| !crowd.has_left(there)));
    }
}
