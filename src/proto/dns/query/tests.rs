//! Whom a question goes to, how often and over what, with a clock that the test moves.

use super::{super::testing::*, *};
use proptest::prelude::*;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);

fn server(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 53))
}

fn query(servers: u8) -> Query {
    let list = (1..=servers).map(server).collect();
    let servers = Servers { list, timeout: TIMEOUT, attempts: 2, ..Servers::default() };
    Query::new("example.org".to_owned(), Kind::A, 7, Rc::new(servers))
}

/// Who is asked now.
fn asks(query: &mut Query, now: Instant) -> Option<(u8, Over)> {
    let sending = query.send(now)?;
    assert_eq!(query.send(now), None, "once");
    let SocketAddr::V4(address) = sending.server else { panic!() };
    Some((address.ip().octets()[3], sending.over))
}

fn hears(query: &mut Query, number: u8, over: Over, flags: u16) {
    let question = message::ask(7, "example.org", Kind::A, true).unwrap();
    query.heard(server(number), over, &reply(&question, flags, &[address("example.org", "192.0.2.99")]));
}

fn troubles(query: &Query) -> Vec<Trouble> {
    match query.outcome() {
        Some(Err(Unanswered(all))) => all.iter().map(|(_, trouble)| trouble.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn silent_servers_are_asked_in_turn_and_once_more() {
    let (mut query, mut now) = (query(3), Instant::now());
    for expected in [1, 2, 3, 1, 2, 3] {
        assert_eq!(asks(&mut query, now), Some((expected, Over::Udp)));
        assert_eq!(query.deadline(), Some(now + TIMEOUT));
        assert_eq!(query.waits_for(), Some(server(expected)));
        assert_eq!(asks(&mut query, now + TIMEOUT / 2), None);
        now += TIMEOUT;
    }
    assert_eq!(asks(&mut query, now), None);
    assert_eq!(troubles(&query), [Trouble::Silent, Trouble::Silent, Trouble::Silent]);
    assert_eq!((query.deadline(), query.waits_for()), (None, None));
}

#[test]
fn the_first_answer_counts_whoever_gives_it() {
    let (mut query, now) = (query(2), Instant::now());
    asks(&mut query, now);
    asks(&mut query, now + TIMEOUT);
    hears(&mut query, 1, Over::Udp, OK);
    assert!(matches!(query.outcome(), Some(Ok(Found::Records(answer))) if answer.data.len() == 1));
    assert_eq!(asks(&mut query, now + TIMEOUT * 2), None);
    hears(&mut query, 2, Over::Udp, SERVFAIL);
    assert!(matches!(query.outcome(), Some(Ok(_))), "and stays");
}

#[test]
fn who_has_answered_last_is_asked_first() {
    let (mut first, now) = (query(3), Instant::now());
    asks(&mut first, now);
    asks(&mut first, now + TIMEOUT);
    hears(&mut first, 2, Over::Udp, OK);
    let (mut next, mut now) = (Query::new("example.org".to_owned(), Kind::A, 7, first.servers), now + TIMEOUT);
    for expected in [2, 3, 1, 2, 3, 1] {
        assert_eq!(asks(&mut next, now), Some((expected, Over::Udp)));
        now += TIMEOUT;
    }
    assert_eq!(asks(&mut next, now), None);
    assert_eq!(troubles(&next), [Trouble::Silent, Trouble::Silent, Trouble::Silent]);
}

#[test]
fn who_answers_with_an_error_is_not_asked_again() {
    let (mut query, now) = (query(3), Instant::now());
    assert_eq!(asks(&mut query, now), Some((1, Over::Udp)));
    hears(&mut query, 1, Over::Udp, SERVFAIL);
    assert_eq!(asks(&mut query, now), Some((2, Over::Udp)));
    query.failed(server(2), Over::Udp, "Connection refused");
    assert_eq!(asks(&mut query, now), Some((3, Over::Udp)));
    assert_eq!(asks(&mut query, now + TIMEOUT), Some((3, Over::Udp)));
    assert_eq!(asks(&mut query, now + TIMEOUT * 2), None);
    let refused = |why: &str| Trouble::Refused(why.to_owned());
    assert_eq!(troubles(&query), [refused("SERVFAIL"), refused("Connection refused"), Trouble::Silent]);
}

#[test]
fn an_error_of_all_is_the_end() {
    let (mut query, now) = (query(1), Instant::now());
    asks(&mut query, now);
    hears(&mut query, 1, Over::Udp, REFUSED);
    assert_eq!(troubles(&query), [Trouble::Refused("REFUSED".to_owned())]);
}

#[test]
fn no_such_name_is_an_answer() {
    let (mut query, now) = (query(3), Instant::now());
    asks(&mut query, now);
    hears(&mut query, 1, Over::Udp, NXDOMAIN);
    assert_eq!(query.outcome(), Some(&Ok(Found::NoSuchName(Vec::new()))));
}

#[test]
fn what_is_truncated_is_asked_for_over_tcp() {
    let (mut query, now) = (query(2), Instant::now());
    asks(&mut query, now);
    hears(&mut query, 1, Over::Udp, TRUNCATED);
    assert_eq!(asks(&mut query, now), Some((1, Over::Tcp)));
    hears(&mut query, 1, Over::Udp, TRUNCATED);
    assert_eq!(asks(&mut query, now), None, "once is enough");
    hears(&mut query, 1, Over::Tcp, OK);
    assert!(matches!(query.outcome(), Some(Ok(_))));
}

#[test]
fn where_tcp_fails_another_server_is_asked() {
    let (mut query, now) = (query(2), Instant::now());
    asks(&mut query, now);
    hears(&mut query, 1, Over::Udp, TRUNCATED);
    asks(&mut query, now);
    query.failed(server(1), Over::Tcp, "Connection refused");
    assert_eq!(asks(&mut query, now), Some((2, Over::Udp)));
    hears(&mut query, 2, Over::Udp, TRUNCATED);
    assert_eq!(asks(&mut query, now), Some((2, Over::Tcp)));
    hears(&mut query, 2, Over::Tcp, TRUNCATED);
    let troubles = troubles(&query);
    assert!(matches!(&troubles[0], Trouble::Refused(why) if why.contains("over TCP: Connection refused")));
    assert!(matches!(&troubles[1], Trouble::Refused(why) if why.contains("garbled")));
}

#[test]
fn who_does_not_know_edns_is_asked_without() {
    let (mut query, now) = (query(1), Instant::now());
    let with = query.send(now).unwrap().message;
    hears(&mut query, 1, Over::Udp, FORMERR);
    let without = query.send(now).unwrap().message;
    assert!(without.len() < with.len());
    hears(&mut query, 1, Over::Udp, FORMERR);
    assert!(matches!(&troubles(&query)[..], [Trouble::Refused(why)] if why.contains("understand")));
}

#[test]
fn who_was_not_asked_is_not_heard() {
    let (mut query, now) = (query(1), Instant::now());
    asks(&mut query, now);
    hears(&mut query, 9, Over::Udp, OK);
    assert_eq!(query.outcome(), None);
    query.heard(server(1), Over::Udp, b"garbage");
    query.heard(server(1), Over::Udp, b"");
    assert_eq!(query.outcome(), None, "the true answer may come yet");
    query.heard(server(1), Over::Tcp, b"garbage");
    assert!(matches!(&troubles(&query)[..], [Trouble::Refused(_)]));
}

#[test]
fn a_name_that_is_too_long_is_told() {
    let servers = Servers::one(server(1));
    let mut query = Query::new("a.".repeat(200), Kind::A, 7, Rc::new(servers));
    assert_eq!(query.send(Instant::now()), None);
    assert!(matches!(&troubles(&query)[..], [Trouble::Refused(_)]));
}

proptest! {
    /// Whatever servers do, a question is over after a bounded number of messages.
    #[test]
    fn it_comes_to_an_end(servers in 1_u8..4, does in prop::collection::vec((0_u8..4, 0_u8..9, any::<bool>()), 0..60)) {
        let (mut query, mut now, mut sent) = (query(servers), Instant::now(), 0);
        let flags = [OK, TRUNCATED, FORMERR, SERVFAIL, NXDOMAIN, REFUSED, REFERRAL];
        for (who, what, tcp) in does.into_iter().chain(std::iter::repeat_n((0, 8, false), 8)) {
            sent += u8::from(query.send(now).is_some());
            let over = if tcp { Over::Tcp } else { Over::Udp };
            match (flags.get(usize::from(what)), what) {
                (Some(flags), _) => hears(&mut query, who, over, *flags),
                (None, 7) => query.failed(server(who), over, "why"),
                (None, _) => now += TIMEOUT,
            }
        }
        prop_assert!(query.send(now).is_none() && query.outcome().is_some());
        // Twice over, once over TCP, once without EDNS on either way.
        prop_assert!(sent <= servers * 5, "{sent}");
    }
}
