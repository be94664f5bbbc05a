//! The stage in which a server is asked to encrypt, in the words of its protocol; TLS is the next.
//!
//! A newcomer's trap: through a proxy the connection's other end is the proxy, so messages name the
//! server as it was typed.

use super::{Stage, Staging, Whom, talk::Talk};
use crate::{
    cli::config::{Connect, Place, TlsOptions},
    error::Result,
    proto::starttls::{Errand, Protocol},
    report::{Report, escape},
    stream::Stream,
    transport::Address,
};

/// What all connections of a run have in common.
pub struct StarttlsStaging {
    protocol: &'static Protocol,
    to: Place,
    /// Whether the connection's other end is a proxy.
    proxied: bool,
    errand: Errand,
}

impl StarttlsStaging {
    /// The server is asked for by `--ssl-servername` or else by its host as typed: the name that its
    /// certificate is checked for.
    #[must_use]
    pub fn new(protocol: &'static Protocol, connect: &Connect, options: &TlsOptions, report: Report) -> Self {
        let host = options.server_name.as_deref().unwrap_or_else(|| connect.to.host()).to_owned();
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let errand = Errand { what: String::new(), host, client: own_name(&node), report };
        Self { protocol, to: connect.to.clone(), proxied: !connect.proxies.is_empty(), errand }
    }

    /// The server, for messages. Of a list of ports, the one connected to.
    fn server(&self, remote: &Address) -> String {
        match (&self.to, remote) {
            (Place::Known(_), remote) => remote.to_string(),
            (Place::Inet { host, .. }, Address::Inet(remote)) if !self.proxied => written(host, remote.port()),
            (Place::Inet { host, port }, _) => written(host, *port),
        }
    }
}

impl Staging for StarttlsStaging {
    fn enter(&self, stream: Box<dyn Stream>, whom: &Whom<'_>) -> Result<Box<dyn Stage>> {
        let what = format!("STARTTLS ({}) with {}", self.protocol.name, self.server(whom.remote));
        let dialogue = (self.protocol.ask)(Errand { what: what.clone(), ..self.errand.clone() });
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
