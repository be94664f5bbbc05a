//! A dialogue that is played, as a stream: what is written to it is checked, what is read from it is said.
//!
//! A newcomer's trap: a line that is not the one expected makes the next read fail, not the write; nobody
//! else would be told in which words.

use super::{Flow, Stream};
use crate::dialogue::{Awaits, Player};
use mio::{Registry, Token};
use std::{
    cell::RefCell,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

/// So much is taken at once, in bytes: more than that is never held besides a line.
const PIECE: usize = 64 * 1024;

/// Who has said all is silent for so long: where a dialogue leaves open how much the peer says.
const SILENCE: Duration = Duration::from_millis(500);

/// See the module's description.
pub struct Played {
    player: Rc<RefCell<Player>>,
    /// When something was last said or heard.
    last: Instant,
}

impl Played {
    /// Plays with this player, which somebody else tells of too long a silence and of the peer's end.
    #[must_use]
    pub fn new(player: Rc<RefCell<Player>>) -> Self {
        Self { player, last: Instant::now() }
    }
}

impl Stream for Played {
    /// No event ever comes: it is coupled.
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut player = self.player.borrow_mut();
        match player.fetch(buffer)? {
            0 if player.is_over() => Ok(Flow::Ended),
            0 => Ok(Flow::Blocked),
            count => {
                self.last = Instant::now();
                Ok(Flow::Moved(count))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut player = self.player.borrow_mut();
        if !player.listens() {
            return Ok(Flow::Blocked);
        }
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        player.hear(piece);
        self.last = Instant::now();
        Ok(Flow::Moved(piece.len()))
    }

    /// How the peer has left is told otherwise.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        (self.player.borrow().awaits() == Awaits::Silence).then_some(self.last + SILENCE)
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.player.borrow_mut().pass_over();
        }
        Ok(())
    }

    fn is_coupled(&self) -> bool {
        true
    }
}
