//! The stage over a stream that a test plays: what arrives behind an agreement is never used.

use super::*;
use crate::{
    proto::{evidence::Side, starttls::PROTOCOLS},
    stream::Flow,
    tap::{Ends, Format, Sessions, TapFile, Taps},
};
use mio::{Registry, Token};
use std::{cell::RefCell, collections::VecDeque, io, rc::Rc, task::Poll, time::Instant};

/// A connection on which the server says one piece whenever it is read from.
struct Server {
    says: VecDeque<Vec<u8>>,
    heard: Rc<RefCell<Vec<u8>>>,
    /// What reading comes to when all has been said.
    end: fn() -> io::Result<Flow>,
}

impl Stream for Server {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        let Some(piece) = self.says.pop_front() else { return (self.end)() };
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(Flow::Moved(piece.len()))
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.heard.borrow_mut().extend(bytes);
        Ok(Flow::Moved(bytes.len()))
    }
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn blocked() -> io::Result<Flow> {
    Ok(Flow::Blocked)
}

fn staging(protocol: &str) -> StarttlsStaging {
    let row = PROTOCOLS.iter().find(|row| row.name == protocol).unwrap();
    let report = Report::new("rncat", 0, false);
    StarttlsStaging { protocol: row, behind: None, server_name: None, client: "me".to_owned(), report }
}

fn local(port: u16) -> Address {
    Address::Inet(([127, 0, 0, 1], port).into())
}

/// Begins with a server that says these pieces.
fn begin(protocol: &str, pieces: &[&[u8]], end: fn() -> io::Result<Flow>) -> (Box<dyn Stage>, Rc<RefCell<Vec<u8>>>) {
    let heard = Rc::default();
    let says = pieces.iter().map(|piece| piece.to_vec()).collect();
    let server = Server { says, heard: Rc::clone(&heard), end };
    let whom = Whom { remote: &local(1), host: "h", record: None };
    (staging(protocol).enter(Box::new(server), &whom).unwrap(), heard)
}

fn advance(stage: &mut dyn Stage) -> Result<Poll<Box<dyn Stream>>> {
    stage.advance(Instant::now())
}

/// For each protocol, what leads to the agreement, and the agreement.
const SERVERS: [(&str, &[u8], &[u8]); 13] = [
    ("smtp", b"220 x\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    ("lmtp", b"220 x\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    ("pop3", b"+OK\r\n+OK\r\nSTLS\r\n.\r\n", b"+OK\r\n"),
    ("imap", b"* OK [CAPABILITY STARTTLS] x\r\n", b"A2 OK\r\n"),
    ("ftp", b"220 x\r\n", b"234 go\r\n"),
    ("nntp", b"200 x\r\n101 x\r\nSTARTTLS\r\n.\r\n", b"382 go\r\n"),
    ("sieve", b"\"STARTTLS\"\r\nOK\r\n", b"OK\r\n"),
    ("irc", b"NOTICE x\r\n", b"670 x\r\n"),
    ("xmpp", XMPP, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ("xmpp-server", XMPP, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ("ldap", b"", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0"),
    ("mysql", b"", b"\x15\0\0\0\x0a8\0\0\0\0\0nonceabc\0\0\x08and"),
    ("postgres", b"", b"S"),
];

const XMPP: &[u8] =
    b"<stream:stream version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
                      </stream:features>";

#[test]
fn the_connection_goes_on_to_tls_after_the_agreement() {
    for (protocol, before, agreement) in SERVERS {
        let pieces: Vec<&[u8]> = [before, agreement].into_iter().filter(|piece| !piece.is_empty()).collect();
        let (mut stage, _) = begin(protocol, &pieces, blocked);
        let Ok(Poll::Ready(mut stream)) = advance(&mut *stage) else { panic!("{protocol} goes on") };
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), Flow::Blocked, "{protocol}");
    }
}

#[test]
fn bytes_in_clear_behind_the_agreement_are_an_error() {
    for (protocol, before, agreement) in SERVERS {
        for injected in [&b"\r\n"[..], b"250 STARTTLS\r\n", b"\x16\x03\x03\0\x02"] {
            let pieces: Vec<&[u8]> = [before].into_iter().filter(|piece| !piece.is_empty()).collect();
            let last = [agreement, injected].concat();
            let (mut stage, _) = begin(protocol, &[&pieces[..], &[&last]].concat(), blocked);
            let Err(error) = advance(&mut *stage) else { panic!("{protocol} took {injected:?}") };
            let says = format!("STARTTLS ({protocol}) with h:1: {} bytes came in clear behind", injected.len());
            assert!(error.to_string().starts_with(&says), "{error}");
        }
    }
}

#[test]
fn nothing_is_said_in_clear_after_a_refusal() {
    let (mut stage, heard) = begin("smtp", &[b"220 x\r\n", b"250 SIZE\r\n"], blocked);
    assert!(advance(&mut *stage).is_err() && stage.give_up().is_some());
    assert_eq!(*heard.borrow(), b"EHLO me\r\n");
}

#[test]
fn silence_and_a_reset_propose_ssl_until_something_was_heard() {
    let hint = "; does it speak TLS from the first byte on? then use --ssl without --starttls";
    let reset = || Err(io::ErrorKind::ConnectionReset.into());
    for (pieces, proposed) in [(&[][..], true), (&[&b"220 x\r\n"[..]][..], false)] {
        let (mut stage, _) = begin("smtp", pieces, blocked);
        assert!(advance(&mut *stage).is_ok_and(|it| it.is_pending()));
        let late = stage.timed_out().to_string();
        assert!(late.starts_with("STARTTLS (smtp) with h:1: TIMEOUT") && late.ends_with(hint) == proposed, "{late}");
        let (mut stage, _) = begin("smtp", pieces, reset);
        let Err(error) = advance(&mut *stage) else { panic!("it goes on") };
        assert_eq!(error.to_string().ends_with(hint), proposed, "{error}");
    }
}

#[test]
fn the_opening_is_recorded() -> Result<()> {
    let file = std::env::temp_dir().join(format!("rncat-starttls-{}", std::process::id()));
    let format = Format::Dialogue { timestamps: false, secrets: false };
    let sessions = Sessions { side: Side::Client, many: false, target: None };
    let tap = TapFile { path: file.clone(), format, append: false };
    let taps = Rc::new(Taps::open(&[tap], sessions, Report::new("rncat", 0, false))?);
    let says = [b"220 x\r\n".to_vec()].into();
    let server = Server { says, heard: Rc::default(), end: blocked };
    let record = taps.record(&Ends { remote: &"h:1", local: &"c", host: None, datagram: false });
    let whom = Whom { remote: &local(1), host: "h", record: record.as_ref() };
    let mut stage = staging("smtp").enter(Box::new(server), &whom)?;
    assert!(advance(&mut *stage).is_ok_and(|it| it.is_pending()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# C: c\n# S: h:1\nS: 220 x\nC: EHLO me\n");
    std::fs::remove_file(file).unwrap();
    Ok(())
}

#[test]
fn the_server_is_named_as_it_was_typed() {
    let server =
        |staging: StarttlsStaging, host: &str, remote: &Address| staging.server(&Whom { remote, host, record: None });
    assert_eq!(server(staging("smtp"), "a\x1b", &local(26)), "a\\u{1b}:26", "the port of a list");
    let behind = StarttlsStaging { behind: Some("[::1]:25".to_owned()), ..staging("smtp") };
    assert_eq!(server(behind, "::1", &local(3128)), "[::1]:25");
    let socket = Address::Unix(crate::transport::unix::Name::Path("/s".into()));
    assert_eq!(server(staging("smtp"), "localhost", &socket), socket.to_string());
}

#[test]
fn a_client_calls_itself_by_a_domain_or_an_address() {
    for domain in ["mail.example.org", "box", "a-1.b2", "3com.example"] {
        assert_eq!(own_name(domain), domain);
    }
    for odd in
        ["", "a b", "a\r\nRSET", "a..b", "-a", "a-.b", ".a", "a_b", "ü", "(none)", "1.2.3.4", "7", &"a".repeat(64)]
    {
        assert_eq!(own_name(odd), "[127.0.0.1]", "{odd:?}");
    }
}
