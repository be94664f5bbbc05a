//! Hosts, ports and address families: what to connect to, where to listen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};

use crate::lang::{
    Peer, PeerListener, Session, Stdin, Wire, bound_known_port, connect, free_port, full_backlog, ipv6, it, ms, netcat,
    skip,
};

#[test]
fn host_and_port_are_two_words() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "");
        meets(&listener, &mut client);
    });
}

#[test]
fn host_and_port_are_one_word() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").arg(listener.address().to_string()).starts();
        meets(&listener, &mut client);
    });
}

#[test]
fn an_ipv6_address_and_a_port_are_one_word() {
    it(|| {
        if !ipv6() {
            return;
        }
        let listener = PeerListener::from(TcpListener::bind("[::1]:0").unwrap());
        let mut client = netcat("").arg(listener.address().to_string()).starts();
        meets(&listener, &mut client);
    });
}

#[test]
fn an_ipv6_address_needs_no_brackets() {
    it(|| {
        if !ipv6() {
            return;
        }
        let listener = PeerListener::from(TcpListener::bind("[::1]:0").unwrap());
        let mut client = connect(&listener, "");
        meets(&listener, &mut client);
    });
}

#[test]
fn localhost_is_found_when_only_ipv4_listens() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").connects_to_name("localhost", listener.address().port());
        meets(&listener, &mut client);
    });
}

#[test]
fn localhost_is_found_at_once_where_ipv6_drops_packets() {
    it(|| {
        let Some(silent) = full_backlog("::1") else { return };
        let port = silent.addr.port();
        let names_both = ("localhost", port).to_socket_addrs().is_ok_and(|mut all| all.any(|one| one == silent.addr));
        if !names_both {
            return skip("localhost is not ::1 here");
        }
        let Ok(socket) = TcpListener::bind(("127.0.0.1", port)) else { return skip("the port is in use") };
        let mut client = netcat("-w 5").connects_to_name("localhost", port);
        meets(&PeerListener::from(socket), &mut client);
    });
}

#[test]
fn a_port_may_be_a_service_name() {
    it(|| {
        if std::fs::metadata("/etc/services").is_err() {
            return skip("/etc/services not installed");
        }
        let Some(socket) = bound_known_port(&[1080]) else { return };
        let listener = PeerListener::from(socket);
        let mut client = netcat("127.0.0.1 socks").starts();
        meets(&listener, &mut client);
    });
}

#[test]
fn the_port_is_31337_when_none_is_given() {
    it(|| {
        let Some(socket) = bound_known_port(&[31337]) else { return };
        let listener = PeerListener::from(socket);
        let mut client = netcat("127.0.0.1").starts();
        meets(&listener, &mut client);
    });
}

#[test]
fn the_port_to_listen_on_may_follow_p() {
    it(|| {
        let port = free_port();
        let mut server = netcat("-l --test -p").arg(port.to_string()).arg("127.0.0.1").starts();
        server.says(&["NCAT TEST: LISTEN"]);
        Peer::dials(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Wire::Plain).closes();
        server.ends_stdin();
        server.leaves(0);
    });
}

#[test]
fn a_listener_without_an_address_listens_on_both_families_with_one_port() {
    it(|| {
        if !ipv6() {
            return;
        }
        let mut server = netcat("-k").listens_on(None);
        let addresses = server.addresses().to_vec();
        let port = addresses[0].port();
        let mut families: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
        families.sort();
        assert_eq!(families, [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)]);
        assert!(addresses.iter().all(|address| address.port() == port), "{addresses:?}");
        Peer::dials(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Wire::Plain).sends("four\n");
        server.shows("four\n");
        Peer::dials(&SocketAddr::from((Ipv6Addr::LOCALHOST, port)), Wire::Plain).sends("six\n");
        server.shows("six\n");
    });
}

#[test]
fn the_option_4_listens_on_ipv4_alone() {
    it(|| {
        let server = netcat("-4").listens_on(None);
        assert!(server.addresses().iter().all(SocketAddr::is_ipv4));
        let sixth = SocketAddr::from((Ipv6Addr::LOCALHOST, server.address().port()));
        assert!(TcpStream::connect(sixth).is_err());
        server.says(&["Listening on 0.0.0.0:"]);
    });
}

#[test]
fn the_option_6_listens_on_ipv6_alone() {
    it(|| {
        if !ipv6() {
            return;
        }
        let server = netcat("-6").listens_on(None);
        let fourth = SocketAddr::from((Ipv4Addr::LOCALHOST, server.address().port()));
        assert!(TcpStream::connect(fourth).is_err());
        server.says(&["Listening on [::]:"]);
    });
}

#[test]
fn an_address_of_the_other_family_cannot_be_had() {
    it(|| {
        netcat("-4 ::1 9").starts().leaves(2);
        netcat("-6 127.0.0.1 9").starts().leaves(2);
    });
}

#[test]
fn n_takes_numbers_and_no_names() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-n");
        meets(&listener, &mut client);
        netcat("-n").connects_to_name("localhost", listener.address().port()).leaves(2);
    });
}

#[test]
fn s_and_p_choose_where_a_connection_comes_from() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let port = free_port();
        let mut client = netcat("-s 127.0.0.1 -p").arg(port.to_string()).connects_to(&listener);
        let peer = listener.accepts();
        assert_eq!(peer.address(), SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn the_source_address_need_not_be_the_usual_one() {
    it(|| {
        let other = Ipv4Addr::new(127, 0, 0, 2);
        if TcpListener::bind((other, 0)).is_err() {
            return skip("127.0.0.2 not available");
        }
        let listener = PeerListener::new(Wire::Plain);
        let _client = connect(&listener, "--source 127.0.0.2");
        assert_eq!(listener.accepts().address().ip(), IpAddr::from(other));
    });
}

#[test]
fn a_zone_id_is_understood() {
    it(|| {
        if !ipv6() {
            return;
        }
        let interfaces = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
        let Some(name) = interfaces.map(|entry| entry.file_name()).find(|name| *name == "lo") else {
            return skip("no interface named lo");
        };
        // Nobody has the address: a network's failure, and not a name that does not resolve.
        let host = format!("fe80::1234%{}", name.to_string_lossy());
        netcat("-w 300ms").stdin(Stdin::Null).connects_to_name(&host, 9).leaves(1);
    });
}

#[test]
fn keepalive_is_on() {
    it(|| {
        if std::fs::metadata("/proc/net/tcp").is_err() {
            return skip("/proc/net/tcp not available");
        }
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "");
        let mut peer = listener.accepts();
        peer.sends("x");
        client.shows("x");
        assert_eq!(timer_of(peer.address(), listener.address()), "02", "a keepalive timer");
        client.stays_for(ms(0));
    });
}

/// The client has reached the listener, and all is well.
fn meets(listener: &PeerListener, client: &mut Session) {
    let mut peer = listener.accepts();
    peer.sends("hello");
    client.shows("hello");
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
}

/// The kind of timer that the kernel has pending for a connection: `02` is keepalive.
fn timer_of(from: SocketAddr, to: SocketAddr) -> String {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ends = (format!(":{:04X}", from.port()), format!(":{:04X}", to.port()));
    let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut rows = row.filter(|row| row[1].ends_with(&ends.0) && row[2].ends_with(&ends.1));
    rows.next().unwrap()[5][..2].to_owned()
}
