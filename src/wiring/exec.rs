//! `-e`, `-c`: a command for each peer, joined to it in place of stdin and stdout.
//!
//! A newcomer's trap: the peer's half-close must reach the command as the end of its stdin, so
//! that `--sh-exec 'sort -n'` answers, and the command's last byte must reach the peer before
//! the connection closes. Both are the relay's third rule; nothing here has to do it.

use super::{Context, Totals, Wiring, bytes};
use crate::{
    cli::config::{Command, Config, Mode},
    error::{Error, Exit, Result, why},
    filter::crlf::Crlf,
    opening::Peer,
    relay::{End, Notice, Patience},
    stream::Stream,
    transport::child,
};
use mio::{Interest, Token, net::UnixStream};
use std::{
    collections::HashMap,
    io::Read,
    process::Child,
    time::{Duration, Instant},
};

/// How long a command whose peer has left may take to read on.
const PATIENCE: Patience = Patience::For(Duration::from_secs(5));

/// See the module's description.
pub struct Exec {
    command: Command,
    keeps_open: bool,
    idle: Option<Duration>,
    /// Readable when a child has ended (SIGCHLD).
    signal: (Token, UnixStream),
    /// By the peer's token.
    pairs: HashMap<Token, Couple>,
    /// From a command's token to its peer's.
    peer_of: HashMap<Token, Token>,
    /// Commands whose peers have left, until they have ended too.
    orphans: Vec<Child>,
    served: bool,
    exit: Exit,
    outcome: Option<Exit>,
}

/// A peer and its command.
struct Couple {
    name: String,
    joined: Instant,
    command: Token,
    child: Option<Child>,
    peer_ended: bool,
    command_ended: bool,
    leaving: bool,
}

impl Exec {
    /// # Errors
    /// When the signal cannot be heard.
    pub fn new(config: &Config, command: &Command, context: &mut Context<'_>) -> Result<Self> {
        let failed = |error: std::io::Error| Error::usage("wait for commands", why(&error));
        let (mut heard, told) = UnixStream::pair().map_err(failed)?;
        let token = context.reactor.token();
        context.reactor.registry().register(&mut heard, token, Interest::READABLE).map_err(failed)?;
        signal_hook::low_level::pipe::register(signal_hook::consts::SIGCHLD, told).map_err(failed)?;
        Ok(Self {
            command: command.clone(),
            keeps_open: matches!(&config.mode, Mode::Listen(listen) if listen.keep_open),
            idle: config.idle,
            signal: (token, heard),
            pairs: HashMap::new(),
            peer_of: HashMap::new(),
            orphans: Vec::new(),
            served: false,
            exit: Exit::Done,
            outcome: None,
        })
    }

    /// A child has ended; which, only asking each tells.
    fn reap(&mut self, context: &mut Context<'_>) {
        let mut buffer = [0; 64];
        while self.signal.1.read(&mut buffer).is_ok_and(|n| n > 0) {}
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        self.orphans.retain_mut(|child| !ended(child));
        for couple in self.pairs.values_mut() {
            if couple.child.as_mut().is_some_and(ended) {
                couple.child = None;
                context.report.detail(2, format_args!("{}: the command has ended.", couple.name));
            }
        }
        let all: Vec<_> = self.pairs.keys().copied().collect();
        all.into_iter().for_each(|peer| self.review(peer, context));
    }

    /// Leaves the peer when its command has ended and all its output was read, or when both
    /// directions are over.
    fn review(&mut self, peer: Token, context: &mut Context<'_>) {
        let Some(couple) = self.pairs.get_mut(&peer) else { return };
        let over = couple.command_ended && (couple.child.is_none() || couple.peer_ended);
        if over && !couple.leaving {
            couple.leaving = true;
            context.relay.close(peer, Patience::Endless, context.reactor.now());
        }
        let traffic = context.relay.traffic(peer);
        let last = [Some(couple.joined), traffic.last_received, traffic.last_sent].into_iter().flatten().max();
        let until = self.idle.zip(last).and_then(|(idle, last)| last.checked_add(idle));
        match until {
            Some(until) if until <= context.reactor.now() => {
                let time = self.idle.unwrap_or_default().as_millis();
                context.report.error(&Error::network(&*couple.name, format!("Idle timeout expired ({time} ms).")));
                if !self.keeps_open {
                    self.exit = Exit::Network;
                }
                couple.leaving = true;
                context.relay.close(peer, Patience::For(Duration::ZERO), context.reactor.now());
            }
            Some(until) => context.reactor.wake_at(until, peer),
            None => {}
        }
    }

    /// A connection, or a command's pipes, are over for good.
    fn closed(&mut self, token: Token, lost: usize, context: &mut Context<'_>) {
        if let Some(couple) = self.pairs.remove(&token) {
            if lost > 0 {
                self.lost(&couple.name, "the peer left", lost, context);
            }
            // It still gets all that its peer has said, then the end of file.
            context.relay.close(couple.command, PATIENCE, context.reactor.now());
            self.orphans.extend(couple.child);
        }
        self.peer_of.remove(&token);
        if !self.keeps_open && self.served && self.pairs.is_empty() && self.peer_of.is_empty() {
            self.outcome = Some(self.exit);
        }
    }

    fn lost(&mut self, name: &str, why: &str, lost: usize, context: &Context<'_>) {
        context.report.error(&Error::network(name, format!("{why}; {} not delivered", bytes(lost))));
        if !self.keeps_open {
            self.exit = Exit::Network;
        }
    }
}

impl Wiring for Exec {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> Result<()> {
        let Peer { token, stream, remote, local, .. } = peer;
        let environment = [
            ("NCAT_REMOTE_ADDR", remote.ip().to_string()),
            ("NCAT_REMOTE_PORT", remote.port().to_string()),
            ("NCAT_LOCAL_ADDR", local.ip().to_string()),
            ("NCAT_LOCAL_PORT", local.port().to_string()),
            ("NCAT_PROTO", "TCP".to_owned()),
        ];
        let (child, mut pipes) = child::spawn(&self.command.words, &environment)?;
        let command = context.reactor.token();
        pipes
            .register(context.reactor.registry(), command)
            .map_err(|error| Error::usage("wait for a command", why(&error)))?;
        context.report.detail(2, format_args!("{remote}: runs {}.", self.command.words.join(" ")));

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
            name: remote.to_string(),
            joined: context.reactor.now(),
            command,
            child: Some(child),
            peer_ended: false,
            command_ended: false,
            leaving: false,
        };
        self.pairs.insert(token, couple);
        self.review(token, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, end) => {
                if let Some(&peer) = self.peer_of.get(&token) {
                    if let Some(couple) = self.pairs.get_mut(&peer) {
                        couple.command_ended = true;
                    }
                    self.review(peer, context);
                } else if let Some(couple) = self.pairs.get_mut(&token) {
                    couple.peer_ended = true;
                    if let End::Failed(error) = end
                        && !couple.leaving
                    {
                        couple.leaving = true;
                        let name = couple.name.clone();
                        let lost = context.relay.undelivered(token);
                        self.lost(&name, &why(&error), lost, context);
                        context.relay.close(token, Patience::For(Duration::ZERO), context.reactor.now());
                    } else {
                        self.review(token, context);
                    }
                }
            }
            Notice::Gone(token, error, lost) => {
                // A command that does not read to the end has its reasons, as with any pipe.
                if let Some(couple) = self.pairs.get(&token) {
                    let name = couple.name.clone();
                    if !couple.leaving && lost > 0 {
                        self.lost(&name, &why(&error), lost, context);
                    }
                    if let Some(couple) = self.pairs.get_mut(&token) {
                        couple.leaving = true;
                    }
                    context.relay.close(token, Patience::For(Duration::ZERO), context.reactor.now());
                } else if let Some(&peer) = self.peer_of.get(&token) {
                    // Nobody takes what the peer still sends; it is read, so that it is not stuck.
                    context.relay.discard(peer);
                }
            }
            Notice::Closed(token, lost, traffic) => {
                if let Some(couple) = self.pairs.get(&token) {
                    context.report.detail(1, Totals(traffic, context.reactor.now() - couple.joined));
                }
                self.closed(token, lost, context);
            }
            Notice::Finished(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        if token == self.signal.0 {
            self.reap(context);
        } else {
            self.review(token, context);
        }
    }

    fn present(&self) -> usize {
        self.pairs.len()
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
