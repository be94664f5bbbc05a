//! Who may come in: `--allow`, `--deny` and their files.

use std::net::SocketAddr;

use crate::lang::{Datagrams, Peer, Session, Wire, ipv6, it, ms, netcat, over_tcp_and_tls, skip};

over_tcp_and_tls! {
    who_is_denied_gets_an_end_and_who_is_not_is_served,
    who_is_not_allowed_is_denied,
}

fn who_is_denied_gets_an_end_and_who_is_not_is_served(wire: Wire) {
    let mut server = netcat("--deny 127.0.0.2").over(wire).listens();
    // Before the handshake: there is none.
    let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
    denied.hears_end();
    server.says(&["New connection denied: not allowed"]);
    is_served(&mut server, wire);
}

fn who_is_not_allowed_is_denied(wire: Wire) {
    let mut server = netcat("--allow 127.0.0.1,10.0.0.0/8").over(wire).listens();
    let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
    denied.hears_end();
    is_served(&mut server, wire);
}

fn comes_from(own: &str, server: &Session) -> Option<Peer> {
    let peer = Peer::dials_from(own, server);
    if peer.is_none() {
        skip(&format!("{own} is no address of this machine"));
    }
    peer
}

fn is_served(server: &mut Session, wire: Wire) {
    let mut peer = Peer::dials(server, wire);
    peer.sends("hi\n");
    server.shows("hi\n");
    server.types("answer\n");
    peer.hears("answer\n");
}

#[test]
fn deny_wins_over_allow() {
    it(|| {
        let mut server = netcat("-k --allow 127.0.0.0/8 --deny 127.0.0.2").listens();
        let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
        denied.hears_end();
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn options_add_up() {
    it(|| {
        let mut server = netcat("-k --allow 10.1.2.3 --allow 127.0.0.1 --deny 127.0.0.3 --deny 127.0.0.2").listens();
        for own in ["127.0.0.2", "127.0.0.3", "127.0.0.4"] {
            let Some(mut denied) = comes_from(own, &server) else { return };
            denied.hears_end();
        }
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn octets_may_be_ranges_and_lists() {
    it(|| {
        let mut server = netcat("-k --allow 127.0.0.1,3-4").listens();
        let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
        denied.hears_end();
        let mut allowed = comes_from("127.0.0.3", &server).unwrap();
        allowed.sends("three\n");
        server.shows("three\n");
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn files_have_a_host_a_line_and_comments() {
    it(|| {
        let list = "# who may come in\n\n127.0.0.1\n  10.0.0.0/8 # the others\n";
        let mut server = netcat("-k --allowfile").arg_file("allowed", list).listens();
        let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
        denied.hears_end();
        is_served(&mut server, Wire::Plain);
        let mut server = netcat("-k --denyfile").arg_file("denied", "127.0.0.2\n").listens();
        comes_from("127.0.0.2", &server).unwrap().hears_end();
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn names_are_looked_up() {
    it(|| {
        let mut server = netcat("-k --allow localhost").listens();
        let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
        denied.hears_end();
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn ipv6_has_networks_too() {
    it(|| {
        if !ipv6() {
            return;
        }
        let mut server = netcat("-k --allow ::1/128").listens_on(None);
        let port = server.address().port();
        let mut denied = Peer::dials(&SocketAddr::from(([127, 0, 0, 1], port)), Wire::Plain);
        denied.hears_end();
        let mut allowed = Peer::dials(&SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)), Wire::Plain);
        allowed.sends("hi\n");
        server.shows("hi\n");
    });
}

#[test]
fn they_hold_for_datagrams() {
    it(|| {
        let mut server = netcat("-u --deny 127.0.0.2").listens();
        let mut denied = Datagrams::at("127.0.0.2:0");
        denied.turns_to(server.address());
        denied.sends("let me in\n");
        server.says(&["New connection denied: not allowed"]);
        let mut peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        peer.hears("answer\n");
        denied.hears_nothing_for(ms(100));
    });
}

#[test]
fn a_unix_client_is_on_no_list() {
    it(|| {
        let server = netcat("-k --allow 127.0.0.1").listens_at_a_path();
        Peer::dials_path(&server.file("socket"), None).hears_end();
        server.says(&["New connection denied: not allowed"]);
        let mut server = netcat("-k --deny 127.0.0.1").listens_at_a_path();
        let mut peer = Peer::dials_path(&server.file("socket"), None);
        peer.sends("hi\n");
        server.shows("hi\n");
    });
}

#[test]
fn who_is_denied_does_not_count() {
    it(|| {
        let mut server = netcat("-k -m 1 --deny 127.0.0.2").listens();
        for _ in 0..3 {
            let Some(mut denied) = comes_from("127.0.0.2", &server) else { return };
            denied.hears_end();
        }
        is_served(&mut server, Wire::Plain);
    });
}

#[test]
fn a_list_that_makes_no_sense_is_2() {
    it(|| {
        for args in ["--allow 10.0.0.0/33", "--deny 1.2.3.400", "--allowfile /nonexistent", "--deny nosuch.invalid"] {
            let mut server = netcat("-l").arg_words(args).arg("127.0.0.1").arg("0").starts();
            server.leaves(2);
        }
    });
}
