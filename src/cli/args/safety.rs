//! The options about what this process may do, as they are typed.
//!
//! A newcomer's trap: they take rights away, or leave them; none of them gives any.

const SAFETY: &str = "Safety options";

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct SafetyArgs {
    /// Keep rights that the session has no use for
    ///
    /// On Linux, rncat gives up what it does not need any more once its sockets and files are open: opening files,
    /// making connections, running programs. -v tells what is in force; see SANDBOX.
    #[arg(long, help_heading = SAFETY)]
    pub no_sandbox: bool,
}
