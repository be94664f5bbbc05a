//! The loop: what comes from the reactor goes to whoever looks after that token.
//!
//! A connection passes from the entrance through its openings to the wiring and its relay, and
//! keeps its token all the way.

use crate::{
    cli::config::{Config, Connect, Listen, Mode, Partner, Place, Source, To, Upgrade, When, Where},
    error::{Exit, Result},
    opening::{
        Failed, Openings, Peer, Staging, Way,
        dtls::DtlsStaging,
        entrance::{Entrance, Found},
        pacing::Pacing,
        proxy,
        starttls::StarttlsStaging,
        tls::{Role, TlsStaging},
        upgrade::Upgrades,
    },
    progress::Progress,
    proto::{evidence::Side, proxy::Destination},
    reactor::{Reactor, Ready},
    ready,
    relay::{Notice, Patience, Relay},
    report::Report,
    sandbox::{Needs, Sandbox},
    tap::{Sessions, TapFile, Taps},
    transport::{Address, stdio, unix::Name},
    user::User,
    wiring::{self, Context, Wiring, broker::Broker, console::Console, play::Play, probe::Probe, proxy::Proxy, worse},
};
use mio::Token;
use std::rc::Rc;

/// How long a peer has to hear why its connection failed.
const FAREWELL: Patience = Patience::For(std::time::Duration::from_secs(1));

/// Does what the configuration says, to its end.
///
/// # Errors
/// Everything that ends the program before its time.
pub fn run(config: &Config, report: Report) -> Result<Exit> {
    let user = config.user.as_ref().map(User::find).transpose()?;
    // A dialogue with a fault is told before anything else is done.
    let play = match &config.partner {
        Partner::Play(file) => Some(Play::new(config, file)?),
        _ => None,
    };
    let taps = Rc::new(Taps::open(&config.taps, sessions(config), report)?);
    let mut reactor = Reactor::new()?;
    let mut relay = Relay::default();
    if leaves_a_file(config)
        || matches!(config.partner, Partner::Mock(_))
        || config.taps.iter().any(TapFile::holds_lines)
    {
        reactor.catch_signals()?;
    }
    reactor.catch_questions()?;
    // Listening comes first: a port that cannot be had is told before stdin is touched.
    let found = Found::default();
    let mut entrance = Entrance::open(config, &found, &mut reactor, report)?;
    let says_when = play.as_ref().is_some_and(Play::encrypts);
    let stages = stages(config, says_when, &mut entrance, &found, report)?;
    let own = entrance.addresses();
    let upgrade = upgrades(config, &own, report)?;
    let files = play.as_ref().map(Play::files).unwrap_or_default();
    let sandbox = Some(Sandbox::new(Needs::of(config, upgrade.is_some(), files)));
    let way = Way {
        transport: config.transport,
        stages,
        upgrade,
        telnet: config.telnet,
        taps: Rc::clone(&taps),
        pace: Pacing::new(config, report),
    };
    let openings = Openings::new(way, deadline(config, &reactor), report);
    let mut context = Context { reactor: &mut reactor, relay: &mut relay, report };
    // Nobody has been connected to yet: what cannot be run is told first.
    let wiring: Box<dyn Wiring> = match (&config.mode, &config.partner) {
        (_, Partner::Command(command)) => wiring::command(config, command, &own, &mut context)?,
        (Mode::Connect(connect), _) if connect.probe => Box::new(Probe::new(connect)),
        (_, Partner::Broker(console)) => Box::new(Broker::new(config, console, false, &mut context)?),
        (_, Partner::Chat(console)) => Box::new(Broker::new(config, console, true, &mut context)?),
        (_, Partner::Proxy(server)) => Box::new(Proxy::new(config, server, own, &context)?),
        (_, Partner::Console(console)) => Box::new(Console::new(config, console, &mut context)?),
        (_, Partner::Mock(mock)) => wiring::mock(config, mock, &entrance.doors(), &mut context)?,
        (_, Partner::Play(file)) => Box::new(play.map_or_else(|| Play::new(config, file), Ok)?),
    };
    let one_peer = match &config.mode {
        Mode::Connect(connect) => connect.more_ports.is_empty(),
        Mode::Listen(listen) => {
            if listen.announce {
                report.announce("NCAT TEST: LISTEN");
            }
            !listen.keep_open || config.mode.has_its_client()
        }
    };
    let only_client = config.mode.has_its_client().then(|| config.mode.keeps_open());
    let progress = Progress::new(config.progress, report, reactor.token());
    if let Some(progress) = &progress {
        reactor.wake_in(progress.begins(), progress.token);
    }
    let mut engine = Engine {
        reactor,
        relay,
        entrance,
        openings,
        wiring,
        user,
        sandbox,
        only_client,
        joined: false,
        one_peer,
        farewell: None,
        progress,
        report,
    };
    let exit = engine.run();
    if engine.progress.is_some() {
        report.undraw();
    }
    engine.wiring.dismiss();
    #[cfg(test)]
    crate::simulation::leaves(crate::simulation::Left {
        endpoints: engine.relay.count(),
        openings: engine.openings.count(),
        present: engine.wiring.present(),
    });
    // The last lines of transcripts are written now, and that may fail.
    drop(engine);
    let exit = exit?;
    Ok(if taps.have_failed() { worse(exit, Exit::Usage) } else { exit })
}

/// What transcripts tell of all connections.
fn sessions(config: &Config) -> Sessions {
    let (side, target) = match &config.mode {
        Mode::Connect(Connect { to: To::Place(Place::Inet { host, port }), .. }) => {
            (Side::Client, Some(Destination::new(host, *port).to_string()))
        }
        Mode::Connect(Connect { to: To::Place(Place::Known(address)), .. }) => {
            (Side::Client, Some(address.to_string()))
        }
        // Its name is known when it has been found.
        Mode::Connect(Connect { to: To::Mail(_), .. }) => (Side::Client, None),
        Mode::Listen(_) => (Side::Server, None),
    };
    Sessions { side, many: config.mode.keeps_open(), target }
}

/// Whether a Unix socket's file is to be removed, whatever ends the program.
fn leaves_a_file(config: &Config) -> bool {
    let address = match &config.mode {
        Mode::Listen(Listen { on: Where::Known(address), .. }) => address,
        Mode::Connect(Connect { source: Source::Known(address), .. }) => address,
        _ => return false,
    };
    matches!(address, Address::Unix(Name::Path(_)))
}

/// What each connection goes through: the proxies, then TLS or DTLS, asked for with STARTTLS or not.
/// Unless a dialogue says when: then only `--ssl` itself is for the whole connection.
fn stages(
    config: &Config,
    says_when: bool,
    entrance: &mut Entrance,
    found: &Found,
    report: Report,
) -> Result<Vec<Box<dyn Staging>>> {
    let mut stages = match &config.mode {
        Mode::Connect(connect) => proxy::stages(connect, found, report)?,
        Mode::Listen(_) => Vec::new(),
    };
    if let (Some(Upgrade { when: When::First(protocol), tls }), Mode::Connect(connect)) =
        (&config.upgrade, &config.mode)
    {
        stages.push(Box::new(StarttlsStaging::new(protocol, connect, tls, report)));
        stages.push(Box::new(TlsStaging::new(tls, Role::of(&config.mode, &[]), report)?));
    }
    if let Some(options) = config.tls.as_ref().filter(|tls| tls.named || !says_when) {
        let addresses = entrance.addresses();
        if config.transport.datagram {
            let dtls = DtlsStaging::new(options, &config.mode, &addresses, report)?;
            if let (Entrance::Gate(gate), Some(doorman)) = (entrance, dtls.doorman()) {
                gate.guard(&doorman);
            }
            stages.push(Box::new(dtls));
        } else {
            stages.push(Box::new(TlsStaging::new(options, Role::of(&config.mode, &addresses), report)?));
        }
    }
    Ok(stages)
}

/// What encrypts connections in mid-session.
fn upgrades(config: &Config, addresses: &[Address], report: Report) -> Result<Option<Rc<Upgrades>>> {
    let Some(upgrade) = &config.upgrade else { return Ok(None) };
    // A command does not see a refusal, wherever it was started.
    let typed = matches!(config.partner, Partner::Console(_));
    let terminal = typed && stdio::stdin_kind() == stdio::Kind::Terminal;
    Upgrades::new(upgrade, &config.mode, addresses, terminal, report)
}

/// `-w` is for all that has to be done before the peer can be talked to.
fn deadline(config: &Config, reactor: &Reactor) -> Option<std::time::Instant> {
    match &config.mode {
        Mode::Connect(connect) => {
            reactor.now().checked_add(connect.wait?)?.checked_add(connect.retry.unwrap_or_default())
        }
        Mode::Listen(_) => None,
    }
}

struct Engine {
    reactor: Reactor,
    relay: Relay,
    entrance: Entrance,
    openings: Openings,
    wiring: Box<dyn Wiring>,
    /// Whom root becomes then.
    user: Option<User>,
    /// Until it is in force.
    sandbox: Option<Sandbox>,
    /// There is one client, who has come before us; whether the wiring is one for many, and would wait for others.
    only_client: Option<bool>,
    /// A connection has come to the wiring.
    joined: bool,
    /// There is one peer, and its failure is the program's.
    one_peer: bool,
    /// The connection that has failed and is waited for, and how the program ends then.
    farewell: Option<(Token, Exit)>,
    progress: Option<Progress>,
    report: Report,
}

impl Engine {
    fn run(&mut self) -> Result<Exit> {
        let (mut events, mut alarms) = (Vec::new(), Vec::new());
        if self.entrance.is_exposed() {
            self.confine()?;
        }
        loop {
            self.reactor.wait(self.relay.is_busy(), &mut events, &mut alarms)?;
            if let Some(signal) = self.reactor.signal() {
                self.report.detail(1, format_args!("{signal} came."));
                return Ok(Exit::Signal(signal));
            }
            if self.reactor.asked() {
                let (wiring, context) = self.wiring();
                wiring::tell_totals(wiring, &context);
            }
            for (token, ready) in events.iter().copied() {
                self.event(token, Some(ready))?;
            }
            for token in alarms.iter().copied() {
                match &mut self.progress {
                    Some(progress) if progress.token == token => {
                        let traffic = wiring::traffic(&*self.wiring, &self.relay);
                        let again = progress.show(traffic, self.reactor.now(), self.report);
                        self.reactor.wake_in(again, token);
                    }
                    _ => self.event(token, None)?,
                }
            }
            self.reactor.tick();
            self.relay.work(&mut self.reactor);
            self.reactor.tick();
            while let Some(notice) = self.relay.notice() {
                if let (Notice::Closed(token, ..), Some((failed, exit))) = (&notice, self.farewell)
                    && *token == failed
                {
                    return Ok(exit);
                }
                let (wiring, mut context) = self.wiring();
                wiring.noticed(notice, &mut context);
            }
            let (wiring, mut context) = self.wiring();
            wiring.worked(&mut context);
            if let Some(exit) = self.wiring.outcome() {
                return Ok(exit);
            }
            if let Some(exit) = self.only_client.and_then(|many| self.left_alone(many)) {
                return Ok(exit);
            }
        }
    }

    /// An event (`ready`) or an alarm (`None`) has come.
    fn event(&mut self, token: Token, ready: Option<Ready>) -> Result<()> {
        if self.openings.has(token) {
            let peer = self.openings.advance(token, &mut self.reactor);
            self.opened(token, peer)?;
            self.look_for_more();
            return Ok(());
        }
        if self.relay.has(token) {
            if let Some(ready) = ready {
                self.relay.ready(token, ready);
                return Ok(());
            }
            self.relay.alarm(token);
        } else {
            // Counting them is the business of those who let clients in, not of every event.
            let present = || self.wiring.present() + self.openings.count();
            let arrivals = self.entrance.advance(token, present, &mut self.reactor)?;
            if !arrivals.is_empty() {
                self.confine()?;
            }
            for arrival in arrivals {
                let token = arrival.token;
                let peer = self.openings.begin(arrival, &mut self.reactor);
                self.opened(token, peer)?;
            }
            self.look_for_more();
        }
        let (wiring, mut context) = self.wiring();
        wiring.woken(token, &mut context);
        Ok(())
    }

    /// How the program ends once the one client has gone, where the wiring does not see that: it was kept out, or
    /// has left a wiring for `many`.
    fn left_alone(&self, many: bool) -> Option<Exit> {
        let waited_for = self.farewell.is_some() || self.openings.count() + self.wiring.present() > 0;
        match self.joined {
            _ if !self.entrance.is_over() || waited_for => None,
            true => many.then_some(Exit::Done),
            false => Some(Exit::Network),
        }
    }

    /// Nothing is read from anybody before this, and nothing is opened behind it that the sandbox does not know of.
    fn confine(&mut self) -> Result<()> {
        if self.sandbox.is_some() {
            ready::tell(self.report);
        }
        if let Some(user) = self.user.take() {
            user.assume()?;
            self.report.detail(1, format_args!("Running as {user} from now on."));
        }
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.enter(self.report);
        }
        Ok(())
    }

    /// Tells the wiring when nobody will come any more.
    fn look_for_more(&mut self) {
        if self.entrance.is_over() && self.openings.count() == 0 {
            self.openings.forget();
            self.wiring.nobody_comes();
        }
    }

    /// A connection stands, is still under way, or has failed.
    fn opened(&mut self, token: Token, peer: std::result::Result<Option<Peer>, Failed>) -> Result<()> {
        let (wiring, mut context) = self.wiring();
        let failed = match peer {
            Ok(None) => return Ok(()),
            Ok(Some(peer)) => match wiring.joined(peer, &mut context) {
                Ok(()) => {
                    self.joined = true;
                    return Ok(());
                }
                Err(failed) => failed,
            },
            Err(failed) => failed,
        };
        if failed.again {
            self.report.detail(2, format_args!("{}; connecting again.", failed.error));
            self.entrance.again(&mut self.reactor);
            return Ok(());
        }
        match (failed.stream, self.one_peer) {
            (None, true) => return Err(failed.error),
            (None, false) => {}
            (Some(stream), one_peer) => {
                self.relay.add(token, stream);
                self.relay.close(token, FAREWELL, self.reactor.now());
                self.farewell = one_peer.then_some((token, failed.error.exit()));
            }
        }
        self.report.error(&failed.error);
        Ok(())
    }

    fn wiring(&mut self) -> (&mut dyn Wiring, Context<'_>) {
        let context = Context { reactor: &mut self.reactor, relay: &mut self.relay, report: self.report };
        (&mut *self.wiring, context)
    }
}
