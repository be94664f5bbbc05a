//! `-e`, `-c`, `--lua-exec`: a command for each peer, joined to it in place of stdin and stdout. Where nothing is in
//! between, the command gets the peer's socket itself, and the relay gets it only when the command has ended, to close
//! it. Otherwise it gets pipes. A newcomer's trap: the peer's half-close must reach the command as the end of its
//! stdin, so that `--sh-exec 'sort -n'` answers, and the command's last byte must reach the peer before the connection
//! closes. Both are the relay's third rule; nothing here has to do it.

mod couple;
mod exposed;

use super::{
    Context, Totals, Wiring, bytes,
    departure::{Departure, Fate},
    ends::active,
    worse,
};
use crate::{
    cli::config::{Command, Config, Mode, Program},
    error::{Error, Exit, Result, why},
    filter::crlf::Crlf,
    lua,
    opening::{Failed, Peer},
    reactor::ByToken,
    relay::{End, Notice, Patience},
    stream::Stream,
    sys,
    transport::{
        Address, Transport,
        child::{
            self, Launch, Process,
            handed::{Handed, News},
            orphans::Orphans,
        },
    },
};
use couple::{Couple, Joint, Uncounted};
use mio::Token;
use std::{io, time::Duration};

/// How long a command whose peer has left may take to read on.
const STUCK_COMMAND: Duration = Duration::from_secs(5);

/// Whoever is left now has had its time.
const AT_ONCE: Patience = Patience::For(Duration::ZERO);

/// How often it is looked who still has a socket whose command has ended.
const LOOK: Duration = Duration::from_millis(100);

/// See the module's description.
pub struct Exec {
    command: Command,
    transport: &'static Transport,
    keeps_open: bool,
    verify: bool,
    /// What is sent waits for replies; so does the half-close, for the last of them.
    paced: bool,
    idle: Option<Duration>,
    /// By the peer's token.
    couples: ByToken<Couple>,
    /// From a command's token to its peer's.
    peer_of: ByToken<Token>,
    /// By their own tokens, with their peers'; some of those have left already.
    processes: ByToken<(Process, Token)>,
    orphans: Orphans,
    served: bool,
    exit: Exit,
    outcome: Option<Exit>,
}

impl Exec {
    /// For the peers that `config` lets come. Descriptors that we were started with are closed to
    /// commands from now on, and signals end the program in order.
    ///
    /// # Errors
    /// When a script cannot be run, where it is for one peer that is still to be connected to.
    pub fn new(config: &Config, command: &Command, own: &[Address], context: &mut Context<'_>) -> Result<Self> {
        if let (Mode::Connect(_), Program::Lua(file)) = (&config.mode, &command.program) {
            lua::check(file)?;
        }
        if let Some(warning) = exposed::warning(config, &command.program, own) {
            context.report.note(warning);
        }
        sys::close_on_exec();
        context.reactor.catch_signals()?;
        Ok(Self {
            command: command.clone(),
            transport: config.transport,
            keeps_open: config.mode.keeps_open(),
            verify: config.verifies(),
            paced: config.pace.is_some(),
            idle: config.idle,
            couples: ByToken::default(),
            peer_of: ByToken::default(),
            processes: ByToken::default(),
            orphans: Orphans::default(),
            served: false,
            exit: Exit::Done,
            outcome: None,
        })
    }

    fn launch(&self, peer: &Peer) -> Result<Launch> {
        let (remote, local) = (peer.remote.in_words(), peer.local.in_words());
        let environment = vec![
            ("NCAT_REMOTE_ADDR", remote.0),
            ("NCAT_REMOTE_PORT", remote.1),
            ("NCAT_LOCAL_ADDR", local.0),
            ("NCAT_LOCAL_PORT", local.1),
            ("NCAT_PROTO", self.transport.name.to_owned()),
        ];
        Ok(match &self.command.program {
            Program::Words(words) => Launch { words: words.iter().map(Into::into).collect(), name: None, environment },
            Program::Lua(file) => Launch { words: lua::words(file)?, name: std::env::args_os().next(), environment },
        })
    }

    /// The command gets the peer's socket.
    fn hand_over(
        &mut self,
        stream: Box<dyn Stream>,
        launch: &Launch,
        context: &mut Context<'_>,
    ) -> std::result::Result<(Process, Joint), Failed> {
        let handed = Handed::new(stream).map_err(|(error, stream)| {
            Failed::with(Error::usage("hand the connection to a command", why(&error)), stream)
        })?;
        self.orphans.adopt();
        match child::spawn_at(&handed, launch, context.reactor) {
            Ok(process) => Ok((process, Joint::Socket(handed))),
            Err(error) => Err(Failed::with(error, handed.take_back())),
        }
    }

    /// The command gets pipes, and the relay carries what passes through them.
    fn pipe(
        &mut self,
        peer: Token,
        stream: Box<dyn Stream>,
        launch: &Launch,
        context: &mut Context<'_>,
    ) -> std::result::Result<(Process, Joint), Failed> {
        let token = context.reactor.token();
        let (process, mut pipes) = match child::spawn(launch, context.reactor) {
            Ok(started) => started,
            Err(error) => return Err(Failed::with(error, stream)),
        };
        if let Err(error) = pipes.register(context.reactor.registry(), token) {
            // It reads the end of file now, and will have to be reaped.
            self.processes.insert(process.token(), (process, peer));
            return Err(Failed::with(Error::usage("wait for a command", why(&error)), stream));
        }
        let relay = &mut *context.relay;
        relay.add(peer, stream);
        relay.add(token, Box::new(pipes));
        if self.command.crlf {
            relay.filter(token, Box::new(Crlf::always()));
        }
        relay.join(peer, token);
        relay.join(token, peer);
        Ok((process, Joint::Pipes(token)))
    }

    /// Looks how the connection fares that a command has.
    fn look(&mut self, peer: Token, context: &mut Context<'_>) {
        while let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving)
            && let Joint::Socket(handed) = &mut couple.joint
            && let Some(news) = handed.look()
        {
            let (departure, undelivered, now) = (&mut couple.departure, handed.undelivered(), context.reactor.now());
            let fate = match news {
                News::Ended => departure.ended(End::InOrder, undelivered, now),
                News::Broken(error) if departure.end().is_some() => departure.gone(error, undelivered, false),
                News::Broken(error) => departure.ended(End::Failed(error), undelivered, now),
            };
            self.settle(peer, fate, context);
        }
    }

    /// Leaves the peer when its command has ended and all its output was read, or when both
    /// directions are over; or when nothing has passed for too long.
    fn review(&mut self, peer: Token, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let runs = self.processes.contains_key(&couple.process);
        let command = match &couple.joint {
            Joint::Pipes(command) => *command,
            Joint::Socket(_) if runs => return,
            Joint::Socket(handed) if self.orphans.have(handed.identity()) => {
                return context.reactor.wake_in(LOOK, peer);
            }
            Joint::Socket(_) | Joint::Returned => return couple.leave(peer, Patience::Endless, context),
        };
        let has_ended = couple.departure.end().is_some();
        let answered = !self.paced || couple.half_closed;
        if couple.said_all && (has_ended || (!runs && answered)) {
            return couple.leave(peer, self.idle.map_or(Patience::Endless, Patience::For), context);
        }
        let (relay, now) = (&mut *context.relay, context.reactor.now());
        if let Some(since) = couple.unheard {
            let until = relay.traffic(command).last_sent.map_or(since, |sent| sent.max(since)) + STUCK_COMMAND;
            if until <= now {
                return couple.leave(peer, AT_ONCE, context);
            }
            context.reactor.wake_at(until, peer);
        }
        let Some(idle) = self.idle else { return };
        let traffic = relay.traffic(peer);
        let since = [traffic.last_received, traffic.last_sent, relay.held_up(peer, now)];
        match active(couple.joined, since).checked_add(idle) {
            Some(until) if until <= now => {
                let exit = couple.departure.idle(idle, relay.undelivered(peer));
                couple.leave(peer, AT_ONCE, context);
                self.blame(exit);
            }
            Some(until) => context.reactor.wake_at(until, peer),
            None => {}
        }
    }

    /// One client's failure is not the program's, where others come and go.
    fn blame(&mut self, exit: Exit) {
        if !self.keeps_open {
            self.exit = worse(self.exit, exit);
        }
    }

    fn settle(&mut self, peer: Token, fate: Fate, context: &mut Context<'_>) {
        self.blame(fate.exit);
        match self.couples.get_mut(&peer) {
            Some(couple) if fate.dead && !couple.leaving => couple.leave(peer, AT_ONCE, context),
            _ => self.review(peer, context),
        }
    }

    /// The command cannot be talked with: what it says is not all, or not the answer to what its peer has said.
    fn fail(&mut self, peer: Token, what: &str, why: String, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let error = Error::usage(format!("{}: {what}", couple.departure.name()), why);
        context.report.error(&error);
        couple.leave(peer, AT_ONCE, context);
        self.blame(error.exit());
    }

    /// A peer's read side, or a command's output, has ended.
    fn ended(&mut self, token: Token, end: End, context: &mut Context<'_>) {
        if let Some(&peer) = self.peer_of.get(&token) {
            if let Some(couple) = self.couples.get_mut(&peer) {
                couple.said_all = true;
                if let (End::Failed(error), false) = (&end, couple.leaving) {
                    // The peer should not take what it has got for all there is.
                    context.relay.cut_short(peer);
                    return self.fail(peer, "read from its command", why(error), context);
                }
            }
            self.review(peer, context);
        } else if let Some(couple) = self.couples.get_mut(&token) {
            let ours = matches!(&end, End::Failed(error) if Error::carried(error).is_some());
            if couple.leaving && !ours {
                return;
            }
            let fate = couple.departure.ended(end, context.relay.undelivered(token), context.reactor.now());
            self.settle(token, fate, context);
        }
    }

    fn review_end(&mut self) {
        if !self.keeps_open && self.served && self.couples.is_empty() && self.peer_of.is_empty() {
            self.outcome = Some(self.exit);
        }
    }
}

impl Wiring for Exec {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let launch = match self.launch(&peer) {
            Ok(launch) => launch,
            Err(error) => return Err(Failed::with(error, peer.stream)),
        };
        let Peer { token, stream, remote, .. } = peer;
        let alone = stream.bare().is_some() && !self.command.crlf && self.idle.is_none();
        let (process, joint) = match alone {
            true => self.hand_over(stream, &launch, context)?,
            false => self.pipe(token, stream, &launch, context)?,
        };
        context.report.detail(2, format_args!("{remote}: runs {}.", self.command.program));
        self.served = true;
        if let Joint::Pipes(command) = joint {
            self.peer_of.insert(command, token);
        }
        let couple = Couple {
            departure: Departure::new(remote.to_string(), self.verify, context.report),
            joined: context.reactor.now(),
            joint,
            process: process.token(),
            said_all: false,
            unheard: None,
            half_closed: false,
            leaving: false,
        };
        self.processes.insert(process.token(), (process, token));
        self.couples.insert(token, couple);
        self.look(token, context);
        self.review(token, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, end) => self.ended(token, end, context),
            Notice::Gone(token, error, lost) => {
                if let Some(couple) = self.couples.get_mut(&token) {
                    let fate = couple.departure.gone(error, lost, couple.leaving);
                    if !fate.dead {
                        // The command must not be stuck with its output while there is more to read.
                        couple.unheard = Some(context.reactor.now());
                        if let Joint::Pipes(command) = couple.joint {
                            context.relay.discard(command);
                        }
                    }
                    self.settle(token, fate, context);
                } else if let Some(&peer) = self.peer_of.get(&token) {
                    // A command that does not read to the end has its reasons, as with any pipe.
                    // What the peer still sends is read, so that it is not stuck.
                    context.relay.discard(peer);
                    if error.kind() != io::ErrorKind::BrokenPipe {
                        let why = format!("{}; {} not delivered", why(&error), bytes(lost));
                        self.fail(peer, "write to its command", why, context);
                    }
                }
            }
            Notice::Closed(token, lost, traffic) => {
                if let Some(mut couple) = self.couples.remove(&token) {
                    couple.departure.dropped(traffic.dropped);
                    let exit = couple.departure.closed(lost);
                    self.blame(exit);
                    let now = context.reactor.now();
                    let time = now - couple.joined;
                    match couple.joint {
                        Joint::Pipes(command) => {
                            context.report.detail(1, Totals(traffic, time));
                            // It still gets all that its peer has said, then the end of file.
                            context.relay.close(command, Patience::For(STUCK_COMMAND), now);
                        }
                        Joint::Socket(_) | Joint::Returned => context.report.detail(1, Uncounted(time)),
                    }
                }
                self.peer_of.remove(&token);
                self.review_end();
            }
            Notice::Finished(token) => {
                if let Some(couple) = self.couples.get_mut(&token) {
                    couple.half_closed = true;
                    self.review(token, context);
                }
            }
            Notice::Stalled(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        if let Some((process, peer)) = self.processes.get(&token) {
            let peer = *peer;
            if process.has_ended(context.reactor) {
                self.processes.remove(&token);
                self.orphans.look(self.processes.values().map(|(process, _)| process), context.reactor);
                self.look(peer, context);
                self.review(peer, context);
            }
        } else if self.orphans.has_ended(token, context.reactor) {
            self.orphans.look(self.processes.values().map(|(process, _)| process), context.reactor);
        } else {
            self.look(token, context);
            self.review(token, context);
        }
    }

    fn present(&self) -> usize {
        let alone = self.processes.values().filter(|(_, peer)| !self.couples.contains_key(peer));
        self.couples.len() + alone.count()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        for (token, couple) in &self.couples {
            let counted = !matches!(couple.joint, Joint::Socket(_));
            tell(&couple.departure.name(), counted.then_some(*token), couple.joined);
        }
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }

    fn dismiss(&mut self) {
        child::dismiss(self.processes.values().map(|(process, _)| process));
        for couple in self.couples.values() {
            if let Joint::Socket(handed) = &couple.joint {
                // What their own children have of it ends as well.
                handed.shut_down();
            }
        }
    }
}
