//! Who is joined to whom: one file a mode.
//!
//! A wiring is handed each peer when its connection stands, joins it to somebody in the
//! [`Relay`], and is told how it fares. It moves no bytes itself.

pub mod broker;
pub mod console;
pub mod departure;
pub mod ends;
#[cfg(feature = "exec")]
pub mod exec;
pub mod play;
pub mod probe;
pub mod proxy;

use crate::{
    cli::config::{Command, Config, Mock},
    error::{Exit, Result},
    opening::{Failed, Peer},
    reactor::Reactor,
    relay::{Notice, Relay, Traffic},
    report::Report,
    transport::Address,
};
use mio::Token;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// What a wiring works with.
pub struct Context<'a> {
    /// The clock, the tokens, the alarms.
    pub reactor: &'a mut Reactor,
    /// The endpoints.
    pub relay: &'a mut Relay,
    /// stderr.
    pub report: Report,
}

/// Is told of a peer: its name, its token if its bytes come by us, and since when it is joined.
pub type Tell<'a> = dyn FnMut(&dyn fmt::Display, Option<Token>, Instant) + 'a;

/// A mode: what is done with the peers.
pub trait Wiring {
    /// A connection stands.
    ///
    /// # Errors
    /// When nothing can be done with it.
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> std::result::Result<(), Failed>;

    /// Something has become of an endpoint.
    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>);

    /// An event or an alarm came under `token`: one of the peers', or the wiring's own.
    fn woken(&mut self, token: Token, context: &mut Context<'_>);

    /// A round of the relay is over: for what no notice tells of.
    fn worked(&mut self, _context: &mut Context<'_>) {}

    /// No peer will come besides those that have.
    fn nobody_comes(&mut self) {}

    /// How many peers are present.
    fn present(&self) -> usize;

    /// Tells of each peer that is joined.
    fn each(&self, _tell: &mut Tell<'_>) {}

    /// How the program ends, once it does.
    fn outcome(&self) -> Option<Exit>;

    /// The program ends, by its outcome, an error or a signal: the last that a wiring is told.
    fn dismiss(&mut self) {}
}

/// The wiring that runs a command for each peer, who comes to one of our `own` addresses or is connected to.
///
/// # Errors
/// When it cannot be run.
#[cfg(feature = "exec")]
pub fn command(
    config: &Config,
    command: &Command,
    own: &[Address],
    context: &mut Context<'_>,
) -> Result<Box<dyn Wiring>> {
    Ok(Box::new(exec::Exec::new(config, command, own, context)?))
}

/// The wiring of the mock servers, which listen at these doors.
///
/// # Errors
/// When the mailbox or stdout cannot be had.
#[cfg(feature = "mock")]
pub fn mock(
    config: &Config,
    mock: &Mock,
    doors: &[(usize, Address)],
    context: &mut Context<'_>,
) -> Result<Box<dyn Wiring>> {
    Ok(Box::new(crate::mock::wiring::Mock::new(config, mock, doors, context)?))
}

/// There is none.
///
/// # Errors
/// Always: the command line refuses it before.
#[cfg(not(feature = "mock"))]
pub fn mock(_: &Config, _: &Mock, _: &[(usize, Address)], _: &mut Context<'_>) -> Result<Box<dyn Wiring>> {
    Err(crate::error::Error::usage("--mock", "this build of rncat has no mock servers"))
}

/// There is none.
///
/// # Errors
/// Always.
#[cfg(not(feature = "exec"))]
pub fn command(_: &Config, _: &Command, _: &[Address], _: &mut Context<'_>) -> Result<Box<dyn Wiring>> {
    Err(crate::error::Error::usage("--exec, --sh-exec and --lua-exec", "this build of rncat has no command execution"))
}

/// Which of two exit statuses says more: that a signal came, then that something local failed, then
/// that a dialogue did, then the network, then nothing.
#[must_use]
pub fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Signal(_), _) => one,
        (_, Exit::Signal(_)) => other,
        (Exit::Usage, _) | (_, Exit::Usage) => Exit::Usage,
        (Exit::Dialogue, _) | (_, Exit::Dialogue) => Exit::Dialogue,
        (Exit::Network, _) | (_, Exit::Network) => Exit::Network,
        (Exit::Done, Exit::Done) => Exit::Done,
    }
}

/// The totals of a connection, as `-v` shows them at its end.
pub(crate) struct Totals(pub(crate) Traffic, pub(crate) Duration);

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Traffic { sent, received, .. }, time) = *self;
        let seconds = time.as_secs_f64();
        write!(f, "{sent} bytes sent, {received} bytes received in {seconds:.2} seconds")?;
        // Below this a rate says more about the clock than about the network.
        if seconds >= 0.01 && sent + received >= 1 << 20 {
            #[allow(clippy::cast_precision_loss)]
            let rate = (sent + received) as f64 / seconds / f64::from(1 << 20);
            write!(f, " ({rate:.1} MiB/s)")?;
        }
        f.write_str(".")
    }
}

/// How many peers are told of one by one when somebody asks how far it is.
const TOLD: usize = 50;

/// Says how far it is, because a signal has asked: a line for each peer, up to a number.
pub(crate) fn tell_totals(wiring: &dyn Wiring, context: &Context<'_>) {
    let mut count = 0_usize;
    wiring.each(&mut |name, token, since| {
        count += 1;
        if count <= TOLD {
            let time = context.reactor.now().saturating_duration_since(since);
            match token {
                Some(token) => {
                    context.report.answer(format_args!("{name}: {}", Totals(context.relay.traffic(token), time)));
                }
                None => context
                    .report
                    .answer(format_args!("{name}: its bytes are not counted, for {:.2} seconds.", time.as_secs_f64())),
            }
        }
    });
    match count {
        0 => context.report.answer("Nobody is connected."),
        _ if count > TOLD => context.report.answer(format_args!("… and {} more.", count - TOLD)),
        _ => {}
    }
}

/// What has passed between us and all who are joined; nothing, if nobody is whose bytes come by us.
pub(crate) fn traffic(wiring: &dyn Wiring, relay: &Relay) -> Option<Traffic> {
    let mut sum: Option<Traffic> = None;
    wiring.each(&mut |_, token, _| {
        let Some(one) = token.map(|token| relay.traffic(token)) else { return };
        let sum = sum.get_or_insert_default();
        sum.sent += one.sent;
        sum.received += one.received;
    });
    sum
}

/// A number of bytes, in words.
pub fn bytes(n: usize) -> String {
    if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") }
}
