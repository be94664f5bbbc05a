//! A name server of the test's own, over UDP and TCP, which knows what the test has written down.
//!
//! A zone is text, a record a line: `example.org MX 10 mx.example.org`. A word in place of a record says what else
//! happens to questions for that name: `SERVFAIL`, `REFUSED`, `SILENT`, `ONCE` (silent to the first of each kind),
//! `GARBAGE`, `FORGED` (lies come before the truth, from wherever they may), `OLD` (does not know EDNS), `DEAF` (over
//! TCP, it closes). What a newcomer would get wrong: a name that is not in the zone does not exist.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::netcat::Netcat;

/// See the module's description. It ends with the test.
pub(crate) struct NameServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

/// A name server that knows this zone.
pub(crate) fn name_server(zone: &str) -> NameServer {
    name_server_at("127.0.0.1", zone)
}

/// The same, at another address.
pub(crate) fn name_server_at(host: &str, zone: &str) -> NameServer {
    // Both have to have the same port, which the kernel chooses for one of them.
    let (datagrams, streams) = std::iter::repeat_with(|| {
        let datagrams = UdpSocket::bind((host, 0)).unwrap();
        let streams = TcpListener::bind(datagrams.local_addr().unwrap());
        (datagrams, streams)
    })
    .find_map(|(datagrams, streams)| Some((datagrams, streams.ok()?)))
    .unwrap();
    let address = datagrams.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let zone = Arc::new(Zone::of(zone));
    let (seen, known) = (Arc::clone(&over), Arc::clone(&zone));
    std::thread::spawn(move || serve_datagrams(&datagrams, &known, &seen));
    let seen = Arc::clone(&over);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = streams.accept() {
            if seen.load(Ordering::Relaxed) {
                return;
            }
            // A client that leaves in between is nothing to be told.
            let _ = serve_stream(stream, &zone);
        }
    });
    NameServer { address, over }
}

impl NameServer {
    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Each of its threads waits for something to come.
        let _ = TcpStream::connect(self.address);
        let _ = UdpSocket::bind((self.address.ip(), 0)).and_then(|socket| socket.send_to(b"", self.address));
    }
}

impl Netcat {
    /// `--dns`: asks this server.
    pub(crate) fn asking(self, server: &NameServer) -> Self {
        self.arg("--dns").arg(server.address.to_string())
    }
}

fn serve_datagrams(socket: &UdpSocket, zone: &Zone, over: &AtomicBool) {
    let mut asked = Vec::new();
    let mut buffer = [0; 2000];
    while let Ok((count, from)) = socket.recv_from(&mut buffer) {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let question = &buffer[..count];
        let about = question[12..].to_vec();
        let first = !asked.contains(&about);
        asked.push(about);
        if zone.does(question, "FORGED") {
            forge(socket, question, from);
        }
        let silent = zone.does(question, "SILENT") || first && zone.does(question, "ONCE");
        let mut reply = zone.reply(question);
        let room = if has_edns(question) { 1232 } else { 512 };
        if reply.len() > room {
            reply = Zone::header(question, 0x8380, 0);
        }
        if !silent {
            socket.send_to(&reply, from).unwrap();
        }
    }
}

/// Answers that are none: another id, another question, another sender.
fn forge(socket: &UdpSocket, question: &[u8], to: SocketAddr) {
    let lie = Zone::of("example.org MX 1 evil.example.org\n evil.example.org A 127.0.0.66").reply(question);
    let mut other_id = lie.clone();
    other_id[0] ^= 1;
    let mut other_question = lie.clone();
    other_question[13] ^= 1;
    let mut no_answer = lie.clone();
    no_answer[2] &= 0x7f;
    for lie in [&other_id, &other_question, &no_answer, &lie[..7].to_vec(), &Vec::new()] {
        socket.send_to(lie, to).unwrap();
    }
    let elsewhere = UdpSocket::bind((socket.local_addr().unwrap().ip(), 0)).unwrap();
    elsewhere.send_to(&lie, to).unwrap();
}

fn serve_stream(mut stream: TcpStream, zone: &Zone) -> std::io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut question)?;
    if zone.does(&question, "DEAF") {
        return Ok(());
    }
    let reply = zone.reply(&question);
    let (first, rest) = reply.split_at(reply.len().min(5));
    // In pieces, as a stream may come; the length, too.
    let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
    for piece in [&length[..1], &length[1..], first, rest] {
        stream.write_all(piece)?;
    }
    Ok(())
}

struct Zone {
    /// Owner, type, data; what is no record has no type.
    records: Vec<(String, u16, Vec<u8>)>,
    /// Owner, and what happens.
    habits: Vec<(String, String)>,
}

impl Zone {
    fn of(text: &str) -> Self {
        let mut zone = Self { records: Vec::new(), habits: Vec::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (owner, rest) = line.split_once(' ').unwrap();
            let (kind, data) = rest.split_once(' ').unwrap_or((rest, ""));
            let (kind, data) = match kind {
                "MX" => {
                    let (preference, name) = data.split_once(' ').unwrap();
                    (15, [&preference.parse::<u16>().unwrap().to_be_bytes()[..], &wire(name)].concat())
                }
                "CNAME" => (5, wire(data)),
                "A" => (1, data.parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec()),
                "AAAA" => (28, data.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec()),
                "TXT" => {
                    let strings = data.as_bytes().chunks(255);
                    (16, strings.flat_map(|it| [&[u8::try_from(it.len()).unwrap()], it].concat()).collect())
                }
                habit => {
                    zone.habits.push((owner.to_owned(), habit.to_owned()));
                    continue;
                }
            };
            zone.records.push((owner.to_owned(), kind, data));
        }
        zone
    }

    fn does(&self, question: &[u8], habit: &str) -> bool {
        let Some((name, ..)) = asked(question) else { return false };
        self.habits.iter().any(|(owner, it)| *owner == name && it == habit)
    }

    fn reply(&self, question: &[u8]) -> Vec<u8> {
        let Some((name, kind)) = asked(question) else { return Vec::new() };
        let old = self.does(question, "OLD") && has_edns(question);
        for (habit, flags, applies) in [("SERVFAIL", 0x8182, true), ("REFUSED", 0x8185, true), ("OLD", 0x8181, old)] {
            if applies && self.does(question, habit) {
                return Self::header(question, flags, 0);
            }
        }
        if self.does(question, "GARBAGE") {
            return [Self::header(question, 0x8180, 3), b"\xc0\xff\xff".to_vec()].concat();
        }
        let mut known = self.records.iter().map(|(owner, ..)| owner).chain(self.habits.iter().map(|(owner, _)| owner));
        if !known.any(|owner| *owner == name) {
            return Self::header(question, 0x8183, 0);
        }
        let right: Vec<_> =
            self.records.iter().filter(|(owner, it, _)| *owner == name && (*it == kind || *it == 5)).collect();
        let mut reply = Self::header(question, 0x8180, u16::try_from(right.len()).unwrap());
        for (_, kind, data) in right {
            reply.extend([0xc0, 12]);
            reply.extend(kind.to_be_bytes());
            reply.extend([0, 1, 0, 0, 0, 60]);
            reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            reply.extend(data);
        }
        reply
    }

    /// The header of a reply, and its question.
    fn header(question: &[u8], flags: u16, records: u16) -> Vec<u8> {
        let mut header = question[..2].to_vec();
        for field in [flags, 1, records, 0, 0] {
            header.extend(field.to_be_bytes());
        }
        header.extend(&question[12..question_end(question)]);
        header
    }
}

fn has_edns(question: &[u8]) -> bool {
    question[11] > 0
}

/// The name asked for, and the type.
fn asked(question: &[u8]) -> Option<(String, u16)> {
    let mut labels = Vec::new();
    let mut at = 12;
    while *question.get(at)? > 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..end)?).to_ascii_lowercase());
        at = end;
    }
    Some((labels.join("."), u16::from_be_bytes([*question.get(at + 1)?, *question.get(at + 2)?])))
}

fn question_end(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] > 0 {
        at += 1 + usize::from(question[at]);
    }
    at + 5
}

/// A name in wire form.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut wire: Vec<u8> =
        labels.flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat()).collect();
    wire.push(0);
    wire
}
