//! The options about what this process may do, as they are typed.
//!
//! A newcomer's trap: they take rights away, or leave them; none of them gives any.

const SAFETY: &str = "Safety options";

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct SafetyArgs {
    /// Become this user once all is open
    ///
    /// Names or numbers; the group is the user's own if none is given, and there are no others. For root only, who
    /// listens at a port below 1024, or reads a key, with no right left when the first peer comes. Commands run as
    /// that user, too. Files that are made later, and the file of a Unix socket that is removed, are in folders
    /// that he may write to.
    #[arg(long, value_name = "NAME[:GROUP]", allow_hyphen_values = true, help_heading = SAFETY)]
    pub user: Option<String>,

    /// Keep rights that the session has no use for
    ///
    /// On Linux, rncat gives up what it does not need any more once its sockets and files are open: opening files,
    /// making connections, running programs. -v tells what is in force; see SANDBOX.
    #[arg(long, help_heading = SAFETY)]
    pub no_sandbox: bool,
}
