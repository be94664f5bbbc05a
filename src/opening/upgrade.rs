//! A connection that becomes encrypted in mid-session.

use std::cell::Cell;

/// What a layer that can encrypt, and whoever wants it to, have in common: one for each connection.
#[derive(Debug, Default)]
pub struct Handle {
    after: Cell<Option<u64>>,
    encrypted: Cell<bool>,
}

impl Handle {
    /// Encryption is to begin when `sent` bytes have been written in all; what comes back after that, and what is
    /// written, waits for it. Nothing happens to a connection that is encrypted.
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

    /// How many bytes are to be written first.
    #[cfg(test)]
    pub(crate) fn after(&self) -> Option<u64> {
        self.after.get()
    }
}
