//! The options of what is shown at a terminal, as they are typed.
//!
//! A newcomer's trap: `--crlf` is not among them, though it comes on by itself there. It is about what is sent.

use super::OUTPUT;

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct TerminalArgs {
    /// Colour replies: auto, always or never
    ///
    /// auto, the default, is at a terminal, unless NO_COLOR is set or TERM is dumb; always is in pipes
    /// and files, too. Green is success, cyan go on, magenta a failure that may pass, red one that stays.
    /// Needs a protocol that rncat knows; see AT THE TERMINAL.
    #[arg(long, alias = "colour", value_name = "WHEN", allow_hyphen_values = true, help_heading = OUTPUT)]
    pub color: Option<String>,

    /// Let control characters through to a terminal
    ///
    /// Otherwise they are shown escaped in protocols that are text, as \x1b: what a server says could
    /// change the terminal's title, its screen, or what stands there already.
    #[arg(long, help_heading = OUTPUT)]
    pub raw: bool,

    /// Show how far it is, on one line of stderr
    ///
    /// Bytes each way, the rate and, when stdin is a file, the time left; after two seconds, five times a second. A
    /// stderr that is no terminal gets a line each ten seconds. It comes on by itself where stderr is a terminal and
    /// neither stdin nor stdout is, unless --quiet is given.
    #[arg(long, help_heading = OUTPUT)]
    pub progress: bool,

    /// Never show how far it is
    #[arg(long, help_heading = OUTPUT)]
    pub no_progress: bool,
}
