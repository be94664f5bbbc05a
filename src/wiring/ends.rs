//! The table of ends: given how things stand with one peer, stay, half-close, or leave.
//!
//! No I/O and no clock of its own, so that each row is a test. The man page publishes the table.

use crate::cli::config::Quit;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// A server that answers something is silent for so long once it has said all: half-closing
/// earlier makes many drop the reply, or the mail.
pub const SILENCE: Duration = Duration::from_millis(500);

/// After the peer's end, how long a stdin that never gave a byte is waited for …
pub const NEVER_SPOKE: Duration = Duration::from_millis(250);

/// … and one that has given some, since the last of them.
pub const FELL_SILENT: Duration = Duration::from_secs(5);

/// What holds for a whole run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// stdin is a terminal.
    pub terminal: bool,
    /// stdin is never read: `--recv-only`, or a listener's /dev/null.
    pub nothing_to_say: bool,
    /// `--send-only`.
    pub send_only: bool,
    /// What is sent waits for replies; so does the half-close, for the last of them.
    pub paced: bool,
    /// Half-closing is up to [`decide`]: connect mode without `--no-shutdown`.
    pub half_closes: bool,
    /// `-k` in connect mode.
    pub outlast_peer: bool,
    /// `-q`.
    pub quit: Quit,
    /// `-i`.
    pub idle: Option<Duration>,
}

/// How things stand with one peer.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// The time.
    pub now: Instant,
    /// When the peer came.
    pub joined: Instant,
    /// When stdin ended, if it has.
    pub stdin_end: Option<Instant>,
    /// When stdin last gave bytes, if ever.
    pub typed: Option<Instant>,
    /// When the peer ended, or stdout's reader went away.
    pub peer_end: Option<Instant>,
    /// When the peer last sent bytes.
    pub heard: Option<Instant>,
    /// When it last took some.
    pub taken: Option<Instant>,
    /// When it was last seen waiting for somebody else, which is nobody's silence.
    pub held_up: Option<Instant>,
    /// Nothing waits for it.
    pub drained: bool,
    /// It has been half-closed.
    pub half_closed: bool,
    /// Nothing tells of its end, nor of ours.
    pub datagram: bool,
    /// The other end may take a FIN for the end of both directions.
    pub conversation: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, until something happens or this time has come.
    Stay(Option<Instant>),
    /// Half-close.
    HalfClose,
    /// Leave, and why.
    Leave(Why),
}

/// Why to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The peer has ended, and stdin has nothing more for it.
    PeerEnded,
    /// The peer has ended, and stdin, though open, has been silent.
    StdinSilent,
    /// `--send-only`, and stdin has ended.
    AllSent,
    /// `-q`.
    Quit,
    /// `-i`.
    Idle,
    /// It took too little, and held the others up.
    Stalled,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PeerEnded => "the peer has ended",
            Self::StdinSilent => "the peer has ended, stdin is silent",
            Self::AllSent => "all was sent",
            Self::Quit => "stdin has ended, and the time after it is up",
            Self::Idle => "idle for too long",
            Self::Stalled => "too slow",
        })
    }
}

/// The table.
#[must_use]
pub fn decide(rules: &Rules, it: &Situation) -> Decision {
    let timers = [
        (Why::Idle, rules.idle.and_then(|idle| it.active().checked_add(idle))),
        (Why::Quit, rules.quit.after().and_then(|time| it.stdin_end?.checked_add(time)).filter(|_| !it.datagram)),
    ];
    for (why, at) in timers {
        if at.is_some_and(|at| at <= it.now) {
            return Decision::Leave(why);
        }
    }
    let decision = match (it.peer_end, it.stdin_end) {
        (_, Some(_)) if rules.send_only && (it.half_closed || !rules.paced || !rules.half_closes) => {
            Decision::Leave(Why::AllSent)
        }
        (Some(end), _) => after_the_peer(rules, it, end),
        (None, Some(end)) if it.datagram => after_stdin(rules, it, end),
        (None, Some(end)) if rules.half_closes && !it.half_closed => half_close(it, end),
        (None, _) => Decision::Stay(None),
    };
    match decision {
        Decision::Stay(until) => Decision::Stay(timers.into_iter().filter_map(|(_, at)| at).chain(until).min()),
        other => other,
    }
}

/// The peer has ended, or nobody reads what it sends.
fn after_the_peer(rules: &Rules, it: &Situation, end: Instant) -> Decision {
    if rules.terminal && !rules.outlast_peer {
        return Decision::Leave(Why::PeerEnded);
    }
    let look_again = || it.now.checked_add(NEVER_SPOKE);
    if it.stdin_end.is_some() || rules.nothing_to_say {
        return if it.drained { Decision::Leave(Why::PeerEnded) } else { Decision::Stay(look_again()) };
    }
    if rules.outlast_peer {
        return Decision::Stay(None);
    }
    if !it.drained {
        // It is the peer who keeps us waiting, not stdin.
        return Decision::Stay(look_again());
    }
    let at = match it.typed {
        None => end + NEVER_SPOKE,
        Some(typed) => end.max(typed).max(it.taken.unwrap_or(typed)) + FELL_SILENT,
    };
    if at <= it.now { Decision::Leave(Why::StdinSilent) } else { Decision::Stay(Some(at)) }
}

/// Datagrams have no end: who has said all waits for the answers, as long as they keep coming.
fn after_stdin(rules: &Rules, it: &Situation, end: Instant) -> Decision {
    let patience = match rules.quit {
        Quit::After(time) => Some(time),
        Quit::WithPeer if rules.half_closes => Some(SILENCE),
        Quit::WithPeer | Quit::Never => None,
    };
    let last = [it.heard, it.taken, it.held_up].into_iter().flatten().fold(end, Instant::max);
    match patience.and_then(|time| last.checked_add(time)) {
        Some(at) if at <= it.now && it.drained => Decision::Leave(Why::Quit),
        Some(at) => Decision::Stay(Some(at.max(it.now + SILENCE / 10))),
        None => Decision::Stay(None),
    }
}

fn half_close(it: &Situation, stdin_end: Instant) -> Decision {
    if !it.conversation {
        return Decision::HalfClose;
    }
    let last = [it.heard, it.taken, it.held_up].into_iter().flatten().fold(stdin_end, Instant::max);
    let at = last + SILENCE;
    if at <= it.now && it.drained { Decision::HalfClose } else { Decision::Stay(Some(at.max(it.now + SILENCE / 10))) }
}

impl Situation {
    fn active(&self) -> Instant {
        active(self.joined, [self.heard, self.taken, self.held_up])
    }
}

/// Since when a peer has been silent: it came, sent bytes, took some, or was last held up, whichever is latest.
#[must_use]
pub fn active(joined: Instant, since: [Option<Instant>; 3]) -> Instant {
    since.into_iter().flatten().fold(joined, Instant::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(10);

    fn at(joined: Instant, now: Duration) -> Situation {
        Situation {
            now: joined + now,
            joined,
            stdin_end: None,
            typed: None,
            peer_end: None,
            heard: None,
            taken: None,
            held_up: None,
            drained: true,
            half_closed: false,
            datagram: false,
            conversation: false,
        }
    }

    #[test]
    fn stdin_ends_so_the_peer_is_half_closed_and_waited_for() {
        let t = Instant::now();
        let rules = Rules { half_closes: true, ..Rules::default() };
        let ended = Situation { stdin_end: Some(t), ..at(t, TICK) };
        assert_eq!(decide(&rules, &ended), Decision::HalfClose);
        assert_eq!(decide(&rules, &Situation { half_closed: true, ..ended }), Decision::Stay(None));
        assert_eq!(decide(&Rules { half_closes: false, ..rules }, &ended), Decision::Stay(None), "--no-shutdown");
    }

    #[test]
    fn in_a_conversation_the_half_close_waits_for_silence() {
        let t = Instant::now();
        let rules = Rules { half_closes: true, ..Rules::default() };
        let talk =
            |now, heard| Situation { stdin_end: Some(t), heard: Some(t + heard), conversation: true, ..at(t, now) };
        assert_eq!(decide(&rules, &talk(TICK * 40, TICK * 30)), Decision::Stay(Some(t + TICK * 80)));
        assert_eq!(decide(&rules, &talk(TICK * 80, TICK * 30)), Decision::HalfClose);
        let held_up = Situation { held_up: Some(t + TICK * 80), ..talk(TICK * 80, TICK * 30) };
        assert_eq!(decide(&rules, &held_up), Decision::Stay(Some(t + TICK * 130)), "it may be in mid-sentence");
        let stalled = Situation { drained: false, ..talk(TICK * 80, TICK * 30) };
        assert!(matches!(decide(&rules, &stalled), Decision::Stay(Some(_))));
    }

    #[test]
    fn the_peer_ends_and_a_terminal_leaves_at_once() {
        let t = Instant::now();
        let ended = Situation { peer_end: Some(t), typed: Some(t), ..at(t, TICK) };
        let rules = Rules { terminal: true, ..Rules::default() };
        assert_eq!(decide(&rules, &ended), Decision::Leave(Why::PeerEnded));
        assert_eq!(decide(&Rules { outlast_peer: true, ..rules }, &ended), Decision::Stay(None));
    }

    #[test]
    fn the_peer_ends_and_a_pipe_is_given_time() {
        let t = Instant::now();
        let rules = Rules::default();
        let mute = |now| Situation { peer_end: Some(t), ..at(t, now) };
        assert_eq!(decide(&rules, &mute(TICK)), Decision::Stay(Some(t + NEVER_SPOKE)));
        assert_eq!(decide(&rules, &mute(NEVER_SPOKE)), Decision::Leave(Why::StdinSilent));
        let spoke = |now| Situation { typed: Some(t + TICK), ..mute(now) };
        assert_eq!(decide(&rules, &spoke(NEVER_SPOKE)), Decision::Stay(Some(t + TICK + FELL_SILENT)));
        assert_eq!(decide(&rules, &spoke(FELL_SILENT + TICK)), Decision::Leave(Why::StdinSilent));
        let kept_waiting = Situation { drained: false, ..spoke(FELL_SILENT * 2) };
        assert!(matches!(decide(&rules, &kept_waiting), Decision::Stay(Some(_))));
        let outlast = Rules { outlast_peer: true, ..rules };
        assert_eq!(decide(&outlast, &mute(FELL_SILENT)), Decision::Stay(None));
    }

    #[test]
    fn both_ends_mean_leaving() {
        let t = Instant::now();
        let both = Situation { peer_end: Some(t), stdin_end: Some(t), ..at(t, TICK) };
        assert_eq!(decide(&Rules::default(), &both), Decision::Leave(Why::PeerEnded));
        let held = Situation { drained: false, ..both };
        assert!(matches!(decide(&Rules::default(), &held), Decision::Stay(Some(_))));
        let mute = Situation { peer_end: Some(t), ..at(t, TICK) };
        let rules = Rules { nothing_to_say: true, ..Rules::default() };
        assert_eq!(decide(&rules, &mute), Decision::Leave(Why::PeerEnded));
    }

    #[test]
    fn send_only_leaves_when_stdin_ends() {
        let t = Instant::now();
        let rules = Rules { send_only: true, half_closes: true, ..Rules::default() };
        assert_eq!(decide(&rules, &at(t, TICK)), Decision::Stay(None));
        assert_eq!(decide(&rules, &Situation { stdin_end: Some(t), ..at(t, TICK) }), Decision::Leave(Why::AllSent));
    }

    #[test]
    fn send_only_waits_for_the_last_reply_where_replies_are_awaited() {
        let t = Instant::now();
        let rules = Rules { send_only: true, half_closes: true, paced: true, ..Rules::default() };
        let ended = Situation { stdin_end: Some(t), ..at(t, TICK) };
        assert_eq!(decide(&rules, &ended), Decision::HalfClose);
        let half_closed = Situation { half_closed: true, ..ended };
        assert_eq!(decide(&rules, &half_closed), Decision::Leave(Why::AllSent));
        assert_eq!(decide(&Rules { half_closes: false, ..rules }, &ended), Decision::Leave(Why::AllSent));
    }

    #[test]
    fn over_datagrams_leaving_waits_for_the_last_answer() {
        let t = Instant::now();
        let rules = Rules { half_closes: true, ..Rules::default() };
        let ended = |now| Situation { stdin_end: Some(t), heard: Some(t + TICK * 30), datagram: true, ..at(t, now) };
        assert_eq!(decide(&rules, &ended(TICK * 40)), Decision::Stay(Some(t + TICK * 80)));
        assert_eq!(decide(&rules, &ended(TICK * 80)), Decision::Leave(Why::Quit));
        let quick = Rules { quit: Quit::After(TICK * 20), ..rules };
        assert_eq!(decide(&quick, &ended(TICK * 50)), Decision::Leave(Why::Quit));
        assert_eq!(decide(&Rules { quit: Quit::Never, ..rules }, &ended(SILENCE * 9)), Decision::Stay(None));
        assert_eq!(decide(&Rules::default(), &ended(SILENCE * 9)), Decision::Stay(None), "a listener stays");
    }

    #[test]
    fn timers() {
        let t = Instant::now();
        let rules = Rules { idle: Some(TICK * 10), quit: Quit::After(TICK * 5), ..Rules::default() };
        assert_eq!(decide(&rules, &at(t, TICK)), Decision::Stay(Some(t + TICK * 10)));
        assert_eq!(decide(&rules, &at(t, TICK * 10)), Decision::Leave(Why::Idle));
        let heard = Situation { heard: Some(t + TICK * 9), ..at(t, TICK * 10) };
        assert_eq!(decide(&rules, &heard), Decision::Stay(Some(t + TICK * 19)));
        let held_up = Situation { held_up: Some(t + TICK * 10), ..at(t, TICK * 10) };
        assert_eq!(decide(&rules, &held_up), Decision::Stay(Some(t + TICK * 20)), "others kept it waiting");
        let ended = |now| Situation { stdin_end: Some(t), ..at(t, now) };
        assert_eq!(decide(&rules, &ended(TICK)), Decision::Stay(Some(t + TICK * 5)));
        assert_eq!(decide(&rules, &ended(TICK * 5)), Decision::Leave(Why::Quit));
    }
}
