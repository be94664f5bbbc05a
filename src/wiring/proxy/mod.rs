//! `-l --proxy-type`: each client says whom it wants, and is joined to them.
//!
//! What clients speak is a [`Service`], a file each, in the table [`SERVICES`]; finding the peer is
//! the same for all. A newcomer's trap: a client is in the relay only while it is joined. Before
//! and between, its events come here.

mod finding;
mod http;
mod pairs;
mod socks;

use super::{Context, Totals, Wiring, ends::active};
use crate::{
    cli::config::{Config, Family, ProxyServer},
    error::{Error, Exit, Result},
    opening::{Failed, Peer, dial::Dialled},
    proto::auth::Credentials,
    reactor::{self, ByToken, Ready},
    relay::{End, Notice, Patience},
    report::Report,
    stream::Stream,
    transport::Address,
};
use finding::{Finding, Trouble};
use mio::Token;
use pairs::{Pairs, Side};
use std::{
    io,
    rc::Rc,
    time::{Duration, Instant},
};

/// How long a client may take to say whom it wants, when `-i` does not say.
const ASKING: Duration = Duration::from_secs(60);

/// How long a peer that takes nothing more may delay leaving.
const STUCK: Duration = Duration::from_secs(5);

/// What a client speaks.
#[derive(Debug)]
pub struct Kind {
    /// As `--proxy-type` names it.
    pub name: &'static str,
    /// Makes what all clients of a run share.
    pub begin: Begin,
}

/// Of those who know the credentials, if there are any; of everybody otherwise.
type Begin = fn(Option<Rc<Credentials>>, now: Instant) -> Result<Box<dyn Services>>;

/// All there are.
pub static SERVICES: [&Kind; 3] = [&http::HTTP, &socks::SOCKS4, &socks::SOCKS5];

/// What all clients of a run share.
pub trait Services {
    /// Begins with a new client.
    fn serve(&self, client: Box<dyn Stream>, name: String) -> Box<dyn Service>;
}

/// One client, while it is not joined to anybody.
pub trait Service {
    /// Goes on until something is to be done.
    ///
    /// # Errors
    /// When the client cannot be served any longer; what it should know has been said, or will be by
    /// the stream that [`Service::leave`] gives.
    fn advance(&mut self, now: Instant) -> Result<Demand>;

    /// The connection that was wanted stands; `local` is its own end. `None` if nothing was wanted.
    fn join(&mut self, origin: Box<dyn Stream>, local: &Address) -> Option<Pair>;

    /// The connection that was wanted could not be made; then [`Service::advance`].
    fn failed(&mut self, trouble: Trouble);

    /// The client's stream, to be closed lingering.
    fn leave(&mut self) -> Option<Box<dyn Stream>>;
}

/// What is to be done for a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing, until an event comes.
    Wait,
    /// To go on in the next round.
    Pause,
    /// A connection is to be made to this host and port.
    Connect(String, u16),
    /// It is over.
    Leave,
}

/// Two streams to be joined both ways.
pub struct Pair {
    /// The client's.
    pub client: Box<dyn Stream>,
    /// The other's.
    pub origin: Box<dyn Stream>,
    /// Whether the client's connection goes on once it has been told all.
    pub goes_on: bool,
}

/// See the module's description.
pub struct Proxy {
    services: Box<dyn Services>,
    /// Where we listen; nobody may be led back there.
    own: Vec<Address>,
    family: Family,
    numeric: bool,
    idle: Option<Duration>,
    /// How long a client may take to say whom it wants.
    asking: Duration,
    clients: ByToken<Client>,
    /// From the tokens of connections that are being made to those of the clients that want them.
    wanted_by: ByToken<Token>,
    pairs: Pairs,
    report: Report,
}

struct Client {
    service: Box<dyn Service>,
    remote: Address,
    joined: Instant,
    finding: Option<Finding>,
    /// The tokens under which events may come for that.
    awaited: Vec<Token>,
    /// When it has to have said whom it wants.
    until: Instant,
}

impl Proxy {
    /// For the clients that come to `own`.
    ///
    /// # Errors
    /// When this machine has no random numbers.
    pub fn new(config: &Config, server: &ProxyServer, own: Vec<Address>, context: &Context<'_>) -> Result<Self> {
        let Some(kind) = SERVICES.iter().find(|kind| kind.name == server.kind) else {
            return Err(Error::usage(format!("--proxy-type {}", server.kind), "rncat is no such proxy"));
        };
        let credentials = server.auth.as_ref().map(|auth| auth.credentials(context.report)).transpose()?;
        reactor::raise_descriptor_limit();
        Ok(Self {
            services: (kind.begin)(credentials, context.reactor.now())?,
            own,
            family: config.family,
            numeric: config.numeric,
            idle: config.idle,
            asking: config.idle.unwrap_or(ASKING).min(ASKING),
            clients: ByToken::default(),
            wanted_by: ByToken::default(),
            pairs: Pairs::default(),
            report: context.report,
        })
    }

    /// Goes on with a client that is not joined.
    fn advance(&mut self, token: Token, context: &mut Context<'_>) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let now = context.reactor.now();
        if client.finding.is_some() {
            return self.find(token, token, context);
        }
        match client.service.advance(now) {
            Ok(Demand::Wait) if client.until > now => context.reactor.wake_at(client.until, token),
            Ok(Demand::Wait) => {
                self.report.detail(1, format_args!("{}: TIMEOUT. It has not said whom it wants.", client.remote));
                self.leave(token, context);
            }
            Ok(Demand::Pause) => context.reactor.nudge(token, Ready::READ),
            Ok(Demand::Leave) => self.leave(token, context),
            Ok(Demand::Connect(host, port)) => {
                self.report.detail(2, format_args!("{}: wants {}.", client.remote, finding::target(&host, port)));
                client.finding = Some(Finding::begin(host, port, self.family, self.numeric, token, context.reactor));
                self.find(token, token, context);
            }
            Err(error) => {
                self.report.detail(1, format_args!("{}: {error}", client.remote));
                self.leave(token, context);
            }
        }
    }

    /// Goes on with making a connection for a client, as an event or alarm came under `cause`.
    fn find(&mut self, token: Token, cause: Token, context: &mut Context<'_>) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let Some(finding) = &mut client.finding else { return };
        let found = finding.advance(cause, &self.own, context.reactor);
        if let Ok(None) = found {
            for wanted in finding.tokens() {
                if self.wanted_by.insert(wanted, token).is_none() {
                    client.awaited.push(wanted);
                }
            }
            return;
        }
        client.finding = None;
        for wanted in client.awaited.drain(..) {
            self.wanted_by.remove(&wanted);
        }
        match found {
            Ok(Some(origin)) => self.join(token, origin, context),
            Ok(None) => {}
            Err((trouble, why)) => {
                self.report.detail(1, format_args!("{}: {why}", client.remote));
                client.until = context.reactor.now() + self.asking;
                client.service.failed(trouble);
                self.advance(token, context);
            }
        }
    }

    fn join(&mut self, token: Token, origin: Dialled, context: &mut Context<'_>) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let local = origin.socket.local().unwrap_or(Address::Unix(crate::transport::unix::Name::Unnamed));
        self.report.detail(2, format_args!("{}: joined to {}.", client.remote, origin.to));
        let Some(pair) = client.service.join(origin.socket, &local) else { return self.leave(token, context) };
        self.pairs.add(token, origin.token, pair, context);
        self.review(token, context);
    }

    fn leave(&mut self, token: Token, context: &mut Context<'_>) {
        let Some(mut client) = self.clients.remove(&token) else { return };
        if let Some(stream) = client.service.leave() {
            context.relay.add(token, stream);
            context.relay.close(token, Patience::For(STUCK), context.reactor.now());
            self.pairs.alone(token, client.joined);
        }
    }

    /// An exchange is over: the client may want somebody else now.
    fn goes_on(&mut self, token: Token, context: &mut Context<'_>) {
        if let Some(client) = self.clients.get_mut(&token) {
            drop(context.relay.take(token));
            client.until = context.reactor.now() + self.asking;
            self.advance(token, context);
        }
    }

    /// `-i`, for those that are joined.
    fn review(&mut self, token: Token, context: &mut Context<'_>) {
        let (Some(idle), Some(since)) = (self.idle, self.pairs.joined(token)) else { return };
        let (traffic, now) = (context.relay.traffic(token), context.reactor.now());
        let active = active(since, [traffic.last_received, traffic.last_sent, context.relay.held_up(token, now)]);
        match active.checked_add(idle) {
            Some(until) if until <= now => {
                let name = self.clients.get(&token).map(|client| client.remote.to_string()).unwrap_or_default();
                self.report.error(&Error::network(name, format!("Idle timeout expired ({} ms).", idle.as_millis())));
                self.pairs.close(token, Duration::ZERO, context);
            }
            Some(until) => context.reactor.wake_at(until, token),
            None => {}
        }
    }
}

impl Wiring for Proxy {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let Peer { token, stream, remote, .. } = peer;
        let service = self.services.serve(stream, remote.to_string());
        let now = context.reactor.now();
        let until = now + self.asking;
        let client = Client { service, remote, joined: now, finding: None, awaited: Vec::new(), until };
        self.clients.insert(token, client);
        self.advance(token, context);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, end) => {
                if let (End::Failed(error), Some(side)) = (&end, self.pairs.side(token)) {
                    self.report.detail(1, format_args!("{side}: {}", crate::error::why(error)));
                }
                self.pairs.ended(token, &end, context);
            }
            Notice::Gone(token, error, lost) => {
                if lost > 0 && error.kind() != io::ErrorKind::BrokenPipe {
                    self.report.detail(1, format_args!("{}; {lost} bytes not delivered", crate::error::why(&error)));
                }
                self.pairs.gone(token, context);
            }
            Notice::Finished(token) => {
                if self.pairs.finished(token, context) {
                    self.goes_on(token, context);
                }
            }
            Notice::Closed(token, lost, traffic) => {
                if lost > 0 {
                    self.report.detail(1, format_args!("{lost} bytes not known to have been delivered"));
                }
                if let Some((Side::Client, since)) = self.pairs.closed(token) {
                    self.clients.remove(&token);
                    self.report.detail(1, Totals(traffic, context.reactor.now() - since));
                }
            }
            Notice::Stalled(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        if let Some(client) = self.wanted_by.get(&token).copied() {
            self.find(client, token, context);
        } else if context.relay.has(token) {
            self.review(token, context);
        } else {
            self.advance(token, context);
        }
    }

    fn present(&self) -> usize {
        self.clients.len()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        for (token, client) in &self.clients {
            // One that still says whom it wants has not been counted.
            let joined = self.pairs.joined(*token);
            tell(&client.remote, joined.map(|_| *token), joined.unwrap_or(client.joined));
        }
    }

    fn outcome(&self) -> Option<Exit> {
        None
    }
}
