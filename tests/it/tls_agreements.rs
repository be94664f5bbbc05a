//! What both sides of a TLS connection agree upon: keys, names, protocols, ciphers.

use rustls::{CipherSuite, Connection, ProtocolVersion};

use crate::lang::{Identity, Peer, PeerListener, Scratch, Stdin, Tls, Wire, authority_pem, it, ms, netcat};

#[test]
fn every_ssl_option_implies_ssl() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        for option in ["--ssl-servername localhost", "--ssl-alpn smtp", "--ssl-ciphers HIGH", "--ssl-verify"] {
            let client = netcat(option).trusting(&authority_pem()).connects_to(&listener);
            client.types("hello");
            listener.accepts().hears("hello");
        }
    });
}

#[test]
fn keys_may_be_pkcs8_sec1_or_pkcs1() {
    it(|| {
        let (ec, rsa) = (Identity::trusted(), &Identity::rsa());
        for (identity, key) in [(ec, ec.key_pem()), (ec, ec.sec1_pem()), (rsa, rsa.key_pem()), (rsa, rsa.pkcs1_pem())] {
            let session = netcat("--ssl-cert").arg_file("cert.pem", identity.certificate_pem());
            let mut server = session.arg("--ssl-key").arg_file("key.pem", key).listens();
            Peer::dials_tls(&server, &Tls::client()).sends("hello");
            server.shows("hello");
        }
    });
}

#[test]
fn a_key_may_be_in_the_file_of_its_certificate() {
    it(|| {
        let identity = Identity::trusted();
        let both = identity.key_pem() + &identity.certificate_pem();
        let mut server = netcat("--ssl-cert").arg_file("both.pem", both).listens();
        Peer::dials_tls(&server, &Tls::client()).sends("hello");
        server.shows("hello");
    });
}

#[test]
fn a_chain_is_served_in_order() {
    it(|| {
        let mut server = netcat("").with_identity(&Identity::with_intermediate()).listens();
        let mut peer = Peer::dials_tls(&server, &Tls::client());
        assert_eq!(peer.tls().peer_certificates().unwrap().len(), 2);
        peer.sends("hello");
        server.shows("hello");
    });
}

#[test]
fn a_missing_certificate_file_is_2() {
    it(|| {
        let scratch = Scratch::new();
        for option in ["--ssl-cert", "--ssl-trustfile"] {
            let mut client = netcat(option).arg(scratch.path("nosuch.pem")).arg("localhost").starts();
            client.leaves(2);
            client.says(&["nosuch.pem"]);
            assert_eq!(client.said().len(), 1, "{:?}", client.said());
        }
    });
}

#[test]
fn a_key_that_does_not_fit_is_2() {
    it(|| {
        let session = netcat("-l --ssl-cert");
        let session = session.arg_file("cert.pem", Identity::trusted().certificate_pem());
        let session = session.arg("--ssl-key").arg_file("key.pem", Identity::self_signed().key_pem());
        let mut server = session.arg("127.0.0.1").arg("0").starts();
        server.leaves(2);
        server.says(&["key"]);
        assert_eq!(server.said().len(), 1, "{:?}", server.said());
    });
}

#[test]
fn a_file_without_a_certificate_is_2() {
    it(|| {
        let session = netcat("-l --ssl-cert").arg_file("cert.pem", "no certificate at all\n");
        let mut server = session.arg("127.0.0.1").arg("0").starts();
        server.leaves(2);
        server.says(&["cert.pem"]);
    });
}

#[test]
fn a_client_shows_its_certificate() {
    it(|| {
        let identity = Identity::issued_for(&["client.example"]);
        let listener = PeerListener::with_tls(Tls::server_asking_for_a_certificate());
        let client = netcat("").with_identity(&identity).connects_to(&listener);
        let mut peer = listener.accepts();
        assert_eq!(peer.tls().peer_certificates().unwrap(), identity.chain);
        client.types("hello");
        peer.hears("hello");
    });
}

#[test]
fn a_client_without_the_certificate_that_is_asked_for_is_1() {
    it(|| {
        let listener = PeerListener::with_tls(Tls::server_asking_for_a_certificate());
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        listener.accepts_without_handshake().fails_to_shake_hands();
        client.leaves(1);
        client.says(&["certificate"]);
    });
}

#[test]
fn a_client_offers_protocols() {
    it(|| {
        let tls = Tls::server_with(Identity::trusted(), |config| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        });
        let listener = PeerListener::with_tls(tls);
        let client = netcat("--ssl-alpn h2,http/1.1").connects_to(&listener);
        assert_eq!(listener.accepts().tls().alpn_protocol(), Some(&b"http/1.1"[..]));
        client.stays_for(ms(0));
    });
}

#[test]
fn v_tells_the_protocol() {
    it(|| {
        let tls = Tls::server_with(Identity::trusted(), |config| {
            config.alpn_protocols = vec![b"smtp".to_vec()];
        });
        let listener = PeerListener::with_tls(tls);
        let client = netcat("-v --ssl-alpn http/1.1,smtp").connects_to(&listener);
        let _peer = listener.accepts();
        client.says(&["smtp"]);
        assert_eq!(client.times_said(&["http/1.1"]), 0, "{:?}", client.said());
    });
}

#[test]
fn a_listener_chooses_a_protocol() {
    it(|| {
        let server = netcat("--ssl-alpn smtp,http/1.1").over(Wire::Tls).listens();
        let tls = Tls::client_with("localhost", |config| {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        });
        let peer = Peer::dials_tls(&server, &tls);
        assert_eq!(peer.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
    });
}

#[test]
fn the_servers_name_is_told() {
    it(|| {
        for (args, host, told) in [
            ("", "localhost", Some("localhost")),
            ("", "127.0.0.1", None),
            ("--ssl-servername other.example", "127.0.0.1", Some("other.example")),
            ("--ssl-servername other.example", "localhost", Some("other.example")),
        ] {
            let listener = PeerListener::new(Wire::Tls);
            let session = netcat(args).over(Wire::Tls);
            let _client = session.connects_to_name(host, listener.address().port());
            let peer = listener.accepts();
            let Connection::Server(tls) = peer.tls() else { panic!("the peer is the server") };
            assert_eq!(tls.server_name(), told, "{args} {host}");
        }
    });
}

#[test]
fn the_servername_is_the_name_that_is_verified() {
    it(|| {
        let identity = Identity::issued_for(&["other.example"]);
        let listener = PeerListener::with_tls(Tls::server(&identity));
        let session = netcat("--ssl-verify --ssl-servername other.example");
        let mut client = session.over(Wire::Tls).stdin(Stdin::Null).connects_to(&listener);
        listener.accepts().closes();
        client.leaves(0);
    });
}

#[test]
fn ciphers_have_iana_and_openssl_names() {
    it(|| {
        for (name, suite) in [
            ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
            ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
        ] {
            let listener = PeerListener::new(Wire::Tls);
            let session = netcat("--ssl-ciphers").arg(name).over(Wire::Tls);
            let _client = session.connects_to(&listener);
            let peer = listener.accepts();
            assert_eq!(peer.tls().negotiated_cipher_suite().unwrap().suite(), suite);
        }
        let name = "ECDHE-ECDSA-CHACHA20-POLY1305";
        let server = netcat("--ssl-ciphers").arg(name).over(Wire::Tls).listens();
        let peer = Peer::dials_tls(&server, &Tls::client_of_tls12());
        let suite = peer.tls().negotiated_cipher_suite().unwrap().suite();
        assert_eq!(suite, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    });
}

#[test]
fn an_unknown_cipher_lists_what_exists() {
    it(|| {
        let mut client = netcat("--ssl-ciphers NONSENSE 127.0.0.1 9").starts();
        client.leaves(2);
        client.says(&["NONSENSE", "CHACHA20", "AES128-GCM"]);
    });
}

#[test]
fn tls_1_3_with_the_post_quantum_hybrid_comes_first() {
    it(|| {
        let listener = PeerListener::new(Wire::Tls);
        let client = netcat("-v").over(Wire::Tls).connects_to(&listener);
        let peer = listener.accepts();
        assert_eq!(peer.tls().protocol_version(), Some(ProtocolVersion::TLSv1_3));
        let group = peer.tls().negotiated_key_exchange_group().unwrap().name();
        assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
        client.says(&["TLS", "1.3"]);
        client.says(&["X25519MLKEM768"]);
    });
}

#[test]
fn tls_1_2_is_spoken_with_older_peers() {
    it(|| {
        let mut server = netcat("").over(Wire::Tls).stdin(Stdin::Null).listens();
        let mut peer = Peer::dials_tls(&server, &Tls::client_of_tls12());
        assert_eq!(peer.tls().protocol_version(), Some(ProtocolVersion::TLSv1_2));
        peer.sends("hello");
        peer.closes();
        server.shows("hello");
        server.leaves(0);
    });
}

#[test]
fn sslkeylogfile_is_heeded() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("keys");
        let listener = PeerListener::new(Wire::Tls);
        let session = netcat("").over(Wire::Tls).env("SSLKEYLOGFILE", &file);
        let client = session.connects_to(&listener);
        client.types("hello");
        listener.accepts().hears("hello");
        let keys = std::fs::read_to_string(&file).unwrap();
        assert!(keys.contains("CLIENT_TRAFFIC_SECRET_0 "), "{keys}");
    });
}
