//! A dialogue that is played, as a stream: what is written to it is checked, what is read from it is said.
//!
//! A newcomer's trap: a line that is not the one expected makes the next read fail, not the write; nobody
//! else would be told in which words.

use super::{Flow, Stream};
use crate::{
    clock,
    dialogue::{Awaits, Player},
};
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
        Self { player, last: clock::now() }
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
                self.last = clock::now();
                Ok(Flow::Moved(count))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut player = self.player.borrow_mut();
        player.refuse_in_clear(bytes);
        if !player.listens() {
            return Ok(Flow::Blocked);
        }
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        player.hear(piece);
        self.last = clock::now();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialogue::{Encryption, Script},
        error::Error,
        proto::evidence::Side,
    };

    fn played(name: &str, text: &str) -> Played {
        let file = std::env::temp_dir().join(format!("rncat-played-{name}-{}", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let script = Script::read(&file, Side::Client).unwrap();
        std::fs::remove_file(file).unwrap();
        Played::new(Rc::new(RefCell::new(Player::new(Rc::new(script), Encryption::Never))))
    }

    #[test]
    fn it_takes_what_is_said_when_it_is_the_peers_turn() {
        let (mut stream, mut buffer) = (played("turns", "C: A\nS: 1\nC: B\nS: 2\n"), [0; 64]);
        assert_eq!(stream.write(b"1\r\n").unwrap(), Flow::Blocked);
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Moved(3));
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Blocked);
        assert_eq!(stream.write(b"1\r\n").unwrap(), Flow::Moved(3));
        assert_eq!(stream.write(b"2\r\n").unwrap(), Flow::Blocked);
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Moved(3));
        assert_eq!(stream.write(b"2\r\n").unwrap(), Flow::Moved(3));
        assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Ended);
        assert_eq!(stream.write(b"3\r\n").unwrap(), Flow::Moved(3), "so that nobody has to wait");
    }

    #[test]
    fn what_differs_fails_the_read() {
        let mut stream = played("differs", "S: 1\n");
        assert_eq!(stream.write(&[b'x'; 2 * PIECE]).unwrap(), Flow::Moved(PIECE), "no more at once");
        stream.write(b"\r\n").unwrap();
        let error = stream.read(&mut [0; 64]).unwrap_err();
        assert!(Error::carried(&error).is_some_and(|error| error.to_string().contains("expected \"1\"")));
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), Flow::Ended);
    }

    #[test]
    fn silence_has_a_time_where_it_means_something() {
        let mut stream = played("silence", "S: 1\n...\nC: A\n");
        assert_eq!(stream.deadline(), None);
        stream.write(b"1\r\nx\r\n").unwrap();
        let at = stream.deadline().unwrap();
        stream.timeout(at - SILENCE / 2).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), Flow::Blocked);
        stream.timeout(at).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), Flow::Moved(3));
    }
}
