//! A turn: what one endpoint does when it is its turn. Write what waits, read and pass on,
//! and look whether it can go.

use super::{
    CHUNK, DATAGRAM, Notice, Relay, TURNS,
    closing::Step,
    endpoint::{Drained, Goodbye, Traffic, Writing},
    outbox::Shared,
    pump::{End, Pump, Voice},
};
use crate::{reactor::Reactor, stream::Flow};
use mio::Token;
use std::{io, ops::Range, time::Instant};

impl Relay {
    /// Gives everyone who is queued a turn.
    pub fn work(&mut self, reactor: &mut Reactor) {
        self.now = Some(reactor.now());
        for _ in 0..self.queue.len() {
            let Some(token) = self.queue.pop_front() else { break };
            let Some(endpoint) = self.endpoints.get_mut(&token) else { continue };
            endpoint.queued = false;
            if std::mem::take(&mut endpoint.trouble)
                && endpoint.writing != Writing::Gone
                && let Err(error) = endpoint.stream.broken()
            {
                self.sink_gone(token, error, 0);
            }
            self.keep_time(token, reactor);
            self.drain(token, reactor.now());
            self.lose_patience(token, reactor.now());
            self.pull(token, reactor);
            self.try_again(token, reactor.now());
            self.set_alarm(token, reactor);
            self.see_off(token, reactor);
        }
        self.spread(reactor.now());
        self.crowd.count(self.endpoints.len());
    }

    /// Of a coupled stream, what was read may have made writing possible, and what was written reading.
    fn try_again(&mut self, token: Token, now: Instant) {
        let Some(endpoint) = self.endpoints.get(&token).filter(|it| it.stream.is_coupled()) else { return };
        let sent = endpoint.traffic.sent;
        self.drain(token, now);
        if self.endpoints.get(&token).is_some_and(|it| it.traffic.sent > sent) {
            self.enqueue(token);
        }
    }

    /// Does what the stream has put off until now.
    fn keep_time(&mut self, token: Token, reactor: &Reactor) {
        let Some(endpoint) = self.endpoints.get_mut(&token) else { return };
        let now = reactor.now();
        if endpoint.writing != Writing::Gone && endpoint.stream.deadline().is_some_and(|deadline| deadline <= now) {
            endpoint.may_read = true;
            if let Err(error) = endpoint.stream.timeout(now) {
                return self.sink_gone(token, error, 0);
            }
            self.nudge_sinks(token);
        }
    }

    /// What a coupled stream has decided by the time may be what those that it feeds wait for.
    fn nudge_sinks(&mut self, token: Token) {
        let Some(endpoint) = self.endpoints.get(&token).filter(|it| it.stream.is_coupled()) else { return };
        for sink in endpoint.pump.sinks.clone() {
            if let Some(to) = self.endpoints.get_mut(&sink).filter(|it| it.stream.is_coupled()) {
                to.may_read = true;
                self.enqueue(sink);
            }
        }
    }

    fn set_alarm(&mut self, token: Token, reactor: &mut Reactor) {
        let Some(endpoint) = self.endpoints.get_mut(&token) else { return };
        if let Some(at) = endpoint.due(reactor.now()) {
            endpoint.alarm.set(at, token, reactor);
        }
    }

    /// Writes what waits for `sink`.
    fn drain(&mut self, sink: Token, now: Instant) {
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        if to.writing == Writing::Gone {
            return;
        }
        let sent = to.traffic.sent;
        let drained = to.drain(&mut self.spare, now);
        to.may_read |= to.traffic.sent > sent && to.stream.is_coupled();
        match drained {
            Ok(Drained::HalfClosed) => self.notices.push_back(Notice::Finished(sink)),
            Ok(Drained::Waiting | Drained::Empty) => {}
            Err(error) => return self.sink_gone(sink, error, 0),
        }
        // Room is room in the outbox, whatever a layer behind it still holds.
        if to.is_drained() {
            self.wake_waiting(sink);
        }
    }

    /// Nothing waits for `sink` any more, or nobody cares.
    pub(super) fn wake_waiting(&mut self, sink: Token) {
        self.room.note(sink, false);
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        for source in std::mem::take(&mut to.waiting) {
            if let Some(from) = self.endpoints.get_mut(&source) {
                from.waits = false;
                from.traffic.last_held_up = self.now;
            }
            self.enqueue(source);
        }
    }

    /// Writing has failed; `more` bytes were on their way besides those in the outbox.
    pub(super) fn sink_gone(&mut self, sink: Token, error: io::Error, more: usize) {
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        to.writing = Writing::Gone;
        let lost = to.outbox.discard() + to.stream.undelivered() + more;
        // Reading tells how the peer ended; of datagrams nothing else does.
        (to.may_read, to.bytes_alone) = (true, false);
        self.enqueue(sink);
        self.forget_sources(sink);
        self.wake_waiting(sink);
        self.notices.push_back(Notice::Gone(sink, error, lost));
    }

    /// Reads from `source` and passes on, until it is blocked, a sink is full, or its turns are up.
    fn pull(&mut self, source: Token, reactor: &mut Reactor) {
        for _ in 0..TURNS {
            if !self.has_room(source) {
                return;
            }
            let Some(from) = self.endpoints.get_mut(&source) else { return };
            let mut pump = std::mem::take(&mut from.pump);
            let goes_on = self.pull_once(source, &mut pump, reactor);
            // Those that have gone meanwhile could not take themselves out of a pump that was in use.
            pump.sinks.retain(|sink| self.endpoints.get(sink).is_some_and(|to| to.writing != Writing::Gone));
            let Some(from) = self.endpoints.get_mut(&source) else { return };
            from.pump = pump;
            if from.pump.end.is_some() && !from.pump.holds() {
                let end = from.pump.end.take().unwrap_or(End::InOrder);
                return self.source_ended(source, end);
            }
            if !goes_on {
                return;
            }
        }
        self.enqueue(source);
    }

    /// Rule 2: there is a sink, and every sink has room.
    fn has_room(&mut self, source: Token) -> bool {
        let Some(from) = self.endpoints.get(&source) else { return false };
        if from.pump.discards {
            return !from.ended;
        }
        // Who has nothing to say need not look at thousands of sinks.
        let silent = !from.may_read && !from.pump.holds() && from.pump.end.is_none();
        if silent || from.waits || (from.ended && from.pump.end.is_none()) {
            return false;
        }
        let (sinks, room) = (&from.pump.sinks, from.pump.voice.map(|_| &self.room));
        if sinks.is_empty() && room.is_none_or(|room| !room.hears(source)) {
            return from.pump.voice == Some(Voice::Speaks);
        }
        let full = |sink: &Token| self.endpoints.get(sink).is_some_and(|to| !to.is_drained());
        let full = room.and_then(|room| room.full(source)).or_else(|| sinks.iter().copied().find(full));
        let Some(full) = full else { return true };
        if let Some(to) = self.endpoints.get_mut(&full) {
            to.waiting.push(source);
        }
        if let Some(from) = self.endpoints.get_mut(&source) {
            from.waits = true;
        }
        false
    }

    /// One read, or one line that was held back; false when there is nothing more to do now.
    fn pull_once(&mut self, source: Token, pump: &mut Pump, reactor: &mut Reactor) -> bool {
        let now = reactor.now();
        if pump.holds() {
            if let Some(due) = pump.due()
                && due > now
            {
                reactor.wake_at(due, source);
                return false;
            }
            let line = pump.spacing.as_mut().map(|spacing| spacing.release(now)).unwrap_or_default();
            self.deliver(source, pump, &line, DATAGRAM, now);
            return true;
        }
        if let Some(goes_on) = self.shortcut(source, pump, now) {
            return goes_on;
        }
        let joined = self.may_join(source, pump);
        let Some(from) = self.endpoints.get_mut(&source) else { return false };
        if !from.may_read {
            return false;
        }
        if self.buffer.is_empty() {
            self.buffer = vec![0; CHUNK];
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = if joined { from.stream.read_joined(&mut buffer) } else { from.stream.read(&mut buffer) };
        let cut = if from.stream.is_datagram() { usize::MAX } else { DATAGRAM };
        let goes_on = match read {
            Ok(Flow::Moved(n)) => {
                from.traffic.received += n as u64;
                from.traffic.last_received = Some(now);
                let all = from.bytes_alone && n < CHUNK;
                from.may_read = !all;
                if !pump.discards {
                    let mut work = std::mem::take(&mut self.work);
                    let bytes = pump.filter(buffer.get(..n).unwrap_or_default(), &mut work);
                    self.pass_on(source, pump, bytes, cut, now);
                    self.work = work;
                }
                self.weigh(source, pump, n);
                !all || pump.holds()
            }
            Ok(Flow::Blocked) => {
                from.may_read = false;
                false
            }
            Ok(Flow::Ended) => {
                pump.end = Some(End::InOrder);
                from.ended = true;
                true
            }
            Err(error) => {
                (from.ended, from.failed) = (true, error.kind() != io::ErrorKind::UnexpectedEof);
                pump.end = Some(if from.failed { End::Failed(error) } else { End::Truncated });
                true
            }
        };
        self.buffer = buffer;
        if pump.end.is_some() {
            self.empty_filters(source, pump, now);
        }
        goes_on
    }

    /// Whether `source` gives datagrams, and none that it feeds can tell where one ends.
    fn may_join(&self, source: Token, pump: &Pump) -> bool {
        let hidden = |sink: &Token| self.endpoints.get(sink).is_some_and(|to| to.stream.hides_boundaries());
        self.endpoints.get(&source).is_some_and(|from| from.stream.is_datagram())
            && pump.voice.is_none()
            && pump.sinks.iter().all(hidden)
    }

    /// Passes on what the filters of `source` hold, for nothing more will come.
    pub(super) fn empty_filters(&mut self, source: Token, pump: &mut Pump, now: Instant) {
        let mut work = std::mem::take(&mut self.work);
        let bytes = pump.rest(&mut work);
        // A datagram of nothing would be one.
        if !bytes.is_empty() && !pump.discards {
            self.pass_on(source, pump, bytes, DATAGRAM, now);
        }
        self.work = work;
    }

    fn pass_on(&mut self, source: Token, pump: &mut Pump, bytes: &[u8], cut: usize, now: Instant) {
        match &mut pump.spacing {
            Some(spacing) => spacing.push(bytes),
            None => self.deliver(source, pump, bytes, cut, now),
        }
    }

    /// Gives bytes to all that `source` feeds.
    fn deliver(&mut self, source: Token, pump: &Pump, bytes: &[u8], cut: usize, now: Instant) {
        let mut shared = Shared::new(bytes);
        for sink in &pump.sinks {
            self.deliver_to(*sink, &mut shared, 0..bytes.len(), cut, now);
        }
        if pump.voice.is_some() {
            self.say(source, bytes, cut, now);
        }
    }

    pub(super) fn deliver_to(
        &mut self,
        sink: Token,
        shared: &mut Shared<'_>,
        part: Range<usize>,
        cut: usize,
        now: Instant,
    ) {
        let Some(to) = self.endpoints.get_mut(&sink) else { return };
        if !to.takes() {
            return;
        }
        if let Err((error, rest)) = to.deliver(shared, part, cut, &mut self.spare, now) {
            return self.sink_gone(sink, error, rest);
        }
        let coupled = to.stream.is_coupled();
        to.may_read |= coupled;
        let alarm = to.due(now).is_some_and(|due| !to.alarm.covers(due, now));
        if !to.outbox.is_empty() {
            self.room.note(sink, true);
        }
        if alarm || coupled || to.stream.gathers() {
            // It is set in its turn; the sink may have an answer, or sends then what it holds.
            self.enqueue(sink);
        }
    }

    fn source_ended(&mut self, source: Token, end: End) {
        if matches!(end, End::Failed(_))
            && let Some(from) = self.endpoints.get(&source)
        {
            for sink in from.pump.sinks.clone() {
                if let Some(to) = self.endpoints.get_mut(&sink) {
                    to.cut_short |= to.mirrors;
                }
            }
        }
        self.leave_sinks(source);
        self.notices.push_back(Notice::Ended(source, end));
    }

    /// Rule 3: `source` feeds nobody any more.
    pub(super) fn leave_sinks(&mut self, source: Token) {
        let Some(from) = self.endpoints.get_mut(&source) else { return };
        for sink in std::mem::take(&mut from.pump.sinks) {
            let Some(to) = self.endpoints.get_mut(&sink) else { continue };
            to.fed_by.remove(&source);
            if to.fed_by.is_empty() && !to.held_open {
                self.say_goodbye(sink, Goodbye::HalfClose);
            }
        }
    }

    /// Looks whether an endpoint that is being closed can go.
    fn see_off(&mut self, token: Token, reactor: &mut Reactor) {
        let Some(endpoint) = self.endpoints.get_mut(&token) else { return };
        let Some(mut closing) = endpoint.closing.take() else { return };
        let hung_up = matches!(endpoint.writing, Writing::Finished(Goodbye::HangUp) | Writing::Gone);
        let dead = endpoint.failed || endpoint.writing == Writing::Gone;
        let left = endpoint.undelivered();
        let step = if dead { Step::GiveUp } else { closing.step(left, hung_up, reactor.now()) };
        match step {
            Step::LookAgain(at) => {
                endpoint.closing = Some(closing);
                at.into_iter().for_each(|at| reactor.wake_at(at, token));
            }
            Step::Done | Step::GiveUp => {
                // A write that failed has told already what was lost.
                let told = endpoint.writing == Writing::Gone;
                let traffic = Traffic { dropped: endpoint.stream.dropped(), ..endpoint.traffic };
                if !endpoint.outbox.is_empty() || endpoint.cut_short {
                    endpoint.stream.break_off();
                }
                self.endpoints.remove(&token);
                self.notices.push_back(Notice::Closed(token, if told { 0 } else { left }, traffic));
            }
        }
    }
}
