//! Together with OpenSSL's own client and server.

use std::path::Path;

use crate::lang::{
    Identity, Session, Stdin, Target as _, Wire, authority_pem, it, ms, netcat, noise, program, same_bytes, tool,
};

#[test]
fn openssl_serves_a_client() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = s_server(&openssl, Identity::trusted(), "");
        let mut client = netcat("-v --ssl-verify").over(Wire::Tls).connects_to_name("localhost", port_of(&mut server));
        client.types("up\n");
        server.shows_line_with("up");
        server.types("down\n");
        client.shows("down\n");
        client.says(&["SSL connection to 127.0.0.1:"]);
    });
}

#[test]
fn openssl_connects_to_a_listener() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = netcat("").over(Wire::Tls).listens();
        let mut client = program(&openssl, "s_client -quiet -verify_return_error -CAfile")
            .arg_file("authority.pem", authority_pem())
            .arg("-connect")
            .arg(server.addr().to_string())
            .starts();
        client.types("up\n");
        server.shows("up\n");
        server.types("down\n");
        client.shows("down\n");
        server.ends_stdin();
        client.ends_stdin();
        server.leaves(0);
    });
}

#[test]
fn openssl_receives_every_byte() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        for version in ["-tls1_2", "-tls1_3"] {
            let mut server = s_server(&openssl, Identity::trusted(), version);
            let bulk = noise(23, 1 << 20);
            let session = netcat("--send-only").over(Wire::Tls).stdin(Stdin::File(bulk.clone()));
            let mut client = session.connects_to_name("localhost", port_of(&mut server));
            client.leaves(0);
            let shown = server.shows_to_end();
            let start = shown.windows(16).position(|bytes| *bytes == bulk[..16]).unwrap();
            same_bytes(&shown[start..shown.len().min(start + bulk.len())], &bulk);
        }
    });
}

#[test]
fn openssl_says_that_a_certificate_expired() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = s_server(&openssl, &Identity::expired(), "");
        let session = netcat("--ssl").trusting(&authority_pem());
        let client = session.connects_to_name("localhost", port_of(&mut server));
        client.says(&["expired", "2020"]);
        client.types("up\n");
        server.shows_line_with("up");
        client.stays_for(ms(0));
    });
}

/// What OpenSSL talks to and rustls' own checks refuse.
#[test]
fn certificates_of_yesterday_work_with_a_warning() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        for (certificate, key) in [("v1", "sec1"), ("rsa1024", "rsa1024.key"), ("sha1", "pkcs8")] {
            let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata");
            let server = program(&openssl, "s_server -accept 127.0.0.1:0 -cert");
            let server = server.arg(made.join(format!("{certificate}.pem"))).arg("-key");
            let server = server.arg(made.join(format!("{key}.pem")));
            let mut server = server.arg("-cipher").arg("ALL:@SECLEVEL=0").starts();
            let port = port_of(&mut server);
            let client = netcat("--ssl").connects_to_name("localhost", port);
            client.types("hello\n");
            server.shows_line_with("hello");
            client.says(&["certificate"]);
            assert_eq!(client.said().len(), 1, "{certificate}: {:?}", client.said());
            drop(client);
            netcat("--ssl-verify").connects_to_name("localhost", port).leaves(1);
        }
    });
}

/// `-quiet` would hide the line that tells the port; so the data comes among OpenSSL's own lines.
pub(super) fn s_server(openssl: &Path, identity: &Identity, options: &str) -> Session {
    let server = program(openssl, "s_server -accept 127.0.0.1:0 -naccept 1");
    let server = options.split_whitespace().fold(server, |server, option| server.arg(option));
    let server = server.arg("-cert").arg_file("cert.pem", identity.certificate_pem());
    server.arg("-key").arg_file("key.pem", identity.key_pem()).starts()
}

/// Where `openssl s_server` listens: `ACCEPT 127.0.0.1:4433`.
pub(super) fn port_of(server: &mut Session) -> u16 {
    let line = server.shows_line_with("ACCEPT ");
    let (_, port) = line.rsplit_once(':').unwrap();
    port.trim().parse().unwrap()
}
