//! The options that find a domain's mail server, as they are typed.
//!
//! A newcomer's trap: with `--mx`, the one word that is left is the port.

const CONNECT: &str = "Connect mode options";

/// See the module's description.
#[derive(Debug, Default, clap::Args)]
pub struct MailArgs {
    /// Connect to the server for mail to this domain
    ///
    /// Its mail exchangers are asked for by DNS (MX records) and tried in their order, the next one when one cannot
    /// be reached; a domain that has none takes its mail itself. PORT is 25 if none is given. A certificate is
    /// checked for the exchanger's name. -v shows the records, TXT (SPF) included; with -z, they are written to
    /// stdout and nobody is connected to.
    #[arg(long, value_name = "DOMAIN", allow_hyphen_values = true, help_heading = CONNECT)]
    pub mx: Option<String>,

    /// Ask this name server for them
    ///
    /// An address, with port 53 if none is given: 192.0.2.53, [2001:db8::53]:5353. Otherwise those of
    /// /etc/resolv.conf are asked.
    #[arg(long, value_name = "ADDRESS[:PORT]", allow_hyphen_values = true, help_heading = CONNECT)]
    pub dns: Option<String>,
}
