//! Openings that stop at each byte, and go on a byte at a time: whoever stalls costs nobody else anything, what was
//! said before is not forgotten, and a client gives up when its time is over.

use crate::lang::{Peer, PeerListener, Session, Wire, it, netcat};

#[test]
fn a_socks_server_serves_clients_that_stall_at_any_byte() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let port = origin.address().port().to_be_bytes();
        for (kind, said, heard) in [
            ("socks5", [&b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\x01"[..], &port].concat(), &b"\x05\0\x05\0"[..]),
            ("socks4", [&b"\x04\x01"[..], &port, b"\x7f\0\0\x01joe\0"].concat(), b"\0\x5a"),
        ] {
            let server = netcat("--proxy-type").arg(kind).listens();
            stalls_at_each_byte(&server, &said, |peer| {
                peer.hears(heard);
                origin.accepts();
            });
        }
    });
}

#[test]
fn an_http_proxy_serves_clients_that_stall_at_any_byte() {
    it(|| {
        let origin = PeerListener::new(Wire::Plain);
        let server = netcat("--proxy-type http").listens();
        let said = format!("CONNECT {} HTTP/1.1\r\nHost: x\r\n\r\n", origin.address());
        stalls_at_each_byte(&server, said.as_bytes(), |peer| {
            peer.hears("HTTP/1.");
            origin.accepts();
        });
    });
}

#[test]
fn a_tls_server_serves_clients_while_others_stall_at_any_byte_of_their_hello() {
    it(|| {
        let mut server = netcat("-k").over(Wire::Tls).listens();
        let hello = client_hello();
        let mut stalled: Vec<_> = Vec::new();
        for length in (0..hello.len()).step_by(hello.len() / 60) {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(&hello[..length]);
            stalled.push((peer, length));
        }
        let mut good = Peer::dials(&server, Wire::Tls);
        good.sends("hello\n");
        server.shows("hello\n");
        // Who goes on, a byte at a time, is answered: a record of a handshake.
        let (mut slow, length) = stalled.pop().unwrap();
        hello[length..].chunks(1).for_each(|byte| slow.sends(byte));
        slow.hears(b"\x16\x03\x03");
    });
}

#[test]
fn a_client_of_tls_gives_up_a_server_that_stalls_within_its_answer() {
    it(|| {
        // What a server answers to a hello differs each time, so that only a part of it can be told before.
        let answer = [&b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03"[..], &[7; 32], b"\x20"].concat();
        gives_up_at_each_byte("-w 1", Wire::Tls, &[&answer]);
    });
}

#[test]
fn a_client_gives_up_a_proxy_that_stalls_at_any_byte() {
    it(|| {
        gives_up_at_each_byte("--proxy-type socks4 -w 1", Wire::Plain, &[b"\0\x5a\0\0\0\0\0\0"]);
        gives_up_at_each_byte("--proxy-type socks5 -w 1", Wire::Plain, &[b"\x05\0", b"\x05\0\0\x01\0\0\0\0\0\0"]);
        gives_up_at_each_byte("--proxy-type http -w 1", Wire::Plain, &[b"HTTP/1.1 200 OK\r\nVia: 1.1 x\r\n\r\n"]);
    });
}

#[test]
fn a_client_gives_up_a_server_that_stalls_before_starttls() {
    it(|| {
        let smtp = [&b"220 mail\r\n"[..], b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"];
        gives_up_at_each_byte("--starttls smtp -w 1", Wire::Plain, &smtp);
    });
}

/// What a client of TLS says first.
fn client_hello() -> Vec<u8> {
    let listener = PeerListener::new(Wire::Plain);
    let _client = netcat("").over(Wire::Tls).connects_to(&listener);
    let mut peer = listener.accepts();
    let head = peer.hears_next(5);
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    [head, peer.hears_next(length)].concat()
}

/// One client for each byte of `said` stalls there; each is served when it goes on.
fn stalls_at_each_byte(server: &Session, said: &[u8], mut is_served: impl FnMut(&mut Peer)) {
    let mut stalled: Vec<_> = (0..said.len())
        .map(|length| {
            let mut peer = Peer::dials(server, Wire::Plain);
            peer.sends(&said[..length]);
            peer
        })
        .collect();
    let mut good = Peer::dials(server, Wire::Plain);
    good.sends(said);
    is_served(&mut good);
    for (length, peer) in stalled.iter_mut().enumerate() {
        said[length..].chunks(1).for_each(|byte| peer.sends(byte));
        is_served(peer);
    }
}

/// A client for each byte of what its server says, in turn with it, and stalls there; all give up with one line.
fn gives_up_at_each_byte(args: &str, wire: Wire, answers: &[&[u8]]) {
    let listener = PeerListener::new(Wire::Plain);
    let all: usize = answers.iter().map(|it| it.len()).sum();
    let clients = (0..all).map(|said| {
        let client = match args.contains("proxy") {
            true => netcat(args).via(&listener).connects_to_name("example.test", 7000),
            false => netcat(args).over(wire).connects_to(&listener),
        };
        let (mut peer, mut rest) = (listener.accepts(), said);
        for (number, answer) in answers.iter().enumerate() {
            // Whoever is asked says the first thing only then; a mail server greets.
            if rest > 0 && (number > 0 || args.contains("proxy")) {
                peer.hears_next(1);
            }
            peer.sends(&answer[..rest.min(answer.len())]);
            rest = rest.saturating_sub(answer.len());
        }
        (client, peer, said)
    });
    let clients: Vec<(Session, Peer, usize)> = clients.collect();
    for (mut client, _peer, said) in clients {
        client.leaves(1);
        assert_eq!(client.said().len(), 1, "after {said} bytes: {:?}", client.said());
        client.shows_nothing_more();
    }
}
