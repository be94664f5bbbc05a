//! `--mx`: the server for a domain's mail is found, and connected to as any other.

use std::net::TcpListener;

use crate::lang::{
    NameServer, Netcat, Peer, PeerListener, Session, full_backlog, ipv6, it, ms, name_server, name_server_at, netcat,
};

/// Servers at the same port of these addresses.
pub(crate) fn exchangers<const N: usize>(hosts: [&str; N]) -> ([PeerListener; N], u16) {
    std::iter::repeat_with(|| {
        let first = TcpListener::bind((hosts[0], 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        let rest = hosts[1..].iter().map(|host| TcpListener::bind((*host, port)));
        let all: Result<Vec<_>, _> = std::iter::once(Ok(first)).chain(rest).collect();
        Some((all.ok()?.into_iter().map(PeerListener::from).collect::<Vec<_>>().try_into().ok()?, port))
    })
    .find_map(|found| found)
    .unwrap()
}

const TWO: &str = "example.org MX 20 b.example.org\n example.org MX 10 a.example.org\n \
    a.example.org A 127.0.0.2\n b.example.org A 127.0.0.3";

pub(crate) fn finds(server: &NameServer, args: &str) -> Netcat {
    netcat(args).arg_words("--mx example.org").asking(server)
}

fn converses(client: Session, listener: &PeerListener) {
    converse(client, listener.accepts());
}

/// A greeting and QUIT, each of which arrives.
pub(crate) fn converse(mut client: Session, mut peer: Peer) {
    peer.sends("220 hi\r\n");
    client.shows("220 hi\r\n");
    client.types("QUIT\r\n");
    peer.hears("QUIT\r\n");
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
    assert_eq!(client.said(), [""; 0]);
}

#[test]
fn the_exchanger_of_the_lowest_preference_is_connected_to() {
    it(|| {
        let (servers, port) = exchangers(["127.0.0.2", "127.0.0.3"]);
        let dns = name_server(TWO);
        let client = finds(&dns, "").arg(port.to_string()).starts();
        converses(client, &servers[0]);
        let client = netcat("--mx").arg(format!("EXAMPLE.org.:{port}")).asking(&dns).starts();
        converses(client, &servers[0]);
    });
}

#[test]
fn the_next_one_is_tried_when_one_refuses() {
    it(|| {
        let ([_, second], port) = exchangers(["127.0.0.2", "127.0.0.3"]);
        let dns = name_server(TWO);
        converses(finds(&dns, "").arg(port.to_string()).starts(), &second);
    });
}

#[test]
fn a_silent_one_keeps_the_next_waiting_for_a_part_of_w() {
    it(|| {
        let (silent, second) = loop {
            let Some(silent) = full_backlog("127.0.0.2") else { return };
            if let Ok(second) = TcpListener::bind(("127.0.0.3", silent.addr.port())) {
                break (silent, PeerListener::from(second));
            }
        };
        let dns = name_server(TWO);
        let client = finds(&dns, "-w 1").arg(silent.addr.port().to_string()).starts();
        converses(client, &second);
    });
}

#[test]
fn one_whose_address_is_not_found_is_passed_over() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.3"]);
        for trouble in ["SERVFAIL", "REFUSED", "GARBAGE", "SILENT", "CNAME a.example.org"] {
            let zone = format!(
                "example.org MX 1 a.example.org\n example.org MX 2 gone.example.org\n \
                 example.org MX 3 b.example.org\n a.example.org {trouble}\n b.example.org A 127.0.0.3"
            );
            let dns = name_server(&zone);
            converses(finds(&dns, "-w 3").arg(port.to_string()).starts(), &server);
        }
    });
}

#[test]
fn a_domain_without_mx_takes_its_mail_itself() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server("example.org A 127.0.0.2\n example.org TXT v=spf1 a -all");
        converses(finds(&dns, "").arg(port.to_string()).starts(), &server);
    });
}

#[test]
fn aliases_are_followed_wherever_they_stand() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(
            "example.org CNAME www.example.org\n www.example.org CNAME x.example.org\n \
             x.example.org MX 1 mail.example.org\n mail.example.org CNAME host.example.org\n \
             host.example.org A 127.0.0.2",
        );
        converses(finds(&dns, "").arg(port.to_string()).starts(), &server);
    });
}

#[test]
fn the_port_is_25_if_none_is_given() {
    it(|| {
        let dns = name_server("example.org MX 1 a.example.org\n a.example.org A 127.0.0.9");
        let client = finds(&dns, "-v --recv-only").starts();
        client.says(&["Connecting to a.example.org:25."]);
    });
}

#[test]
fn families_are_heeded() {
    it(|| {
        if !ipv6() {
            return;
        }
        let zone = "example.org MX 1 a.example.org\n a.example.org A 127.0.0.1\n a.example.org AAAA ::1";
        let dns = name_server(zone);
        let ([four], port) = exchangers(["127.0.0.1"]);
        converses(finds(&dns, "-4").arg(port.to_string()).starts(), &four);
        let mut client = finds(&dns, "-6").arg(port.to_string()).starts();
        client.leaves(1);
        client.says(&[&format!("a.example.org:{port}: [::1]:{port}: Connection refused")]);
        let ([six], port) = exchangers(["::1"]);
        converses(finds(&dns, "").arg(port.to_string()).starts(), &six);
        let dns = name_server("example.org A 127.0.0.1");
        let mut client = finds(&dns, "-6").arg(port.to_string()).starts();
        client.leaves(2);
        client.says(&["no IPv6 address", "-6"]);
    });
}

#[test]
fn a_name_server_may_have_an_ipv6_address() {
    it(|| {
        if !ipv6() {
            return;
        }
        let ([server], port) = exchangers(["127.0.0.3"]);
        let dns = name_server_at("::1", "example.org MX 1 a.example.org\n a.example.org A 127.0.0.3");
        converses(finds(&dns, "").arg(port.to_string()).starts(), &server);
    });
}

#[test]
fn it_is_connected_to_from_where_one_wants() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(TWO);
        let _client = finds(&dns, "-s 127.0.0.7").arg(port.to_string()).starts();
        assert_eq!(server.accepts().address().ip().to_string(), "127.0.0.7");
    });
}

#[test]
fn a_command_and_a_dialogue_may_talk_to_it() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(TWO);
        let mut client = finds(&dns, "").arg(port.to_string()).arg("-c").arg("read x; echo \"got $x\"").starts();
        let mut peer = server.accepts();
        peer.sends("220 hi\n");
        peer.hears("got 220 hi\n");
        peer.closes();
        client.leaves(0);
        let play = "S: 220\nC: QUIT\nS: 221\n";
        let mut client = finds(&dns, "").arg(port.to_string()).arg("--play").arg_file("x.play", play).starts();
        let mut peer = server.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn lines_may_wait_for_its_replies() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(TWO);
        let mut client = finds(&dns, "--pace smtp --fail").arg(port.to_string()).starts();
        client.types("EHLO me\nQUIT\n");
        let mut peer = server.accepts();
        peer.hears_nothing_for(ms(100));
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\n");
        peer.sends("550 no\r\n");
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.closes();
        client.leaves(3);
    });
}

#[test]
fn a_transcript_names_the_exchanger() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(TWO);
        let mut client = finds(&dns, "").arg(port.to_string()).arg("--transcript").arg_path("x").starts();
        let mut peer = server.accepts();
        peer.sends("220 hi\r\n");
        client.shows("220 hi\r\n");
        let text = std::fs::read_to_string(client.file("x")).unwrap();
        assert!(text.contains(&format!("# S: a.example.org, reached at 127.0.0.2:{port}\n")), "{text}");
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn a_mailbox_is_no_domain() {
    it(|| {
        let mut client = netcat("--mx me@example.org").starts();
        client.leaves(2);
        client.says(&["--mx me@example.org: this is a mailbox", "--mx example.org"]);
    });
}
