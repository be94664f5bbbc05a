//! The command line as it is typed: one field a flag, with its help text beside it.
//!
//! The first paragraph of a field's comment is its line in `--help`; all of it is its entry in the manual. A newcomer's
//! trap: nothing is checked or converted here. Values stay the text that was typed until [`super::Config::from_args`]
//! makes sense of them, so that every complaint about them is made in one place and in one form.

mod access;
mod command;
mod dialogue;
mod login;
mod mail;
mod mock;
mod retry;
mod safety;
mod terminal;

use crate::transport::inherited::Inherited;
use access::AccessArgs;
use command::CommandArgs;
use dialogue::DialogueArgs;
pub(super) use login::LoginArgs;
use mail::MailArgs;
use mock::MockArgs;
use retry::RetryArgs;
use safety::SafetyArgs;
use std::path::PathBuf;
use terminal::TerminalArgs;

const PROTOCOL: &str = "Protocol options";
const CONNECT: &str = "Connect mode options";
const LISTEN: &str = "Listen mode options";
const TLS: &str = "TLS options";
const PROXY: &str = "Proxy options";
const TIMING: &str = "Timing options";
const OUTPUT: &str = "Output options";
const MISC: &str = "Misc options";

/// What was typed.
//
// As with getopt, an option that takes a value takes the next word, whatever that begins with:
// `-q -1`. What clap would print is not used; see `help` and `complaint`.
#[derive(Debug, Default, clap::Parser)]
#[command(
    name = "rncat",
    version,
    infer_long_args = true,
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Args {
    /// The host and the port, in the order in which they were typed.
    #[arg(hide = true)]
    pub words: Vec<String>,

    /// The sockets that were there before us, in place of words: they are not typed.
    #[arg(skip)]
    pub inherited: Option<Inherited>,

    /// Use IPv4 only
    #[arg(short = '4', help_heading = PROTOCOL)]
    pub ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', help_heading = PROTOCOL)]
    pub ipv6: bool,

    /// Take hosts as addresses, look up nothing
    ///
    /// A host that is not an address is an error then. Service names for ports still work.
    #[arg(short = 'n', long, help_heading = PROTOCOL)]
    pub nodns: bool,

    /// Talk UDP: each read is sent as a datagram
    ///
    /// stdin is cut into datagrams of at most 8,192 bytes. A client leaves when stdin has ended and
    /// no answer has come for half a second; -q sets another time. A listener answers the first
    /// peer alone, or with -k many at once. With --ssl, DTLS. A broadcast address or multicast group
    /// may be sent to and, with -l, a group is joined.
    #[arg(short = 'u', long, help_heading = PROTOCOL)]
    pub udp: bool,

    /// Talk SCTP, where the kernel has it
    #[arg(long, help_heading = PROTOCOL)]
    pub sctp: bool,

    /// Use a Unix socket: PATH in place of host, port
    ///
    /// On Linux, @NAME is a name in the abstract namespace. With -u, a datagram socket; the client's
    /// own is then named by -s. A listener removes the socket's file when it leaves.
    #[arg(short = 'U', long, help_heading = PROTOCOL)]
    pub unixsock: bool,

    /// Use vsock: a machine's number in place of HOST
    #[arg(long, help_heading = PROTOCOL)]
    pub vsock: bool,

    /// Answer telnet negotiation: refuse everything
    #[arg(short = 't', long, help_heading = PROTOCOL)]
    pub telnet: bool,

    /// Connect from this port; listen at it with -l
    #[arg(short = 'p', long, value_name = "PORT", allow_hyphen_values = true, help_heading = CONNECT)]
    pub source_port: Option<String>,

    /// Connect from this address
    ///
    /// Not with -l, where the address to listen on is given as HOST.
    #[arg(short = 's', long, value_name = "ADDRESS", allow_hyphen_values = true, help_heading = CONNECT)]
    pub source: Option<String>,

    /// Pass these hosts on the way (source routing)
    ///
    /// At most 8, separated by commas; may be repeated. Most networks refuse such packets.
    #[arg(short = 'g', value_name = "HOP,...", allow_hyphen_values = true, help_heading = CONNECT)]
    pub hops: Vec<String>,

    /// Begin at this place of the route: 4, 8, ... 28
    #[arg(short = 'G', value_name = "N", allow_hyphen_values = true, help_heading = CONNECT)]
    pub hop_pointer: Option<String>,

    /// Connect, say how that went by the exit status
    ///
    /// Nothing is sent, but for one NUL byte with -u, where no answer within the time of -w (2 s) is
    /// success. PORT may be a list of ports and ranges, 20-30,80; the status is 0 if one of
    /// them is open. With -v, what happened is also told, a line for each port.
    #[arg(short = 'z', help_heading = CONNECT)]
    pub zero: bool,

    /// `--mx`, `--dns`.
    #[command(flatten)]
    pub mail: MailArgs,

    /// Listen for a client instead of connecting
    ///
    /// Without an address, rncat listens on all addresses, IPv4 and IPv6; without a port, at
    /// 31337. Port 0 lets the system choose one, which -v tells. Without both, sockets that systemd or
    /// inetd has passed are taken; see SERVICES.
    #[arg(short = 'l', long, help_heading = LISTEN)]
    pub listen: bool,

    /// Go on after the first client; serve many
    ///
    /// What is read from stdin goes to every client that is present; with none present, nothing
    /// is read. One client's end or error touches no other. In connect mode: when the server
    /// has ended, go on sending until stdin ends.
    #[arg(short = 'k', long, help_heading = LISTEN)]
    pub keep_open: bool,

    /// Serve at most N clients at once (default 100)
    ///
    /// One client too many is accepted and closed at once. 0 serves nobody. Makes a difference
    /// only with -k. With -u, where nobody tells that he has left, one who has been silent for
    /// 5 minutes makes room; -i sees the silent off earlier.
    #[arg(short = 'm', long, value_name = "N", allow_hyphen_values = true, help_heading = LISTEN)]
    pub max_conns: Option<String>,

    /// Pass on what each client says to all others
    ///
    /// stdin counts as a client. Implies -l and -k.
    #[arg(long, help_heading = LISTEN)]
    pub broker: bool,

    /// The same for people: say who says what
    ///
    /// Each line gets a name before it, and who comes and goes is announced.
    #[arg(long, help_heading = LISTEN)]
    pub chat: bool,

    /// Drop a client that holds the others up (10s)
    ///
    /// With -k, --broker or --chat, a client that takes fewer than 16 KiB a second is waited for no
    /// longer than TIME.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = LISTEN)]
    pub stall_timeout: Option<String>,

    /// How Ncat waits for events; accepted for those who have it in their scripts.
    #[arg(long, value_name = "ENGINE", allow_hyphen_values = true, hide = true)]
    pub nsock_engine: Option<String>,

    /// Print a line when listening, for test programs
    #[arg(long, hide = true)]
    pub test: bool,

    /// Talk TLS; implied by the options below
    ///
    /// A server's certificate is always checked. One that fails the check gets a warning that
    /// says why, and the session goes on. A listener without --ssl-cert makes a certificate for
    /// this run and prints its fingerprint.
    #[arg(long, help_heading = TLS)]
    pub ssl: bool,

    /// Show this certificate (chain) to the peer
    ///
    /// A PEM file: the certificate first, then those that vouch for it. The private key may be
    /// in the same file.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_cert: Option<PathBuf>,

    /// The certificate's private key
    ///
    /// A PEM file, in PKCS#8, PKCS#1 or SEC1 form. Goes with --ssl-cert.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_key: Option<PathBuf>,

    /// Refuse a server that fails the check
    ///
    /// The exit status is 1 then. A stream that was cut short, without TLS's own goodbye, is an
    /// error too. With -l, refuse clients without a certificate that --ssl-trustfile vouches for.
    #[arg(long, help_heading = TLS)]
    pub ssl_verify: bool,

    /// Trust only the certificates in this file
    ///
    /// A PEM file, used in place of the system's store and of the roots that rncat comes with. With -l
    /// and --ssl-verify, it says whose certificates clients may show.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_trustfile: Option<PathBuf>,

    /// Trust exactly the certificate with this hash
    ///
    /// 64 hexadecimal digits, with or without colons: what a listener printed. Any other
    /// certificate is refused.
    #[arg(long, value_name = "SHA256", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_fingerprint: Option<String>,

    /// Offer or take only these ciphers
    ///
    /// Names as OpenSSL or IANA write them, and OpenSSL's words for groups, separated by colons.
    /// An unknown name is answered with the list of those that exist.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_ciphers: Option<String>,

    /// Ask for this name and check for it (SNI)
    ///
    /// Used in place of the host's name.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_servername: Option<String>,

    /// Protocols to agree on, the best first (ALPN)
    ///
    /// Separated by commas: h2,http/1.1.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, help_heading = TLS)]
    pub ssl_alpn: Option<String>,

    /// Ask for TLS in this protocol's words
    ///
    /// smtp, lmtp, pop3, imap, ftp, nntp, sieve, irc, xmpp, xmpp-server, ldap, mysql or postgres. The
    /// opening is held, with -v shown, and what is typed begins after it. The options above say how
    /// to encrypt and whom to trust. A server that does not offer it is an error; there is no going
    /// on in clear. typed encrypts when you ask for it yourself (STARTTLS, STLS, AUTH TLS) and the
    /// server agrees, which at a terminal is the default; never switches that off. With -l, smtp,
    /// pop3 or imap: encrypts when a client asks for it and the program that answers agrees.
    #[arg(long, value_name = "PROTO", allow_hyphen_values = true, help_heading = TLS)]
    pub starttls: Option<String>,

    /// `--pace` to `--show-secrets`.
    #[command(flatten)]
    pub dialogue: DialogueArgs,

    /// `--mock`, `--mock-dir`.
    #[command(flatten)]
    pub mock: MockArgs,

    /// `-e`, `-c`, `--lua-exec`.
    #[command(flatten)]
    pub command: CommandArgs,

    /// Connect by way of this proxy
    ///
    /// May be repeated: the first is connected to, and asked for the second. The port is 3128 if none
    /// is given, or 1080 for SOCKS. A chain of several kinds is written with them:
    /// --proxy socks5://HOST --proxy http://HOST:8080.
    #[arg(long, value_name = "HOST[:PORT]", allow_hyphen_values = true, help_heading = PROXY)]
    pub proxy: Vec<String>,

    /// What the proxy speaks: http, socks4 or socks5
    ///
    /// http if not given. With -l, be such a proxy.
    #[arg(long, value_name = "TYPE", allow_hyphen_values = true, help_heading = PROXY)]
    pub proxy_type: Option<String>,

    /// `--proxy-auth`, `--proxy-auth-file`.
    #[command(flatten)]
    pub login: LoginArgs,

    /// Who looks names up: remote, local, both, none
    ///
    /// remote, the default, hands its name to the proxy; local looks it up here; both tries here first;
    /// none takes only an address.
    #[arg(long, value_name = "WHO", allow_hyphen_values = true, help_heading = PROXY)]
    pub proxy_dns: Option<String>,

    /// `--allow` to `--denyfile`.
    #[command(flatten)]
    pub access: AccessArgs,

    /// `--user`, `--no-sandbox`.
    #[command(flatten)]
    pub safety: SafetyArgs,

    /// Give up connecting after TIME
    ///
    /// The name's look-up, every address that is tried and the TLS handshake are all within it.
    #[arg(short = 'w', long, value_name = "TIME", allow_hyphen_values = true, help_heading = TIMING)]
    pub wait: Option<String>,

    /// `--retry`.
    #[command(flatten)]
    pub retrying: RetryArgs,

    /// Give up a peer that is silent for TIME
    ///
    /// Silent is one that neither sends a byte nor takes one. A listener that serves many leaves
    /// that client only.
    #[arg(short = 'i', long, value_name = "TIME", allow_hyphen_values = true, help_heading = TIMING)]
    pub idle_timeout: Option<String>,

    /// Leave TIME after stdin's end; negative: never
    #[arg(short = 'q', value_name = "TIME", allow_hyphen_values = true, help_heading = TIMING)]
    pub quit_after: Option<String>,

    /// Wait TIME between the lines that are sent
    #[arg(short = 'd', long, value_name = "TIME", allow_hyphen_values = true, help_heading = TIMING)]
    pub delay: Option<String>,

    /// Tell what happens; -vv and -vvv tell more
    ///
    /// How far a session has come is told without it, too, whenever SIGUSR1 is sent to rncat (or SIGINFO, which is
    /// Ctrl-T, where the system has that): bytes each way, time and rate, a line for each of the first 50 peers.
    #[arg(short = 'v', long, action = clap::ArgAction::Count, help_heading = OUTPUT)]
    pub verbose: u8,

    /// Say nothing but errors
    #[arg(long, help_heading = OUTPUT)]
    pub quiet: bool,

    /// Record the session, both ways, as it went
    ///
    /// What is sent is recorded as it was sent, after -C. Over TLS it is what was said, not what
    /// it was encrypted to. A file that is made is readable by you alone; in a folder that every user may
    /// write to, as /tmp, no link is followed and no other user's file written to.
    #[arg(short = 'o', long, value_name = "FILE", allow_hyphen_values = true, help_heading = OUTPUT)]
    pub output: Option<PathBuf>,

    /// Record the session in hexadecimal
    ///
    /// Sixteen bytes a line, with what of them can be printed beside them.
    #[arg(short = 'x', long, value_name = "FILE", allow_hyphen_values = true, help_heading = OUTPUT)]
    pub hex_dump: Option<PathBuf>,

    /// Add to these files instead of replacing them
    #[arg(long, help_heading = OUTPUT)]
    pub append_output: bool,

    /// `--color`, `--raw`.
    #[command(flatten)]
    pub terminal: TerminalArgs,

    /// Send every LF as CR LF
    ///
    /// At a terminal this comes on by itself for protocols that want it.
    #[arg(short = 'C', long, help_heading = MISC)]
    pub crlf: bool,

    /// Never do so, not even at a terminal
    #[arg(long, help_heading = MISC)]
    pub no_crlf: bool,

    /// Send stdin, then leave; show nothing
    ///
    /// What the peer sends is read and thrown away, and rncat leaves when all that was sent has
    /// arrived.
    #[arg(long, help_heading = MISC)]
    pub send_only: bool,

    /// Only receive; never read stdin
    #[arg(long, help_heading = MISC)]
    pub recv_only: bool,

    /// Do not tell the peer that stdin has ended
    #[arg(long, help_heading = MISC)]
    pub no_shutdown: bool,

    /// OpenBSD's word for what rncat does anyway: half-close at stdin's end.
    #[arg(short = 'N', hide = true)]
    pub shutdown: bool,

    /// Show the options that one needs most
    #[arg(short = 'h', help_heading = MISC)]
    pub short_help: bool,

    /// Show all options
    #[arg(long, help_heading = MISC)]
    pub help: bool,

    /// Show the version
    #[arg(long, help_heading = MISC)]
    pub version: bool,
}
