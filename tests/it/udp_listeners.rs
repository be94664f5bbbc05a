//! UDP listeners: one peer alone, or many at one socket; what is too much is counted.

use std::net::SocketAddr;

use crate::lang::{A_WHILE, Datagrams, Stdin, Stdout, ipv6, it, listen, ms, netcat, noise};

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
        server.says_times(&["Connection from"], 5);
        assert_eq!(server.times_said(&["Connection from"]), 5, "{:?}", server.said());
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
        server.says(&["New connection denied: connection limit reached (1)", "-m"]);
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
fn a_command_knows_its_peer() {
    it(|| {
        let script = "echo $NCAT_PROTO $NCAT_REMOTE_ADDR $NCAT_REMOTE_PORT $NCAT_LOCAL_ADDR $NCAT_LOCAL_PORT";
        let server = netcat("-u -4 --sh-exec").arg(script).listens_on(None);
        let mut peer = Datagrams::dials(&SocketAddr::from(([127, 0, 0, 1], server.address().port())));
        peer.sends("hi\n");
        let (own, port) = (peer.address().port(), server.address().port());
        peer.hears(format!("UDP 127.0.0.1 {own} 127.0.0.1 {port}\n"));
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
