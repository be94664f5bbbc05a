//! The network: connections whose bytes take their time, queues that fill, and all that is to happen, in order.
//!
//! Side 0 of a connection is the program's, side 1 its peer's. Each side has a queue of what it has sent and is not
//! acknowledged, and one of what has come and is not read, as the kernel has.
//!
//! A newcomer's trap: a peer that has vanished sends nothing, no reset either. The kernel finds out by itself, late.

mod calls;

use crate::reactor::Ready;
use mio::Token;
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A connection, and which side of it.
pub(super) type Side = (usize, usize);

/// The largest piece that goes on its way at once.
const SEGMENT: usize = 16 * 1024;

/// When keepalive finds out: tcp(7), with what we set.
const KEEPALIVE: Duration = Duration::from_secs(60 + 5 * 15);

/// When the kernel gives up on what is not acknowledged: tcp_retries2 of tcp(7).
const RETRIES: Duration = Duration::from_secs(924);

/// The console.
const STDIO: usize = 0;

/// What happens.
pub(super) enum Event {
    Arrives(Side, What),
    /// So many bytes of this side's have arrived.
    Acked(Side, usize),
    /// There may be room at the other end.
    Opens(Side),
    /// The program wants to connect to this address.
    Knocks(usize, SocketAddr),
    /// A peer wants to connect to this one.
    Calls(usize, SocketAddr),
    /// A connection stands, or is refused.
    Answered(Side, bool),
    /// The kernel looks whether the other end is still there.
    Looks(Side),
    Wakes(usize),
}

pub(super) enum What {
    Bytes(Vec<u8>),
    Fin,
    Reset,
}

/// Who is told of what happens at an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Token(Token),
    Peer(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fin {
    Unsaid,
    Wanted,
    Sent,
}

/// One end of a connection.
pub(super) struct End {
    pub(super) owner: Owner,
    /// Somebody has it.
    pub(super) open: bool,
    pub(super) address: SocketAddr,
    pub(super) stands: bool,
    send: VecDeque<u8>,
    /// So many of them are on their way, or have arrived.
    sent: usize,
    /// So many are on their way.
    flying: usize,
    received: VecDeque<u8>,
    fin: Fin,
    peer_fin: bool,
    error: Option<io::ErrorKind>,
    dead: bool,
    wants_room: bool,
    breaks: bool,
}

pub(super) struct Conn {
    pub(super) ends: [End; 2],
    latency: Duration,
    capacity: usize,
    vanished: bool,
}

/// See the module's description.
pub(super) struct Net {
    pub(super) now: Instant,
    pub(super) begun: Instant,
    ends_at: Instant,
    pub(super) is_over: bool,
    count: u64,
    queue: BTreeMap<(Instant, u64), Event>,
    pub(super) conns: Vec<Conn>,
    /// Where the program listens, and who waits there.
    pub(super) ports: BTreeMap<SocketAddr, (Option<Token>, VecDeque<usize>)>,
    pub(super) ready: Vec<(Token, Ready)>,
    pub(super) woken: VecDeque<usize>,
    random: u64,
    /// All are on the local network.
    pub(super) is_near: bool,
}

impl Net {
    pub(super) fn new(seed: u64, ends_after: Duration) -> Self {
        let now = Instant::now();
        Self {
            now,
            begun: now,
            ends_at: now + ends_after,
            is_over: false,
            count: 0,
            queue: BTreeMap::new(),
            conns: Vec::new(),
            ports: BTreeMap::new(),
            ready: Vec::new(),
            woken: VecDeque::new(),
            random: seed,
            is_near: false,
        }
    }

    pub(super) fn passed(&self) -> Duration {
        self.now - self.begun
    }

    /// The program's connections that it has, but for the console.
    pub(super) fn open(&self) -> usize {
        self.conns.iter().skip(STDIO + 1).filter(|conn| conn.ends[0].open).count()
    }

    /// splitmix64.
    fn below(&mut self, n: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// What happens next, unless the program has something to do before, or waits only `until` then.
    pub(super) fn next(&mut self, until: Option<Instant>) -> Option<Event> {
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        if !self.ready.is_empty() && next.is_none_or(|at| at > self.now) {
            return None;
        }
        let first = [next, until].into_iter().flatten().min().unwrap_or(self.ends_at);
        if first > self.ends_at || (next.is_none() && until.is_none()) {
            (self.now, self.is_over) = (self.ends_at, true);
            return None;
        }
        self.now = self.now.max(first);
        if next.is_none_or(|at| until.is_some_and(|until| at > until)) {
            return None;
        }
        self.queue.pop_first().map(|(_, event)| event)
    }

    pub(super) fn after(&mut self, time: Duration, event: Event) {
        self.count += 1;
        self.queue.insert((self.now + time, self.count), event);
    }

    fn conn(&mut self, far: SocketAddr, near: SocketAddr) -> usize {
        let end = |address, open| End {
            owner: Owner::Nobody,
            open,
            address,
            stands: false,
            send: VecDeque::new(),
            sent: 0,
            flying: 0,
            received: VecDeque::new(),
            fin: Fin::Unsaid,
            peer_fin: false,
            error: None,
            dead: false,
            wants_room: false,
            breaks: false,
        };
        // From a local network to the other side of the earth.
        let latency = Duration::from_micros([50, 1000, 20_000, 150_000][usize::try_from(self.below(4)).unwrap()]);
        let capacity = [4096, 65_536, 400_000][usize::try_from(self.below(3)).unwrap()];
        let (latency, capacity) = if self.is_near { (Duration::from_micros(50), 65_536) } else { (latency, capacity) };
        self.conns.push(Conn { ends: [end(near, false), end(far, true)], latency, capacity, vanished: false });
        self.conns.len() - 1
    }

    /// stdin and stdout.
    pub(super) fn console(&mut self) -> usize {
        assert!(self.conns.is_empty(), "the user comes first");
        let nowhere = SocketAddr::from(([0; 4], 0));
        let conn = self.conn(nowhere, nowhere);
        let it = &mut self.conns[conn];
        it.latency = Duration::ZERO;
        it.capacity = 65_536;
        it.ends.iter_mut().for_each(|end| end.stands = true);
        conn
    }

    /// The program connects.
    pub(super) fn connects(&mut self, to: SocketAddr) -> usize {
        let near = SocketAddr::from(([10, 9, 9, 9], 1024 + u16::try_from(self.conns.len() % 60_000).unwrap()));
        let conn = self.conn(to, near);
        self.after(self.conns[conn].latency, Event::Knocks(conn, to));
        conn
    }

    pub(super) fn answers(&mut self, conn: usize, accepts: bool) {
        self.conns[conn].ends[1].stands = accepts;
        self.after(self.conns[conn].latency, Event::Answered((conn, 0), accepts));
    }

    /// A peer connects after so long.
    pub(super) fn call(&mut self, to: SocketAddr, after: Duration) -> usize {
        let number = u32::try_from(self.conns.len()).unwrap().to_be_bytes();
        let far = SocketAddr::from(([10, number[1], number[2], number[3]], 40_000));
        let conn = self.conn(far, to);
        self.after(after + self.conns[conn].latency, Event::Calls(conn, to));
        conn
    }

    pub(super) fn owns(&mut self, side: Side, owner: Owner) {
        self.end(side).owner = owner;
        let (end, mut ready) = (self.end(side), Ready { read: false, write: true, trouble: false, bytes_alone: false });
        ready.read = !end.received.is_empty() || end.peer_fin || end.error.is_some();
        if end.stands && matches!(owner, Owner::Token(_)) {
            self.tell(side, ready);
        }
        if let (true, Owner::Peer(id)) = (self.end(side).stands, owner) {
            self.after(Duration::ZERO, Event::Wakes(id));
        }
    }

    pub(super) fn end(&mut self, (conn, side): Side) -> &mut End {
        &mut self.conns[conn].ends[side]
    }

    fn tell(&mut self, side: Side, ready: Ready) {
        match self.end(side).owner {
            Owner::Token(token) => self.ready.push((token, ready)),
            Owner::Peer(id) => self.woken.push_back(id),
            Owner::Nobody => {}
        }
    }

    pub(super) fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives(side, what) if !self.conns[side.0].vanished => self.arrives(side, what),
            Event::Arrives(..) | Event::Knocks(..) => {}
            Event::Acked(side, n) => {
                let capacity = self.conns[side.0].capacity;
                let end = self.end(side);
                end.send.drain(..n);
                end.sent -= n;
                // The kernel tells when a third is free.
                if end.wants_room && end.send.len() <= capacity * 2 / 3 {
                    end.wants_room = false;
                    self.tell(side, Ready::WRITE);
                }
            }
            Event::Opens(side) => self.pump(side),
            Event::Calls(conn, to) => {
                let accepts = self.ports.contains_key(&to);
                self.after(self.conns[conn].latency, Event::Answered((conn, 1), accepts));
                if let Some((token, waiting)) = self.ports.get_mut(&to) {
                    waiting.push_back(conn);
                    self.ready.extend(token.map(|token| (token, Ready::READ)));
                    self.conns[conn].ends[0].stands = true;
                    self.conns[conn].ends[0].open = true;
                }
            }
            Event::Answered(side, stands) => {
                let end = self.end(side);
                end.stands = stands;
                if !stands {
                    (end.error, end.dead) = (Some(io::ErrorKind::ConnectionRefused), true);
                }
                self.tell(side, Ready { read: !stands, write: true, trouble: !stands, bytes_alone: false });
            }
            Event::Looks(side) if self.conns[side.0].vanished => {
                let end = self.end(side);
                (end.error, end.dead) = (Some(io::ErrorKind::TimedOut), true);
                self.tell(side, Ready { read: true, write: true, trouble: true, bytes_alone: false });
            }
            Event::Looks(_) => {}
            Event::Wakes(id) => self.woken.push_back(id),
        }
    }

    fn arrives(&mut self, side: Side, what: What) {
        let (other, latency) = ((side.0, 1 - side.1), self.conns[side.0].latency);
        if let What::Bytes(bytes) = &what {
            self.end(other).flying -= bytes.len();
        }
        let end = self.end(side);
        match what {
            What::Reset if end.dead => {}
            What::Reset => {
                end.error = Some(if end.peer_fin { io::ErrorKind::BrokenPipe } else { io::ErrorKind::ConnectionReset });
                end.dead = true;
                self.tell(side, Ready { read: true, write: true, trouble: true, bytes_alone: false });
            }
            _ if end.dead => {}
            What::Bytes(_) if !end.open => {
                end.dead = true;
                self.after(latency, Event::Arrives(other, What::Reset));
            }
            What::Bytes(bytes) => {
                let n = bytes.len();
                end.received.extend(bytes);
                self.after(latency, Event::Acked(other, n));
                self.tell(side, Ready::READ);
            }
            What::Fin => {
                end.peer_fin = true;
                self.tell(side, Ready::READ);
            }
        }
    }

    /// Sends what the other end has room for.
    fn pump(&mut self, side: Side) {
        let (other, latency, capacity) =
            ((side.0, 1 - side.1), self.conns[side.0].latency, self.conns[side.0].capacity);
        if self.conns[side.0].vanished || self.end(side).dead {
            return;
        }
        loop {
            let received = self.end(other).received.len();
            let end = self.end(side);
            let n = (end.send.len() - end.sent).min(capacity.saturating_sub(received + end.flying)).min(SEGMENT);
            if n == 0 {
                break;
            }
            let bytes: Vec<u8> = end.send.iter().skip(end.sent).take(n).copied().collect();
            end.sent += n;
            end.flying += n;
            self.after(latency, Event::Arrives(other, What::Bytes(bytes)));
        }
        let end = self.end(side);
        if end.fin == Fin::Wanted && end.sent == end.send.len() {
            end.fin = Fin::Sent;
            self.after(latency, Event::Arrives(other, What::Fin));
        }
    }
}
