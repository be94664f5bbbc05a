//! Those whom the program talks to: each does what its plan says, step by step, and counts what it says and hears.
//!
//! What is said in either direction is the same for all: byte by byte one more than before, so that whoever hears a
//! part of it hears whether anything is missing in between.
//!
//! A newcomer's trap: a peer hears while it waits, unless its plan has made it deaf.

use super::{net::Event, socket::SimSocket, with};
use crate::stream::{Flow, Handshaking, Stream, tls::Tls};
use std::{
    collections::VecDeque,
    io,
    task::Poll,
    time::{Duration, Instant},
};

/// The bytes begin anew after so many.
const PERIOD: usize = 251;

/// What a peer does, in order.
pub(crate) type Plan = VecDeque<Step>;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// So many bytes.
    Say(usize),
    /// These.
    Text(&'static str),
    Wait(Duration),
    /// Waits until it has heard so many bytes in all.
    Hear(u64),
    /// Waits until it has heard the end.
    HearEnd,
    /// What it hears is no pattern.
    HearAnything,
    Deaf,
    Listen,
    /// Takes so many bytes a second.
    Slow(usize),
    HalfClose,
    Leave,
    Reset,
    /// Its machine goes away without a word.
    Vanish,
    /// Agrees on TLS.
    Encrypt(fn() -> rustls::Connection),
}

/// See the module's description.
pub(crate) struct Peer {
    id: usize,
    conn: usize,
    stream: Option<Box<dyn Stream>>,
    shaking: Option<Box<Tls>>,
    plan: Plan,
    /// The rest of what is being said.
    words: &'static [u8],
    until: Option<Instant>,
    deaf: bool,
    slow: Option<(usize, Instant)>,
    pub(crate) said: u64,
    pub(crate) heard: u64,
    /// What is heard is no text, and should go on like this.
    next: Option<u8>,
    pub(crate) checks: bool,
    pub(crate) end: Option<End>,
    pub(crate) ended_at: Option<Instant>,
    /// When each piece was heard.
    pub(crate) times: Vec<(Duration, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// What it heard has ended in order.
    InOrder,
    /// Not in order.
    Cut,
    /// It has left before.
    Left,
}

impl Peer {
    pub(super) fn new(id: usize, conn: usize, plan: Plan) -> Self {
        Self {
            id,
            conn,
            stream: Some(Box::new(SimSocket::new((conn, 1)))),
            shaking: None,
            plan,
            words: &[],
            until: None,
            deaf: false,
            slow: None,
            said: 0,
            heard: 0,
            next: None,
            checks: true,
            end: None,
            ended_at: None,
            times: Vec::new(),
        }
    }

    /// How much it has said and heard, and how what it heard has ended.
    pub(super) fn fared(&self) -> (u64, u64, Option<End>) {
        (self.said, self.heard, self.end)
    }

    /// Does what it can.
    pub(super) fn acts(&mut self) {
        loop {
            self.hears();
            if let Some(stream) = &mut self.stream {
                let _ = stream.flush();
            }
            let Some(step) = self.plan.front().cloned() else { return };
            if !self.does(&step) {
                return;
            }
            self.plan.pop_front();
        }
    }

    /// Whether the step is over.
    fn does(&mut self, step: &Step) -> bool {
        let now = with(|net| net.now);
        match *step {
            Step::Say(n) => {
                let words = pattern();
                let Some(stream) = &mut self.stream else { return true };
                let from = usize::try_from(self.said).unwrap() % PERIOD;
                let (n, left) = (n.min(words.len() - from), n);
                match stream.write(&words[from..from + n]) {
                    Ok(Flow::Moved(n)) => {
                        self.said += n as u64;
                        *self.plan.front_mut().unwrap() = Step::Say(left - n);
                        left == n || self.does(&Step::Say(left - n))
                    }
                    Ok(_) => false,
                    Err(_) => true,
                }
            }
            Step::Text(text) => {
                if self.words.is_empty() {
                    self.words = text.as_bytes();
                }
                let Some(stream) = &mut self.stream else { return true };
                match stream.write(self.words) {
                    Ok(Flow::Moved(n)) => {
                        self.said += n as u64;
                        self.words = &self.words[n..];
                        self.words.is_empty() || self.does(step)
                    }
                    Ok(_) => false,
                    Err(_) => {
                        self.words = &[];
                        true
                    }
                }
            }
            Step::Wait(time) => {
                if self.until.is_none() {
                    self.until = Some(now + time);
                    with(|net| net.after(time, Event::Wakes(self.id)));
                }
                let over = self.until.is_some_and(|until| until <= now);
                if over {
                    self.until = None;
                }
                over
            }
            Step::Hear(n) => self.heard >= n || self.end.is_some(),
            Step::HearEnd => self.end.is_some(),
            Step::HearAnything => {
                self.checks = false;
                true
            }
            Step::Deaf => {
                self.deaf = true;
                true
            }
            Step::Listen => {
                (self.deaf, self.slow) = (false, None);
                true
            }
            Step::Slow(rate) => {
                self.slow = Some((rate, now));
                true
            }
            Step::HalfClose => {
                let _ = self.stream.as_mut().map(|stream| stream.finish());
                true
            }
            Step::Leave => self.leaves(),
            Step::Reset => {
                if let Some(stream) = &mut self.stream {
                    stream.break_off();
                    with(|net| net.breaks_off((self.conn, 1)));
                }
                self.leaves()
            }
            Step::Vanish => {
                with(|net| net.vanishes((self.conn, 1)));
                self.leaves()
            }
            Step::Encrypt(connection) => {
                if let Some(stream) = self.stream.take() {
                    self.shaking = Some(Box::new(Tls::new(stream, connection())));
                }
                let Some(tls) = &mut self.shaking else { return true };
                match tls.handshake() {
                    Ok(Poll::Pending) => false,
                    Ok(Poll::Ready(())) => {
                        self.stream = self.shaking.take().map(|tls| tls as Box<dyn Stream>);
                        true
                    }
                    Err(_) => {
                        self.shaking = None;
                        self.ends(End::Cut);
                        true
                    }
                }
            }
        }
    }

    fn leaves(&mut self) -> bool {
        self.stream = None;
        if self.end.is_none() {
            self.ends(End::Left);
        }
        true
    }

    fn ends(&mut self, end: End) {
        (self.end, self.ended_at) = (Some(end), Some(with(|net| net.now)));
    }

    fn hears(&mut self) {
        let now = with(|net| net.now);
        while !self.deaf && self.end.is_none() {
            let most = match &mut self.slow {
                Some((_, at)) if *at > now => return,
                Some((rate, at)) => {
                    *at = now + Duration::from_secs(1);
                    with(|net| net.after(Duration::from_secs(1), Event::Wakes(self.id)));
                    *rate
                }
                None => 64 * 1024,
            };
            let Some(stream) = &mut self.stream else { return };
            let mut buffer = vec![0; most];
            match stream.read(&mut buffer) {
                Ok(Flow::Moved(n)) => self.heard(&buffer[..n]),
                Ok(Flow::Blocked) => return,
                Ok(Flow::Ended) => self.ends(End::InOrder),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.ends(End::Cut),
            }
        }
    }

    fn heard(&mut self, bytes: &[u8]) {
        self.heard += bytes.len() as u64;
        self.times.push((with(|net| net.passed()), bytes.len()));
        for byte in bytes.iter().filter(|_| self.checks) {
            assert!(self.next.is_none_or(|next| next == *byte), "peer {}: {:?} came as {byte}", self.id, self.next);
            self.next = Some((byte + 1) % u8::try_from(PERIOD).unwrap());
        }
    }
}

/// What is said, over and over.
fn pattern() -> &'static [u8] {
    static WORDS: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| (0..PERIOD * 1000).map(|n| u8::try_from(n % PERIOD).unwrap()).collect());
    &WORDS
}
