//! The search for whoever takes a domain's mail: its exchangers, their addresses and, to be shown, its texts.
//!
//! All that can be asked is asked at once. A newcomer's trap: an exchanger whose own name servers are slow must not
//! keep the others waiting, so each of them is [known](Search::is_known) by itself.

use super::{
    Kind, Over, Sending, Servers,
    exchangers::{self, Exchangers},
    lookup::{Fault, Lookup},
    message::Data,
};
use crate::{
    cli::config::Family,
    error::{Error, Result},
};
use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Instant,
};

/// Exchangers that are tried; those behind them are told of.
const TRIED: usize = 16;

/// See the module's description.
#[derive(Debug)]
pub struct Search {
    domain: String,
    family: Family,
    servers: Rc<Servers>,
    random: fn() -> u16,
    /// The first is for MX records.
    lookups: Vec<Lookup>,
    /// Once they are known.
    state: Option<Result<Vec<Exchanger>>>,
    /// Exchangers that are one too many.
    left_out: usize,
}

/// A host that takes a domain's mail.
#[derive(Debug)]
pub struct Exchanger {
    /// Its name, which a certificate is checked for.
    pub name: String,
    /// `None` for a domain without MX records.
    pub preference: Option<u16>,
    lookups: Vec<usize>,
}

impl Search {
    /// Of `domain`; its texts are asked for if they are to be shown. `random` gives the ids.
    #[must_use]
    pub fn new(domain: String, family: Family, shows: bool, servers: Servers, random: fn() -> u16) -> Self {
        let (servers, lookups) = (Rc::new(servers), Vec::new());
        let mut search = Self { domain, family, servers, random, lookups, state: None, left_out: 0 };
        search.look_up(search.domain.clone(), Kind::Mx);
        if shows {
            search.look_up(search.domain.clone(), Kind::Txt);
        }
        search
    }

    /// What is to be sent now, if anything is, and for which look-up.
    pub fn send(&mut self, now: Instant) -> Option<(usize, Sending)> {
        loop {
            let known = self.lookups.len();
            let mut all = self.lookups.iter_mut().enumerate();
            if let Some(sending) = all.find_map(|(number, lookup)| Some((number, lookup.send(now)?))) {
                return Some(sending);
            }
            self.settle();
            if self.lookups.len() == known {
                return None;
            }
        }
    }

    /// When to look again, if nothing comes.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.lookups.iter().filter_map(Lookup::deadline).min()
    }

    /// `server` has sent this message to a look-up.
    pub fn heard(&mut self, lookup: usize, server: SocketAddr, over: Over, message: &[u8]) {
        if let Some(lookup) = self.lookups.get_mut(lookup) {
            lookup.heard(server, over, message);
        }
        self.settle();
    }

    /// `server` cannot be reached for a look-up.
    pub fn failed(&mut self, lookup: usize, server: SocketAddr, over: Over, why: &str) {
        if let Some(lookup) = self.lookups.get_mut(lookup) {
            lookup.failed(server, over, why);
        }
        self.settle();
    }

    /// Whether an answer is still awaited by this look-up.
    #[must_use]
    pub fn is_open(&self, lookup: usize) -> bool {
        self.lookups.get(lookup).is_some_and(|lookup| lookup.result().is_none())
    }

    /// Whether all has been answered that was asked, or has failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lookups.iter().all(|lookup| lookup.result().is_some())
    }

    /// The exchangers, in the order in which they are to be tried; `None` until that is known.
    ///
    /// # Errors
    /// When nobody takes the domain's mail, or nobody knows who.
    pub fn exchangers(&self) -> Result<Option<&[Exchanger]>> {
        match &self.state {
            None => Ok(None),
            Some(Ok(exchangers)) => Ok(Some(exchangers)),
            Some(Err(error)) => Err(error.clone()),
        }
    }

    /// Whether no more addresses of this one will come.
    #[must_use]
    pub fn is_known(&self, exchanger: &Exchanger) -> bool {
        !exchanger.lookups.iter().any(|lookup| self.is_open(*lookup))
    }

    /// The addresses that are known by now, IPv6 first.
    #[must_use]
    pub fn addresses(&self, exchanger: &Exchanger) -> Vec<IpAddr> {
        let records = self.of(exchanger).filter_map(|lookup| lookup.result()?.ok()).flatten();
        let addresses = records.filter_map(|record| match record {
            Data::Address(ip) => Some(*ip),
            Data::Mx(..) | Data::Txt(_) => None,
        });
        addresses.collect()
    }

    /// Why this one has no address.
    #[must_use]
    pub fn why(&self, exchanger: &Exchanger) -> String {
        if let Some(server) = self.of(exchanger).find_map(Lookup::waits_for) {
            return format!("no answer from {server} yet");
        }
        match (self.faults(exchanger).next(), self.family) {
            (Some(fault), _) => fault.to_string(),
            (None, Family::V4) => "it has no IPv4 address; leave out -4".to_owned(),
            (None, Family::V6) => "it has no IPv6 address; leave out -6".to_owned(),
            (None, Family::Any) => "it has no address".to_owned(),
        }
    }

    /// That none of the exchangers has an address.
    #[must_use]
    pub fn nowhere(&self) -> Error {
        let exchangers = self.state.iter().flatten().flatten();
        let all: Vec<_> = exchangers.map(|it| (it, self.why(it))).collect();
        match all.as_slice() {
            [(itself @ Exchanger { preference: None, .. }, why)] => {
                let why = format!("it has no MX record, and as for an address: {why}");
                // As where a name is looked up that is typed as a host.
                match self.faults(itself).next() {
                    Some(Fault::Unanswered(_)) => Error::network(self.what(), why),
                    _ if !self.is_known(itself) => Error::network(self.what(), why),
                    _ => Error::usage(self.what(), why),
                }
            }
            all => {
                let whys: Vec<_> = all.iter().map(|(it, why)| format!("{}: {why}", it.name)).collect();
                Error::network(self.what(), whys.join("; "))
            }
        }
    }

    /// The records that are known by now, a line each: name, type, and what they say. Exchangers come in the order
    /// in which they are tried.
    #[must_use]
    pub fn records(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let aliases = |lookup: &Lookup| {
            let names = std::iter::once(&lookup.name).chain(lookup.aliases());
            names.zip(lookup.aliases()).map(|(name, alias)| format!("{name} CNAME {alias}")).collect::<Vec<_>>()
        };
        let mut seen = Vec::new();
        for lookup in self.in_order() {
            for line in aliases(lookup) {
                if !seen.contains(&line) {
                    seen.push(line.clone());
                    lines.push(line);
                }
            }
            let owner = lookup.owner();
            if lookup.kind == Kind::Mx && self.state.as_ref().is_some_and(Result::is_ok) {
                let exchangers = self.state.iter().flatten().flatten();
                lines.extend(exchangers.filter_map(|it| Some(format!("{owner} MX {} {}", it.preference?, it.name))));
                continue;
            }
            for record in lookup.result().and_then(std::result::Result::ok).unwrap_or_default() {
                lines.push(match record {
                    Data::Mx(preference, name) => format!("{owner} MX {preference} {name}"),
                    Data::Address(ip) => format!("{owner} {} {ip}", lookup.kind.name()),
                    Data::Txt(text) => format!("{owner} TXT {}", quoted(text)),
                });
            }
        }
        lines
    }

    /// What is known besides: what could not be found out, or is not said by a record.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(Ok(exchangers)) = &self.state {
            if exchangers.first().is_some_and(|first| first.preference.is_none()) {
                notes.push(format!("{} has no MX record, so it takes its mail itself.", self.domain));
            }
            if self.left_out > 0 {
                notes.push(format!("{} more exchangers are left out; {TRIED} are enough.", self.left_out));
            }
        }
        let faults = self.lookups.iter().filter_map(|it| match it.result() {
            None => Some(format!("{} {}: no answer yet", it.name, it.kind.name())),
            Some(Err(fault)) => Some(format!("{} {}: {fault}", it.name, it.kind.name())),
            Some(Ok(_)) => None,
        });
        // Where nothing was found, the error tells.
        notes.extend(faults.filter(|_| matches!(self.state, Some(Ok(_)))));
        notes
    }

    /// The name servers that answers are awaited from, for when time is up.
    #[must_use]
    pub fn waits_for(&self) -> Option<String> {
        let mut servers: Vec<_> = self.lookups.iter().filter_map(Lookup::waits_for).collect();
        servers.sort_unstable();
        servers.dedup();
        let servers: Vec<_> = servers.iter().map(SocketAddr::to_string).collect();
        (!servers.is_empty()).then(|| servers.join(", "))
    }

    /// What is being done, for messages.
    #[must_use]
    pub fn what(&self) -> String {
        format!("find the mail server of {}", self.domain)
    }

    fn look_up(&mut self, name: String, kind: Kind) -> usize {
        self.lookups.push(Lookup::new(name, kind, Rc::clone(&self.servers), self.random));
        self.lookups.len() - 1
    }

    /// MX, addresses, texts.
    fn in_order(&self) -> impl Iterator<Item = &Lookup> {
        let addresses = self.state.iter().flatten().flatten().flat_map(|it| self.of(it));
        let own = |kind| self.lookups.iter().filter(move |lookup| lookup.kind == kind);
        own(Kind::Mx).chain(addresses).chain(own(Kind::Txt))
    }

    fn of(&self, exchanger: &Exchanger) -> impl Iterator<Item = &Lookup> {
        exchanger.lookups.iter().filter_map(|number| self.lookups.get(*number))
    }

    fn faults(&self, exchanger: &Exchanger) -> impl Iterator<Item = &Fault> {
        self.of(exchanger).filter_map(|lookup| lookup.result()?.err())
    }

    /// Asks for addresses once it is known whose.
    fn settle(&mut self) {
        if self.state.is_some() {
            return;
        }
        let Some(records) = self.lookups.first().and_then(Lookup::result) else { return };
        let random = self.random;
        let list = match records.map(|records| exchangers::order(records, |bound| usize::from(random()) % bound.max(1)))
        {
            Err(fault) => Err(self.not_found(fault)),
            Ok(Exchangers::Nobody) => {
                let hint = "is it the right domain?";
                Err(Error::network(self.what(), "it takes no mail: its MX record is null (RFC 7505)").hint(hint))
            }
            Ok(Exchangers::Itself) => Ok(vec![(None, self.domain.clone())]),
            Ok(Exchangers::Several(list)) => Ok(list.into_iter().map(|(it, name)| (Some(it), name)).collect()),
        };
        self.state = Some(list.map(|list| {
            self.left_out = list.len().saturating_sub(TRIED);
            list.into_iter().take(TRIED).map(|(preference, name)| self.exchanger(preference, name)).collect()
        }));
    }

    fn exchanger(&mut self, preference: Option<u16>, name: String) -> Exchanger {
        let kinds: &[Kind] = match self.family {
            Family::Any => &[Kind::Aaaa, Kind::A],
            Family::V4 => &[Kind::A],
            Family::V6 => &[Kind::Aaaa],
        };
        let lookups = kinds.iter().map(|kind| self.look_up(name.clone(), *kind)).collect();
        Exchanger { name, preference, lookups }
    }

    fn not_found(&self, fault: &Fault) -> Error {
        match fault {
            Fault::NoSuchName(name) if *name == self.domain => {
                Error::usage(self.what(), "there is no such domain (NXDOMAIN)").hint(fault.hint())
            }
            Fault::NoSuchName(alias) => {
                Error::usage(self.what(), format!("it is an alias of {alias}, and there is no such name (NXDOMAIN)"))
                    .hint("whoever looks after the domain has to mend that")
            }
            fault => Error::network(self.what(), fault.to_string()).hint(fault.hint()),
        }
    }
}

/// A text as it is shown: whole, in quotes, and marked if it is an SPF record (RFC 7208, 4.5).
fn quoted(text: &[u8]) -> String {
    let quoted: Vec<u8> =
        text.iter().flat_map(|byte| if b"\"\\".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] }).collect();
    let is_spf = text == b"v=spf1" || text.starts_with(b"v=spf1 ");
    format!("\"{}\"{}", crate::report::escape_all(&quoted), if is_spf { " (SPF)" } else { "" })
}

#[cfg(test)]
mod tests;
