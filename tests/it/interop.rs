//! Together with OpenSSL's own client and server.

use std::path::Path;

use crate::lang::{
    Identity, Scratch, Session, Stdin, Target as _, Wire, authority_pem, it, ms, netcat, noise, program,
    same_bytes, tool,
};

#[test]
fn openssl_serves_a_client() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = s_server(&openssl, Identity::trusted(), "-quiet");
        let mut client = netcat("-v --ssl-verify").over(Wire::Tls).connects_to_name(
            "127.0.0.1",
            port_of(&mut server),
        );
        client.types("up\n");
        server.shows("up\n");
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
            let mut server = s_server(&openssl, Identity::trusted(), &format!("-quiet {version}"));
            let bulk = noise(23, 1 << 20);
            let session = netcat("--send-only").over(Wire::Tls).stdin(Stdin::File(bulk.clone()));
            let mut client = session.connects_to_name("127.0.0.1", port_of(&mut server));
            client.leaves(0);
            same_bytes(&server.shows_bytes(bulk.len()), &bulk);
        }
    });
}

#[test]
fn openssl_says_that_a_certificate_expired() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let mut server = s_server(&openssl, &Identity::expired(), "-quiet");
        let session = netcat("--ssl").trusting(&authority_pem());
        let client = session.connects_to_name("127.0.0.1", port_of(&mut server));
        client.says(&["expired", "2020"]);
        client.types("up\n");
        server.shows("up\n");
        client.stays_for(ms(0));
    });
}

/// What OpenSSL talks to and rustls' own checks refuse.
#[test]
fn certificates_of_yesterday_work_with_a_warning() {
    it(|| {
        let Some(openssl) = tool("openssl") else { return };
        let scratch = Scratch::new();
        for (name, options) in [
            ("v1", "-x509v1 -newkey rsa:2048"),
            ("rsa1024", "-newkey rsa:1024 -sha256"),
            ("sha1", "-newkey rsa:2048 -sha1"),
        ] {
            let (key, certificate) = (scratch.path("key.pem"), scratch.path(name));
            let mut request = program(&openssl, "req -x509 -nodes -days 2 -subj /CN=localhost -keyout")
                .arg(&key)
                .arg("-out")
                .arg(&certificate);
            for option in options.split(' ') {
                request = request.arg(option);
            }
            let mut request = request.starts();
            if !request.succeeds() {
                crate::lang::skip(&format!("this openssl makes no certificate with {options}"));
                continue;
            }
            let mut server = program(&openssl, "s_server -accept 127.0.0.1:0 -cipher ALL:@SECLEVEL=0 -cert")
                .arg(&certificate)
                .arg("-key")
                .arg(&key)
                .starts();
            let port = port_of(&mut server);
            let client = netcat("--ssl").connects_to_name("127.0.0.1", port);
            client.types("hello\n");
            server.shows_line_with("hello");
            assert_eq!(client.said().len(), 1, "{name}: {:?}", client.said());
            netcat("--ssl-verify").connects_to_name("127.0.0.1", port).leaves(1);
        }
    });
}

fn s_server(openssl: &Path, identity: &Identity, options: &str) -> Session {
    // -naccept keeps the line that tells the port, which -quiet alone would hide.
    let server = program(openssl, "s_server -accept 127.0.0.1:0 -cert");
    let server = server.arg_file("cert.pem", identity.certificate_pem());
    let server = server.arg("-key").arg_file("key.pem", identity.key_pem());
    options.split(' ').fold(server, |server, option| server.arg(option)).starts()
}

/// Where `openssl s_server` listens: `ACCEPT 127.0.0.1:4433`.
fn port_of(server: &mut Session) -> u16 {
    let line = server.shows_line_with("ACCEPT ");
    let (_, port) = line.rsplit_once(':').unwrap();
    port.trim().parse().unwrap()
}
