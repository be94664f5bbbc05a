use super::*;
use crate::transport::datagram::LARGEST_INET;
use crate::transport::udp::UDP;
use std::net::UdpSocket;

struct Meeting {
    hub: Box<dyn Listener>,
    reactor: Reactor,
}

impl Meeting {
    fn new() -> Self {
        let on = Address::Inet("127.0.0.1:0".parse().unwrap());
        Self { hub: (UDP.listen)(&on, Serves::Many).unwrap(), reactor: Reactor::new().unwrap() }
    }

    fn peer(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.hub.local().unwrap().inet().unwrap()).unwrap();
        socket
    }

    fn accept(&mut self) -> Option<Box<dyn Stream>> {
        loop {
            match self.hub.accept(&mut self.reactor).unwrap() {
                Accepted::Peer { mut stream, .. } => {
                    let token = self.reactor.token();
                    stream.register(self.reactor.registry(), token).unwrap();
                    return Some(stream);
                }
                Accepted::Nobody => return None,
                Accepted::Later => {}
            }
        }
    }
}

fn read(stream: &mut dyn Stream) -> Option<Vec<u8>> {
    let mut buffer = vec![0; LARGEST];
    match stream.read(&mut buffer).unwrap() {
        Flow::Moved(n) => Some(buffer[..n].to_vec()),
        Flow::Blocked => None,
        Flow::Ended => panic!("datagrams have no end"),
    }
}

#[test]
fn each_peer_has_its_own_datagrams_and_empty_ones_count() {
    let mut meeting = Meeting::new();
    let (one, other) = (meeting.peer(), meeting.peer());
    one.send(b"from one").unwrap();
    let mut ones = meeting.accept().unwrap();
    other.send(b"from the other").unwrap();
    one.send(b"").unwrap();
    one.send(&[7; 65_507]).unwrap();
    let mut others = meeting.accept().unwrap();
    assert!(meeting.accept().is_none());
    assert_eq!(read(&mut *ones).unwrap(), b"from one");
    assert_eq!(read(&mut *ones).unwrap(), b"");
    assert_eq!(read(&mut *ones).unwrap(), [7; 65_507]);
    assert_eq!(read(&mut *ones), None);
    assert_eq!(read(&mut *others).unwrap(), b"from the other");
    ones.write(b"answer").unwrap();
    let mut buffer = [0; 10];
    assert_eq!(one.recv(&mut buffer).unwrap(), 6);
}

#[test]
fn what_has_come_for_one_is_joined_as_far_as_there_is_room_for_the_largest() {
    let mut meeting = Meeting::new();
    let (one, other) = (meeting.peer(), meeting.peer());
    one.send(b"one").unwrap();
    let mut ones = meeting.accept().unwrap();
    for datagram in [b"two".as_slice(), b"", &[7; 65_507], b"last"] {
        one.send(datagram).unwrap();
        other.send(b"the other's").unwrap();
    }
    while meeting.accept().is_some() {}
    let mut buffer = vec![0; LARGEST_INET + 65_507];
    assert_eq!(ones.read_joined(&mut buffer).unwrap(), Flow::Moved(6 + 65_507));
    assert_eq!(buffer[..7], *b"onetwo\x07");
    assert_eq!(ones.read_joined(&mut buffer).unwrap(), Flow::Moved(4));
    assert_eq!(ones.read_joined(&mut buffer).unwrap(), Flow::Blocked);
}

#[test]
fn what_comes_for_a_full_inbox_is_counted() {
    let mut meeting = Meeting::new();
    let peer = meeting.peer();
    peer.send(&[0; 60_000]).unwrap();
    let mut session = meeting.accept().unwrap();
    for _ in 0..9 {
        peer.send(&[0; 60_000]).unwrap();
        assert!(meeting.accept().is_none());
    }
    let there = std::iter::from_fn(|| read(&mut *session)).count();
    assert_eq!((there, session.dropped()), (4, 6));
}

#[test]
fn the_most_silent_makes_room_and_may_come_again() {
    let mut meeting = Meeting::new();
    let on = Address::Inet("127.0.0.1:0".parse().unwrap());
    let socket = crate::transport::udp::listen(&on).unwrap();
    let mut hub = Hub::new(socket, Serves::Many, None::<()>);
    let peers = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(|it| Address::Inet(it.parse().unwrap()));
    let from = |peer: &Address| Received { length: 0, each: None, from: peer.clone(), at: None };
    let reactor = &mut meeting.reactor;
    let mut sessions: Vec<_> = peers.iter().map(|peer| hub.sort(b"", &from(peer), reactor).unwrap()).collect();
    sessions.iter_mut().for_each(|session| drop(read(session)));
    assert!(!hub.make_room(reactor), "all have just spoken");
    let ago = |minutes: u64| reactor.now().checked_sub(Duration::from_secs(minutes * 60)).unwrap();
    sessions[0].inbox.heard.set(ago(6));
    sessions[1].inbox.heard.set(ago(7));
    assert!(hub.make_room(reactor));
    assert_eq!(sessions[1].read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    let again = hub.sort(b"again", &from(&peers[1]), reactor);
    assert!(again.is_some());
    drop(sessions.remove(1));
    assert!(hub.sort(b"and again", &from(&peers[1]), reactor).is_none(), "the old one's end is not the new one's");
}
