//! Every byte accounted for: two parties made of real sockets, pipes, files and commands, in clear, in TLS and in
//! telnet, whose far sides write, read, stall, half-close and reset at random, and who are left at random. A model
//! beside them says what must have arrived, or been reported lost.
//!
//! A seed that fails is printed, and `RNCAT_SEED` tries it alone; `RNCAT_SEEDS` says how many are tried, and
//! `RNCAT_SEEDS_FROM` which is the first.

mod far;
mod making;

use super::*;
use crate::{
    cli::config::TlsOptions,
    tls::{ClientSettings, ServerSettings, testing::TempFile},
};
use far::{Far, Heard, Made};
use std::env;

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

/// What all seeds share.
struct Kit {
    pattern: Vec<u8>,
    client: ClientSettings,
    server: ServerSettings,
}

impl Kit {
    fn new() -> Result<Self> {
        let mut chance = Chance(7);
        let options = TlsOptions::default();
        Ok(Self {
            pattern: (0..PATTERN).map(|_| u8::try_from(chance.below(256)).unwrap_or(0)).collect(),
            client: ClientSettings::new(&options)?,
            server: ServerSettings::new(&options, &[])?,
        })
    }
}

/// A party: its far side, what that has seen, and what the relay has said of it.
struct Side {
    token: Token,
    far: Far,
    tap: Option<TempFile>,
    /// It takes nothing for the time being.
    stalls: bool,
    said: usize,
    heard: usize,
    /// It has heard the end, and in order.
    end: Option<bool>,
    has_reset: bool,
    /// It has ended TLS without close_notify.
    has_cut: bool,
    mirrors: bool,
    ended: Option<End>,
    gone: Option<usize>,
    left: Option<Left>,
    closed: Option<(usize, Traffic)>,
}

/// How the relay was told to close it.
#[derive(Debug, Clone, Copy)]
struct Left {
    /// So many bytes had been read for it.
    given: usize,
    patience: Patience,
    /// Because the other has failed.
    fails: bool,
}

impl Side {
    fn says(&mut self, kit: &Kit, n: usize) {
        let from = self.said % PATTERN;
        self.said += self.far.says(&kit.pattern[from..PATTERN.min(from + n)]);
    }
    fn hears(&mut self, kit: &Kit, n: usize, seed: u64) {
        match self.far.hears(n) {
            Heard::Bytes(bytes) => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let at = self.heard % PATTERN;
                    let (piece, more) = rest.split_at(rest.len().min(PATTERN - at));
                    assert!(piece == &kit.pattern[at..at + piece.len()], "seed {seed}: other bytes at {}", self.heard);
                    self.heard += piece.len();
                    rest = more;
                }
            }
            Heard::Nothing => {}
            Heard::End => self.end = Some(true),
            Heard::Cut => self.end = Some(false),
        }
    }
    fn resets(&mut self) {
        self.has_reset = true;
        self.far.resets();
    }
    fn lost(&self) -> usize {
        self.gone.unwrap_or(0) + self.closed.map_or(0, |(lost, _)| lost)
    }
    /// All that it says, when it has heard so much.
    fn says_in_all(&self, heard: usize) -> usize {
        if let Far::Command(_, most) = self.far { heard.min(most) } else { self.said }
    }
}

/// A relay with two parties.
struct Pair {
    world: World,
    sides: [Side; 2],
}

impl Pair {
    fn new(chance: &mut Chance, kit: &Kit) -> Self {
        let mut world = World::new().unwrap();
        let sides = [false, true].map(|may_be_a_command| {
            let Made { mut stream, far, tap } = Far::make(chance, kit, may_be_a_command);
            let (token, mirrors) = (world.reactor.token(), chance.one_in(2));
            stream.register(world.reactor.registry(), token).unwrap();
            world.relay.add(token, stream);
            if mirrors {
                world.relay.mirror_failure(token);
            }
            Side {
                token,
                far,
                tap,
                stalls: false,
                said: 0,
                heard: 0,
                end: None,
                has_reset: false,
                has_cut: false,
                mirrors,
                ended: None,
                gone: None,
                left: None,
                closed: None,
            }
        });
        world.relay.join(sides[0].token, sides[1].token);
        world.relay.join(sides[1].token, sides[0].token);
        Self { world, sides }
    }

    fn traffic(&self, side: &Side) -> Traffic {
        side.closed.map_or_else(|| self.world.relay.traffic(side.token), |(_, traffic)| traffic)
    }

    /// Both are left, each in its way.
    fn leaves(&mut self, how: [Patience; 2], fails: Option<usize>) {
        let given = [1, 0].map(|other| usize::try_from(self.traffic(&self.sides[other]).received).unwrap());
        for (index, ((side, given), patience)) in self.sides.iter_mut().zip(given).zip(how).enumerate() {
            side.left = Some(Left { given, patience, fails: fails == Some(index) });
        }
        let now = self.world.reactor.now();
        self.sides.iter().zip(how).for_each(|(side, how)| self.world.relay.close(side.token, how, now));
    }

    /// What the kernel has to tell, and what follows from it.
    fn round(&mut self, wait: bool) {
        let (mut events, mut alarms) = (Vec::new(), Vec::new());
        let World { relay, reactor, .. } = &mut self.world;
        if wait {
            reactor.wake_in(Duration::from_millis(2), Token(usize::MAX));
        }
        reactor.wait(!wait || relay.is_busy(), &mut events, &mut alarms).unwrap();
        events.iter().for_each(|(token, ready)| relay.ready(*token, *ready));
        alarms.iter().for_each(|token| relay.alarm(*token));
        relay.work(reactor);
        while let Some(notice) = self.world.relay.notice() {
            self.noticed(notice);
        }
    }

    fn noticed(&mut self, notice: Notice) {
        let (Notice::Ended(token, _) | Notice::Finished(token) | Notice::Gone(token, ..)) = notice else {
            if let Notice::Closed(token, lost, traffic) = notice {
                let side = self.sides.iter_mut().find(|side| side.token == token).unwrap();
                side.closed = Some((lost, traffic));
            }
            return;
        };
        let at = self.sides.iter().position(|side| side.token == token).unwrap();
        let mirrors = self.sides[1 - at].mirrors;
        let side = &mut self.sides[at];
        match notice {
            Notice::Gone(_, _, lost) => {
                assert!(side.gone.is_none(), "told twice");
                side.gone = Some(lost);
            }
            Notice::Ended(_, end) => {
                let fails = mirrors && matches!(end, End::Failed(_)) && side.left.is_none();
                side.ended = Some(end);
                if fails {
                    // As those do who have nobody else to talk to.
                    self.leaves([Patience::Endless; 2], Some(1 - at));
                }
            }
            _ => {}
        }
    }

    fn check(&self, seed: u64) {
        for (from, to) in [(0, 1), (1, 0)] {
            self.check_one_way(&self.sides[from], &self.sides[to], seed);
        }
        for side in &self.sides {
            let passed = self.traffic(side).received + self.traffic(side).sent;
            let recorded = side.tap.as_ref().map(|file| std::fs::metadata(file.path()).unwrap().len());
            assert!(
                recorded.is_none_or(|recorded| recorded == passed),
                "seed {seed}: {recorded:?} of {passed} recorded"
            );
        }
    }

    /// What came `from` one is the other's, or was said to be lost.
    fn check_one_way(&self, from: &Side, to: &Side, seed: u64) {
        let number = |n: u64| usize::try_from(n).unwrap();
        let (read, went) = (number(self.traffic(from).received), number(self.traffic(to).sent));
        let came = to.left.map_or(read, |left| left.given);
        let said = from.says_in_all(to.said);
        let is_command = matches!(to.far, Far::Command(..));
        let heard = if is_command { went } else { to.heard };
        assert!(heard <= went && went <= came && came <= read && read <= said, "seed {seed}: more than there was");
        let lost = to.lost();
        if to.gone.is_some() || to.closed.is_some() {
            // What waited here is lost, and perhaps what the kernel had not delivered.
            assert!(came - went <= lost && lost <= came, "seed {seed}: {lost} lost of {came}, {went} sent");
        }
        assert!(to.left.is_none() || to.closed.is_some() || to.has_reset, "seed {seed}: not closed");
        if to.has_reset || is_command {
            return;
        }
        assert!(to.gone.is_none() && to.end.is_some(), "seed {seed}: no end after {heard} of {came} bytes of {said}");
        let in_order = to.end == Some(true);
        let waits = to.left.is_none_or(|left| left.patience == Patience::Endless);
        if waits {
            assert_eq!((heard, lost), (came, 0), "seed {seed}");
        }
        assert!(heard + lost + to.far.record() >= came, "seed {seed}: {heard} heard and {lost} lost of {came}");
        let incomplete = heard < came || to.left.is_some_and(|left| left.fails);
        if to.far.tells_ends_apart() {
            assert!(
                !(in_order && incomplete),
                "seed {seed}: an end in order after {heard} of {came}, {went} sent, {lost} lost, {:?}, {}",
                to.left,
                to.far.kind()
            );
        }
        assert!(in_order || incomplete || to.left.is_some(), "seed {seed}: no end in order");
        if to.left.is_none() && !from.has_reset {
            assert_eq!(came, said, "seed {seed}");
            let truncated = matches!(from.ended, Some(End::Truncated));
            assert_eq!(from.has_cut, truncated, "seed {seed}: {:?}", from.ended);
        }
    }
}

fn try_seed(seed: u64, kit: &Kit) {
    let mut chance = Chance(seed);
    let mut pair = Pair::new(&mut chance, kit);
    let (resets, leaves) = (chance.one_in(4), chance.one_in(4));
    for _ in 0..10 + chance.below(120) {
        let side = &mut pair.sides[usize::from(chance.one_in(2))];
        match chance.below(8) {
            0..3 => (0..1 + chance.below(8)).for_each(|_| side.says(kit, chance.size())),
            3..6 if !side.stalls => (0..1 + chance.below(8)).for_each(|_| side.hears(kit, chance.size(), seed)),
            6 => side.stalls = chance.one_in(2),
            7 if chance.one_in(20) => side.far.half_closes(),
            7 if chance.one_in(20) => side.has_cut |= side.far.cuts(),
            7 if chance.one_in(8) => side.far.says_aside(&mut chance),
            7 if resets && chance.one_in(20) => side.resets(),
            7 if leaves && chance.one_in(20) && side.left.is_none() => {
                let how = [(); 2].map(|()| chance.one_in(2));
                pair.leaves(
                    how.map(|at_once| if at_once { Patience::For(Duration::ZERO) } else { Patience::Endless }),
                    None,
                );
            }
            _ => pair.round(false),
        }
    }
    // Each hears what is left, until the end.
    let mut idle = 0;
    let goes_on = |pair: &Pair| {
        let waits =
            |side: &Side| !side.has_reset && (side.far.listens() || (side.left.is_some() && side.closed.is_none()));
        pair.sides.iter().any(waits) || pair.world.relay.is_busy()
    };
    while goes_on(&pair) && idle < 2000 {
        let before = pair.sides.each_ref().map(|side| side.heard);
        pair.sides.iter_mut().for_each(|side| side.far.half_closes());
        pair.sides.iter_mut().for_each(|side| side.hears(kit, 300_000, seed));
        let moved = before != pair.sides.each_ref().map(|side| side.heard);
        idle = if moved { 0 } else { idle + 1 };
        pair.round(!moved);
    }
    pair.check(seed);
}

#[test]
fn every_byte_is_delivered_or_reported() -> Result<()> {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kit = Kit::new()?;
    if let Some(seed) = number("RNCAT_SEED") {
        try_seed(seed, &kit);
        return Ok(());
    }
    let from = number("RNCAT_SEEDS_FROM").unwrap_or(0);
    (from..from + number("RNCAT_SEEDS").unwrap_or(300)).for_each(|seed| try_seed(seed, &kit));
    Ok(())
}
