//! The command line made into what the program is to do: no impossible combination survives.
//!
//! The only way to a [`Config`] is [`Config::from_args`]; the rest of the program never sees
//! a flag.

mod console;
mod dialogue;
mod to;
mod user;

pub use console::{Color, Console, Direction, LineEnds, Quit};
pub use dialogue::{Pace, PaceBy, Upgrade, When};
pub use to::{Mail, Place, To};
pub use user::User;

use crate::{
    credentials::Auth,
    report::escape,
    transport::{Address, Transport, inherited::Inherited},
};
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// What to do, completely.
#[derive(Debug)]
pub struct Config {
    /// Connect or listen, with what only that mode has.
    pub mode: Mode,
    /// What the bytes travel over.
    pub transport: &'static Transport,
    /// Which address families may be used.
    pub family: Family,
    /// `-n`: hosts are addresses, never looked up.
    pub numeric: bool,
    /// TLS from the first byte on, if asked for; DTLS over datagrams.
    pub tls: Option<TlsOptions>,
    /// TLS from some later point on.
    pub upgrade: Option<Upgrade>,
    /// `--pace`, `--fail`: what is sent waits for replies.
    pub pace: Option<Pace>,
    /// `-t`: the peer's telnet negotiation is answered.
    pub telnet: bool,
    /// Who is joined to the peer.
    pub partner: Partner,
    /// `-i`: a peer that neither sends nor takes a byte for so long is given up.
    pub idle: Option<Duration>,
    /// `--user`: whom to become once all is open.
    pub user: Option<User>,
    /// False with `--no-sandbox`: rights that are of no use any more are kept.
    pub sandbox: bool,
    /// `--progress`, `--no-progress`; if neither, it is shown where it is of use.
    pub progress: Option<bool>,
    /// `-o`, `-x`, `--transcript`.
    pub taps: Vec<crate::tap::TapFile>,
}

impl Config {
    /// `--ssl-verify`: whether trust is demanded, of the certificate and of the end of the stream.
    #[must_use]
    pub fn verifies(&self) -> bool {
        let tls = self.tls.as_ref().or_else(|| self.upgrade.as_ref().map(|upgrade| &upgrade.tls));
        tls.is_some_and(|tls| tls.verify)
    }
}

/// Connect or listen.
#[derive(Debug)]
pub enum Mode {
    /// Connect to a peer.
    Connect(Connect),
    /// Wait for peers.
    Listen(Listen),
}

impl Mode {
    /// `-k`: whether many clients are served.
    #[must_use]
    pub fn keeps_open(&self) -> bool {
        matches!(self, Self::Listen(listen) if listen.keep_open)
    }

    /// Whether the one client of all has come before us.
    #[must_use]
    pub fn has_its_client(&self) -> bool {
        matches!(self, Self::Listen(Listen { on: Where::Inherited(inherited), .. }) if inherited.connected)
    }

    /// How long a client that takes too little may hold the others up.
    #[must_use]
    pub fn stall(&self) -> Duration {
        match self {
            Self::Listen(listen) => listen.stall,
            Self::Connect(_) => Duration::MAX,
        }
    }
}

/// Connect mode.
#[derive(Debug)]
pub struct Connect {
    /// The peer.
    pub to: To,
    /// `-z`: the ports to try after the first.
    pub more_ports: Vec<u16>,
    /// `-s`, `-p`: where to connect from.
    pub source: Source,
    /// `-g`, `-G`: the hosts to pass on the way.
    pub route: Option<Route>,
    /// `--proxy`: the proxies to pass, nearest first.
    pub proxies: Vec<Proxy>,
    /// `--proxy-auth`, `--proxy-auth-file`: who we are to each of them.
    pub proxy_auth: Option<Auth>,
    /// `--proxy-dns`: who looks the target's name up, where there are proxies.
    pub proxy_dns: ProxyDns,
    /// `-w`: look-up, connecting and the TLS handshake together take no longer.
    pub wait: Option<Duration>,
    /// `--retry`: go on trying for so long.
    pub retry: Option<Duration>,
    /// `-z`: connect, and leave.
    pub probe: bool,
}

/// Where to connect from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Wherever the kernel chooses.
    Any,
    /// A name or an IP address, if given, and a port, 0 for the kernel's choice.
    Inet {
        /// `-s`.
        host: Option<String>,
        /// `-p`.
        port: u16,
    },
    /// An address that needs no look-up.
    Known(Address),
}

/// IPv4 loose source routing (RFC 791, 3.1).
#[derive(Debug, Clone)]
pub struct Route {
    /// Names or addresses, the nearest first; at most 8.
    pub hops: Vec<String>,
    /// The position of the next hop, in bytes, from 4 on.
    pub pointer: u8,
}

/// A proxy on the way to the peer.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// What it speaks: a name of [`crate::proto::proxy::PROXIES`].
    pub kind: &'static str,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Who looks the target's name up where there are proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyDns {
    /// The proxy.
    Remote,
    /// We do.
    Local,
    /// We try, and leave it to the proxy if we do not find it.
    Both,
    /// Nobody: the target must be an address.
    None,
}

/// Listen mode.
#[derive(Debug)]
pub struct Listen {
    /// Where to listen.
    pub on: Where,
    /// `--mock` with several servers: where the others listen, in order.
    pub others_on: Vec<Where>,
    /// `-k`: go on taking clients.
    pub keep_open: bool,
    /// `-m`: at most so many clients at once.
    pub max_clients: usize,
    /// `--stall-timeout`: how long a client that takes too little may hold the others up.
    pub stall: Duration,
    /// `--allow`, `--allowfile`, `--deny`, `--denyfile`.
    pub access: AccessLists,
    /// `--test`: print the line that test programs wait for.
    pub announce: bool,
}

/// Where to listen.
#[derive(Debug, Clone)]
pub enum Where {
    /// At a port.
    Inet {
        /// The address or name to listen on; all addresses when not given.
        host: Option<String>,
        /// The port; 0 for the kernel's choice.
        port: u16,
    },
    /// At a port of this machine's own addresses, which no other machine can reach.
    Loopback {
        /// The port; 0 for the kernel's choice.
        port: u16,
    },
    /// At an address that needs no look-up.
    Known(Address),
    /// At sockets that were there before us.
    Inherited(Inherited),
}

impl Where {
    /// The port, 0 where there is none that means anything.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Inet { port, .. } | Self::Loopback { port } => *port,
            Self::Known(_) | Self::Inherited(_) => 0,
        }
    }
}

/// Who may come in, as typed.
#[derive(Debug, Clone, Default)]
pub struct AccessLists {
    /// `--allow`.
    pub allow: Vec<String>,
    /// `--allowfile`.
    pub allow_files: Vec<PathBuf>,
    /// `--deny`.
    pub deny: Vec<String>,
    /// `--denyfile`.
    pub deny_files: Vec<PathBuf>,
}

/// Address families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv6 and IPv4.
    Any,
    /// `-4`.
    V4,
    /// `-6`.
    V6,
}

impl Family {
    /// Whether an address may be used.
    #[must_use]
    pub fn admits(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

/// Who is joined to the peer.
#[derive(Debug)]
pub enum Partner {
    /// stdin and stdout.
    Console(Console),
    /// `-e`, `-c`, `--lua-exec`: a command, one for each peer.
    Command(Command),
    /// `--broker`: every other peer, and stdin.
    Broker(Console),
    /// `--chat`: the same for people, who see who says what.
    Chat(Console),
    /// `-l --proxy-type`: whomever the peer asks for.
    Proxy(ProxyServer),
    /// `--play`: the lines of this file.
    Play(PathBuf),
    /// `--mock`: servers to learn on.
    Mock(Mock),
}

/// Servers to learn on.
#[derive(Debug, Clone)]
pub struct Mock {
    /// Their names, in the order of the places in [`Listen`].
    pub services: Vec<&'static str>,
    /// `--mock-dir`: the Maildir of all of them; one for this run if not given.
    pub dir: Option<PathBuf>,
}

/// A proxy server.
#[derive(Debug, Clone)]
pub struct ProxyServer {
    /// What it speaks: `http`, `socks4` or `socks5`.
    pub kind: &'static str,
    /// `--proxy-auth`, `--proxy-auth-file`: who may use it; everybody when not given.
    pub auth: Option<Auth>,
}

/// A command to run for a peer.
#[derive(Debug, Clone)]
pub struct Command {
    /// What is run.
    pub program: Program,
    /// `-C`: the command's LF become CRLF.
    pub crlf: bool,
}

/// What a command is.
#[derive(Debug, Clone)]
pub enum Program {
    /// A program and its arguments; never empty.
    Words(Vec<String>),
    /// A script, for the Lua that is built in.
    Lua(PathBuf),
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(&escape(words.join(" ").as_bytes())),
            Self::Lua(file) => write!(f, "{} (Lua)", escape(file.as_os_str().as_encoded_bytes())),
        }
    }
}

/// All that the `--ssl…` options say.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// `--ssl` itself was given, not only an option that asks for it as well.
    pub named: bool,
    /// `--ssl-cert`: a PEM file with the certificate chain, and perhaps the key.
    pub cert: Option<PathBuf>,
    /// `--ssl-key`: a PEM file with the private key.
    pub key: Option<PathBuf>,
    /// `--ssl-verify`: a certificate that does not verify is refused, not only warned of.
    pub verify: bool,
    /// `--ssl-trustfile`: a PEM file of the only certificates trusted.
    pub trust_file: Option<PathBuf>,
    /// `--ssl-fingerprint`: SHA-256 of the one certificate trusted.
    pub fingerprint: Option<[u8; 32]>,
    /// `--ssl-ciphers`: an OpenSSL cipher list.
    pub ciphers: Option<String>,
    /// `--ssl-servername`: the name asked for and checked instead of the host's.
    pub server_name: Option<String>,
    /// `--ssl-alpn`: protocol names, in order of preference.
    pub alpn: Vec<String>,
}
