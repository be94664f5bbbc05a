//! Those who hear what any other of them says.
//!
//! A newcomer's trap: ten thousand may be in here, and each of them may have something to say.
//! Whatever is asked at each event must not look at all of them.

use super::{DATAGRAM, Relay, outbox::Shared, pump::Voice};
use crate::reactor::ByToken;
use mio::Token;
use std::{collections::BTreeSet, rc::Rc, time::Instant};

/// See the module's description.
#[derive(Default)]
pub(super) struct Room {
    /// Shared with whoever is just speaking to all of them.
    hear: Rc<Vec<Token>>,
    /// Where in that list each one is.
    places: ByToken<usize>,
    /// Those of them for whom something waits.
    full: BTreeSet<Token>,
    /// Those who wait for somebody to come.
    lonely: Vec<Token>,
}

impl Room {
    /// All who hear.
    pub(super) fn all(&self) -> Rc<Vec<Token>> {
        Rc::clone(&self.hear)
    }

    /// Whether anybody but `speaker` would hear.
    pub(super) fn hears(&self, speaker: Token) -> bool {
        self.hear.len() > usize::from(self.places.contains_key(&speaker))
    }

    /// Somebody for whom `speaker` has to wait.
    pub(super) fn full(&self, speaker: Token) -> Option<Token> {
        self.full.iter().copied().find(|token| *token != speaker)
    }

    /// Whether something waits for `token` now.
    pub(super) fn note(&mut self, token: Token, full: bool) {
        if !full {
            self.full.remove(&token);
        } else if self.places.contains_key(&token) {
            self.full.insert(token);
        }
    }

    fn enter(&mut self, token: Token) {
        if !self.places.contains_key(&token) {
            self.places.insert(token, self.hear.len());
            Rc::make_mut(&mut self.hear).push(token);
        }
    }

    fn leave(&mut self, token: Token) {
        self.full.remove(&token);
        if let Some(place) = self.places.remove(&token) {
            let hear = Rc::make_mut(&mut self.hear);
            hear.swap_remove(place);
            if let Some(moved) = hear.get(place) {
                self.places.insert(*moved, place);
            }
        }
    }
}

impl Relay {
    /// What `token` sends goes to all who hear the room, but for itself.
    pub fn speak_to_room(&mut self, token: Token, voice: Voice) {
        if let Some(endpoint) = self.endpoints.get_mut(&token) {
            endpoint.pump.voice = Some(voice);
        }
        if voice == Voice::Waits {
            self.room.lonely.push(token);
        }
        self.enqueue(token);
    }

    /// What is said in the room goes to `token`, too. Rule 3 ends nobody there: somebody may always come.
    pub fn hear_room(&mut self, token: Token) {
        self.hold_open(token);
        self.room.enter(token);
        for speaker in self.room.lonely.clone() {
            self.enqueue(speaker);
        }
    }

    /// `token` hears no more; nobody waits for it.
    pub fn leave_room(&mut self, token: Token) {
        self.room.leave(token);
        self.wake_waiting(token);
    }

    /// Gives these bytes to all who hear the room, behind what waits for them. Nothing holds us back, so
    /// those for whom too much waits have stalled.
    pub fn tell_room(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() {
            // A datagram of nothing would be one.
            return;
        }
        self.spread(now);
        let (room, mut shared) = (self.room.all(), Shared::new(bytes));
        for sink in room.iter() {
            self.deliver_to(*sink, &mut shared, 0..bytes.len(), DATAGRAM, now);
            if let Some(to) = self.endpoints.get_mut(sink)
                && to.stall.told(bytes.len())
            {
                self.enqueue(*sink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whoever_comes_and_goes_all_the_others_hear(steps in prop::collection::vec((0usize..8, 0u8..4), 0..60)) {
            let (mut room, mut there, mut full) = (Room::default(), BTreeSet::new(), BTreeSet::new());
            for (token, what) in steps {
                let token = Token(token);
                match what {
                    0 => {
                        room.enter(token);
                        there.insert(token);
                    }
                    1 => {
                        room.leave(token);
                        there.remove(&token);
                        full.remove(&token);
                    }
                    _ => {
                        room.note(token, what == 2);
                        if what == 2 && there.contains(&token) { full.insert(token); } else { full.remove(&token); }
                    }
                }
                let mut all = room.all().to_vec();
                all.sort();
                prop_assert_eq!(all, there.iter().copied().collect::<Vec<_>>());
                for speaker in (0..8).map(Token) {
                    prop_assert_eq!(room.hears(speaker), there.iter().any(|it| *it != speaker));
                    prop_assert_eq!(room.full(speaker).is_some(), full.iter().any(|it| *it != speaker));
                }
            }
        }
    }
}
