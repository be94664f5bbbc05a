//! The warning that a command can be run by anybody.
//!
//! A newcomer's trap: which address is listened on is known when names have been looked up, so it is not the
//! command line that is looked at.

use crate::{
    cli::config::{Config, Mode, Program},
    transport::Address,
};
use std::net::SocketAddr;

/// What to say when `program` is run for whoever comes to `own` addresses: nothing where these are this machine's
/// alone, where a list says who may come, and over TLS.
pub(super) fn warning(config: &Config, program: &Program, own: &[Address]) -> Option<String> {
    let Mode::Listen(listen) = &config.mode else { return None };
    let lists = !(listen.access.allow.is_empty() && listen.access.allow_files.is_empty());
    if lists || config.tls.is_some() {
        return None;
    }
    let public = |address: &&SocketAddr| !address.ip().to_canonical().is_loopback();
    let port = own.iter().filter_map(Address::inet).find(|address| public(&address))?.port();
    Some(format!("anybody who reaches port {port} can run {program}; --allow HOST or -l 127.0.0.1 limits that"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Outcome, config::Partner};

    fn of(line: &str, own: &[&str]) -> Option<String> {
        let words = std::iter::once("rncat").chain(line.split(' '));
        let Outcome::Run(start) = cli::parse(words.map(Into::into)) else { panic!("{line}") };
        let Partner::Command(command) = &start.config.partner else { panic!("{line}") };
        let own: Vec<_> = own.iter().map(|it| Address::Inet(it.parse().unwrap())).collect();
        warning(&start.config, &command.program, &own)
    }

    #[test]
    fn anybody_can_run_what_is_reached_from_outside() {
        let warned = "anybody who reaches port 9000 can run /bin/cat; --allow HOST or -l 127.0.0.1 limits that";
        for own in [&["[::]:9000", "0.0.0.0:9000"][..], &["192.0.2.1:9000"], &["127.0.0.1:9000", "192.0.2.1:9000"]] {
            assert_eq!(of("-l -e /bin/cat 9000", own).as_deref(), Some(warned), "{own:?}");
        }
        assert_eq!(of("-luk --deny 192.0.2.2 -e /bin/cat 9000", &["[::]:9000"]).as_deref(), Some(warned));
    }

    #[test]
    fn nothing_is_said_where_few_can_come() {
        for own in ["127.0.0.1:9000", "127.0.0.2:9000", "[::1]:9000", "[::ffff:127.0.0.1]:9000"] {
            assert_eq!(of("-l -e /bin/cat 9000", &[own]), None, "{own}");
        }
        for line in [
            "-l --allow 192.0.2.0/24 -e /bin/cat 9000",
            "-l --allowfile list -e /bin/cat 9000",
            "-l --ssl -e /bin/cat 9000",
            "-e /bin/cat localhost 9000",
        ] {
            assert_eq!(of(line, &["[::]:9000"]), None, "{line}");
        }
        assert_eq!(of("-l -U /tmp/x -e /bin/cat", &[]), None);
    }
}
