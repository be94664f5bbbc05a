//! The options that say who we are to a proxy, as they are typed.
//!
//! A newcomer's trap: what is on a command line is seen by every user of the machine (ps), whatever is done with it
//! here. [`Secret`] keeps it out of what this program itself prints.

use super::PROXY;
use std::{fmt, path::PathBuf};
use zeroize::Zeroizing;

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct LoginArgs {
    /// Say who you are; with -l, demand that
    ///
    /// Other users of this machine can see it, as they see every command line: --proxy-auth-file and the
    /// environment variable NCAT_PROXY_AUTH say the same and are not seen. An HTTP proxy is answered by Digest or
    /// Basic, as it asks.
    #[arg(long, value_name = "USER[:PASSWORD]", allow_hyphen_values = true, help_heading = PROXY)]
    pub proxy_auth: Option<Secret>,

    /// The same, out of a file
    ///
    /// It has one line, USER:PASSWORD, and is read once, at the start. One that all users may read is warned of:
    /// chmod 600 FILE. The password is wiped from memory once it has been used.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = PROXY)]
    pub proxy_auth_file: Option<PathBuf>,
}

/// A text that is not shown, and is wiped when it is dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_does_not_show_itself() {
        let args = LoginArgs { proxy_auth: Some("joe:hush".to_owned().into()), ..LoginArgs::default() };
        assert_eq!(args.proxy_auth.as_ref().map(Secret::as_ref), Some("joe:hush"));
        assert!(!format!("{args:?}").contains("hush"));
    }
}
