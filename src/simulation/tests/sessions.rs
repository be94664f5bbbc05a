//! Sessions by chance: whoever talks hears all, whoever breaks off is told of, and nothing is left behind.
//!
//! `RNCAT_WORLDS` says how many worlds there are of each kind, `RNCAT_WORLD` names one.

use super::*;
use crate::tls::testing::Maker;
use Step::*;

const SERVER: &str = "10.0.0.1:7000";
const DOOR: &str = "10.0.0.2:7000";

/// By splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn much(&mut self) -> usize {
        let most = [10, 3000, 100_000, 2_000_000][usize::try_from(self.below(4)).unwrap()];
        usize::try_from(self.below(most)).unwrap() + 1
    }

    fn a_while(&mut self) -> Duration {
        let most = [SECOND, MINUTE, HOUR][usize::try_from(self.below(3)).unwrap()];
        most * u32::try_from(self.below(1000)).unwrap() / 1000
    }

    /// Talks, pauses, does not listen for a while, takes its time.
    fn talks(&mut self) -> Plan {
        (0..self.below(12))
            .flat_map(|_| match self.below(5) {
                0 => vec![Deaf, Wait(self.a_while()), Listen],
                1 => vec![Slow(self.much().max(1000)), Wait(self.a_while()), Listen],
                2 => vec![Wait(self.a_while())],
                _ => vec![Say(self.much())],
            })
            .collect()
    }
}

fn worlds(test: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("RNCAT_WORLD") {
        Some(seed) => test(seed),
        None => (0..number("RNCAT_WORLDS").unwrap_or(4)).for_each(test),
    }
}

fn encrypted() -> rustls::Connection {
    let made = Maker::new("here").self_signed();
    made.server_with_chain(vec![made.certificate()]).into()
}

#[test]
fn who_talks_for_hours_is_heard_whole() {
    worlds(|seed| {
        let mut chance = Chance(seed);
        let world = World::new(seed, 1000 * HOUR);
        let mut words = chance.talks();
        words.extend([HalfClose, HearEnd]);
        let mut answers = chance.talks();
        answers.extend([HearEnd, Leave]);
        let tls = seed % 2 == 1;
        if tls {
            answers.push_front(Encrypt(encrypted));
        }
        let user = world.user(words);
        world.server(SERVER, Server::Accepts([answers].into()));
        let ran = world.run(&[if tls { "--ssl" } else { "-v" }, "10.0.0.1", "7000"]);
        let (user, server) = (world.peer(user, |it| it.fared()), world.peer(1, |it| it.fared()));
        assert_eq!(ran.exit, Some(Exit::Done), "seed {seed}: {ran:?}");
        assert_eq!((user.0, user.1), (server.1, server.0), "seed {seed}: {ran:?}");
        assert_eq!((user.2, server.2), (Some(End::InOrder), Some(End::InOrder)), "seed {seed}: {ran:?}");
        ran.is_tidy();
    });
}

#[test]
fn a_server_that_breaks_off_is_told_of() {
    worlds(|seed| {
        let mut chance = Chance(seed);
        let world = World::new(seed, 1000 * HOUR);
        let mut words = chance.talks();
        // It goes on until the server is no more.
        words.extend([Say(1), HearEnd]);
        let mut answers = chance.talks();
        answers.extend([Say(1), Hear(1), if seed % 3 == 0 { Vanish } else { Reset }]);
        let user = world.user(words);
        world.server(SERVER, Server::Accepts([answers].into()));
        let ran = world.run(&["10.0.0.1", "7000"]);
        assert_eq!(ran.exit, Some(Exit::Network), "seed {seed}: {ran:?}");
        assert!(!ran.lines.is_empty(), "seed {seed}");
        let (user, server) = (world.peer(user, |it| it.fared()), world.peer(1, |it| it.fared()));
        assert!(user.1 <= server.0 && server.1 <= user.0, "seed {seed}: {user:?} {server:?}");
        ran.is_tidy();
    });
}

#[test]
fn a_day_of_clients_leaves_nothing_behind() {
    worlds(|seed| {
        let mut chance = Chance(seed);
        // After the last has come, and what is stalled has been dropped.
        let world = World::new(seed, 40 * HOUR).nearby();
        let user = world.user(plan([HearAnything]));
        let mut talkers = Vec::new();
        for _ in 0..60 {
            let comes = 24 * HOUR * u32::try_from(chance.below(1000)).unwrap() / 1000;
            let steps = match chance.below(6) {
                0 => plan([Wait(chance.a_while()), Reset]),
                1 => plan([Wait(chance.a_while()), Vanish]),
                _ => {
                    let mut steps: Plan = chance.talks();
                    steps.extend([HalfClose, HearEnd, Leave]);
                    steps
                }
            };
            talkers.push(world.client(comes, DOOR, steps));
        }
        let ran = world.run(&["-l", "-k", "10.0.0.2", "7000"]);
        assert_eq!(ran.exit, None, "seed {seed}: {ran:?}");
        let said: u64 = talkers.iter().map(|id| world.peer(*id, |it| it.said)).sum();
        assert_eq!(world.peer(user, |it| it.heard), said, "seed {seed}: {ran:?}");
        ran.is_tidy();
    });
}

#[test]
fn who_stays_in_a_room_for_a_day_hears_all_that_is_said_in_it() {
    worlds(|seed| {
        let mut chance = Chance(seed);
        let world = World::new(seed, 40 * HOUR).nearby();
        world.user(plan([]));
        let stays = world.client(Duration::ZERO, DOOR, plan([HearAnything]));
        let mut others = Vec::new();
        for _ in 0..30 {
            let comes = MINUTE + 24 * HOUR * u32::try_from(chance.below(1000)).unwrap() / 1000;
            let steps = match chance.below(6) {
                0 => plan([HearAnything, Wait(chance.a_while()), Reset]),
                1 => plan([HearAnything, Deaf, Wait(2 * HOUR), Vanish]),
                _ => {
                    let talk = (0..5).flat_map(|_| [Wait(chance.a_while()), Say(chance.much())]);
                    [HearAnything].into_iter().chain(talk).chain([HalfClose, HearEnd, Leave]).collect()
                }
            };
            others.push(world.client(comes, DOOR, steps));
        }
        let ran = world.run(&["-l", "--broker", "--stall-timeout", "30s", "10.0.0.2", "7000"]);
        assert_eq!(ran.exit, None, "seed {seed}: {ran:?}");
        let said: u64 = others.iter().map(|id| world.peer(*id, |it| it.said)).sum();
        assert_eq!(world.peer(stays, |it| it.heard), said, "seed {seed}: {ran:?}");
    });
}
