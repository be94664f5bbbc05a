//! Where UDP's datagrams go: addresses, broadcast, multicast groups, and other programs.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use crate::lang::{A_WHILE, Datagrams, connect, free_port, it, listen, ms, netcat, program, skip, tool};

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
fn nc_and_socat_hear_and_answer() {
    it(|| {
        let port = free_port();
        for (name, args) in [("nc", format!("-u -l 127.0.0.1 {port}")), ("socat", format!("- UDP-LISTEN:{port}"))] {
            let Some(path) = tool(name) else { continue };
            let mut server = program(&path, &args).starts();
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
            let mut client = program(&path, &args).starts();
            client.types("hi\n");
            server.shows("hi\n");
            server.types("answer\n");
            client.shows("answer\n");
        }
    });
}
