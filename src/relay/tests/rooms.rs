//! Datagrams, rooms, who stalls, and who is cut short.

use super::*;

#[test]
fn datagrams_pass_whole_and_empty_ones_pass() -> Result<()> {
    let mut world = World::new()?;
    let ((a, from), (b, to)) = (world.add(), world.add());
    from.0.borrow_mut().datagrams = true;
    to.0.borrow_mut().datagrams = true;
    to.has_room(4);
    let large = "x".repeat(3 * DATAGRAM);
    from.says([bytes("one"), bytes(""), bytes("two"), bytes(&large)]);
    world.relay.join(a, b);
    world.ready(a);
    assert_eq!(to.heard(), b"one||", "the second has to wait for room for all of it");
    to.has_room(usize::MAX);
    world.ready(b);
    assert_eq!(to.heard(), format!("one||two|{large}|").into_bytes());
    Ok(())
}

#[test]
fn datagrams_are_joined_only_where_no_sink_can_tell() -> Result<()> {
    let mut world = World::new()?;
    let [(a, from), (b, file), (c, command)] = [world.add(), world.add(), world.add()];
    world.relay.join(a, b);
    let joined = |from: &Fake| std::mem::take(&mut from.0.borrow_mut().joined);
    file.0.borrow_mut().hides = true;
    world.ready(a);
    assert_eq!(joined(&from), 0, "a stream has none");
    from.0.borrow_mut().datagrams = true;
    world.ready(a);
    assert_eq!(joined(&from), 1);
    world.relay.join(a, c);
    world.ready(a);
    assert_eq!(joined(&from), 0, "one of two can tell");
    command.0.borrow_mut().hides = true;
    world.relay.speak_to_room(a, Voice::Speaks);
    world.ready(a);
    assert_eq!(joined(&from), 0, "those in a room may");
    Ok(())
}

#[test]
fn a_stream_is_cut_into_datagrams() -> Result<()> {
    let mut world = World::new()?;
    let ((a, from), (b, to)) = (world.add(), world.add());
    to.0.borrow_mut().datagrams = true;
    to.has_room(DATAGRAM + 10);
    from.says([Step::Bytes(vec![b'x'; 2 * DATAGRAM + 5]), Step::End]);
    world.relay.join(a, b);
    world.ready(a);
    to.has_room(usize::MAX);
    world.ready(b);
    let lengths: Vec<_> = to.heard().split(|byte| *byte == b'|').map(<[u8]>::len).collect();
    assert_eq!(lengths, [DATAGRAM, DATAGRAM, 5, 0]);
    Ok(())
}

#[test]
fn in_a_room_all_others_hear() -> Result<()> {
    let mut world = World::new()?;
    let members: Vec<_> = (0..3).map(|_| world.add()).collect();
    for (token, _) in &members {
        world.relay.hear_room(*token);
        world.relay.speak_to_room(*token, Voice::Speaks);
    }
    members[0].1.says([bytes("hello"), Step::End]);
    world.ready(members[0].0);
    assert_eq!((members[0].1.heard(), members[1].1.heard()), (b"".to_vec(), b"hello".to_vec()));
    assert_eq!(members[2].1.heard(), b"hello");
    assert!(members.iter().all(|(_, it)| !it.half_closed()), "somebody may always come");
    assert_eq!(world.notices, ["1 ended InOrder"]);
    Ok(())
}

#[test]
fn alone_in_a_room_one_speaks_to_nobody_or_waits() -> Result<()> {
    let mut world = World::new()?;
    let ((stdin, typed), (client, said)) = (world.add(), world.add());
    world.relay.speak_to_room(stdin, Voice::Waits);
    typed.says([bytes("for the first")]);
    world.ready(stdin);
    assert_eq!(typed.0.borrow().reads, 0, "it is kept for somebody");
    world.relay.speak_to_room(client, Voice::Speaks);
    said.says([bytes("to nobody"), Step::End]);
    world.ready(client);
    assert_eq!(world.notices, ["2 ended InOrder"], "its end is noticed");
    world.relay.hear_room(client);
    world.works();
    assert_eq!(said.heard(), b"for the first");
    Ok(())
}

#[test]
fn who_stalls_is_told_of_and_holds_nobody_up_once_it_is_closed() -> Result<()> {
    let mut world = World::new()?;
    let ((a, from), (b, slow), (c, good)) = (world.add(), world.add(), world.add());
    world.relay.limit_stalls(b, Duration::from_millis(20));
    slow.has_room(0);
    from.says([bytes("one"), bytes("two")]);
    world.relay.join(a, b);
    world.relay.join(a, c);
    world.ready(a);
    assert_eq!(good.heard(), b"one");
    let (mut events, mut alarms) = (Vec::new(), Vec::new());
    while world.notices.is_empty() {
        world.reactor.wait(false, &mut events, &mut alarms)?;
        alarms.drain(..).for_each(|token| world.relay.alarm(token));
        world.works();
    }
    assert_eq!(world.notices, ["2 stalled"]);
    world.relay.close(b, Patience::For(Duration::ZERO), world.reactor.now());
    world.works();
    assert_eq!(good.heard(), b"onetwo");
    Ok(())
}

#[test]
fn who_is_being_closed_cannot_stall() -> Result<()> {
    let mut world = World::new()?;
    let ((a, alice), (b, bob)) = (world.add(), world.add());
    world.relay.join(a, b);
    world.relay.limit_stalls(b, Duration::from_millis(5));
    bob.has_room(1);
    alice.says([bytes("ab")]);
    world.works();
    world.relay.close(b, Patience::Endless, world.reactor.now());
    world.reactor.pass(Duration::from_millis(10));
    world.ready(b);
    assert_eq!(world.notices, [""; 0], "it holds nobody up any more");
    bob.has_room(1);
    world.ready(b);
    assert_eq!((bob.heard(), &*world.notices), (b"ab".to_vec(), &["2 closed, 0 lost".to_owned()][..]));
    Ok(())
}

#[test]
fn a_stream_is_given_back_as_it_is() -> Result<()> {
    let mut world = World::new()?;
    let ((a, from), (b, to)) = (world.add(), world.add());
    from.says([bytes("one"), Step::Wait, bytes("two")]);
    world.relay.join(a, b);
    world.ready(a);
    let mut stream = world.relay.take(a).unwrap();
    assert!(!world.relay.has(a));
    let mut buffer = [0; 10];
    assert_eq!(stream.read(&mut buffer).unwrap(), Flow::Moved(3));
    assert_eq!((&buffer[..3], to.heard().as_slice()), (&b"two"[..], &b"one"[..]));
    Ok(())
}

#[test]
fn who_is_fed_by_one_that_fails_is_cut_short_once_all_is_delivered() -> Result<()> {
    let mut world = World::new()?;
    let ((a, alice), (b, bob), (c, carol)) = (world.add(), world.add(), world.add());
    world.relay.mirror_failure(b);
    bob.has_room(1);
    alice.says([bytes("ab"), Step::Reset]);
    world.relay.join(a, b);
    world.relay.join(a, c);
    world.ready(a);
    bob.has_room(1);
    world.ready(b);
    world.relay.close(b, Patience::Endless, world.reactor.now());
    world.works();
    assert_eq!((bob.heard(), bob.half_closed()), (b"ab".to_vec(), false), "no end in order");
    assert!(carol.half_closed(), "as any other is");
    assert!(world.notices.contains(&"2 closed, 0 lost".to_owned()));
    Ok(())
}

#[test]
fn what_is_cut_short_is_told_no_end_though_all_was_delivered() -> Result<()> {
    let mut world = World::new()?;
    let ((a, alice), (b, bob)) = (world.add(), world.add());
    bob.has_room(9);
    alice.says([bytes("ab")]);
    world.relay.join(a, b);
    world.ready(a);
    world.relay.cut_short(b);
    world.relay.close(b, Patience::For(Duration::ZERO), world.reactor.now());
    world.works();
    assert_eq!((bob.heard(), bob.half_closed()), (b"ab".to_vec(), false));
    assert_eq!(world.notices, ["2 closed, 0 lost"]);
    Ok(())
}
