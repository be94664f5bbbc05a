//! `-e`, `-c`: a command for each peer, joined to it in place of stdin and stdout.
//!
//! A newcomer's trap: the peer's half-close must reach the command as the end of its stdin, so
//! that `--sh-exec 'sort -n'` answers, and the command's last byte must reach the peer before
//! the connection closes. Both are the relay's third rule; nothing here has to do it.

use super::{
    Context, Totals, Wiring,
    departure::{Departure, Fate},
    ends::active,
    worse,
};
use crate::{
    cli::config::{Command, Config, Mode},
    error::{Error, Exit, Result, why},
    filter::crlf::Crlf,
    opening::{Failed, Peer},
    relay::{End, Notice, Patience},
    report::escape,
    stream::Stream,
    transport::{
        child::{self, Process},
        descriptor::Pair,
    },
};
use mio::Token;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long a command whose peer has left may take to read on.
const STUCK_COMMAND: Duration = Duration::from_secs(5);

/// See the module's description.
pub struct Exec {
    command: Command,
    keeps_open: bool,
    verify: bool,
    idle: Option<Duration>,
    /// By the peer's token.
    couples: HashMap<Token, Couple>,
    /// From a command's token to its peer's.
    peer_of: HashMap<Token, Token>,
    /// By their own tokens, with their peers'; some of those have left already.
    processes: HashMap<Token, (Process, Token)>,
    served: bool,
    exit: Exit,
    outcome: Option<Exit>,
}

/// A peer and its command.
struct Couple {
    departure: Departure,
    joined: Instant,
    /// The command's pipes.
    command: Token,
    /// Its process.
    process: Token,
    /// All its output has been read.
    said_all: bool,
    /// Since when the peer takes nothing more, though what it has sent is still to be read.
    unheard: Option<Instant>,
    leaving: bool,
}

impl Exec {
    /// For the peers that `config` lets come.
    #[must_use]
    pub fn new(config: &Config, command: &Command) -> Self {
        Self {
            command: command.clone(),
            keeps_open: matches!(&config.mode, Mode::Listen(listen) if listen.keep_open),
            verify: config.tls.as_ref().is_some_and(|tls| tls.verify),
            idle: config.idle,
            couples: HashMap::new(),
            peer_of: HashMap::new(),
            processes: HashMap::new(),
            served: false,
            exit: Exit::Done,
            outcome: None,
        }
    }

    fn start(&self, peer: &Peer, context: &mut Context<'_>) -> Result<(Process, Token, Pair)> {
        let environment = [
            ("NCAT_REMOTE_ADDR", peer.remote.ip().map(|ip| ip.to_string()).unwrap_or_default()),
            ("NCAT_REMOTE_PORT", peer.remote.inet().map(|it| it.port().to_string()).unwrap_or_default()),
            ("NCAT_LOCAL_ADDR", peer.local.ip().map(|ip| ip.to_string()).unwrap_or_default()),
            ("NCAT_LOCAL_PORT", peer.local.inet().map(|it| it.port().to_string()).unwrap_or_default()),
            ("NCAT_PROTO", "TCP".to_owned()),
        ];
        let (process, mut pipes) = child::spawn(&self.command.words, &environment, context.reactor)?;
        let token = context.reactor.token();
        pipes
            .register(context.reactor.registry(), token)
            .map_err(|error| Error::usage("wait for a command", why(&error)))?;
        Ok((process, token, pipes))
    }

    /// Leaves the peer when its command has ended and all its output was read, or when both
    /// directions are over; or when nothing has passed for too long.
    fn review(&mut self, peer: Token, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let (relay, now) = (&mut *context.relay, context.reactor.now());
        let runs = self.processes.contains_key(&couple.process);
        if couple.said_all && (!runs || couple.departure.end().is_some()) {
            couple.leaving = true;
            return relay.close(peer, self.idle.map_or(Patience::Endless, Patience::For), now);
        }
        if let Some(since) = couple.unheard {
            let until = relay.traffic(couple.command).last_sent.map_or(since, |sent| sent.max(since)) + STUCK_COMMAND;
            if until <= now {
                couple.leaving = true;
                return relay.close(peer, Patience::For(Duration::ZERO), now);
            }
            context.reactor.wake_at(until, peer);
        }
        let Some(idle) = self.idle else { return };
        let traffic = relay.traffic(peer);
        let since = [traffic.last_received, traffic.last_sent, relay.held_up(peer, now)];
        match active(couple.joined, since).checked_add(idle) {
            Some(until) if until <= now => {
                couple.leaving = true;
                let exit = couple.departure.idle(idle, relay.undelivered(peer));
                relay.close(peer, Patience::For(Duration::ZERO), now);
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
            Some(couple) if fate.dead && !couple.leaving => {
                couple.leaving = true;
                context.relay.close(peer, Patience::For(Duration::ZERO), context.reactor.now());
            }
            _ => self.review(peer, context),
        }
    }

    /// A peer's read side, or a command's output, has ended.
    fn ended(&mut self, token: Token, end: End, context: &mut Context<'_>) {
        if let Some(&peer) = self.peer_of.get(&token) {
            if let Some(couple) = self.couples.get_mut(&peer) {
                couple.said_all = true;
            }
            self.review(peer, context);
        } else if let Some(couple) = self.couples.get_mut(&token).filter(|couple| !couple.leaving) {
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
        let (process, command, pipes) = match self.start(&peer, context) {
            Ok(started) => started,
            Err(error) => return Err(Failed { error, stream: Some(peer.stream), again: false }),
        };
        let Peer { token, stream, remote, .. } = peer;
        let words = escape(self.command.words.join(" ").as_bytes());
        context.report.detail(2, format_args!("{remote}: runs {words}."));

        let relay = &mut *context.relay;
        relay.add(token, stream);
        relay.add(command, Box::new(pipes));
        if self.command.crlf {
            relay.filter(command, Box::new(Crlf::always()));
        }
        relay.join(token, command);
        relay.join(command, token);
        self.served = true;
        self.peer_of.insert(command, token);
        let couple = Couple {
            departure: Departure::new(remote.to_string(), self.verify, context.report),
            joined: context.reactor.now(),
            command,
            process: process.token(),
            said_all: false,
            unheard: None,
            leaving: false,
        };
        self.processes.insert(process.token(), (process, token));
        self.couples.insert(token, couple);
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
                        context.relay.discard(couple.command);
                    }
                    self.settle(token, fate, context);
                } else if let Some(&peer) = self.peer_of.get(&token) {
                    // A command that does not read to the end has its reasons, as with any pipe.
                    // What the peer still sends is read, so that it is not stuck.
                    context.relay.discard(peer);
                }
            }
            Notice::Closed(token, lost, traffic) => {
                if let Some(mut couple) = self.couples.remove(&token) {
                    let exit = couple.departure.closed(lost);
                    self.blame(exit);
                    context.report.detail(1, Totals(traffic, context.reactor.now() - couple.joined));
                    // It still gets all that its peer has said, then the end of file.
                    context.relay.close(couple.command, Patience::For(STUCK_COMMAND), context.reactor.now());
                }
                self.peer_of.remove(&token);
                self.review_end();
            }
            Notice::Finished(_) | Notice::Stalled(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        let Some((process, peer)) = self.processes.get_mut(&token) else { return self.review(token, context) };
        if process.has_ended(context.reactor) {
            let peer = *peer;
            self.processes.remove(&token);
            self.review(peer, context);
        }
    }

    fn present(&self) -> usize {
        let alone = self.processes.values().filter(|(_, peer)| !self.couples.contains_key(peer));
        self.couples.len() + alone.count()
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
