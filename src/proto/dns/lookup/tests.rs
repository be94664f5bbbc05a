//! Aliases, wherever they lead.

use super::{super::testing::*, *};
use std::time::Duration;

fn lookup(name: &str) -> Lookup {
    let server = SocketAddr::from(([192, 0, 2, 1], 53));
    Lookup::new(name.to_owned(), Kind::A, Rc::new(Servers::one(server)), || 7)
}

/// Answers each question by `records`, as a server does that only knows what is asked; gives the names asked for.
fn answered(lookup: &mut Lookup, records: &[Row]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(sending) = lookup.send(Instant::now()) {
        let (name, _) = asked(&sending.message);
        let own: Vec<Row> = records.iter().filter(|(owner, ..)| *owner == name).cloned().collect();
        let flags = if own.is_empty() { NXDOMAIN } else { OK };
        lookup.heard(sending.server, sending.over, &reply(&sending.message, flags, &own));
        names.push(name);
    }
    names
}

#[test]
fn an_alias_is_asked_for_where_the_server_does_not() {
    let records = [cname("a", "b"), cname("b", "c"), address("c", "192.0.2.9")];
    let mut it = lookup("a");
    assert_eq!(answered(&mut it, &records), ["a", "b", "c"]);
    assert_eq!(it.result(), Some(Ok(&[Data::Address("192.0.2.9".parse().unwrap())][..])));
    assert_eq!((it.aliases(), it.owner()), (&["b".to_owned(), "c".to_owned()][..], "c"));
}

#[test]
fn a_circle_is_told() {
    for records in [&[cname("a", "a")][..], &[cname("a", "b"), cname("b", "a")]] {
        let mut it = lookup("a");
        answered(&mut it, records);
        assert_eq!(it.result(), Some(Err(&Fault::Aliases)));
    }
}

#[test]
fn a_chain_without_end_is_given_up() {
    let chain: Vec<Row> =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].windows(2).map(|two| cname(two[0], two[1])).collect();
    let mut it = lookup("a");
    assert!(answered(&mut it, &chain).len() <= ALIASES + 1);
    assert_eq!(it.result(), Some(Err(&Fault::Aliases)));
}

#[test]
fn an_alias_of_nothing_is_named() {
    let mut it = lookup("a");
    answered(&mut it, &[cname("a", "b")]);
    assert_eq!(it.result(), Some(Err(&Fault::NoSuchName("b".to_owned()))));
}

#[test]
fn an_alias_without_such_records_has_none() {
    let mut it = lookup("a");
    answered(&mut it, &[cname("a", "b"), mx("b", 1, "c")]);
    assert_eq!(it.result(), Some(Ok(&[][..])));
}

#[test]
fn who_did_not_answer_is_told_with_what_to_try() {
    let mut it = lookup("a");
    let now = Instant::now();
    it.send(now);
    it.send(now + Duration::from_secs(2));
    assert_eq!(it.send(now + Duration::from_secs(4)), None);
    let Some(Err(fault)) = it.result() else { panic!() };
    assert_eq!(fault.to_string(), "192.0.2.1:53: no answer");
    assert!(fault.hint().contains("network"));
    let mut it = lookup("a");
    let sending = it.send(now).unwrap();
    it.heard(sending.server, Over::Udp, &reply(&sending.message, SERVFAIL, &[]));
    let Some(Err(fault)) = it.result() else { panic!() };
    assert_eq!(fault.to_string(), "192.0.2.1:53: SERVFAIL");
    assert!(fault.hint().contains("later"));
}
