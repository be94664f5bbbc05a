//! Connect mode's way to its peer: names are looked up, then addresses dialled.
//!
//! A newcomer's trap: with proxies, whom we dial is the first of them. The peer's own name may have
//! to be looked up here all the same; then it is found beside, and the proxy is told the address.

use super::{
    Arrival,
    dial::{Dial, Dialled, How},
    entrance::Found,
    resolve::{LookUp, Question},
    retry::Retry,
    route,
};
use crate::{
    cli::config::{Config, Connect, Family, Place, ProxyDns, Source},
    error::{Error, Exit, Result, why},
    proto::proxy::PROXIES,
    reactor::Reactor,
    report::Report,
    transport::Address,
};
use mio::Token;
use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant},
};

/// How long connecting may take when `-w` does not say: what Ncat waits.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// See the module's description.
pub struct Dialling {
    /// Whom we dial, for messages; `to` is at which port of several.
    target: String,
    /// The peer's name, which a certificate is checked for.
    host: Rc<str>,
    token: Token,
    state: State,
    to: Vec<Address>,
    how: How,
    /// `-z`: to be refused is an answer like another.
    probe: bool,
    /// The ports still to be tried then.
    more_ports: VecDeque<u16>,
    until: Option<Instant>,
    wait: Duration,
    /// `--retry`, while it lasts.
    retry: Option<Retry>,
    /// `-w` is for all connections together.
    bounded: bool,
    report: Report,
}

enum State {
    LookingUp(Box<Names>),
    Dialling(Dial),
    /// Until the next attempt: with the names, if it was they that could not be found.
    Resting(Option<Box<Names>>, Instant),
    Done,
}

/// What is being looked up.
struct Names {
    to: LookUp,
    from: LookUp,
    hops: Vec<LookUp>,
    route: Option<crate::cli::config::Route>,
    /// The peer behind the proxies; whether it has to be found, and where it is left.
    behind: Option<(LookUp, ProxyDns)>,
    found: Found,
}

impl Dialling {
    /// Begins to look up and to dial: `place`, or the first of the proxies on the way there.
    ///
    /// # Errors
    /// When a name is known at once not to be one.
    pub fn begin(
        config: &Config,
        connect: &Connect,
        place: &Place,
        found: Found,
        reactor: &mut Reactor,
        report: Report,
    ) -> Result<Self> {
        let token = reactor.token();
        let wait = connect.wait.unwrap_or(WAIT).min(connect.retry.unwrap_or(Duration::MAX));
        let question = |host: &str, port| question(config, host, port);
        let (to, target) = match (connect.proxies.first(), place) {
            (Some(proxy), _) => {
                (LookUp::begin(question(&proxy.host, proxy.port), token, reactor)?, target(&proxy.host, proxy.port))
            }
            (None, Place::Inet { host, port }) => {
                (LookUp::begin(question(host, *port), token, reactor)?, target(host, *port))
            }
            (None, Place::Known(address)) => (LookUp::known(vec![address.clone()]), address.to_string()),
        };
        let from = source(&connect.source, config, token, reactor)?;
        let hops = connect.route.iter().flat_map(|route| &route.hops);
        let hops = hops.map(|hop| LookUp::begin(question(hop, 0), token, reactor)).collect::<Result<_>>()?;
        let behind = match (place, connect.proxy_dns) {
            (Place::Inet { host, port }, dns @ (ProxyDns::Local | ProxyDns::Both)) if !connect.proxies.is_empty() => {
                let question = Question { numeric: false, family: family(config, connect), ..question(host, *port) };
                Some((LookUp::begin(question, token, reactor)?, dns))
            }
            _ => None,
        };
        let route = connect.route.clone();
        reactor.wake_at(reactor.now(), token);
        reactor.wake_in(wait, token);
        Ok(Self {
            target,
            host: place.host().into(),
            token,
            state: State::LookingUp(Box::new(Names { to, from, hops, route, behind, found })),
            to: Vec::new(),
            how: How { transport: config.transport, from: Vec::new(), ip_options: Vec::new() },
            probe: connect.probe,
            more_ports: connect.more_ports.iter().copied().collect(),
            // A time too far away to be counted is never.
            until: reactor.now().checked_add(wait),
            wait,
            retry: connect.retry.map(|time| Retry::new(time, reactor.now())),
            bounded: connect.wait.is_some(),
            report,
        })
    }

    /// What has come of an event or alarm under `token`.
    ///
    /// # Errors
    /// When the peer cannot be reached. For `-z` that is no error.
    pub fn advance(&mut self, token: Token, reactor: &mut Reactor) -> Result<Option<Arrival>> {
        let ours = match &self.state {
            State::Done => false,
            State::Dialling(dial) => dial.has(token),
            State::LookingUp(_) | State::Resting(..) => token == self.token,
        };
        if !ours {
            return Ok(None);
        }
        if self.is_resting(reactor)? {
            return Ok(None);
        }
        let tried = match self.try_once(token, reactor) {
            Err(error) => self.put_off(error, reactor).map(|()| None),
            other => other,
        };
        match tried {
            Ok(None) => Ok(None),
            Ok(Some(arrival)) => {
                self.next_port(reactor);
                Ok(Some(arrival))
            }
            Err(error) if self.probe && !matches!(self.state, State::LookingUp(_)) => {
                self.report.detail(1, &error);
                self.next_port(reactor);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Connects to the same peer once more.
    pub fn again(&mut self, reactor: &mut Reactor) {
        if !self.bounded {
            self.until = reactor.now().checked_add(self.wait);
            reactor.wake_in(self.wait, self.token);
        }
        self.dial(reactor);
    }

    /// Whether there is nobody left to dial.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn try_once(&mut self, token: Token, reactor: &mut Reactor) -> Result<Option<Arrival>> {
        if let State::LookingUp(names) = &mut self.state
            && let Some((to, how)) = names.all_found(&self.how)?
        {
            let list = to.iter().filter_map(Address::inet).map(|it| it.ip().to_string()).collect::<Vec<_>>();
            if names.to.was_asked() {
                self.report.detail(1, format_args!("{} resolved to {}.", self.target, list.join(", ")));
            }
            (self.to, self.how) = (to, how);
            self.dial(reactor);
        }
        if let State::Dialling(dial) = &mut self.state
            && let Some(Dialled { token, to, socket }) =
                dial.advance(token, reactor).map_err(|error| error.about(&self.target))?
        {
            let local = socket.local().map_err(|error| Error::network(self.target.clone(), why(&error)))?;
            match local {
                Address::Unix(_) => self.report.detail(1, format_args!("Connected to {to}.")),
                _ => self.report.detail(1, format_args!("Connected to {to}. This end is {local}.")),
            }
            self.state = State::Done;
            let host = Some(Rc::clone(&self.host));
            return Ok(Some(Arrival { token, socket, remote: to, local, door: 0, host }));
        }
        if self.until.is_some_and(|until| until <= reactor.now()) {
            return Err(self.timed_out());
        }
        Ok(None)
    }

    /// An attempt has failed; the next one comes after a pause, if there is to be one.
    fn put_off(&mut self, error: Error, reactor: &mut Reactor) -> Result<()> {
        let has_names = matches!(self.state, State::LookingUp(_));
        // What this machine refuses it refuses again; but a name may come to be known.
        let worth = |_: &&mut Retry| has_names || error.exit() == Exit::Network;
        let Some(retry) = self.retry.as_mut().filter(worth) else { return Err(error) };
        let now = reactor.now();
        let Some(at) = retry.failed(now) else { return Err(error.and(&retry.told())) };
        let pause = (at - now).as_secs_f32();
        self.report.detail(1, format_args!("{error}. Trying again in {pause:.1} s."));
        let names = match std::mem::replace(&mut self.state, State::Done) {
            State::LookingUp(names) => Some(names),
            _ => None,
        };
        self.state = State::Resting(names, at);
        reactor.wake_at(at, self.token);
        Ok(())
    }

    /// Whether it is not yet time for the next attempt, which is begun when it is.
    fn is_resting(&mut self, reactor: &mut Reactor) -> Result<bool> {
        let State::Resting(names, at) = &mut self.state else { return Ok(false) };
        let now = reactor.now();
        if *at > now {
            return Ok(true);
        }
        let until = now.checked_add(self.wait);
        self.until = self.retry.as_ref().map_or(until, |retry| retry.bounds(until, now));
        self.until.into_iter().for_each(|until| reactor.wake_at(until, self.token));
        match names.take() {
            Some(mut names) => {
                names.again(self.token, reactor)?;
                self.state = State::LookingUp(names);
            }
            None => self.dial(reactor),
        }
        Ok(false)
    }

    fn dial(&mut self, reactor: &mut Reactor) {
        self.state = State::Dialling(Dial::new(self.token, self.to.clone(), self.how.clone()));
        // Nobody waits for an answer, so nobody wakes us but ourselves.
        reactor.wake_at(reactor.now(), self.token);
    }

    /// Goes on to the next port of a list, if there is one.
    fn next_port(&mut self, reactor: &mut Reactor) {
        self.state = State::Done;
        let Some(port) = self.more_ports.pop_front() else { return };
        for address in &mut self.to {
            if let Address::Inet(address) = address {
                address.set_port(port);
            }
        }
        if let Some((host, _)) = self.target.rsplit_once(':') {
            self.target = format!("{host}:{port}");
        }
        self.until = reactor.now().checked_add(self.wait);
        reactor.wake_in(self.wait, self.token);
        self.dial(reactor);
    }

    fn timed_out(&self) -> Error {
        let after = match &self.retry {
            // The last attempt may have less time than the others.
            Some(_) => "TIMEOUT. No connection".to_owned(),
            None => format!("TIMEOUT. No connection within {} s", self.wait.as_secs_f32()),
        };
        let (why, hint) = match &self.state {
            State::Dialling(dial) => (format!("{after} ({})", dial.tried()), "is a firewall in the way?"),
            _ => (format!("{after}: the name look-up has not answered"), "is the network up?"),
        };
        Error::network(format!("connect to {}", self.target), why).hint(format!("{hint} -w sets how long to wait"))
    }
}

impl Names {
    /// Looks up once more what has not been found.
    fn again(&mut self, token: Token, reactor: &mut Reactor) -> Result<()> {
        let behind = self.behind.iter_mut().map(|(behind, _)| behind);
        [&mut self.to, &mut self.from]
            .into_iter()
            .chain(&mut self.hops)
            .chain(behind)
            .try_for_each(|it| it.again(token, reactor))
    }

    /// Where to connect to and how, once all answers are there.
    fn all_found(&mut self, how: &How) -> Result<Option<(Vec<Address>, How)>> {
        let mut done = self.to.is_done()? & self.from.is_done()?;
        for hop in &mut self.hops {
            done &= hop.is_done()?;
        }
        if let Some((behind, dns)) = &mut self.behind {
            match behind.is_done() {
                Ok(is_done) => done &= is_done,
                Err(error) if *dns == ProxyDns::Local => return Err(error),
                // The proxy may know better.
                Err(_) => {}
            }
        }
        if !done {
            return Ok(None);
        }
        *self.found.borrow_mut() = self.behind.as_ref().and_then(|(behind, _)| behind.found().first()?.inet());
        let ip_options = match &self.route {
            None => Vec::new(),
            Some(route) => {
                let hops = self.hops.iter().filter_map(|hop| hop.found().first().and_then(Address::ip));
                route::option(hops, route.pointer)
            }
        };
        Ok(Some((self.to.found().to_vec(), How { from: self.from.found().to_vec(), ip_options, ..how.clone() })))
    }
}

/// Looks up where to connect from: an address of each family, or none for the kernel's choice.
///
/// # Errors
/// When a name is known at once not to be one.
pub(super) fn source(source: &Source, config: &Config, token: Token, reactor: &mut Reactor) -> Result<LookUp> {
    let any = |port| {
        [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)]
            .map(|ip| Address::Inet(SocketAddr::new(ip, port)))
    };
    Ok(match source {
        Source::Any => LookUp::known(Vec::new()),
        Source::Known(address) => LookUp::known(vec![address.clone()]),
        Source::Inet { host: None, port } => LookUp::known(any(*port).to_vec()),
        Source::Inet { host: Some(host), port } => LookUp::begin(question(config, host, *port), token, reactor)?,
    })
}

fn question(config: &Config, host: &str, port: u16) -> Question {
    Question { host: host.to_owned(), port, family: config.family, numeric: config.numeric }
}

/// The family of a peer's address that the last of the proxies can be asked for.
fn family(config: &Config, connect: &Connect) -> Family {
    let last = connect.proxies.last().and_then(|proxy| PROXIES.iter().find(|row| row.name == proxy.kind));
    match last {
        Some(row) if !row.ipv6 && config.family == Family::Any => Family::V4,
        _ => config.family,
    }
}

/// Host and port as they are written together.
fn target(host: &str, port: u16) -> String {
    let host = crate::report::escape(host.as_bytes());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
