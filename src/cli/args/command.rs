//! The options that join a program to the peer, as they are typed.
//!
//! A newcomer's trap: a build without commands knows them all the same, so that it can say what it lacks.

use std::path::PathBuf;

const COMMAND: &str = "Command execution options";

/// What a build without them has is not shown; that it has not is said when they are used.
const EXEC: bool = cfg!(feature = "exec");
const LUA: bool = cfg!(feature = "lua");

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct CommandArgs {
    /// Join the peer to this program
    ///
    /// Its stdin and stdout are the connection. COMMAND is split at blanks; a backslash takes
    /// the next character as it is, and quotes mean nothing. With -l and -k, every client gets
    /// a process of its own.
    #[arg(short = 'e', long, value_name = "COMMAND", allow_hyphen_values = true, help_heading = COMMAND, hide = !EXEC)]
    pub exec: Option<String>,

    /// The same, by way of /bin/sh -c
    #[arg(short = 'c', long, value_name = "COMMAND", allow_hyphen_values = true, help_heading = COMMAND, hide = !EXEC)]
    pub sh_exec: Option<String>,

    /// Join the peer to this Lua script
    ///
    /// Lua 5.4 is built in. What the script reads from its standard input comes from the peer, and
    /// what it writes or prints goes there.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = COMMAND, hide = !LUA)]
    pub lua_exec: Option<PathBuf>,
}

impl CommandArgs {
    /// Whether a command is to be joined to the peer.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.exec.is_some() || self.sh_exec.is_some() || self.lua_exec.is_some()
    }
}
