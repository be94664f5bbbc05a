//! Options that do nothing where they stand, a warning each.
//!
//! A newcomer's trap: an option whose wish comes true anyway, as `--no-crlf` with a command, is not
//! without effect.

use crate::cli::Args;

/// The warnings, a line each.
pub(super) fn warnings(args: &Args) -> Vec<String> {
    let alone = alone(args).into_iter().filter(|&(given, _)| given).map(|(_, text)| text.to_owned());
    let beside = MODES.iter().filter(|mode| (mode.is_on)(args)).flat_map(|mode| {
        let given =
            OPTIONS.iter().filter(|(name, given)| mode.idle.iter().any(|names| names.contains(name)) && given(args));
        given.map(|(name, _)| format!("{name} has no effect with {}", mode.name))
    });
    alone.chain(beside).collect()
}

/// Something that leaves options without effect.
struct Mode {
    name: &'static str,
    is_on: fn(&Args) -> bool,
    /// Their names, in lists.
    idle: &'static [&'static [&'static str]],
}

/// What is for stdin and stdout, where they are not joined to the peer.
const CONSOLE: &[&str] = &["--send-only", "--recv-only", "--no-shutdown", "-q", "-d"];

static MODES: &[Mode] = &[
    Mode {
        name: "a command",
        is_on: |args| args.command.is_given(),
        idle: &[CONSOLE, &["--stall-timeout", "--color always", "-k without -l"]],
    },
    Mode {
        name: "-z",
        is_on: |args| args.zero,
        idle: &[
            CONSOLE,
            &[
                "-i",
                "-C",
                "--no-crlf",
                "-t",
                "--pace",
                "--fail",
                "--transcript",
                "--color always",
                "--raw",
                "-k without -l",
            ],
        ],
    },
    Mode {
        name: "--mx and -z: nobody is connected to",
        is_on: |args| args.zero && args.mail.mx.is_some(),
        idle: &[&["a port", "-p", "-s", "--ssl", "--starttls", "-o", "-x"]],
    },
    Mode {
        name: "--proxy-type and -l",
        is_on: |args| args.listen && args.proxy_type.is_some(),
        idle: &[CONSOLE, &["-C", "--stall-timeout", "--raw"]],
    },
    Mode {
        name: "--play",
        is_on: |args| args.dialogue.play.is_some(),
        idle: &[CONSOLE, &["-C", "--no-crlf", "--stall-timeout", "--color always", "--raw", "-k without -l"]],
    },
    Mode {
        name: "--mock",
        is_on: |args| args.mock.is_given(),
        idle: &[CONSOLE, &["-C", "--no-crlf", "--stall-timeout", "--raw"]],
    },
    Mode { name: "--broker or --chat", is_on: |args| args.broker || args.chat, idle: &[&["--no-shutdown"]] },
    Mode {
        name: "--send-only: nothing is shown",
        is_on: |args| args.send_only && !args.command.is_given() && !args.zero,
        idle: &[&["--color always", "--raw"]],
    },
    Mode { name: "--chat: it escapes for all", is_on: |args| args.chat, idle: &[&["--raw"]] },
    Mode { name: "-l: what a client says is no reply", is_on: colours_nothing, idle: &[&["--color always"]] },
    Mode { name: "--recv-only: stdin is not read", is_on: reads_nothing, idle: &[&["-q", "-d", "-C"]] },
];

/// An option's name, and whether it was given.
type Given = (&'static str, fn(&Args) -> bool);

static OPTIONS: &[Given] = &[
    ("a port", |args| !args.words.is_empty()),
    ("-p", |args| args.source_port.is_some()),
    ("-s", |args| args.source.is_some()),
    ("--ssl", |args| args.ssl),
    ("--starttls", |args| args.starttls.is_some()),
    ("-o", |args| args.output.is_some()),
    ("-x", |args| args.hex_dump.is_some()),
    ("--send-only", |args| args.send_only),
    ("--recv-only", |args| args.recv_only),
    ("--no-shutdown", |args| args.no_shutdown),
    ("-q", |args| args.quit_after.is_some()),
    ("-d", |args| args.delay.is_some()),
    ("-i", |args| args.idle_timeout.is_some()),
    ("-C", |args| args.crlf),
    ("--no-crlf", |args| args.no_crlf),
    ("-t", |args| args.telnet),
    ("--pace", |args| args.dialogue.pace.is_some()),
    ("--fail", |args| args.dialogue.fail),
    ("--transcript", |args| args.dialogue.transcript.is_some()),
    ("--color always", |args| args.terminal.color.as_ref().is_some_and(|when| when.eq_ignore_ascii_case("always"))),
    ("--raw", |args| args.terminal.raw),
    ("--stall-timeout", |args| args.stall_timeout.is_some()),
    ("-k without -l", |args| args.keep_open && !args.listen),
];

/// `--recv-only`, where it has an effect itself.
fn reads_nothing(args: &Args) -> bool {
    let proxy = args.listen && args.proxy_type.is_some();
    args.recv_only && !(args.command.is_given() || args.zero || proxy)
}

/// `-l`, where nothing else is the reason.
fn colours_nothing(args: &Args) -> bool {
    args.listen && !(args.command.is_given() || args.dialogue.play.is_some() || args.send_only)
}

/// What depends on another option's absence, or has a reason of its own.
fn alone(args: &Args) -> Vec<(bool, &'static str)> {
    vec![
        (
            args.max_conns.as_deref().is_some_and(|n| !args.listen || n != "0") && !(args.listen && args.keep_open),
            "-m has no effect without -l and -k",
        ),
        (args.listen && args.wait.is_some(), "-w has no effect with -l: a listener waits for as long as it takes"),
        (args.listen && args.retrying.retry.is_some(), "--retry has no effect with -l: nobody is connected to"),
        (args.nsock_engine.is_some(), "--nsock-engine has no effect: rncat has one way to wait for events"),
        (args.listen && !args.hops.is_empty(), "-g has no effect with -l"),
        (!args.listen && has_lists(args), "--allow and --deny have no effect without -l"),
        (
            args.stall_timeout.is_some() && !(args.command.is_given() || args.listen && args.keep_open),
            "--stall-timeout has no effect without -l and -k",
        ),
        (
            args.listen && args.proxy_type.is_none() && args.login.proxy_auth.is_some(),
            "--proxy-auth has no effect without --proxy-type",
        ),
        (
            args.listen && args.proxy_type.is_none() && args.login.proxy_auth_file.is_some(),
            "--proxy-auth-file has no effect without --proxy-type",
        ),
        (
            !args.listen && args.proxy.is_empty() && args.proxy_type.is_some(),
            "--proxy-type has no effect without --proxy",
        ),
        (
            !args.listen && args.proxy.is_empty() && args.login.proxy_auth.is_some(),
            "--proxy-auth has no effect without --proxy",
        ),
        (
            !args.listen && args.proxy.is_empty() && args.login.proxy_auth_file.is_some(),
            "--proxy-auth-file has no effect without --proxy",
        ),
        (args.proxy.is_empty() && args.proxy_dns.is_some(), "--proxy-dns has no effect without --proxy"),
        (
            args.listen && args.ssl_trustfile.is_some() && !args.ssl_verify,
            "--ssl-trustfile has no effect with -l and without --ssl-verify: clients are not asked for a certificate",
        ),
        (args.listen && args.ssl_fingerprint.is_some(), "--ssl-fingerprint has no effect with -l"),
        (args.listen && args.ssl_servername.is_some(), "--ssl-servername has no effect with -l"),
        (
            args.append_output
                && args.output.is_none()
                && args.hex_dump.is_none()
                && args.dialogue.transcript.is_none(),
            "--append-output has no effect without -o, -x or --transcript",
        ),
        (
            args.dialogue.transcript.is_none() && args.dialogue.timestamps,
            "--timestamps has no effect without --transcript",
        ),
        (
            args.dialogue.transcript.is_none() && args.dialogue.show_secrets,
            "--show-secrets has no effect without --transcript",
        ),
        (
            args.ssl && args.starttls.as_deref() == Some("typed"),
            "--starttls typed has no effect with --ssl: the connection is encrypted from the start",
        ),
        (args.mail.mx.is_none() && args.mail.dns.is_some(), "--dns has no effect without --mx"),
        (!args.listen && args.test, "--test has no effect without -l"),
    ]
}

fn has_lists(args: &Args) -> bool {
    let files = [&args.access.allowfile, &args.access.denyfile];
    files.iter().any(|list| !list.is_empty())
        || [&args.access.allow, &args.access.deny].iter().any(|list| !list.is_empty())
}
