//! The client's side, while it is in clear: it asks, and waits for the answer.
//!
//! A newcomer's trap: what follows a request that is refused was meant to be encrypted. It is not sent in
//! clear, unless a person has seen the refusal first.

use super::{State, Upgrading};
use crate::{
    opening::{handshake::Midway, talk, upgrade::Upgrades},
    proto::starttls::watch::Answer,
    stream::Flow,
};
use std::io;

/// What can be relied on.
const NOT_SENT: &str = "nothing more was sent in clear";

impl Upgrading {
    /// Reads from the server, as its client.
    pub(super) fn hear_server(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let (State::Clear(stream), Some(watch)) = (&mut self.state, &mut self.watch) else { return Ok(Flow::Blocked) };
        let n = match stream.read(buffer)? {
            Flow::Moved(n) => n,
            Flow::Ended if watch.is_asked() => {
                let why = "the server closed the connection without an answer";
                return Err(Upgrades::failed(&self.remote, why).into());
            }
            Flow::Ended => {
                self.server_ended = true;
                watch.server_ended();
                return Ok(Flow::Ended);
            }
            Flow::Blocked => return Ok(Flow::Blocked),
        };
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = buffer.get(taken..n) {
            let (m, answer) = watch.server(rest);
            taken += m;
            match answer {
                Some(Answer::Agreed { .. }) if taken < n => {
                    self.fail(talk::injected(format!("STARTTLS with {}", self.remote), n - taken));
                    return Ok(Flow::Moved(taken));
                }
                Some(Answer::Agreed { again }) => self.agreed = Some(Midway { again }),
                Some(Answer::Neither) => {
                    let why = "the server neither agreed to encrypt nor refused";
                    let error = Upgrades::failed(&self.remote, why).hint(NOT_SENT);
                    self.fail(error);
                    return Ok(Flow::Moved(n));
                }
                Some(Answer::Refused) if self.held || !self.upgrades.terminal => {
                    let why = "the server does not encrypt";
                    let error = Upgrades::failed(&self.remote, why).hint(NOT_SENT);
                    self.fail(error);
                    return Ok(Flow::Moved(n));
                }
                Some(Answer::Refused) | None => {}
            }
        }
        if watch.is_over() {
            self.watch = None;
        }
        Ok(Flow::Moved(n))
    }

    /// Writes to the server, up to the point where its answer has to be waited for.
    pub(super) fn tell_server(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let (State::Clear(stream), Some(watch)) = (&mut self.state, &mut self.watch) else { return Ok(Flow::Blocked) };
        let mut next = watch.clone();
        let passes = bytes.get(..next.client(bytes)).unwrap_or(bytes);
        if passes.is_empty() && next.is_vain() {
            return self.asks_in_vain();
        }
        if passes.is_empty() {
            self.held |= watch.is_asked() && !bytes.is_empty();
            return Ok(Flow::Blocked);
        }
        let flow = stream.write(passes)?;
        match flow {
            Flow::Moved(n) if n == passes.len() => *watch = next,
            Flow::Moved(n) => _ = watch.client(passes.get(..n).unwrap_or(passes)),
            Flow::Blocked | Flow::Ended => {}
        }
        Ok(flow)
    }

    /// Nobody will agree, and what follows the request was meant to be encrypted.
    fn asks_in_vain(&mut self) -> io::Result<Flow> {
        let why = if self.server_ended {
            "the server has ended, and cannot be asked to encrypt any more"
        } else {
            "the server does not speak the protocol in which it is asked to encrypt"
        };
        self.fail(Upgrades::failed(&self.remote, why).hint(NOT_SENT));
        match self.failure.take_if(|_| self.server_ended) {
            // Nobody reads any more.
            Some((error, _)) => Err(error.into()),
            None => Ok(Flow::Blocked),
        }
    }
}
