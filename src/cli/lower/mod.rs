//! From flags to a configuration: what cannot be is refused, what does nothing is warned of.
//!
//! A newcomer's trap: a combination is refused only where the two halves contradict each other.
//! One that merely has no effect gets a warning, because scripts that were written for Ncat
//! carry such options along.

mod dialogue;
mod mail;
mod mock;
mod place;
mod proxy;
mod tls;
mod useless;

use super::{
    Args,
    config::{
        AccessLists, Color, Command, Config, Connect, Console, Direction, Family, LineEnds, Listen, Mode, Partner,
        Program, Quit, To, User,
    },
    time,
};
use crate::{
    error::{Error, Result},
    report::escape,
    tap::{Format, TapFile},
};
use std::time::Duration;

/// As in Ncat.
const MAX_CLIENTS: usize = 100;

/// A program that is tested may open many connections, and each costs little.
const MOCK_CLIENTS: usize = 1000;

/// How long a client that takes too little may hold the others up.
const STALL: Duration = Duration::from_secs(10);

impl Config {
    /// Makes sense of what was typed. Beside the configuration come warnings, a line each.
    ///
    /// # Errors
    /// When two options contradict each other, or a value is not what its option takes.
    pub fn from_args(mut args: Args) -> Result<(Self, Vec<String>)> {
        // Both are for many clients, who have to come from somewhere.
        args.listen |= args.broker || args.chat || args.mock.is_given();
        // A proxy that ends with its first client would be no use; in Ncat, too, it does not.
        args.keep_open |= is_for_many(&args);
        contradictions(&args)?;
        let warnings = useless::warnings(&args);
        // All values are looked at, those without effect too: a typing error is one anywhere.
        let wait = args.wait.as_deref().map(|text| time::positive("-w", text)).transpose()?;
        let retry = args.retrying.retry.as_deref().map(|text| time::positive("--retry", text)).transpose()?;
        let listening = listening(&args)?;
        let console = console(&args)?;
        let proxies = proxy::client(&args)?;
        let proxy_auth = proxy::auth(&args)?;
        let proxy_dns = proxy::dns(&args)?;
        let transport = place::transport(&args)?;
        let mail = mail::mail(&args)?;
        let mode = if args.listen {
            let (on, others_on) = place::listen(&args, transport)?;
            Mode::Listen(Listen { on, others_on, ..listening })
        } else {
            let (to, more_ports) = match mail {
                Some(mail) => (To::Mail(mail), Vec::new()),
                None => place::connect(&args, transport).map(|(place, more)| (To::Place(place), more))?,
            };
            if !more_ports.is_empty() && !proxies.is_empty() {
                return Err(Error::usage("-z with --proxy", "a proxy is asked for one port, not for a list"));
            }
            if !more_ports.is_empty() && retry.is_some() {
                return Err(Error::usage("-z with --retry", "one port can be waited for, not a list"));
            }
            let (source, route) = (place::source(&args, transport)?, place::route(&args)?);
            Mode::Connect(Connect {
                to,
                more_ports,
                source,
                route,
                proxies,
                proxy_auth,
                proxy_dns,
                wait,
                retry,
                probe: args.zero,
            })
        };
        let config = Self {
            mode,
            transport,
            family: match (args.ipv4 || !args.hops.is_empty(), args.ipv6) {
                (true, _) => Family::V4,
                (_, true) => Family::V6,
                _ => Family::Any,
            },
            numeric: args.nodns,
            partner: partner(&args, console)?,
            idle: args.idle_timeout.as_deref().map(|text| time::positive("-i", text)).transpose()?,
            tls: tls::at_once(&args)?,
            upgrade: tls::later(&args)?,
            pace: dialogue::pace(&args)?,
            telnet: args.telnet,
            user: args.safety.user.as_deref().map(user).transpose()?,
            sandbox: !args.safety.no_sandbox,
            progress: (args.terminal.progress || args.terminal.no_progress).then_some(!args.terminal.no_progress),
            taps: taps(args),
        };
        Ok((config, warnings))
    }
}

fn contradictions(args: &Args) -> Result<()> {
    let exec = args.command.is_given();
    let room = args.broker || args.chat;
    let server = args.listen && args.proxy_type.is_some();
    let inet = !args.unixsock && !args.vsock;
    let mock = args.mock.is_given();
    let (play, paces) = (args.dialogue.play.is_some(), args.dialogue.pace.is_some() || args.dialogue.fail);
    let offers = args.listen && args.starttls.as_deref().is_some_and(|it| it != "never");
    let mx = args.mail.mx.is_some();
    let key_alone = args.ssl_key.is_some() && args.ssl_cert.is_none();
    let table = [
        (args.ipv4 && args.ipv6, "-4 and -6", "no address belongs to both families"),
        (args.listen && args.source.is_some(), "-l and -s", "the address to listen on is written before the port"),
        (args.listen && args.zero, "-l and -z", "-z connects to see whether somebody listens"),
        (
            args.command.exec.is_some() && args.command.sh_exec.is_some(),
            "-e and -c",
            "only one command can be joined to a peer",
        ),
        (
            args.command.exec.is_some() && args.command.lua_exec.is_some(),
            "-e and --lua-exec",
            "only one command can be joined to a peer",
        ),
        (
            args.command.sh_exec.is_some() && args.command.lua_exec.is_some(),
            "-c and --lua-exec",
            "only one command can be joined to a peer",
        ),
        (exec && args.zero, "-z and a command", "-z leaves at once, so that nothing could be joined to the peer"),
        (args.send_only && args.recv_only, "--send-only and --recv-only", "nothing would be left to do"),
        (args.crlf && args.no_crlf, "-C and --no-crlf", "line ends are either changed or not"),
        (args.udp && args.sctp, "-u and --sctp", "a connection is made by one protocol"),
        (args.unixsock && args.vsock, "-U and --vsock", "a connection is made by one protocol"),
        (args.unixsock && args.sctp, "-U and --sctp", "a connection is made by one protocol"),
        (args.vsock && args.sctp, "--vsock and --sctp", "a connection is made by one protocol"),
        (
            args.vsock && args.udp,
            "--vsock and -u",
            "rncat knows vsock's streams only: its datagrams exist on VMware alone",
        ),
        (!inet && (args.ipv4 || args.ipv6), "-4 or -6", "only IP has these families"),
        (!inet && !args.proxy.is_empty(), "--proxy", "a proxy connects over TCP"),
        (
            args.listen && !args.proxy.is_empty(),
            "-l and --proxy",
            "a proxy makes connections, it does not wait for them",
        ),
        (args.udp && !args.proxy.is_empty(), "-u and --proxy", "a proxy connects over TCP"),
        (args.sctp && !args.proxy.is_empty(), "--sctp and --proxy", "a proxy connects over TCP"),
        (room && exec, "a command and --broker or --chat", "the clients are joined to each other"),
        (room && args.udp && args.ssl, "--broker or --chat over DTLS", "not supported: leave out -u, or --ssl"),
        (
            args.login.proxy_auth.is_some() && args.login.proxy_auth_file.is_some(),
            "--proxy-auth and --proxy-auth-file",
            "who you are is said once",
        ),
        (server && (exec || room), "--proxy-type", "a proxy server joins its clients to those whom they ask for"),
        (server && args.udp, "-u and --proxy-type", "clients of a proxy connect over TCP"),
        (mx && args.listen, "-l and --mx", "the server for a domain's mail is connected to"),
        (mx && (args.udp || args.sctp || !inet), "--mx", "mail servers are connected to over TCP"),
        (mx && args.nodns, "-n and --mx", "without DNS, nobody knows who takes a domain's mail"),
        (mx && !args.hops.is_empty(), "--mx and -g", "a route leads to one host, and there may be several to try"),
        (
            mx && !args.proxy.is_empty(),
            "--mx and --proxy",
            "a proxy is asked for one host, and there may be several to try; rncat -z --mx DOMAIN tells which",
        ),
        (
            mx && args.retrying.retry.is_some(),
            "--mx and --retry",
            "there may be several servers to try; rncat -z --mx DOMAIN tells which",
        ),
        (
            args.udp && !args.listen && args.retrying.retry.is_some(),
            "-u and --retry",
            "datagrams need no connection: nobody can tell when it would stand",
        ),
        (args.ipv6 && !args.hops.is_empty(), "-6 and -g", "only IPv4 has such routes"),
        (!args.hops.is_empty() && !inet, "-g", "only IPv4 has such routes"),
        (args.hop_pointer.is_some() && args.hops.is_empty(), "-G", "it points into a route, which -g gives"),
        (play && exec, "--play and a command", "only one of them can answer the peer"),
        (play && (room || server), "--play", "the clients are joined to others, not to a dialogue"),
        (play && args.zero, "-z and --play", "-z leaves at once, so that nothing could be said"),
        (play && args.udp, "-u and --play", "a dialogue needs a stream"),
        (play && paces, "--play and --pace or --fail", "a dialogue waits for its turns by itself"),
        (paces && args.listen, "--pace or --fail with -l", "they wait for a server's replies; --play FILE can be one"),
        (paces && args.udp, "-u and --pace", "replies need a stream"),
        (args.starttls.is_some() && args.udp, "-u and --starttls", "STARTTLS needs a stream"),
        (
            offers && args.ssl,
            "-l with --ssl and --starttls",
            "what is encrypted from the start cannot be encrypted later",
        ),
        (offers && (room || server), "-l and --starttls", "somebody has to answer the clients: -e, -c or --play can"),
        (
            args.listen && args.ssl_verify && args.ssl_trustfile.is_none(),
            "-l with --ssl-verify",
            "clients have to show a certificate then, and --ssl-trustfile FILE has to say who may have issued it",
        ),
        (
            args.listen && args.udp && args.ssl_verify,
            "-l with -u and --ssl-verify",
            "a listener over DTLS cannot ask its clients for a certificate",
        ),
        (mock && exec, "--mock and a command", "only one of them can answer the clients"),
        (mock && play, "--mock and --play", "only one of them can answer the clients"),
        (mock && (room || server), "--mock", "its clients are joined to the server, not to others"),
        (mock && args.udp, "-u and --mock", "its protocols need a stream"),
        (mock && offers, "--mock and --starttls", "it is offered by itself; --starttls never switches it off"),
        (args.mock.mock_dir.is_some() && !mock, "--mock-dir", "it is for --mock, which is not given"),
        (key_alone, "--ssl-key", "a key is of no use without its certificate, --ssl-cert"),
    ];
    match table.into_iter().find(|&(wrong, ..)| wrong) {
        Some((_, what, why)) => Err(Error::usage(what, why)),
        None => Ok(()),
    }
}

/// What `-l` has besides its address, which is filled in later.
fn listening(args: &Args) -> Result<Listen> {
    let text = args.stall_timeout.as_deref();
    let most = if args.mock.is_given() { MOCK_CLIENTS } else { MAX_CLIENTS };
    Ok(Listen {
        on: place::ANYWHERE,
        others_on: Vec::new(),
        // A room or a server is for many, and ends with its only client.
        keep_open: args.keep_open && (is_for_many(args) || !args.inherited.as_ref().is_some_and(|it| it.connected)),
        max_clients: args.max_conns.as_deref().map_or(Ok(most), clients)?,
        stall: text.map_or(Ok(STALL), |text| time::positive("--stall-timeout", text))?,
        access: AccessLists {
            allow: args.access.allow.clone(),
            allow_files: args.access.allowfile.clone(),
            deny: args.access.deny.clone(),
            deny_files: args.access.denyfile.clone(),
        },
        announce: args.test,
    })
}

/// Whether many clients are served, whatever is typed.
fn is_for_many(args: &Args) -> bool {
    args.broker || args.chat || args.mock.is_given() || (args.listen && args.proxy_type.is_some())
}

fn user(text: &str) -> Result<User> {
    let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
    if name.is_empty() || group.is_some_and(str::is_empty) {
        return Err(Error::usage(format!("--user {}", escape(text.as_bytes())), "it is written NAME or NAME:GROUP"));
    }
    Ok(User { name: name.to_owned(), group: group.map(str::to_owned) })
}

fn clients(text: &str) -> Result<usize> {
    text.parse().map_err(|_| {
        Error::usage(format!("Invalid -m number \"{}\"", escape(text.as_bytes())), "not a number of clients")
            .hint("0 serves nobody, 100 is the default")
    })
}

fn partner(args: &Args, console: Console) -> Result<Partner> {
    if let Some(server) = proxy::server(args)? {
        return Ok(Partner::Proxy(server));
    }
    if args.chat {
        return Ok(Partner::Chat(console));
    }
    if args.broker {
        return Ok(Partner::Broker(console));
    }
    if let Some(mock) = mock::server(args)? {
        return Ok(Partner::Mock(mock));
    }
    if let Some(path) = &args.dialogue.play {
        return Ok(Partner::Play(path.clone()));
    }
    let program = match (&args.command.exec, &args.command.sh_exec, &args.command.lua_exec) {
        (Some(command), ..) => Program::Words(words(command)),
        (_, Some(command), _) => Program::Words(vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()]),
        (_, _, Some(file)) => Program::Lua(file.clone()),
        (None, None, None) => return Ok(Partner::Console(console)),
    };
    if matches!(&program, Program::Words(words) if words.is_empty()) {
        return Err(Error::usage("-e", "the command is empty"));
    }
    Ok(Partner::Command(Command { program, crlf: args.crlf && !dialogue::paces(args) }))
}

/// Splits at blanks. A backslash takes the next character as it is; a quote is one like any other.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next().unwrap_or('\\')),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn console(args: &Args) -> Result<Console> {
    Ok(Console {
        direction: match (args.send_only, args.recv_only) {
            (true, _) => Direction::SendOnly,
            (_, true) => Direction::RecvOnly,
            _ => Direction::Both,
        },
        line_ends: match (args.crlf, args.no_crlf) {
            // Counted bytes between the lines have to stay as they are, which `pace` sees to.
            _ if dialogue::paces(args) => LineEnds::AsTyped,
            (true, _) => LineEnds::Crlf,
            (_, true) => LineEnds::AsTyped,
            _ => LineEnds::Auto,
        },
        delay: args.delay.as_deref().map(|text| time::positive("-d", text)).transpose()?,
        shutdown: !args.no_shutdown,
        quit: match args.quit_after.as_deref().map(|text| time::or_never("-q", text)).transpose()? {
            Some(Some(time)) => Quit::After(time),
            Some(None) => Quit::Never,
            None => Quit::WithPeer,
        },
        color: args.terminal.color.as_deref().map_or(Ok(Color::Auto), color)?,
        raw: args.terminal.raw,
        outlast_peer: args.keep_open && !args.listen,
    })
}

fn color(text: &str) -> Result<Color> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err(Error::usage(format!("--color {}", escape(text.as_bytes())), "not known when that is")
            .hint("auto, always or never")),
    }
}

fn taps(args: Args) -> Vec<TapFile> {
    let append = args.append_output;
    let transcript = Format::Dialogue { timestamps: args.dialogue.timestamps, secrets: args.dialogue.show_secrets };
    // With -z nobody says anything.
    let dialogue = args.dialogue.transcript.filter(|_| !args.zero);
    [(args.output, Format::Raw), (args.hex_dump, Format::Hex), (dialogue, transcript)]
        .into_iter()
        .filter_map(|(path, format)| path.map(|path| TapFile { path, format, append }))
        .collect()
}
