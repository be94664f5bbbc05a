//! The layer at both ends of a pipe in memory.

use super::*;
use crate::stream::{
    Flow,
    tls::pipe::{End, pipe, same},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    task::Poll,
    time::{Duration, Instant},
};

fn upgrades(by: By, role: Role) -> Rc<Upgrades> {
    let serves = matches!(role, Role::Server(_));
    let (options, report) = (TlsOptions::default(), Report::new("rncat", 0, true));
    Rc::new(Upgrades { by, serves, terminal: true, by_default: true, options, role, tls: OnceCell::new(), report })
}

fn layer(end: End, upgrades: &Rc<Upgrades>) -> (Box<dyn Stream>, Rc<Handle>) {
    let remote = Address::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, 25)));
    upgrades.around(Box::new(end), &Whom { remote: &remote, host: "localhost", record: None })
}

fn client(end: End, by: By) -> (Box<dyn Stream>, Rc<Handle>) {
    layer(end, &upgrades(by, Role::Client))
}

fn server(end: End, by: By) -> (Box<dyn Stream>, Rc<Handle>) {
    layer(end, &upgrades(by, Role::Server(Vec::new())))
}

/// All that can be read now; the other end of a pipe that balks may have more in the next rounds.
fn heard(stream: &mut dyn Stream) -> io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    while let Flow::Moved(n) = stream.read(&mut buffer)? {
        all.extend_from_slice(&buffer[..n]);
    }
    Ok(all)
}

/// Says `text` at one end until the other has heard it.
fn carry(from: &mut dyn Stream, to: &mut dyn Stream, text: &[u8]) {
    let (mut said, mut all) = (0, Vec::new());
    for _ in 0..100_000 {
        if let Flow::Moved(n) = from.write(&text[said..]).unwrap()
            && said < text.len()
        {
            said += n;
        }
        let _ = from.flush().unwrap();
        all.extend(heard(to).unwrap());
        let _ = to.flush().unwrap();
        assert_eq!(heard(from).unwrap(), b"");
        if all.len() >= text.len() {
            assert_eq!(all, text);
            return;
        }
    }
    panic!("{:?} arrived of {:?}", all.escape_ascii().to_string(), text.escape_ascii().to_string());
}

#[test]
fn two_sides_that_agree_are_encrypted() {
    for (step, balky) in [(0, false), (1, false), (3, true)] {
        let (left, right) = pipe(step, balky);
        let wire = same(&left);
        let ((mut one, handle), (mut two, _)) = (client(left, By::Watching), server(right, By::Watching));
        carry(&mut *two, &mut *one, b"220-hi\r\n220 hi\r\n");
        carry(&mut *one, &mut *two, b"EHLO x\r\n");
        carry(&mut *two, &mut *one, b"250 STARTTLS\r\n");
        carry(&mut *one, &mut *two, b"STARTTLS\r\n");
        assert!(one.is_coupled() && !handle.is_encrypted());
        carry(&mut *two, &mut *one, b"220 go\r\n");
        carry(&mut *one, &mut *two, b"secret");
        assert!(handle.is_encrypted() && !one.is_coupled());
        while let Flow::Blocked = two.write(b"answer").unwrap() {}
        while two.flush().unwrap() == Poll::Pending {}
        let ciphertext: Vec<u8> = wire.incoming.borrow().bytes.iter().copied().collect();
        assert!(!ciphertext.is_empty() && !ciphertext.windows(6).any(|window| window == b"answer"));
    }
}

#[test]
fn a_played_dialogue_says_when() {
    for (step, balky) in [(0, false), (1, false), (3, true)] {
        let (left, right) = pipe(step, balky);
        let ((mut one, our), (mut two, their)) = (client(left, By::Handle), server(right, By::Handle));
        carry(&mut *two, &mut *one, b"hi\n");
        carry(&mut *one, &mut *two, b"encrypt\n");
        // It is said before the answer has been written.
        their.encrypt_after(6);
        carry(&mut *two, &mut *one, b"go\n");
        our.encrypt_after(8);
        assert!(our.is_encrypted());
        carry(&mut *two, &mut *one, b"the server may speak first");
        carry(&mut *one, &mut *two, b"and then the client");
    }
}

#[test]
fn what_comes_before_the_agreement_was_sent_is_not_read_in_clear() {
    let (left, mut right) = pipe(0, false);
    let (mut two, their) = server(left, By::Handle);
    carry(&mut right, &mut *two, b"encrypt\n");
    their.encrypt_after(3);
    right.write(b"in clear").unwrap();
    assert_eq!(heard(&mut *two).unwrap(), b"");
    assert_eq!(two.write(b"go\n").unwrap(), Flow::Moved(3));
    let error = heard(&mut *two).unwrap_err();
    assert!(error.to_string().starts_with("TLS with 127.0.0.1:25: "), "{error}");
    assert_eq!(heard(&mut right).unwrap()[..3], *b"go\n");
}

#[test]
fn who_is_around_is_woken_when_the_handshake_has_ended() {
    let (left, right) = pipe(0, false);
    let ((mut one, our), (mut two, their)) = (client(left, By::Handle), server(right, By::Handle));
    our.encrypt_after(0);
    their.encrypt_after(0);
    for _ in 0..3 {
        // No read of the server's tells the reader that there is something.
        let _ = (one.write(b"early").unwrap(), one.flush().unwrap(), two.flush().unwrap());
    }
    assert!(!two.is_coupled(), "encrypted");
    let due = two.deadline().unwrap();
    assert!(due <= Instant::now());
    two.timeout(due).unwrap();
    assert_eq!(two.deadline(), None);
    assert_eq!(heard(&mut *two).unwrap()[..5], *b"early");
}

#[test]
fn where_tls_comes_first_all_is_tls() {
    let (left, right) = pipe(0, false);
    let ((mut one, our), (mut two, their)) = (client(left, By::Handle), server(right, By::Handle));
    our.encrypt_after(0);
    assert_eq!(heard(&mut *one).unwrap(), b"", "but its ClientHello is there");
    their.encrypt_after(0);
    carry(&mut *two, &mut *one, b"220 hi\r\n");
}

#[test]
fn nothing_is_made_before_it_is_needed() {
    let upgrades = upgrades(By::Watching, Role::Client);
    let (left, mut two) = pipe(0, false);
    let (mut one, _) = layer(left, &upgrades);
    carry(&mut two, &mut *one, b"220 hi\r\n");
    carry(&mut *one, &mut two, b"STARTTLS\r\n");
    assert!(upgrades.tls.get().is_none());
    two.write(b"220 go\r\n").unwrap();
    assert_eq!(heard(&mut *one).unwrap(), b"220 go\r\n");
    assert!(upgrades.tls.get().is_some());
}

#[test]
fn it_steps_aside_where_nothing_can_be_agreed_on() {
    let (left, mut right) = pipe(0, false);
    let (mut one, _) = client(left, By::Watching);
    carry(&mut *one, &mut right, b"GET / HTTP/1.1\r\n\r\n");
    carry(&mut right, &mut *one, b"HTTP/1.1 200 OK\r\n\r\n220 STARTTLS\r\n");
    assert!(!one.is_coupled());
    carry(&mut *one, &mut right, b"STARTTLS\r\n and all the rest");
}

#[test]
fn a_handshake_has_its_time() {
    let (left, mut right) = pipe(0, false);
    let (mut one, handle) = client(left, By::Handle);
    handle.encrypt_after(0);
    assert_eq!(one.write(b"x").unwrap(), Flow::Blocked);
    assert_eq!(heard(&mut right).unwrap()[..2], [0x16, 3], "a ClientHello");
    let due = one.deadline().unwrap();
    assert!(due > Instant::now() + Duration::from_secs(25) && due <= Instant::now() + Duration::from_secs(30));
    one.timeout(due - Duration::from_millis(1)).unwrap();
    assert_eq!(one.read(&mut [0]).unwrap(), Flow::Blocked);
    one.timeout(due).unwrap();
    assert!(one.deadline().is_some_and(|at| at <= Instant::now()), "it asks to be read from");
    one.timeout(due).unwrap();
    assert_eq!(one.deadline(), None, "once");
    let error = one.read(&mut [0]).unwrap_err();
    let error = Error::carried(&error).unwrap();
    assert!(error.to_string().starts_with("TLS with 127.0.0.1:25: TIMEOUT."), "{error}");
    assert_eq!(one.write(b"x").unwrap(), Flow::Blocked, "never in clear");
    assert_eq!(heard(&mut right).unwrap()[..2], [0x15, 3], "an alert");
}

#[test]
fn a_client_that_ends_early_still_waits_for_the_answer() {
    for (answer, heard_then) in [("220 go\r\n", None), ("454 no\r\n", Some("MAIL x\r\n"))] {
        let (left, mut right) = pipe(0, false);
        let (mut two, _) = server(left, By::Watching);
        carry(&mut *two, &mut right, b"220 hi\r\n");
        right.write(b"STARTTLS\r\nMAIL x\r\n").unwrap();
        right.finish().unwrap();
        assert_eq!(heard(&mut *two).unwrap(), b"STARTTLS\r\n");
        assert_eq!(two.write(answer.as_bytes()).unwrap(), Flow::Moved(answer.len()));
        match heard_then {
            Some(text) => {
                assert_eq!(heard(&mut *two).unwrap(), text.as_bytes());
                assert_eq!(two.read(&mut [0]).unwrap(), Flow::Ended);
            }
            None => {
                let error = heard(&mut *two).unwrap_err();
                assert!(error.to_string().contains(": 8 bytes came in clear behind the client's STARTTLS"), "{error}");
            }
        }
    }
}

#[test]
fn a_program_has_its_time_to_answer_a_client_that_has_ended() {
    let (left, mut right) = pipe(0, false);
    let (mut two, _) = server(left, By::Watching);
    carry(&mut *two, &mut right, b"220 hi\r\n");
    right.write(b"STARTTLS\r\nMAIL x\r\n").unwrap();
    assert_eq!(heard(&mut *two).unwrap(), b"STARTTLS\r\n");
    assert_eq!(two.deadline(), None);
    right.finish().unwrap();
    assert_eq!(heard(&mut *two).unwrap(), b"");
    let due = two.deadline().unwrap();
    assert!(due > Instant::now() + Duration::from_secs(25) && due <= Instant::now() + Duration::from_secs(30));
    two.timeout(due).unwrap();
    let error = heard(&mut *two).unwrap_err();
    assert!(error.to_string().contains("no answer to the client, who has ended; 8 of its bytes not passed"), "{error}");
    assert_eq!(two.write(b"220 go\r\n").unwrap(), Flow::Blocked);
}

#[test]
fn what_a_client_said_last_is_passed_on_if_it_cannot_ask() {
    let (left, mut right) = pipe(0, false);
    let (mut two, _) = server(left, By::Watching);
    carry(&mut *two, &mut right, b"* OK hi\r\n");
    right.write(b"a APPEND x {5}\r\nhello\r\n").unwrap();
    right.finish().unwrap();
    assert_eq!(heard(&mut *two).unwrap(), b"a APPEND x {5}\r\nhello\r\n");
    assert_eq!((two.read(&mut [0]).unwrap(), two.deadline()), (Flow::Ended, None));
}

#[test]
fn nothing_is_asked_of_a_server_that_has_ended() {
    let (left, mut right) = pipe(0, false);
    let (mut one, _) = client(left, By::Watching);
    carry(&mut right, &mut *one, b"220 hi\r\n");
    right.finish().unwrap();
    assert_eq!(one.read(&mut [0]).unwrap(), Flow::Ended);
    carry(&mut *one, &mut right, b"EHLO x\r\n");
    let error = one.write(b"STARTTLS\r\nsecret\r\n").unwrap_err();
    assert!(error.to_string().contains("the server has ended, and cannot be asked"), "{error}");
    assert_eq!(heard(&mut right).unwrap(), b"");
}

#[test]
fn what_comes_in_clear_behind_the_agreement_reaches_nobody() {
    let (left, mut right) = pipe(0, false);
    let (mut one, _) = client(left, By::Watching);
    carry(&mut right, &mut *one, b"220 hi\r\n");
    carry(&mut *one, &mut right, b"STARTTLS\r\n");
    right.write(b"220 go\r\n250 x\r\n").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(one.read(&mut buffer).unwrap(), Flow::Moved(8));
    let error = one.read(&mut buffer).unwrap_err();
    assert!(error.to_string().contains(": 7 bytes came in clear behind the server's agreement"), "{error}");
    assert_eq!(one.write(b"x").unwrap(), Flow::Blocked);
    one.hang_up().unwrap();
    assert_eq!(heard(&mut right).unwrap(), b"");
}

#[test]
fn a_server_that_has_ended_is_not_asked_in_clear() {
    let (left, mut right) = pipe(0, false);
    let (mut one, _) = client(left, By::Watching);
    right.write(b"220 hi\r\n").unwrap();
    right.finish().unwrap();
    assert_eq!(heard(&mut *one).unwrap(), b"220 hi\r\n");
    let said = b"EHLO x\r\nSTARTTLS\r\nAUTH PLAIN secret\r\n";
    assert_eq!(one.write(said).unwrap(), Flow::Moved(8));
    let error = one.write(&said[8..]).unwrap_err();
    assert!(Error::carried(&error).unwrap().to_string().contains("the server has ended"), "{error}");
    assert_eq!(one.write(&said[8..]).unwrap(), Flow::Blocked);
    assert_eq!(heard(&mut right).unwrap(), b"EHLO x\r\n");
}
