//! Handshakes of TLS that stop at any of their bytes, and peers of TLS 1.2 that want another one: who stalls is given
//! up in its time and holds up nobody, and keys are agreed on once.

use crate::interop::{port_of, s_server};
use crate::lang::{Halted, Identity, Peer, PeerListener, Tls, Wire, authority_pem, it, netcat, program, tool};

/// So many stall at a time; those of a whole handshake, one after the other, would take longer than each may.
const AT_ONCE: usize = 50;

/// How many places of a server's part are tried, each by a client of its own.
const PLACES: usize = 40;

#[test]
fn clients_that_stall_at_every_byte_of_their_handshake_hold_up_nobody() {
    it(|| {
        for tls in [Tls::client(), Tls::client_of_tls12()] {
            let mut server = netcat("-k -m 2000").over(Wire::Tls).listens();
            for first in (0..).step_by(AT_ONCE) {
                let halts = |at| Peer::dials_without_handshake(&server, &tls).shakes_hands_up_to(at);
                let stalled: Vec<Halted> =
                    (first..first + AT_ONCE).map(halts).take_while(|halted| halted.is_done().is_none()).collect();
                let mut good = Peer::dials_tls(&server, &tls);
                good.sends("served\n");
                server.shows("served\n");
                let bytes = first + stalled.len();
                // Whoever goes on, a byte at a time, is served as well.
                for (at, halted) in (first..).zip(stalled) {
                    let line = format!("stalled at {at}\n");
                    halted.goes_on_by_bytes().sends(&line);
                    server.shows(&line);
                }
                if bytes < first + AT_ONCE {
                    assert!(bytes > 250, "{bytes}");
                    break;
                }
            }
            assert_eq!(server.times_said(&["TLS with"]), 0, "{:?}", server.said());
        }
    });
}

#[test]
fn a_client_gives_up_a_server_that_stalls_anywhere_in_its_handshake() {
    it(|| {
        for (tls, tickets) in [(Tls::server_of_tls12(), false), (Tls::server(Identity::trusted()), true)] {
            let listener = PeerListener::with_tls(tls);
            let whole = netcat("").over(Wire::Tls).connects_to(&listener);
            let halted = listener.accepts_without_handshake().shakes_hands_up_to(usize::MAX);
            // In TLS 1.3 tickets come last, for which no client waits.
            let bytes = halted.is_done().unwrap() - if tickets { TICKETS } else { 0 };
            drop(whole);
            let stalled = |place| {
                let client = netcat("-w 2").over(Wire::Tls).connects_to(&listener);
                let at = bytes * place / PLACES;
                let halted = listener.accepts_without_handshake().shakes_hands_up_to(at);
                assert_eq!(halted.is_done(), None, "at {at} of {bytes}");
                (client, halted)
            };
            let stalled: Vec<_> = (0..PLACES).map(stalled).collect();
            for (mut client, _halted) in stalled {
                client.leaves(1);
                client.says(&["TLS with", "TIMEOUT. The handshake was not done in time", "does the peer speak TLS?"]);
                assert_eq!(client.said().len(), 1, "{:?}", client.said());
            }
        }
    });
}

/// A server's tickets are no longer than this.
const TICKETS: usize = 600;

#[test]
fn a_server_that_wants_a_new_handshake_is_refused_it_and_what_was_said_is_told() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = s_server(&openssl, Identity::trusted(), "-tls1_2");
        let mut client = netcat("").over(Wire::Tls).connects_to_name("localhost", port_of(&mut server));
        client.types("hello\n");
        server.shows_line_with("hello");
        // At the beginning of a line it is a request.
        server.types("r\n");
        client.leaves(1);
        client.says(&["the peer left: it wanted a new handshake (renegotiation), which was refused"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_client_that_wants_a_new_handshake_is_refused_it_and_holds_up_nobody() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = netcat("-k").over(Wire::Tls).listens();
        let mut good = Peer::dials(&server, Wire::Tls);
        let client = program(&openssl, "s_client -tls1_2 -CAfile").arg_file("authority.pem", authority_pem());
        let client = client.arg("-connect").arg(server.address().to_string()).starts();
        client.types("hello\n");
        server.shows("hello\n");
        client.types("R\n");
        server.says(&["the peer left: it wanted a new handshake (renegotiation), which was refused"]);
        good.sends("still here\n");
        server.shows("still here\n");
    });
}
