//! Bytes that the kernel moves by itself: a variant of one read and the delivery of it.
//!
//! Between a pipe and a socket they go directly, and so from a file to a socket: what finds no room
//! stays where it is. From a socket to a file or to another socket they go through a pipe that all pumps
//! share; it is empty when a turn is over, as what its sink does not take is read out of it for the outbox.
//!
//! A newcomer's trap: a reset is told once. So an error has to be known as the source's or
//! the sink's when it comes: what is asked afterwards looks like an end in order.

mod calls;

use crate::stream::channel::{Channel, Kind};
use calls::{pipe, pipe_size, sendfile, set_pipe_size, splice};
use rustix::{
    event::PollFlags,
    fd::{AsFd, OwnedFd},
    io::{Errno, retry_on_intr},
};
use std::io;

/// At most so many bytes are moved by a call: what one user's pipe may hold without privileges (pipe(7)).
const MUCH: usize = 1024 * 1024;

/// So many pipes are made wider at most. All of one user's pipes together have a limit, beyond which the new ones of
/// all his programs become narrow.
const WIDE: u8 = 8;

/// What came of one attempt.
#[derive(Debug)]
pub(super) enum Moved {
    /// So many bytes are the sink's.
    All(usize),
    /// So many bytes have left the source, of which the sink has taken the first part: the rest is in the pipe.
    Some { taken: usize, left: usize },
    /// The source has nothing for the time being.
    Empty,
    /// The same, unless there is something urgent: what waits behind that is told so, too.
    Blocked,
    /// The sink has no room.
    Full,
    /// The end, or something else that reading will tell.
    Ask,
    /// The kernel does not do it for these two.
    Refused,
    /// Reading has failed.
    SourceFailed(io::Error),
    /// Writing has; so many bytes had left the source, of which the sink has taken the first part: the rest is lost.
    SinkFailed { error: io::Error, taken: usize, lost: usize },
}

/// The pipe in between, made when it is needed first.
#[derive(Debug, Default)]
pub(super) struct Between {
    pipe: Option<(OwnedFd, OwnedFd)>,
    widened: u8,
}

/// Whether these two may be worth a try.
pub(super) fn suits(source: Kind, sink: Kind) -> bool {
    matches!(
        (source, sink),
        (Kind::Pipe, Kind::Socket | Kind::File) | (Kind::Socket, _) | (Kind::File, Kind::Socket | Kind::Pipe)
    )
}

impl Between {
    /// One attempt to move bytes.
    pub(super) fn pass(&mut self, source: Channel<'_>, sink: Channel<'_>) -> Moved {
        match (source.kind, sink.kind) {
            (Kind::Socket, Kind::Socket | Kind::File) => self.through(source, sink),
            (Kind::File, Kind::Socket) => directly(source, sink, || sendfile(sink.fd, source.fd, MUCH)),
            _ => directly(source, sink, || splice(source.fd, sink.fd, MUCH)),
        }
    }

    /// What is left in the pipe after [`Moved::Some`], as far as `buffer` has room for it.
    ///
    /// # Errors
    /// Of read(2).
    pub(super) fn take(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((out, _)) = &self.pipe else { return Ok(0) };
        Ok(retry_on_intr(|| rustix::io::read(out, &mut *buffer))?)
    }

    /// Throws away what is left in the pipe, and the pipe.
    pub(super) fn discard(&mut self) {
        self.pipe = None;
    }

    /// Makes room for more in a pipe that has shown much traffic: half as many switches between its two ends.
    pub(super) fn widen(&mut self, channel: Channel<'_>) {
        let narrow = channel.kind == Kind::Pipe && pipe_size(channel.fd).is_ok_and(|size| size < MUCH);
        // Where the user's pipes have too much already, it stays as it is.
        if narrow && self.widened < WIDE && set_pipe_size(channel.fd, MUCH).is_ok() {
            self.widened += 1;
        }
    }

    fn through(&mut self, source: Channel<'_>, sink: Channel<'_>) -> Moved {
        if self.pipe.is_none() {
            self.pipe = pipe().ok();
            if let Some((out, _)) = &self.pipe {
                let _ = set_pipe_size(out.as_fd(), MUCH);
            }
        }
        // Without a descriptor to spare, bytes are read and written.
        let Some((out, into)) = &self.pipe else { return Moved::Refused };
        let came = match retry_on_intr(|| splice(source.fd, into.as_fd(), MUCH)) {
            Ok(0) => return Moved::Ask,
            Err(Errno::AGAIN) => return Moved::Blocked,
            Ok(n) => n,
            Err(error) if is_refusal(error) => return Moved::Refused,
            Err(error) => return Moved::SourceFailed(error.into()),
        };
        let mut taken = 0;
        while taken < came {
            match retry_on_intr(|| splice(out.as_fd(), sink.fd, came - taken)) {
                Ok(n @ 1..) => taken += n,
                Ok(0) | Err(Errno::AGAIN) => return Moved::Some { taken, left: came - taken },
                Err(error) if is_refusal(error) => return Moved::Some { taken, left: came - taken },
                Err(error) => {
                    self.discard();
                    return Moved::SinkFailed { error: error.into(), taken, lost: came - taken };
                }
            }
        }
        Moved::All(came)
    }
}

fn directly(source: Channel<'_>, sink: Channel<'_>, call: impl FnMut() -> rustix::io::Result<usize>) -> Moved {
    match retry_on_intr(call) {
        Ok(0) => Moved::Ask,
        Ok(n) => Moved::All(n),
        // It does not tell which of the two; and both may be ready by now.
        Err(Errno::AGAIN) if !source.is_ready(PollFlags::IN) => Moved::Empty,
        Err(Errno::AGAIN) if !sink.is_ready(PollFlags::OUT) => Moved::Full,
        Err(Errno::AGAIN) => Moved::Ask,
        Err(error) if is_refusal(error) => Moved::Refused,
        Err(error) if source.kind != Kind::Socket => refused_by_sink(error),
        // The pipe's reader has left: then so says the pipe.
        Err(Errno::PIPE) if sink.is_ready(PollFlags::ERR) => refused_by_sink(Errno::PIPE),
        Err(error) => Moved::SourceFailed(error.into()),
    }
}

/// Nothing has left the source.
fn refused_by_sink(error: Errno) -> Moved {
    Moved::SinkFailed { error: error.into(), taken: 0, lost: 0 }
}

/// Whether reading and writing may do what the kernel does not do by itself, or tell better why not.
fn is_refusal(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM | Errno::IO | Errno::NOMEM)
}
