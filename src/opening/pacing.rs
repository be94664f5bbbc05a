//! What is put around every connection for `--pace` and `--fail`.
//!
//! A newcomer's trap: after `--starttls` the greeting has been heard already, and most servers do not greet
//! again.

use crate::{
    cli::config::{Config, Mode, PaceBy, When},
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

/// See the module's description.
pub struct Pacing {
    by: PaceBy,
    /// Of [`PaceBy::Auto`].
    port: Option<u16>,
    greeted: bool,
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
        let starttls = config.upgrade.as_ref().and_then(|upgrade| match upgrade.when {
            When::First(protocol) => Some(protocol.name),
            _ => None,
        });
        let settings = Settings { fail: pace.fail, crlf: pace.crlf, patience: config.idle.unwrap_or(PATIENCE) };
        Some(Self {
            // Who has been asked for encryption in a protocol's words speaks that protocol.
            by: match (pace.by, starttls.and_then(known)) {
                (PaceBy::Auto, Some(protocol)) => PaceBy::Protocol(protocol),
                (by, _) => by,
            },
            port: Some(connect.to.port()).filter(|port| *port != 0),
            greeted: starttls.is_some(),
            settings,
            report,
        })
    }

    /// Puts the layer around a connection to `server`.
    #[must_use]
    pub fn around(&self, stream: Box<dyn Stream>, server: &Address) -> Box<dyn Stream> {
        let by = match self.by {
            PaceBy::Quiet(time) => By::Quiet(time),
            PaceBy::Protocol(protocol) => By::Replies(self.after_greeting((protocol.begin)())),
            PaceBy::Auto => By::Replies(self.after_greeting(guess::begin(self.port))),
        };
        Box::new(Paced::new(stream, by, self.settings, server.to_string(), self.report))
    }

    fn after_greeting(&self, mut conversation: Box<dyn Conversation>) -> Box<dyn Conversation> {
        if self.greeted {
            conversation.greeted();
        }
        conversation
    }
}

fn known(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.name == name)
}
