//! A catalogue of mistakes that people make, and what they read then: what failed, why, and what to try.
//!
//! A newcomer's trap: a message is one line, the hint behind a semicolon; scripts and journals keep lines, not
//! paragraphs.

use crate::lang::{PeerListener, Scratch, Wire, free_port, it, netcat, starts_programs};

/// It leaves with this status after one line that has all these words.
#[track_caller]
fn teaches(args: &str, code: i32, words: &[&str]) {
    let mut session = netcat(args).starts();
    session.leaves(code);
    session.says(words);
    assert_eq!(session.said().len(), 1, "{args}: {:?}", session.said());
}

#[test]
fn nobody_listens_there() {
    it(|| {
        let args = format!("127.0.0.1 {}", free_port());
        teaches(&args, 1, &["Connection refused", "is the server running, is the port right?"]);
    });
}

#[test]
fn the_port_comes_before_the_host() {
    it(|| {
        teaches("25 mail.example", 2, &["mail.example", "no service has that name", "the host comes before the port"])
    });
}

#[test]
fn the_port_is_too_large() {
    it(|| teaches("127.0.0.1 99999", 2, &["99999", "ports go from 0 to 65535"]));
}

#[test]
fn the_name_is_looked_up_though_n_forbids_it() {
    it(|| teaches("-n localhost 25", 2, &["localhost", "with -n it must be an address", "leave out -n"]));
}

#[test]
fn the_name_does_not_exist() {
    it(|| teaches("no-such-host.invalid 25", 2, &["no-such-host.invalid", "check the spelling and the network"]));
}

#[test]
fn the_time_is_not_a_time() {
    it(|| teaches("-w soon 127.0.0.1 25", 2, &["soon", "not a time", "write 500ms, 5, 5s, 1.5m or 2h"]));
}

#[test]
fn the_protocol_has_no_starttls() {
    it(|| teaches("--starttls gopher 127.0.0.1 70", 2, &["gopher", "not a protocol in which TLS", "smtp"]));
}

#[test]
fn the_port_is_in_use() {
    it(|| {
        let taken = PeerListener::new(Wire::Plain);
        let port = taken.address().port();
        teaches(&format!("-l 127.0.0.1 {port}"), 2, &["in use", &port.to_string()]);
    });
}

#[test]
fn the_proxy_is_not_running() {
    it(|| {
        let proxy = format!("127.0.0.1:{}", free_port());
        teaches(&format!("--proxy {proxy} 127.0.0.1 25"), 1, &[&proxy, "Connection refused", "is the server running"]);
    });
}

#[test]
fn the_unix_socket_is_not_there() {
    it(|| {
        let path = Scratch::new().path("no.sock").display().to_string();
        teaches(&format!("-U {path}"), 1, &[&path, "No such file or directory", "is the server running"]);
    });
}

#[test]
fn the_network_has_no_way_to_an_ipv6_address() {
    it(|| {
        let starter = "exec unshare -rn";
        if !starts_programs(starter) {
            return;
        }
        let mut client = netcat("-6").started_by(starter).connects_to_name("100::1", 25);
        client.leaves(1);
        client.says(&["100::1", "no way to it by IPv6 from here; -4 tries IPv4 alone"]);
    });
}

#[test]
fn the_server_does_not_speak_tls() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").over(Wire::Tls).connects_to(&listener);
        listener.accepts().sends("220 mail.example ESMTP\r\n");
        client.leaves(1);
        client.says(&["plain text", "220 mail.example", "leave out --ssl", "STARTTLS"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn the_certificate_file_is_not_there() {
    it(|| {
        let path = Scratch::new().path("cert.pem").display().to_string();
        teaches(&format!("-l --ssl-cert {path} --ssl-key {path} 127.0.0.1 0"), 2, &[&path, "No such file"]);
    });
}
