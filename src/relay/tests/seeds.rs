//! Every byte accounted for: two parties made of real sockets, pipes and files, whose far sides write, read, stall,
//! half-close and reset at random. A model beside them says what must have arrived.
//!
//! A seed that fails is printed, and `RNCAT_SEED` tries it alone; `RNCAT_SEEDS` says how many are tried.

use super::*;
use crate::transport::{
    Address,
    descriptor::{Descriptor, Pair},
    socket::StreamSocket,
};
use rustix::io::Errno;
use socket2::SockRef;
use std::{
    env,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
};

/// What is sent in each direction, over and over; no power of two, so that pieces that change places differ.
const PATTERN: usize = 65_537;

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    /// A few bytes, or many.
    fn size(&mut self) -> usize {
        let most = [16, 2000, 70_000, 300_000][usize::try_from(self.below(4)).unwrap_or(0)];
        usize::try_from(1 + self.below(most)).unwrap_or(1)
    }
}

/// The far side of a party.
struct Side {
    token: Token,
    /// Where it writes, until it has said its last.
    to: Option<OwnedFd>,
    /// Where it reads, until it has heard all.
    from: Option<OwnedFd>,
    socket: bool,
    tcp: bool,
    /// It has sent a byte that is urgent: it is not part of the stream, and reading stops before it.
    urgent: bool,
    /// It takes nothing for the time being.
    stalls: bool,
    said: usize,
    heard: usize,
    heard_the_end: bool,
    has_reset: bool,
    lost: usize,
    gone: bool,
}

fn pattern() -> Vec<u8> {
    let mut chance = Chance(7);
    (0..PATTERN).map(|_| u8::try_from(chance.below(256)).unwrap_or(0)).collect()
}

impl Side {
    fn says(&mut self, pattern: &[u8], n: usize) {
        let Some(to) = &self.to else { return };
        let from = self.said % PATTERN;
        let n = n.min(PATTERN - from);
        match rustix::io::write(to, &pattern[from..from + n]) {
            Ok(n) => self.said += n,
            Err(Errno::AGAIN) => {}
            Err(_) => self.to = None,
        }
    }
    fn hears(&mut self, pattern: &[u8], n: usize, seed: u64) {
        let Some(from) = &self.from else { return };
        let mut buffer = vec![0; n];
        match rustix::io::read(from, &mut buffer) {
            Ok(0) => (self.from, self.heard_the_end) = (None, true),
            Ok(n) => {
                let mut rest = &buffer[..n];
                while !rest.is_empty() {
                    let at = self.heard % PATTERN;
                    let (piece, more) = rest.split_at(rest.len().min(PATTERN - at));
                    assert!(piece == &pattern[at..at + piece.len()], "seed {seed}: other bytes at {}", self.heard);
                    self.heard += piece.len();
                    rest = more;
                }
            }
            Err(Errno::AGAIN) => {}
            Err(_) => self.from = None,
        }
    }
    fn is_urgent(&mut self) {
        // A second one would put the first back into the stream.
        if let Some(to) = self.to.as_ref().filter(|_| self.tcp && !self.urgent) {
            self.urgent = rustix::net::send(to, b"!", rustix::net::SendFlags::OOB).is_ok();
        }
    }
    fn half_closes(&mut self) {
        if let Some(to) = self.to.take()
            && self.socket
        {
            let _ = SockRef::from(&to).shutdown(Shutdown::Write);
        }
    }
    /// Leaves at once: to a socket's peer that is a reset.
    fn resets(&mut self) {
        self.has_reset = true;
        if let Some(fd) = self.to.as_ref().or(self.from.as_ref()).filter(|_| self.tcp) {
            let _ = SockRef::from(fd).set_linger(Some(Duration::ZERO));
        }
        (self.to, self.from) = (None, None);
    }
}

impl World {
    /// A party of a kind that chance chooses, and its far side.
    fn party(&mut self, chance: &mut Chance) -> Side {
        let (mut stream, to, from, socket, tcp): (Box<dyn Stream>, _, _, _, _) = match chance.below(4) {
            0 => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let near = listener.accept().unwrap().0;
                let address = Address::from(near.peer_addr().unwrap());
                let (far, again) = (OwnedFd::from(far.try_clone().unwrap()), OwnedFd::from(far));
                (Box::new(StreamSocket::new(non_blocking(near.into()).into(), &address)), far, again, true, true)
            }
            1 => {
                let (near, far) = UnixStream::pair().unwrap();
                let (far, again) = (OwnedFd::from(far.try_clone().unwrap()), OwnedFd::from(far));
                let address = Address::Unix((&near.peer_addr().unwrap()).into());
                (Box::new(StreamSocket::new(non_blocking(near.into()).into(), &address)), far, again, true, false)
            }
            _ => {
                let (input, to) = io::pipe().unwrap();
                let (from, output) = io::pipe().unwrap();
                let input = Descriptor::own(input.into()).unwrap();
                let output = Descriptor::own(output.into()).unwrap();
                (Box::new(Pair::new(Some(input), Some(output), || {})), to.into(), from.into(), false, false)
            }
        };
        let token = self.reactor.token();
        stream.register(self.reactor.registry(), token).unwrap();
        self.relay.add(token, stream);
        Side {
            token,
            to: Some(non_blocking(to)),
            from: Some(non_blocking(from)),
            socket,
            tcp,
            urgent: false,
            stalls: false,
            said: 0,
            heard: 0,
            heard_the_end: false,
            has_reset: false,
            lost: 0,
            gone: false,
        }
    }

    /// What the kernel has to tell, and what follows from it.
    fn round(&mut self, sides: &mut [Side; 2], wait: bool) {
        let (mut events, mut alarms) = (Vec::new(), Vec::new());
        if wait {
            self.reactor.wake_in(Duration::from_millis(2), Token(usize::MAX));
        }
        self.reactor.wait(!wait || self.relay.is_busy(), &mut events, &mut alarms).unwrap();
        events.iter().for_each(|(token, ready)| self.relay.ready(*token, *ready));
        alarms.iter().for_each(|token| self.relay.alarm(*token));
        self.relay.work(&mut self.reactor);
        while let Some(notice) = self.relay.notice() {
            if let Notice::Gone(token, _, lost) = notice {
                for side in sides.iter_mut().filter(|side| side.token == token) {
                    (side.gone, side.lost) = (true, lost);
                }
            }
        }
    }
}

fn non_blocking(fd: OwnedFd) -> OwnedFd {
    let flags = rustix::fs::fcntl_getfl(fd.as_fd()).unwrap();
    rustix::fs::fcntl_setfl(fd.as_fd(), flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    fd
}

fn try_seed(seed: u64, pattern: &[u8]) {
    let mut chance = Chance(seed);
    let mut world = World::new().unwrap();
    let mut sides = [world.party(&mut chance), world.party(&mut chance)];
    world.relay.join(sides[0].token, sides[1].token);
    world.relay.join(sides[1].token, sides[0].token);
    let resets = chance.one_in(4);
    for _ in 0..10 + chance.below(120) {
        let side = &mut sides[usize::from(chance.one_in(2))];
        match chance.below(8) {
            0..3 => (0..1 + chance.below(8)).for_each(|_| side.says(pattern, chance.size())),
            3..6 if !side.stalls => (0..1 + chance.below(8)).for_each(|_| side.hears(pattern, chance.size(), seed)),
            6 => side.stalls = chance.one_in(2),
            7 if chance.one_in(20) => side.half_closes(),
            7 if chance.one_in(8) => side.is_urgent(),
            7 if resets && chance.one_in(20) => side.resets(),
            _ => world.round(&mut sides, false),
        }
    }
    sides.iter_mut().for_each(Side::half_closes);
    // Each hears what is left, until the end.
    let mut idle = 0;
    while sides.iter().any(|side| side.from.is_some() && !side.has_reset) && idle < 2000 {
        let before = sides.each_ref().map(|side| side.heard);
        sides.iter_mut().for_each(|side| side.hears(pattern, 300_000, seed));
        let moved = before != sides.each_ref().map(|side| side.heard);
        idle = if moved { 0 } else { idle + 1 };
        world.round(&mut sides, !moved);
    }
    let [a, b] = &sides;
    for (from, to) in [(a, b), (b, a)] {
        let (came, went) = (world.relay.traffic(from.token).received, world.relay.traffic(to.token).sent);
        let (came, went) = (usize::try_from(came).unwrap(), usize::try_from(went).unwrap());
        assert!(to.heard <= went && went <= came && came <= from.said, "seed {seed}: more than there was");
        if !from.has_reset && !to.has_reset {
            assert!(to.heard_the_end, "seed {seed}: no end after {} of {} bytes", to.heard, from.said);
            assert_eq!(to.heard, from.said, "seed {seed}");
        }
        if to.gone {
            // What waited here is lost, and perhaps what the kernel had not delivered.
            assert!(to.lost >= came - went && to.lost <= came, "seed {seed}: {} lost of {came}, {went} sent", to.lost);
        } else if !to.has_reset && !from.has_reset {
            assert_eq!((came, went), (from.said, from.said), "seed {seed}");
        }
    }
}

#[test]
fn every_byte_is_delivered_or_reported() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let pattern = pattern();
    if let Some(seed) = number("RNCAT_SEED") {
        return try_seed(seed, &pattern);
    }
    (0..number("RNCAT_SEEDS").unwrap_or(400)).for_each(|seed| try_seed(seed, &pattern));
}
