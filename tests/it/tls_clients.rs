//! A listener that demands certificates of its clients: `-l --ssl-verify --ssl-trustfile`.

use crate::lang::{Identity, Netcat, Peer, Session, Tls, Wire, authority_pem, it, netcat};

/// A listener that demands them.
fn demanding(args: &str) -> Session {
    netcat(&format!("--ssl-verify {args}")).over(Wire::Tls).trusting(&authority_pem()).listens()
}

/// A client that shows this identity.
fn showing(identity: &Identity) -> Netcat {
    netcat("").over(Wire::Tls).with_identity(identity)
}

#[test]
fn a_client_with_a_trusted_certificate_is_served() {
    it(|| {
        for identity in [Identity::issued_for(&["me.example"]), Identity::with_intermediate()] {
            let mut server = demanding("");
            let mut client = showing(&identity).connects_to(&server);
            client.types("hello\n");
            server.shows("hello\n");
            server.ends_stdin();
            client.ends_stdin();
            server.leaves(0);
            client.leaves(0);
        }
    });
}

#[test]
fn a_self_signed_certificate_that_is_in_the_file_is_trusted() {
    it(|| {
        let me = Identity::self_signed();
        let server = netcat("--ssl-verify").over(Wire::Tls).trusting(&me.certificate_pem());
        let mut server = server.listens();
        let client = showing(&me).connects_to(&server);
        client.types("hello\n");
        server.shows("hello\n");
    });
}

#[test]
fn a_client_without_a_trusted_certificate_is_refused() {
    it(|| {
        for (identity, why) in [
            (None, "shown no certificate"),
            (Some(Identity::self_signed()), "self-signed"),
            (Some(Identity::expired()), "expired on 2020-01-02"),
        ] {
            let mut server = demanding("");
            let client = identity.as_ref().map_or_else(|| netcat("").over(Wire::Tls), showing);
            let mut client = client.connects_to(&server);
            client.types("not for you\n");
            server.says(&["client", why]);
            server.leaves(1);
            assert_eq!(server.shows_to_end(), b"");
            client.says(&["the peer refused", "certificate"]);
            client.leaves(1);
        }
        // In TLS 1.2 the client is told within the handshake.
        let mut server = demanding("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.begins_tls(&Tls::client_of_tls12());
        peer.fails_to_shake_hands();
        server.says(&["shown no certificate"]);
        server.leaves(1);
    });
}

#[test]
fn one_client_that_is_refused_does_not_end_the_others() {
    it(|| {
        let server = demanding("-k -e /bin/cat");
        let mut stranger = netcat("").over(Wire::Tls).connects_to(&server);
        stranger.leaves(1);
        server.says(&["shown no certificate"]);
        let mut client = showing(&Identity::issued_for(&["me.example"])).connects_to(&server);
        client.types("hello\n");
        client.shows("hello\n");
    });
}

#[test]
fn v_tells_of_the_clients_certificate() {
    it(|| {
        let server = demanding("");
        let _client = showing(&Identity::issued_for(&["me.example"])).connects_to(&server);
        server.says(&["Certificate for me.example"]);
    });
}

#[test]
fn a_trust_file_is_needed() {
    it(|| {
        let mut server = netcat("-l --ssl --ssl-verify 0").starts();
        server.says(&["--ssl-trustfile FILE"]);
        server.leaves(2);
        netcat("-lu --ssl-verify 0").trusting(&authority_pem()).starts().leaves(2);
    });
}
