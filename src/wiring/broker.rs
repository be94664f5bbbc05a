//! `--broker` and `--chat`: what each client says goes to all the others.
//!
//! stdin counts as a client; what is said is shown on stdout only if that is a terminal, as
//! scripts that were written for Ncat expect silence there. A terminal that is stopped is not
//! waited for any longer than a client: what is said meanwhile is not shown.
//!
//! A newcomer's trap: nobody's end is anybody else's. A client that has ended is seen off when it
//! has been given what waits for it, and the room stays open until a signal comes.

use super::{
    Context, Totals, Wiring,
    departure::{Departure, Fate},
    ends::active,
};
use crate::{
    cli::config::{Config, Console as Settings, Direction, LineEnds},
    error::{Error, Exit, Result, why},
    filter::{
        chat::{Chat, User},
        crlf::Crlf,
    },
    opening::{Failed, Peer},
    reactor::{self, Alarm, ByToken},
    relay::{End, Notice, Patience, Voice},
    transport::stdio::{self, Kind},
};
use mio::Token;
use std::time::{Duration, Instant};

/// How long a client that takes nothing more may delay leaving at the end of `-q`.
const STUCK_CLIENT: Duration = Duration::from_secs(5);

/// How often to look whether a terminal that was stopped goes on.
const STUCK_TERMINAL: Duration = Duration::from_millis(500);

/// See the module's description.
pub struct Broker {
    settings: Settings,
    chat: Option<Chat>,
    stall: Duration,
    idle: Option<Duration>,
    verify: bool,
    stdin: Token,
    members: ByToken<Box<Member>>,
    stdin_end: Option<Instant>,
    /// stdout has held the others up; nothing is shown on it until it takes what waits.
    stuck: bool,
    /// Nobody is let in any more, and who is there is seen off.
    leaving: bool,
    outcome: Option<Exit>,
}

struct Member {
    departure: Departure,
    /// Nothing but a failed write tells that it is gone.
    datagram: bool,
    idle: Alarm,
    joined: Instant,
    user: Option<User>,
    leaving: bool,
}

impl Broker {
    /// Takes stdin, and stdout if that is a terminal. `chat` is for people.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn new(config: &Config, settings: &Settings, chat: bool, context: &mut Context<'_>) -> Result<Self> {
        let stdin = context.reactor.token();
        let speaks = settings.direction != Direction::RecvOnly && stdio::stdin_kind() != Kind::Null;
        let mut stream = stdio::open(speaks)?;
        stream
            .register(context.reactor.registry(), stdin)
            .map_err(|error| Error::usage("stdin and stdout", why(&error)))?;
        reactor::raise_descriptor_limit();
        let chat = chat.then(Chat::default);
        context.relay.add(stdin, stream);
        if speaks {
            if settings.line_ends == LineEnds::Crlf {
                context.relay.filter(stdin, Box::new(Crlf::always()));
            }
            if let Some(chat) = &chat {
                context.relay.filter(stdin, Box::new(chat.host()));
            }
            if let Some(delay) = settings.delay {
                context.relay.space(stdin, delay);
            }
            context.relay.speak_to_room(stdin, Voice::Waits);
        }
        let stall = config.mode.stall();
        if stdio::stdout_is_terminal() {
            context.relay.limit_stalls(stdin, stall);
            context.relay.hear_room(stdin);
        }
        Ok(Self {
            settings: settings.clone(),
            chat,
            stall,
            idle: config.idle,
            verify: config.verifies(),
            stdin,
            members: ByToken::default(),
            stdin_end: None,
            stuck: false,
            leaving: false,
            outcome: None,
        })
    }

    fn leave(&mut self, token: Token, patience: Duration, context: &mut Context<'_>) {
        let Some(member) = self.members.get_mut(&token).filter(|member| !member.leaving) else { return };
        member.leaving = true;
        context.relay.close(token, Patience::For(patience), context.reactor.now());
        if let (Some(chat), Some(user)) = (&self.chat, member.user.take()) {
            let farewell = chat.leave(user);
            context.relay.tell_room(&farewell, context.reactor.now());
        }
    }

    fn settle(&mut self, token: Token, fate: Fate, context: &mut Context<'_>) {
        let over = self.members.get(&token).is_some_and(|member| member.departure.end().is_some());
        if fate.dead {
            self.leave(token, Duration::ZERO, context);
        } else if over {
            self.leave(token, self.stall, context);
        }
    }

    /// `-i`: a client alone that neither sends nor takes anything.
    fn review(&mut self, token: Token, context: &mut Context<'_>) {
        let Some(idle) = self.idle else { return };
        let Some(member) = self.members.get_mut(&token).filter(|member| !member.leaving) else { return };
        let (traffic, now) = (context.relay.traffic(token), context.reactor.now());
        let since = [traffic.last_received, traffic.last_sent, context.relay.held_up(token, now)];
        match active(member.joined, since).checked_add(idle) {
            Some(until) if until <= now => {
                member.departure.idle(idle, context.relay.undelivered(token));
                self.leave(token, Duration::ZERO, context);
            }
            Some(until) => member.idle.set(until, token, context.reactor),
            None => {}
        }
    }

    /// Whoever stops the terminal with Ctrl-S stops nobody else.
    fn review_stdout(&mut self, context: &mut Context<'_>) {
        if self.stuck && context.relay.is_drained(self.stdin) {
            self.stuck = false;
            context.report.note("stdout is written to again");
            context.relay.hear_room(self.stdin);
        } else if self.stuck {
            context.reactor.wake_in(STUCK_TERMINAL, self.stdin);
        }
    }

    fn stdin_noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(_, end) => {
                if let End::Failed(error) = end {
                    context.report.error(&Error::usage("read stdin", why(&error)));
                    self.outcome = Some(Exit::Usage);
                }
                if let Some(chat) = &self.chat {
                    let farewell = chat.leave(User::HOST);
                    context.relay.tell_room(&farewell, context.reactor.now());
                }
                context.report.detail(2, "stdin has ended.");
                self.stdin_end = Some(context.reactor.now());
                self.review_end(context);
            }
            Notice::Gone(_, error, _) => {
                context.relay.leave_room(self.stdin);
                context.report.error(&Error::usage("write stdout", why(&error)));
            }
            Notice::Stalled(_) => {
                self.stuck = true;
                context.report.note("stdout is too slow, and held the others up: what is said now is not shown");
                context.relay.leave_room(self.stdin);
                self.review_stdout(context);
            }
            Notice::Finished(_) | Notice::Closed(..) => {}
        }
    }

    /// Looks whether stdin's end is the end of all: `--send-only`, `-q`.
    fn review_end(&mut self, context: &mut Context<'_>) {
        let Some(end) = self.stdin_end else { return };
        let after = match self.settings.direction {
            Direction::SendOnly => Some(Duration::ZERO),
            _ => self.settings.quit.after(),
        };
        let Some(at) = after.and_then(|time| end.checked_add(time)) else { return };
        if at > context.reactor.now() {
            return context.reactor.wake_at(at, self.stdin);
        }
        self.leaving = true;
        let members: Vec<_> = self.members.keys().copied().collect();
        members.into_iter().for_each(|member| self.leave(member, STUCK_CLIENT, context));
        if self.members.is_empty() {
            self.outcome = Some(Exit::Done);
        }
    }
}

impl Wiring for Broker {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let Peer { token, stream, remote, .. } = peer;
        let (relay, now) = (&mut *context.relay, context.reactor.now());
        let datagram = stream.is_datagram();
        relay.add(token, stream);
        relay.limit_stalls(token, self.stall);
        relay.hear_room(token);
        let user = self.chat.as_ref().map(|chat| {
            let (user, speaker, announcement) = chat.join(&remote);
            relay.filter(token, Box::new(speaker));
            relay.tell_room(&announcement.to_all, now);
            if !announcement.to_newcomer.is_empty() {
                relay.tell(token, &announcement.to_newcomer, now);
            }
            user
        });
        if self.settings.direction == Direction::SendOnly {
            relay.discard(token);
        } else {
            relay.speak_to_room(token, Voice::Speaks);
        }
        let departure = Departure::new(remote.to_string(), self.verify, context.report);
        let member = Member { departure, datagram, idle: Alarm::default(), joined: now, user, leaving: false };
        self.members.insert(token, Box::new(member));
        if self.leaving {
            self.leave(token, Duration::ZERO, context);
        }
        self.review(token, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, _) | Notice::Finished(token) | Notice::Gone(token, ..) | Notice::Stalled(token)
                if token == self.stdin =>
            {
                self.stdin_noticed(notice, context);
            }
            Notice::Ended(token, end) => {
                let (undelivered, now) = (context.relay.undelivered(token), context.reactor.now());
                let Some(member) = self.members.get_mut(&token).filter(|member| !member.leaving) else { return };
                let fate = member.departure.ended(end, undelivered, now);
                self.settle(token, fate, context);
            }
            Notice::Gone(token, error, lost) => {
                let Some(member) = self.members.get_mut(&token) else { return };
                let fate = if member.datagram {
                    member.departure.ended(End::Failed(error), lost, context.reactor.now())
                } else {
                    member.departure.gone(error, lost, member.leaving)
                };
                self.settle(token, fate, context);
            }
            Notice::Stalled(token) => {
                if let Some(member) = self.members.get_mut(&token).filter(|member| !member.leaving) {
                    member.departure.stalled(context.relay.undelivered(token));
                    self.leave(token, Duration::ZERO, context);
                }
            }
            Notice::Closed(token, lost, traffic) => {
                if let Some(mut member) = self.members.remove(&token) {
                    member.departure.dropped(traffic.dropped);
                    member.departure.closed(lost);
                    context.report.detail(1, Totals(traffic, context.reactor.now() - member.joined));
                }
                if self.leaving && self.members.is_empty() {
                    self.outcome = Some(Exit::Done);
                }
            }
            Notice::Finished(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        if token == self.stdin {
            self.review_stdout(context);
            self.review_end(context);
        } else {
            self.review(token, context);
        }
    }

    fn present(&self) -> usize {
        self.members.len()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        self.members.iter().for_each(|(token, one)| tell(&one.departure.name(), Some(*token), one.joined));
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
