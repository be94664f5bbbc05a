//! `--mx` over TLS: the name that counts is the exchanger's.

use rustls::Connection;

use crate::lang::{Identity, NameServer, Netcat, Peer, PeerListener, Session, Tls, authority_pem, it, name_server};
use crate::mx::{converse, exchangers, finds};

const ZONE: &str = "example.org MX 1 mx.example.net\n mx.example.net A 127.0.0.2";

fn encrypted(dns: &NameServer, args: &str, port: u16) -> Netcat {
    finds(dns, args).trusting(&authority_pem()).arg(port.to_string())
}

fn converses(client: Session, peer: Peer, name: &str) {
    let Connection::Server(server) = peer.tls() else { panic!() };
    assert_eq!(server.server_name(), Some(name), "SNI");
    converse(client, peer);
}

fn asked_to_encrypt(listener: &PeerListener) -> Peer {
    let mut peer = listener.accepts();
    peer.sends("220 hi\r\n");
    assert!(peer.hears_line().starts_with("EHLO "));
    peer.sends("250-hi\r\n250 STARTTLS\r\n");
    peer.hears("STARTTLS\r\n");
    peer.sends("220 go\r\n");
    peer
}

#[test]
fn the_certificate_is_that_of_the_exchanger() {
    it(|| {
        let ([listener], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let tls = Tls::server(&Identity::issued_for(&["mx.example.net"]));
        let client = encrypted(&dns, "--ssl-verify", port).starts();
        let mut peer = listener.accepts();
        peer.turns_to_tls(&tls);
        converses(client, peer, "mx.example.net");
        let client = encrypted(&dns, "--ssl-verify --starttls smtp", port).starts();
        let mut peer = asked_to_encrypt(&listener);
        peer.turns_to_tls(&tls);
        converses(client, peer, "mx.example.net");
    });
}

#[test]
fn the_domains_own_certificate_is_another() {
    it(|| {
        let ([listener], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let tls = Tls::server(&Identity::issued_for(&["example.org"]));
        for args in ["--ssl-verify", "--ssl-verify --starttls smtp"] {
            let mut client = encrypted(&dns, args, port).starts();
            let mut peer = if args.contains("smtp") { asked_to_encrypt(&listener) } else { listener.accepts() };
            peer.begins_tls(&tls);
            peer.fails_to_shake_hands();
            client.leaves(1);
            client.says(&["mx.example.net", "example.org"]);
        }
    });
}

#[test]
fn another_name_may_be_asked_for() {
    it(|| {
        let ([listener], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let tls = Tls::server(&Identity::issued_for(&["other.example"]));
        let client = encrypted(&dns, "--ssl-verify --ssl-servername other.example", port).starts();
        let mut peer = listener.accepts();
        peer.turns_to_tls(&tls);
        converses(client, peer, "other.example");
    });
}

#[test]
fn encryption_asked_for_later_is_with_the_exchanger_too() {
    it(|| {
        let ([listener], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let tls = Tls::server(&Identity::issued_for(&["mx.example.net"]));
        let mut client = encrypted(&dns, "--quiet --ssl-verify --starttls typed", port).starts();
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        client.shows("220 hi\r\n");
        client.types("STARTTLS\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n");
        client.shows("220 go\r\n");
        peer.turns_to_tls(&tls);
        converses(client, peer, "mx.example.net");
    });
}

#[test]
fn the_next_exchanger_is_checked_for_its_own_name() {
    it(|| {
        let ([_, listener], port) = exchangers(["127.0.0.2", "127.0.0.3"]);
        let dns = name_server(&format!("{ZONE}\n example.org MX 2 b.example.net\n b.example.net A 127.0.0.3"));
        let client = encrypted(&dns, "--ssl-verify", port).starts();
        let mut peer = listener.accepts();
        peer.turns_to_tls(&Tls::server(&Identity::issued_for(&["b.example.net"])));
        converses(client, peer, "b.example.net");
    });
}
