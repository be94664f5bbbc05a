//! stdin and stdout, joined to the peer, or to all clients of `-l -k`.

mod lines;
mod shown;

use super::{
    Context, Totals, Wiring, bytes,
    departure::{Departure, Fate},
    ends::{Decision, Rules, Situation, Why, decide},
    worse,
};
use crate::{
    cli::config::{Config, Console as Settings, Direction, Mode},
    error::{Error, Exit, Result, why},
    filter::watch::Watch,
    opening::{Failed, Peer, upgrade::Handle},
    ports,
    proto::evidence::{Evidence, Side},
    reactor::{self, Alarm, ByToken},
    relay::{End, Notice, Patience},
    transport::stdio::{self, Kind},
};
use mio::Token;
use shown::Showing;
use std::{
    io,
    rc::Rc,
    time::{Duration, Instant},
};

/// A client over TLS or through a proxy that has sent no more than this may be in a conversation, in bytes.
const SHORT_TALK: u64 = 64 * 1024;

/// How long a peer that takes nothing more may delay leaving.
const STUCK_PEER: Patience = Patience::For(Duration::from_secs(5));

/// … where the user sees that the peer has left, and wants to as well.
const AT_ONCE: Patience = Patience::For(Duration::from_millis(100));

/// See the module's description.
pub struct Console {
    rules: Rules,
    settings: Settings,
    connects: bool,
    keeps_open: bool,
    /// `--stall-timeout`.
    stall: Duration,
    /// Many proxies take a FIN for the end of both directions.
    proxied: bool,
    verify: bool,
    mail_port: bool,
    evidence: Rc<Evidence>,
    showing: Showing,
    token: Token,
    peers: ByToken<Box<State>>,
    stdin_end: Option<Instant>,
    /// Since when nobody reads stdout.
    deaf: Option<Instant>,
    /// All that came has been written, and stdout closed.
    stdout_done: bool,
    /// Somebody has been here.
    served: bool,
    /// `-q`'s time is up.
    quits: bool,
    exit: Exit,
    outcome: Option<Exit>,
}

/// What is known of one peer.
struct State {
    departure: Departure,
    tls: bool,
    upgrade: Option<Rc<Handle>>,
    datagram: bool,
    joined: Instant,
    half_closed: bool,
    leaving: Option<Why>,
    alarm: Alarm,
}

impl Console {
    /// Takes stdin and stdout.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn new(config: &Config, settings: &Settings, context: &mut Context<'_>) -> Result<Self> {
        let proxied = matches!(&config.mode, Mode::Connect(connect) if !connect.proxies.is_empty());
        let keeps_open = config.mode.keeps_open();
        let (connects, port) = match &config.mode {
            Mode::Connect(connect) => (true, connect.to.port()),
            Mode::Listen(listen) => (false, listen.on.port()),
        };
        let kind = stdio::stdin_kind();
        let nothing_to_say = settings.direction == Direction::RecvOnly || (kind == Kind::Null && !connects);
        let rules = Rules {
            terminal: kind == Kind::Terminal,
            nothing_to_say,
            send_only: settings.direction == Direction::SendOnly,
            paced: config.pace.is_some(),
            half_closes: connects && settings.shutdown,
            outlast_peer: settings.outlast_peer,
            quit: settings.quit,
            idle: config.idle,
        };
        let evidence = Rc::new(Evidence::new(if connects { Side::Client } else { Side::Server }, context.report));
        let token = context.reactor.token();
        let mut stream = stdio::open(!nothing_to_say)?;
        stream
            .register(context.reactor.registry(), token)
            .map_err(|error| Error::usage("stdin and stdout", why(&error)))?;
        context.relay.add(token, stream);
        if keeps_open {
            reactor::raise_descriptor_limit();
            // More clients may come, whatever the present ones do.
            context.relay.hold_open(token);
        }
        let console = Self {
            rules,
            settings: settings.clone(),
            connects,
            keeps_open,
            proxied,
            stall: config.mode.stall(),
            verify: config.verifies(),
            mail_port: ports::is_mail(port),
            showing: Showing::new(config, settings),
            evidence,
            token,
            peers: ByToken::default(),
            stdin_end: None,
            deaf: None,
            stdout_done: false,
            served: false,
            quits: false,
            exit: Exit::Done,
            outcome: None,
        };
        console.add_filters(port, context);
        Ok(console)
    }

    /// Looks at the table of ends, for one peer.
    fn review(&mut self, token: Token, context: &mut Context<'_>) {
        let deaf = self.deaf.filter(|_| !self.keeps_open || self.stdin_is_over());
        let Some(peer) = self.peers.get_mut(&token).filter(|peer| peer.leaving.is_none()) else { return };
        let (relay, now) = (&mut *context.relay, context.reactor.now());
        let (us, them) = (relay.traffic(self.token), relay.traffic(token));
        // It may wait for room in our stdout; and for stdin, which another client holds back.
        let for_stdin = relay.held_up(self.token, now).filter(|_| relay.is_drained(token));
        let mail = self.mail_port || self.evidence.is_mail();
        let tls = peer.tls || peer.upgrade.as_ref().is_some_and(|upgrade| upgrade.is_encrypted());
        let situation = Situation {
            now,
            joined: peer.joined,
            stdin_end: self.stdin_end,
            typed: us.last_received,
            // A reader that went away before the peer came is missed from then on.
            peer_end: [peer.departure.end(), deaf.map(|deaf| deaf.max(peer.joined))].into_iter().flatten().min(),
            heard: them.last_received,
            taken: them.last_sent,
            held_up: relay.held_up(token, now).max(for_stdin),
            drained: relay.is_drained(token) && !relay.has_spaced(self.token),
            half_closed: peer.half_closed,
            datagram: peer.datagram,
            conversation: self.connects
                && !self.rules.paced
                && (mail || ((tls || self.proxied) && them.sent <= SHORT_TALK)),
        };
        match decide(&self.rules, &situation) {
            Decision::Stay(None) => {}
            Decision::Stay(Some(until)) => {
                let name = peer.departure.name();
                context.report.detail(2, format_args!("{name}: a timer is set to {:.0?}.", until - now));
                peer.alarm.set(until, token, context.reactor);
            }
            Decision::HalfClose => relay.finish(token),
            Decision::Leave(why) => self.leave(token, why, context),
        }
    }

    fn leave(&mut self, token: Token, why: Why, context: &mut Context<'_>) {
        let Some(peer) = self.peers.get_mut(&token) else { return };
        peer.leaving = Some(why);
        let patience = match why {
            // One that takes nothing any more is not all that is waited for.
            Why::AllSent | Why::PeerEnded if self.keeps_open => Patience::For(self.rules.idle.unwrap_or(self.stall)),
            Why::AllSent | Why::PeerEnded if !self.rules.terminal => {
                self.rules.idle.map_or(Patience::Endless, Patience::For)
            }
            Why::AllSent => Patience::Endless,
            Why::PeerEnded => AT_ONCE,
            Why::StdinSilent | Why::Quit => STUCK_PEER,
            Why::Idle | Why::Stalled => Patience::For(Duration::ZERO),
        };
        let name = peer.departure.name();
        match why {
            Why::Idle => {
                let exit = peer.departure.idle(self.rules.idle.unwrap_or_default(), context.relay.undelivered(token));
                self.blame(exit);
            }
            // Only clients of -k can be, and their failures are their own.
            Why::Stalled => _ = peer.departure.stalled(context.relay.undelivered(token)),
            Why::StdinSilent if peer.departure.end().is_some() && !self.keeps_open => {
                context.report.note(format_args!("{name} has ended; leaving, though stdin is still open"));
            }
            _ => context.report.detail(2, format_args!("{name}: leaving: {why}.")),
        }
        context.relay.close(token, patience, context.reactor.now());
    }

    /// One client's failure is not the program's, where others come and go.
    fn blame(&mut self, exit: Exit) {
        if !self.keeps_open {
            self.exit = worse(self.exit, exit);
        }
    }

    fn settle(&mut self, token: Token, fate: Fate, context: &mut Context<'_>) {
        self.blame(fate.exit);
        let Some(peer) = self.peers.get_mut(&token) else { return };
        if !fate.dead {
            self.review(token, context);
        } else if peer.leaving.is_none() {
            peer.leaving = Some(Why::PeerEnded);
            context.relay.close(token, Patience::For(Duration::ZERO), context.reactor.now());
        }
    }

    /// Lines that `-d` has kept waiting for a peer that is no more.
    fn discard_spaced(&self, context: &mut Context<'_>) -> usize {
        if self.keeps_open { 0 } else { context.relay.discard_spaced(self.token) }
    }

    /// Nothing will be read from stdin any more, or nothing that would be waited for.
    fn stdin_is_over(&self) -> bool {
        self.stdin_end.is_some() || self.rules.terminal || self.rules.nothing_to_say
    }

    /// Looks whether the program has come to its end, now that nobody is there.
    fn review_end(&mut self, context: &mut Context<'_>) {
        if !self.peers.is_empty() || self.outcome.is_some() {
            return;
        }
        let of_no_use = self.deaf.is_some() && self.stdin_is_over();
        let sent_all = self.rules.send_only && self.stdin_end.is_some();
        let over = self.quits || if self.keeps_open { sent_all || of_no_use } else { self.served };
        if over && (self.stdout_done || self.deaf.is_some()) {
            self.outcome = Some(self.exit);
        } else if over {
            // What has arrived is written first.
            context.relay.finish(self.token);
        }
    }

    /// stdin or stdout have something to say.
    fn console_noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(_, end) => {
                if let End::Failed(error) = end {
                    context.report.error(&Error::usage("read stdin", why(&error)));
                    self.exit = Exit::Usage;
                }
                self.stdin_end = Some(context.reactor.now());
                context.report.detail(2, "stdin has ended.");
                if let Some(time) = self.rules.quit.after() {
                    context.reactor.wake_in(time, self.token);
                }
            }
            Notice::Gone(_, error, _) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.deaf = Some(context.reactor.now());
                context.report.detail(2, "Nobody reads stdout any more.");
                let peers: Vec<_> = self.peers.keys().copied().collect();
                peers.into_iter().for_each(|peer| context.relay.discard(peer));
            }
            Notice::Gone(_, error, lost) => {
                let why = format!("{}; {} not written", why(&error), bytes(lost));
                context.report.error(&Error::usage("write stdout", why));
                self.outcome = Some(Exit::Usage);
            }
            Notice::Finished(_) => self.stdout_done = true,
            Notice::Closed(..) | Notice::Stalled(_) => {}
        }
        let peers: Vec<_> = self.peers.keys().copied().collect();
        peers.into_iter().for_each(|peer| self.review(peer, context));
    }
}

impl Wiring for Console {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let Peer { token, stream, remote, tls, upgrade, .. } = peer;
        self.served = true;
        let name: Rc<str> = remote.to_string().into();
        let relay = &mut *context.relay;
        let datagram = stream.is_datagram();
        relay.add(token, stream);
        if self.keeps_open {
            relay.limit_stalls(token, self.stall);
        }
        if self.rules.send_only || self.deaf.is_some() {
            relay.discard(token);
        } else {
            let evidence = Rc::clone(&self.evidence);
            let warns = (!tls).then(|| (context.report, Rc::clone(&name)));
            let watch = Watch::new(evidence, warns);
            relay.filter(token, Box::new(watch));
            self.showing.heard(&self.evidence).into_iter().for_each(|shown| relay.filter(token, shown));
            relay.join(token, self.token);
        }
        if self.connects || !self.settings.shutdown {
            relay.hold_open(token);
        }
        if !self.rules.nothing_to_say && self.stdin_end.is_none() {
            relay.join(self.token, token);
        }
        let state = State {
            departure: Departure::new(name, self.verify, context.report),
            tls,
            upgrade,
            datagram,
            joined: context.reactor.now(),
            half_closed: false,
            leaving: None,
            alarm: Alarm::default(),
        };
        self.peers.insert(token, Box::new(state));
        self.review(token, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, _) | Notice::Finished(token) | Notice::Gone(token, ..) if token == self.token => {
                self.console_noticed(notice, context);
            }
            Notice::Ended(token, end) => {
                let mut undelivered = context.relay.undelivered(token);
                if matches!(end, End::Failed(_)) {
                    undelivered += self.discard_spaced(context);
                }
                let ours = matches!(&end, End::Failed(error) if Error::carried(error).is_some());
                let Some(peer) = self.peers.get_mut(&token) else { return };
                if peer.leaving.is_some() && !ours {
                    return;
                }
                let fate = peer.departure.ended(end, undelivered, context.reactor.now());
                self.settle(token, fate, context);
            }
            Notice::Gone(token, error, lost) => {
                let lost = lost + self.discard_spaced(context);
                let Some(peer) = self.peers.get_mut(&token) else { return };
                let fate = peer.departure.gone(error, lost, peer.leaving.is_some());
                self.settle(token, fate, context);
            }
            Notice::Stalled(token) => self.leave(token, Why::Stalled, context),
            Notice::Finished(token) => {
                if let Some(peer) = self.peers.get_mut(&token) {
                    peer.half_closed = true;
                    context.report.detail(2, format_args!("{}: half-closed.", peer.departure.name()));
                }
                self.review(token, context);
            }
            Notice::Closed(token, lost, traffic) => {
                let lost = lost + self.discard_spaced(context);
                if let Some(mut peer) = self.peers.remove(&token) {
                    let time = context.reactor.now() - peer.joined;
                    peer.departure.dropped(traffic.dropped);
                    let exit = peer.departure.closed(lost);
                    self.blame(exit);
                    context.report.detail(1, Totals(traffic, time));
                }
            }
        }
        self.review_end(context);
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        if token == self.token
            && let (Some(time), Some(end)) = (self.rules.quit.after(), self.stdin_end)
        {
            self.quits |= context.reactor.now() >= end + time;
            self.review_end(context);
        }
        self.review(token, context);
    }

    fn present(&self) -> usize {
        self.peers.len()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        self.peers.iter().for_each(|(token, one)| tell(&one.departure.name(), Some(*token), one.joined));
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
