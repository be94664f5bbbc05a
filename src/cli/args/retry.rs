//! The option that waits for a server to start, as it is typed.
//!
//! A newcomer's trap: it is about connecting. A connection that stands and then fails is not made again.

use super::TIMING;

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct RetryArgs {
    /// Go on trying to connect for TIME
    ///
    /// For scripts that have just started a server: until somebody listens, the name is known, the Unix socket is
    /// there. The pauses grow from a tenth of a second to one second. -w is then for each attempt. With -z, nothing
    /// is done but waiting for a port. The exit status is that of the last attempt.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = TIMING)]
    pub retry: Option<String>,
}
