use super::{
    pipe::{End, pipe, same},
    *,
};
use crate::{
    cli::config::TlsOptions,
    tls::{ClientSettings, ServerSettings},
};
use proptest::prelude::*;
use std::rc::Rc;

fn settings(options: &TlsOptions) -> (ClientSettings, ServerSettings) {
    (ClientSettings::new(options).unwrap(), ServerSettings::new(options, &[]).unwrap())
}

fn client(end: End) -> Tls {
    Tls::new(Box::new(end), settings(&TlsOptions::default()).0.connection("localhost").unwrap().0)
}

fn server(end: End) -> Tls {
    Tls::new(Box::new(end), settings(&TlsOptions::default()).1.connection().unwrap())
}

/// Two ends whose handshake is done.
fn pair_over(left: End, right: End) -> (Tls, Tls) {
    let (mut client, mut server) = (client(left), server(right));
    meet(&mut client, &mut server);
    (client, server)
}

fn meet(client: &mut Tls, server: &mut Tls) {
    for _ in 0..1_000_000 {
        let (left, right) = (client.handshake().unwrap(), server.handshake().unwrap());
        if left.is_ready() && right.is_ready() {
            return;
        }
    }
    panic!("the handshake does not end");
}

fn pair() -> (Tls, Tls) {
    let (left, right) = pipe(0, false);
    pair_over(left, right)
}

/// The error that the handshake comes to.
fn failure(tls: &mut Tls) -> io::Error {
    for _ in 0..1000 {
        match tls.handshake() {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => panic!("the handshake succeeds"),
            Err(error) => return error,
        }
    }
    panic!("the handshake waits for ever");
}

/// Sends all of `data` from one end to the other, in reads of `size`.
fn carry(from: &mut Tls, to: &mut Tls, data: &[u8], size: usize) -> Vec<u8> {
    let (mut sent, mut got, mut buffer) = (0, Vec::new(), vec![0; size]);
    for _ in 0..10_000_000 {
        if sent < data.len() {
            if let Flow::Moved(n) = from.write(&data[sent..]).unwrap() {
                sent += n;
            }
        } else {
            let _ = from.flush().unwrap();
        }
        if let Flow::Moved(n) = to.read(&mut buffer).unwrap() {
            got.extend_from_slice(&buffer[..n]);
        }
        if got.len() >= data.len() {
            return got;
        }
    }
    panic!("{} of {} bytes arrived", got.len(), data.len());
}

/// Reads until there is nothing more.
fn drain(tls: &mut impl Stream) -> (Vec<u8>, io::Result<Flow>) {
    let (mut got, mut buffer) = (Vec::new(), vec![0; READ]);
    loop {
        match tls.read(&mut buffer) {
            Ok(Flow::Moved(n)) => got.extend_from_slice(&buffer[..n]),
            other => return (got, other),
        }
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

#[test]
fn it_works_over_a_stream_that_moves_a_byte_at_a_time_and_balks() {
    for balky in [false, true] {
        let (left, right) = pipe(1, balky);
        let (mut client, mut server) = pair_over(left, right);
        let data = noise(40_000);
        assert_eq!(carry(&mut client, &mut server, &data, 4096), data);
        assert_eq!(carry(&mut server, &mut client, &data, 1), data);
        client.finish().unwrap();
        while client.flush().unwrap().is_pending() {}
        let mut buffer = [0];
        while server.read(&mut buffer).unwrap() != Flow::Ended {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_sent_arrives_however_it_is_cut(
        step in 0_usize..20_000, balky: bool, size in 1_usize..300_000, length in 1_usize..700_000, capacity in 0_usize..50_000,
    ) {
        let (left, right) = pipe(step, balky);
        left.outgoing.borrow_mut().capacity = capacity;
        let (mut client, mut server) = pair_over(left, right);
        // Small reads of much data are slow to test and add nothing.
        let data = noise(length.min(size * 1000).min(if step == 0 { length } else { step * 1000 }));
        prop_assert_eq!(carry(&mut client, &mut server, &data, size), data);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_go_round_for_ever(kind in 0x14_u8..0x18, rest: Vec<u8>, in_session: bool, as_client: bool) {
        let (left, mut right) = pipe(0, false);
        let mut tls = if in_session { pair_over(left, same(&right)).0 } else if as_client { client(left) } else { server(left) };
        right.write(&[&[kind, 3, 3, 0], rest.as_slice()].concat()).unwrap();
        right.finish().unwrap();
        if !in_session {
            prop_assert!(tls.handshake().is_err());
        }
        prop_assert!(drain(&mut tls).1.is_err());
    }
}

#[test]
fn after_close_notify_the_other_direction_goes_on() {
    let (left, right) = pipe(0, false);
    let to_server = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    client.write(b"bye").unwrap();
    client.finish().unwrap();
    assert!(client.flush().unwrap().is_ready());
    let (got, end) = drain(&mut server);
    assert_eq!((got.as_slice(), end.unwrap()), (&b"bye"[..], Flow::Ended));
    assert!(!to_server.borrow().ended, "close_notify is not FIN");
    assert_eq!(client.write(b"more").unwrap_err().kind(), io::ErrorKind::BrokenPipe);

    assert_eq!(server.write(b"the reply").unwrap(), Flow::Moved(9));
    server.hang_up().unwrap();
    assert!(server.flush().unwrap().is_ready());
    let (got, end) = drain(&mut client);
    assert_eq!((got.as_slice(), end.unwrap()), (&b"the reply"[..], Flow::Ended));
}

#[test]
fn hanging_up_says_goodbye_below_once_all_is_passed_on() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    way.borrow_mut().capacity = 10;
    client.write(b"the last words").unwrap();
    client.hang_up().unwrap();
    assert!(client.flush().unwrap().is_pending());
    assert!(!way.borrow().ended);
    assert!(client.undelivered() > 0);
    way.borrow_mut().capacity = 0;
    assert!(client.flush().unwrap().is_ready());
    assert!(way.borrow().ended);
    assert_eq!(client.undelivered(), 0);
    assert_eq!(drain(&mut server).0, b"the last words");
}

#[test]
fn a_write_is_taken_only_when_the_one_before_is_gone() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    way.borrow_mut().capacity = 100_000;
    let data = noise(1_000_000);
    let Flow::Moved(taken) = client.write(&data).unwrap() else { panic!("blocked") };
    assert_eq!(taken, WRITE);
    assert_eq!(client.write(&data).unwrap(), Flow::Blocked);
    assert!((WRITE - 100_000..WRITE - 99_000).contains(&client.undelivered()), "{}", client.undelivered());
    assert!(client.flush().unwrap().is_pending());
    way.borrow_mut().capacity = 0;
    assert!(client.flush().unwrap().is_ready());
    assert_eq!(drain(&mut server).0, data[..WRITE]);
}

#[test]
fn several_slices_become_one_record() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    let slices = [&b"a"[..], b"", b"bc"].map(IoSlice::new);
    assert_eq!(client.write_vectored(&slices).unwrap(), Flow::Moved(3));
    assert_eq!(way.borrow().bytes.len(), 5 + 3 + 1 + 16);
    assert_eq!(drain(&mut server).0, b"abc");
}

#[test]
fn an_end_without_close_notify_is_a_truncation_after_all_data() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    client.write(b"half of it").unwrap();
    way.borrow_mut().ended = true;
    let (got, end) = drain(&mut server);
    assert_eq!(got, b"half of it");
    let error = end.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(Failure::of(&error).unwrap().why.contains("without close_notify"));
    assert_eq!(drain(&mut server).1.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "and stays one");
}

#[test]
fn an_error_of_the_stream_below_passes_through_after_all_data() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    client.write(b"half of it").unwrap();
    way.borrow_mut().reset = true;
    let (got, end) = drain(&mut server);
    assert_eq!(got, b"half of it");
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let taken = client.write(b"more").unwrap();
    assert_eq!(taken, Flow::Moved(4), "the plaintext had been taken");
    assert_eq!(client.undelivered(), 4);
    assert_eq!(client.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn what_came_before_a_forged_record_is_delivered() {
    let (left, right) = pipe(0, false);
    let way = Rc::clone(&left.outgoing);
    let (mut client, mut server) = pair_over(left, right);
    client.write(b"good").unwrap();
    let length = way.borrow().bytes.len();
    client.write(b"bad").unwrap();
    way.borrow_mut().bytes[length + 7] ^= 1;
    let (got, end) = drain(&mut server);
    assert_eq!(got, b"good");
    let error = end.unwrap_err();
    assert!(Failure::of(&error).unwrap().why.contains("cannot be decrypted"), "{error}");
    assert_eq!(
        drain(&mut client).1.unwrap_err().to_string(),
        "the peer refused: bad_record_mac (the data was changed on its way)"
    );
    assert!(client.write(b"more").is_err());
}

#[test]
fn keys_can_be_renewed_in_mid_session() {
    let (mut client, mut server) = pair();
    client.connection.refresh_traffic_keys().unwrap();
    let data = noise(300_000);
    assert_eq!(carry(&mut client, &mut server, &data, READ), data);
    assert_eq!(carry(&mut server, &mut client, &data, READ), data);
}

#[test]
fn a_listener_sends_nothing_that_a_client_would_leave_unread() {
    let (left, right) = pipe(0, false);
    let to_client = Rc::clone(&left.incoming);
    let _pair = pair_over(left, right);
    assert_eq!(to_client.borrow().bytes.len(), 0, "no session tickets");
}

#[test]
fn plain_text_is_recognised_and_named() {
    for (greeting, shown) in [
        (
            &b"220 mail ESMTP\r\n"[..],
            "the server answered in plain text: \"220 mail ESMTP\"; leave out --ssl, or use STARTTLS",
        ),
        (b"2", "the server answered in plain text: \"2\"; leave out --ssl, or use STARTTLS"),
        (b"\r\n+OK", "the server answered in plain text: \"+OK\"; leave out --ssl, or use STARTTLS"),
        (b"\x00\x01\xfftail", "the server does not speak TLS; it answered \"\\u{0}\\u{1}\\xfftail\""),
    ] {
        for step in [0, 1] {
            let (left, mut right) = pipe(step, false);
            while right.outgoing.borrow().bytes.len() < greeting.len() {
                let sent = right.outgoing.borrow().bytes.len();
                right.write(&greeting[sent..]).unwrap();
            }
            assert_eq!(failure(&mut client(left)).to_string(), shown);
        }
    }
    let (left, mut right) = pipe(0, false);
    right.write(b"EHLO there\r\n").unwrap();
    let shown = "the client spoke plain text: \"EHLO there\"; leave out --ssl here, or use TLS there";
    let mut server = server(left);
    assert_eq!(failure(&mut server).to_string(), shown);
    server.hang_up().unwrap();
    assert!(server.flush().unwrap().is_ready());
    assert_eq!(drain(&mut right).0, b"", "no alert that it could not read");
}

#[test]
fn an_end_during_the_handshake_says_so() {
    let (left, mut right) = pipe(0, false);
    right.finish().unwrap();
    let error = failure(&mut client(left));
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("closed the connection during the TLS handshake"), "{error}");
}

#[test]
fn a_reset_during_the_handshake_passes_through() {
    let (left, right) = pipe(0, false);
    right.outgoing.borrow_mut().reset = true;
    assert_eq!(failure(&mut client(left)).kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn who_fails_tells_the_peer_why() {
    let (left, right) = pipe(3, true);
    let offer = |suite: &str| settings(&TlsOptions { ciphers: Some(suite.to_owned()), ..TlsOptions::default() });
    let connection = offer("TLS_AES_128_GCM_SHA256").0.connection("localhost").unwrap().0;
    let mut client = Tls::new(Box::new(left), connection);
    let mut server = Tls::new(Box::new(right), offer("TLS_CHACHA20_POLY1305_SHA256").1.connection().unwrap());
    for _ in 0..100_000 {
        let _ = client.handshake().unwrap();
        if server.handshake().is_err() {
            break;
        }
    }
    assert_eq!(failure(&mut server).to_string(), "no cipher suite in common with the peer");
    server.hang_up().unwrap();
    while server.flush().unwrap().is_pending() {}
    let told = failure(&mut client).to_string();
    assert!(told.starts_with("the peer refused: handshake_failure (no cipher or protocol in common"), "{told}");
}

#[test]
fn tls_goes_through_tls() {
    let (left, right) = pipe(1000, true);
    let (outer_client, outer_server) = pair_over(left, right);
    let options = TlsOptions::default();
    let (clients, servers) = settings(&options);
    let mut client = Tls::new(Box::new(outer_client), clients.connection("localhost").unwrap().0);
    let mut server = Tls::new(Box::new(outer_server), servers.connection().unwrap());
    meet(&mut client, &mut server);
    let data = noise(100_000);
    assert_eq!(carry(&mut client, &mut server, &data, READ), data);
}

#[test]
fn both_versions_and_every_suite_carry_data() {
    for suite in crate::tls::select_ciphers("ALL").unwrap() {
        let name = format!("{:?}", suite.suite());
        let chain = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata");
        let (cert, key) = if name.contains("_RSA_") { ("rsa2048.pem", "pkcs1.pem") } else { ("p256.pem", "sec1.pem") };
        let options = TlsOptions {
            ciphers: Some(name.clone()),
            cert: Some(chain.join(cert)),
            key: Some(chain.join(key)),
            ..TlsOptions::default()
        };
        let (clients, servers) = settings(&options);
        let (left, right) = pipe(0, false);
        let mut client = Tls::new(Box::new(left), clients.connection("localhost").unwrap().0);
        let mut server = Tls::new(Box::new(right), servers.connection().unwrap());
        meet(&mut client, &mut server);
        let facts = facts(client.connection());
        assert!(facts[0].contains(&name.replace("TLS13", "TLS")), "{facts:?}");
        let data = noise(600_000);
        assert_eq!(carry(&mut client, &mut server, &data, READ), data, "{name}");
    }
}
