//! Starting the program under test.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::certificates::{Identity, authority_pem};
use super::judge::under_test;
use super::outside::{FullBacklog, free_port};
use super::scratch::Scratch;
use super::seen::Watch;
use super::session::Session;
use super::stdio::{Pty, Reader, Stdin, Stdout, Typist};
use super::{PeerListener, Wire};

enum Program {
    UnderTest,
    /// The program under test by another name.
    Called(&'static str),
    Other(PathBuf),
}

/// A command line that is being put together.
pub(crate) struct Netcat {
    args: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    program: Program,
    wire: Wire,
    stdin: Stdin,
    stdout: Stdout,
    starter: &'static str,
    is_job: bool,
    quiet: bool,
    scratch: Scratch,
}

/// Begins a command line with these arguments, separated by blanks.
pub(crate) fn netcat(args: &str) -> Netcat {
    Netcat {
        args: args.split_whitespace().map(OsString::from).collect(),
        environment: Vec::new(),
        program: Program::UnderTest,
        wire: Wire::Plain,
        stdin: Stdin::Pipe,
        stdout: Stdout::Pipe,
        starter: "",
        is_job: false,
        quiet: false,
        scratch: Scratch::new(),
    }
}

/// Begins a command line of some other program.
pub(crate) fn program(path: &Path, args: &str) -> Netcat {
    Netcat { program: Program::Other(path.to_owned()), ..netcat(args) }
}

/// Starts a listener on 127.0.0.1.
#[track_caller]
pub(crate) fn listen(args: &str) -> Session {
    netcat(args).listens()
}

/// Starts a client of `server`.
#[track_caller]
pub(crate) fn connect(server: &impl Target, args: &str) -> Session {
    netcat(args).connects_to(server)
}

/// What can be connected to.
pub(crate) trait Target {
    /// Where it listens.
    fn addr(&self) -> SocketAddr;
}

impl Target for Session {
    fn addr(&self) -> SocketAddr {
        self.address()
    }
}

impl Target for PeerListener {
    fn addr(&self) -> SocketAddr {
        self.address()
    }
}

impl Target for FullBacklog {
    fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Target for SocketAddr {
    fn addr(&self) -> SocketAddr {
        *self
    }
}

impl Netcat {
    /// One argument more, whatever is in it.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments, separated by blanks.
    pub(crate) fn arg_words(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(OsString::from));
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    /// Starts it under another name.
    pub(crate) fn called(mut self, name: &'static str) -> Self {
        self.program = Program::Called(name);
        self
    }

    /// The wire; TLS adds the options that make it work.
    pub(crate) fn over(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// The kind of stdin.
    pub(crate) fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// The kind of stdout.
    pub(crate) fn stdout(mut self, stdout: Stdout) -> Self {
        self.stdout = stdout;
        self
    }

    /// Starts it by a shell with these words before its own: `ulimit -n 24; exec`.
    pub(crate) fn started_by(mut self, starter: &'static str) -> Self {
        self.starter = starter;
        self
    }

    /// Starts it in a process group of its own, as shells do; elsewhere the kernel stops nobody.
    pub(crate) fn in_a_job(mut self) -> Self {
        self.is_job = true;
        self
    }

    /// Stdin and stdout are one socket, as under inetd.
    pub(crate) fn at_a_socket(self) -> Self {
        self.stdin(Stdin::Socket).stdout(Stdout::SameSocket)
    }

    /// Stdin, stdout are one terminal.
    pub(crate) fn at_a_terminal(self) -> Self {
        self.stdin(Stdin::Terminal).stdout(Stdout::Terminal)
    }

    /// A listener without `-v`, so that what it says by itself can be checked.
    pub(crate) fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Through this proxy.
    pub(crate) fn via(self, proxy: &impl Target) -> Self {
        self.arg("--proxy").arg(proxy.addr().to_string())
    }

    /// `--ssl-cert` and `--ssl-key` for this identity.
    pub(crate) fn with_identity(self, identity: &Identity) -> Self {
        let certificate = self.scratch.file("cert.pem", identity.certificate_pem());
        let key = self.scratch.file("key.pem", identity.key_pem());
        self.arg("--ssl-cert").arg(certificate).arg("--ssl-key").arg(key)
    }

    /// `--ssl-trustfile` with these certificates.
    pub(crate) fn trusting(self, pem: &str) -> Self {
        let file = self.scratch.file("trust.pem", pem);
        self.arg("--ssl-trustfile").arg(file)
    }

    /// Writes a file that goes when the session does, and adds its path as an argument.
    pub(crate) fn arg_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let file = self.scratch.file(name, content);
        self.arg(file)
    }

    /// Adds the path of a file that does not exist yet, and goes when the session does.
    pub(crate) fn arg_path(self, name: &str) -> Self {
        let path = self.scratch.path(name);
        self.arg(path)
    }

    /// Listens at a Unix socket, called `socket` in the session's directory.
    #[track_caller]
    pub(crate) fn listens_at_a_path(mut self) -> Session {
        self.args.splice(0..0, ["-l", "--test", "-U", "-v"].map(OsString::from));
        let session = self.arg_path("socket").starts();
        session.says(&["NCAT TEST: LISTEN"]);
        session
    }

    /// Connects to a Unix socket.
    #[track_caller]
    pub(crate) fn connects_to_path(self, path: &Path) -> Session {
        self.arg("-U").arg(path).starts()
    }

    /// Listens on 127.0.0.1.
    #[track_caller]
    pub(crate) fn listens(self) -> Session {
        self.listens_on(Some("127.0.0.1"))
    }

    /// Listens on an address, or on all, and waits until it does.
    #[track_caller]
    pub(crate) fn listens_on(mut self, host: Option<&str>) -> Session {
        // Ncat 7.93 does not tell which port the kernel chose, nor does a quiet listener.
        let port = if under_test().is_ours && !self.quiet { 0 } else { free_port() };
        self.args.splice(0..0, ["-l", "--test"].map(OsString::from));
        if !self.quiet {
            self = self.arg("-v");
        }
        if self.wire == Wire::Tls {
            self = self.arg("--ssl").with_identity(Identity::trusted());
        }
        self.args.extend(host.map(OsString::from));
        self.arg(port.to_string()).starts().listening_on(port)
    }

    /// Connects to an address.
    #[track_caller]
    pub(crate) fn connects_to(self, server: &impl Target) -> Session {
        let addr = server.addr();
        let tls = self.args.iter().any(|arg| arg.as_bytes().starts_with(b"--ssl"));
        if tls || self.wire == Wire::Tls {
            // Ncat 7.93 finds only names in certificates.
            return self.connects_to_name("localhost", addr.port());
        }
        self.connects_to_name(&addr.ip().to_string(), addr.port())
    }

    /// Connects to a name and a port.
    #[track_caller]
    pub(crate) fn connects_to_name(mut self, host: &str, port: u16) -> Session {
        if self.wire == Wire::Tls {
            self = self.arg("--ssl").trusting(&authority_pem());
        }
        self.arg(host).arg(port.to_string()).starts()
    }

    /// Starts it with the arguments given so far and no others.
    #[track_caller]
    pub(crate) fn starts(self) -> Session {
        let terminal = matches!(self.stdin, Stdin::Terminal) || self.stdout == Stdout::Terminal;
        let pty = terminal.then(Pty::open);
        let mut command = self.command();
        let (typist, stdin, stdout_too) = match self.stdout {
            Stdout::SameSocket => Typist::at_a_socket(),
            _ => {
                let (typist, stdin) = Typist::make(self.stdin, &self.scratch, pty.as_ref());
                (typist, stdin, None)
            }
        };
        let (reader, stdout) = match stdout_too {
            Some(socket) => socket,
            None => Reader::make(&self.stdout, &self.scratch, pty.as_ref()),
        };
        let (errors, stderr) = std::io::pipe().unwrap();
        command.stdin(stdin).stdout(stdout).stderr(Stdio::from(OwnedFd::from(stderr)));
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        let watch = Watch::new(words.join(" "));
        let child = command.spawn().unwrap();
        drop(command); // with it our copies of the program's ends
        watch.collect(errors, |seen| &mut seen.stderr);
        Session::new(child, watch, (typist, reader, pty), self.scratch)
    }

    /// Only a shell can start a program with a descriptor closed, or with other limits.
    fn command(&self) -> Command {
        let closes = match (&self.stdin, &self.stdout) {
            (Stdin::Closed, Stdout::Closed) => "<&- >&-",
            (Stdin::Closed, _) => "<&-",
            (_, Stdout::Closed) => ">&-",
            _ => "",
        };
        let program = match &self.program {
            Program::Other(path) => path,
            _ => &under_test().path,
        };
        let mut command = if closes.is_empty() && self.starter.is_empty() {
            Command::new(program)
        } else {
            let starter = if self.starter.is_empty() { "exec" } else { self.starter };
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(format!("{starter} \"$@\" {closes}")).arg("sh").arg(program);
            shell
        };
        if let Program::Called(name) = self.program {
            command.arg0(name);
        }
        if self.is_job {
            command.process_group(0);
        }
        // Most tests are about bytes, whatever the terminal is.
        command.args(&self.args).env("LC_ALL", "C").env("NO_COLOR", "1").env("TERM", "xterm");
        // A program that is killed leaves its temporary files.
        command.env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
