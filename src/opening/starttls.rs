//! The stage in which a server is asked to encrypt, in the words of its protocol; TLS is the next.
//!
//! A newcomer's trap: through a proxy the connection's other end is the proxy, so messages name the
//! server as it was typed.

use super::{Stage, Staging, Whom, talk::Talk};
use crate::{
    cli::config::{Connect, Place, TlsOptions, To},
    error::Result,
    proto::starttls::{Errand, Protocol},
    report::{Report, escape},
    stream::Stream,
    transport::Address,
};

/// What all connections of a run have in common.
pub struct StarttlsStaging {
    protocol: &'static Protocol,
    /// The server behind a proxy, for messages: then the connection's other end is the proxy.
    behind: Option<String>,
    /// `--ssl-servername`.
    server_name: Option<String>,
    client: String,
    report: Report,
}

impl StarttlsStaging {
    /// The server is asked for by `--ssl-servername` or else by its host's name: the one that its certificate is
    /// checked for.
    #[must_use]
    pub fn new(protocol: &'static Protocol, connect: &Connect, options: &TlsOptions, report: Report) -> Self {
        let behind = match &connect.to {
            To::Place(Place::Inet { host, port }) if !connect.proxies.is_empty() => Some(written(host, *port)),
            _ => None,
        };
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { protocol, behind, server_name: options.server_name.clone(), client: own_name(&node), report }
    }

    /// The server, for messages. Of a list of ports, the one connected to.
    fn server(&self, whom: &Whom<'_>) -> String {
        match (&self.behind, whom.remote) {
            (Some(server), _) => server.clone(),
            (None, Address::Inet(remote)) => written(whom.host, remote.port()),
            (None, remote) => remote.to_string(),
        }
    }
}

impl Staging for StarttlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>> {
        let what = format!("STARTTLS ({}) with {}", self.protocol.name, self.server(whom));
        let host = self.server_name.as_deref().unwrap_or(whom.host).to_owned();
        let errand = Errand { what: what.clone(), host, client: self.client.clone(), report: self.report };
        let dialogue = (self.protocol.ask)(errand);
        Ok(Box::new(Talk::new(stream, dialogue, what).recorded(whom.record)))
    }

    fn layer(&self) -> &'static str {
        ""
    }
}

/// Host and port as they are written together.
fn written(host: &str, port: u16) -> String {
    let host = escape(host.as_bytes());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What a client may call itself (RFC 5321, 4.1.3): the machine's name if it is a domain, else an
/// address literal that is true everywhere.
fn own_name(node: &str) -> String {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    // What looks like an address is none of a domain's names.
    let is_domain =
        node.len() <= 255 && node.split('.').all(is_label) && node.contains(|c: char| c.is_ascii_alphabetic());
    if is_domain { node.to_owned() } else { "[127.0.0.1]".to_owned() }
}

#[cfg(test)]
mod tests;
