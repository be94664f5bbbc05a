//! What is said, once, and which exit status there is, when a peer ends, refuses more or is gone.
//!
//! A newcomer's trap: a failed write is noticed before the peer's end that came before it has
//! been read. Whether a peer left in order is known only when its end was read, or from EPIPE.

use super::bytes;
use crate::{
    error::{Error, Exit, why},
    relay::End,
    report::Report,
};
use rustix::io::Errno;
use std::{
    io,
    rc::Rc,
    time::{Duration, Instant},
};

/// What has become of one peer's connection so far.
#[derive(Debug)]
pub struct Departure {
    name: Rc<str>,
    verify: bool,
    report: Report,
    /// When the peer ended, in order or cut short.
    end: Option<Instant>,
    /// Why writing failed, and how many bytes were lost with it.
    gone: Option<(io::Error, usize)>,
    /// A failure has been reported; what follows from it is not.
    told: bool,
}

/// What a turn of events means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The exit status that it asks for.
    pub exit: Exit,
    /// Nothing more can be sent or received.
    pub dead: bool,
}

impl Fate {
    const ALIVE: Self = Self { exit: Exit::Done, dead: false };
}

impl Departure {
    /// The peer is called `name`; `verify` is `--ssl-verify`.
    #[must_use]
    pub fn new(name: impl Into<Rc<str>>, verify: bool, report: Report) -> Self {
        Self { name: name.into(), verify, report, end: None, gone: None, told: false }
    }

    /// What the peer is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When the peer ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<Instant> {
        self.end
    }

    /// Nothing more will come from the peer, which has not taken so many bytes.
    pub fn ended(&mut self, end: End, undelivered: usize, now: Instant) -> Fate {
        self.end = Some(now);
        let dead = |exit| Fate { exit, dead: true };
        match (self.gone.take(), end) {
            (Some((error, lost)), _) if Error::carried(&error).is_some() => {
                dead(self.failed(&error, lost + undelivered))
            }
            // What it had sent before tells more than how it left.
            (Some((_, lost)), End::Failed(error)) if Error::carried(&error).is_some() => {
                dead(self.failed(&error, lost + undelivered))
            }
            // It had left in order before it refused more: that was its decision.
            (Some((error, lost)), End::InOrder) if error.kind() == io::ErrorKind::BrokenPipe => {
                if lost > 0 {
                    self.tell(&why(&error), lost);
                }
                dead(Exit::Done)
            }
            // An end that comes after the failed write is no orderly one.
            (Some((error, lost)), _) => {
                self.tell(&why(&error), lost);
                dead(Exit::Network)
            }
            (None, End::Failed(error)) => dead(self.failed(&error, undelivered)),
            (None, End::Truncated) => Fate { exit: self.truncated(), dead: false },
            (None, End::InOrder) => {
                self.report.detail(2, format_args!("{} has half-closed.", self.name));
                Fate::ALIVE
            }
        }
    }

    /// The peer takes no more; `lost` bytes were not delivered. `leaving` when it was to be left anyway.
    pub fn gone(&mut self, error: io::Error, lost: usize, leaving: bool) -> Fate {
        if Error::carried(&error).is_some() && !self.told && (leaving || self.end.is_some()) {
            return Fate { exit: self.failed(&error, lost), dead: true };
        }
        if !leaving && self.end.is_none() && !self.told {
            // What it had sent before may still be read; then its end tells.
            self.gone = Some((error, lost));
            return Fate::ALIVE;
        }
        if self.told || (lost == 0 && !is_nobodys_decision(&error)) {
            return Fate { exit: Exit::Done, dead: true };
        }
        self.tell(&why(&error), lost);
        Fate { exit: self.blame(&error), dead: true }
    }

    /// The connection is closed, with so many bytes that were not known to be delivered.
    pub fn closed(&mut self, lost: usize) -> Exit {
        if let Some((error, gone)) = self.gone.take().filter(|(_, gone)| *gone > 0) {
            // It was left before its end was read.
            self.tell(&why(&error), gone + lost);
            let in_order = error.kind() == io::ErrorKind::BrokenPipe;
            return if in_order { Exit::Done } else { self.blame(&error) };
        }
        if lost == 0 || self.told {
            return Exit::Done;
        }
        self.told = true;
        let text = format!("{} not known to have been delivered", bytes(lost));
        self.report.error(&Error::network(&*self.name, text));
        if self.end.is_some() { Exit::Done } else { Exit::Network }
    }

    /// So many of its datagrams came faster than they could be passed on; those that the kernel had joined it counts
    /// as one.
    pub fn dropped(&self, datagrams: u64) {
        let s = if datagrams == 1 { "" } else { "s" };
        if datagrams > 0 {
            let why = "they came faster than they could be passed on";
            self.report.note(format_args!("{}: at least {datagrams} datagram{s} dropped: {why}", self.name));
        }
    }

    /// `-i`: nothing has passed for so long.
    pub fn idle(&mut self, time: Duration, undelivered: usize) -> Exit {
        let end = if undelivered == 0 { "." } else { "" };
        self.tell(&format!("Idle timeout expired ({} ms){end}", time.as_millis()), undelivered);
        Exit::Network
    }

    /// It took too little, and held the others up.
    pub fn stalled(&mut self, undelivered: usize) -> Exit {
        self.tell("too slow: dropped, because it held the others up", undelivered);
        Exit::Network
    }

    /// A layer of ours has found its own words for it.
    fn failed(&mut self, error: &io::Error, undelivered: usize) -> Exit {
        let Some(ours) = Error::carried(error) else {
            self.tell(&why(error), undelivered);
            return Exit::Network;
        };
        self.told = true;
        let lost = format!("{} not sent", bytes(undelivered));
        let ours = if undelivered == 0 { ours.clone() } else { ours.clone().and(&lost) };
        self.report.error(&ours);
        ours.exit()
    }

    fn truncated(&self) -> Exit {
        let text = "the stream is truncated: the peer closed without close_notify";
        if self.verify {
            self.report.error(&Error::network(&*self.name, text));
            return Exit::Network;
        }
        self.report.note(format_args!("{}: {text}", self.name));
        Exit::Done
    }

    /// To leave after one's own end is no failure, whoever loses by it; but it is one that this machine could not
    /// write, or that the network is gone.
    fn blame(&self, error: &io::Error) -> Exit {
        if self.end.is_some() && !is_nobodys_decision(error) { Exit::Done } else { Exit::Network }
    }

    fn tell(&mut self, why: &str, lost: usize) {
        self.told = true;
        let why = if lost == 0 { why.to_owned() } else { format!("{why}; {} not delivered", bytes(lost)) };
        self.report.error(&Error::network(&*self.name, why));
    }
}

/// Whether this machine could not write, or the network is gone; the peer has not decided to take no more.
fn is_nobodys_decision(error: &io::Error) -> bool {
    let machine = [Errno::IO, Errno::NOSPC, Errno::NOBUFS, Errno::NOMEM, Errno::DQUOT];
    let network = [Errno::TIMEDOUT, Errno::HOSTUNREACH, Errno::NETUNREACH, Errno::NETDOWN];
    machine.iter().chain(&network).any(|it| error.raw_os_error() == Some(it.raw_os_error()))
        || error.kind() == io::ErrorKind::WriteZero
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: Fate = Fate { exit: Exit::Network, dead: true };
    const LEFT: Fate = Fate { exit: Exit::Done, dead: true };

    fn departure(verify: bool) -> Departure {
        Departure::new("peer".to_owned(), verify, Report::new("rncat", 0, false))
    }

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }

    #[test]
    fn an_orderly_end_is_no_failure_whatever_comes_after_it() {
        let mut peer = departure(false);
        assert_eq!(peer.ended(End::InOrder, 0, Instant::now()), Fate::ALIVE);
        assert_eq!(peer.gone(reset(), 10, false), LEFT);
        assert_eq!(peer.closed(10), Exit::Done);
    }

    #[test]
    fn what_this_machine_could_not_write_is_a_failure_whenever_the_peer_ended() {
        let mut peer = departure(false);
        peer.ended(End::InOrder, 0, Instant::now());
        assert_eq!(peer.gone(Errno::IO.into(), 10, false), NETWORK);
        assert_eq!(departure(false).gone(Errno::NOSPC.into(), 0, true), NETWORK, "there may have been more");
    }

    #[test]
    fn a_failed_write_waits_for_the_end_that_came_before_it() {
        let mut left_in_order = departure(false);
        assert_eq!(left_in_order.gone(io::ErrorKind::BrokenPipe.into(), 10, false), Fate::ALIVE);
        assert_eq!(left_in_order.ended(End::InOrder, 0, Instant::now()), LEFT);
        let mut reset_first = departure(false);
        assert_eq!(reset_first.gone(reset(), 0, false), Fate::ALIVE);
        assert_eq!(reset_first.ended(End::InOrder, 0, Instant::now()), NETWORK);
    }

    #[test]
    fn a_failure_is_told_once() {
        let mut peer = departure(false);
        assert_eq!(peer.ended(End::Failed(reset()), 5, Instant::now()), NETWORK);
        assert!(peer.told);
        assert_eq!(peer.gone(reset(), 5, true), LEFT);
        assert_eq!(peer.closed(5), Exit::Done);
    }

    #[test]
    fn bytes_lost_while_leaving_are_a_failure() {
        assert_eq!(departure(false).gone(reset(), 5, true), NETWORK);
        assert_eq!(departure(false).gone(reset(), 0, true), LEFT);
        assert_eq!(departure(false).closed(5), Exit::Network);
    }

    #[test]
    fn what_a_failed_write_lost_is_told_even_if_no_end_is_ever_read() {
        let mut peer = departure(false);
        assert_eq!(peer.gone(reset(), 5, false), Fate::ALIVE);
        assert_eq!(peer.closed(0), Exit::Network);
        assert!(peer.told);
    }

    #[test]
    fn a_layers_own_error_brings_its_exit_status() {
        let mut peer = departure(false);
        let refused = Error::dialogue("RCPT TO:<x>", "550 nobody").into();
        assert_eq!(peer.ended(End::Failed(refused), 5, Instant::now()), Fate { exit: Exit::Dialogue, dead: true });
        assert_eq!(peer.closed(5), Exit::Done, "it is told once");
    }

    #[test]
    fn a_layer_may_fail_when_it_is_written_to() {
        let refused = || io::Error::from(Error::dialogue("RCPT TO:<x>", "550 nobody"));
        let mut peer = departure(false);
        assert_eq!(peer.gone(refused(), 5, false), Fate::ALIVE, "its end is read first");
        let fate = Fate { exit: Exit::Dialogue, dead: true };
        assert_eq!(peer.ended(End::Failed(refused()), 0, Instant::now()), fate);
        assert_eq!(departure(false).gone(refused(), 5, true), fate);
        let mut left = departure(false);
        left.ended(End::InOrder, 0, Instant::now());
        assert_eq!(left.gone(refused(), 5, false), fate);
    }

    #[test]
    fn what_a_layer_read_last_tells_more_than_a_reset_did() {
        let mut peer = departure(false);
        assert_eq!(peer.gone(reset(), 5, false), Fate::ALIVE);
        let refused = Error::dialogue("POST / HTTP/1.1", "HTTP/1.1 413 Too large").into();
        assert_eq!(peer.ended(End::Failed(refused), 0, Instant::now()), Fate { exit: Exit::Dialogue, dead: true });
    }

    #[test]
    fn a_truncated_stream_is_a_failure_for_those_who_verify() {
        let end = |verify| departure(verify).ended(End::Truncated, 0, Instant::now());
        assert_eq!(end(true), Fate { exit: Exit::Network, dead: false });
        assert_eq!(end(false), Fate::ALIVE);
    }
}
