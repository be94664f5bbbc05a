//! Layer against layer over a link that is as bad as the seed has it.

use super::{
    link::{Air, Forgery, Weather, clock, link, pass},
    *,
};
use crate::{
    cli::config::TlsOptions,
    tls::{DtlsClient, DtlsServer},
};
use std::{cell::RefCell, rc::Rc, sync::LazyLock, time::Duration};

/// Enough for each way of failing to have shown in longer runs; `RNCAT_TEST_RUNS` sets another number.
const RUNS: u64 = 60;

static CLIENT: LazyLock<DtlsClient> = LazyLock::new(|| DtlsClient::new(&TlsOptions::default()).unwrap());
static SERVER: LazyLock<DtlsServer> = LazyLock::new(|| DtlsServer::new(&TlsOptions::default(), &[]).unwrap());

const DTLS12: &str = "ECDHE-ECDSA-AES256-GCM-SHA384";
const DTLS13: &str = "TLS_CHACHA20_POLY1305_SHA256";

fn runs() -> u64 {
    std::env::var("RNCAT_TEST_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS)
}

struct Pair {
    ends: [Dtls; 2],
    air: Rc<RefCell<Air>>,
    /// What came of each handshake.
    made: [Option<Result<(), String>>; 2],
}

impl Pair {
    fn new(weather: Weather, seed: u64) -> Self {
        let (session, check, _) = CLIENT.session("localhost", clock());
        Self::of(session, Some(check), SERVER.session(clock()), weather, seed)
    }

    /// With these cipher suites on either side.
    fn with_ciphers(client: &str, server: &str) -> Self {
        let options = |list: &str| TlsOptions { ciphers: Some(list.to_owned()), ..TlsOptions::default() };
        let (session, check, _) = DtlsClient::new(&options(client)).unwrap().session("localhost", clock());
        let server = DtlsServer::new(&options(server), &[]).unwrap().session(clock());
        Self::of(session, Some(check), server, Weather::default(), 1)
    }

    fn of(client: dimpl::Dtls, check: Option<Check>, server: dimpl::Dtls, weather: Weather, seed: u64) -> Self {
        let (one, two, air) = link(weather, seed);
        let client = Dtls::with_clock(Box::new(one), Session::new(client), check, clock);
        let server = Dtls::with_clock(Box::new(two), Session::new(server), None, clock);
        Self { ends: [client, server], air, made: [None, None] }
    }

    /// Lets both go as far as they can at this moment.
    fn turn(&mut self) {
        for (end, made) in self.ends.iter_mut().zip(&mut self.made) {
            if made.is_none() {
                *made = match end.handshake() {
                    Ok(Poll::Pending) => None,
                    Ok(Poll::Ready(())) => Some(Ok(())),
                    Err(error) => Some(Err(error.to_string())),
                };
            } else {
                let _ = end.flush();
            }
            if end.deadline().is_some_and(|at| at <= clock()) {
                let _ = end.timeout(clock());
            }
        }
    }

    /// Lets time pass until something is due; whether anything ever will be.
    fn wait(&self) -> bool {
        let deadlines = self.ends.iter().filter_map(Stream::deadline);
        let arrivals = (0..2).filter(|side| self.made[*side].is_none());
        let arrivals = arrivals.filter_map(|side| self.air.borrow().next(side));
        let Some(next) = deadlines.chain(arrivals).min() else { return false };
        // Those who balk are asked again soon.
        let most = if self.air.borrow().weather.balk > 0 { 5 } else { u64::MAX };
        let step = next.saturating_duration_since(clock()).min(Duration::from_millis(most));
        pass(step.max(Duration::from_micros(100)));
        true
    }

    /// Until both have come to something, or for this long.
    fn meet(&mut self, longest: Duration) {
        let end = clock() + longest;
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 20_000, "it does not rest");
            self.turn();
            if self.made.iter().all(Option::is_some) || clock() > end || !self.wait() {
                return;
            }
        }
    }

    /// Until this side has come to something.
    fn fail(&mut self, side: usize) {
        while self.made[side].is_none() {
            self.turn();
            assert!(self.wait() || self.made[side].is_some(), "nothing is under way");
        }
    }

    fn connected(weather: Weather, seed: u64) -> Self {
        let mut pair = Self::new(weather, seed);
        pair.meet(Duration::from_secs(60));
        assert_eq!(pair.made, [Some(Ok(())), Some(Ok(()))]);
        pair
    }

    /// Passes on all that is on its way, and gives what `side` reads.
    fn read(&mut self, side: usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut buffer = vec![0; 70_000];
        for _ in 0..40 {
            self.turn();
            while let Ok(Flow::Moved(n)) = self.ends[side].read(&mut buffer) {
                found.push(buffer[..n].to_vec());
            }
            pass(Duration::from_millis(20));
        }
        found
    }

    fn last(&mut self, side: usize) -> io::Result<Flow> {
        let mut buffer = [0; 100];
        self.turn();
        self.ends[side].read(&mut buffer)
    }
}

#[test]
fn datagrams_stay_whole_both_ways_and_in_both_versions() {
    for (client, server, version) in [
        (DTLS12, DTLS12, "DTLS 1.2"),
        (DTLS13, DTLS13, "DTLS 1.3"),
        (DTLS12, "ALL", "DTLS 1.2"),
        ("ALL", DTLS12, "DTLS 1.2"),
        (DTLS13, "ALL", "DTLS 1.3"),
        ("ALL", DTLS13, "DTLS 1.3"),
        ("ALL", "ALL", "DTLS 1.3"),
    ] {
        let mut pair = Pair::with_ciphers(client, server);
        pair.meet(Duration::from_secs(5));
        assert_eq!(pair.made, [Some(Ok(())), Some(Ok(()))], "{client} {server}");
        for end in &pair.ends {
            assert_eq!(end.version(), version);
            assert!(end.is_datagram() && end.suite().is_some());
        }
        assert!(pair.ends[0].certificate().is_some());
        for side in [0, 1] {
            let sent = [b"one".to_vec(), vec![2; LARGEST], b"3".to_vec(), vec![4; 1400]];
            for datagram in &sent {
                assert_eq!(pair.ends[side].write(datagram).unwrap(), Flow::Moved(datagram.len()));
            }
            assert_eq!(pair.read(1 - side), sent, "{version} from {side}");
        }
    }
}

#[test]
fn what_is_too_long_for_a_record_is_an_error_and_the_rest_goes_on() {
    let mut pair = Pair::connected(Weather::default(), 1);
    let error = pair.ends[0].write(&vec![0; LARGEST + 1]).unwrap_err();
    assert!(error.to_string().contains("16385 bytes is too long"), "{error}");
    pair.ends[0].write(b"hello").unwrap();
    assert_eq!(pair.read(1), [b"hello"]);
}

#[test]
fn a_bad_link_is_endured() {
    let mut met = 0;
    for seed in 0..runs() {
        let loss = (seed % 25) as u32;
        let weather = Weather { loss, twice: 20, delay: 300, balk: (seed % 3) as u32 * 15, ..Weather::default() };
        let mut pair = Pair::new(weather, seed);
        pair.meet(Duration::from_secs(120));
        if pair.made != [Some(Ok(())), Some(Ok(()))] {
            // The server has done its part when it has sent its last message, which may be lost for good.
            let words = format!("{:?}", pair.made);
            assert!(words.contains("TIMEOUT"), "seed {seed}: {words}");
            continue;
        }
        met += 1;
        for side in [0, 1] {
            let mut sent: Vec<_> = (0..20_u8).map(|n| vec![n; usize::from(n) * 50 + 1]).collect();
            for datagram in &sent {
                while pair.ends[side].write(datagram).unwrap() == Flow::Blocked {
                    pair.turn();
                }
            }
            for datagram in pair.read(1 - side) {
                let at = sent.iter().position(|sent| *sent == datagram);
                sent.remove(at.unwrap_or_else(|| panic!("seed {seed}: one was repeated or made up")));
            }
            assert!(loss > 0 || sent.is_empty(), "seed {seed}: {} are missing", sent.len());
        }
    }
    assert!(met * 100 >= runs() * 95, "{met} of {}", runs());
}

#[test]
fn garbage_from_anybody_is_passed_over() {
    for seed in 0..runs() {
        let weather = Weather { forged: 100, delay: 30, ..Weather::default() };
        let mut pair = Pair::connected(weather, seed);
        for n in 0..10_u8 {
            pair.ends[0].write(&[n; 10]).unwrap();
            pair.ends[1].write(&[n; 10]).unwrap();
        }
        // The other end's too: who is asked later must not have lost any.
        let mut found = pair.read(0);
        found.sort();
        assert_eq!(found, (0..10).map(|n| vec![n; 10]).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn no_datagram_whatever_makes_it_panic_or_lie() {
    for seed in 0..runs() * 2 {
        let weather = Weather { forged: 60, delay: 30, twice: 10, forgery: Forgery::Wild, ..Weather::default() };
        let mut pair = Pair::new(weather, seed);
        pair.meet(Duration::from_secs(120));
        for side in [0, 1] {
            if pair.made[side] == Some(Ok(())) {
                let _ = pair.ends[side].write(b"hello");
            }
        }
        for side in [0, 1] {
            assert!(pair.read(side).iter().all(|datagram| datagram == b"hello"), "seed {seed}");
        }
        for end in &mut pair.ends {
            let _ = (end.hang_up(), end.flush());
        }
    }
}

#[test]
fn once_connected_nothing_forged_ends_it() {
    for seed in 0..runs() {
        let mut pair = Pair::connected(Weather::default(), seed);
        pair.air.borrow_mut().weather = Weather { forged: 100, forgery: Forgery::Wild, ..Weather::default() };
        let old = pair.air.borrow().seen.clone();
        for (from, datagram) in old {
            for to in [from, 1 - from] {
                pair.air.borrow_mut().inject(to, datagram.clone());
                pair.air.borrow_mut().inject(to, fatal_alert(40));
            }
        }
        for n in 0..20_u8 {
            pair.ends[0].write(&[n; 10]).unwrap();
            pair.ends[1].write(&[n; 10]).unwrap();
        }
        for side in [0, 1] {
            let found = pair.read(side);
            assert_eq!(found.len(), 20, "seed {seed}: {:?}", pair.ends[side].failure);
        }
    }
}

#[test]
fn who_does_not_answer_is_given_up_in_time() {
    let mut pair = Pair::new(Weather { loss: 100, ..Weather::default() }, 1);
    let begin = clock();
    pair.meet(Duration::from_secs(120));
    let error = pair.made[0].clone().unwrap().unwrap_err();
    assert_eq!(error, "TIMEOUT. The server does not answer; does the peer speak DTLS?");
    assert!(clock() - begin < Duration::from_secs(45), "{:?}", clock() - begin);
    assert!((3..10).contains(&pair.air.borrow().seen.len()), "a few hellos");
    let _ = (pair.ends[0].hang_up(), pair.ends[0].flush());
    assert!(pair.air.borrow().hung_up[0]);
}

#[test]
fn a_client_that_stalls_after_any_datagram_is_given_up() {
    for stalls_after in 1..4 {
        let mut pair = Pair::with_ciphers(DTLS12, DTLS12);
        while pair.air.borrow().seen.iter().filter(|(from, _)| *from == 0).count() < stalls_after {
            pair.turn();
            assert!(pair.wait());
        }
        pair.air.borrow_mut().weather.loss = 100;
        pair.made[0] = Some(Err("stalled".to_owned()));
        pair.meet(Duration::from_secs(120));
        match &pair.made[1] {
            // Its last message has gone out.
            Some(Ok(())) => assert_eq!(stalls_after, 3),
            Some(Err(error)) => assert!(error.contains("TIMEOUT. The client does not answer"), "{error}"),
            None => panic!("still waiting after {stalls_after}"),
        }
    }
}

#[test]
fn an_address_is_proven_before_much_is_sent_to_it() {
    for list in [DTLS12, DTLS13, "ALL"] {
        let mut pair = Pair::with_ciphers(list, list);
        assert!(pair.ends[0].session.is_proven());
        let _ = pair.ends[0].handshake().unwrap();
        pass(Duration::from_millis(1));
        let _ = pair.ends[1].handshake().unwrap();
        assert!(!pair.ends[1].session.is_proven(), "{list}");
        let sent = pair.air.borrow().sent;
        assert!(sent[1] > 0 && sent[1] < sent[0], "{list}: {sent:?}");
        pair.meet(Duration::from_secs(5));
        assert!(pair.ends[1].session.is_proven(), "{list}");
    }
}

#[test]
fn a_session_that_was_proven_elsewhere_goes_on_here() {
    for list in [DTLS12, DTLS13, "ALL"] {
        let mut pair = Pair::with_ciphers(list, list);
        let mut unproven = Unproven::new(SERVER.session(clock()));
        while !unproven.is_proven() {
            let _ = pair.ends[0].handshake().unwrap();
            let seen = std::mem::take(&mut pair.air.borrow_mut().seen);
            for (_, datagram) in seen {
                assert!(!unproven.is_proven());
                let said = unproven.hear(&datagram, clock()).unwrap();
                said.into_iter().for_each(|answer| pair.air.borrow_mut().inject(0, answer));
            }
        }
        let (session, outgoing) = unproven.into_parts();
        (pair.ends[1].session, pair.ends[1].outgoing) = (session, outgoing);
        pair.meet(Duration::from_secs(5));
        assert_eq!(pair.made, [Some(Ok(())), Some(Ok(()))], "{list}");
    }
}

#[test]
fn a_refused_certificate_is_told_to_the_server() {
    for list in [DTLS12, DTLS13] {
        let options = TlsOptions { ciphers: Some(list.to_owned()), ..TlsOptions::default() };
        let (session, _, _) = DtlsClient::new(&options).unwrap().session("localhost", clock());
        let check: Check = Box::new(|_| Err(Failure { why: "not this one".to_owned(), hint: None }));
        let mut pair = Pair::of(session, Some(check), SERVER.session(clock()), Weather::default(), 1);
        pair.fail(0);
        assert_eq!(pair.made[0], Some(Err("not this one".to_owned())));
        pair.ends[0].hang_up().unwrap();
        pair.meet(Duration::from_secs(60));
        let error = pair.made[1].clone().unwrap().unwrap_err();
        // In DTLS 1.3 only an encrypted alert would be believed, which dimpl cannot be asked for.
        match list {
            DTLS12 => assert_eq!(error, "the peer refused: bad_certificate (it does not accept our certificate)"),
            _ => assert!(error.starts_with("TIMEOUT"), "{error}"),
        }
    }
}

#[test]
fn nothing_in_common_is_said_on_both_sides() {
    let mut pair = Pair::with_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256", DTLS12);
    pair.fail(1);
    let error = pair.made[1].clone().unwrap().unwrap_err();
    assert!(error.contains("in common"), "{error}");
    pair.ends[1].hang_up().unwrap();
    pair.meet(Duration::from_secs(1));
    let error = pair.made[0].clone().unwrap().unwrap_err();
    assert!(error.starts_with("the peer refused: handshake_failure"), "{error}");
    assert!(error.contains("its certificate may be RSA"), "{error}");
}

#[test]
fn close_notify_is_the_end_and_comes_after_all_data() {
    for list in [DTLS12, DTLS13] {
        let mut pair = Pair::with_ciphers(list, list);
        pair.meet(Duration::from_secs(5));
        pair.ends[0].write(b"the last").unwrap();
        pair.ends[0].hang_up().unwrap();
        assert_eq!(pair.read(1), [b"the last"]);
        assert_eq!(pair.last(1).unwrap(), Flow::Ended, "{list}");
        pair.ends[1].hang_up().unwrap();
        pair.read(0);
        assert_eq!(pair.last(0).unwrap(), Flow::Ended, "{list}");
        assert!(pair.ends[0].write(b"more").is_err());
        assert_eq!(pair.air.borrow().hung_up, [true, true]);
    }
}

#[test]
fn the_reply_to_a_peer_that_has_finished_still_arrives() {
    for list in [DTLS12, DTLS13] {
        let mut pair = Pair::with_ciphers(list, list);
        pair.meet(Duration::from_secs(5));
        pair.ends[0].write(b"ask").unwrap();
        pair.ends[0].finish().unwrap();
        assert_eq!(pair.read(1), [b"ask"]);
        let ended = pair.last(1).unwrap() == Flow::Ended;
        assert_eq!(ended, list == DTLS13, "only DTLS 1.3 has a half-close");
        if list == DTLS12 {
            pair.ends[1].write(b"answer").unwrap();
            assert_eq!(pair.read(0), [b"answer"]);
        }
    }
}
