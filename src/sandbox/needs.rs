//! What a mode still needs once it is set up, found out from the configuration alone.
//!
//! A newcomer's trap: nothing is looked at here, neither files nor the kernel. A path that is not there is no need.

use super::places;
use crate::{
    cli::config::{Config, Connect, Listen, Mode, Partner, Source, TlsOptions, To, When, Where},
    tap::TapFile,
    transport::{Address, unix::Name},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// So many ports are let through one by one; more are as good as all.
const PORTS: usize = 64;

/// DNS (RFC 1035, 4.2).
const DNS: u16 = 53;

/// See the module's description. Nothing, by default.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Files that are read, and folders in which all are.
    pub read: Vec<PathBuf>,
    /// Folders in which files are made, read, changed, renamed and removed.
    pub write: Vec<PathBuf>,
    /// Folders of which a socket's file is removed.
    pub remove: Vec<PathBuf>,
    /// Sockets are made, bound and connected; not only those used that are there.
    pub sockets: bool,
    /// Sockets of this machine are connected or sent to by name.
    pub unix: bool,
    /// To which ports, over TCP.
    pub connect: Ports,
    /// The port over TCP to connect from, 0 for any that the kernel chooses.
    pub bind: Option<u16>,
    /// Names are looked up: on a thread, with modules of the C library.
    pub look_up: bool,
}

/// Ports to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// These, in order.
    These(Vec<u16>),
    /// Whichever it may be.
    All,
}

impl Default for Ports {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Needs {
    /// Those of this configuration; or why it is not to be restricted at all. `encrypts` tells whether connections
    /// may become encrypted in mid-session, `files` are those that a dialogue names.
    ///
    /// # Errors
    /// In words.
    pub fn of(config: &Config, encrypts: bool, files: Vec<PathBuf>) -> Result<Self, &'static str> {
        if !config.sandbox {
            return Err("--no-sandbox");
        }
        if matches!(config.partner, Partner::Command(_)) {
            return Err("a command would be in it");
        }
        let unix = config.transport.datagram && !config.transport.inet;
        let mut needs = Self { read: files, unix, ..Self::default() };
        if config.mode.keeps_open() {
            // Between two clients, a file may be replaced by another.
            needs.read.extend(needs.read.iter().map(|file| folder(file)).collect::<BTreeSet<_>>());
        }
        match &config.mode {
            Mode::Connect(connect) if is_deaf(config, connect) => return Err("nothing of what a peer says is read"),
            Mode::Connect(connect) => needs.connecting(config, connect),
            Mode::Listen(listen) => needs.listening(config, listen),
        }
        // Whom to trust is looked up when a certificate has to be judged.
        let later = config
            .upgrade
            .as_ref()
            .filter(|it| encrypts || matches!(it.when, When::First(_)))
            .map(|upgrade| &upgrade.tls);
        let judges = matches!(config.mode, Mode::Connect(_));
        for tls in [config.tls.as_ref(), later].into_iter().flatten().filter(|_| judges) {
            needs.certificates(tls);
        }
        if config.tls.is_some() || later.is_some() {
            // Opened at the first handshake.
            needs.write.extend(std::env::var_os("SSLKEYLOGFILE").map(|file| folder(Path::new(&file))));
        }
        if config.mode.keeps_open() {
            needs.write.extend(config.taps.iter().filter(|tap| tap.holds_lines()).filter_map(folder_of_each));
        }
        if let Partner::Mock(mock) = &config.partner {
            needs.write.extend(mock.dir.clone());
            // For what is too large to be kept in memory, and for the mailbox of a run.
            needs.write.push(std::env::temp_dir());
        }
        Ok(needs)
    }

    fn connecting(&mut self, config: &Config, connect: &Connect) {
        let mut ports = Vec::new();
        match &connect.to {
            To::Place(place) if !connect.more_ports.is_empty() => {
                ports.push(place.port());
                ports.extend(&connect.more_ports);
            }
            To::Place(_) => {}
            // Its server is found and dialled under the restrictions.
            To::Mail(mail) => ports.extend([mail.dns.map_or(DNS, |server| server.port()), mail.port]),
        }
        // A proxy that asks who we are may close the connection with that.
        ports.extend(connect.proxies.first().map(|proxy| proxy.port));
        self.sockets = !ports.is_empty();
        self.bind = match &connect.source {
            Source::Inet { port, .. } if self.sockets => Some(*port),
            _ => None,
        };
        ports.sort_unstable();
        ports.dedup();
        self.connect = match ports.len() {
            _ if config.transport.datagram => Ports::default(),
            0..=PORTS => Ports::These(ports),
            _ => Ports::All,
        };
        if let Source::Known(address) = &connect.source {
            self.remove.extend(folder_of_socket(address));
        }
    }

    fn listening(&mut self, config: &Config, listen: &Listen) {
        if let Where::Known(address) = &listen.on {
            self.remove.extend(folder_of_socket(address));
        }
        // Each peer over datagrams may get a socket of its own.
        self.sockets = config.transport.datagram;
        if let Partner::Proxy(_) = config.partner {
            self.sockets = true;
            self.connect = Ports::All;
            (self.look_up, self.unix) = (!config.numeric, !config.numeric);
            self.read.extend(places::names().filter(|_| !config.numeric));
        }
    }

    fn certificates(&mut self, tls: &TlsOptions) {
        match &tls.trust_file {
            Some(file) => self.read.push(file.clone()),
            None => self.read.extend(places::certificates()),
        }
    }

    /// Whether files are opened at all.
    #[must_use]
    pub fn opens_files(&self) -> bool {
        !(self.read.is_empty() && self.write.is_empty() && self.remove.is_empty())
    }
}

/// `-z`, without anything on the way that talks.
fn is_deaf(config: &Config, connect: &Connect) -> bool {
    let talks = config.tls.is_some() || config.upgrade.is_some() || !connect.proxies.is_empty();
    connect.probe && !talks && matches!(connect.to, To::Place(_))
}

fn folder_of_socket(address: &Address) -> Option<PathBuf> {
    match address {
        Address::Unix(Name::Path(path)) => Some(folder(path)),
        _ => None,
    }
}

/// Where the transcripts of clients are made, one each.
fn folder_of_each(tap: &TapFile) -> Option<PathBuf> {
    (tap.path.as_os_str() != "-").then(|| folder(&tap.path))
}

fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests;
