//! What rncat does while its system calls fail.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread::JoinHandle;

use super::faults::Fault;
use super::outcome::Outcome;
use super::run::{Input, LIMIT, Run, exchange};
use crate::lang::noise;

/// More than one read takes, and less than would keep a case long.
const LENGTH: usize = 300_000;

/// One of them.
pub(super) struct Scene {
    pub(super) name: &'static str,
    /// It serves many: the failure of one client is not that of the program.
    pub(super) goes_on: bool,
    /// The C library has a thread to itself.
    pub(super) looks_up: bool,
    pub(super) play: fn(Option<&Fault>, usize) -> Outcome,
}

const fn ends(name: &'static str, play: fn(Option<&Fault>, usize) -> Outcome) -> Scene {
    Scene { name, goes_on: false, looks_up: false, play }
}

const fn goes_on(name: &'static str, play: fn(Option<&Fault>, usize) -> Outcome) -> Scene {
    Scene { name, goes_on: true, looks_up: false, play }
}

pub(super) const SCENES: &[Scene] = &[
    ends("a_client_between_two_pipes", |fault, _| client("-v 127.0.0.1", Input::Pipe(noise(1, LENGTH)), false, fault)),
    Scene {
        looks_up: true,
        ..ends("a_client_that_looks_up_a_name", |fault, _| {
            client("-v localhost", Input::Pipe(noise(1, LENGTH)), true, fault)
        })
    },
    ends("a_client_that_sends_a_file", |fault, _| client("-v 127.0.0.1", Input::File(noise(1, LENGTH)), false, fault)),
    ends("a_client_over_tls", |fault, _| client_over_tls(fault)),
    ends("a_server_for_one", |fault, _| server("-lv 127.0.0.1 0", fault)),
    ends("a_server_that_fills_a_file", |fault, _| server("-lv 127.0.0.1 0 >", fault)),
    ends("a_server_over_tls", |fault, _| server_over_tls(fault)),
    ends("a_transcript", |fault, _| transcript(fault)),
    ends("datagrams_to_a_server", |fault, _| datagrams_to(fault)),
    goes_on("datagrams_from_clients", |fault, _| datagrams_from(fault)),
    goes_on("a_server_for_many", server_for_many),
    goes_on("a_server_that_runs_a_command", |fault, allowed| {
        commands("-lkv -e /bin/cat 127.0.0.1 0", false, fault, allowed)
    }),
    goes_on("a_server_that_runs_a_command_over_tls", |fault, allowed| {
        commands("-lkv --ssl -e /bin/cat 127.0.0.1 0", true, fault, allowed)
    }),
    goes_on("a_broker", broker),
    goes_on("a_proxy_server", proxy_server),
];

/// A listener of the test's own, for one connection.
fn listener(bytes: Vec<u8>) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || exchange(listener.accept().unwrap().0, bytes)))
}

/// Somebody comes, if nobody else has.
fn release(address: SocketAddr, peer: JoinHandle<Vec<u8>>) -> Vec<u8> {
    drop(TcpStream::connect(address));
    peer.join().unwrap()
}

fn client(args: &str, input: Input, follows: bool, fault: Option<&Fault>) -> Outcome {
    let (sent, answer) = (noise(1, LENGTH), noise(2, LENGTH));
    let (address, peer) = listener(answer.clone());
    let run = Run::traced(&format!("{args} {}", address.port()), input, follows, fault);
    let mut outcome = run.ends(0, |shown, _| vec![("from the peer", shown, answer)]);
    outcome.delivered.push(("to the peer", release(address, peer), sent));
    outcome
}

fn client_over_tls(fault: Option<&Fault>) -> Outcome {
    let (sent, answer) = (noise(1, LENGTH), noise(2, LENGTH));
    let mut peer = Run::plainly("-lv --ssl 127.0.0.1 0", Input::Pipe(answer.clone()));
    let address = peer.address().unwrap();
    let run = Run::traced(&format!("-v --ssl 127.0.0.1 {}", address.port()), Input::Pipe(sent.clone()), false, fault);
    let mut outcome = run.ends(0, |shown, _| vec![("from the peer", shown, answer)]);
    drop(TcpStream::connect(address));
    outcome.delivered.push(("to the peer", peer.shown(), sent));
    outcome
}

fn server(args: &str, fault: Option<&Fault>) -> Outcome {
    let (sent, answer) = (noise(1, LENGTH), noise(2, LENGTH));
    let mut run = Run::traced(args, Input::Pipe(answer.clone()), false, fault);
    let heard = served(&mut run, |run| Some(exchange(run.client()?, sent.clone())));
    run.ends(0, |shown, _| vec![("from the client", shown, sent), ("to the client", heard, answer)])
}

/// What the first client hears; or the second, where the first was not let in and the program listens on.
fn served(run: &mut Run, client: impl Fn(&mut Run) -> Option<Vec<u8>>) -> Vec<u8> {
    let heard = client(run).unwrap_or_default();
    if heard.is_empty() && run.goes_on() { client(run).unwrap_or_default() } else { heard }
}

fn server_over_tls(fault: Option<&Fault>) -> Outcome {
    let (sent, answer) = (noise(1, LENGTH), noise(2, LENGTH));
    let mut run = Run::traced("-lv --ssl 127.0.0.1 0", Input::Pipe(answer.clone()), false, fault);
    let heard = served(&mut run, |run| Some(over_tls(run.address()?, sent.clone())));
    run.ends(0, |shown, _| vec![("from the client", shown, sent), ("to the client", heard, answer)])
}

fn over_tls(server: SocketAddr, bytes: Vec<u8>) -> Vec<u8> {
    Run::plainly(&format!("--ssl 127.0.0.1 {}", server.port()), Input::Pipe(bytes)).shown()
}

fn transcript(fault: Option<&Fault>) -> Outcome {
    let mut run = Run::traced("-lv -o FILE 127.0.0.1 0", Input::Pipe(b"answer\n".to_vec()), false, fault);
    let heard = served(&mut run, |run| Some(exchange(run.client()?, b"question\n".to_vec())));
    run.ends(0, |shown, scratch| {
        let file = std::fs::read_to_string(scratch.path("file")).unwrap_or_default();
        let recorded = ["question", "answer"].map(|it| if file.contains(it) { it } else { "" }).concat();
        vec![
            ("from the client", shown, b"question\n".to_vec()),
            ("to the client", heard, b"answer\n".to_vec()),
            ("recorded", recorded.into_bytes(), b"questionanswer".to_vec()),
        ]
    })
}

fn datagrams_to(fault: Option<&Fault>) -> Outcome {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LIMIT / 4)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut run = Run::traced(&format!("-uv 127.0.0.1 {port}"), Input::Held(b"question\n".to_vec()), false, fault);
    let (mut heard, mut answered) = (vec![0; 100], false);
    let heard = match socket.recv_from(&mut heard) {
        Ok((length, from)) => {
            let _ = socket.send_to(b"answer\n", from);
            heard.truncate(length);
            answered = run.shows(7);
            heard
        }
        Err(_) => Vec::new(),
    };
    if answered || run.goes_on() {
        run.is_dismissed();
    }
    run.ends(0, |shown, _| {
        vec![("from the peer", shown, b"answer\n".to_vec()), ("to the peer", heard, b"question\n".to_vec())]
    })
}

fn datagrams_from(fault: Option<&Fault>) -> Outcome {
    let mut run = Run::traced("-luv -k 127.0.0.1 0", Input::Null, false, fault);
    let clients = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    if let Some(address) = run.address() {
        for (number, client) in clients.iter().enumerate() {
            let _ = client.send_to(format!("datagram {number}\n").as_bytes(), address);
            run.shows(11 * (number + 1));
        }
    }
    run.is_dismissed();
    run.ends(0, |shown, _| each_of(&shown, [0, 1, 2].map(|number| format!("datagram {number}\n"))))
}

/// Of several pieces, those that are there.
fn each_of(shown: &[u8], pieces: [String; 3]) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let shown = String::from_utf8_lossy(shown);
    let found = pieces.map(|piece| (if shown.contains(&piece) { piece.clone() } else { String::new() }, piece));
    ["of the first", "of the second", "of the third"]
        .into_iter()
        .zip(found)
        .map(|(whose, (arrived, expected))| (whose, arrived.into_bytes(), expected.into_bytes()))
        .collect()
}

fn server_for_many(fault: Option<&Fault>, allowed: usize) -> Outcome {
    let mut run = Run::traced("-lkv 127.0.0.1 0", Input::Null, false, fault);
    let pieces = ["a", "b", "c"].map(|letter| format!("<{}>", letter.repeat(50_000)));
    let mut sent = 0;
    for piece in &pieces {
        if let Some(stream) = run.client() {
            exchange(stream, piece.clone().into_bytes());
            sent += piece.len();
            run.shows(sent);
        }
    }
    let left_behind = run.has_left(allowed);
    run.is_dismissed();
    run.ends(left_behind, |shown, _| each_of(&shown, pieces))
}

fn commands(args: &str, tls: bool, fault: Option<&Fault>, allowed: usize) -> Outcome {
    let mut run = Run::traced(args, Input::Null, false, fault);
    let mut delivered = Vec::new();
    for (number, whose) in ["of the first", "of the second", "of the third"].into_iter().enumerate() {
        let bytes = noise(number as u64, LENGTH / 3);
        let heard = if tls {
            run.address().map(|address| over_tls(address, bytes.clone()))
        } else {
            run.client().map(|stream| exchange(stream, bytes.clone()))
        };
        delivered.push((whose, heard.unwrap_or_default(), bytes));
    }
    let left_behind = run.has_left(allowed);
    run.is_dismissed();
    run.ends(left_behind, |_, _| delivered)
}

/// What `stream` gives, as far as it does in time.
fn hears(stream: &mut Option<TcpStream>, length: usize) -> Vec<u8> {
    let mut heard = vec![0; length];
    let read = stream.as_mut().map(|stream| stream.read_exact(&mut heard));
    if matches!(read, Some(Ok(()))) { heard } else { Vec::new() }
}

fn says(stream: &mut Option<TcpStream>, bytes: &[u8]) {
    let _ = stream.as_mut().map(|stream| stream.write_all(bytes));
}

/// Three pairs, one after the other. The second of a pair speaks first: then the other is there, for they are let in
/// one after the other.
fn broker(fault: Option<&Fault>, allowed: usize) -> Outcome {
    let mut run = Run::traced("-lv --broker 127.0.0.1 0", Input::Null, false, fault);
    let mut delivered = Vec::new();
    run.address();
    let alone = run.has_left(usize::MAX);
    for whose in ["of the first", "of the second", "of the third"] {
        let (mut one, mut other) = (run.client(), run.client());
        let (question, answer) = (noise(3, 20_000), noise(4, 20_000));
        says(&mut other, &question);
        let heard = hears(&mut one, question.len());
        says(&mut one, &answer);
        let answered = hears(&mut other, answer.len());
        delivered.push((whose, [heard, answered].concat(), [question, answer].concat()));
        // What it still has of these must not come to the next.
        drop((one, other));
        run.has_left(alone);
    }
    let left_behind = run.has_left(allowed);
    run.is_dismissed();
    run.ends(left_behind, |_, _| delivered)
}

fn proxy_server(fault: Option<&Fault>, allowed: usize) -> Outcome {
    let mut run = Run::traced("-lv --proxy-type http 127.0.0.1 0", Input::Null, false, fault);
    let mut delivered = Vec::new();
    for whose in ["of the first", "of the second", "of the third"] {
        let (question, answer) = (noise(5, LENGTH / 3), noise(6, LENGTH / 3));
        let (address, target) = listener(answer.clone());
        let mut stream = run.client();
        says(&mut stream, format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes());
        let mut heard = Vec::new();
        if let Some(mut stream) = stream {
            let (mut reply, mut byte) = (Vec::new(), [0]);
            while !reply.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                reply.push(byte[0]);
            }
            if reply.starts_with(b"HTTP/1.1 200") || reply.starts_with(b"HTTP/1.0 200") {
                heard = exchange(stream, question.clone());
            }
        }
        let asked = release(address, target);
        delivered.push((whose, [asked, heard].concat(), [question, answer].concat()));
    }
    let left_behind = run.has_left(allowed);
    run.is_dismissed();
    run.ends(left_behind, |_, _| delivered)
}
