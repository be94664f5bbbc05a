//! Where to connect to, from where, by what; and where to listen.
//!
//! A newcomer's trap: only IP has hosts and ports. A Unix socket has one word, which may look like
//! a port, and vsock has numbers for both.

use super::mock;
use crate::{
    cli::{
        Args,
        config::{Place, Route, Source, Where},
        target,
    },
    error::{Error, Result},
    report::escape,
    transport::{
        Address, Transport,
        inherited::Inherited,
        sctp::SCTP,
        tcp::TCP,
        udp::UDP,
        unix::{Name, UNIX},
        unix_datagram::UNIX_DATAGRAM,
        vsock::{self, VSOCK},
    },
};
use std::ffi::OsStr;

/// A place to be filled in.
pub(super) const ANYWHERE: Where = Where::Inet { host: None, port: 0 };

/// How many hops an IPv4 header has room for, as Ncat counts.
const HOPS: usize = 8;

/// What the bytes travel over.
///
/// # Errors
/// Never: contradictions were found before.
pub(super) fn transport(args: &Args) -> Result<&'static Transport> {
    Ok(match (args.unixsock, args.vsock, args.udp, args.sctp) {
        (true, _, true, _) => &UNIX_DATAGRAM,
        (true, _, false, _) => &UNIX,
        (_, true, ..) => &VSOCK,
        (_, _, true, _) => &UDP,
        (.., true) => &SCTP,
        _ => &TCP,
    })
}

/// The peer; for `-z`, with the ports to try after the first.
///
/// # Errors
/// When the words are not what the transport needs.
pub(super) fn connect(args: &Args, transport: &Transport) -> Result<(Place, Vec<u16>)> {
    if args.unixsock {
        return Ok((Place::Known(path(&args.words)?), Vec::new()));
    }
    if args.vsock {
        return match numbers(&args.words)?.as_slice() {
            [cid, port] => Ok((Place::Known(Address::Vsock { cid: *cid, port: *port }), Vec::new())),
            [cid] => Ok((Place::Known(Address::Vsock { cid: *cid, port: target::DEFAULT_PORT.into() }), Vec::new())),
            _ => Err(Error::usage("--vsock", "a machine's number and a port are expected").hint("2 is the host")),
        };
    }
    debug_assert!(transport.inet);
    if args.zero
        && let [host, ports] = args.words.as_slice()
        && let Some(mut ports) = target::ports(ports)?
    {
        let first = ports.remove(0);
        let (host, port) = target::connect(&[host.clone(), first.to_string()])?;
        return Ok((Place::Inet { host, port }, ports));
    }
    let (host, port) = target::connect(&args.words)?;
    Ok((Place::Inet { host, port }, Vec::new()))
}

/// Where to listen; for several mock servers, also where those after the first do.
///
/// # Errors
/// When the words are not what the transport needs.
pub(super) fn listen(args: &Args, transport: &Transport) -> Result<(Where, Vec<Where>)> {
    if let Some(inherited) = &args.inherited {
        return passed(args, inherited);
    }
    if transport.inet && args.mock.is_given() {
        let mut places = mock::places(args)?.into_iter();
        return Ok((places.next().unwrap_or(ANYWHERE), places.collect()));
    }
    if args.mock.mock.as_ref().is_some_and(|list| list.contains(',')) {
        return Err(Error::usage("--mock", "several servers need several ports"));
    }
    Ok((one_place(args, transport)?, Vec::new()))
}

/// At the sockets that were there before us; each mock server gets one of them.
fn passed(args: &Args, inherited: &Inherited) -> Result<(Where, Vec<Where>)> {
    let servers = mock::server(args)?.map_or(0, |mock| mock.services.len());
    if servers == 0 {
        return Ok((Where::Inherited(inherited.clone()), Vec::new()));
    }
    if servers != inherited.descriptors.len() {
        let sockets = inherited.descriptors.len();
        return Err(Error::usage("--mock", format!("{sockets} sockets were passed for {servers} servers")));
    }
    let each = inherited.descriptors.iter();
    let mut each = each.map(|fd| Where::Inherited(Inherited { descriptors: vec![*fd], ..*inherited }));
    Ok((each.next().unwrap_or(ANYWHERE), each.collect()))
}

fn one_place(args: &Args, transport: &Transport) -> Result<Where> {
    if args.unixsock {
        no_port(args)?;
        return Ok(Where::Known(path(&args.words)?));
    }
    if args.vsock {
        let port = args.source_port.as_deref().map(number).transpose()?;
        return match (numbers(&args.words)?.as_slice(), port) {
            ([cid, port], None) => Ok(Where::Known(Address::Vsock { cid: *cid, port: *port })),
            ([cid], Some(port)) => Ok(Where::Known(Address::Vsock { cid: *cid, port })),
            ([port], None) => Ok(at_any(*port)),
            ([], port) => Ok(at_any(port.unwrap_or_else(|| target::DEFAULT_PORT.into()))),
            _ => Err(Error::usage("--vsock", "at most a machine's number and one port are expected")),
        };
    }
    debug_assert!(transport.inet);
    let (host, port) = target::listen(&args.words, args.source_port.as_deref())?;
    Ok(Where::Inet { host, port })
}

fn at_any(port: u32) -> Where {
    Where::Known(Address::Vsock { cid: vsock::ANY_CID, port: if port == 0 { vsock::ANY_PORT } else { port } })
}

/// `-s` and `-p`.
///
/// # Errors
/// When they are not what the transport needs.
pub(super) fn source(args: &Args, transport: &Transport) -> Result<Source> {
    if args.listen {
        return Ok(Source::Any);
    }
    if args.unixsock {
        no_port(args)?;
        let name = args.source.as_ref().map(|name| Address::Unix(Name::typed(OsStr::new(name))));
        return Ok(name.map_or(Source::Any, Source::Known));
    }
    if args.vsock {
        let cid = args.source.as_deref().map(number).transpose()?;
        let port = args.source_port.as_deref().map(number).transpose()?;
        return Ok(match (cid, port) {
            (None, None) => Source::Any,
            (cid, port) => Source::Known(Address::Vsock {
                cid: cid.unwrap_or(vsock::ANY_CID),
                port: port.unwrap_or(vsock::ANY_PORT),
            }),
        });
    }
    debug_assert!(transport.inet);
    let host = args.source.as_deref().map(|text| target::host("-s", text)).transpose()?;
    let port = args.source_port.as_deref().map_or(Ok(0), target::number)?;
    Ok(if host.is_none() && port == 0 { Source::Any } else { Source::Inet { host, port } })
}

/// `-g` and `-G`.
///
/// # Errors
/// When there are too many hops, or the pointer does not point to one.
pub(super) fn route(args: &Args) -> Result<Option<Route>> {
    let hops: Vec<String> =
        args.hops.iter().flat_map(|list| list.split(',')).map(|hop| hop.trim().to_owned()).collect();
    if hops.is_empty() {
        return Ok(None);
    }
    if hops.iter().any(String::is_empty) {
        return Err(Error::usage("-g", "a hop is empty").hint("separate hops with commas"));
    }
    if hops.len() > HOPS {
        return Err(Error::usage("-g", format!("{} hops are too many", hops.len())).hint("8 are possible"));
    }
    let text = args.hop_pointer.as_deref().unwrap_or("4");
    match text.parse() {
        Ok(pointer @ 4..=28) if pointer % 4 == 0 => Ok(Some(Route { hops, pointer })),
        _ => Err(Error::usage(format!("-G {}", escape(text.as_bytes())), "not a place in a route").hint("4, 8, … 28")),
    }
}

fn no_port(args: &Args) -> Result<()> {
    match args.source_port {
        Some(_) => Err(Error::usage("-p", "a Unix socket has no port")),
        None => Ok(()),
    }
}

fn path(words: &[String]) -> Result<Address> {
    match words {
        [path] if !path.is_empty() => Ok(Address::Unix(Name::typed(OsStr::new(path)))),
        [] | [_] => Err(Error::usage("-U", "the socket's path is missing").hint("rncat -U PATH, rncat -l -U PATH")),
        [_, rest @ ..] => Err(Error::usage(
            format!("\"{}\"", escape(rest.join(" ").as_bytes())),
            "with -U, nothing is expected after the socket's path",
        )),
    }
}

fn numbers(words: &[String]) -> Result<Vec<u32>> {
    let words = words.iter().flat_map(|word| word.split(':'));
    words.map(number).collect()
}

fn number(text: &str) -> Result<u32> {
    text.parse().map_err(|_| {
        Error::usage(format!("--vsock {}", escape(text.as_bytes())), "not a number")
            .hint("vsock has numbers for machines and ports; 2 is the host")
    })
}
