//! `--- TLS`: the connection becomes encrypted here.
//!
//! A newcomer's trap: what was read with the agreement, behind it, came in clear. Some of it may be in the inbox, and
//! more of it may wait where the player has not seen it; both end the session (command injection, CVE-2011-0411).

use super::{Doing, Encryption, Player};
use crate::{
    dialogue::{fault, script::Kind},
    error::Result,
};

impl Player {
    /// Fails if encryption begins just now: what is offered came in clear behind the agreement.
    pub fn refuse_in_clear(&mut self, bytes: &[u8]) {
        let changing = matches!(&self.encryption, Encryption::Later(handle) if handle.is_changing());
        if changing && !matches!(self.doing, Doing::Over) {
            // What it would say next waits for TLS, and nobody would be told.
            self.out.truncate(self.fetched);
            let at = (0..self.at).rev().find(|&step| self.script.kind(step) == Some(Kind::Tls));
            self.fail(fault::in_clear(&self.script, at.unwrap_or(self.at), bytes));
        }
    }

    /// `--- TLS`.
    pub(super) fn encrypt(&mut self) -> Result<bool> {
        match &self.encryption {
            Encryption::There => {}
            Encryption::Never => return Err(fault::not_encrypted(&self.script, self.at)),
            Encryption::Later(handle) => {
                let early = self.inbox.unread();
                if !early.is_empty() {
                    return Err(fault::in_clear(&self.script, self.at, early));
                }
                handle.encrypt_after(self.said);
            }
        }
        self.done()
    }
}
