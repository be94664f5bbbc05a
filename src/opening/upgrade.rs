//! A connection that becomes encrypted in mid-session: when that is, and how.
//!
//! The [layer] does it, in place. A newcomer's trap: nothing of TLS is made before it is needed,
//! if the user has not asked for it; at a terminal every session in clear could become encrypted, and
//! hardly any does.

pub mod layer;
#[cfg(test)]
mod tests;

use super::{
    Whom,
    tls::{Role, TlsStaging},
};
use crate::{
    cli::config::{Mode, TlsOptions, Upgrade, When},
    error::{Error, Result},
    proto::starttls::watch::Watch,
    report::Report,
    stream::Stream,
    transport::Address,
};
use layer::Upgrading;
use std::{
    cell::{Cell, OnceCell},
    rc::Rc,
};

/// What all connections of a run have in common that can become encrypted.
pub struct Upgrades {
    by: By,
    /// Whether we are the server.
    serves: bool,
    /// A person sees what the server says, and types accordingly.
    terminal: bool,
    /// The layer is there though nobody asked for it.
    by_default: bool,
    options: TlsOptions,
    role: Role,
    tls: OnceCell<TlsStaging>,
    report: Report,
}

/// Who says when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The two sides, to each other.
    Watching,
    /// A played dialogue, through the [`Handle`].
    Handle,
}

impl Upgrades {
    /// `terminal` tells whether a person types at one; `addresses` are those listened on. `None` if connections
    /// stay as they are once they stand.
    ///
    /// # Errors
    /// When a file cannot be read, or an option says what cannot be.
    pub fn new(
        upgrade: &Upgrade,
        mode: &Mode,
        addresses: &[Address],
        terminal: bool,
        report: Report,
    ) -> Result<Option<Rc<Self>>> {
        let by = match upgrade.when {
            When::First(_) => return Ok(None),
            When::Typed { by_default } if by_default && !terminal => return Ok(None),
            When::Typed { .. } | When::Offered => By::Watching,
            When::Played => By::Handle,
        };
        let by_default = matches!(upgrade.when, When::Typed { by_default: true });
        let (options, role) = (upgrade.tls.clone(), Role::of(mode, addresses));
        let serves = matches!(role, Role::Server(_));
        let upgrades = Self { by, serves, terminal, by_default, options, role, tls: OnceCell::new(), report };
        // A certificate is not made for a dialogue that may never ask for one.
        let waits = by == By::Handle && serves && upgrades.options.cert.is_none();
        if !by_default && !waits {
            upgrades.tls()?;
        }
        Ok(Some(Rc::new(upgrades)))
    }

    /// Puts the layer around a connection that stands.
    pub(super) fn around(self: &Rc<Self>, stream: Box<dyn Stream>, whom: &Whom<'_>) -> (Box<dyn Stream>, Rc<Handle>) {
        let handle = Rc::new(Handle::default());
        let layer = Upgrading::new(stream, Rc::clone(self), Rc::clone(&handle), whom);
        (Box::new(layer), handle)
    }

    /// What a new connection is watched by.
    fn watch(&self) -> Watch {
        match (self.serves || self.terminal, self.by_default) {
            // A pipe that was said to ask for it means it.
            (false, _) => Watch::strict(),
            (true, true) => Watch::casual(),
            (true, false) => Watch::default(),
        }
    }

    fn tls(&self) -> Result<&TlsStaging> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let tls = TlsStaging::new(&self.options, self.role.clone(), self.report)?;
        Ok(self.tls.get_or_init(|| tls))
    }

    fn failed(remote: &Address, why: impl Into<String>) -> Error {
        Error::network(format!("STARTTLS with {remote}"), why)
    }
}

/// What a layer that can encrypt, and whoever wants it to, have in common: one for each connection.
#[derive(Debug, Default)]
pub struct Handle {
    after: Cell<Option<u64>>,
    encrypted: Cell<bool>,
    /// The handshake is over.
    secured: Cell<bool>,
}

impl Handle {
    /// Of a connection that has been encrypted from the beginning.
    #[must_use]
    pub fn encrypted() -> Self {
        Self { after: Cell::default(), encrypted: Cell::new(true), secured: Cell::new(true) }
    }

    /// Encryption is to begin when `sent` bytes have been written in all; what comes back after that, and what is
    /// written, waits for it. Nothing happens to a connection that is encrypted.
    ///
    /// What has been read behind the other side's agreement came in clear: who calls this has to look, until it
    /// [is not changing](Self::is_changing) any more.
    pub fn encrypt_after(&self, sent: u64) {
        if !self.encrypted.get() {
            self.after.set(Some(sent));
        }
    }

    /// Whether what is written now will be encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted.get() || self.after.get().is_some()
    }

    /// Whether encryption is to begin and the handshake is not over: what was read and is offered to anybody
    /// now came in clear.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.is_encrypted() && !self.secured.get()
    }

    /// The handshake is over.
    pub(crate) fn secure(&self) {
        self.secured.set(true);
    }

    /// How many bytes are to be written first.
    #[cfg(test)]
    pub(crate) fn after(&self) -> Option<u64> {
        self.after.get()
    }
}
