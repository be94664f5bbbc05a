//! `--lua-exec`.

use crate::lang::{Peer, PeerListener, Wire, free_port, it, netcat, over_tcp_and_tls};
use std::net::SocketAddr;

over_tcp_and_tls!(
    a_script_reads_and_writes_by_all_its_ways,
    a_script_is_heard_before_it_ends_a_line,
    a_script_that_fails_tells_where_and_what_it_wrote_arrives,
    a_client_runs_a_script_for_its_server,
);

fn a_script_reads_and_writes_by_all_its_ways(wire: Wire) {
    let script = "
        local first = io.read('l')
        io.write('write ', first, '\\n')
        print('print', io.stdin:read('n'))
        io.stdin:read('L')
        for line in io.lines() do io.stdout:write('lines ', line, '\\n') end
        print(_VERSION, #arg, os.getenv('NCAT_PROTO'))";
    let mut server = netcat("--lua-exec").arg_file("script.lua", script).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("one\n2\nthree\nfour\n");
    peer.half_closes();
    let heard = peer.hears_to_end();
    let expected = "write one\nprint\t2\nlines three\nlines four\nLua 5.4\t0\tTCP\n";
    assert_eq!(String::from_utf8_lossy(&heard), expected);
    server.leaves(0);
}

fn a_script_is_heard_before_it_ends_a_line(wire: Wire) {
    let script = "io.write('name? ') io.write('hello ' .. io.read() .. '\\n') io.write('bye') os.exit(3)";
    let server = netcat("-k --lua-exec").arg_file("script.lua", script).over(wire).listens();
    let mut peers = [0, 1].map(|_| Peer::dials(&server, wire));
    for peer in &mut peers {
        peer.hears("name? ");
        peer.sends("you\n");
        assert_eq!(peer.hears_to_end(), b"hello you\nbye");
    }
}

fn a_script_that_fails_tells_where_and_what_it_wrote_arrives(wire: Wire) {
    let script = "#!/usr/bin/lua\nlocal last <close> = setmetatable({}, {__close = function() io.write('last') end})\nio.write('first ')\nerror('trouble\\27[1m')";
    let mut server = netcat("--lua-exec").arg_file("script.lua", script).over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    assert_eq!(peer.hears_to_end(), b"first last");
    peer.closes();
    // As with any command, its failure is its own.
    server.leaves(0);
    let line = server.says(&["trouble"]);
    assert!(line.ends_with("/script.lua:4: trouble\\u{1b}[1m"), "{line}");
}

fn a_client_runs_a_script_for_its_server(wire: Wire) {
    let listener = PeerListener::new(wire);
    let session = netcat("--lua-exec").arg_file("script.lua", "print(io.read('n') * 7)").over(wire);
    let mut client = session.connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("6\n");
    assert_eq!(peer.hears_to_end(), b"42\n");
    peer.closes();
    client.leaves(0);
}

#[test]
fn what_is_no_script_is_2_before_anybody_is_connected_to() {
    it(|| {
        // To connect would be refused, which is 1.
        let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut client = netcat("--lua-exec /nosuch.lua").connects_to(&nobody);
        client.leaves(2);
        client.says(&["/nosuch.lua", "no such file"]);
        let mut client = netcat("--lua-exec").arg_file("wrong.lua", "\nx = = 1").connects_to(&nobody);
        client.leaves(2);
        client.says(&["wrong.lua:2:", "unexpected symbol"]);
    });
}

#[test]
fn a_listener_tells_of_each_client_what_is_wrong_with_the_script() {
    it(|| {
        let server = netcat("-k --lua-exec").arg_file("wrong.lua", "x = = 1").listens();
        for count in 1..=2 {
            Peer::dials(&server, Wire::Plain).hears_end();
            server.says_times(&["wrong.lua:1:", "unexpected symbol"], count);
        }
        let script = server.file("wrong.lua");
        std::fs::write(&script, "print('right')").unwrap();
        assert_eq!(Peer::dials(&server, Wire::Plain).hears_to_end(), b"right\n");
        std::fs::remove_file(&script).unwrap();
        Peer::dials(&server, Wire::Plain).hears_end();
        server.says(&["wrong.lua", "no such file"]);
    });
}

#[test]
fn writing_to_a_peer_that_has_left_ends_a_script() {
    it(|| {
        let script = "os.execute('echo started >&2') while true do print('on') end";
        let mut server = netcat("-i 60s --lua-exec").arg_file("script.lua", script).listens();
        let peer = Peer::dials(&server, Wire::Plain);
        server.says(&["started"]);
        peer.resets();
        server.leaves(1);
    });
}
