//! UDP: datagrams whole and apart, many peers at one socket, and an end that nothing tells of.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use crate::lang::{
    A_WHILE, Datagrams, Stdin, Stdout, connect, free_port, ipv6, it, listen, ms, netcat, noise, skip, tool,
};

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
fn empty_datagrams_and_large_ones_are_passed_on_by_a_broker() {
    it(|| {
        let broker = listen("-u --broker");
        let (mut one, mut other) = (Datagrams::dials(&broker), Datagrams::dials(&broker));
        one.sends("one is here");
        broker.says(&["Connection from", &one.address().to_string()]);
        broker.stays_for(ms(100));
        other.sends("so is the other");
        one.hears("so is the other");
        one.sends("");
        other.hears("");
        let bytes = noise(3, 65_507);
        one.sends(&bytes);
        other.hears(&bytes);
        other.sends("end");
        one.hears("end");
    });
}

#[test]
fn the_largest_datagram_in_a_chat_touches_nobody() {
    it(|| {
        let chat = listen("-u --chat");
        let (mut one, mut other) = (Datagrams::dials(&chat), Datagrams::dials(&chat));
        one.sends("one\n");
        chat.says(&["Connection from", &one.address().to_string()]);
        other.sends("other\n");
        chat.says(&["Connection from", &other.address().to_string()]);
        // With its prefix it is too large to be sent at once.
        other.sends([b'x'; 65_507]);
        let mut heard = Vec::new();
        while heard.iter().filter(|&&byte| byte == b'x').count() < 65_507 {
            heard.extend(one.hears_any());
        }
        one.sends("still here\n");
        while !String::from_utf8_lossy(&other.hears_any()).contains("still here") {}
    });
}

#[test]
fn a_listener_answers_the_first_peer_alone() {
    it(|| {
        let mut server = listen("-u");
        let mut first = Datagrams::dials(&server);
        first.sends("first\n");
        server.shows("first\n");
        Datagrams::dials(&server).is_refused();
        server.types("answer\n");
        first.hears("answer\n");
        first.sends("more\n");
        server.shows("more\n");
        server.stays_for(A_WHILE);
    });
}

#[test]
fn a_listener_stays_when_stdin_has_ended() {
    it(|| {
        let mut server = listen("-u");
        let mut peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        server.ends_stdin();
        peer.hears("answer\n");
        server.stays_for(ms(1000));
        peer.sends("more\n");
        server.shows("more\n");
    });
}

#[test]
fn a_listener_is_ended_by_q() {
    it(|| {
        let mut server = listen("-u -q 500ms");
        let mut peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        server.shows("hi\n");
        server.types("answer\n");
        server.ends_stdin();
        peer.hears("answer\n");
        server.leaves(0);
    });
}

#[test]
fn a_listener_is_ended_by_i() {
    it(|| {
        let mut server = listen("-u -i 500ms");
        let peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        server.shows("hi\n");
        server.leaves(1);
        server.says(&["Idle timeout expired (500 ms)"]);
    });
}

#[test]
fn a_listeners_peer_that_is_gone_is_noticed_at_the_next_datagram() {
    it(|| {
        let mut server = listen("-u");
        let peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        server.shows("hi\n");
        drop(peer);
        server.types("are you there?\n");
        server.leaves(1);
        server.says(&["Connection refused"]);
    });
}

#[test]
fn with_k_many_are_heard_and_all_are_answered() {
    it(|| {
        let mut server = listen("-u -k");
        let mut peers: Vec<_> = (0..5).map(|_| Datagrams::dials(&server)).collect();
        for (number, peer) in peers.iter().enumerate() {
            peer.sends(format!("{number}\n"));
            server.shows(format!("{number}\n"));
        }
        server.types("to all\n");
        peers.iter_mut().for_each(|peer| peer.hears("to all\n"));
        peers[0].sends("again\n");
        server.shows("again\n");
        assert_eq!(server.times_said(&["Connection from"]), 5);
    });
}

#[test]
fn with_k_stdin_waits_for_the_first_peer() {
    it(|| {
        let mut server = netcat("-u -k").stdin(Stdin::File(b"hello\n".to_vec())).listens();
        let mut peer = Datagrams::dials(&server);
        peer.sends("hi\n");
        peer.hears("hello\n");
        server.shows("hi\n");
    });
}

#[test]
fn with_k_a_peer_that_is_gone_touches_nobody() {
    it(|| {
        let mut server = listen("-u -k");
        let (gone, mut peer) = (Datagrams::dials(&server), Datagrams::dials(&server));
        gone.sends("one\n");
        server.shows("one\n");
        peer.sends("two\n");
        server.shows("two\n");
        drop(gone);
        for line in ["a\n", "b\n", "c\n"] {
            server.types(line);
            peer.hears(line);
        }
        peer.sends("three\n");
        server.shows("three\n");
    });
}

#[test]
fn with_k_i_gives_a_silent_peer_up_and_it_may_come_again() {
    it(|| {
        let mut server = listen("-u -k -i 500ms");
        let peer = Datagrams::dials(&server);
        peer.sends("one\n");
        server.shows("one\n");
        server.says(&["Idle timeout expired (500 ms)"]);
        peer.sends("two\n");
        server.shows("two\n");
        server.says_times(&["Connection from"], 2);
    });
}

#[test]
fn with_k_there_may_be_a_limit() {
    it(|| {
        let mut server = listen("-u -k -m 1");
        let (mut one, other) = (Datagrams::dials(&server), Datagrams::dials(&server));
        one.sends("one\n");
        server.shows("one\n");
        other.sends("two\n");
        server.says(&["New connection denied: connection limit reached (1)"]);
        server.types("to all\n");
        one.hears("to all\n");
        one.sends("three\n");
        server.shows("three\n");
    });
}

#[test]
fn what_comes_faster_than_it_is_taken_is_counted() {
    it(|| {
        let mut server = netcat("-u -i 1s").stdout(Stdout::Unread).listens();
        let peer = Datagrams::dials(&server);
        for _ in 0..1000 {
            peer.sends([b'x'; 8192]);
        }
        server.stays_for(ms(1500));
        server.drops_stdout();
        server.types("bye\n");
        server.leaves(1);
        server.says(&["datagrams dropped: they came faster than they could be passed on"]);
    });
}

#[test]
fn with_k_what_comes_faster_than_it_is_taken_is_counted() {
    it(|| {
        let mut server = netcat("-u -k -i 1s").stdout(Stdout::Unread).listens();
        let peer = Datagrams::dials(&server);
        for _ in 0..2000 {
            peer.sends([b'x'; 8192]);
            // So that it is rncat who drops, not the kernel.
            std::thread::sleep(ms(1) / 10);
        }
        server.reads_stdout();
        server.says(&["datagrams dropped: they came faster than they could be passed on"]);
    });
}

#[test]
fn it_listens_on_both_families_with_one_port() {
    it(|| {
        if !ipv6() {
            return;
        }
        let mut server = netcat("-u -k").listens_on(None);
        let port = server.addresses()[0].port();
        assert!(server.addresses().iter().all(|address| address.port() == port) && server.addresses().len() == 2);
        for ip in ["[::1]", "127.0.0.1"] {
            let address: SocketAddr = format!("{ip}:{port}").parse().unwrap();
            let mut peer = Datagrams::dials(&address);
            peer.sends(ip);
            server.shows(ip);
            server.types("x");
            peer.hears("x");
        }
    });
}

#[test]
fn a_port_and_an_address_to_send_from_can_be_chosen() {
    it(|| {
        let mut server = Datagrams::new();
        let port = free_port();
        let client = connect(&server, &format!("-u -s 127.0.0.2 -p {port}"));
        client.types("hi\n");
        server.hears("hi\n");
        let mut expected = Datagrams::new();
        expected.turns_to(SocketAddr::from(([127, 0, 0, 2], port)));
        // It is connected, so it hears nobody but the server.
        expected.sends("a stranger\n");
        server.sends("the server\n");
        let mut client = client;
        client.shows("the server\n");
    });
}

#[test]
fn the_address_0_is_this_machine() {
    it(|| {
        let mut server = Datagrams::new();
        let mut client = netcat("-u").connects_to_name("0.0.0.0", server.address().port());
        client.types("hi\n");
        server.hears("hi\n");
        server.sends("answer\n");
        client.shows("answer\n");
    });
}

#[test]
fn a_broadcast_address_may_be_sent_to() {
    it(|| {
        let mut server = Datagrams::at("0.0.0.0:0");
        let mut client = netcat("-u").connects_to_name("127.255.255.255", server.address().port());
        client.types("to all\n");
        server.hears("to all\n");
        server.sends("from one\n");
        client.shows("from one\n");
        client.ends_stdin();
        client.leaves(0);
    });
}

#[test]
fn a_multicast_group_is_joined_and_sent_to() {
    it(|| {
        let Some((group, port)) = multicast() else { return };
        let mut server = netcat("-u").listens_on(Some(group));
        let port = if server.addresses()[0].port() == 0 { port } else { server.address().port() };
        let mut client = netcat("-u").connects_to_name(group, port);
        client.types("to the group\n");
        server.shows("to the group\n");
        server.types("from one of it\n");
        client.shows("from one of it\n");
    });
}

/// A group that this machine can join and hear itself in.
fn multicast() -> Option<(&'static str, u16)> {
    let group = Ipv4Addr::new(239, 255, 71, 3);
    let socket = UdpSocket::bind((group, 0)).unwrap();
    socket.set_read_timeout(Some(ms(500))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let heard = socket
        .join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)
        .and_then(|()| UdpSocket::bind("0.0.0.0:0")?.send_to(b"?", (group, port)))
        .and_then(|_| socket.recv(&mut [0; 10]));
    if heard.is_err() {
        skip("multicast not available");
        return None;
    }
    Some(("239.255.71.3", free_port()))
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

#[test]
fn a_command_answers() {
    it(|| {
        let server = netcat("-u -k --sh-exec").arg("read line; echo you said $line").listens();
        for word in ["one", "two"] {
            let mut peer = Datagrams::dials(&server);
            peer.sends(format!("{word}\n"));
            peer.hears(format!("you said {word}\n"));
        }
    });
}

#[test]
fn each_peer_has_a_command_of_its_own_at_once() {
    it(|| {
        let server = netcat("-u -k --exec").arg("/bin/cat").listens();
        let (mut one, mut other) = (Datagrams::dials(&server), Datagrams::dials(&server));
        for line in ["a\n", "b\n"] {
            one.sends(line);
            other.sends(line.to_uppercase());
            one.hears(line);
            other.hears(line.to_uppercase());
        }
    });
}

#[test]
fn nc_and_socat_hear_and_answer() {
    it(|| {
        let port = free_port();
        for (name, args) in [("nc", format!("-u -l 127.0.0.1 {port}")), ("socat", format!("- UDP-LISTEN:{port}"))] {
            let Some(path) = tool(name) else { continue };
            let mut server = crate::lang::program(&path, &args).starts();
            // It does not tell when it listens.
            server.stays_for(A_WHILE);
            let mut client = netcat("-u").connects_to_name("127.0.0.1", port);
            client.types("hi\n");
            server.shows("hi\n");
            server.types("answer\n");
            client.shows("answer\n");
            client.ends_stdin();
            client.leaves(0);
        }
    });
}

#[test]
fn nc_and_socat_are_heard_and_answered() {
    it(|| {
        for (name, args) in [("nc", "-u 127.0.0.1 PORT"), ("socat", "- UDP:127.0.0.1:PORT")] {
            let Some(path) = tool(name) else { continue };
            let mut server = listen("-u");
            let args = args.replace("PORT", &server.address().port().to_string());
            let mut client = crate::lang::program(&path, &args).starts();
            client.types("hi\n");
            server.shows("hi\n");
            server.types("answer\n");
            client.shows("answer\n");
        }
    });
}
