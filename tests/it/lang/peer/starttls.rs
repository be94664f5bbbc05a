//! A connection that begins in clear and goes on over TLS.

use super::super::tls::Tls;
use super::Peer;

impl Peer {
    /// Speaks TLS from here on, and shakes hands.
    #[track_caller]
    pub(crate) fn turns_to_tls(&mut self, tls: &Tls) {
        self.begins_tls(tls);
        self.shakes_hands();
    }

    /// Speaks TLS from here on, and leaves the handshake to what follows.
    #[track_caller]
    pub(crate) fn begins_tls(&mut self, tls: &Tls) {
        let mut tls = tls.begin();
        // A client that need not wait for an answer may have begun already.
        let early = std::mem::take(&mut self.unread);
        let mut early = &early[..];
        while !early.is_empty() {
            tls.read_tls(&mut early).unwrap();
            tls.process_new_packets().unwrap();
        }
        self.tls = Some(tls);
    }
}
