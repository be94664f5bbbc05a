//! The options of the servers to learn on, as they are typed.
//!
//! A newcomer's trap: a build without them knows them all the same, so that it can say what it lacks.

use std::path::PathBuf;

const MOCK: &str = "Mock server options";

/// What a build without them has is not shown.
const BUILT: bool = cfg!(feature = "mock");

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct MockArgs {
    /// Be a server to learn on: smtp, pop3, http
    ///
    /// On this machine alone, unless an address to listen on is given; at port 1025, 1110 or 8080,
    /// unless a port is. Several are written smtp,pop3, their ports smtp:2525,pop3:2110. smtp takes
    /// every mail, delivers none, and shows each; any password is right. pop3 hands out what smtp has
    /// taken. http answers every request with the request. Implies -l and -k; --ssl encrypts from the
    /// start, and STARTTLS is offered otherwise; --ssl-cert serves both.
    #[arg(long, value_name = "SERVER,...", allow_hyphen_values = true, help_heading = MOCK, hide = !BUILT)]
    pub mock: Option<String>,

    /// Keep its mails in this Maildir
    ///
    /// It is made if it is not there. Without this option mails are kept for as long as rncat runs.
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, help_heading = MOCK, hide = !BUILT)]
    pub mock_dir: Option<PathBuf>,
}

impl MockArgs {
    /// Whether there is to be such a server.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.mock.is_some()
    }
}
