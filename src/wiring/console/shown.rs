//! What is done to what the peer says before it is shown: replies get their colour, control characters are escaped.
//!
//! A newcomer's trap: pipes and files get the peer's bytes, so nothing here is put in their way unless the user has
//! asked for colours there, too.

use crate::{
    cli::config::{Color, Config, Console as Settings, Mode},
    filter::{
        Filter,
        colour::{Sent, Shown},
    },
    opening::pacing::Replies,
    proto::{evidence::Evidence, reply::follow::Follower},
    transport::stdio,
};
use std::rc::Rc;

/// See the module's description.
pub(super) struct Showing {
    /// Where replies are coloured.
    follower: Option<Rc<Follower>>,
    escapes: bool,
    /// A protocol was named on the command line.
    pub(super) is_named: bool,
}

impl Showing {
    /// What `settings` ask for on the stdout that there is.
    pub(super) fn new(config: &Config, settings: &Settings) -> Self {
        let escapes = stdio::stdout_is_terminal() && !settings.raw;
        let is_coloured = match settings.color {
            Color::Auto => stdio::stdout_takes_colours(),
            Color::Always => true,
            Color::Never => false,
        };
        let replies = match &config.mode {
            Mode::Connect(connect) => Some(Replies::of(config, connect)),
            // What a client says is no reply.
            Mode::Listen(_) => None,
        };
        let is_named = replies.as_ref().is_some_and(Replies::are_named);
        let follower = replies.filter(|_| is_coloured).map(|it| Follower::new(it.begin(), it.are_waited_for()));
        Self { follower: follower.map(Rc::new), escapes, is_named }
    }

    /// For what is sent.
    pub(super) fn sent(&self) -> Option<Box<dyn Filter>> {
        let follower = Rc::clone(self.follower.as_ref()?);
        Some(Box::new(Sent::new(follower)))
    }

    /// For what a peer says.
    pub(super) fn heard(&self, evidence: &Rc<Evidence>) -> Option<Box<dyn Filter>> {
        let shown = || Shown::new(Rc::clone(evidence), self.follower.clone(), self.escapes);
        (self.escapes || self.follower.is_some()).then(|| Box::new(shown()) as Box<dyn Filter>)
    }
}
