//! How a client asks for encryption in each protocol: a [`Dialogue`] each, one file each, in the
//! table [`PROTOCOLS`].
//!
//! What they have in common (messages are taken one by one, shown, and bounded) is in `script.rs`;
//! a protocol's file says what its messages are, and what is said when. A newcomer's trap: whatever
//! arrives in clear behind the server's agreement was put there by somebody in between (command
//! injection, CVE-2011-0411). A dialogue here ends with [`Step::Upgrade`](super::Step::Upgrade),
//! which leaves no rest, and never goes on in clear.

mod codes;
mod ftp;
mod imap;
mod irc;
mod ldap;
mod mysql;
mod nntp;
mod pop3;
mod postgres;
mod script;
mod sieve;
mod smtp;
#[cfg(test)]
mod tests;
pub mod watch;
mod xml;
mod xmpp;

use super::Dialogue;
use crate::report::Report;
use script::Opening;

/// A protocol in which encryption can be asked for.
#[derive(Debug)]
pub struct Protocol {
    /// As `--starttls` names it.
    pub name: &'static str,
    /// Begins the dialogue on a new connection.
    pub ask: fn(Errand) -> Box<dyn Dialogue>,
}

/// The protocols that `--starttls` knows.
pub static PROTOCOLS: [Protocol; 13] = [
    Protocol { name: "smtp", ask: |errand| Opening::boxed(smtp::Smtp::new("EHLO", &errand.client), errand) },
    Protocol { name: "lmtp", ask: |errand| Opening::boxed(smtp::Smtp::new("LHLO", &errand.client), errand) },
    Protocol { name: "pop3", ask: |errand| Opening::boxed(pop3::Pop3::default(), errand) },
    Protocol { name: "imap", ask: |errand| Opening::boxed(imap::Imap::default(), errand) },
    Protocol { name: "ftp", ask: |errand| Opening::boxed(ftp::Ftp::default(), errand) },
    Protocol { name: "nntp", ask: |errand| Opening::boxed(nntp::Nntp::default(), errand) },
    Protocol { name: "sieve", ask: |errand| Opening::boxed(sieve::Sieve::default(), errand) },
    Protocol { name: "irc", ask: |errand| Opening::boxed(irc::Irc, errand) },
    Protocol { name: "xmpp", ask: |errand| Opening::boxed(xmpp::Xmpp::new("jabber:client", &errand.host), errand) },
    Protocol {
        name: "xmpp-server",
        ask: |errand| Opening::boxed(xmpp::Xmpp::new("jabber:server", &errand.host), errand),
    },
    Protocol { name: "ldap", ask: |errand| Opening::boxed(ldap::Ldap, errand) },
    Protocol { name: "mysql", ask: |errand| Opening::boxed(mysql::Mysql, errand) },
    Protocol { name: "postgres", ask: |errand| Opening::boxed(postgres::Postgres, errand) },
];

/// What a dialogue has to know.
#[derive(Debug, Clone)]
pub struct Errand {
    /// What is being done, for messages: `STARTTLS (smtp) with mail.example.org:25`.
    pub what: String,
    /// The name that the server is asked for by: XMPP's domain.
    pub host: String,
    /// The name that the client gives itself: EHLO's domain or address literal (RFC 5321, 4.1.3).
    pub client: String,
    /// Where what is said and heard is shown under `-v`, in lines that begin with `>` and `<`.
    pub report: Report,
}
