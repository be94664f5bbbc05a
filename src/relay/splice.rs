//! Bytes that the kernel moves by itself: a variant of one read and the delivery of it.
//!
//! Between a pipe and a socket they go directly, and so from a file to a socket: what finds no room
//! stays where it is. From a socket to a file or to another socket they go through a pipe that all pumps
//! share; it is empty when a turn is over, as what its sink does not take is read out of it for the outbox.
//!
//! A newcomer's trap: a reset is told once. So an error has to be known as the source's or
//! the sink's when it comes: what is asked afterwards looks like an end in order.

use crate::stream::channel::{Channel, Kind};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, OwnedFd},
    io::Errno,
    pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice},
};
use std::io;

/// At most so many bytes are moved by a call.
const MUCH: usize = 1024 * 1024;

/// What came of one attempt.
#[derive(Debug)]
pub(super) enum Moved {
    /// So many bytes are the sink's.
    All(usize),
    /// So many bytes have left the source, of which the sink has taken the first part: the rest is in the pipe.
    Some { taken: usize, left: usize },
    /// The source has nothing for the time being.
    Empty,
    /// The sink has no room.
    Full,
    /// The end, or something that reading will tell.
    Ask,
    /// The kernel does not do it for these two.
    Refused,
    /// Reading has failed.
    SourceFailed(io::Error),
    /// Writing has; so many bytes are lost.
    SinkFailed(io::Error, usize),
}

/// The pipe in between, made when it is needed first.
#[derive(Debug, Default)]
pub(super) struct Between(Option<(OwnedFd, OwnedFd)>);

/// Whether these two may be worth a try.
pub(super) fn suits(source: Kind, sink: Kind) -> bool {
    matches!(
        (source, sink),
        (Kind::Pipe, Kind::Socket | Kind::File) | (Kind::Socket, _) | (Kind::File, Kind::Socket | Kind::Pipe)
    )
}

/// Makes room for more in a pipe that has shown much traffic: half as many switches between its two ends.
pub(super) fn widen(channel: Channel<'_>) {
    if channel.kind == Kind::Pipe && fcntl_getpipe_size(channel.fd).is_ok_and(|size| size < MUCH) {
        // Where the user's pipes have too much already, it stays as it is.
        let _ = fcntl_setpipe_size(channel.fd, MUCH);
    }
}

impl Between {
    /// One attempt to move bytes.
    pub(super) fn pass(&mut self, source: Channel<'_>, sink: Channel<'_>) -> Moved {
        match (source.kind, sink.kind) {
            (Kind::Socket, Kind::Socket | Kind::File) => self.through(source, sink),
            (Kind::File, Kind::Socket) => directly(source, sink, || {
                rustix::fs::sendfile(sink.fd, source.fd, None, MUCH)
            }),
            _ => directly(source, sink, || splice(source.fd, None, sink.fd, None, MUCH, SpliceFlags::NONBLOCK)),
        }
    }

    /// What is left in the pipe after [`Moved::Some`], as far as there is room for it; nothing more is left when
    /// `buffer` has not been filled.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> usize {
        self.0.as_ref().and_then(|(out, _)| rustix::io::read(out, buffer).ok()).unwrap_or(0)
    }

    fn through(&mut self, source: Channel<'_>, sink: Channel<'_>) -> Moved {
        if self.0.is_none() {
            self.0 = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok();
            if let Some((out, _)) = &self.0 {
                let _ = fcntl_setpipe_size(out, MUCH);
            }
        }
        // Without a descriptor to spare, bytes are read and written.
        let Some((out, into)) = &self.0 else { return Moved::Refused };
        let came = match again(|| splice(source.fd, None, into, None, MUCH, SpliceFlags::NONBLOCK)) {
            Ok(0) => return Moved::Ask,
            Ok(n) => n,
            Err(Errno::AGAIN) => return Moved::Empty,
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => return Moved::Refused,
            Err(error) => return Moved::SourceFailed(error.into()),
        };
        let mut taken = 0;
        while taken < came {
            match again(|| splice(out, None, sink.fd, None, came - taken, SpliceFlags::NONBLOCK)) {
                Ok(n @ 1..) => taken += n,
                Ok(0) | Err(Errno::AGAIN | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                    return Moved::Some { taken, left: came - taken };
                }
                Err(error) => {
                    // What is in it belongs to nobody any more.
                    self.0 = None;
                    return Moved::SinkFailed(error.into(), came - taken);
                }
            }
        }
        Moved::All(came)
    }
}

fn directly(source: Channel<'_>, sink: Channel<'_>, mut call: impl FnMut() -> rustix::io::Result<usize>) -> Moved {
    match again(&mut call) {
        Ok(0) => Moved::Ask,
        Ok(n) => Moved::All(n),
        // It does not tell which of the two; and both may be ready by now.
        Err(Errno::AGAIN) if !is_ready(source, PollFlags::IN) => Moved::Empty,
        Err(Errno::AGAIN) if !is_ready(sink, PollFlags::OUT) => Moved::Full,
        Err(Errno::AGAIN) => Moved::Ask,
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::IO) => Moved::Refused,
        Err(error) if source.kind != Kind::Socket => Moved::SinkFailed(error.into(), 0),
        // The pipe's reader has left: then so says the pipe.
        Err(Errno::PIPE) if is_ready(sink, PollFlags::ERR) => Moved::SinkFailed(Errno::PIPE.into(), 0),
        Err(error) => Moved::SourceFailed(error.into()),
    }
}

/// Whether a descriptor is ready; a trouble to be told of counts as that.
pub(super) fn is_ready(channel: Channel<'_>, what: PollFlags) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(channel.fd.as_fd(), what)];
    poll(&mut asked, Some(&Timespec::default())).is_ok_and(|n| n > 0)
}

fn again(mut call: impl FnMut() -> rustix::io::Result<usize>) -> rustix::io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}
