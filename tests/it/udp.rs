//! UDP from the client's side: datagrams whole and apart, and an end that nothing tells of.

use crate::lang::{A_WHILE, Datagrams, Stdin, connect, it, listen, ms, netcat, noise};

#[test]
fn a_client_shows_the_answer_and_leaves_after_half_a_second_of_quiet() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u");
        client.types("hi\n");
        client.ends_stdin();
        server.hears("hi\n");
        server.sends("answer\n");
        client.shows("answer\n");
        client.stays_for(ms(400));
        client.leaves(0);
    });
}

#[test]
fn an_answer_that_comes_in_pieces_is_awaited() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u");
        client.types("hi\n");
        client.ends_stdin();
        server.hears("hi\n");
        for piece in ["one\n", "two\n", "three\n"] {
            client.stays_for(ms(300));
            server.sends(piece);
            client.shows(piece);
        }
        client.leaves(0);
    });
}

#[test]
fn q_sets_the_time_of_quiet() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u -q 1500ms");
        client.types("hi\n");
        client.ends_stdin();
        server.hears("hi\n");
        client.stays_for(ms(1000));
        server.sends("answer\n");
        client.shows("answer\n");
        client.stays_for(ms(1000));
        client.leaves(0);
    });
}

#[test]
fn a_negative_q_never_leaves() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u -q -1");
        client.types("hi\n");
        client.ends_stdin();
        server.hears("hi\n");
        client.stays_for(ms(1200));
        server.sends("answer\n");
        client.shows("answer\n");
    });
}

#[test]
fn i_gives_up_a_silent_server() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u -i 700ms");
        client.types("hi\n");
        server.hears("hi\n");
        client.leaves(1);
        client.says(&["Idle timeout expired (700 ms)"]);
    });
}

#[test]
fn a_refusal_is_1() {
    it(|| {
        let nobody = Datagrams::new().address();
        let mut client = connect(&nobody, "-u");
        client.types("hi\n");
        client.leaves(1);
        client.says(&["Connection refused"]);
    });
}

#[test]
fn a_refusal_of_all_that_stdin_had_is_1() {
    it(|| {
        let nobody = Datagrams::new().address();
        let mut client = netcat("-u").stdin(Stdin::File(b"hi\n".to_vec())).connects_to(&nobody);
        client.leaves(1);
        client.says(&["Connection refused"]);
    });
}

#[test]
fn a_server_that_goes_away_is_noticed_at_the_next_datagram() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u");
        client.types("one\n");
        server.hears("one\n");
        drop(server);
        client.types("two\n");
        client.leaves(1);
        client.says(&["Connection refused"]);
    });
}

#[test]
fn each_read_of_stdin_is_a_datagram() {
    it(|| {
        let mut server = Datagrams::new();
        let client = connect(&server, "-u");
        for line in ["one\n", "two", "three\n\n"] {
            client.types(line);
            server.hears(line);
        }
    });
}

#[test]
fn what_is_longer_than_8192_bytes_is_cut() {
    it(|| {
        let mut server = Datagrams::new();
        let bytes = noise(1, 20_000);
        let _client = netcat("-u").stdin(Stdin::File(bytes.clone())).connects_to(&server);
        for piece in bytes.chunks(8192) {
            server.hears(piece);
        }
    });
}

#[test]
fn what_comes_as_a_burst_is_shown_whole_and_in_order() {
    it(|| {
        let mut listener = listen("-u");
        // As much as the kernel keeps until somebody reads.
        let bytes = noise(4, 40_000);
        let _client = netcat("-u").stdin(Stdin::File(bytes.clone())).connects_to(&listener);
        listener.shows(&bytes);
        let mut listener = listen("-u");
        let peer = Datagrams::dials(&listener);
        for piece in bytes.chunks(1400) {
            peer.sends(piece);
            peer.sends("");
        }
        listener.shows(&bytes);
    });
}

#[test]
fn the_largest_datagram_is_received_whole() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u");
        client.types("hi\n");
        server.hears("hi\n");
        let bytes = noise(2, 65_507);
        server.sends(&bytes);
        client.shows(&bytes);
        let mut listener = listen("-u");
        Datagrams::dials(&listener).sends(&bytes);
        listener.shows(&bytes);
    });
}

#[test]
fn an_empty_datagram_is_no_end() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-u");
        client.types("hi\n");
        server.hears("hi\n");
        server.sends("");
        server.sends("more\n");
        client.shows("more\n");
        let mut listener = listen("-u");
        let peer = Datagrams::dials(&listener);
        peer.sends("");
        peer.sends("more\n");
        listener.shows("more\n");
    });
}

#[test]
fn z_sends_one_nul_and_takes_silence_for_success() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = connect(&server, "-z -u -v -w 600ms");
        server.hears("\0");
        client.stays_for(A_WHILE);
        client.leaves(0);
        client.says(&["UDP packet sent successfully"]);
    });
}

#[test]
fn z_waits_2_seconds_when_not_told() {
    it(|| {
        let server = Datagrams::new();
        let mut client = connect(&server, "-z -u");
        client.stays_for(ms(1700));
        client.leaves(0);
        client.shows_nothing_more();
        assert_eq!(client.said(), [""; 0]);
    });
}

#[test]
fn z_is_1_when_refused() {
    it(|| {
        let nobody = Datagrams::new().address();
        let mut client = connect(&nobody, "-z -u");
        client.leaves(1);
        assert_eq!(client.said(), [""; 0]);
        let mut client = connect(&nobody, "-z -u -v");
        client.leaves(1);
        client.says(&["Connection refused"]);
    });
}

#[test]
fn a_session_is_recorded() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = netcat("-u -o").arg_path("raw").arg("-x").arg_path("hex").connects_to(&server);
        client.types("hi\n");
        server.hears("hi\n");
        server.sends("");
        server.sends("answer\n");
        client.shows("answer\n");
        client.ends_stdin();
        client.leaves(0);
        assert_eq!(std::fs::read_to_string(client.file("raw")).unwrap(), "hi\nanswer\n");
        let hex = std::fs::read_to_string(client.file("hex")).unwrap();
        assert_eq!(hex.lines().count(), 2, "{hex}");
        assert!(hex.starts_with("0000   68 69 0a ") && hex.contains("\n0000   61 6e 73"), "{hex}");
    });
}

#[test]
fn send_only_leaves_when_all_is_sent() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = netcat("-u --send-only").stdin(Stdin::File(b"hi\n".to_vec())).connects_to(&server);
        server.hears("hi\n");
        client.leaves(0);
    });
}

#[test]
fn c_makes_crlf_before_it_is_cut() {
    it(|| {
        let mut server = Datagrams::new();
        let client = connect(&server, "-u -C");
        client.types("one\ntwo\n");
        server.hears("one\r\ntwo\r\n");
    });
}
