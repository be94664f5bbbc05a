//! `--mx` where DNS or the exchangers do not do what they should.

use std::net::TcpListener;

use crate::lang::{Datagrams, PeerListener, free_port, full_backlog, it, name_server, netcat};
use crate::mx::{exchangers, finds};

#[test]
fn each_failure_of_dns_is_one_line_with_a_hint() {
    it(|| {
        for (zone, status, words) in [
            ("", 2, ["there is no such domain (NXDOMAIN)", "check the spelling"]),
            ("example.org MX 0 .", 1, ["it takes no mail: its MX record is null (RFC 7505)", "the right domain?"]),
            ("example.org SERVFAIL", 1, ["SERVFAIL", "try again later"]),
            ("example.org REFUSED", 1, ["REFUSED", "--dns ADDRESS asks another"]),
            ("example.org GARBAGE", 1, ["the answer is garbled", "--dns ADDRESS asks another"]),
            ("example.org CNAME example.org", 1, ["its CNAME leads to no end", "mend"]),
            ("example.org CNAME gone.example", 2, ["alias of gone.example", "mend"]),
            ("example.org TXT x", 2, ["it has no MX record", "it has no address"]),
        ] {
            let dns = name_server(zone);
            let mut client = finds(&dns, "").starts();
            client.leaves(status);
            client.says(&[&["find the mail server of example.org: "], &words[..]].concat());
            assert_eq!(client.said().len(), 1, "{:?}", client.said());
        }
    });
}

#[test]
fn a_silent_name_server_is_told_when_time_is_up() {
    it(|| {
        let silent = Datagrams::new();
        let server = silent.address();
        let mut client = netcat("-w 300ms --mx example.org --dns").arg(server.to_string()).starts();
        client.leaves(1);
        client.says(&["TIMEOUT", &format!("no answer from {server}"), "--dns", "-w"]);
    });
}

#[test]
fn a_silent_name_server_is_given_up_before_time_is_up() {
    it(|| {
        let dns = name_server("example.org SILENT");
        let mut client = finds(&dns, "-w 60").starts();
        client.leaves(1);
        client.says(&[&format!("{}: no answer; is the network up?", dns.address())]);
    });
}

#[test]
fn where_nobody_answers_dns_that_is_told_at_once() {
    it(|| {
        let mut client = netcat("-w 60 --mx example.org --dns").arg(format!("127.0.0.1:{}", free_port())).starts();
        client.leaves(1);
        client.says(&["Connection refused; --dns ADDRESS asks another"]);
    });
}

#[test]
fn what_is_lost_is_asked_again() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server("example.org ONCE\n example.org MX 1 a.example.org\n a.example.org A 127.0.0.2");
        let mut client = finds(&dns, "").arg(port.to_string()).starts();
        server.accepts().sends("220 hi\r\n");
        client.shows("220 hi\r\n");
    });
}

#[test]
fn lies_are_not_believed() {
    it(|| {
        let ([server, _evil], port) = exchangers(["127.0.0.2", "127.0.0.66"]);
        let dns = name_server("example.org FORGED\n example.org MX 1 a.example.org\n a.example.org A 127.0.0.2");
        let mut client = finds(&dns, "").arg(port.to_string()).starts();
        server.accepts().sends("220 hi\r\n");
        client.shows("220 hi\r\n");
    });
}

#[test]
fn an_old_name_server_is_asked_without_edns() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(
            "example.org OLD\n example.org MX 1 a.example.org\n a.example.org OLD\n a.example.org A 127.0.0.2",
        );
        let mut client = finds(&dns, "").arg(port.to_string()).starts();
        server.accepts().sends("220 hi\r\n");
        client.shows("220 hi\r\n");
    });
}

#[test]
fn an_answer_that_is_too_long_and_not_to_be_had_is_told() {
    it(|| {
        let many = (0..100).map(|n| format!("example.org MX {n} a-long-name-{n}.example.org"));
        let zone = many.chain(["example.org DEAF".to_owned()]).collect::<Vec<_>>().join("\n");
        let dns = name_server(&zone);
        let mut client = finds(&dns, "").starts();
        client.leaves(1);
        client.says(&["the answer is too long for a datagram, and over TCP: it closed the connection"]);
    });
}

#[test]
fn exchangers_that_cannot_be_reached_are_all_named() {
    it(|| {
        let (_, port) = exchangers(["127.0.0.2", "127.0.0.3"]);
        let zone = "example.org MX 1 a.example.org\n example.org MX 2 b.example.org\n \
            a.example.org A 127.0.0.2\n b.example.org A 127.0.0.3";
        let dns = name_server(zone);
        let mut client = finds(&dns, "").arg(port.to_string()).starts();
        client.leaves(1);
        client.says(&[
            "connect to the mail server of example.org: ",
            &format!("a.example.org:{port}: 127.0.0.2:{port}: Connection refused; "),
            &format!("b.example.org:{port}: 127.0.0.3:{port}: Connection refused; nobody listens there"),
        ]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
        let dns = name_server("example.org MX 1 a.example.org\n a.example.org A 127.0.0.2");
        let mut client = finds(&dns, "").arg(port.to_string()).starts();
        client.leaves(1);
        client.says(&[&format!("connect to a.example.org:{port}: 127.0.0.2:{port}: Connection refused; nobody")]);
    });
}

#[test]
fn a_silent_exchanger_alone_has_the_whole_time() {
    it(|| {
        let Some(silent) = full_backlog("127.0.0.2") else { return };
        let dns = name_server("example.org MX 1 a.example.org\n a.example.org A 127.0.0.2");
        let port = silent.addr.port();
        let mut client = finds(&dns, "-w 500ms").arg(port.to_string()).starts();
        client.leaves(1);
        client.says(&[
            "TIMEOUT. No connection within 0.5 s",
            &format!("a.example.org:{port}: 127.0.0.2:{port}: no answer"),
        ]);
    });
}

#[test]
fn silent_ones_and_those_that_refuse_are_told_together() {
    it(|| {
        let (silent, other) = loop {
            let Some(silent) = full_backlog("127.0.0.3") else { return };
            if let Ok(other) = TcpListener::bind(("127.0.0.2", silent.addr.port())) {
                break (silent, PeerListener::from(other));
            }
        };
        drop(other);
        let zone = "example.org MX 1 a.example.org\n example.org MX 2 b.example.org\n \
            a.example.org A 127.0.0.2\n b.example.org A 127.0.0.3";
        let port = silent.addr.port();
        let dns = name_server(zone);
        let mut client = finds(&dns, "-w 500ms").arg(port.to_string()).starts();
        client.leaves(1);
        client.says(&["TIMEOUT", "127.0.0.2", "refused", "127.0.0.3", "no answer"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}
