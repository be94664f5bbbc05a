//! The layer around a scripted stream.

use super::*;
use mio::{Registry, Token};
use proptest::prelude::*;
use std::{cell::RefCell, collections::VecDeque, rc::Rc};

const IAC: u8 = 255;
const DO_1: [u8; 3] = [IAC, 253, 1];
const WONT_1: [u8; 3] = [IAC, 252, 1];
const NOP: [u8; 2] = [IAC, 241];

/// What the stream below does, and what was done to it.
#[derive(Default)]
struct Script {
    /// What comes, a read each; then `after`.
    reads: VecDeque<Vec<u8>>,
    ended: bool,
    /// How many bytes it still takes.
    room: usize,
    fails: bool,
    written: Vec<u8>,
    said: Vec<&'static str>,
}

struct Below(Rc<RefCell<Script>>);

impl Stream for Below {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut script = self.0.borrow_mut();
        match script.reads.pop_front() {
            Some(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(Flow::Moved(bytes.len()))
            }
            None if script.ended => Ok(Flow::Ended),
            None => Ok(Flow::Blocked),
        }
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut script = self.0.borrow_mut();
        assert_eq!(script.said, [""; 0], "written after the goodbye");
        if script.fails {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n = bytes.len().min(script.room);
        script.room -= n;
        script.written.extend_from_slice(&bytes[..n]);
        Ok(if n == 0 { Flow::Blocked } else { Flow::Moved(n) })
    }
    fn finish(&mut self) -> io::Result<()> {
        self.0.borrow_mut().said.push("finish");
        Ok(())
    }
    fn hang_up(&mut self) -> io::Result<()> {
        self.0.borrow_mut().said.push("hang up");
        Ok(())
    }
    fn broken(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
    fn undelivered(&self) -> usize {
        self.0.borrow().written.len()
    }
}

fn telnet(reads: &[&[u8]], room: usize) -> (Telnet, Rc<RefCell<Script>>) {
    let reads = reads.iter().map(|read| read.to_vec()).collect();
    let script = Rc::new(RefCell::new(Script { reads, room, ..Script::default() }));
    (Telnet::new(Box::new(Below(Rc::clone(&script)))), script)
}

fn read(telnet: &mut Telnet) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 4096];
    match telnet.read(&mut buffer).unwrap() {
        Flow::Moved(0) => panic!("nothing was moved"),
        Flow::Moved(n) => Some(buffer[..n].to_vec()),
        Flow::Blocked | Flow::Ended => None,
    }
}

#[test]
fn negotiation_is_answered_and_only_data_is_read() {
    let (mut telnet, script) = telnet(&[&DO_1, &NOP, b"login: ", &[IAC], &[241], b"x\xff\xff"], 100);
    assert_eq!(read(&mut telnet).unwrap(), b"login: ");
    assert_eq!(script.borrow().written, WONT_1);
    assert_eq!(read(&mut telnet).unwrap(), b"x\xff");
    assert_eq!(telnet.read(&mut [0; 10]).unwrap(), Flow::Blocked);
    script.borrow_mut().ended = true;
    assert_eq!(telnet.read(&mut [0; 10]).unwrap(), Flow::Ended);
}

#[test]
fn answers_wait_for_room_and_go_before_data() {
    let (mut telnet, script) = telnet(&[&DO_1, b"go on"], 1);
    assert_eq!(read(&mut telnet).unwrap(), b"go on", "reading does not wait for room");
    assert_eq!(telnet.write(b"yes").unwrap(), Flow::Blocked);
    assert_eq!(telnet.flush().unwrap(), Poll::Pending);
    script.borrow_mut().room = 100;
    assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
    assert_eq!(telnet.write(b"yes").unwrap(), Flow::Moved(3));
    assert_eq!(script.borrow().written, [&WONT_1[..], b"yes"].concat());
}

#[test]
fn no_answer_comes_between_the_bytes_of_a_pair() {
    let (mut telnet, script) = telnet(&[&DO_1], 2);
    assert_eq!(telnet.write(b"a\xffb").unwrap(), Flow::Moved(3));
    assert_eq!(script.borrow().written, b"a\xff");
    assert_eq!(read(&mut telnet), None);
    script.borrow_mut().room = 100;
    assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
    assert_eq!(script.borrow().written, [&b"a\xff\xffb"[..], &WONT_1].concat());
}

#[test]
fn what_is_held_is_counted() {
    let (mut telnet, script) = telnet(&[&DO_1], 0);
    assert_eq!(read(&mut telnet), None);
    assert_eq!(telnet.undelivered(), 0, "answers are nobody's loss");
    script.borrow_mut().room = 3;
    assert_eq!(telnet.write(b"\xff\xffa").unwrap(), Flow::Moved(3));
    script.borrow_mut().written.clear();
    assert_eq!(telnet.undelivered(), 3);
    script.borrow_mut().room = 3;
    assert_eq!(telnet.flush().unwrap(), Poll::Pending);
    script.borrow_mut().written.clear();
    assert_eq!(telnet.undelivered(), 2, "half a pair, and a byte");
    script.borrow_mut().room = 100;
    assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
    assert_eq!(telnet.undelivered(), 2, "they are in the stream below now");
}

#[test]
fn goodbyes_wait_for_what_is_held() {
    for hang_up in [false, true] {
        let (mut telnet, script) = telnet(&[&DO_1, &DO_1, b"bye"], 2);
        assert_eq!(telnet.write(b"\xff\xff").unwrap(), Flow::Moved(2));
        if hang_up {
            telnet.hang_up().unwrap()
        } else {
            telnet.finish().unwrap()
        }
        assert_eq!(telnet.flush().unwrap(), Poll::Pending);
        assert_eq!(script.borrow().said, [""; 0]);
        assert_eq!(read(&mut telnet).unwrap(), b"bye", "reading goes on");
        script.borrow_mut().room = 100;
        assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
        assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
        assert_eq!(script.borrow().written, [IAC; 4], "nothing is answered after it");
        assert_eq!(script.borrow().said, [if hang_up { "hang up" } else { "finish" }]);
        telnet.hang_up().unwrap();
        telnet.finish().unwrap();
        assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
        let all: &[_] = if hang_up { &["hang up"] } else { &["finish", "hang up"] };
        assert_eq!(script.borrow().said, all);
    }
}

#[test]
fn an_answer_that_cannot_be_sent_does_not_stop_the_reader() {
    let (mut telnet, script) = telnet(&[&DO_1, b"a", &[IAC, 251, 1, b'b']], 0);
    script.borrow_mut().fails = true;
    assert_eq!(read(&mut telnet).unwrap(), b"a");
    assert_eq!(read(&mut telnet).unwrap(), b"b");
    assert_eq!(telnet.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(telnet.broken().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_flood_of_negotiation_is_an_error() {
    let flood: Vec<u8> = NOP.repeat(2048);
    let reads: Vec<&[u8]> = vec![&flood; NEGOTIATION / flood.len() + 1];
    let (mut telnet, _) = telnet(&reads, 0);
    assert_eq!(telnet.read(&mut [0; 4096]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    let requests: Vec<u8> = DO_1.repeat(1000);
    let reads: Vec<&[u8]> = std::iter::repeat_n([&requests[..], b"x"], 50).flatten().collect();
    let (mut telnet, _) = self::telnet(&reads, 0);
    while read(&mut telnet).is_some() {}
    assert_eq!(telnet.answers, WONT_1, "and one of requests is answered once while nothing is taken");
}

proptest! {
    #[test]
    fn what_is_written_arrives_at_another_telnet(
        data in prop::collection::vec(prop_oneof![Just(IAC), any::<u8>()], 0..300),
        rooms in prop::collection::vec(0usize..9, 1..40),
        requests in prop::collection::vec(any::<bool>(), 40),
    ) {
        let (mut telnet, script) = telnet(&[], 0);
        let mut rest = &data[..];
        for room in rooms.iter().cycle().take(200) {
            script.borrow_mut().room = *room;
            if requests.get(rest.len() % 40) == Some(&true) {
                script.borrow_mut().reads.push_back([&b"x"[..], &DO_1].concat());
                let _ = read(&mut telnet);
            }
            if let Flow::Moved(n) = telnet.write(rest).unwrap() {
                rest = &rest[n..];
            }
        }
        script.borrow_mut().room = usize::MAX;
        prop_assert_eq!(telnet.flush().unwrap(), Poll::Ready(()));
        while let Flow::Moved(n) = telnet.write(rest).unwrap() {
            rest = &rest[n..];
        }
        let mut written = script.borrow().written.clone();
        let mut answers = Vec::new();
        let n = telnet::Telnet::new().receive(&mut written, &mut answers);
        prop_assert_eq!(&written[..n], &data[..]);
        prop_assert!(answers.is_empty(), "answers ask for nothing");
    }
}
