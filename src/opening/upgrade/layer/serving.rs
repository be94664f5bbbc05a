//! The server's side, while it is in clear: whoever answers agrees, and what passes to the client tells.
//!
//! A newcomer's trap: what a client says behind its request is kept until the answer. If that is a
//! refusal it was said in order; if it is not, nobody may act on it.

use super::{State, Upgrading};
use crate::{
    opening::{handshake::Midway, talk, upgrade::Upgrades},
    proto::starttls::watch::{Answer, Watch},
    stream::Flow,
};
use std::io;

/// How much of what a client says too early is kept, in bytes, before nothing more is read.
const EARLY: usize = 64 * 1024;

impl Upgrading {
    /// Reads from the client, as its server: nothing that is said before the answer to STARTTLS.
    pub(super) fn hear_client(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let State::Clear(stream) = &mut self.state else { return Ok(Flow::Blocked) };
        loop {
            let ready = self.early.get(..buffer.len()).unwrap_or(&self.early);
            let ready = self.watch.as_mut().map_or(ready.len(), |watch| watch.client(ready));
            if let (Some(to), Some(from @ [_, ..])) = (buffer.get_mut(..ready), self.early.get(..ready)) {
                to.copy_from_slice(from);
                self.early.drain(..ready);
                return Ok(Flow::Moved(ready));
            }
            if self.early.len() >= EARLY {
                return Ok(Flow::Blocked);
            }
            match stream.read(buffer)? {
                Flow::Moved(n) => self.early.extend_from_slice(buffer.get(..n).unwrap_or(buffer)),
                // Whatever it has asked for, nothing will come of it.
                Flow::Ended if !self.early.is_empty() => self.watch = None,
                flow => return Ok(flow),
            }
        }
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
