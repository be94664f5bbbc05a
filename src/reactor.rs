//! The one `Poll`, the one clock, and the tokens.
//!
//! It knows neither connections nor modes: whoever waits asks for a token, registers under it,
//! and says until when at most. A token is never used twice, so an event that comes late finds
//! nobody instead of somebody else.

use crate::{
    clock,
    error::{Error, Result, why},
    signals::{Questions, Signal, Signals},
};
use mio::{Events, Poll, Registry, Token, Waker, event::Event};
use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasherDefault, Hasher},
    io,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;

/// What has become possible.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// Reading, or finding out why not.
    pub read: bool,
    /// Writing.
    pub write: bool,
    /// Something is wrong with one direction; which, the stream tells.
    pub trouble: bool,
    /// What there is to read is bytes alone, as far as the kernel knew: no end, no trouble, nothing urgent.
    pub bytes_alone: bool,
}

impl Ready {
    /// Reading is worth a try.
    pub const READ: Self = Self { read: true, write: false, trouble: false, bytes_alone: false };
    /// Writing is.
    pub const WRITE: Self = Self { read: false, write: true, trouble: false, bytes_alone: false };
}

impl From<&Event> for Ready {
    fn from(event: &Event) -> Self {
        let trouble = event.is_error() || event.is_write_closed();
        Self {
            read: event.is_readable() || event.is_read_closed() || trouble,
            write: event.is_writable() || trouble,
            trouble,
            bytes_alone: !(event.is_read_closed() || event.is_priority() || trouble),
        }
    }
}

/// What is known of each of those who have a token.
pub type ByToken<T> = HashMap<Token, T, BuildHasherDefault<Counted>>;

/// Spreads tokens over a table. They are counted by us, so nobody can choose some that collide.
#[derive(Debug, Default)]
pub struct Counted(u64);

/// See the module's description.
#[derive(Debug)]
pub struct Reactor {
    poll: Poll,
    events: Events,
    next_token: usize,
    alarms: BTreeSet<(Instant, Token)>,
    nudged: Vec<(Token, Ready)>,
    now: Instant,
    /// Made when the first helper thread is.
    helpers: Option<Helpers>,
    signals: Option<Signals>,
    questions: Option<Questions>,
}

/// The alarm of somebody whose deadline moves with all that happens: there is one at a time, however
/// often the deadline changes.
#[derive(Debug, Default)]
pub struct Alarm(Option<Instant>);

/// The way by which helper threads wake the loop.
#[derive(Debug)]
struct Helpers {
    waker: Arc<Waker>,
    done: Sender<Token>,
    all_done: Receiver<Token>,
}

impl Reactor {
    /// # Errors
    /// When the system has no event queue to give.
    pub fn new() -> Result<Self> {
        let poll = Poll::new().map_err(|error| Error::usage("event queue", why(&error)))?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            next_token: 0,
            alarms: BTreeSet::new(),
            nudged: Vec::new(),
            now: clock::now(),
            helpers: None,
            signals: None,
            questions: None,
        })
    }

    /// Something for a helper thread to call when it is done: it sets off an alarm for `token`.
    ///
    /// # Errors
    /// When the system has no descriptor for it.
    pub fn helper(&mut self, token: Token) -> Result<impl FnOnce() + Send + 'static> {
        if self.helpers.is_none() {
            let token = self.token();
            let waker = Waker::new(self.poll.registry(), token);
            let waker = Arc::new(waker.map_err(|error| Error::usage("helper thread", why(&error)))?);
            let (done, all_done) = channel();
            self.helpers = Some(Helpers { waker, done, all_done });
        }
        let helpers = self.helpers.as_ref().map(|helpers| (helpers.done.clone(), Arc::clone(&helpers.waker)));
        Ok(move || {
            if let Some((done, waker)) = helpers {
                // A loop that has ended meanwhile misses nothing.
                let _ = done.send(token);
                let _ = waker.wake();
            }
        })
    }

    /// From now on, SIGINT, SIGTERM and SIGHUP do not end the program at once but in order: what has
    /// been dropped by its end has cleaned up after itself. For those who have something to clean up.
    ///
    /// # Errors
    /// When the system has no descriptors for it.
    pub fn catch_signals(&mut self) -> Result<()> {
        if self.signals.is_none() {
            let token = self.token();
            self.signals = Some(Signals::catch(self.poll.registry(), token)?);
        }
        Ok(())
    }

    /// The signal that has come, if one is [caught](Self::catch_signals) and has.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.signals.as_ref()?.received()
    }

    /// From now on, SIGUSR1 (and SIGINFO) ask how far it is, instead of ending the program.
    ///
    /// # Errors
    /// When the system has no descriptors for it.
    pub fn catch_questions(&mut self) -> Result<()> {
        let token = self.token();
        self.questions = Some(Questions::catch(self.poll.registry(), token)?);
        Ok(())
    }

    /// Whether a signal has asked how far it is since this was last called.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.questions.as_ref().is_some_and(Questions::asked)
    }

    /// A token that nobody has had before.
    pub fn token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }

    /// Where sources of events are registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// The time, as of the last [`Reactor::wait`] or [`Reactor::tick`].
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Looks at the clock again, after something that may have taken a while.
    pub fn tick(&mut self) {
        self.now = clock::now();
    }

    /// Makes up that so much time has passed.
    #[cfg(test)]
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Has `token` among the alarms of the first round at or after `at`. Alarms are not taken
    /// back: who is woken looks whether there is still a reason. The same alarm twice is one.
    pub fn wake_at(&mut self, at: Instant, token: Token) {
        self.alarms.insert((at, token));
    }

    /// [`Reactor::wake_at`], counted from now.
    pub fn wake_in(&mut self, time: Duration, token: Token) {
        // A time too far away to be counted is never.
        if let Some(at) = self.now.checked_add(time) {
            self.wake_at(at, token);
        }
    }

    /// Has an event for `token` in the next round, on behalf of a source that is not the kernel:
    /// a socket that many peers share, or a layer that has something left.
    pub fn nudge(&mut self, token: Token, ready: Ready) {
        self.nudged.push((token, ready));
    }

    /// Waits for events or the next alarm (not at all if `busy`) and puts them into the two lists.
    ///
    /// # Errors
    /// When the system's event queue fails.
    pub fn wait(&mut self, busy: bool, events: &mut Vec<(Token, Ready)>, alarms: &mut Vec<Token>) -> Result<()> {
        let until = self.alarms.first().map(|(at, _)| at.saturating_duration_since(clock::now()));
        let time = if busy || !self.nudged.is_empty() { Some(Duration::ZERO) } else { until };
        events.clear();
        self.poll(time, events)?;
        self.now = clock::now();
        events.append(&mut self.nudged);
        alarms.clear();
        while let Some((at, token)) = self.alarms.pop_first() {
            if at > self.now {
                self.alarms.insert((at, token));
                break;
            }
            alarms.push(token);
        }
        if let Some(helpers) = &self.helpers {
            alarms.extend(helpers.all_done.try_iter());
        }
        Ok(())
    }

    /// Waits for events, for so long at most.
    fn poll(&mut self, time: Option<Duration>, events: &mut Vec<(Token, Ready)>) -> Result<()> {
        #[cfg(test)]
        if crate::simulation::now().is_some() {
            return crate::simulation::wait(time, events);
        }
        match self.poll.poll(&mut self.events, time) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(Error::usage("wait for events", why(&error)));
            }
            _ => {}
        }
        events.extend(self.events.iter().map(|event| (event.token(), Ready::from(event))));
        Ok(())
    }
}

impl Hasher for Counted {
    fn finish(&self) -> u64 {
        // A table takes its place from the low bits, and looks at the high ones before it compares.
        self.0.rotate_left(32)
    }

    fn write_usize(&mut self, number: usize) {
        // 2⁶⁴ divided by the golden ratio: neighbours are far apart (Knuth, volume 3, 6.4).
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }
}

impl Alarm {
    /// Has `token` woken by `at`. One that is set for earlier will do: whoever is woken then looks
    /// again, and sets the next.
    pub fn set(&mut self, at: Instant, token: Token, reactor: &mut Reactor) {
        if !self.covers(at, reactor.now()) {
            self.0 = Some(at);
            reactor.wake_at(at, token);
        }
    }

    /// Whether it is set for `at` or earlier, and has not gone off.
    #[must_use]
    pub fn covers(&self, at: Instant, now: Instant) -> bool {
        self.0.is_some_and(|set| now < set && set <= at)
    }
}

/// Raises the limit of open descriptors as far as the system allows; where it does not, that is
/// noticed when it comes to it. Commands inherit it, so not for those who run any: to lower it for them
/// alone, something would have to run between fork(2) and exec(2).
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_come_in_order_and_not_early() -> Result<()> {
        let mut reactor = Reactor::new()?;
        let (late, soon) = (reactor.token(), reactor.token());
        let begun = Instant::now();
        reactor.wake_at(begun + Duration::from_millis(20), late);
        reactor.wake_at(begun + Duration::from_millis(5), soon);
        let (mut events, mut alarms, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        while seen.len() < 2 {
            reactor.wait(false, &mut events, &mut alarms)?;
            seen.append(&mut alarms);
        }
        assert_eq!(seen, [soon, late]);
        assert!(begun.elapsed() >= Duration::from_millis(20));
        Ok(())
    }

    #[test]
    fn tokens_are_spread_over_a_table_whichever_of_them_are_in_it() {
        use std::hash::BuildHasher;
        let hasher = BuildHasherDefault::<Counted>::default();
        for stride in 1..100 {
            let (mut low, mut high) = ([0; 1024], [0; 128]);
            for token in (1..=1024).map(|number| Token(number * stride)) {
                let hash = hasher.hash_one(token);
                low[hash as usize % 1024] += 1;
                high[(hash >> 57) as usize] += 1;
            }
            assert!(low.iter().all(|count| *count < 16), "stride {stride}: {:?}", low.iter().max());
            assert!(high.iter().all(|count| *count < 128), "stride {stride}: {:?}", high.iter().max());
        }
    }

    #[test]
    fn a_deadline_that_moves_costs_one_alarm() -> Result<()> {
        let mut reactor = Reactor::new()?;
        let (token, mut alarm, now) = (reactor.token(), Alarm::default(), reactor.now());
        for later in 1..100 {
            alarm.set(now + Duration::from_secs(later), token, &mut reactor);
        }
        assert_eq!(reactor.alarms.len(), 1);
        alarm.set(now + Duration::from_millis(1), token, &mut reactor);
        assert_eq!(reactor.alarms.len(), 2, "a sooner one is set besides");
        let (mut events, mut alarms) = (Vec::new(), Vec::new());
        while alarms.is_empty() {
            reactor.wait(false, &mut events, &mut alarms)?;
        }
        alarm.set(now + Duration::from_secs(100), token, &mut reactor);
        assert_eq!(reactor.alarms.len(), 2, "and the next when that has gone off");
        Ok(())
    }
}
