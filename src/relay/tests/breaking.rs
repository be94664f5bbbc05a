//! What is dropped incomplete is reset, through whatever layers; an end in order would be taken for the end of all.

use super::*;
use crate::{
    proto::{http::rewrite, reply::guess},
    report::Report,
    stream::{
        http_proxy::ClientSide,
        paced::{By, Paced, Settings},
        prefixed::Prefixed,
        telnet::Telnet,
    },
    transport::{Address, socket::StreamSocket},
};
use std::{
    io::Read,
    net::{Ipv4Addr, TcpListener, TcpStream},
};

type Layer = fn(Box<dyn Stream>) -> Box<dyn Stream>;

#[test]
fn what_is_dropped_incomplete_is_reset_through_every_layer_in_clear() -> Result<()> {
    let layers: [(&str, Layer); 5] = [
        ("none", |stream| stream),
        ("telnet", |stream| Box::new(Telnet::new(stream))),
        ("prefixed", |stream| Prefixed::around(stream, b"read ahead".to_vec())),
        ("paced", |stream| {
            let settings = Settings { fail: false, crlf: false, patience: Duration::from_secs(9) };
            let by = By::Replies(guess::begin(None));
            Box::new(Paced::new(stream, by, settings, "far".to_owned(), Report::new("rncat", 0, true)))
        }),
        ("proxy", |stream| {
            let settings = rewrite::Settings { pseudonym: "rncat-test".to_owned() };
            ClientSide::new(stream, Rc::new(settings)).leave()
        }),
    ];
    for (name, layer) in layers {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        near.set_nonblocking(true).unwrap();
        let address = Address::from(near.peer_addr().unwrap());
        let mut world = World::new()?;
        let token = world.reactor.token();
        world.relay.add(token, layer(Box::new(StreamSocket::new(near.into(), &address))));
        // More than the kernel takes.
        let now = world.reactor.now();
        world.relay.tell(token, &vec![b'x'; 16 << 20], now);
        world.relay.close(token, Patience::For(Duration::ZERO), now);
        world.works();
        assert!(!world.relay.has(token), "{name}");
        let heard = far.read_to_end(&mut Vec::new());
        assert_eq!(heard.unwrap_err().kind(), io::ErrorKind::ConnectionReset, "{name}");
    }
    Ok(())
}
