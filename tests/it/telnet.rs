//! `-t`: negotiation is refused and kept out of the data.

use crate::lang::{Datagrams, Peer, PeerListener, Session, Wire, connect, it, listen, netcat, over_tcp_and_tls};

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;
const ECHO: u8 = 1;
const TERMINAL: u8 = 24;

over_tcp_and_tls! {
    a_client_refuses,
    a_listener_refuses,
}

fn a_client_refuses(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-t").over(wire).connects_to(&listener);
    refuses(&mut listener.accepts(), &mut client);
}

fn a_listener_refuses(wire: Wire) {
    let mut server = netcat("-t").over(wire).listens();
    refuses(&mut Peer::dials(&server, wire), &mut server);
}

fn refuses(peer: &mut Peer, session: &mut Session) {
    peer.sends([&[IAC, DO, TERMINAL, IAC, WILL, ECHO][..], b"login: "].concat());
    peer.hears([IAC, WONT, TERMINAL, IAC, DONT, ECHO]);
    session.shows("login: ");
    session.types("me\n");
    peer.hears("me\n");
    session.shows_nothing_for(crate::lang::ms(100));
}

#[test]
fn a_subnegotiation_is_kept_out() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-t");
        let mut peer = listener.accepts();
        peer.sends([&b"be"[..], &[IAC, SB, TERMINAL, 1, b'x', IAC, IAC, IAC, SE], b"fore\n"].concat());
        client.shows("before\n");
    });
}

#[test]
fn a_255_is_doubled_both_ways() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-t");
        let mut peer = listener.accepts();
        peer.sends([b'a', IAC, IAC, b'b']);
        client.shows([b'a', IAC, b'b']);
        client.types([b'c', IAC, b'd']);
        peer.hears([b'c', IAC, IAC, b'd']);
    });
}

#[test]
fn it_may_be_split_anywhere() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-t");
        let mut peer = listener.accepts();
        for byte in [b'a', IAC, DO, ECHO, b'b', IAC, IAC, IAC, SB, TERMINAL, IAC, SE, b'c'] {
            peer.sends([byte]);
            // Nothing tells that negotiation has been read; so each byte is given the time to be, alone.
            std::thread::sleep(crate::lang::ms(2));
        }
        client.shows([b'a', b'b', IAC, b'c']);
        peer.hears([IAC, WONT, ECHO]);
    });
}

#[test]
fn without_it_everything_is_data() {
    it(|| {
        let mut server = listen("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends([b'a', IAC, DO, ECHO, b'b']);
        server.shows([b'a', IAC, DO, ECHO, b'b']);
    });
}

#[test]
fn it_is_recorded_as_it_was_on_the_wire() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-t -o").arg_path("raw").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends([IAC, DO, ECHO, b'a']);
        peer.hears([IAC, WONT, ECHO]);
        client.shows("a");
        peer.closes();
        client.ends_stdin();
        client.leaves(0);
        assert_eq!(std::fs::read(client.file("raw")).unwrap(), [IAC, DO, ECHO, b'a', IAC, WONT, ECHO]);
    });
}

#[test]
fn datagrams_stay_datagrams() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-t -u");
        client.types([b'a', IAC, b'b']);
        server.hears([b'a', IAC, IAC, b'b']);
        server.sends([IAC, DO, ECHO, b'c']);
        server.hears([IAC, WONT, ECHO]);
        client.shows("c");
    });
}
