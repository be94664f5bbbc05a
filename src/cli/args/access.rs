//! The options that say who may come in, as they are typed.
//!
//! A newcomer's trap: what is denied stays out, whatever allows it.

use std::path::PathBuf;

const ACCESS: &str = "Access control options";

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct AccessArgs {
    /// Let only these hosts in
    ///
    /// Names, addresses, networks (10.0.0.0/8), ranges and lists (10.0.0-5.1,3), separated by commas.
    /// May be repeated.
    #[arg(long, value_name = "HOST,...", allow_hyphen_values = true, help_heading = ACCESS)]
    pub allow: Vec<String>,

    /// Let only the hosts of this file in
    ///
    /// One a line; what follows a # is a comment.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = ACCESS)]
    pub allowfile: Vec<PathBuf>,

    /// Keep these hosts out, whatever allows them
    #[arg(long, value_name = "HOST,...", allow_hyphen_values = true, help_heading = ACCESS)]
    pub deny: Vec<String>,

    /// Keep the hosts of this file out
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = ACCESS)]
    pub denyfile: Vec<PathBuf>,
}
