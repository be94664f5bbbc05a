//! Mock servers, each joined to whoever comes in at its door.
//!
//! A newcomer's trap: one client's failure is its own, whatever it is; only what is shown on stdout can end
//! the program.

use super::{
    Client, SERVICES, Service, Shared,
    gallery::{Gallery, Tour},
    maildir::Maildir,
    pop3,
    serving::Serving,
    smtp,
};
use crate::{
    cli::config::{Config, Mock as Settings},
    error::{Error, Exit, Result, why},
    opening::{Failed, Peer},
    reactor::{self, ByToken, Ready},
    relay::{End, Notice, Patience},
    report::escape,
    transport::{Address, stdio},
    user::User,
    wiring::{Context, Wiring, bytes, departure::Departure},
};
use mio::Token;
use std::{
    cell::RefCell,
    io::{self, IsTerminal},
    rc::Rc,
    time::{Duration, Instant},
};

/// A client may be silent for so long, unless `-i` sets another time: people type. RFC 5321, 4.5.3.2.7, wants 5
/// minutes at least, and RFC 1939, 3, wants 10.
const SILENT: Duration = Duration::from_secs(600);

/// How long a client may take to hear the last words.
const FAREWELL: Patience = Patience::For(Duration::from_secs(5));

/// See the module's description.
pub struct Mock {
    /// By the number of the door.
    services: Vec<&'static Service>,
    shared: Rc<Shared>,
    verify: bool,
    patience: Duration,
    stdout: Token,
    tour: Token,
    /// By the client's token.
    clients: ByToken<Guest>,
    /// From a session's token to its client's.
    client_of: ByToken<Token>,
    outcome: Option<Exit>,
}

/// Says where the servers are, how to try them, and where mails go.
fn welcome(services: &[&'static Service], doors: &[(usize, Address)], tls: bool, shared: &Shared) {
    for (number, service) in services.iter().enumerate() {
        let places: Vec<_> = doors.iter().filter(|(door, _)| *door == number).map(|(_, address)| address).collect();
        let words = places.first().map_or_else(String::new, |place| words(place));
        let names: Vec<_> = places.iter().map(ToString::to_string).collect();
        let ssl = if tls { "--ssl " } else { "" };
        let (title, names) = (service.title, names.join(" and "));
        shared.report.note(format_args!("{title} server at {names}; try: rncat {ssl}{words}"));
    }
    if services.iter().any(|service| service.mails) {
        let until =
            if shared.maildir.is_temporary() { " for as long as this runs; --mock-dir DIR keeps them" } else { "" };
        let path = escape(shared.maildir.path().as_os_str().as_encoded_bytes());
        shared.report.note(format_args!("Mails are kept in {path}{until}."));
    }
}

/// How a client on this machine connects there.
fn words(place: &Address) -> String {
    match place {
        Address::Inet(address) if address.ip().is_loopback() || address.ip().is_unspecified() => {
            format!("localhost {}", address.port())
        }
        Address::Inet(address) => format!("{} {}", address.ip(), address.port()),
        Address::Vsock { port, .. } => format!("--vsock 1 {port}"),
        Address::Unix(name) => format!("-U {name}"),
    }
}

/// A client, and the session that it is joined to.
struct Guest {
    departure: Departure,
    session: Token,
    leaving: bool,
    joined: Instant,
}

impl Guest {
    /// Whether it has ended: what it did not hear after that, it did not want to, as after Ctrl-C.
    fn had_left(&self) -> bool {
        self.departure.end().is_some()
    }

    fn missed(&self, lost: usize, context: &Context<'_>) {
        if lost > 0 {
            let (who, lost) = (self.departure.name(), bytes(lost));
            context.report.detail(1, format_args!("{who} left before it had heard all; {lost} not delivered."));
        }
    }
}

impl Mock {
    /// Opens the mailbox, takes stdout, and says where clients can come.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn new(
        config: &Config,
        settings: &Settings,
        doors: &[(usize, Address)],
        context: &mut Context<'_>,
    ) -> Result<Self> {
        let named = |name: &&str| SERVICES.iter().copied().find(|service| service.name == *name);
        let services: Vec<_> = settings.services.iter().filter_map(named).collect();
        let maildir = Maildir::open(settings.dir.as_deref())?;
        let serves = |name: &str| services.iter().any(|service| service.name == name);
        if maildir.is_temporary() && serves(pop3::SERVICE.name) && !serves(smtp::SERVICE.name) {
            pop3::welcome(&maildir).map_err(|error| Error::usage("write the first mail", why(&error)))?;
        }
        if let Some(user) = config.user.as_ref().filter(|_| maildir.is_temporary()) {
            maildir.hand_over(&User::find(user)?).map_err(|error| Error::usage("hand the mails over", why(&error)))?;
        }
        let shared = Rc::new(Shared { maildir, gallery: RefCell::new(Gallery::default()), report: context.report });
        let (stdout, tour) = (context.reactor.token(), context.reactor.token());
        let mut stream = stdio::open(false)?;
        stream.register(context.reactor.registry(), stdout).map_err(|error| Error::usage("stdout", why(&error)))?;
        context.relay.add(stdout, stream);
        context.relay.add(tour, Box::new(Tour::new(Rc::clone(&shared), io::stdout().is_terminal())));
        context.relay.join(tour, stdout);
        reactor::raise_descriptor_limit();
        welcome(&services, doors, config.tls.is_some(), &shared);
        Ok(Self {
            services,
            shared,
            verify: config.verifies(),
            patience: config.idle.unwrap_or(SILENT),
            stdout,
            tour,
            clients: ByToken::default(),
            client_of: ByToken::default(),
            outcome: None,
        })
    }

    /// Delivers what is on its way to a client, and closes its connection.
    fn leave(&mut self, client: Token, patience: Patience, context: &mut Context<'_>) {
        let Some(guest) = self.clients.get_mut(&client).filter(|guest| !guest.leaving) else { return };
        guest.leaving = true;
        context.relay.close(client, patience, context.reactor.now());
    }

    fn session_ended(&mut self, client: Token, end: &End, context: &mut Context<'_>) {
        if let (End::Failed(error), Some(guest)) = (end, self.clients.get(&client)) {
            let error = Error::carried(error).cloned().unwrap_or_else(|| Error::network("session", why(error)));
            context.report.error(&error.of(guest.departure.name()));
        }
        self.leave(client, FAREWELL, context);
    }

    fn client_ended(&mut self, client: Token, end: End, context: &mut Context<'_>) {
        let undelivered = context.relay.undelivered(client);
        let Some(guest) = self.clients.get_mut(&client).filter(|guest| !guest.leaving) else { return };
        if guest.departure.ended(end, undelivered, context.reactor.now()).dead {
            self.leave(client, Patience::For(Duration::ZERO), context);
        }
    }

    /// Nobody reads stdout any more, or it cannot be written to.
    fn unseen(&mut self, error: &io::Error, context: &Context<'_>) {
        self.shared.gallery.borrow_mut().close();
        if error.kind() == io::ErrorKind::BrokenPipe {
            context.report.detail(2, "Nobody reads stdout any more.");
        } else {
            context.report.error(&Error::usage("write stdout", why(error)));
            self.outcome = Some(Exit::Usage);
        }
    }
}

impl Wiring for Mock {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
        let Peer { token, stream, remote, door, tls, upgrade, .. } = peer;
        let Some(service) = self.services.get(door) else { return Ok(()) };
        let handle = upgrade.filter(|_| !tls && service.starttls);
        let client = Client { name: remote.to_string(), tls, may_encrypt: handle.is_some() };
        let serving = Serving::new((service.begin)(&self.shared, client), handle, self.patience);
        let session = context.reactor.token();
        context.relay.add(token, stream);
        context.relay.add(session, Box::new(serving));
        context.relay.limit_stalls(token, self.patience);
        // It is the session that says when it is over, whether or not the client has ended.
        context.relay.hold_open(token);
        context.relay.join(token, session);
        context.relay.join(session, token);
        let guest = Guest {
            departure: Departure::new(remote.to_string(), self.verify, context.report),
            session,
            leaving: false,
            joined: context.reactor.now(),
        };
        self.client_of.insert(session, token);
        self.clients.insert(token, guest);
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Gone(token, error, _) if token == self.stdout => self.unseen(&error, context),
            Notice::Ended(token, end) => match self.client_of.get(&token).copied() {
                Some(client) => self.session_ended(client, &end, context),
                None => self.client_ended(token, end, context),
            },
            // The session has heard all, and may have a last word.
            Notice::Finished(token) => context.relay.ready(token, Ready::READ),
            Notice::Gone(token, error, lost) => match self.client_of.get(&token).copied() {
                Some(client) => self.session_ended(client, &End::Failed(error), context),
                None => {
                    let Some(guest) = self.clients.get_mut(&token) else { return };
                    match guest.had_left() && Error::carried(&error).is_none() {
                        true => guest.missed(lost, context),
                        false => _ = guest.departure.gone(error, lost, guest.leaving),
                    }
                    self.leave(token, Patience::For(Duration::ZERO), context);
                }
            },
            Notice::Stalled(client) => {
                let undelivered = context.relay.undelivered(client);
                let Some(guest) = self.clients.get_mut(&client) else { return };
                guest.departure.stalled(undelivered);
                // The session may hold more of the answer than the relay does.
                context.relay.cut_short(client);
                self.leave(client, Patience::For(Duration::ZERO), context);
            }
            Notice::Closed(client, lost, traffic) => {
                let Some(mut guest) = self.clients.remove(&client) else { return };
                match guest.had_left() {
                    true => guest.missed(lost, context),
                    false => _ = guest.departure.closed(lost),
                }
                context.relay.take(guest.session);
                self.client_of.remove(&guest.session);
                let time = context.reactor.now() - guest.joined;
                context.report.detail(1, crate::wiring::Totals(traffic, time));
            }
        }
    }

    fn worked(&mut self, context: &mut Context<'_>) {
        if self.shared.gallery.borrow_mut().has_news() {
            context.relay.ready(self.tour, Ready::READ);
        }
    }

    fn woken(&mut self, _: Token, _: &mut Context<'_>) {}

    fn present(&self) -> usize {
        self.clients.len()
    }

    fn each(&self, tell: &mut crate::wiring::Tell<'_>) {
        self.clients.iter().for_each(|(token, one)| tell(&one.departure.name(), Some(*token), one.joined));
    }

    fn outcome(&self) -> Option<Exit> {
        self.outcome
    }
}
