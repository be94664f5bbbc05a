//! `-o` and `-x`: the session on file.

use crate::lang::{Peer, PeerListener, Scratch, Session, Wire, it, netcat, over_tcp_and_tls};

over_tcp_and_tls!(o_has_both_directions_as_they_came, x_has_them_in_hex);

fn o_has_both_directions_as_they_came(wire: Wire) {
    let scratch = Scratch::new();
    let file = scratch.path("session");
    let listener = PeerListener::new(wire);
    let mut client = netcat("-C -o").arg(&file).over(wire).connects_to(&listener);
    converse(&mut client, listener.accepts());
    assert_eq!(std::fs::read(&file).unwrap(), b"220 hi\nEHLO me\r\n250 ok\r\n\0\xff");
}

fn x_has_them_in_hex(wire: Wire) {
    let scratch = Scratch::new();
    let file = scratch.path("session");
    let listener = PeerListener::new(wire);
    let mut client = netcat("-C -x").arg(&file).over(wire).connects_to(&listener);
    converse(&mut client, listener.accepts());
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "0000   32 32 30 20 68 69 0a                              220.hi.         ",
            "0000   45 48 4c 4f 20 6d 65 0d  0a                       EHLO.me..       ",
            "0000   32 35 30 20 6f 6b 0d 0a  00 ff                    250.ok....      ",
        ]
    );
}

/// Three reads, one after the other.
fn converse(client: &mut Session, mut peer: Peer) {
    peer.sends("220 hi\n");
    client.shows("220 hi\n");
    client.types("EHLO me\n");
    peer.hears("EHLO me\r\n");
    peer.sends(b"250 ok\r\n\0\xff");
    client.shows(b"250 ok\r\n\0\xff");
    peer.closes();
    client.ends_stdin();
    client.leaves(0);
}

#[test]
fn x_counts_on_from_line_to_line() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("session");
        let mut server = netcat("-x").arg(&file).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("0123456789abcdef0123456789ABCDEF~");
        server.shows("0123456789abcdef0123456789ABCDEF~");
        peer.closes();
        server.ends_stdin();
        server.leaves(0);
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "0000   30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef",
                "0010   30 31 32 33 34 35 36 37  38 39 41 42 43 44 45 46  0123456789ABCDEF",
                "0020   7e                                                ~               ",
            ]
        );
    });
}

#[test]
fn a_file_is_begun_anew() {
    it(|| assert_eq!(record_over("old", ""), "new"));
}

#[test]
fn append_output_keeps_what_is_there() {
    it(|| assert_eq!(record_over("old ", "--append-output"), "old new"));
}

fn record_over(old: &str, args: &str) -> String {
    let scratch = Scratch::new();
    let file = scratch.file("session", old);
    let listener = PeerListener::new(Wire::Plain);
    let mut client = netcat(args).arg("-o").arg(&file).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("new");
    peer.closes();
    client.shows("new");
    client.ends_stdin();
    client.leaves(0);
    std::fs::read_to_string(&file).unwrap()
}

#[test]
fn o_and_x_go_together() {
    it(|| {
        let scratch = Scratch::new();
        let (raw, hex) = (scratch.path("raw"), scratch.path("hex"));
        let mut server = netcat("-o").arg(&raw).arg("-x").arg(&hex).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("hello");
        server.shows("hello");
        peer.closes();
        server.ends_stdin();
        server.leaves(0);
        assert_eq!(std::fs::read(&raw).unwrap(), b"hello");
        let hex = std::fs::read_to_string(&hex).unwrap();
        assert!(hex.contains("68 65 6c 6c 6f"), "{hex}");
    });
}
