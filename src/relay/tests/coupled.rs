//! Streams whose reading makes writing possible, and the other way round.

use super::*;

/// Takes one byte for each that it has given, and gives what it is told to for each that it takes.
#[derive(Default)]
struct InTurns {
    gives: VecDeque<u8>,
    taken: Vec<u8>,
    /// Bytes that it takes before it has given more.
    turn: usize,
    /// It answers each byte that it takes with this one.
    answer: Option<u8>,
}

#[derive(Clone, Default)]
struct Coupled(Rc<RefCell<InTurns>>);

impl Stream for Coupled {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let mut it = self.0.borrow_mut();
        let Some(byte) = it.gives.pop_front() else { return Ok(Flow::Blocked) };
        it.turn += 1;
        buffer[0] = byte;
        Ok(Flow::Moved(1))
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut it = self.0.borrow_mut();
        if it.turn == 0 {
            return Ok(Flow::Blocked);
        }
        it.turn -= 1;
        it.taken.push(bytes[0]);
        let answer = it.answer;
        it.gives.extend(answer);
        Ok(Flow::Moved(1))
    }
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn is_coupled(&self) -> bool {
        true
    }
}

fn coupled(world: &mut World, it: InTurns) -> (Token, Coupled) {
    let (token, stream) = (world.reactor.token(), Coupled(Rc::new(RefCell::new(it))));
    world.relay.add(token, Box::new(stream.clone()));
    (token, stream)
}

#[test]
fn what_was_read_makes_writing_possible() -> Result<()> {
    let mut world = World::new()?;
    let (source, stdin) = world.add();
    let (peer, paced) = coupled(&mut world, InTurns { gives: b"123".iter().copied().collect(), ..InTurns::default() });
    world.relay.join(source, peer);
    world.relay.join(peer, source);
    stdin.says([bytes("abcd")]);
    world.works();
    assert_eq!(paced.0.borrow().taken, b"abc", "one for each that came, and no event told");
    assert_eq!(stdin.heard(), b"123");
    Ok(())
}

#[test]
fn what_was_written_makes_reading_possible() -> Result<()> {
    let mut world = World::new()?;
    let (client, socket) = world.add();
    let (server, _) = coupled(&mut world, InTurns { turn: 1, answer: Some(b'!'), ..InTurns::default() });
    world.relay.join(client, server);
    world.relay.join(server, client);
    world.works();
    socket.says([bytes("abc")]);
    world.ready(client);
    assert_eq!(socket.heard(), b"!!!", "each answer was fetched, and made room for the next");
    Ok(())
}
