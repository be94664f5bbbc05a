//! The command line made into what the program is to do: no impossible combination survives.
//!
//! The only way to a [`Config`] is [`Config::from_args`]; the rest of the program never sees
//! a flag.

use crate::report::escape;
use std::{fmt, path::PathBuf, time::Duration};

/// What to do, completely.
#[derive(Debug)]
pub struct Config {
    /// Connect or listen, with what only that mode has.
    pub mode: Mode,
    /// Which address families may be used.
    pub family: Family,
    /// `-n`: hosts are addresses, never looked up.
    pub numeric: bool,
    /// TLS, if asked for.
    pub tls: Option<TlsOptions>,
    /// Who is joined to the peer.
    pub partner: Partner,
    /// `-i`: a peer that neither sends nor takes a byte for so long is given up.
    pub idle: Option<Duration>,
    /// `-o`, `-x`.
    pub taps: Vec<crate::tap::TapFile>,
}

/// Connect or listen.
#[derive(Debug)]
pub enum Mode {
    /// Connect to a peer.
    Connect(Connect),
    /// Wait for peers.
    Listen(Listen),
}

/// Connect mode.
#[derive(Debug)]
pub struct Connect {
    /// The peer's name or address.
    pub host: String,
    /// The peer's port.
    pub port: u16,
    /// `-s`: the address to connect from.
    pub source: Option<String>,
    /// `-p`: the port to connect from; 0 for the kernel's choice.
    pub source_port: u16,
    /// `-w`: look-up, connecting and the TLS handshake together take no longer.
    pub wait: Option<Duration>,
    /// `-z`: connect, and leave.
    pub probe: bool,
}

/// Listen mode.
#[derive(Debug)]
pub struct Listen {
    /// The address or name to listen on; all addresses when not given.
    pub host: Option<String>,
    /// The port; 0 for the kernel's choice.
    pub port: u16,
    /// `-k`: go on taking clients.
    pub keep_open: bool,
    /// `-m`: at most so many clients at once.
    pub max_clients: usize,
    /// `--test`: print the line that test programs wait for.
    pub announce: bool,
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

/// Who is joined to the peer.
#[derive(Debug)]
pub enum Partner {
    /// stdin and stdout.
    Console(Console),
    /// `-e`, `-c`, `--lua-exec`: a command, one for each peer.
    Command(Command),
}

/// How stdin and stdout are used.
#[derive(Debug, Clone)]
pub struct Console {
    /// `--send-only`, `--recv-only`.
    pub direction: Direction,
    /// `-C`, `--no-crlf`.
    pub line_ends: LineEnds,
    /// `-d`: the time between lines sent.
    pub delay: Option<Duration>,
    /// False with `--no-shutdown`: stdin's end does not half-close.
    pub shutdown: bool,
    /// `-q`: how long to stay after stdin's end; `None` for as long as the peer does.
    pub quit_after: Option<Duration>,
    /// `-k` in connect mode: the peer's end is no reason to leave while stdin lasts.
    pub outlast_peer: bool,
}

/// Which ways bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    Both,
    /// What the peer sends is discarded.
    SendOnly,
    /// stdin is never read.
    RecvOnly,
}

/// What happens to the LF that is typed or piped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// At a terminal, CRLF once there is evidence of a protocol that wants it; else as they are.
    Auto,
    /// `-C`: CRLF.
    Crlf,
    /// `--no-crlf`: as they are.
    AsTyped,
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
