//! What a program asks its kernel: read(2), write(2), shutdown(2), close(2); and what ends without being asked.
//!
//! A newcomer's trap: these do not block. Who has nothing to read, or no room, is told of it by an event.

use super::{Event, Fin, KEEPALIVE, Net, Owner, RETRIES, STDIO, Side, What};
use std::io;

impl Net {
    pub(in super::super) fn read(&mut self, side: Side, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let latency = self.conns[side.0].latency;
        let end = self.end(side);
        let n = end.received.len().min(buffer.len());
        if n > 0 {
            buffer.iter_mut().zip(end.received.drain(..n)).for_each(|(to, from)| *to = from);
            self.after(latency, Event::Opens((side.0, 1 - side.1)));
            return Ok(Some(n));
        }
        match end.error.take() {
            // It had ended before.
            _ if end.peer_fin => Ok(Some(0)),
            Some(error) => Err(error.into()),
            None if end.dead => Ok(Some(0)),
            None => Ok(None),
        }
    }

    /// How many bytes were taken; none if there is no room.
    pub(in super::super) fn write(&mut self, side: Side, bytes: &[u8]) -> io::Result<usize> {
        let capacity = self.conns[side.0].capacity;
        let end = self.end(side);
        if let Some(error) = end.error.take() {
            return Err(error.into());
        }
        if end.dead || end.fin != Fin::Unsaid {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n = if end.stands { bytes.len().min(capacity - end.send.len()) } else { 0 };
        end.wants_room |= n == 0;
        end.send.extend(bytes.iter().take(n));
        self.pump(side);
        Ok(n)
    }

    pub(in super::super) fn finish(&mut self, side: Side) {
        let end = self.end(side);
        if end.fin == Fin::Unsaid {
            end.fin = Fin::Wanted;
        }
        self.pump(side);
    }

    pub(in super::super) fn error(&mut self, side: Side) -> io::Result<()> {
        self.end(side).error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    pub(in super::super) fn undelivered(&mut self, side: Side) -> usize {
        // Of a pipe nothing tells.
        if side.0 == STDIO { 0 } else { self.end(side).send.len() }
    }

    pub(in super::super) fn breaks_off(&mut self, side: Side) {
        self.end(side).breaks = true;
    }

    /// close(2).
    pub(in super::super) fn closes(&mut self, side: Side) {
        let latency = self.conns[side.0].latency;
        let end = self.end(side);
        (end.open, end.owner) = (false, Owner::Nobody);
        if end.dead {
            return;
        }
        if end.breaks || !end.received.is_empty() {
            end.dead = true;
            self.after(latency, Event::Arrives((side.0, 1 - side.1), What::Reset));
        } else {
            self.finish(side);
        }
    }

    /// The peer's machine is no more.
    pub(in super::super) fn vanishes(&mut self, side: Side) {
        self.conns[side.0].vanished = true;
        let near = (side.0, 0);
        let time = if self.end(near).send.is_empty() { KEEPALIVE } else { RETRIES };
        self.after(time, Event::Looks(near));
    }
}
