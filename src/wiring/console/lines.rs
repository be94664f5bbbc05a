//! What happens to the lines of stdin before they are sent: their ends, and the pauses between them.
//!
//! A newcomer's trap: where lines wait for replies, their ends are the business of
//! the layer that knows which bytes are counted.

use super::Console;
use crate::{
    cli::config::LineEnds,
    filter::{crlf::Crlf, hint::BareLf, watch::Watch},
    ports,
    proto::{evidence::Finding, reply::guess},
    wiring::Context,
};
use std::rc::Rc;

impl Console {
    /// For a session with this port.
    pub(super) fn add_filters(&self, port: u16, context: &mut Context<'_>) {
        let evidence = || Rc::clone(&self.evidence);
        match self.settings.line_ends {
            LineEnds::Crlf => context.relay.filter(self.token, Box::new(Crlf::always())),
            LineEnds::Auto if self.rules.terminal => {
                self.evidence.decides_line_ends();
                context.relay.filter(self.token, Box::new(Crlf::when_evident(evidence())));
            }
            LineEnds::Auto | LineEnds::AsTyped => {}
        }
        if !self.rules.terminal && self.connects {
            // A piped EHLO shows a conversation before the greeting has come.
            context.relay.filter(self.token, Box::new(Watch::new(evidence(), None)));
        }
        if !self.rules.terminal && self.settings.line_ends == LineEnds::Auto {
            context.relay.filter(self.token, Box::new(BareLf::new(context.report, evidence())));
        }
        if self.showing.is_named {
            self.evidence.found(Finding { what: "the protocol was named", mail: false, replies: true });
        }
        if ports::wants_crlf(port) {
            let (mail, replies) = (self.mail_port, guess::is_known(port));
            self.evidence.found(Finding { what: "the port is that of a text protocol", mail, replies });
        }
        // Behind the others, so that they know what is sent in the end.
        self.showing.sent().into_iter().for_each(|sent| context.relay.filter(self.token, sent));
        if let Some(delay) = self.settings.delay {
            context.relay.space(self.token, delay);
        }
    }
}
