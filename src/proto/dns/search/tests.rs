//! Whole searches, against a zone in memory.

use super::{super::testing::*, *};
use crate::error::Exit;
use proptest::prelude::*;
use std::time::Duration;

fn search(family: Family, shows: bool) -> Search {
    let servers = Servers::one(SocketAddr::from(([192, 0, 2, 53], 53)));
    Search::new("example.org".to_owned(), family, shows, servers, || 7)
}

/// Answers all questions but those for names that begin with `silent`, and with SERVFAIL those that begin with `bad`.
fn answer(search: &mut Search, zone: &[Row]) {
    while let Some((number, sending)) = search.send(Instant::now()) {
        let (name, kind) = asked(&sending.message);
        let own: Vec<Row> = zone.iter().filter(|(owner, ..)| *owner == name).cloned().collect();
        let right: Vec<Row> = own.iter().filter(|(_, it, _)| *it == kind || *it == 5).cloned().collect();
        let flags = match own.as_slice() {
            _ if name.starts_with("silent") => continue,
            _ if name.starts_with("bad") => SERVFAIL,
            [] => NXDOMAIN,
            _ => OK,
        };
        search.heard(number, sending.server, sending.over, &reply(&sending.message, flags, &right));
    }
}

fn answered(family: Family, zone: &[Row]) -> Search {
    let mut search = search(family, true);
    answer(&mut search, zone);
    assert!(search.is_over() && search.waits_for().is_none() && search.deadline().is_none());
    search
}

fn hosts(search: &Search) -> Vec<String> {
    let exchangers = search.exchangers().unwrap().unwrap();
    let host = |it: &Exchanger| {
        let addresses: Vec<_> = search.addresses(it).iter().map(IpAddr::to_string).collect();
        format!("{} {}", it.name, addresses.join(" "))
    };
    exchangers.iter().map(host).collect()
}

const SPF: &[u8] = b"v=spf1 mx -all";

#[test]
fn exchangers_come_in_their_order_with_their_addresses() {
    let zone = [
        mx("example.org", 20, "b.example"),
        mx("example.org", 10, "a.example"),
        address("a.example", "192.0.2.1"),
        address("a.example", "2001:db8::1"),
        address("b.example", "192.0.2.2"),
        txt("example.org", &[SPF]),
        txt("example.org", &[b"say \"hi\"\\\x1b[0m\xff"]),
    ];
    let search = answered(Family::Any, &zone);
    assert_eq!(hosts(&search), ["a.example 2001:db8::1 192.0.2.1", "b.example 192.0.2.2"]);
    let records = [
        "example.org MX 10 a.example",
        "example.org MX 20 b.example",
        "a.example AAAA 2001:db8::1",
        "a.example A 192.0.2.1",
        "b.example A 192.0.2.2",
        "example.org TXT \"v=spf1 mx -all\" (SPF)",
        "example.org TXT \"say \\\"hi\\\"\\\\\\u{1b}[0m\\xff\"",
    ];
    assert_eq!(search.records(), records);
    assert_eq!(search.notes(), [""; 0]);
    assert_eq!(hosts(&answered(Family::V4, &zone))[0], "a.example 192.0.2.1");
    let v6 = answered(Family::V6, &zone);
    assert_eq!(hosts(&v6), ["a.example 2001:db8::1", "b.example "]);
    assert!(v6.why(&v6.exchangers().unwrap().unwrap()[1]).contains("leave out -6"));
}

#[test]
fn texts_are_asked_for_where_they_are_shown() {
    let mut search = search(Family::Any, false);
    let kinds: Vec<_> = std::iter::from_fn(|| search.send(Instant::now())).map(|it| asked(&it.1.message).1).collect();
    assert_eq!(kinds, [15]);
}

#[test]
fn a_domain_without_mx_takes_its_mail_itself() {
    let search = answered(Family::Any, &[address("example.org", "192.0.2.1")]);
    assert_eq!(hosts(&search), ["example.org 192.0.2.1"]);
    assert_eq!(search.records(), ["example.org A 192.0.2.1"]);
    assert!(search.notes()[0].contains("no MX record"));
    let search = answered(Family::Any, &[txt("example.org", &[b"x"])]);
    let error = search.nowhere();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains("no MX record, and as for an address: it has no address"), "{error}");
}

#[test]
fn an_alias_has_the_exchangers_of_its_name() {
    let zone = [cname("example.org", "b.example"), mx("b.example", 1, "c.example"), address("c.example", "192.0.2.3")];
    let search = answered(Family::V4, &zone);
    assert_eq!(hosts(&search), ["c.example 192.0.2.3"]);
    let records = ["example.org CNAME b.example", "b.example MX 1 c.example", "c.example A 192.0.2.3"];
    assert_eq!(search.records(), records);
}

#[test]
fn who_takes_no_mail_says_so() {
    let search = answered(Family::Any, &[mx("example.org", 0, "")]);
    let error = search.exchangers().unwrap_err();
    assert_eq!(error.exit(), Exit::Network);
    assert!(error.to_string().contains("RFC 7505"), "{error}");
    assert_eq!(search.records(), ["example.org MX 0 ."]);
}

#[test]
fn no_such_domain_is_no_such_name() {
    let search = answered(Family::Any, &[]);
    let error = search.exchangers().unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains("NXDOMAIN"), "{error}");
    assert_eq!(search.notes(), [""; 0], "the error tells");
    let search = answered(Family::Any, &[cname("example.org", "gone.example")]);
    let error = search.exchangers().unwrap_err().to_string();
    assert!(error.contains("alias of gone.example"), "{error}");
}

#[test]
fn a_failure_is_not_taken_for_a_domain_without_mx() {
    let mut search = Search::new(
        "bad.example".to_owned(),
        Family::Any,
        true,
        Servers::one(SocketAddr::from(([192, 0, 2, 53], 53))),
        || 7,
    );
    answer(&mut search, &[]);
    let error = search.exchangers().unwrap_err();
    assert_eq!(error.exit(), Exit::Network);
    assert!(error.to_string().contains("192.0.2.53:53: SERVFAIL; the domain's own"), "{error}");
}

#[test]
fn an_exchanger_that_is_not_known_keeps_no_other_waiting() {
    let zone = [
        mx("example.org", 1, "silent.example"),
        mx("example.org", 2, "bad.example"),
        mx("example.org", 3, "gone.example"),
        mx("example.org", 4, "good.example"),
        address("good.example", "192.0.2.4"),
    ];
    let mut search = search(Family::V4, true);
    answer(&mut search, &zone);
    assert_eq!(hosts(&search)[3], "good.example 192.0.2.4");
    let exchangers = search.exchangers().unwrap().unwrap();
    let known: Vec<_> = exchangers.iter().map(|it| search.is_known(it)).collect();
    assert_eq!(known, [false, true, true, true]);
    assert!(search.why(&exchangers[1]).contains("SERVFAIL") && search.why(&exchangers[2]).contains("NXDOMAIN"));
    assert_eq!(search.waits_for().as_deref(), Some("192.0.2.53:53"));
    let notes = search.notes().join("; ");
    assert!(notes.contains("silent.example A: no answer yet") && notes.contains("bad.example A: 192"), "{notes}");
    let nowhere = search.nowhere().to_string();
    assert!(nowhere.contains("gone.example: there is no such name"), "{nowhere}");
}

#[test]
fn the_number_of_exchangers_is_bounded() {
    let names: Vec<String> = (0..100).map(|number| format!("{number}.example")).collect();
    let zone: Vec<Row> = names.iter().map(|name| mx("example.org", 1, name)).collect();
    let search = answered(Family::Any, &zone);
    assert_eq!(hosts(&search).len(), TRIED);
    assert!(search.notes()[0].starts_with("84 more exchangers"));
}

#[test]
fn it_is_asked_again_when_nothing_comes() {
    let mut search = search(Family::V4, false);
    let now = Instant::now();
    assert!(search.send(now).is_some() && search.send(now).is_none());
    let later = search.deadline().unwrap();
    assert!(later > now && search.send(later).is_some());
    search.failed(0, SocketAddr::from(([192, 0, 2, 53], 53)), Over::Udp, "Connection refused");
    let error = search.exchangers().unwrap_err().to_string();
    assert!(error.contains("192.0.2.53:53: Connection refused; --dns"), "{error}");
}

proptest! {
    /// Whatever comes, it is over after a bounded time, and nothing panics.
    #[test]
    fn any_answers_lead_to_an_end(pieces in prop::collection::vec((0_usize..40, 0_u8..8, any::<Vec<u8>>()), 0..80)) {
        let (mut search, mut now) = (search(Family::Any, true), Instant::now());
        let mut asked: Vec<(usize, Sending)> = Vec::new();
        let records = [
            mx("example.org", 1, "a.example"), mx("example.org", 1, "@12"), cname("example.org", "a.example"),
            cname("a.example", "example.org"), address("a.example", "192.0.2.1"), txt("example.org", &[SPF]),
        ];
        for (which, what, mut bytes) in pieces {
            asked.extend(std::iter::from_fn(|| search.send(now)));
            let Some((number, sending)) = asked.get(which.checked_rem(asked.len()).unwrap_or_default()) else { continue };
            let flags = [OK, NXDOMAIN, SERVFAIL, TRUNCATED];
            match (what, flags.get(usize::from(what))) {
                (_, Some(flags)) => bytes = reply(&sending.message, *flags, &records[bytes.len() % 6..]),
                (4, _) => bytes = [&reply(&sending.message, OK, &[])[..], &bytes].concat(),
                (5, _) => now += Duration::from_secs(1),
                (_, _) => {}
            }
            search.heard(*number, sending.server, sending.over, &bytes);
            let _ = (search.records(), search.notes(), search.waits_for(), search.exchangers().is_ok());
        }
        // Nobody answers any more: aliases may have been followed up to then.
        for _ in 0..100 {
            while search.send(now).is_some() {}
            now += Duration::from_secs(2);
        }
        prop_assert!(search.is_over() && !matches!(search.exchangers(), Ok(None)));
        let _ = search.nowhere();
    }
}
