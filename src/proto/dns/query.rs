//! One question, put to several name servers until one of them answers.
//!
//! Each is asked over UDP in its turn, and again if all were silent; one that answers with an error is not asked
//! again. What does not fit into a datagram is asked for over TCP (RFC 7766). A newcomer's trap: a server that was
//! given up a moment ago may answer yet, and that answer is as good as any.

use super::{
    Servers,
    message::{self, Answer, Kind, Reply},
};
use std::{net::SocketAddr, rc::Rc, time::Instant};

/// See the module's description.
#[derive(Debug)]
pub struct Query {
    name: String,
    kind: Kind,
    id: u16,
    servers: Rc<Servers>,
    /// The servers, the first one first.
    list: Vec<SocketAddr>,
    standing: Vec<Standing>,
    /// Whose turn it is, and how many turns there were before.
    turn: usize,
    /// Until when its answer is awaited, once it has been asked.
    until: Option<Instant>,
    outcome: Option<Outcome>,
}

/// What came of a question.
pub type Outcome = Result<Found, Unanswered>;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Records, perhaps none.
    Records(Answer),
    /// There is no such name, which is that of the last alias.
    NoSuchName(Vec<String>),
}

/// Nobody had an answer: each server, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered(pub Vec<(SocketAddr, Trouble)>);

/// Why a name server has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing came in time.
    Silent,
    /// It could not be reached, or says that it does not know.
    Refused(String),
}

/// What a message travels over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A datagram.
    Udp,
    /// A stream, with its length before the message.
    Tcp,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// To whom.
    pub server: SocketAddr,
    /// Over what.
    pub over: Over,
    /// The message, without a length.
    pub message: Vec<u8>,
}

/// How a server stands.
#[derive(Debug, Clone)]
struct Standing {
    over: Over,
    edns: bool,
    trouble: Option<Trouble>,
}

impl Query {
    /// Asks `servers` for the records of `name`, under this id.
    #[must_use]
    pub fn new(name: String, kind: Kind, id: u16, servers: Rc<Servers>) -> Self {
        let standing = vec![Standing { over: Over::Udp, edns: true, trouble: None }; servers.list.len()];
        let mut list = servers.list.clone();
        let first = servers.first.get().checked_rem(list.len()).unwrap_or_default();
        list.rotate_left(first);
        Self { name, kind, id, servers, list, standing, turn: 0, until: None, outcome: None }
    }

    /// What is to be sent now, if anything is.
    pub fn send(&mut self, now: Instant) -> Option<Sending> {
        while self.outcome.is_none() {
            match self.until {
                Some(until) if now < until => return None,
                Some(_) => self.trouble(self.whose(), Trouble::Silent),
                None => {
                    self.until = now.checked_add(self.servers.timeout);
                    let (server, standing) = self.list.get(self.whose()).zip(self.standing.get(self.whose()))?;
                    let Some(message) = message::ask(self.id, &self.name, self.kind, standing.edns) else {
                        let why = Trouble::Refused("the name is too long to be asked for".to_owned());
                        self.outcome = Some(Err(Unanswered(vec![(*server, why)])));
                        return None;
                    };
                    return Some(Sending { server: *server, over: standing.over, message });
                }
            }
        }
        None
    }

    /// When to look again, if nothing comes.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.until.filter(|_| self.outcome.is_none())
    }

    /// `server` has sent this message.
    pub fn heard(&mut self, server: SocketAddr, over: Over, message: &[u8]) {
        let Some(who) = self.number(server).filter(|_| self.outcome.is_none()) else { return };
        let reply = message::read(message, self.id, &self.name, self.kind);
        let Some(standing) = self.standing.get_mut(who) else { return };
        match (reply, over) {
            // A datagram may come from anybody; the true answer may come yet.
            (None, Over::Udp) => {}
            (None | Some(Reply::Truncated), Over::Tcp) => {
                self.trouble(who, Trouble::Refused("the answer is garbled".to_owned()));
            }
            (Some(Reply::Found(answer)), _) => self.answered(server, Found::Records(answer)),
            (Some(Reply::NoSuchName(aliases)), _) => self.answered(server, Found::NoSuchName(aliases)),
            (Some(Reply::Truncated), Over::Udp) if standing.over == Over::Udp => {
                standing.over = Over::Tcp;
                self.ask_next(who);
            }
            (Some(Reply::Truncated), Over::Udp) => {}
            (Some(Reply::Misunderstood), _) if standing.edns => {
                standing.edns = false;
                self.ask_next(who);
            }
            (Some(Reply::Misunderstood), _) => {
                self.trouble(who, Trouble::Refused("it does not understand the question".to_owned()));
            }
            (Some(Reply::Refused(why)), _) => self.trouble(who, Trouble::Refused(why)),
        }
    }

    /// `server` cannot be reached that way.
    pub fn failed(&mut self, server: SocketAddr, over: Over, why: &str) {
        let why = match over {
            Over::Udp => why.to_owned(),
            Over::Tcp => format!("the answer is too long for a datagram, and over TCP: {why}"),
        };
        if let Some(who) = self.number(server).filter(|_| self.outcome.is_none()) {
            self.trouble(who, Trouble::Refused(why));
        }
    }

    /// What came of it, once it is over.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The server that is being waited for.
    #[must_use]
    pub fn waits_for(&self) -> Option<SocketAddr> {
        self.list.get(self.whose()).copied().filter(|_| self.outcome.is_none())
    }

    fn whose(&self) -> usize {
        self.turn.checked_rem(self.standing.len()).unwrap_or_default()
    }

    fn number(&self, server: SocketAddr) -> Option<usize> {
        self.list.iter().position(|it| *it == server)
    }

    /// The next questions go to this server first.
    fn answered(&mut self, server: SocketAddr, found: Found) {
        self.servers.list.iter().position(|it| *it == server).into_iter().for_each(|it| self.servers.first.set(it));
        self.outcome = Some(Ok(found));
    }

    /// It is asked once more, in another way, at once: its turn is not over.
    fn ask_next(&mut self, who: usize) {
        let rounds = self.turn.checked_div(self.standing.len()).unwrap_or_default();
        (self.turn, self.until) = (rounds * self.standing.len() + who, None);
    }

    fn trouble(&mut self, who: usize, trouble: Trouble) {
        if let Some(standing) = self.standing.get_mut(who) {
            standing.trouble = Some(trouble);
        }
        if who != self.whose() {
            return;
        }
        // On to the next that may answer yet; nobody is asked too often.
        let turns = self.standing.len() * self.servers.attempts;
        let next = (self.turn + 1..turns).find(|turn| {
            let standing = self.standing.get(turn.checked_rem(self.standing.len()).unwrap_or_default());
            standing.is_some_and(|standing| !matches!(standing.trouble, Some(Trouble::Refused(_))))
        });
        match next {
            Some(turn) => (self.turn, self.until) = (turn, None),
            None => {
                let troubles = self.standing.iter().map(|it| it.trouble.clone().unwrap_or(Trouble::Silent));
                self.outcome = Some(Err(Unanswered(self.list.iter().copied().zip(troubles).collect())));
            }
        }
    }
}

#[cfg(test)]
mod tests;
