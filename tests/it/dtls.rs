//! DTLS: `-u --ssl`. Interoperation with other programs is `scripts/interop`'s.

use std::net::UdpSocket;

use crate::lang::{Identity, Stdin, Target as _, authority_pem, connect, it, listen, ms, netcat, program, tool};

/// Whether our clients' DTLS is OpenSSL's: it carries more, but has no DTLS 1.3.
const OPENSSL: bool = cfg!(feature = "dtls-openssl");

#[test]
fn datagrams_go_both_ways() {
    it(|| {
        let mut server = listen("-u --ssl");
        let mut client = connect(&server, "-v -u --ssl");
        client.types("up\n");
        server.shows("up\n");
        server.types("down\n");
        client.shows("down\n");
        client.says(&["SSL connection to 127.0.0.1:"]);
        client.says(&[if OPENSSL { "DTLS 1.2 by OpenSSL, TLS_ECDHE_ECDSA_" } else { "DTLS 1.3, TLS_AES_" }]);
        server.says(&["SHA-256 fingerprint is"]);
        server.says(&["SSL connection from 127.0.0.1:"]);
    });
}

#[test]
fn the_answer_is_shown_after_the_end_of_stdin() {
    it(|| {
        for cipher in ["ECDHE-ECDSA-AES128-GCM-SHA256", if OPENSSL { "ALL" } else { "TLS_AES_128_GCM_SHA256" }] {
            let server = netcat("-k -u --ssl --sh-exec cat --ssl-ciphers").arg(cipher).listens();
            for _ in 0..2 {
                let client = netcat("-u --ssl --ssl-ciphers").arg(cipher).stdin(Stdin::File(b"hello\n".to_vec()));
                let mut client = client.connects_to(&server);
                client.shows("hello\n");
                client.leaves(0);
            }
        }
    });
}

#[test]
fn the_end_of_a_peer_is_told() {
    it(|| {
        let mut server = listen("-u --ssl");
        let mut client = netcat("-u --ssl").stdin(Stdin::File(b"hello\n".to_vec())).connects_to(&server);
        client.leaves(0);
        server.shows("hello\n");
        server.ends_stdin();
        server.leaves(0);
    });
}

#[test]
fn certificates_are_verified_as_for_tls() {
    it(|| {
        let trusted = || netcat("-k -u --ssl").with_identity(Identity::trusted()).listens();
        let mut server = trusted();
        let client = netcat("-u --ssl-verify").trusting(&authority_pem());
        let client = client.connects_to_name("localhost", server.addr().port());
        client.types("hello\n");
        server.shows("hello\n");

        let server = trusted();
        let client = netcat("-u --ssl-verify --ssl-servername other.test").trusting(&authority_pem());
        let mut client = client.connects_to(&server);
        client.leaves(1);
        client.says(&["the server's certificate is not trusted: issued for", "not for other.test"]);

        let client = netcat("-u --ssl-servername other.test").trusting(&authority_pem());
        let client = client.connects_to(&server);
        if !OPENSSL {
            client.says(&["--ssl-servername is checked, but not sent"]);
        }
        client.says(&["is not trusted: issued for", "not for other.test"]);
    });
}

#[test]
fn what_dtls_does_not_carry_is_2() {
    it(|| {
        if !OPENSSL {
            let mut client = netcat("-u --ssl-alpn smtp 127.0.0.1 9").starts();
            client.leaves(2);
            client.says(&["--ssl-alpn", "no ALPN in DTLS"]);
        }
        let mut server = netcat("-l -u --ssl").with_identity(&Identity::rsa()).arg("127.0.0.1").arg("0").starts();
        server.leaves(2);
        server.says(&["this key is RSA"]);
    });
}

#[test]
fn an_rsa_certificate_is_verified_or_named_as_the_trouble() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let (rsa, server) = (Identity::rsa(), program(&openssl, "s_server -dtls1_2 -accept 127.0.0.1:0 -alpn smtp"));
        let server = server.arg("-cert").arg_file("cert.pem", rsa.certificate_pem());
        let mut server = server.arg("-key").arg_file("key.pem", rsa.key_pem()).starts();
        let line = server.shows_line_with("ACCEPT ");
        let port = line.trim().rsplit_once(':').unwrap().1.parse().unwrap();
        let client = netcat("-v -u --ssl-verify").trusting(&authority_pem());
        if OPENSSL {
            let mut client = client.arg("--ssl-alpn").arg("smtp").connects_to_name("localhost", port);
            client.types("up\n");
            server.shows_line_with("up");
            server.types("down\n");
            client.shows("down\n");
            client.says(&["TLS_ECDHE_RSA_", "ALPN smtp"]);
        } else {
            let mut client = client.connects_to_name("localhost", port);
            client.leaves(1);
            client.says(&["the peer refused: handshake_failure", "its certificate may be RSA"]);
        }
    });
}

#[test]
fn nobody_takes_a_listener_without_proving_his_address() {
    it(|| {
        let mut server = listen("-u --ssl");
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        for garbage in [&b"hello\n"[..], b"", &[22; 200]] {
            stranger.send_to(garbage, server.addr()).unwrap();
        }
        stranger.send_to(include_bytes!("data/client_hello.dtls"), server.addr()).unwrap();
        stranger.set_read_timeout(Some(ms(5000))).unwrap();
        let mut answer = [0; 2000];
        let n = stranger.recv(&mut answer).unwrap();
        assert!(n < include_bytes!("data/client_hello.dtls").len(), "{n} bytes: less than what asked for it");
        let client = connect(&server, "-u --ssl");
        client.types("hello\n");
        server.shows("hello\n");
    });
}

#[test]
fn a_peer_without_dtls_is_given_up() {
    it(|| {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut client = connect(&silent.local_addr().unwrap(), "-w 1 -u --ssl");
        silent.set_read_timeout(Some(ms(5000))).unwrap();
        let (_, from) = silent.recv_from(&mut [0; 2000]).unwrap();
        silent.send_to(b"What do you want?\n", from).unwrap();
        client.leaves(1);
        client.says(&["DTLS with 127.0.0.1:", "TIMEOUT"]);
    });
}
