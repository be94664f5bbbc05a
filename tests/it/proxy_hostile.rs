//! Proxies that answer what they must not: a clear error, exit 1, and nothing of it on stdout.

use crate::lang::{PeerListener, Session, Wire, it, netcat};

#[test]
fn an_http_answer_that_makes_no_sense_is_1() {
    it(|| {
        for (answer, words) in [
            ("", "closed"),
            ("HTTP/1.1 200", "closed"),
            ("HTTP/1.1 200 OK\r\nX: y\r\n", "closed"),
            ("SSH-2.0-OpenSSH_9.9\r\n", "not HTTP"),
            ("\x16\x03\x01\x02", "not HTTP"),
            ("HTTP/2.0 200 OK\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 2000 OK\r\n\r\n", "makes no sense"),
            ("HTTP/1.1 OK\r\n\r\n", "makes no sense"),
            ("HTTP/1.1 200 OK\r\n: x\r\n\r\n", "makes no sense"),
            ("HTTP/1.1 101 Switching\r\n\r\n", "101"),
            ("HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n", "302 Found"),
            ("HTTP/1.1 500 \x1b[31mred\r\n\r\n", ""),
        ] {
            let client = answered("http", answer.as_bytes());
            client.says(&[words]);
            assert!(!client.stderr().contains('\x1b'), "{}", client.stderr());
        }
    });
}

#[test]
fn a_socks4_answer_that_makes_no_sense_is_1() {
    it(|| {
        for (answer, words) in [
            (&b""[..], "closed"),
            (b"\0", "closed"),
            (b"\0\x5a\0\0\0\0\0", "closed"),
            (b"\0\x5b\0\0\0\0\0\0", "refused"),
            (b"\0\x5c\0\0\0\0\0\0", "identd"),
            (b"\0\x5d\0\0\0\0\0\0", "identd"),
            (b"\0\x63\0\0\0\0\0\0", "99"),
            (b"\x04\x5a\0\0\0\0\0\0", "not SOCKS4"),
            (b"HTTP/1.1 400 Bad\r\n\r\n", "not SOCKS4"),
        ] {
            answered("socks4", answer).says(&[words]);
        }
    });
}

#[test]
fn a_socks5_answer_that_makes_no_sense_is_1() {
    it(|| {
        for (answer, words) in [
            (&b""[..], "closed"),
            (b"\x05", "closed"),
            (b"\x04\0", "not SOCKS5"),
            (b"HTTP/1.1 400 Bad\r\n\r\n", "not SOCKS5"),
            (b"\x05\xff", "--proxy-auth"),
            (b"\x05\x02", "--proxy-auth"),
            (b"\x05\x01", "not offered"),
            (b"\x05\0\x05\0\0", "closed"),
            (b"\x05\0\x05\0\0\x01\0\0\0\0\0", "closed"),
            (b"\x05\0\x05\0\0\x03\x05name", "closed"),
            (b"\x05\0\x05\0\0\x02\0\0\0\0\0\0", "type of address"),
            (b"\x05\0\x01\0\0\x01\0\0\0\0\0\0", "not SOCKS5"),
            (b"\x05\0\x05\x01\0\x01\0\0\0\0\0\0", "does not say why"),
            (b"\x05\0\x05\x02\0\x01\0\0\0\0\0\0", "rules"),
            (b"\x05\0\x05\x05\0\x01\0\0\0\0\0\0", "refused"),
            (b"\x05\0\x05\x08\0\x01\0\0\0\0\0\0", "type of address"),
            (b"\x05\0\x05\x63\0\x01\0\0\0\0\0\0", "99"),
        ] {
            answered("socks5", answer).says(&[words]);
        }
    });
}

#[test]
fn an_answer_without_end_is_1() {
    it(|| {
        let endless: [(&str, &[u8], &[u8]); 6] = [
            ("http", b"HTTP/1.1 200 OK\r\nX: ", b"aaaaaaaaaaaaaaaa"),
            ("http", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            ("http", b"", b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
            (
                "http",
                b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n",
            ),
            ("socks5", b"\x05\0\x05\0", b"\xff"),
        ];
        for (kind, beginning, rest) in endless {
            let proxy = PeerListener::new(Wire::Plain);
            let client = netcat("--proxy-auth joe:secret --proxy-type").arg(kind).via(&proxy);
            let mut client = client.connects_to_name("example.test", 7000);
            let mut peer = proxy.accepts();
            peer.sends_until_blocked(beginning);
            let block = rest.repeat((256 << 10) / rest.len());
            // It is disconnected long before it has sent all that; a new connection is no more use.
            for _ in 0..16 {
                if peer.sends_until_blocked(&block) < block.len() {
                    break;
                }
            }
            drop(peer);
            drop(proxy);
            client.leaves(1);
            client.shows_nothing_more();
        }
    });
}

/// A client whose proxy gives this answer, whatever it is asked, and closes; it has left with 1.
#[track_caller]
fn answered(kind: &str, answer: &[u8]) -> Session {
    let proxy = PeerListener::new(Wire::Plain);
    let client = netcat("--proxy-type").arg(kind).via(&proxy);
    let mut client = client.connects_to_name("example.test", 7000);
    let mut peer = proxy.accepts();
    peer.sends(answer);
    peer.closes();
    client.leaves(1);
    client.says(&["proxy", &proxy.address().to_string()]);
    client.shows_nothing_more();
    client
}
