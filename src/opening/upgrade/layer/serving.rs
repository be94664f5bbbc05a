//! The server's side, while it is in clear: whoever answers agrees, and what passes to the client tells.
//!
//! A newcomer's trap: what a client says behind its request is kept until the answer. If that is a
//! refusal it was said in order; if it is not, nobody may act on it.

use super::{State, Upgrading};
use crate::{
    clock,
    opening::{STAGE, handshake::Midway, talk, upgrade::Upgrades},
    proto::starttls::watch::{Answer, Watch},
    stream::{Flow, hand_over},
};
use std::io;

/// How much of what a client says too early is kept, in bytes, before nothing more is read.
const EARLY: usize = 64 * 1024;

impl Upgrading {
    /// Reads from the client, as its server: nothing that is said before the answer to STARTTLS.
    pub(super) fn hear_client(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            let ready = self.early.get(..buffer.len()).unwrap_or(&self.early);
            let ready = self.watch.as_mut().map_or(ready.len(), |watch| watch.client(ready));
            let ready = hand_over(self.early.get(..ready).unwrap_or_default(), buffer);
            if ready > 0 {
                self.early.drain(..ready);
                self.left = None;
                return Ok(Flow::Moved(ready));
            }
            if self.early.len() >= EARLY {
                return Ok(Flow::Blocked);
            }
            let State::Clear(stream) = &mut self.state else { return Ok(Flow::Blocked) };
            match stream.read(buffer)? {
                Flow::Moved(n) => self.early.extend_from_slice(buffer.get(..n).unwrap_or(buffer)),
                Flow::Ended if self.early.is_empty() => return Ok(Flow::Ended),
                // What it has said too early stays so: the answer is to come first.
                Flow::Ended if self.may_ask() => {
                    self.left = self.left.or_else(|| Some(clock::now() + STAGE));
                    return Ok(Flow::Blocked);
                }
                Flow::Ended => self.watch = None,
                flow => return Ok(flow),
            }
        }
    }

    /// Whether it has been asked for encryption, or may be by what is kept.
    fn may_ask(&self) -> bool {
        let named = |three: &[u8]| three.eq_ignore_ascii_case(b"TLS");
        self.watch.as_ref().is_some_and(|watch| watch.is_asked() || self.early.windows(3).any(named))
    }

    /// The client has ended, and there is no answer.
    pub(super) fn give_up(&mut self) {
        let why = format!("no answer to the client, who has ended; {} of its bytes not passed on", self.early.len());
        self.left = None;
        self.fail(Upgrades::failed(&self.remote, why));
    }

    /// Writes to the client, up to the agreement.
    pub(super) fn tell_client(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let (State::Clear(stream), Some(watch)) = (&mut self.state, &mut self.watch) else { return Ok(Flow::Blocked) };
        let before = watch.clone();
        let (passes, agreed) = answered(watch, bytes);
        let flow = stream.write(bytes.get(..passes).unwrap_or(bytes));
        match flow {
            Ok(Flow::Moved(n)) if n == passes => {}
            Ok(Flow::Moved(n)) => {
                *watch = before;
                answered(watch, bytes.get(..n).unwrap_or(bytes));
                return flow;
            }
            _ => {
                *watch = before;
                return flow;
            }
        }
        if watch.is_over() {
            self.watch = None;
        }
        match self.early.len() {
            0 => self.agreed = agreed,
            count if agreed.is_some() => {
                let why = format!("{count} bytes came in clear behind the client's STARTTLS");
                self.fail(Upgrades::failed(&self.remote, why).hint(talk::INJECTED));
            }
            _ => {}
        }
        flow
    }
}

/// How much of what the server says passes before an agreement, and whether there is one.
fn answered(watch: &mut Watch, bytes: &[u8]) -> (usize, Option<Midway>) {
    let mut taken = 0;
    while let Some(rest @ [_, ..]) = bytes.get(taken..) {
        let (n, answer) = watch.server(rest);
        taken += n;
        if let Some(Answer::Agreed { again }) = answer {
            return (taken, Some(Midway { again }));
        }
    }
    (taken, None)
}
