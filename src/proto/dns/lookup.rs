//! One name's records, wherever its aliases lead (RFC 1034, 3.6.2).
//!
//! A newcomer's trap: a name server that looks names up for others follows a CNAME by itself; one that only knows
//! its own zones names the alias, and has to be asked again.

use super::{
    Over, Sending, Servers,
    message::{ALIASES, Answer, Data, Kind},
    query::{Found, Query, Trouble, Unanswered},
};
use std::{fmt, net::SocketAddr, rc::Rc, time::Instant};

/// See the module's description.
#[derive(Debug)]
pub struct Lookup {
    /// What is looked up.
    pub name: String,
    /// What of it.
    pub kind: Kind,
    servers: Rc<Servers>,
    random: fn() -> u16,
    query: Query,
    aliases: Vec<String>,
    result: Option<Result<Vec<Data>, Fault>>,
}

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such name (NXDOMAIN); this is it.
    NoSuchName(String),
    /// No name server has answered.
    Unanswered(Unanswered),
    /// Aliases lead to aliases, round in a circle or too far.
    Aliases,
}

impl Lookup {
    /// Looks `name` up; `random` gives the ids.
    #[must_use]
    pub fn new(name: String, kind: Kind, servers: Rc<Servers>, random: fn() -> u16) -> Self {
        let query = Query::new(name.clone(), kind, random(), Rc::clone(&servers));
        Self { name, kind, servers, random, query, aliases: Vec::new(), result: None }
    }

    /// What is to be sent now, if anything is.
    pub fn send(&mut self, now: Instant) -> Option<Sending> {
        let sending = self.query.send(now);
        self.settle();
        sending
    }

    /// When to look again, if nothing comes.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.query.deadline().filter(|_| self.result.is_none())
    }

    /// `server` has sent this message.
    pub fn heard(&mut self, server: SocketAddr, over: Over, message: &[u8]) {
        self.query.heard(server, over, message);
        self.settle();
    }

    /// `server` cannot be reached that way.
    pub fn failed(&mut self, server: SocketAddr, over: Over, why: &str) {
        self.query.failed(server, over, why);
        self.settle();
    }

    /// The records, perhaps none, once they are there.
    #[must_use]
    pub fn result(&self) -> Option<Result<&[Data], &Fault>> {
        self.result.as_ref().map(|result| result.as_deref())
    }

    /// The names that CNAMEs lead to, in turn.
    #[must_use]
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Whose the records are: the name looked up, or the last alias.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.aliases.last().unwrap_or(&self.name)
    }

    /// The name server that is being waited for.
    #[must_use]
    pub fn waits_for(&self) -> Option<SocketAddr> {
        self.query.waits_for().filter(|_| self.result.is_none())
    }

    fn settle(&mut self) {
        if self.result.is_some() {
            return;
        }
        let result = match self.query.outcome() {
            None => return,
            Some(Err(unanswered)) => Err(Fault::Unanswered(unanswered.clone())),
            Some(Ok(Found::NoSuchName(aliases))) => {
                self.aliases.extend(aliases.clone());
                Err(Fault::NoSuchName(self.owner().to_owned()))
            }
            Some(Ok(Found::Records(Answer { aliases, data }))) => {
                let new = !aliases.is_empty();
                self.aliases.extend(aliases.clone());
                match data.as_slice() {
                    [] if new && self.leads_on() => {
                        let (id, servers) = ((self.random)(), Rc::clone(&self.servers));
                        self.query = Query::new(self.owner().to_owned(), self.kind, id, servers);
                        return;
                    }
                    [] if new => Err(Fault::Aliases),
                    _ => Ok(data.clone()),
                }
            }
        };
        self.result = Some(result);
    }

    /// Whether the last alias is none that has been seen, nor one too many.
    fn leads_on(&self) -> bool {
        let Some((last, before)) = self.aliases.split_last() else { return false };
        self.aliases.len() <= ALIASES && *last != self.name && !before.contains(last)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchName(_) => f.write_str("there is no such name (NXDOMAIN)"),
            Self::Aliases => f.write_str("its CNAME leads to no end"),
            Self::Unanswered(Unanswered(all)) => {
                for (number, (server, trouble)) in all.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    match trouble {
                        Trouble::Silent => write!(f, "{comma}{server}: no answer")?,
                        Trouble::Refused(why) => write!(f, "{comma}{server}: {why}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Fault {
    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchName(_) => "check the spelling",
            Self::Aliases => "whoever looks after the domain has to mend that",
            Self::Unanswered(Unanswered(all)) => {
                let (mut silent, mut failure) = (true, false);
                for (_, trouble) in all {
                    silent &= *trouble == Trouble::Silent;
                    failure |= matches!(trouble, Trouble::Refused(why) if why == "SERVFAIL");
                }
                match (silent, failure) {
                    (true, _) => "is the network up? --dns ADDRESS asks another name server",
                    (_, true) => "the domain's own name servers may be out of order; try again later",
                    _ => "--dns ADDRESS asks another name server",
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
