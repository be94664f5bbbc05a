//! Listening: one socket for each address, and the clients that come through them.

use super::Arrival;
use crate::{
    access::{Access, Entry},
    cli::config::{AccessLists, Config, Family, Listen, Where},
    error::{Error, Result, why},
    opening::resolve::Question,
    reactor::Reactor,
    report::Report,
    transport::{
        Accepted, Address, Listener, Serves, Transport,
        datagram::{Doorman, Knock},
    },
};
use mio::Token;
use rustix::io::Errno;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

/// Clients taken from one socket before others have their turn.
const TURNS: usize = 64;

/// How long to leave a socket alone that has failed for want of descriptors or memory.
const REST: Duration = Duration::from_millis(100);

/// How often another port is tried when the kernel's choice for one family is taken in the other.
const TRIES: usize = 16;

/// One of the listening sockets.
struct Door {
    token: Token,
    /// Of the places to listen at, which one it belongs to.
    number: usize,
    socket: Box<dyn Listener>,
}

/// The listening sockets.
pub struct Gate {
    sockets: Vec<Door>,
    access: Rc<Access>,
    once: bool,
    max_clients: usize,
    /// Nothing tells of a peer's end, nor a peer of ours.
    datagrams: bool,
    /// That the limit was reached.
    limit_told: bool,
    /// What was short, as it was said.
    short_of: Option<String>,
    /// Until when nobody is taken, for want of it.
    resting: Option<Instant>,
    /// There was one client before us, and it has come.
    one_came: bool,
    report: Report,
}

impl Gate {
    /// Binds and listens.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub fn open(config: &Config, listen: &Listen, reactor: &mut Reactor, report: Report) -> Result<Self> {
        let (family, numeric) = (config.family, config.numeric);
        let serves = if listen.keep_open { Serves::Many } else { Serves::One };
        let mut sockets = Vec::new();
        for (door, place) in std::iter::once(&listen.on).chain(&listen.others_on).enumerate() {
            let addresses = match place {
                Where::Known(address) => vec![address.clone()],
                Where::Inherited(_) => Vec::new(),
                Where::Loopback { port } => {
                    both([Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()], *port, family)
                }
                Where::Inet { host: None, port } => {
                    both([Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()], *port, family)
                }
                Where::Inet { host: Some(host), port } => {
                    let found = Question { host: host.clone(), port: *port, family, numeric }.ask()?;
                    found.into_iter().map(Address::Inet).collect()
                }
            };
            let found = match place {
                Where::Inherited(inherited) => inherited.listeners()?,
                _ => listen_on(config.transport, &addresses, serves)?,
            };
            sockets.extend(found.into_iter().map(|socket| (door, socket)));
        }
        let mut gate = Self {
            sockets: Vec::new(),
            access: Rc::new(access(&listen.access, numeric)?),
            once: !listen.keep_open,
            max_clients: listen.max_clients,
            datagrams: config.transport.datagram,
            limit_told: false,
            short_of: None,
            resting: None,
            one_came: false,
            report,
        };
        for (door, mut socket) in sockets {
            let token = reactor.token();
            let address = socket.register(reactor.registry(), token).and_then(|()| socket.local());
            let address = address.map_err(|error| Error::usage("listen", why(&error)))?;
            if socket.is_one_client() {
                // No event tells of one who is there.
                reactor.wake_at(reactor.now(), token);
            } else {
                report.detail(1, format_args!("Listening on {address}"));
            }
            gate.sockets.push(Door { token, number: door, socket });
        }
        Ok(gate)
    }

    /// The addresses listened on.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.sockets.iter().filter_map(|door| door.socket.local().ok()).collect()
    }

    /// The same, each with the number of the place that it belongs to.
    #[must_use]
    pub fn doors(&self) -> Vec<(usize, Address)> {
        self.sockets.iter().filter_map(|door| Some((door.number, door.socket.local().ok()?))).collect()
    }

    /// Lets in only whom the doorman has seen; he sees nobody who is not admitted anyway.
    pub fn guard(&mut self, doorman: &Rc<dyn Doorman>) {
        for door in &mut self.sockets {
            door.socket.guard(Rc::new(Admitted { access: Rc::clone(&self.access), doorman: Rc::clone(doorman) }));
        }
    }

    /// Whether there was one client before us, who has come in.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.one_came
    }

    /// Whether events under `token` are for this.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        self.sockets.iter().any(|door| door.token == token)
    }

    /// Takes the clients that wait at one socket, of whom so many are `present` already.
    pub fn accept(&mut self, token: Token, mut present: usize, reactor: &mut Reactor) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        if self.resting.is_some_and(|until| until > reactor.now()) {
            return arrivals;
        }
        for _ in 0..TURNS {
            let Some(door) = self.sockets.iter_mut().find(|door| door.token == token) else { return arrivals };
            let number = door.number;
            self.one_came |= door.socket.is_one_client();
            let (client, remote, local) = match door.socket.accept(reactor) {
                Ok(Accepted::Peer { stream, remote, local }) => (stream, remote, local),
                Ok(Accepted::Nobody) => {
                    self.short_of = None;
                    return arrivals;
                }
                Ok(Accepted::Later) => break,
                Err(error) if is_the_clients(&error) => continue,
                Err(error) => {
                    self.rest(&error, reactor);
                    return arrivals;
                }
            };
            if !remote.ip().map_or_else(|| self.access.admits_others(), |ip| self.access.admits(ip)) {
                self.report.detail(1, format_args!("New connection denied: not allowed: {remote}"));
                continue;
            }
            if present >= self.max_clients && !self.makes_room(reactor) {
                self.turn_away(&remote);
                continue;
            }
            let token = reactor.token();
            let mut socket = client;
            match socket.register(reactor.registry(), token) {
                Ok(()) => {
                    self.report.detail(1, format_args!("Connection from {remote}."));
                    arrivals.push(Arrival { token, socket, remote, local, door: number, host: None });
                    present += 1;
                }
                Err(error) => {
                    self.report.error(&Error::network(remote.to_string(), why(&error)).hint("it is sent away"))
                }
            }
            if self.once && !arrivals.is_empty() {
                // One client and no more: who comes later is refused by the kernel.
                self.sockets.clear();
                return arrivals;
            }
        }
        // Edge-triggered: nobody will tell again of those who still wait.
        reactor.wake_at(reactor.now(), token);
        arrivals
    }

    /// One too many: who sends datagrams is not told, so that somebody else should be.
    fn turn_away(&mut self, remote: &Address) {
        let denied = format!("New connection denied: connection limit reached ({})", self.max_clients);
        if self.datagrams && !std::mem::replace(&mut self.limit_told, true) {
            self.report.note(format_args!("{denied}: {remote}; what such peers send is lost, -m serves more"));
        } else {
            self.report.detail(1, format_args!("{denied}: {remote}"));
        }
    }

    /// Sees off a client that may have gone without a word, if there is one.
    fn makes_room(&mut self, reactor: &mut Reactor) -> bool {
        self.max_clients > 0 && self.sockets.iter_mut().any(|door| door.socket.make_room(reactor))
    }

    /// No descriptor or memory left: those who wait can go on waiting, and the others go on talking.
    fn rest(&mut self, error: &io::Error, reactor: &mut Reactor) {
        let until = reactor.now() + REST;
        self.resting = Some(until);
        // Edge-triggered: nobody will tell again of those who wait, at whichever socket.
        self.sockets.iter().for_each(|door| reactor.wake_at(until, door.token));
        let text = why(error);
        if self.short_of.as_ref() != Some(&text) {
            self.report.error(&Error::network("accept a connection", text.clone()).hint("new clients have to wait"));
            self.short_of = Some(text);
        }
    }
}

/// Asks the doorman about those who may come in.
struct Admitted {
    access: Rc<Access>,
    doorman: Rc<dyn Doorman>,
}

impl Doorman for Admitted {
    fn knock(&self, datagram: &[u8], from: &Address, now: Instant) -> Knock {
        match from.ip() {
            // The gate will turn him away, and say so.
            Some(ip) if !self.access.admits(ip) => Knock::LetIn,
            _ => self.doorman.knock(datagram, from, now),
        }
    }
}

/// Errors of accept(2) that are one client's misfortune.
fn is_the_clients(error: &io::Error) -> bool {
    let its = [Errno::CONNABORTED, Errno::INTR, Errno::PROTO, Errno::PERM, Errno::NETDOWN, Errno::HOSTUNREACH];
    its.iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()))
}

/// Reads the lists; names in them are looked up once, here and now.
fn access(lists: &AccessLists, numeric: bool) -> Result<Access> {
    let entries = |hosts: &[String], files: &[PathBuf]| -> Result<Vec<Entry>> {
        let hosts = hosts.iter().map(|hosts| Ok(Entry::Hosts(hosts.clone())));
        let files = files.iter().map(|path| Entry::file(path));
        hosts.chain(files).collect()
    };
    let look_up = |host: &str| {
        let question = Question { host: host.to_owned(), port: 0, family: Family::Any, numeric };
        Ok(question.ask()?.into_iter().map(|address| address.ip()).collect())
    };
    let (allow, deny) = (entries(&lists.allow, &lists.allow_files)?, entries(&lists.deny, &lists.deny_files)?);
    Access::new(&allow, &deny, &look_up)
}

/// Those of a family, or both.
fn both(addresses: [IpAddr; 2], port: u16, family: Family) -> Vec<Address> {
    let wanted = addresses.into_iter().filter(|address| family.admits(*address));
    wanted.map(|address| SocketAddr::new(address, port).into()).collect()
}

/// Listens on all of these, on one port, also when the kernel chooses it.
fn listen_on(transport: &Transport, addresses: &[Address], serves: Serves) -> Result<Vec<Box<dyn Listener>>> {
    let chosen_by_kernel = addresses.iter().all(|address| address.inet().is_some_and(|it| it.port() == 0));
    let mut tries = if chosen_by_kernel && addresses.len() > 1 { TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind(transport, addresses, serves) {
            Ok(sockets) => return Ok(sockets),
            // What was free in one family is taken in the other.
            Err((_, error)) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err((address, error)) => return Err(cannot_listen(&address, &error)),
        }
    }
}

/// One socket for each address; one is enough where the family of another is switched off.
fn bind(
    transport: &Transport,
    addresses: &[Address],
    serves: Serves,
) -> std::result::Result<Vec<Box<dyn Listener>>, (Address, io::Error)> {
    let mut sockets: Vec<Box<dyn Listener>> = Vec::new();
    let mut switched_off = None;
    for address in addresses {
        let mut address = address.clone();
        if let (Address::Inet(address), Some(first)) = (&mut address, sockets.first().and_then(|it| it.local().ok())) {
            address.set_port(first.inet().map_or(0, |first| first.port()));
        }
        match (transport.listen)(&address, serves) {
            Ok(socket) => sockets.push(socket),
            Err(error) if addresses.len() > 1 && is_switched_off(&error) => switched_off = Some((address, error)),
            Err(error) => return Err((address, error)),
        }
    }
    match switched_off {
        Some(failed) if sockets.is_empty() => Err(failed),
        _ => Ok(sockets),
    }
}

fn is_switched_off(error: &io::Error) -> bool {
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()))
}

fn cannot_listen(address: &Address, error: &io::Error) -> Error {
    let failed = Error::usage(format!("listen on {address}"), why(error));
    match error.kind() {
        // Not this machine's fault alone: it is what Ncat says of a network that is not there.
        io::ErrorKind::Unsupported => Error::network(format!("listen on {address}"), why(error)),
        io::ErrorKind::AddrInUse if address.inet().is_none() => {
            failed.hint("another program listens there: stop it, or take another path")
        }
        io::ErrorKind::PermissionDenied if address.inet().is_none() => failed.hint("may you write there?"),
        io::ErrorKind::AddrInUse => failed.hint("another program has this port: stop it, or take another port"),
        io::ErrorKind::PermissionDenied => failed.hint("ports below 1024 need root: take a higher one"),
        io::ErrorKind::AddrNotAvailable => failed.hint("this machine does not have that address"),
        _ => failed,
    }
}
