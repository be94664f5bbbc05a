//! Which replies are heard, and what is put around every connection for `--pace` and `--fail`.
//!
//! A newcomer's trap: after `--starttls` the greeting has been heard already, and most servers do not greet
//! again.

use crate::{
    cli::config::{Config, Connect, Mode, PaceBy, When},
    proto::reply::{Conversation, PROTOCOLS, Protocol, guess},
    report::Report,
    stream::{
        Stream,
        paced::{By, Paced, Settings},
    },
    transport::Address,
};
use std::time::Duration;

/// How long a server may be silent while a reply is awaited; `-i` sets another time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose replies are heard.
#[derive(Debug, Clone, Copy)]
pub struct Replies {
    by: PaceBy,
    /// Of [`PaceBy::Auto`].
    port: Option<u16>,
    greeted: bool,
    is_paced: bool,
}

/// See the module's description.
pub struct Pacing {
    replies: Replies,
    settings: Settings,
    report: Report,
}

impl Pacing {
    /// What `config` asks for, if it does.
    #[must_use]
    pub fn new(config: &Config, report: Report) -> Option<Self> {
        let (Some(pace), Mode::Connect(connect)) = (&config.pace, &config.mode) else { return None };
        if connect.probe {
            // Nothing will be said.
            return None;
        }
        let settings = Settings { fail: pace.fail, crlf: pace.crlf, patience: config.idle.unwrap_or(PATIENCE) };
        Some(Self { replies: Replies::of(config, connect), settings, report })
    }

    /// Puts the layer around a connection to `server`.
    #[must_use]
    pub fn around(&self, stream: Box<dyn Stream>, server: &Address) -> Box<dyn Stream> {
        let by = match self.replies.by {
            PaceBy::Quiet(time) => By::Quiet(time),
            PaceBy::Protocol(_) | PaceBy::Auto => By::Replies(self.replies.begin()),
        };
        Box::new(Paced::new(stream, by, self.settings, server.to_string(), self.report))
    }
}

impl Replies {
    /// Of the server that is connected to.
    #[must_use]
    pub fn of(config: &Config, connect: &Connect) -> Self {
        let starttls = config.upgrade.as_ref().and_then(|upgrade| match upgrade.when {
            When::First(protocol) => Some(protocol.name),
            _ => None,
        });
        // Who has been asked for encryption in a protocol's words speaks that protocol.
        let by = match (config.pace.as_ref().map_or(PaceBy::Auto, |pace| pace.by), starttls.and_then(known)) {
            (PaceBy::Auto, Some(protocol)) => PaceBy::Protocol(protocol),
            (by, _) => by,
        };
        let port = Some(connect.to.port()).filter(|port| *port != 0);
        Self { by, port, greeted: starttls.is_some(), is_paced: config.pace.is_some() }
    }

    /// Whether a protocol was named on the command line whose replies tell how it went.
    #[must_use]
    pub fn are_named(&self) -> bool {
        matches!(self.by, PaceBy::Protocol(protocol) if protocol.name != "line")
    }

    /// Whether `--pace` waits for them.
    #[must_use]
    pub fn are_waited_for(&self) -> bool {
        self.is_paced && !matches!(self.by, PaceBy::Quiet(_))
    }

    /// Begins to follow the conversation.
    #[must_use]
    pub fn begin(&self) -> Box<dyn Conversation> {
        let mut conversation = match self.by {
            PaceBy::Protocol(protocol) => (protocol.begin)(),
            PaceBy::Auto | PaceBy::Quiet(_) => guess::begin(self.port),
        };
        if self.greeted {
            conversation.greeted();
        }
        conversation
    }
}

fn known(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.name == name)
}
