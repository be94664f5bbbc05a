//! `--exec` and `--sh-exec`.

use crate::lang::{Peer, PeerListener, Wire, it, listen, netcat, noise, over_tcp_and_tls, same_bytes};

over_tcp_and_tls!(
    a_listener_runs_a_command_for_its_client,
    a_client_runs_a_command_for_its_server,
    the_peers_end_is_the_commands_end_of_input,
    the_commands_exit_ends_the_connection,
    bulk_goes_through_a_command,
    with_k_each_client_has_its_own_command,
);

fn a_listener_runs_a_command_for_its_client(wire: Wire) {
    let mut server = netcat("--sh-exec").arg("read line; echo \"got $line\"").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("hello\n");
    assert_eq!(peer.hears_to_end(), b"got hello\n");
    peer.closes();
    server.leaves(0);
    server.shows_nothing_more();
}

fn a_client_runs_a_command_for_its_server(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = netcat("-c").arg("echo $((6 * 7))").over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    assert_eq!(peer.hears_to_end(), b"42\n");
    peer.closes();
    client.leaves(0);
}

fn the_peers_end_is_the_commands_end_of_input(wire: Wire) {
    let mut server = netcat("--sh-exec").arg("cat >/dev/null; echo finished").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    peer.sends("data");
    peer.half_closes();
    assert_eq!(peer.hears_to_end(), b"finished\n");
    server.leaves(0);
}

fn the_commands_exit_ends_the_connection(wire: Wire) {
    let mut server = netcat("--sh-exec").arg("head -c 300000 /dev/zero").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    // Unread input must not cost the peer what the command wrote.
    peer.sends("nobody reads this");
    same_bytes(&peer.hears_to_end(), &vec![0; 300_000]);
    peer.closes();
    server.leaves(0);
}

fn bulk_goes_through_a_command(wire: Wire) {
    let mut server = netcat("--exec /bin/cat").over(wire).listens();
    let mut peer = Peer::dials(&server, wire);
    let bulk = noise(13, 1 << 20);
    same_bytes(&peer.exchanges(&bulk), &bulk);
    server.leaves(0);
}

fn with_k_each_client_has_its_own_command(wire: Wire) {
    let server = netcat("-k --sh-exec").arg("echo ready; cat").over(wire).listens();
    let mut peers = [0, 1, 2].map(|_| Peer::dials(&server, wire));
    for peer in &mut peers {
        peer.hears("ready\n");
    }
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.sends(format!("client {number}\n"));
        peer.hears(format!("client {number}\n"));
        peer.half_closes();
        peer.hears_end();
    }
    Peer::dials(&server, wire).hears("ready\n");
}

#[test]
fn words_are_split_at_blanks_and_quotes_are_ordinary() {
    it(|| {
        let server = netcat("--exec").arg(r"/bin/echo 'a b' c\ d \\").listens();
        assert_eq!(Peer::dials(&server, Wire::Plain).hears_to_end(), b"'a b' c d \\\n");
    });
}

#[test]
fn a_commands_errors_are_on_stderr() {
    it(|| {
        let server = netcat("--sh-exec").arg("echo trouble >&2").listens();
        Peer::dials(&server, Wire::Plain).hears_end();
        server.says(&["trouble"]);
    });
}

#[test]
fn a_command_that_failed_is_0() {
    it(|| {
        let mut server = listen("--exec /bin/false");
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears_end();
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_command_that_cannot_be_run_is_2_in_connect_mode() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--exec /nosuch/command").connects_to(&listener);
        client.leaves(2);
        client.says(&["/nosuch/command"]);
    });
}

#[test]
fn a_command_is_told_who_is_there() {
    it(|| {
        let command = "echo $NCAT_REMOTE_ADDR $NCAT_REMOTE_PORT $NCAT_LOCAL_ADDR $NCAT_LOCAL_PORT $NCAT_PROTO";
        let listener = PeerListener::new(Wire::Plain);
        let _client = netcat("--sh-exec").arg(command).connects_to(&listener);
        let mut peer = listener.accepts();
        let (remote, local) = (listener.address().port(), peer.address().port());
        peer.hears(format!("127.0.0.1 {remote} 127.0.0.1 {local} TCP\n"));
    });
}

#[test]
fn that_anybody_can_run_a_command_is_told_in_a_line() {
    it(|| {
        let words = ["anybody who reaches port ", " can run /bin/cat; "];
        let server = netcat("-k -e /bin/cat").listens_on(None);
        let port = server.address().port().to_string();
        server.says(&[words[0], &port, words[1], "--allow", "-l 127.0.0.1"]);
        assert_eq!(server.times_said(&words), 1, "on both families");
        for session in [
            netcat("-k -e /bin/cat").listens(),
            netcat("-k -e /bin/cat --quiet").listens_on(None),
            netcat("-k -e /bin/cat --allow 127.0.0.1").listens_on(None),
            netcat("-k -e /bin/cat").over(Wire::Tls).listens_on(None),
        ] {
            assert_eq!(session.times_said(&words), 0);
        }
    });
}
