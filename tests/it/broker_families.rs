//! `--broker` over IPv4 and IPv6 at once, Unix sockets, and UDP.

use crate::broker::room_of;
use crate::lang::{Datagrams, Peer, Wire, ipv6, it, ms, netcat, noise};

#[test]
fn clients_of_both_families_meet() {
    it(|| {
        if !ipv6() {
            return;
        }
        let server = netcat("--broker").listens_on(None);
        let port = server.address().port();
        let addresses =
            [([127, 0, 0, 1], port).into(), std::net::SocketAddr::from(([0_u16, 0, 0, 0, 0, 0, 0, 1], port))];
        let mut peers = room_of(&server, 2, |number| Peer::dials(&addresses[number], Wire::Plain));
        let [four, six] = &mut peers[..] else { panic!() };
        four.sends("from 4\n");
        six.hears("from 4\n");
        six.sends("from 6\n");
        four.hears("from 6\n");
    });
}

#[test]
fn clients_of_a_unix_socket_meet() {
    it(|| {
        let server = netcat("--broker").listens_at_a_path();
        let path = server.file("socket");
        let mut peers = room_of(&server, 3, |_| Peer::dials_path(&path, None));
        peers[2].sends("to the others\n");
        peers[0].hears("to the others\n");
        peers[1].hears("to the others\n");
        peers[2].hears_nothing_for(ms(50));
        peers[0].half_closes();
        peers[0].hears_end();
    });
}

#[test]
fn clients_over_udp_hear_each_others_datagrams() {
    it(|| {
        let server = netcat("-u --broker").listens();
        let mut peers = [(); 3].map(|()| Datagrams::dials(&server));
        peers[0].sends("I am the first");
        server.types("welcome");
        peers[0].hears("welcome");
        peers[1].sends("I am the second");
        peers[0].hears("I am the second");
        peers[2].sends("I am the third");
        peers[0].hears("I am the third");
        peers[1].hears("I am the third");
        let large = noise(46, 65_507);
        for datagram in [&b"one"[..], b"", b"two", &large, b"three"] {
            peers[1].sends(datagram);
            peers[0].hears(datagram);
            peers[2].hears(datagram);
        }
        peers[1].hears_nothing_for(ms(50));
        server.types("to all");
        for peer in &mut peers {
            peer.hears("to all");
        }
    });
}

#[test]
fn the_hosts_end_is_no_datagram() {
    it(|| {
        let mut server = netcat("-u --chat").listens();
        let mut peer = Datagrams::dials(&server);
        peer.sends("here\n");
        assert!(peer.hears_any().ends_with(b" already connected: nobody.\n"));
        server.types("hello\n");
        peer.hears("<user0> hello\n");
        server.ends_stdin();
        peer.hears_nothing_for(ms(200));
    });
}

#[test]
fn who_is_gone_over_udp_disturbs_nobody() {
    it(|| {
        let server = netcat("-u --broker -i 2").listens();
        let mut stays = Datagrams::dials(&server);
        stays.sends("here");
        server.types("welcome");
        stays.hears("welcome");
        let goes = Datagrams::dials(&server);
        goes.sends("here");
        stays.hears("here");
        drop(goes);
        let mut comes = Datagrams::dials(&server);
        comes.sends("here");
        stays.hears("here");
        for _ in 0..20 {
            stays.sends("hello");
            comes.hears("hello");
            comes.sends("well?");
            stays.hears("well?");
        }
    });
}
