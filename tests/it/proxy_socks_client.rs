//! On the way through a SOCKS proxy, which the test plays.

use crate::lang::{A_WHILE, Peer, PeerListener, Wire, bound_known_port, it, netcat};

const GRANTED4: &[u8] = b"\0\x5a\0\0\0\0\0\0";
const GRANTED5: &[u8] = b"\x05\0\0\x01\x7f\0\0\x01\x1f\x90";

#[test]
fn socks4_asks_for_an_address() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-type socks4").via(&proxy).connects_to_name("192.0.2.1", 7000);
        let mut peer = proxy.accepts();
        peer.hears(b"\x04\x01\x1b\x58\xc0\0\x02\x01\0");
        peer.sends([GRANTED4, b"early"].concat());
        client.shows("early");
        client.types("up");
        peer.hears("up");
        client.shows_nothing_for(A_WHILE);
    });
}

#[test]
fn socks4a_asks_for_a_name() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let _client = netcat("--proxy-type socks4").via(&proxy).connects_to_name("example.test", 7000);
        proxy.accepts().hears(b"\x04\x01\x1b\x58\0\0\0\x01\0example.test\0");
    });
}

#[test]
fn socks4_has_a_user() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("--proxy-type SOCKS4 --proxy-auth joe").via(&proxy);
        let _client = client.connects_to_name("example.test", 7000);
        proxy.accepts().hears(b"\x04\x01\x1b\x58\0\0\0\x01joe\0example.test\0");
    });
}

/// The name has an IPv6 address, too, and that comes first.
#[test]
fn socks4_asks_for_an_ipv4_address_if_there_is_one() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("--proxy-type socks4 --proxy-dns local").via(&proxy);
        let _client = client.connects_to_name("localhost", 7000);
        proxy.accepts().hears(b"\x04\x01\x1b\x58\x7f\0\0\x01\0");
    });
}

#[test]
fn socks4_knows_no_ipv6() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = netcat("--proxy-type socks4").via(&proxy).connects_to_name("2001:db8::1", 7000);
        client.leaves(2);
        client.says(&["IPv6", "socks5"]);
    });
}

#[test]
fn socks5_asks_for_a_name_or_an_address() {
    it(|| {
        for (host, request) in [
            ("example.test", &b"\x05\x01\0\x03\x0cexample.test\x1b\x58"[..]),
            ("192.0.2.1", b"\x05\x01\0\x01\xc0\0\x02\x01\x1b\x58"),
            ("2001:db8::1", b"\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1b\x58"),
        ] {
            let proxy = PeerListener::new(Wire::Plain);
            let mut client = netcat("--proxy-type socks5").via(&proxy).connects_to_name(host, 7000);
            let mut peer = proxy.accepts();
            greeted(&mut peer, &[0]);
            peer.hears(request);
            peer.sends([GRANTED5, b"early"].concat());
            client.shows("early");
            client.types("up");
            peer.hears("up");
        }
    });
}

#[test]
fn the_reply_has_an_address_of_any_length() {
    it(|| {
        for reply in
            [&b"\x05\0\0\x04aaaabbbbccccdddd\0\x19"[..], b"\x05\0\0\x03\x04name\0\x19", b"\x05\0\0\x03\0\0\x19"]
        {
            let proxy = PeerListener::new(Wire::Plain);
            let mut client = netcat("--proxy-type socks5").via(&proxy).connects_to_name("192.0.2.1", 7000);
            let mut peer = proxy.accepts();
            greeted(&mut peer, &[0]);
            peer.hears_next(10);
            for byte in [reply, b"early"].concat() {
                peer.sends([byte]);
            }
            client.shows("early");
        }
    });
}

#[test]
fn socks5_logs_in_when_it_is_asked_to() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("--proxy-type socks5 --proxy-auth joe:se:cret").via(&proxy);
        let mut client = client.connects_to_name("192.0.2.1", 7000);
        let mut peer = proxy.accepts();
        greeted(&mut peer, &[0, 2]);
        peer.hears(b"\x01\x03joe\x07se:cret");
        peer.sends(b"\x01\0");
        peer.hears(b"\x05\x01\0\x01\xc0\0\x02\x01\x1b\x58");
        peer.sends([GRANTED5, b"early"].concat());
        client.shows("early");
    });
}

#[test]
fn a_refused_login_is_1() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("-vvv --proxy-type socks5 --proxy-auth joe:secret").via(&proxy);
        let mut client = client.connects_to_name("192.0.2.1", 7000);
        let mut peer = proxy.accepts();
        greeted(&mut peer, &[0, 2]);
        peer.hears(b"\x01\x03joe\x06secret");
        peer.sends(b"\x01\x01");
        client.leaves(1);
        client.says(&["password"]);
        assert!(!client.stderr().contains("secret"));
    });
}

#[test]
fn a_login_that_does_not_fit_is_2() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let client = netcat("--proxy-type socks5 --proxy-auth").arg(format!("joe:{}", "x".repeat(256))).via(&proxy);
        client.connects_to_name("192.0.2.1", 7000).leaves(2);
    });
}

#[test]
fn a_name_that_does_not_fit_is_2() {
    it(|| {
        for kind in ["http", "socks4", "socks5"] {
            for name in ["a".repeat(256), "a b".to_owned(), "a\r\nX: y".to_owned(), "a%b".to_owned()] {
                let proxy = PeerListener::new(Wire::Plain);
                let client = netcat("--proxy-type").arg(kind).via(&proxy);
                client.connects_to_name(&name, 7000).leaves(2);
            }
        }
    });
}

#[test]
fn the_port_of_a_socks_proxy_is_1080() {
    it(|| {
        let Some(proxy) = bound_known_port(&[1080]) else { return };
        let proxy = PeerListener::from(proxy);
        for kind in ["socks4", "socks5"] {
            let client = netcat("--proxy 127.0.0.1 --proxy-type").arg(kind);
            let _client = client.connects_to_name("192.0.2.1", 7000);
            proxy.accepts().hears_next(3);
        }
    });
}

/// Hears a greeting that offers these methods, and chooses the last of them.
#[track_caller]
fn greeted(peer: &mut Peer, methods: &[u8]) {
    peer.hears([&[5, methods.len().try_into().unwrap()], methods].concat());
    peer.sends([5, methods[methods.len() - 1]]);
}
