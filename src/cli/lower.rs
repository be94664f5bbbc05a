//! From flags to a configuration: what cannot be is refused, what does nothing is warned of.
//!
//! A newcomer's trap: a combination is refused only where the two halves contradict each other.
//! One that merely has no effect gets a warning, because scripts that were written for Ncat
//! carry such options along.

use super::{
    Args,
    config::{
        Command, Config, Connect, Console, Direction, Family, LineEnds, Listen, Mode, Partner, Program, TlsOptions,
    },
    target, time,
};
use crate::{
    error::{Error, Result},
    fingerprint,
    report::escape,
    tap::{Format, TapFile},
};
use std::time::Duration;

/// As in Ncat.
const MAX_CLIENTS: usize = 100;

impl Config {
    /// Makes sense of what was typed. Beside the configuration come warnings, a line each.
    ///
    /// # Errors
    /// When two options contradict each other, or a value is not what its option takes.
    pub fn from_args(args: Args) -> Result<(Self, Vec<String>)> {
        contradictions(&args)?;
        let warnings = warnings(&args);
        // All values are looked at, those without effect too: a typing error is one anywhere.
        let wait = args.wait.as_deref().map(|text| time::positive("-w", text)).transpose()?;
        let max_clients = args.max_conns.as_deref().map_or(Ok(MAX_CLIENTS), clients)?;
        let console = console(&args)?;
        let mode =
            if args.listen { Mode::Listen(listen(&args, max_clients)?) } else { Mode::Connect(connect(&args, wait)?) };
        let config = Self {
            mode,
            family: match (args.ipv4, args.ipv6) {
                (true, _) => Family::V4,
                (_, true) => Family::V6,
                _ => Family::Any,
            },
            numeric: args.nodns,
            partner: partner(&args, console)?,
            idle: args.idle_timeout.as_deref().map(|text| time::positive("-i", text)).transpose()?,
            tls: tls(&args)?,
            taps: taps(args),
        };
        Ok((config, warnings))
    }
}

fn contradictions(args: &Args) -> Result<()> {
    let exec = args.has_command();
    let key_alone = args.ssl_key.is_some() && args.ssl_cert.is_none();
    let table = [
        (args.ipv4 && args.ipv6, "-4 and -6", "no address belongs to both families"),
        (args.listen && args.source.is_some(), "-l and -s", "the address to listen on is written before the port"),
        (args.listen && args.zero, "-l and -z", "-z connects to see whether somebody listens"),
        (args.exec.is_some() && args.sh_exec.is_some(), "-e and -c", "only one command can be joined to a peer"),
        (
            args.exec.is_some() && args.lua_exec.is_some(),
            "-e and --lua-exec",
            "only one command can be joined to a peer",
        ),
        (
            args.sh_exec.is_some() && args.lua_exec.is_some(),
            "-c and --lua-exec",
            "only one command can be joined to a peer",
        ),
        (exec && args.zero, "-z and a command", "-z leaves at once, so that nothing could be joined to the peer"),
        (args.send_only && args.recv_only, "--send-only and --recv-only", "nothing would be left to do"),
        (args.crlf && args.no_crlf, "-C and --no-crlf", "line ends are either changed or not"),
        (key_alone, "--ssl-key", "a key is of no use without its certificate, --ssl-cert"),
    ];
    match table.into_iter().find(|&(wrong, ..)| wrong) {
        Some((_, what, why)) => Err(Error::usage(what, why)),
        None => Ok(()),
    }
}

fn warnings(args: &Args) -> Vec<String> {
    let exec = args.has_command();
    let table = [
        (
            args.max_conns.as_deref().is_some_and(|n| !args.listen || n != "0") && !(args.listen && args.keep_open),
            "-m has no effect without -l and -k",
        ),
        (args.listen && args.wait.is_some(), "-w has no effect with -l: a listener waits for as long as it takes"),
        (args.listen && args.ssl_verify, "--ssl-verify has no effect with -l: clients are not asked for a certificate"),
        (args.listen && args.ssl_trustfile.is_some(), "--ssl-trustfile has no effect with -l"),
        (args.listen && args.ssl_fingerprint.is_some(), "--ssl-fingerprint has no effect with -l"),
        (exec && args.send_only, "--send-only has no effect with a command"),
        (exec && args.recv_only, "--recv-only has no effect with a command"),
        (exec && args.no_shutdown, "--no-shutdown has no effect with a command"),
        (exec && args.quit_after.is_some(), "-q has no effect with a command"),
        (exec && args.delay.is_some(), "-d has no effect with a command"),
    ];
    table.into_iter().filter(|&(given, _)| given).map(|(_, text)| text.to_owned()).collect()
}

fn connect(args: &Args, wait: Option<Duration>) -> Result<Connect> {
    let (host, port) = target::connect(&args.words)?;
    Ok(Connect {
        host,
        port,
        source: args.source.as_deref().map(|text| target::host("-s", text)).transpose()?,
        source_port: args.source_port.as_deref().map_or(Ok(0), target::number)?,
        wait,
        probe: args.zero,
    })
}

fn listen(args: &Args, max_clients: usize) -> Result<Listen> {
    let (host, port) = target::listen(&args.words, args.source_port.as_deref())?;
    Ok(Listen { host, port, keep_open: args.keep_open, max_clients, announce: args.test })
}

fn clients(text: &str) -> Result<usize> {
    text.parse().map_err(|_| {
        Error::usage(format!("Invalid -m number \"{}\"", escape(text.as_bytes())), "not a number of clients")
            .hint("0 serves nobody, 100 is the default")
    })
}

fn partner(args: &Args, console: Console) -> Result<Partner> {
    let program = match (&args.exec, &args.sh_exec, &args.lua_exec) {
        (Some(command), ..) => Program::Words(words(command)),
        (_, Some(command), _) => Program::Words(vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()]),
        (_, _, Some(file)) => Program::Lua(file.clone()),
        (None, None, None) => return Ok(Partner::Console(console)),
    };
    if matches!(&program, Program::Words(words) if words.is_empty()) {
        return Err(Error::usage("-e", "the command is empty"));
    }
    Ok(Partner::Command(Command { program, crlf: args.crlf }))
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
            (true, _) => LineEnds::Crlf,
            (_, true) => LineEnds::AsTyped,
            _ => LineEnds::Auto,
        },
        delay: args.delay.as_deref().map(|text| time::positive("-d", text)).transpose()?,
        shutdown: !args.no_shutdown,
        quit_after: match args.quit_after.as_deref() {
            Some(text) => time::or_never("-q", text)?,
            None => None,
        },
        outlast_peer: args.keep_open && !args.listen,
    })
}

fn tls(args: &Args) -> Result<Option<TlsOptions>> {
    let options = TlsOptions {
        cert: args.ssl_cert.clone(),
        key: args.ssl_key.clone(),
        verify: args.ssl_verify,
        trust_file: args.ssl_trustfile.clone(),
        fingerprint: args.ssl_fingerprint.as_deref().map(fingerprint).transpose()?,
        ciphers: args.ssl_ciphers.clone(),
        server_name: args.ssl_servername.clone(),
        alpn: args.ssl_alpn.as_deref().map_or_else(|| Ok(Vec::new()), alpn)?,
    };
    let asked = args.ssl
        || options.verify
        || options.cert.is_some()
        || options.trust_file.is_some()
        || options.fingerprint.is_some()
        || options.ciphers.is_some()
        || options.server_name.is_some()
        || args.ssl_alpn.is_some();
    Ok(asked.then_some(options))
}

fn fingerprint(text: &str) -> Result<[u8; 32]> {
    fingerprint::parse(text).ok_or_else(|| {
        Error::usage("--ssl-fingerprint", "not a SHA-256 fingerprint")
            .hint("write 64 hexadecimal digits, as a listener prints them")
    })
}

fn alpn(text: &str) -> Result<Vec<String>> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    // The lengths that the protocol can carry.
    match names.iter().all(|name| (1..=255).contains(&name.len())) {
        true => Ok(names),
        false => Err(Error::usage(
            format!("--ssl-alpn {}", escape(text.as_bytes())),
            "a protocol's name is empty or too long",
        )
        .hint("separate names with commas, as in h2,http/1.1")),
    }
}

fn taps(args: Args) -> Vec<TapFile> {
    let append = args.append_output;
    [(args.output, Format::Raw), (args.hex_dump, Format::Hex)]
        .into_iter()
        .filter_map(|(path, format)| path.map(|path| TapFile { path, format, append }))
        .collect()
}
