//! `-z`: connect, and leave with the answer as the exit status; only `-v` says it in words.
//!
//! A newcomer's trap: over UDP nothing connects. One NUL byte is sent, and silence for a while is
//! all the success there is.

use super::{Context, Totals, Wiring};
use crate::{
    cli::config::{Connect, To},
    error::{Error, Exit, why},
    opening::{Failed, Peer},
    reactor::ByToken,
    relay::{End, Notice, Patience},
    transport::Address,
};
use mio::Token;
use std::time::{Duration, Instant};

/// How long a datagram is waited for to be refused, when `-w` does not say.
const REFUSAL: Duration = Duration::from_secs(2);

/// Nobody is joined to anybody.
#[derive(Debug)]
pub struct Probe {
    wait: Duration,
    /// Those that are there, and until when they may refuse.
    present: ByToken<(Address, Option<Instant>)>,
    /// Nobody else will come.
    all: bool,
    any_open: bool,
}

impl Probe {
    /// Tries what `connect` says.
    #[must_use]
    pub fn new(connect: &Connect) -> Self {
        // With --mx nobody is connected to, and that none was found is an error of its own.
        let any_open = matches!(connect.to, To::Mail(_));
        Self { wait: connect.wait.unwrap_or(REFUSAL), present: ByToken::default(), all: false, any_open }
    }

    fn leave(token: Token, context: &mut Context<'_>) {
        context.relay.close(token, Patience::For(Duration::ZERO), context.reactor.now());
    }
}

impl Wiring for Probe {
    fn joined(&mut self, peer: Peer, context: &mut Context<'_>) -> Result<(), Failed> {
        let Peer { token, stream, remote, .. } = peer;
        let datagram = stream.is_datagram();
        context.relay.add(token, stream);
        let now = context.reactor.now();
        let until = datagram.then(|| now.checked_add(self.wait)).flatten();
        self.present.insert(token, (remote, until));
        if !datagram {
            self.any_open = true;
            Self::leave(token, context);
            context.report.detail(1, Totals(context.relay.traffic(token), Duration::ZERO));
            return Ok(());
        }
        context.relay.tell(token, b"\0", now);
        context.relay.discard(token);
        if let Some(until) = until {
            context.reactor.wake_at(until, token);
        }
        Ok(())
    }

    fn noticed(&mut self, notice: Notice, context: &mut Context<'_>) {
        match notice {
            Notice::Ended(token, End::Failed(error)) | Notice::Gone(token, error, _) => {
                let Some((remote, until)) = self.present.get_mut(&token) else { return };
                // Once is enough.
                if until.take().is_none() {
                    return;
                }
                let refused = Error::network(format!("connect to {remote}"), why(&error))
                    .hint("nobody listens there: is the server running, is the port right?");
                context.report.detail(1, &refused);
                Self::leave(token, context);
            }
            Notice::Closed(token, ..) => {
                self.present.remove(&token);
            }
            Notice::Ended(..) | Notice::Finished(_) | Notice::Stalled(_) => {}
        }
    }

    fn woken(&mut self, token: Token, context: &mut Context<'_>) {
        let now = context.reactor.now();
        if let Some((remote, Some(until))) = self.present.get(&token)
            && *until <= now
        {
            context.report.detail(1, format_args!("{remote}: UDP packet sent successfully."));
            context.report.detail(1, Totals(context.relay.traffic(token), self.wait));
            self.any_open = true;
            Self::leave(token, context);
        }
    }

    fn nobody_comes(&mut self) {
        self.all = true;
    }

    fn present(&self) -> usize {
        0
    }

    fn outcome(&self) -> Option<Exit> {
        let over = self.all && self.present.is_empty();
        over.then_some(if self.any_open { Exit::Done } else { Exit::Network })
    }
}
