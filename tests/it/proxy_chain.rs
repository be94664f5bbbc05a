//! Through one proxy, two and three of the program's own.

use crate::lang::{
    Identity, Netcat, Peer, PeerListener, Session, Stdin, Tls, Wire, authority_pem, it, netcat, noise, same_bytes,
};

const KINDS: [&str; 3] = ["http", "socks4", "socks5"];

#[test]
fn each_kind_is_spoken_on_both_sides() {
    it(|| {
        for kind in KINDS {
            for auth in ["", "--proxy-auth joe:secret"] {
                let server = proxy(kind, auth);
                let client = netcat(auth).arg("--proxy-type").arg(kind).via(&server);
                talks(client, &format!("{kind} {auth}"));
            }
        }
    });
}

#[test]
fn wrong_credentials_are_refused_by_each_kind() {
    it(|| {
        for kind in KINDS {
            let server = proxy(kind, "--proxy-auth joe:secret");
            for wrong in ["", "--proxy-auth jim:secret", "--proxy-auth joe:wrong"] {
                if kind == "socks4" && wrong.ends_with("wrong") {
                    continue; // It has no passwords.
                }
                let origin = PeerListener::new(Wire::Plain);
                let client = netcat(wrong).arg("--proxy-type").arg(kind).via(&server);
                let mut client = client.connects_to(&origin);
                client.leaves(1);
                client.shows_nothing_more();
            }
        }
    });
}

#[test]
fn two_of_a_kind_are_a_chain() {
    it(|| {
        for kind in KINDS {
            let servers = [proxy(kind, "--proxy-auth joe:secret"), proxy(kind, "--proxy-auth joe:secret")];
            let client = netcat("--proxy-auth joe:secret --proxy-type").arg(kind);
            talks(client.via(&servers[0]).via(&servers[1]), kind);
            for server in servers {
                server.says(&["Connection from"]);
            }
        }
    });
}

#[test]
fn a_chain_may_have_a_kind_for_each() {
    it(|| {
        for order in [["http", "socks4", "socks5"], ["socks5", "http", "socks4"], ["socks4", "socks5", "http"]] {
            let servers = order.map(|kind| proxy(kind, ""));
            let client = servers.iter().zip(order).fold(netcat(""), |client, (server, kind)| {
                client.arg("--proxy").arg(format!("{kind}://{}/", server.address()))
            });
            talks(client, &order.join(" "));
            // Each was asked for the next one, and only the last for the peer.
            for pair in servers.windows(2) {
                pair[0].says(&["wants", &pair[1].address().to_string()]);
            }
        }
    });
}

#[test]
fn a_chain_breaks_where_a_proxy_refuses() {
    it(|| {
        let servers = [proxy("http", ""), proxy("http", "--proxy-auth joe:secret")];
        let origin = PeerListener::new(Wire::Plain);
        let mut client = netcat("").via(&servers[0]).via(&servers[1]).connects_to(&origin);
        client.leaves(1);
        client.says(&["407", &servers[1].address().to_string()]);
    });
}

#[test]
fn a_chain_is_made_again_for_one_that_demands_and_closes() {
    it(|| {
        let (server, second) = (proxy("http", "--proxy-auth joe:secret"), PeerListener::new(Wire::Plain));
        let client = netcat("--proxy-auth joe:secret").via(&server).via(&second);
        let mut client = client.connects_to_name("example.test", 7000);
        let mut peer = second.accepts();
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), None);
        peer.sends("HTTP/1.0 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
        peer.closes();
        let mut peer = second.accepts();
        assert_eq!(peer.hears_message().field("Proxy-Authorization"), Some("Basic am9lOnNlY3JldA=="));
        peer.sends("HTTP/1.0 200 OK\r\n\r\nearly");
        client.shows("early");
    });
}

#[test]
fn every_byte_passes_both_ways_at_once() {
    it(|| {
        let servers = [proxy("http", ""), proxy("socks5", "")];
        let origin = PeerListener::new(Wire::Plain);
        let (up, down) = (noise(41, 3 << 20), noise(42, 3 << 20));
        let client = netcat("").stdin(Stdin::File(up.clone()));
        let client = client.arg("--proxy").arg(format!("http://{}", servers[0].address()));
        let client = client.arg("--proxy").arg(format!("socks5://{}", servers[1].address()));
        let mut client = client.connects_to(&origin);
        let mut peer = origin.accepts();
        same_bytes(&peer.exchanges(&down), &up);
        client.leaves(0);
        same_bytes(&client.shows_to_end(), &down);
    });
}

#[test]
fn tls_reaches_through_to_the_peer() {
    it(|| {
        for kind in KINDS {
            let server = proxy(kind, "");
            let origin = PeerListener::new(Wire::Tls);
            let client = netcat("--ssl-verify --proxy-type").arg(kind).via(&server).trusting(&authority_pem());
            // Names are the proxy's to look up: an IPv4 address of localhost is certain only here.
            let mut client = client.arg("--proxy-dns").arg("local").arg("-4").connects_to(&origin);
            let mut peer = origin.accepts();
            client.types("up\n");
            peer.hears("up\n");
            peer.sends("down\n");
            client.shows("down\n");
            peer.half_closes();
            client.ends_stdin();
            client.leaves(0);
        }
    });
}

#[test]
fn the_name_in_the_certificate_is_the_peers() {
    it(|| {
        let server = proxy("socks5", "");
        let origin = PeerListener::with_tls(Tls::server(&Identity::issued_for(&["proxy.test"])));
        let client = netcat("--ssl-verify --proxy-type socks5").via(&server).trusting(&authority_pem());
        let mut client = client.connects_to_name("127.0.0.1", origin.address().port());
        origin.accepts_without_handshake().fails_to_shake_hands();
        client.leaves(1);
        client.says(&["proxy.test"]);
        client.shows_nothing_more();
    });
}

#[test]
fn a_peer_that_cannot_be_reached_is_1() {
    it(|| {
        for kind in KINDS {
            let server = proxy(kind, "");
            let gone = PeerListener::new(Wire::Plain).address();
            let mut client = netcat("--proxy-type").arg(kind).via(&server).connects_to(&gone);
            client.leaves(1);
            client.says(&[if kind == "http" { "504" } else { "refused" }]);
            let client = netcat("--proxy-type").arg(kind).via(&server);
            client.connects_to_name("no-such-host.invalid", 7000).leaves(1);
        }
    });
}

#[test]
fn z_through_a_proxy_tells_whether_the_port_is_open() {
    it(|| {
        for kind in KINDS {
            let server = proxy(kind, "");
            let origin = PeerListener::new(Wire::Plain);
            netcat("-z --proxy-type").arg(kind).via(&server).connects_to(&origin).leaves(0);
            origin.accepts().hears_end();
            let gone = origin.address();
            drop(origin);
            netcat("-z --proxy-type").arg(kind).via(&server).connects_to(&gone).leaves(1);
        }
    });
}

#[test]
fn a_command_is_joined_to_the_peer_through_a_proxy() {
    it(|| {
        for kind in KINDS {
            let server = proxy(kind, "");
            let origin = PeerListener::new(Wire::Plain);
            let client = netcat("--proxy-type").arg(kind).arg("-c").arg("sort -n").via(&server);
            let mut client = client.connects_to(&origin);
            let mut peer = origin.accepts();
            assert_eq!(peer.exchanges(b"3\n1\n2\n"), b"1\n2\n3\n");
            client.leaves(0);
        }
    });
}

/// Says something both ways and takes leave both ways.
#[track_caller]
fn talks(client: Netcat, what: &str) {
    let origin = PeerListener::new(Wire::Plain);
    let mut client = client.connects_to(&origin);
    let mut peer: Peer = origin.accepts();
    peer.sends("welcome\n");
    client.shows("welcome\n");
    client.types("up\n");
    peer.hears("up\n");
    client.ends_stdin();
    peer.hears_end();
    peer.sends("bye\n");
    peer.closes();
    client.leaves(0);
    assert_eq!(client.shows_to_end(), b"bye\n", "{what}");
}

fn proxy(kind: &str, options: &str) -> Session {
    netcat(&format!("-v --proxy-type {kind} {options}")).listens()
}
