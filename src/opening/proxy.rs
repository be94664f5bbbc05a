//! The stages in which proxies are asked to connect on.
//!
//! A newcomer's trap: of a chain, each proxy is asked for the next one, and only the last for the
//! peer. What one of them has learnt about credentials is kept while connections are made anew.

use super::{Stage, Staging, Whom, entrance::Found, talk::Talk};
use crate::{
    cli::config::{Connect, Place, Proxy, ProxyDns, To},
    error::{Error, Result},
    proto::{
        Dialogue,
        proxy::{Destination, Errand, Memory, PROXIES},
    },
    report::Report,
    stream::Stream,
};
use std::{cell::RefCell, rc::Rc};

/// A proxy of the chain.
pub struct ProxyStaging {
    proxy: Proxy,
    destination: Destination,
    /// The peer's address, if it was to be looked up here.
    found: Option<Found>,
    memory: Rc<RefCell<Memory>>,
}

/// One stage for each proxy; the last is asked for the address in `found` if there is one.
///
/// # Errors
/// When the peer has to be an address and is none; when the file of credentials cannot be read.
pub fn stages(connect: &Connect, found: &Found, report: Report) -> Result<Vec<Box<dyn Staging>>> {
    let To::Place(Place::Inet { host, port }) = &connect.to else { return Ok(Vec::new()) };
    let peer = Destination::new(host, *port);
    if !connect.proxies.is_empty()
        && connect.proxy_dns == ProxyDns::None
        && let Destination::Name(..) = peer
    {
        return Err(Error::usage(format!("connect to {peer}"), "with --proxy-dns none it must be an address"));
    }
    let auth = connect.proxy_auth.as_ref().filter(|_| !connect.proxies.is_empty());
    let credentials = auth.map(|auth| auth.credentials(report)).transpose()?;
    let next = connect.proxies.iter().skip(1).map(|proxy| Destination::new(&proxy.host, proxy.port));
    let destinations = next.chain([peer]);
    let stage = |(number, (proxy, destination)): (usize, (&Proxy, Destination))| {
        let is_last = number + 1 == connect.proxies.len();
        let memory = Rc::new(RefCell::new(Memory::new(credentials.clone())));
        let found = is_last.then(|| Rc::clone(found));
        Box::new(ProxyStaging { proxy: proxy.clone(), destination, found, memory }) as Box<dyn Staging>
    };
    Ok(connect.proxies.iter().zip(destinations).enumerate().map(stage).collect())
}

impl Staging for ProxyStaging {
    fn enter(&self, stream: Box<dyn Stream>, _: &Whom<'_>) -> Result<Box<dyn Stage>> {
        let found = self.found.as_ref().and_then(|found| *found.borrow()).map(Destination::Address);
        let errand = Errand {
            proxy: Destination::new(&self.proxy.host, self.proxy.port).to_string(),
            destination: found.unwrap_or_else(|| self.destination.clone()),
            memory: Rc::clone(&self.memory),
        };
        let what = format!("the {} proxy {}", self.proxy.kind, errand.proxy);
        let Some(row) = PROXIES.iter().find(|row| row.name == self.proxy.kind) else {
            return Err(Error::usage(what, "unknown"));
        };
        let dialogue: Box<dyn Dialogue> = (row.ask)(errand)?;
        Ok(Box::new(Talk::new(stream, dialogue, what)))
    }

    fn layer(&self) -> &'static str {
        ""
    }
}
