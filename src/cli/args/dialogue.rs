//! The options of dialogues, as they are typed.
//!
//! A newcomer's trap: `--starttls` is not among them. It is an option of TLS, for it says when that begins.

use std::path::PathBuf;

const DIALOGUE: &str = "Dialogue options";

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct DialogueArgs {
    /// Wait for each reply before the next line
    ///
    /// PROTO is smtp, lmtp, pop3, imap, ftp, nntp, sieve or http; auto, which goes by the port and the
    /// greeting; line, where a reply is a line; or a time, as 300ms, for which the server has to be
    /// silent. Lines are sent with CRLF; messages, literals and bodies pass at full speed. A server
    /// that keeps silent for 60 seconds is given up; -i sets another time.
    #[arg(long, value_name = "PROTO", allow_hyphen_values = true, help_heading = DIALOGUE)]
    pub pace: Option<String>,

    /// Leave at the first reply that is an error
    ///
    /// The reply is shown, the rest is not sent, and the exit status is 3. Implies --pace auto.
    #[arg(long, help_heading = DIALOGUE)]
    pub fail: bool,

    /// Say and check the lines of this dialogue
    ///
    /// In FILE, a line that begins "C: " is the client's and one that begins "S: " is the server's.
    /// Ours are said when their turn comes, and the peer's have to come as they are written; if one
    /// does not, both are shown and the exit status is 3. With -l, FILE is a server. See DIALOGUES.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = DIALOGUE)]
    pub play: Option<PathBuf>,

    /// Record the session as a dialogue, for --play
    ///
    /// FILE may be - for stderr. With -l and -k each client has a file of its own, FILE.1, FILE.2 and
    /// so on. Passwords are left out.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = DIALOGUE)]
    pub transcript: Option<PathBuf>,

    /// Put the time before each line of it
    #[arg(long, help_heading = DIALOGUE)]
    pub timestamps: bool,

    /// Do not leave passwords out of it
    #[arg(long, help_heading = DIALOGUE)]
    pub show_secrets: bool,
}
