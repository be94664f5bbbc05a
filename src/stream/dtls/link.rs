//! A link in memory for the tests: it loses, repeats, delays and damages datagrams by a seed, and
//! has a clock of its own.

use crate::stream::{Flow, Stream};
use mio::{Registry, Token};
use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::LazyLock,
    task::Poll,
    time::{Duration, Instant},
};

thread_local! {
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The made-up clock of this thread.
pub(super) fn clock() -> Instant {
    *BEGIN + PASSED.get()
}

pub(super) fn pass(time: Duration) {
    PASSED.set(PASSED.get() + time);
}

/// How bad the link is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    /// Of a hundred datagrams so many are lost.
    pub(super) loss: u32,
    /// So many arrive twice.
    pub(super) twice: u32,
    /// Each takes up to so many milliseconds.
    pub(super) delay: u32,
    /// So many reads and writes of a hundred are blocked without a reason.
    pub(super) balk: u32,
    /// With so many of a hundred comes another that was made of it.
    pub(super) forged: u32,
    /// What forged ones look like.
    pub(super) forgery: Forgery,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Forgery {
    /// Nobody would take it for DTLS, or it has no valid seal.
    #[default]
    Harmless,
    /// Anything.
    Wild,
}

/// All that is on its way.
pub(super) struct Air {
    pub(super) weather: Weather,
    random: u64,
    on_its_way: Vec<Parcel>,
    /// Bytes that each side has sent.
    pub(super) sent: [usize; 2],
    /// Datagrams sent, for those who look.
    pub(super) seen: Vec<(usize, Vec<u8>)>,
    pub(super) hung_up: [bool; 2],
}

struct Parcel {
    due: Instant,
    to: usize,
    bytes: Vec<u8>,
}

impl Air {
    /// When the next datagram for this side arrives.
    pub(super) fn next(&self, side: usize) -> Option<Instant> {
        self.on_its_way.iter().filter(|parcel| parcel.to == side).map(|parcel| parcel.due).min()
    }

    pub(super) fn inject(&mut self, to: usize, bytes: Vec<u8>) {
        self.on_its_way.push(Parcel { due: clock(), to, bytes });
    }

    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        // By chance, but the same each time (xorshift64*).
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        ((self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % u64::from(sides)) as u32
    }

    fn carry(&mut self, from: usize, bytes: &[u8]) {
        self.sent[from] += bytes.len();
        self.seen.push((from, bytes.to_vec()));
        if self.roll(100) < self.weather.forged {
            let bytes = self.forge(bytes);
            let to = self.roll(2) as usize;
            self.post(to, bytes);
        }
        if self.roll(100) < self.weather.twice {
            self.post(1 - from, bytes.to_vec());
        }
        if self.roll(100) >= self.weather.loss {
            self.post(1 - from, bytes.to_vec());
        }
    }

    fn post(&mut self, to: usize, bytes: Vec<u8>) {
        let delay = self.roll(self.weather.delay + 1);
        self.on_its_way.push(Parcel { due: clock() + Duration::from_millis(delay.into()), to, bytes });
    }

    fn forge(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let encrypted = bytes[0] & 0xe0 == 0x20 || bytes[4] == 1;
        match (self.weather.forgery, self.roll(4)) {
            (Forgery::Harmless, 0) => (0..self.roll(2000)).map(|_| self.roll(256) as u8 & 0x0f).collect(),
            (Forgery::Harmless, 1) if encrypted => {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                bytes
            }
            (Forgery::Harmless, _) => {
                bytes[0] = 0x40 | self.roll(128) as u8;
                bytes
            }
            (Forgery::Wild, 0) => {
                let n = self.roll(bytes.len() as u32) as usize;
                bytes.truncate(n);
                bytes
            }
            (Forgery::Wild, 1) => (0..self.roll(2000)).map(|_| self.roll(256) as u8).collect(),
            (Forgery::Wild, _) => {
                for _ in 0..=self.roll(4) {
                    let at = self.roll(bytes.len() as u32) as usize;
                    bytes[at] = self.roll(256) as u8;
                }
                bytes
            }
        }
    }
}

/// One end of the link: 0 or 1.
pub(super) struct End {
    air: Rc<RefCell<Air>>,
    side: usize,
}

pub(super) fn link(weather: Weather, seed: u64) -> (End, End, Rc<RefCell<Air>>) {
    let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let (on_its_way, seen) = (Vec::new(), Vec::new());
    let air = Air { weather, random, on_its_way, sent: [0; 2], seen, hung_up: [false; 2] };
    let air = Rc::new(RefCell::new(air));
    (End { air: Rc::clone(&air), side: 0 }, End { air: Rc::clone(&air), side: 1 }, air)
}

impl Stream for End {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut air = self.air.borrow_mut();
        if air.weather.balk > 0 && air.roll(100) < air.weather.balk {
            return Ok(Flow::Blocked);
        }
        let due = |parcel: &Parcel| parcel.to == self.side && parcel.due <= clock();
        let Some(at) = air.on_its_way.iter().position(due) else { return Ok(Flow::Blocked) };
        let parcel = air.on_its_way.remove(at);
        buffer[..parcel.bytes.len()].copy_from_slice(&parcel.bytes);
        Ok(Flow::Moved(parcel.bytes.len()))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut air = self.air.borrow_mut();
        if air.weather.balk > 0 && air.roll(100) < air.weather.balk {
            return Ok(Flow::Blocked);
        }
        air.carry(self.side, bytes);
        Ok(Flow::Moved(bytes.len()))
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        self.air.borrow_mut().hung_up[self.side] = true;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        Ok(Poll::Ready(()))
    }

    fn is_datagram(&self) -> bool {
        true
    }
}
