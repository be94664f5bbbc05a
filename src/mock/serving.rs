//! A mock server's session as a stream: what is written to it is what the client says, what is read from it is
//! answered.
//!
//! A newcomer's trap: nothing is heard while answers wait to be taken, so that a client that asks and never
//! reads costs no more than one answer; and nobody is heard for longer than a turn, for the others wait meanwhile.
//! And what was said in clear behind a request for TLS must not be taken for what was said over TLS (command
//! injection, CVE-2011-0411): it ends the session.

use super::{READY, Session};
use crate::{
    clock,
    error::Error,
    opening::upgrade::Handle,
    stream::{Flow, Stream, hand_over},
};
use mio::{Registry, Token};
use std::{
    io,
    rc::Rc,
    time::{Duration, Instant},
};

/// A client is heard for so long before the others have their turn.
const TURN: Duration = Duration::from_millis(5);

/// See the module's description.
pub struct Serving {
    session: Box<dyn Session>,
    /// Encrypts the connection; `None` where it cannot become encrypted.
    handle: Option<Rc<Handle>>,
    out: Vec<u8>,
    /// How much of that has been fetched.
    fetched: usize,
    /// All bytes that were ever in it.
    said: u64,
    /// It may be silent for so long.
    patience: Duration,
    last: Instant,
    /// Its turn is over, and not all has been heard.
    pauses: bool,
    /// The client has half-closed, which the session has not been told.
    left: bool,
    ended: bool,
}

impl Serving {
    /// Begins a session. A client that is silent for longer than `patience` is seen off.
    #[must_use]
    pub fn new(mut session: Box<dyn Session>, handle: Option<Rc<Handle>>, patience: Duration) -> Self {
        let mut out = Vec::new();
        session.greet(&mut out);
        let said = out.len() as u64;
        let last = clock::now();
        Self { session, handle, out, fetched: 0, said, patience, last, pauses: false, left: false, ended: false }
    }

    /// Whether TLS begins: what is heard now came in clear.
    fn is_changing(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| handle.is_changing())
    }

    fn has_words(&self) -> bool {
        self.fetched < self.out.len()
    }

    /// Lets the session say something.
    fn says(&mut self, speak: impl FnOnce(&mut dyn Session, &mut Vec<u8>)) {
        if !self.has_words() {
            self.out.clear();
            self.fetched = 0;
        }
        let before = self.out.len();
        speak(&mut *self.session, &mut self.out);
        self.said += self.out.len().saturating_sub(before) as u64;
    }

    /// How much of what the client says is heard now.
    fn hear(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        let begun = clock::now();
        while let Some(rest @ [_, ..]) = bytes.get(taken..)
            && self.out.len() < READY
            && !self.session.is_over()
            && !self.is_changing()
            && !self.pauses
        {
            self.says(|session, out| {
                // At least one, or this would never end.
                taken += session.hear(rest, out).clamp(1, rest.len());
                session.go_on(out);
            });
            if self.session.encrypts() {
                self.handle.iter().for_each(|handle| handle.encrypt_after(self.said));
            }
            self.pauses = begun.elapsed() > TURN;
        }
        taken
    }
}

impl Stream for Serving {
    /// No event ever comes: it is coupled.
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if !self.has_words() && !self.session.is_over() && !self.ended {
            self.says(|session, out| session.go_on(out));
            // A long answer comes first.
            if self.left && !self.has_words() {
                self.says(|session, out| session.left(out));
                self.ended = true;
            }
        }
        let count = hand_over(self.out.get(self.fetched..).unwrap_or_default(), buffer);
        self.fetched += count;
        match count {
            0 if self.session.is_over() || self.ended => Ok(Flow::Ended),
            0 => Ok(Flow::Blocked),
            _ => {
                self.last = clock::now();
                if !self.has_words() {
                    // An idle client costs nothing.
                    (self.out, self.fetched) = (Vec::new(), 0);
                }
                Ok(Flow::Moved(count))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.session.is_over() || self.ended {
            return Ok(Flow::Moved(bytes.len()));
        }
        if self.is_changing() {
            self.ended = true;
            let why = "the client went on in clear behind its request for TLS";
            return Err(Error::network("STARTTLS", why).into());
        }
        if !self.has_words() {
            // The rest of a long answer comes first.
            self.says(|session, out| session.go_on(out));
        }
        if self.has_words() || self.pauses {
            return Ok(Flow::Blocked);
        }
        self.last = clock::now();
        Ok(Flow::Moved(self.hear(bytes)))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.left = true;
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        if self.pauses {
            return Some(self.last);
        }
        let waits = !self.session.is_over() && !self.ended && !self.left && !self.has_words();
        self.last.checked_add(self.patience).filter(|_| waits)
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        if std::mem::take(&mut self.pauses) {
            return Ok(());
        }
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.says(|session, out| session.go_on(out));
            // Who takes nothing is not silent; it stalls.
            if !self.has_words() {
                let patience = self.patience;
                self.says(|session, out| session.silent(patience, out));
                self.ended = true;
            }
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

    /// Says each line back; `tls` begins TLS, `long` is answered at length, `quit` ends.
    #[derive(Default)]
    struct Echo {
        long: usize,
        tls: bool,
        over: bool,
    }

    impl Session for Echo {
        fn greet(&mut self, out: &mut Vec<u8>) {
            out.extend_from_slice(b"hello\n");
        }

        fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
            let taken = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
            match &bytes[..taken] {
                b"tls\n" => self.tls = true,
                b"long\n" => self.long = 3 * READY,
                b"quit\n" => self.over = true,
                b"slow\n" => {
                    let begun = Instant::now();
                    while begun.elapsed() <= TURN {}
                }
                _ => {}
            }
            out.extend_from_slice(&bytes[..taken]);
            taken
        }

        fn go_on(&mut self, out: &mut Vec<u8>) {
            let count = READY.saturating_sub(out.len()).min(self.long);
            out.resize(out.len() + count, b'x');
            self.long -= count;
        }

        fn encrypts(&mut self) -> bool {
            std::mem::take(&mut self.tls)
        }

        fn left(&mut self, out: &mut Vec<u8>) {
            out.extend_from_slice(b"bye\n");
            self.over = true;
        }

        fn silent(&mut self, _: Duration, out: &mut Vec<u8>) {
            out.extend_from_slice(b"silent\n");
            self.over = true;
        }

        fn is_over(&self) -> bool {
            self.over
        }
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    fn serving(handle: Option<Rc<Handle>>) -> Serving {
        let mut serving = Serving::new(Box::new(Echo::default()), handle, PATIENCE);
        assert_eq!(read(&mut serving), "hello\n");
        serving
    }

    fn read(serving: &mut Serving) -> String {
        let mut buffer = [0; 2 * READY];
        match serving.read(&mut buffer).unwrap() {
            Flow::Moved(count) => String::from_utf8(buffer[..count].to_vec()).unwrap(),
            Flow::Blocked => "blocked".to_owned(),
            Flow::Ended => "ended".to_owned(),
        }
    }

    #[test]
    fn what_is_heard_is_answered_and_no_more_is_heard_until_that_is_taken() {
        let mut serving = serving(None);
        assert_eq!(serving.write(b"a\nb\n").unwrap(), Flow::Moved(4));
        assert_eq!(serving.write(b"c\n").unwrap(), Flow::Blocked);
        assert_eq!(read(&mut serving), "a\nb\n");
        assert_eq!(read(&mut serving), "blocked");
        assert_eq!(serving.write(b"quit\nmore\n").unwrap(), Flow::Moved(5));
        assert_eq!(serving.write(b"more\n").unwrap(), Flow::Moved(5), "so that nobody has to wait");
        assert_eq!(read(&mut serving), "quit\n");
        assert_eq!(read(&mut serving), "ended");
    }

    #[test]
    fn who_keeps_it_busy_is_heard_in_turns() {
        let mut serving = serving(None);
        assert_eq!(serving.write(b"a\nslow\nslow\n").unwrap(), Flow::Moved(7));
        assert_eq!(read(&mut serving), "a\nslow\n");
        assert_eq!(serving.write(b"slow\n").unwrap(), Flow::Blocked, "others come first");
        let now = Instant::now();
        assert!(serving.deadline().is_some_and(|deadline| deadline <= now), "it comes back by itself");
        serving.timeout(now).unwrap();
        assert_eq!(read(&mut serving), "blocked", "it was not silent");
        assert_eq!(serving.write(b"slow\n").unwrap(), Flow::Moved(5));
        serving.timeout(now).unwrap();
        assert_eq!(read(&mut serving), "slow\n");
        assert!(serving.deadline().is_some_and(|deadline| deadline > now));
    }

    #[test]
    fn a_long_answer_is_made_in_pieces_before_the_next_line_is_heard() {
        let mut serving = serving(None);
        assert_eq!(serving.write(b"long\nlong\n").unwrap(), Flow::Moved(5));
        let mut all = String::new();
        loop {
            match read(&mut serving).as_str() {
                "blocked" => break,
                text => all.push_str(text),
            }
            assert!(serving.out.len() <= READY + 5);
            if all.len() < 5 + 3 * READY {
                assert_eq!(serving.write(b"a\n").unwrap(), Flow::Blocked);
            }
        }
        assert_eq!(all.len(), 5 + 3 * READY);
        assert_eq!(serving.write(b"long\n").unwrap(), Flow::Moved(5));
    }

    #[test]
    fn tls_begins_behind_the_answer() {
        let handle = Rc::new(Handle::default());
        let mut serving = serving(Some(Rc::clone(&handle)));
        assert_eq!(serving.write(b"tls\n").unwrap(), Flow::Moved(4));
        assert_eq!(handle.after(), Some(10));
        assert_eq!(read(&mut serving), "tls\n");
        handle.secure();
        assert_eq!(serving.write(b"a\n").unwrap(), Flow::Moved(2), "this came over TLS");
    }

    #[test]
    fn what_is_said_in_clear_behind_a_request_for_tls_ends_the_session() {
        let mut serving = serving(Some(Rc::new(Handle::default())));
        assert_eq!(serving.write(b"tls\nquit\n").unwrap(), Flow::Moved(4));
        assert_eq!(read(&mut serving), "tls\n");
        let error = serving.write(b"quit\n").unwrap_err();
        assert!(Error::carried(&error).is_some());
        assert_eq!(read(&mut serving), "ended");
    }

    #[test]
    fn a_client_that_leaves_or_is_silent_is_answered() {
        let mut left = serving(None);
        left.finish().unwrap();
        assert_eq!(read(&mut left), "bye\n");
        assert_eq!(read(&mut left), "ended");
        let mut long = serving(None);
        assert_eq!(long.write(b"long\n").unwrap(), Flow::Moved(5));
        long.finish().unwrap();
        let all: String = std::iter::repeat_with(|| read(&mut long)).take_while(|text| text != "ended").collect();
        assert!(all.ends_with("xbye\n") && all.len() == 3 * READY + 9, "a long answer comes first");
        let mut silent = serving(None);
        let at = silent.deadline().unwrap();
        silent.timeout(at - PATIENCE / 2).unwrap();
        assert_eq!(read(&mut silent), "blocked");
        silent.timeout(at).unwrap();
        assert_eq!(read(&mut silent), "silent\n");
        assert_eq!(read(&mut silent), "ended");
        assert_eq!(silent.deadline(), None);
    }
}
