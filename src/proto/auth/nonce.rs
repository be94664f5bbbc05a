//! The nonces that a server gives out: signed, so that nothing has to be remembered of them until they
//! are used; and the counts they were used with, so that no answer is taken twice.
//!
//! A newcomer's trap: the memory is bounded, and what falls out of it must not become new again. All
//! that was given out no later than the oldest one forgotten is therefore stale.

use aws_lc_rs::{error::Unspecified, hmac, rand};
use data_encoding::BASE64URL_NOPAD;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long a nonce may be used.
const LIFETIME: Duration = Duration::from_secs(300);

/// How many nonces are remembered at once; some 50 bytes each.
const REMEMBERED: usize = 4096;

/// When it was given out, in milliseconds since the start, and what makes it different from others.
type Name = (u64, [u8; 16]);

/// The nonces of one run.
#[derive(Debug)]
pub(super) struct Nonces {
    key: hmac::Key,
    start: Instant,
    /// The highest count that each was used with, oldest first.
    used: BTreeMap<Name, u32>,
    /// All up to this time that are not in `used` are stale.
    forgotten: Option<u64>,
}

impl Nonces {
    /// # Errors
    /// When there are no random numbers.
    pub(super) fn new(now: Instant) -> Result<Self, Unspecified> {
        let mut secret = [0; 32];
        rand::fill(&mut secret)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self { key, start: now, used: BTreeMap::new(), forgotten: None })
    }

    /// # Errors
    /// When there are no random numbers.
    pub(super) fn issue(&self, now: Instant) -> Result<String, Unspecified> {
        let mut random = [0; 16];
        rand::fill(&mut random)?;
        let mut nonce = self.age(now).to_be_bytes().to_vec();
        nonce.extend(random);
        nonce.extend(hmac::sign(&self.key, &nonce).as_ref());
        Ok(BASE64URL_NOPAD.encode(&nonce))
    }

    /// Whether `nonce` may be used with `count` now; from then on only with a higher one. Asked only
    /// for answers that are right, so that strangers cannot fill the memory.
    pub(super) fn spend(&mut self, nonce: &[u8], count: u32, now: Instant) -> bool {
        let Some(name) = self.read(nonce) else { return false };
        let now = self.age(now);
        let lifetime = u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX);
        let oldest = now.saturating_sub(lifetime);
        if name.0 < oldest || count == 0 {
            return false;
        }
        match self.used.get_mut(&name) {
            Some(highest) if count <= *highest => return false,
            Some(highest) => *highest = count,
            None if self.forgotten.is_some_and(|forgotten| name.0 <= forgotten) => return false,
            None => {
                self.used.insert(name, count);
                self.forget();
            }
        }
        true
    }

    fn forget(&mut self) {
        if self.used.len() > REMEMBERED
            && let Some((name, _)) = self.used.pop_first()
        {
            self.forgotten = Some(name.0);
        }
    }

    /// The name of a nonce that was given out in this run.
    fn read(&self, nonce: &[u8]) -> Option<Name> {
        let nonce = BASE64URL_NOPAD.decode(nonce).ok()?;
        let (signed, signature) = nonce.split_at_checked(24)?;
        hmac::verify(&self.key, signed, signature).ok()?;
        let (time, random) = signed.split_at_checked(8)?;
        Some((u64::from_be_bytes(time.try_into().ok()?), random.try_into().ok()?))
    }

    fn age(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_taken_once_and_only_upwards() {
        let now = Instant::now();
        let mut nonces = Nonces::new(now).unwrap();
        let nonce = nonces.issue(now).unwrap();
        let taken = [1, 1, 2, 4, 3, 0, 5].map(|count| nonces.spend(nonce.as_bytes(), count, now));
        assert_eq!(taken, [true, false, true, true, false, false, true]);
    }

    #[test]
    fn a_nonce_has_its_time() {
        let start = Instant::now();
        let mut nonces = Nonces::new(start).unwrap();
        let nonce = nonces.issue(start + Duration::from_secs(10)).unwrap();
        assert!(nonces.spend(nonce.as_bytes(), 1, start + Duration::from_secs(10) + LIFETIME));
        assert!(!nonces.spend(nonce.as_bytes(), 2, start + Duration::from_secs(11) + LIFETIME));
    }

    #[test]
    fn only_our_own_are_taken() {
        let now = Instant::now();
        let mut nonces = Nonces::new(now).unwrap();
        let foreign = Nonces::new(now).unwrap().issue(now).unwrap();
        let mut bent = BASE64URL_NOPAD.decode(nonces.issue(now).unwrap().as_bytes()).unwrap();
        bent[7] ^= 1;
        let bent = BASE64URL_NOPAD.encode(&bent);
        for nonce in [foreign.as_str(), &bent, "", "!", "AAAA"] {
            assert!(!nonces.spend(nonce.as_bytes(), 1, now), "{nonce}");
        }
    }

    #[test]
    fn what_is_forgotten_does_not_become_new() {
        let start = Instant::now();
        let mut nonces = Nonces::new(start).unwrap();
        let at = |step: u64| start + Duration::from_millis(step);
        let all: Vec<_> = (0..=REMEMBERED as u64).map(|step| nonces.issue(at(step)).unwrap()).collect();
        assert!(all.iter().all(|nonce| nonces.spend(nonce.as_bytes(), 1, at(5000))));
        assert_eq!(nonces.used.len(), REMEMBERED);
        assert!(!nonces.spend(all[0].as_bytes(), 1, at(5000)), "replayed");
        assert!(!nonces.spend(all[1].as_bytes(), 1, at(5000)));
        assert!(nonces.spend(all[1].as_bytes(), 2, at(5000)), "remembered still");
        let next = nonces.issue(at(5000)).unwrap();
        assert!(nonces.spend(next.as_bytes(), 1, at(5000)));
    }
}
