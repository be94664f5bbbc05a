//! A peer over TLS 1.3 that cannot leave its keys alone.

use std::io::Write as _;

use super::Peer;

impl Peer {
    /// Takes new keys so often, and demands the same of the other end each time (RFC 8446, 4.6.3), reading nothing;
    /// fewer times if no more is taken. How many times.
    pub(crate) fn updates_keys(&mut self, times: usize) -> usize {
        for done in 0..times {
            let tls = self.tls.as_mut().unwrap();
            tls.refresh_traffic_keys().unwrap();
            // The message goes out with the next bytes, be they none.
            tls.writer().flush().unwrap();
            if self.sends_until_blocked_held() {
                return done;
            }
        }
        times
    }

    /// Sends what rustls holds; whether no more is taken.
    fn sends_until_blocked_held(&mut self) -> bool {
        let until = std::time::Instant::now() + super::super::ms(500);
        while self.holds_something() {
            if !self.turn(&mut &b""[..], false, until) {
                return true;
            }
        }
        false
    }
}
