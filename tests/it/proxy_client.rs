//! On the way through an HTTP proxy, which the test plays.

use std::net::TcpListener;
use std::time::Instant;

use crate::lang::{
    A_WHILE, Peer, PeerListener, Stdin, Wire, bound_known_port, free_port, full_backlog, ipv6, it, ms, netcat,
};

const GRANTED: &str = "HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n";

#[test]
fn the_proxys_answer_is_kept_out_and_the_peers_early_bytes_in() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("").via(&proxy).connects_to_name("example.test", 7000);
        let mut peer = proxy.accepts();
        let request = peer.hears_message();
        assert!(request.head.starts_with("CONNECT example.test:7000 HTTP/1."), "{}", request.head);
        peer.sends(format!("{GRANTED}early"));
        client.shows("early");
        client.types("up\n");
        peer.hears("up\n");
        peer.sends("down");
        client.shows("down");
        client.ends_stdin();
        peer.hears_end();
        peer.closes();
        client.leaves(0);
        client.shows_nothing_more();
    });
}

#[test]
fn an_answer_may_come_in_pieces() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("").via(&proxy).connects_to_name("example.test", 7000);
        let mut peer = asked(&proxy);
        for byte in format!("{GRANTED}early").bytes() {
            peer.sends([byte]);
        }
        client.shows("early");
        client.shows_nothing_for(A_WHILE);
    });
}

#[test]
fn the_request_names_the_host() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let _client = netcat("").via(&proxy).connects_to_name("example.test", 7000);
        let request = proxy.accepts().hears_message();
        assert_eq!(request.fields("Host"), ["example.test:7000"]);
        assert_eq!(request.field("Proxy-Authorization"), None);
    });
}

#[test]
fn an_ipv6_target_has_brackets() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let _client = netcat("").via(&proxy).connects_to_name("2001:db8::1", 7000);
        let request = proxy.accepts().hears_message();
        assert!(request.head.starts_with("CONNECT [2001:db8::1]:7000 "), "{}", request.head);
    });
}

#[test]
fn the_proxy_may_have_an_ipv6_address() {
    it(|| {
        if !ipv6() {
            return;
        }
        let proxy = PeerListener::from(TcpListener::bind("[::1]:0").unwrap());
        let mut client = netcat("").via(&proxy).connects_to_name("example.test", 7000);
        asked(&proxy).sends(format!("{GRANTED}early"));
        client.shows("early");
    });
}

#[test]
fn the_port_of_an_http_proxy_is_3128() {
    it(|| {
        let Some(proxy) = bound_known_port(&[3128]) else { return };
        let _client = netcat("--proxy 127.0.0.1").connects_to_name("example.test", 7000);
        asked(&PeerListener::from(proxy));
    });
}

#[test]
fn the_source_is_that_of_the_connection_to_the_proxy() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let port = free_port();
        let _client = netcat(&format!("-s 127.0.0.2 -p {port}")).via(&proxy).connects_to_name("example.test", 7000);
        assert_eq!(asked(&proxy).address(), ([127, 0, 0, 2], port).into());
    });
}

#[test]
fn who_looks_a_name_up_is_chosen() {
    it(|| {
        for (who, host, asked_for) in [
            ("remote", "localhost", "localhost:7000"),
            ("local", "localhost", "127.0.0.1:7000"),
            ("both", "localhost", "127.0.0.1:7000"),
            ("both", "no-such-host.invalid", "no-such-host.invalid:7000"),
            ("none", "127.0.0.9", "127.0.0.9:7000"),
        ] {
            let proxy = PeerListener::new(Wire::Plain);
            let client = netcat(&format!("-4 --proxy-dns {who}")).via(&proxy);
            let _client = client.connects_to_name(host, 7000);
            let request = proxy.accepts().hears_message();
            assert!(request.head.starts_with(&format!("CONNECT {asked_for} ")), "{who}: {}", request.head);
        }
    });
}

#[test]
fn a_name_that_may_not_be_asked_for_is_2() {
    it(|| {
        for (who, host) in [("local", "no-such-host.invalid"), ("none", "localhost")] {
            let proxy = PeerListener::new(Wire::Plain);
            let mut client = netcat(&format!("--proxy-dns {who}")).via(&proxy).connects_to_name(host, 7000);
            client.leaves(2);
            client.says(&[host]);
        }
    });
}

#[test]
fn a_refusal_is_1_and_tells_why() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("").via(&proxy).connects_to_name("example.test", 7000);
        asked(&proxy).sends("HTTP/1.1 503 Not today\r\nContent-Length: 5\r\n\r\nsorry");
        client.leaves(1);
        client.says(&["example.test:7000", &proxy.address().to_string(), "503 Not today"]);
        client.shows_nothing_more();
    });
}

#[test]
fn a_proxy_that_is_not_there_is_1() {
    it(|| {
        let nobody = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut client = netcat("").via(&nobody).connects_to_name("example.test", 7000);
        client.leaves(1);
        client.says(&["refused"]);
    });
}

#[test]
fn w_covers_the_connection_and_the_dialogue() {
    it(|| {
        let Some(silent) = full_backlog("127.0.0.1") else { return };
        let mut client = netcat("-w 300ms").via(&silent).connects_to_name("example.test", 7000);
        client.leaves(1);
        client.says(&["timeout"]);
        let proxy = PeerListener::new(Wire::Plain);
        let begun = Instant::now();
        let mut client = netcat("-w 300ms").via(&proxy).connects_to_name("example.test", 7000);
        let mut peer = asked(&proxy);
        peer.sends("HTTP/1.1 200");
        client.leaves(1);
        client.says(&["timeout"]);
        assert!(begun.elapsed() < ms(5000));
    });
}

#[test]
fn z_asks_the_proxy() {
    it(|| {
        for (answer, exit) in [(GRANTED, 0), ("HTTP/1.1 504 Refused\r\n\r\n", 1)] {
            let proxy = PeerListener::new(Wire::Plain);
            let begun = Instant::now();
            let mut client = netcat("-z").via(&proxy).connects_to_name("example.test", 7000);
            asked(&proxy).sends(answer);
            client.leaves(exit);
            client.shows_nothing_more();
            assert!(begun.elapsed() < ms(5000), "it took its time");
        }
    });
}

#[test]
fn a_command_talks_through_the_proxy() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("-c").arg("read line; echo \"got $line\"").via(&proxy);
        client = client.stdin(Stdin::Null);
        let mut client = client.connects_to_name("example.test", 7000);
        let mut peer = asked(&proxy);
        // What came with the answer is for the command, too.
        peer.sends(format!("{GRANTED}early and "));
        peer.sends("late\n");
        assert_eq!(peer.hears_to_end(), b"got early and late\n");
        peer.closes();
        client.leaves(0);
        client.shows_nothing_more();
    });
}

#[test]
fn what_is_piped_in_gets_its_answer() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("").stdin(Stdin::File(b"hello\n".to_vec())).via(&proxy);
        let mut client = client.connects_to_name("example.test", 7000);
        let mut peer = asked(&proxy);
        peer.sends(GRANTED);
        // One that answers at the end of what it is told, as sort(1) would.
        assert_eq!(peer.hears_to_end(), b"hello\n");
        peer.sends("answer\n");
        peer.closes();
        client.leaves(0);
        assert_eq!(client.shows_to_end(), b"answer\n");
    });
}

/// Many proxies take a FIN for the end of both directions.
#[test]
fn a_proxy_does_not_hear_of_stdins_end_before_the_answer() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("").stdin(Stdin::File(b"hello\n".to_vec())).via(&proxy);
        let mut client = client.connects_to_name("example.test", 7000);
        let mut peer = asked(&proxy);
        peer.sends(GRANTED);
        peer.hears("hello\n");
        for _ in 0..5 {
            assert!(!peer.ends_within(ms(100)), "it half-closed while the answer came");
            peer.sends(".");
        }
        peer.closes();
        client.leaves(0);
        assert_eq!(client.shows_to_end(), b".....");
    });
}

#[test]
fn several_ports_are_more_than_a_proxy_can_be_asked_for() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("-z").via(&proxy).arg("example.test").arg("7000-7001").starts();
        client.leaves(2);
    });
}

#[test]
fn a_proxy_of_no_kind_is_2() {
    it(|| {
        for words in [
            "--proxy-type socks3 --proxy 127.0.0.1 h 1",
            "--proxy socks3://127.0.0.1 h 1",
            "--proxy joe@127.0.0.1 h 1",
            "--proxy 127.0.0.1:0x10 h 1",
            "--proxy :8080 h 1",
            "-u --proxy 127.0.0.1 h 1",
            "-l --proxy 127.0.0.1 1",
            "--proxy-dns nobody --proxy 127.0.0.1 h 1",
        ] {
            netcat(words).starts().leaves(2);
        }
    });
}

/// The connection to a proxy that has been asked.
#[track_caller]
fn asked(proxy: &PeerListener) -> Peer {
    let mut peer = proxy.accepts();
    peer.hears_message();
    peer
}
