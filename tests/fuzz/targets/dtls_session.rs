//! Two ends of DTLS on a link that changes datagrams: neither panics, sends without end, or hears what was not said.
//!
//! An input is a list of four bytes each: which datagram, what is done to it, where, and with what.

use dimpl::{Dtls, Output};
use rncat::{
    cli::config::TlsOptions,
    proto::dtls::look,
    tls::{DtlsClient, DtlsServer},
};
use std::{
    collections::VecDeque,
    sync::LazyLock,
    time::{Duration, Instant},
};

static CLIENT: LazyLock<DtlsClient> = LazyLock::new(|| DtlsClient::new(&TlsOptions::default()).expect("a client"));
static SERVER: LazyLock<DtlsServer> = LazyLock::new(|| DtlsServer::new(&TlsOptions::default(), &[]).expect("a server"));

/// Datagrams that are delivered at most; a handshake has fewer than 20, and what is lost is sent again.
const MOST: usize = 120;
const SAID: &[u8] = b"said by the other";

pub(crate) fn run(data: &[u8]) {
    // No datagram is longer, nor are more changes of use.
    let data = data.get(..4096).unwrap_or(data);
    let mut now = Instant::now();
    let mut ends = [CLIENT.session("localhost", now).0, SERVER.session(now)];
    // To whom, and what.
    let mut air: VecDeque<(usize, Vec<u8>)> = VecDeque::new();
    let (mut broken, mut heard) = ([false; 2], 0);
    for end in [0, 1] {
        let _ = ends[end].handle_timeout(now);
        heard += collect(&mut ends[end], 1 - end, &mut air);
    }
    let (mut delivered, mut silences) = (0, 0);
    while delivered < MOST && silences < 4 {
        let Some((to, datagram)) = air.pop_front() else {
            silences += 1;
            now += Duration::from_secs(2);
            for end in [0, 1] {
                broken[end] |= ends[end].handle_timeout(now).is_err();
                if !broken[end] {
                    heard += collect(&mut ends[end], 1 - end, &mut air);
                }
            }
            continue;
        };
        for datagram in changed(datagram, u8::try_from(delivered).unwrap_or(u8::MAX), data) {
            // To dimpl any error is the end; what is no DTLS is kept away from it.
            if !broken[to] && look(&datagram).is_some() {
                broken[to] |= ends[to].handle_packet(&datagram).is_err();
                heard += collect(&mut ends[to], 1 - to, &mut air);
            }
        }
        delivered += 1;
    }
    // Who is left alone succeeds.
    assert!(heard == 2 || !data.is_empty(), "{heard} messages are heard");
}

/// What becomes of the nth datagram.
fn changed(datagram: Vec<u8>, number: u8, data: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![datagram];
    for edit in data.chunks_exact(4).filter(|edit| edit[0] % 24 == number) {
        let (place, value) = (usize::from(edit[2]), edit[3]);
        let Some(first) = all.first_mut() else { break };
        let place = place.min(first.len().saturating_sub(1));
        match edit[1] % 9 {
            0 => first.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= value),
            1 => first.iter_mut().skip(place).take(1).for_each(|byte| *byte = value),
            2 => first.truncate(place),
            3 => drop(all.remove(0)),
            4 => {
                let copy = first.clone();
                all.push(copy);
            }
            5 => drop(first.drain(place..(place + usize::from(value)).min(first.len()))),
            6 => drop(first.splice(place..place, std::iter::repeat_n(value, 40))),
            7 => all.push(data.to_vec()),
            _ => first.extend_from_slice(data),
        }
    }
    all
}

/// What it has to say now, to the other; how many messages it has heard.
fn collect(end: &mut Dtls, to: usize, air: &mut VecDeque<(usize, Vec<u8>)>) -> usize {
    let (mut buffer, mut is_connected, mut heard) = (vec![0; 18 * 1024], false, 0);
    for _ in 0..500 {
        match end.poll_output(&mut buffer) {
            Output::Packet(packet) => air.push_back((to, packet.to_vec())),
            Output::ApplicationData(data) => {
                assert_eq!(data, SAID, "it hears what nobody said");
                heard += 1;
            }
            Output::Connected => is_connected = true,
            Output::Timeout(_) if is_connected => {
                is_connected = false;
                let _ = end.send_application_data(SAID);
            }
            Output::Timeout(_) => {
                assert!(air.len() <= 500, "{} datagrams wait", air.len());
                return heard;
            }
            _ => {}
        }
    }
    panic!("it goes on for ever");
}
