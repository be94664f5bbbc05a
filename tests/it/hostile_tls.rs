//! TLS from peers that mean harm: floods of new keys, and certificates that are far too long. Memory stays bounded,
//! and what happens is told in a line.

use rustls::pki_types::CertificateDer;

use crate::lang::{Identity, Peer, PeerListener, Session, Tls, Wire, it, ms, netcat};

/// What may be added to the memory that a session needs anyway, in KiB.
const LITTLE: u64 = 8 * 1024;

#[test]
fn a_server_that_takes_new_keys_without_end_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        let mut peer = listener.accepts();
        changes_now_and_then(&mut client, &mut peer);
        peer.updates_keys(5_000);
        client.leaves(1);
        client.says(&["TooManyKeyUpdateRequests"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
        client.shows_nothing_more();
    });
}

#[test]
fn clients_that_take_new_keys_without_end_cost_nobody_anything() {
    it(|| {
        let mut server = netcat("-k").over(Wire::Tls).listens();
        let mut good = Peer::dials(&server, Wire::Tls);
        changes_now_and_then(&mut server, &mut good);
        let before = server.peak_kib();
        for _ in 0..20 {
            let mut peer = Peer::dials(&server, Wire::Tls);
            peer.updates_keys(5_000);
            assert!(peer.ends_within(ms(20_000)));
        }
        let grown = server.peak_kib().saturating_sub(before);
        assert!(grown < LITTLE, "{grown} KiB more");
        good.sends("still here\n");
        server.shows("still here\n");
    });
}

#[test]
fn a_server_with_a_certificate_of_a_megabyte_is_1() {
    it(|| {
        let trusted = Identity::trusted();
        let leaf = &trusted.chain[0];
        for chain in [
            // Many, and one that is long.
            std::iter::repeat_n(leaf.clone(), (1 << 20) / leaf.len()).collect(),
            vec![leaf.clone(), CertificateDer::from(vec![0x30; 1 << 20])],
        ] {
            let listener = PeerListener::with_tls(Tls::server(&trusted.with_chain(chain)));
            let mut client = netcat("-w 10").over(Wire::Tls).connects_to(&listener);
            let mut peer = listener.accepts_without_handshake();
            // Its certificates are on their way, when it is disconnected.
            assert!(peer.ends_within(ms(20_000)));
            client.leaves(1);
            client.shows_nothing_more();
            client.says(&["TLS with", "a message of the peer's handshake is longer than 64 KiB"]);
            assert_eq!(client.said().len(), 1, "{:?}", client.said());
        }
    });
}

/// Takes new keys as often as one may, and the session goes on.
#[track_caller]
fn changes_now_and_then(session: &mut Session, peer: &mut Peer) {
    for number in 0..50 {
        assert_eq!(peer.updates_keys(1), 1);
        let text = format!("{number}\n");
        peer.sends(&text);
        session.shows(&text);
        session.types(&text);
        peer.hears(&text);
    }
}
