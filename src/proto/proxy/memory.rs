//! What is known of a proxy beyond one connection to it: the credentials, and its last challenge.
//!
//! A newcomer's trap: a proxy that demands credentials and closes is asked again on a new connection,
//! and one that plays `stale` would be asked for ever; the count of challenges is the end of that.

use crate::{
    error::Result,
    proto::auth::{Answer, Credentials},
};
use std::rc::Rc;
use zeroize::Zeroizing;

/// So many challenges are answered before one has to be good.
const CHALLENGES: u8 = 3;

/// The credentials for a proxy and its last challenge. One for each proxy of a chain, kept while a
/// connection through it is wanted: [`Again`](crate::proto::Step::Again) begins a new dialogue with
/// the same one.
#[derive(Debug, Default)]
pub struct Memory {
    credentials: Option<Rc<Credentials>>,
    answer: Option<Answer>,
    /// How many challenges have been learnt since the proxy last let us through.
    learnt: u8,
}

impl Memory {
    /// Nothing is known but the credentials, if there are any.
    #[must_use]
    pub fn new(credentials: Option<Rc<Credentials>>) -> Self {
        Self { credentials, answer: None, learnt: 0 }
    }

    /// The credentials.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_deref()
    }

    /// The value of `Proxy-Authorization`, if it is known how to answer.
    pub(super) fn authorize(&mut self, method: &str, uri: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match (&self.credentials, &mut self.answer) {
            (Some(credentials), Some(answer)) => answer.authorize(credentials, method, uri).map(Some),
            _ => Ok(None),
        }
    }

    /// The proxy let us through.
    pub(super) fn granted(&mut self) {
        self.learnt = 0;
    }

    /// The proxy has demanded credentials; `answered` says whether the request had some.
    ///
    /// # Errors
    /// When there is no sense in another request: why.
    pub(super) fn learn(&mut self, answer: Answer, answered: bool) -> std::result::Result<(), &'static str> {
        // What is left from an earlier connection may have become too old without anybody saying so.
        let leftover = answered && self.learnt == 0;
        if answered && !leftover && !answer.is_stale() {
            self.answer = None;
            return Err("it refuses the user or the password");
        }
        if self.learnt >= CHALLENGES {
            return Err("it demands the credentials over and over");
        }
        self.learnt += 1;
        self.answer = Some(answer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::auth::{choose, parse};

    fn answer(value: &str) -> Answer {
        choose(&parse(value.as_bytes())).unwrap()
    }

    const FRESH: &str = "Digest realm=r, nonce=n, qop=auth";
    const STALE: &str = "Digest realm=r, nonce=n, qop=auth, stale=true";

    #[test]
    fn wrong_credentials_are_known_at_the_second_refusal() {
        let mut memory = Memory::new(Some(Rc::new(Credentials::parse("joe:x").unwrap())));
        assert_eq!(memory.authorize("CONNECT", "h:1").unwrap(), None);
        memory.learn(answer(FRESH), false).unwrap();
        assert!(memory.authorize("CONNECT", "h:1").unwrap().is_some());
        assert_eq!(memory.learn(answer(FRESH), true), Err("it refuses the user or the password"));
    }

    #[test]
    fn a_leftover_challenge_may_have_become_too_old() {
        let mut memory = Memory::new(Some(Rc::new(Credentials::parse("joe:x").unwrap())));
        memory.learn(answer(FRESH), false).unwrap();
        memory.granted();
        memory.learn(answer(FRESH), true).unwrap();
        assert!(memory.learn(answer(FRESH), true).is_err());
    }

    #[test]
    fn staleness_has_an_end() {
        let mut memory = Memory::new(Some(Rc::new(Credentials::parse("joe:x").unwrap())));
        let learnt = [false, true, true, true].map(|answered| memory.learn(answer(STALE), answered).is_ok());
        assert_eq!(learnt, [true, true, true, false]);
    }
}
