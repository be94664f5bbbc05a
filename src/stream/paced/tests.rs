//! The layer around a scripted stream, with a time that is made up.

mod failing;
mod sending;
mod silence;

use super::*;
use crate::{
    error::Exit,
    proto::reply::{Conversation, PROTOCOLS},
};
use mio::{Registry, Token};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

const SECOND: Duration = Duration::from_secs(1);

/// What the stream below does, and what was done to it.
#[derive(Default)]
struct Below {
    /// What comes, a read each.
    reads: VecDeque<Vec<u8>>,
    ended: bool,
    breaks: Option<io::ErrorKind>,
    /// How many bytes it takes at once, and in all.
    piece: usize,
    room: usize,
    fails: bool,
    written: Vec<u8>,
    said: Vec<&'static str>,
}

struct Inner(Rc<RefCell<Below>>);

impl Stream for Inner {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut below = self.0.borrow_mut();
        match below.reads.pop_front() {
            Some(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(Flow::Moved(bytes.len()))
            }
            None => match below.breaks {
                Some(kind) => Err(kind.into()),
                None if below.ended => Ok(Flow::Ended),
                None => Ok(Flow::Blocked),
            },
        }
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut below = self.0.borrow_mut();
        assert_eq!(below.said, [""; 0], "written after the goodbye");
        if below.fails {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n = bytes.len().min(below.room).min(below.piece);
        below.room -= n;
        below.written.extend_from_slice(&bytes[..n]);
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
    }
    fn finish(&mut self) -> io::Result<()> {
        self.0.borrow_mut().said.push("finish");
        Ok(())
    }
    fn hang_up(&mut self) -> io::Result<()> {
        self.0.borrow_mut().said.push("hang up");
        Ok(())
    }
    fn broken(&mut self) -> io::Result<()> {
        self.0.borrow().breaks.map_or(Ok(()), |kind| Err(kind.into()))
    }
    fn undelivered(&self) -> usize {
        7
    }
}

/// The layer, with what is below it and above it.
struct World {
    paced: Paced,
    below: Rc<RefCell<Below>>,
    now: Rc<Cell<Instant>>,
    /// What was typed and has not been taken.
    typed: Vec<u8>,
}

impl World {
    fn new(by: By, fail: bool, crlf: bool) -> Self {
        let below = Rc::new(RefCell::new(Below { room: usize::MAX, piece: usize::MAX, ..Below::default() }));
        let now = Rc::new(Cell::new(Instant::now()));
        let clock = Rc::clone(&now);
        let settings = Settings { fail, crlf, patience: 60 * SECOND };
        let (server, report) = ("mail:25".to_owned(), Report::new("rncat", 0, true));
        let inner = Box::new(Inner(Rc::clone(&below)));
        let paced = Paced::with_clock(inner, by, settings, server, report, Box::new(move || clock.get()));
        Self { paced, below, now, typed: Vec::new() }
    }

    fn of(protocol: &str) -> Self {
        Self::new(By::Replies(begin(protocol)), false, true)
    }

    fn failing(protocol: &str) -> Self {
        Self::new(By::Replies(begin(protocol)), true, true)
    }

    /// The user types this; what may be sent is.
    fn types(&mut self, bytes: impl AsRef<[u8]>) {
        self.typed.extend_from_slice(bytes.as_ref());
        self.works();
    }

    /// As the relay does: writes until it is blocked.
    fn works(&mut self) {
        while !self.typed.is_empty() {
            match self.paced.write(&self.typed) {
                Ok(Flow::Moved(n)) => drop(self.typed.drain(..n)),
                // A reader is told the same.
                _ => return,
            }
        }
        let _ = self.paced.flush();
    }

    fn flushes(&mut self) -> bool {
        self.paced.flush().unwrap().is_ready()
    }

    /// The server says this; it is shown as it is, and what may be sent then is.
    #[track_caller]
    fn hears(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.below.borrow_mut().reads.push_back(bytes.to_vec());
        let mut buffer = [0; 64 * 1024];
        assert_eq!(self.paced.read(&mut buffer).unwrap(), Flow::Moved(bytes.len()));
        assert_eq!(&buffer[..bytes.len()], bytes);
        self.works();
    }

    #[track_caller]
    fn reads(&mut self, expected: Flow) {
        assert_eq!(self.paced.read(&mut [0; 100]).unwrap(), expected);
    }

    /// How reading fails.
    #[track_caller]
    fn fails(&mut self) -> Error {
        Error::carried(&self.paced.read(&mut [0; 100]).unwrap_err()).expect("an error of ours").clone()
    }

    /// What has been sent since this was last asked.
    fn sent(&mut self) -> String {
        self.works();
        String::from_utf8(std::mem::take(&mut self.below.borrow_mut().written)).unwrap()
    }

    /// The user says no more; whether that was passed on.
    fn finishes(&mut self) -> bool {
        self.paced.finish().unwrap();
        self.flushes() && self.below.borrow().said == ["finish"]
    }

    /// Time passes, and what was put off until then is done.
    fn waits(&mut self, time: Duration) {
        self.now.set(self.now.get() + time);
        if self.paced.deadline().is_some_and(|at| at <= self.now.get()) {
            self.paced.timeout(self.now.get()).unwrap();
        }
    }
}

fn begin(protocol: &str) -> Box<dyn Conversation> {
    let protocol = PROTOCOLS.iter().find(|it| it.name == protocol).unwrap();
    (protocol.begin)()
}
