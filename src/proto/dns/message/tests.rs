//! Messages by the byte: what counts as an answer, and what of it.

use super::{super::testing::*, *};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const ID: u16 = 0x1234;

fn question(kind: Kind) -> Vec<u8> {
    ask(ID, "example.org", kind, true).unwrap()
}

fn heard(kind: Kind, flags: u16, records: &[Row]) -> Option<Reply> {
    read(&reply(&question(kind), flags, records), ID, "example.org", kind)
}

fn found(kind: Kind, records: &[Row]) -> Answer {
    match heard(kind, OK, records) {
        Some(Reply::Found(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_says_what_is_wanted_and_how_much_fits() {
    let plain = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x0f\0\x01";
    assert_eq!(ask(ID, "example.org", Kind::Mx, false).unwrap(), plain);
    let with_edns = question(Kind::Mx);
    assert_eq!(with_edns[..11], plain[..11]);
    assert_eq!(with_edns[11], 1, "one additional record");
    assert_eq!(with_edns[12..plain.len()], plain[12..]);
    assert_eq!(with_edns[plain.len()..], *b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
    assert_eq!(ask(ID, &"a.".repeat(130), Kind::Mx, true), None);
}

#[test]
fn records_of_the_name_are_found() {
    let answer = found(Kind::Mx, &[mx("example.org", 10, "Mail.Example.org"), mx("EXAMPLE.org", 20, "@12")]);
    let expected = [Data::Mx(10, "mail.example.org".to_owned()), Data::Mx(20, "example.org".to_owned())];
    assert_eq!(answer.data, expected);
    let answer = found(Kind::Txt, &[txt("example.org", &[b"v=spf1 ", b"=\xff", b"", b" -all"])]);
    assert_eq!(answer.data, [Data::Txt(b"v=spf1 =\xff -all".to_vec())]);
    let answer = found(Kind::A, &[address("example.org", "192.0.2.1"), address("example.org", "2001:db8::1")]);
    assert_eq!(answer.data, [Data::Address("192.0.2.1".parse().unwrap())]);
    assert_eq!(found(Kind::Aaaa, &[]), Answer::default());
}

#[test]
fn what_nobody_asked_for_does_not_count() {
    let answer = found(Kind::Mx, &[mx("example.com", 1, "evil.example"), mx("a.example.org", 1, "evil.example")]);
    assert_eq!(answer, Answer::default());
    let answer = found(Kind::A, &[cname("other.example", "example.org"), address("www.example.org", "192.0.2.6")]);
    assert_eq!(answer, Answer::default());
}

#[test]
fn aliases_are_followed_within_an_answer() {
    let chain = [address("c.example", "192.0.2.1"), cname("b.example", "c.example"), cname("example.org", "b.example")];
    let answer = found(Kind::A, &chain);
    assert_eq!(answer.aliases, ["b.example", "c.example"]);
    assert_eq!(answer.data.len(), 1);
    assert_eq!(heard(Kind::A, NXDOMAIN, &chain[1..]), Some(Reply::NoSuchName(answer.aliases)));
    let circle = found(Kind::A, &[cname("example.org", "b.example"), cname("b.example", "example.org")]);
    assert_eq!(circle.aliases.len(), ALIASES);
    assert!(circle.data.is_empty());
}

#[test]
fn another_id_question_type_or_direction_is_no_answer() {
    let question = question(Kind::A);
    let good = reply(&question, OK, &[]);
    assert!(read(&good, ID, "example.org", Kind::A).is_some());
    assert_eq!(read(&good, ID + 1, "example.org", Kind::A), None);
    assert_eq!(read(&good, ID, "example.com", Kind::A), None);
    assert_eq!(read(&good, ID, "example.org", Kind::Aaaa), None);
    assert_eq!(read(&question, ID, "example.org", Kind::A), None);
    assert_eq!(read(&reply(&question, 0x0180, &[]), ID, "example.org", Kind::A), None);
    let mut chaos = good.clone();
    *chaos.last_mut().unwrap() = 3;
    assert_eq!(read(&chaos, ID, "example.org", Kind::A), None);
    let upper: Vec<u8> = reply(&ask(ID, "EXAMPLE.ORG", Kind::A, true).unwrap(), OK, &[]);
    assert!(read(&upper, ID, "example.org", Kind::A).is_some(), "case does not count (RFC 4343)");
    let status = reply(&question, OK | 0x1000, &[]);
    assert_eq!(read(&status, ID, "example.org", Kind::A), None, "it answers to something else");
    let mut none = good;
    none[5] = 0;
    none.truncate(12);
    assert_eq!(read(&none, ID, "example.org", Kind::A), None);
}

#[test]
fn servers_say_why_they_do_not_answer() {
    let record = [address("example.org", "192.0.2.1")];
    assert_eq!(heard(Kind::A, TRUNCATED, &record), Some(Reply::Truncated));
    assert_eq!(heard(Kind::A, FORMERR, &[]), Some(Reply::Misunderstood));
    assert_eq!(heard(Kind::A, SERVFAIL, &[]), Some(Reply::Refused("SERVFAIL".to_owned())));
    assert_eq!(heard(Kind::A, REFUSED, &[]), Some(Reply::Refused("REFUSED".to_owned())));
    assert_eq!(heard(Kind::A, NXDOMAIN, &[]), Some(Reply::NoSuchName(Vec::new())));
    assert!(matches!(heard(Kind::A, OK | 9, &[]), Some(Reply::Refused(why)) if why == "error 9"));
    assert!(matches!(heard(Kind::A, REFERRAL, &[]), Some(Reply::Refused(why)) if why.contains("for others")));
    assert!(matches!(heard(Kind::A, REFERRAL, &record), Some(Reply::Found(_))));
    let mut badvers = reply(&question(Kind::A), OK, &[]);
    badvers[11] = 1;
    badvers.extend([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]);
    assert_eq!(read(&badvers, ID, "example.org", Kind::A), Some(Reply::Refused("error 16".to_owned())));
    let header = [&ID.to_be_bytes()[..], &FORMERR.to_be_bytes(), &[0; 8]].concat();
    assert_eq!(read(&header, ID, "example.org", Kind::A), Some(Reply::Misunderstood));
}

#[test]
fn what_is_cut_or_garbled_is_told() {
    let garbled = Some(Reply::Refused("the answer is garbled".to_owned()));
    for bad in [("example.org", 1, vec![1, 2, 3]), ("example.org", 1, vec![1; 5]), ("example.org", 5, vec![0xc0, 0xff])]
    {
        assert_eq!(heard(Kind::A, OK, &[bad]), garbled);
    }
    let bad = ("example.org", 16, vec![9, b'x']);
    assert_eq!(heard(Kind::Txt, OK, &[bad]), garbled);
    let bytes = reply(&question(Kind::A), OK, &[address("example.org", "192.0.2.1")]);
    assert_eq!(read(&bytes[..bytes.len() - 1], ID, "example.org", Kind::A), garbled);
    // The record's name is a pointer to itself.
    let at = question_length();
    let pointer: &'static str = Box::leak(format!("@{at}").into_boxed_str());
    assert_eq!(heard(Kind::A, OK, &[address(pointer, "192.0.2.1")]), garbled);
}

fn question_length() -> usize {
    reply(&question(Kind::A), OK, &[]).len()
}

#[test]
fn a_long_answer_of_long_names_is_no_work() {
    // Each name is a pointer to a name that ends in a pointer, and so on.
    let mut bytes = reply(&question(Kind::A), OK, &[]);
    bytes[6..8].copy_from_slice(&5000_u16.to_be_bytes());
    let mut last = 12_u16;
    while bytes.len() < 64_000 {
        let place = u16::try_from(bytes.len()).unwrap();
        bytes.extend([1, b'a']);
        bytes.extend((0xc000 | last).to_be_bytes());
        bytes.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 0]);
        last = if place < 0x3000 && !bytes.len().is_multiple_of(100) { place } else { 12 };
    }
    let begun = Instant::now();
    let _ = read(&bytes, ID, "example.org", Kind::A);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Mx), Just(Kind::Txt), Just(Kind::A), Just(Kind::Aaaa)]
}

proptest! {
    #[test]
    fn any_bytes_behind_the_question_are_read_without_harm(kind in any_kind(), count: u16, flags: u16, tail: Vec<u8>) {
        let mut bytes = reply(&question(kind), flags, &[]);
        bytes[6..8].copy_from_slice(&count.to_be_bytes());
        bytes.extend(tail);
        let _ = read(&bytes, ID, "example.org", kind);
    }

    #[test]
    fn any_change_to_a_good_answer_is_read_without_harm(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let records = [
            cname("example.org", "@12"), mx("example.org", 1, "a.b"), mx("@12", 2, "@40"),
            cname("a.b", "@30"), mx("a.b", 3, "@60"),
        ];
        let mut bytes = reply(&question(Kind::Mx), OK, &records);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = cut.index(bytes.len()) + 1;
        let _ = read(&bytes, ID, "example.org", Kind::Mx);
        let _ = read(&bytes[..cut], ID, "example.org", Kind::Mx);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes: Vec<u8>, id: u16) {
        let _ = read(&bytes, id, "example.org", Kind::A);
    }
}
