//! A pipe in memory for the tests, as unwilling as a socket can be.

use crate::stream::{Flow, Stream};
use mio::{Registry, Token};
use std::{cell::RefCell, collections::VecDeque, io, rc::Rc};

/// One direction of a pipe in memory.
#[derive(Default)]
pub(crate) struct Way {
    pub(crate) bytes: VecDeque<u8>,
    pub(crate) ended: bool,
    pub(crate) reset: bool,
    /// At most so many bytes wait in it; 0 for no limit.
    pub(crate) capacity: usize,
}

/// An end of a pipe that moves few bytes at a time and is often blocked.
pub(crate) struct End {
    pub(crate) incoming: Rc<RefCell<Way>>,
    pub(crate) outgoing: Rc<RefCell<Way>>,
    /// At most so many bytes are moved at once; 0 for no limit.
    step: usize,
    /// Whether about every other call is blocked, though there is something to move.
    balky: bool,
    turn: u32,
}

pub(crate) fn pipe(step: usize, balky: bool) -> (End, End) {
    let (one, two) = (Rc::<RefCell<Way>>::default(), Rc::<RefCell<Way>>::default());
    let left = End { incoming: Rc::clone(&one), outgoing: Rc::clone(&two), step, balky, turn: 1 };
    (left, End { incoming: two, outgoing: one, step, balky, turn: 2 })
}

/// The same end once more, to meddle with what goes through it.
pub(crate) fn same(end: &End) -> End {
    End { incoming: Rc::clone(&end.incoming), outgoing: Rc::clone(&end.outgoing), ..*end }
}

impl End {
    fn balks(&mut self) -> bool {
        // By chance, but the same each time (Numerical Recipes' generator).
        self.turn = self.turn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.balky && self.turn >> 31 == 1
    }

    fn step(&self) -> usize {
        if self.step == 0 { usize::MAX } else { self.step }
    }
}

impl Stream for End {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if self.balks() {
            return Ok(Flow::Blocked);
        }
        let step = self.step();
        let mut way = self.incoming.borrow_mut();
        let n = way.bytes.len().min(buffer.len()).min(step);
        for (to, from) in buffer.iter_mut().zip(way.bytes.drain(..n)) {
            *to = from;
        }
        match n {
            0 if way.reset => Err(io::ErrorKind::ConnectionReset.into()),
            0 if way.ended => Ok(Flow::Ended),
            0 => Ok(Flow::Blocked),
            n => Ok(Flow::Moved(n)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.balks() {
            return Ok(Flow::Blocked);
        }
        let step = self.step();
        let mut way = self.outgoing.borrow_mut();
        assert!(!way.ended, "written after the end");
        if way.reset {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = if way.capacity == 0 { usize::MAX } else { way.capacity.saturating_sub(way.bytes.len()) };
        match bytes.len().min(step).min(room) {
            0 => Ok(Flow::Blocked),
            n => {
                way.bytes.extend(&bytes[..n]);
                Ok(Flow::Moved(n))
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.outgoing.borrow_mut().ended = true;
        Ok(())
    }
}
