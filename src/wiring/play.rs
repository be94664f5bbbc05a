//! `--play`: a dialogue from a file, played with the peer, or with each client.
//!
//! A newcomer's trap: the bytes of a peer that has left may still wait until it is their turn. So the player
//! learns that it has left when all of them were taken: when its own stream has been half-closed.

use super::{Context, Totals, Wiring, departure::Departure, ends::active, worse};
use crate::{
    cli::config::{Config, Mode},
    dialogue::{Awaits, Encryption, Gone, Player, Script},
    error::{Error, Exit, Result, why},
    opening::{Failed, Peer},
    proto::evidence::Side,
    reactor::{self, Alarm, ByToken},
    relay::{End, Notice, Patience, Relay},
    stream::played::Played,
};
use mio::Token;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

/// A peer may keep silent for so long, unless `-i` sets another time.
const SILENT: Duration = Duration::from_secs(60);

/// How long a peer that has failed may take to hear what was said before.
const FAREWELL: Duration = Duration::from_secs(1);

/// See the module's description.
pub struct Play {
    script: Rc<Script>,
    limit: Duration,
    keeps_open: bool,
    verify: bool,
    /// By the peer's token.
    couples: ByToken<Couple>,
    /// From a player's token to its peer's.
    peer_of: ByToken<Token>,
    served: bool,
    exit: Exit,
    outcome: Option<Exit>,
}

/// A peer, and the player that it is joined to.
struct Couple {
    departure: Departure,
    player: Rc<RefCell<Player>>,
    /// The player's.
    token: Token,
    joined: Instant,
    alarm: Alarm,
    /// How the peer has ended.
    gone: Gone,
    /// What had been said when the peer took no more, in bytes.
    unheard: Option<u64>,
    /// What was not delivered at the last look, in bytes, and when that was more.
    undelivered: (usize, Instant),
    leaving: bool,
    /// Why, was told; or there is nothing to tell.
    told: bool,
}

impl Play {
    /// With this file, which is read now.
    ///
    /// # Errors
    /// When it cannot be read, or is no dialogue.
    pub fn new(config: &Config, file: &Path) -> Result<Self> {
        let side = if matches!(config.mode, Mode::Connect(_)) { Side::Client } else { Side::Server };
        let script = Rc::new(Script::read(file, side)?);
        let keeps_open = config.mode.keeps_open();
        if keeps_open {
            reactor::raise_descriptor_limit();
        }
        Ok(Self {
            script,
            limit: config.idle.unwrap_or(SILENT),
            keeps_open,
            verify: config.verifies(),
            couples: ByToken::default(),
            peer_of: ByToken::default(),
            served: false,
            exit: Exit::Done,
            outcome: None,
        })
    }

    /// Whether the dialogue says where the connection becomes encrypted.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.script.encrypts()
    }

    /// The files that the dialogue refers to.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.script.files().iter().cloned().collect()
    }

    /// One client's failure is not the program's, where others come and go.
    fn blame(&mut self, exit: Exit) {
        if !self.keeps_open {
            self.exit = worse(self.exit, exit);
        }
    }

    /// The dialogue does not go as it is written.
    fn failed(&mut self, peer: Token, error: &Error, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        couple.leave(peer, FAREWELL, context);
        self.tell(peer, error, context);
    }

    fn tell(&mut self, peer: Token, error: &Error, context: &Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer) else { return };
        match self.keeps_open {
            true => context.report.error(&error.clone().of(couple.departure.name())),
            false => context.report.error(error),
        }
        couple.told = true;
        self.blame(error.exit());
    }

    /// All was said and heard.
    fn played(&mut self, peer: Token, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let said = context.relay.traffic(couple.token).received;
        if couple.unheard.is_some_and(|heard| heard < said) {
            let error = couple.untold();
            return self.failed(peer, &error, context);
        }
        let (name, file) = (couple.departure.name(), self.script.name());
        context.report.detail(1, format_args!("{name}: {file} was played to its end."));
        if couple.player.borrow().has_heard_more() {
            context.report.detail(1, format_args!("{name} has said more than there is in {file}."));
        }
        // What has been answered has arrived; a goodbye of TLS need not.
        couple.told = !self.script.ends_with_ours();
        couple.leave(peer, self.limit, context);
    }

    /// The peer has ended.
    fn ended(&mut self, peer: Token, end: End, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let in_order = matches!(end, End::InOrder);
        let how = match end {
            End::InOrder => "the peer has left".to_owned(),
            End::Truncated => "the connection was cut off without close_notify".to_owned(),
            End::Failed(error) => match Error::carried(&error) {
                // A layer has its own words for it.
                Some(ours) => return self.failed(peer, ours, context),
                None => format!("the connection has failed: {}", why(&error)),
            },
        };
        couple.gone = Gone { how, in_order };
    }

    /// Gives a peer up that has been silent for too long.
    fn review(&mut self, peer: Token, context: &mut Context<'_>) {
        let Some(couple) = self.couples.get_mut(&peer).filter(|couple| !couple.leaving) else { return };
        let now = context.reactor.now();
        let since = couple.active(peer, context.relay, now);
        let Some(until) = since.checked_add(self.limit) else { return };
        if until > now {
            return couple.alarm.set(until, peer, context.reactor);
        }
        let given_up = couple.player.borrow_mut().give_up(self.limit);
        match given_up {
            Ok(()) => {
                couple.goes_on(context);
                // What goes on may be that the connection becomes encrypted.
                context.relay.ready(peer, reactor::Ready::READ);
                context.reactor.wake_in(self.limit, peer);
            }
            Err(error) => self.failed(peer, &error, context),
        }
    }

    fn review_end(&mut self) {
        if !self.keeps_open && self.served && self.couples.is_empty() {
            self.outcome = Some(self.exit);
        }
    }
}

impl Couple {
    /// Since when the peer has neither said nor taken anything.
    fn active(&mut self, peer: Token, relay: &Relay, now: Instant) -> Instant {
        let traffic = relay.traffic(peer);
        let undelivered = relay.undelivered(peer);
        if undelivered != self.undelivered.0 {
            self.undelivered = (undelivered, now);
        }
        // One that we do not listen to now is not silent; but neither does it take what is said, perhaps.
        let held_up = relay.held_up(peer, now).filter(|_| self.player.borrow().awaits() != Awaits::Taken);
        active(self.joined.max(self.undelivered.1), [traffic.last_received, traffic.last_sent, held_up])
    }

    /// Its peer has left, and not been told all.
    fn untold(&self) -> Error {
        Error::dialogue(self.player.borrow().place(), "the peer has left before it could be told this")
    }

    /// The player may have something to say.
    fn goes_on(&self, context: &mut Context<'_>) {
        context.relay.ready(self.token, reactor::Ready::READ);
    }

    /// Delivers what is on its way, and closes the connection.
    fn leave(&mut self, peer: Token, patience: Duration, context: &mut Context<'_>) {
        self.leaving = true;
        context.relay.close(peer, Patience::For(patience), context.reactor.now());
    }
}

impl Wiring for Play {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let Peer { token: peer, stream, remote, tls, upgrade, .. } = peer;
        let encryption = match upgrade {
            _ if tls => Encryption::There,
            Some(handle) => Encryption::Later(handle),
            None => Encryption::Never,
        };
        let mut player = Player::new(Rc::clone(&self.script), encryption);
        // Where TLS comes first, nothing may be read in clear.
        player.listens();
        let player = Rc::new(RefCell::new(player));
        let (token, now) = (context.reactor.token(), context.reactor.now());
        context.relay.add(peer, stream);
        context.relay.add(token, Box::new(Played::new(Rc::clone(&player))));
        context.relay.join(peer, token);
        context.relay.join(token, peer);
        self.served = true;
        let couple = Couple {
            departure: Departure::new(remote.to_string(), self.verify, context.report),
            player,
            token,
            joined: now,
            alarm: Alarm::default(),
            gone: Gone { how: String::new(), in_order: false },
            unheard: None,
            undelivered: (0, now),
            leaving: false,
            told: false,
        };
        self.peer_of.insert(token, peer);
        self.couples.insert(peer, couple);
        self.review(peer, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, end) => match (self.peer_of.get(&token).copied(), end) {
                (None, end) => self.ended(token, end, context),
                (Some(peer), End::Failed(error)) => {
                    let ours = Error::carried(&error).cloned();
                    let error = ours.unwrap_or_else(|| Error::usage(self.script.name(), why(&error)));
                    self.failed(peer, &error, context);
                }
                (Some(peer), _) => self.played(peer, context),
            },
            Notice::Finished(token) => {
                let Some(&peer) = self.peer_of.get(&token) else { return };
                let Some(couple) = self.couples.get(&peer).filter(|couple| !couple.leaving) else { return };
                let left = couple.player.borrow_mut().leave(couple.gone.clone());
                match left {
                    Ok(()) => couple.goes_on(context),
                    Err(error) => self.failed(peer, &error, context),
                }
            }
            Notice::Gone(token, error, lost) => {
                let Some(couple) = self.couples.get_mut(&token).filter(|couple| !couple.told) else { return };
                if couple.leaving && lost > 0 && Error::carried(&error).is_none() {
                    let error = couple.untold();
                    return self.tell(token, &error, context);
                }
                let fate = couple.departure.gone(error, lost, couple.leaving);
                if !couple.leaving {
                    // What was lost may have been answered all the same; but not a last word.
                    let lost = if self.script.ends_with_ours() { lost as u64 } else { 0 };
                    couple.unheard = Some(context.relay.traffic(couple.token).received.saturating_sub(lost));
                    // What it has sent may still be read: the reason, perhaps.
                    context.relay.discard(couple.token);
                } else {
                    self.blame(fate.exit);
                }
            }
            Notice::Closed(token, lost, traffic) => {
                let Some(mut couple) = self.couples.remove(&token) else { return };
                if !couple.told {
                    let exit = couple.departure.closed(lost);
                    self.blame(exit);
                }
                context.report.detail(1, Totals(traffic, context.reactor.now() - couple.joined));
                context.relay.take(couple.token);
                self.peer_of.remove(&couple.token);
                self.review_end();
            }
            Notice::Stalled(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        self.review(token, context);
    }

    fn present(&self) -> usize {
        self.couples.len()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        self.couples.iter().for_each(|(token, one)| tell(&one.departure.name(), Some(*token), one.joined));
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
