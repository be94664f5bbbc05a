//! Connecting by Happy Eyeballs (RFC 8305): the addresses of both families in turn, each given
//! a quarter of a second before the next one is tried beside it; the first that answers wins.
//!
//! That is what makes `rncat localhost 1025` work: `localhost` is ::1 first, while most mail
//! servers listen on 127.0.0.1 alone.

use crate::{
    error::{Error, why},
    reactor::{Reactor, Ready},
    transport::{Address, Choice, Connecting, Transport},
};
use mio::Token;
use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

/// How long to leave alone a Unix listener whose queue is full: no event tells when it has room.
const FULL: Duration = Duration::from_millis(20);

/// The Connection Attempt Delay that RFC 8305, section 5, recommends.
const DELAY: Duration = Duration::from_millis(250);

/// The attempts to reach one peer.
pub struct Dial {
    /// Woken when it is time for the next address.
    token: Token,
    how: How,
    left: VecDeque<Address>,
    running: Vec<Attempt>,
    failed: Vec<(Address, io::Error)>,
    next_at: Option<Instant>,
}

/// By what, and from where.
#[derive(Debug, Clone)]
pub struct How {
    /// What carries the bytes.
    pub transport: &'static Transport,
    /// The addresses to connect from, one of each family; none for the kernel's choice.
    pub from: Vec<Address>,
    /// IPv4 options to set; none if empty.
    pub ip_options: Vec<u8>,
}

struct Attempt {
    token: Token,
    to: Address,
    socket: Box<dyn Connecting>,
}

/// A connection that was made.
pub struct Dialled {
    /// It is registered under this.
    pub token: Token,
    /// The address that answered.
    pub to: Address,
    /// The connection.
    pub socket: Box<dyn Connecting>,
}

impl Dial {
    /// Tries these addresses; `token` is woken when it is time for the next.
    #[must_use]
    pub fn new(token: Token, to: Vec<Address>, how: How) -> Self {
        Self { token, how, left: interleave(to), running: Vec::new(), failed: Vec::new(), next_at: None }
    }

    /// Starts what is due, and looks how the attempt under `token` does. `None` while it goes on.
    ///
    /// # Errors
    /// When no address could be reached; each is named with its reason.
    pub fn advance(&mut self, token: Token, reactor: &mut Reactor) -> Result<Option<Dialled>, DialError> {
        if let Some(index) = self.running.iter().position(|attempt| attempt.token == token) {
            let attempt = self.running.swap_remove(index);
            match attempt.socket.connected() {
                Ok(Some(to)) => return Ok(Some(Dialled { token, to, socket: attempt.socket })),
                Ok(None) => self.running.push(attempt),
                Err(error) => {
                    self.failed.push((attempt.to, error));
                    // RFC 8305, 5: a failure need not be waited for.
                    self.next_at = None;
                }
            }
        }
        while self.next_at.is_none_or(|at| at <= reactor.now()) {
            let Some(to) = self.left.pop_front() else { break };
            match self.start(&to, reactor) {
                // A Unix listener whose queue is full: it is there, and will have room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.left.push_front(to);
                    let at = reactor.now() + FULL;
                    self.next_at = Some(at);
                    reactor.wake_at(at, self.token);
                }
                Ok(()) => {
                    let at = reactor.now() + DELAY;
                    self.next_at = Some(at);
                    reactor.wake_at(at, self.token);
                }
                Err(error) => self.failed.push((to, error)),
            }
        }
        match self.running.is_empty() && self.left.is_empty() {
            true => Err(DialError { failed: std::mem::take(&mut self.failed), bound: !self.how.from.is_empty() }),
            false => Ok(None),
        }
    }

    /// Whether events under `token` are for this.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        token == self.token || self.running.iter().any(|attempt| attempt.token == token)
    }

    /// The tokens under which events and alarms come for this.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        std::iter::once(self.token).chain(self.running.iter().map(|attempt| attempt.token))
    }

    /// What has been tried so far, for the message when time is up.
    #[must_use]
    pub fn tried(&self) -> String {
        let failed = self.failed.iter().map(|(to, error)| format!("{to}: {}", why(error)));
        let running = self.running.iter().map(|attempt| format!("{}: no answer", attempt.to));
        listed(failed.chain(running))
    }

    fn start(&mut self, to: &Address, reactor: &mut Reactor) -> io::Result<()> {
        let from = match self.how.from.as_slice() {
            [] => None,
            all => Some(all.iter().find(|from| family(from) == family(to)).ok_or_else(|| {
                io::Error::new(io::ErrorKind::AddrNotAvailable, "the source address is of the other family")
            })?),
        };
        let choice = Choice { from, ip_options: &self.how.ip_options };
        let mut socket = (self.how.transport.connect)(to, &choice)?;
        let token = reactor.token();
        socket.register(reactor.registry(), token)?;
        // An error is told once, so one that is there already counts.
        if socket.connected()?.is_some() {
            // It stands at once, and no event may come.
            reactor.nudge(token, Ready::WRITE);
        }
        self.running.push(Attempt { token, to: to.clone(), socket });
        Ok(())
    }
}

fn family(address: &Address) -> Option<bool> {
    address.inet().map(|it| it.is_ipv4())
}

/// Alternates between families, beginning with the one that the system put first (RFC 8305, 4).
fn interleave(addresses: Vec<Address>) -> VecDeque<Address> {
    let first_family = addresses.first().and_then(family);
    let (first, second): (VecDeque<_>, VecDeque<_>) = addresses.into_iter().partition(|it| family(it) == first_family);
    let (mut first, mut second, mut all) = (first.into_iter(), second.into_iter(), VecDeque::new());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return all,
            pair => all.extend(pair.0.into_iter().chain(pair.1)),
        }
    }
}

/// These with commas between them, as many as somebody may want to read: DNS may give hundreds.
fn listed(mut all: impl Iterator<Item = String>) -> String {
    const READ: usize = 8;
    let mut listed = all.by_ref().take(READ).collect::<Vec<_>>().join(", ");
    match all.count() {
        0 => {}
        more => listed.push_str(&format!(", and {more} more")),
    }
    listed
}

/// Why no address could be reached.
#[derive(Debug)]
pub struct DialError {
    failed: Vec<(Address, io::Error)>,
    /// The user chose the address or port to connect from.
    bound: bool,
}

impl DialError {
    /// The reason, of several the last.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.failed.last().map_or(io::ErrorKind::NotFound, |(_, error)| error.kind())
    }

    /// As the message about connecting to `target`, with what to try.
    #[must_use]
    pub fn about(&self, target: &str) -> Error {
        let what = format!("connect to {target}");
        let all_refused = self.failed.iter().all(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused);
        let cannot_bind = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
            )
        };
        let local = self.bound && self.failed.iter().all(|(_, error)| cannot_bind(error));
        let why = match self.failed.as_slice() {
            [(to, error)] if to.to_string() == target => why(error),
            all => listed(all.iter().map(|(to, error)| format!("{to}: {}", why(error)))),
        };
        match (all_refused, local) {
            (true, _) => {
                Error::network(what, why).hint("nobody listens there: is the server running, is the port right?")
            }
            (false, true) => Error::usage(what, why).hint("check -s and -p"),
            _ => match self.failed.iter().find_map(|(to, error)| hint(to, error.kind())) {
                Some(hint) => Error::network(what, why).hint(hint),
                None => Error::network(what, why),
            },
        }
    }
}

/// What to try where an address has failed in a way that has a usual cause.
fn hint(to: &Address, kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable, NotFound, PermissionDenied};
    match (to, kind) {
        (Address::Unix(_), NotFound) => Some("is the server running, is the path right?"),
        (Address::Unix(_), PermissionDenied) => Some("the socket's mode or its folder's keeps you out"),
        (Address::Inet(to), HostUnreachable | NetworkUnreachable | AddrNotAvailable) if to.is_ipv6() => {
            Some("there is no way to it by IPv6 from here; -4 tries IPv4 alone")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<Address> {
        text.split_whitespace().map(|it| Address::Inet(it.parse().unwrap())).collect()
    }

    #[test]
    fn families_take_turns() {
        let mixed = interleave(addresses("[::1]:1 [::2]:1 [::3]:1 1.0.0.1:1 1.0.0.2:1"));
        assert_eq!(mixed, addresses("[::1]:1 1.0.0.1:1 [::2]:1 1.0.0.2:1 [::3]:1"));
        assert_eq!(interleave(addresses("1.0.0.1:1 [::1]:1")), addresses("1.0.0.1:1 [::1]:1"));
    }

    #[test]
    fn every_address_is_named_with_its_reason() {
        let failed = |to: &[Address], bound| DialError {
            failed: to.iter().map(|to| (to.clone(), io::Error::from_raw_os_error(111))).collect(),
            bound,
        };
        let two = failed(&addresses("[::1]:25 127.0.0.1:25"), false);
        let text = two.about("localhost:25").to_string();
        assert!(
            text.starts_with(
                "connect to localhost:25: [::1]:25: Connection refused, 127.0.0.1:25: Connection refused; "
            )
        );
        let many: Vec<_> = (1..=500).flat_map(|port| addresses(&format!("127.0.0.1:{port}"))).collect();
        let text = failed(&many, false).about("x:25").to_string();
        assert!(text.contains("127.0.0.1:8: Connection refused, and 492 more; ") && text.len() < 500, "{text}");
        let one = failed(&addresses("127.0.0.1:25"), true);
        assert!(
            one.about("127.0.0.1:25").to_string().starts_with("connect to 127.0.0.1:25: Connection refused; nobody")
        );
    }

    /// A listener whose queue is full drops what comes, as a firewall does.
    #[cfg(target_os = "linux")]
    fn black_hole() -> (socket2::Socket, Vec<socket2::Socket>, Address) {
        let tcp = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let listener = tcp();
        listener.bind(&(&addresses("127.0.0.1:0")[0]).try_into().unwrap()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting = (0..3).map(|_| tcp()).inspect(|socket| {
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
        });
        let waiting = waiting.collect();
        (listener, waiting, Address::try_from(&address).unwrap())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_drops_packets_does_not_keep_the_next_waiting() {
        let (_hole, _full, silent) = black_hole();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = Address::Inet(listener.local_addr().unwrap());
        let mut reactor = Reactor::new().unwrap();
        let token = reactor.token();
        let how = How { transport: &crate::transport::tcp::TCP, from: Vec::new(), ip_options: Vec::new() };
        let mut dial = Dial::new(token, vec![silent, good.clone()], how);
        let (mut events, mut alarms) = (Vec::new(), Vec::new());
        let mut dialled = dial.advance(token, &mut reactor).unwrap();
        while dialled.is_none() {
            reactor.wait(false, &mut events, &mut alarms).unwrap();
            let woken: Vec<_> = events.iter().map(|(token, _)| *token).chain(alarms.iter().copied()).collect();
            dialled = woken.into_iter().find_map(|token| dial.advance(token, &mut reactor).unwrap());
        }
        assert_eq!(dialled.unwrap().to, good);
        assert!(dial.tried().contains("no answer"));
    }
}
