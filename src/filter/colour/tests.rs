//! What is coloured, what is escaped, and what stays as it is.

use super::*;
use crate::{
    proto::{
        evidence::{Finding, Side},
        reply::{PROTOCOLS, guess},
        testing::split,
    },
    report::Report,
};
use proptest::prelude::*;

fn evidence(replies: bool) -> Rc<Evidence> {
    let evidence = Evidence::new(Side::Client, Report::new("rncat", 0, true));
    evidence.found(Finding { what: "", mail: false, replies });
    Rc::new(evidence)
}

fn follower() -> Rc<Follower> {
    Rc::new(Follower::new(guess::begin(Some(25)), false))
}

/// All that is shown of `bytes` in these pieces, piece by piece.
fn shown(filter: &mut Shown, bytes: &[u8], sizes: &[usize]) -> Vec<String> {
    let mut spare = b"rubbish".to_vec();
    let mut all: Vec<_> = split(bytes, sizes)
        .into_iter()
        .map(|piece| {
            let mut bytes = piece.to_vec();
            filter.apply(&mut bytes, &mut spare);
            bytes
        })
        .collect();
    let mut end = Vec::new();
    filter.end(&mut end);
    all.push(end);
    all.into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Without the sequences that colours are made of.
fn plain(shown: &str) -> String {
    let colours = [Kind::Success, Kind::Continue, Kind::Transient, Kind::Permanent].map(colour);
    let sequences = colours.into_iter().chain([PLAIN]).map(|sequence| str::from_utf8(sequence).unwrap());
    sequences.fold(shown.to_owned(), |shown, sequence| shown.replace(sequence, ""))
}

#[test]
fn each_line_of_a_reply_has_its_colour_to_its_end() {
    let mut filter = Shown::new(evidence(true), Some(follower()), true);
    let heard = b"220-hi\r\n220 there\n354 go\r\n450 \r\n550 no";
    let all = "\x1b[32m220-hi\x1b[0m\r\n\x1b[32m220 there\x1b[0m\n\x1b[36m354 go\x1b[0m\r\n\x1b[35m450 \x1b[0m\r\n\
               \x1b[31m550 no\x1b[0m";
    assert_eq!(shown(&mut filter, heard, &[999]), [all, ""]);
}

#[test]
fn what_has_come_is_shown_at_once_and_each_piece_ends_without_colour() {
    let mut filter = Shown::new(evidence(true), Some(follower()), true);
    let pieces = ["22", "\x1b[32m0 \x1b[0m", "\x1b[32mhi\x1b[0m", "\r\n", "", ""];
    assert_eq!(shown(&mut filter, b"220 hi\r\n", &[2]), pieces);
}

#[test]
fn a_server_cannot_colour_or_steer() {
    let heard = "220 \x1b[2J\u{9b}31m\x07\rhi\r\n".as_bytes();
    let mut filter = Shown::new(evidence(true), Some(follower()), true);
    assert_eq!(shown(&mut filter, heard, &[99]).concat(), "\x1b[32m220 \\x1b[2J\\u{9b}31m\\x07\\rhi\x1b[0m\r\n");
    let mut filter = Shown::new(evidence(true), None, true);
    assert_eq!(shown(&mut filter, heard, &[3]).concat(), "220 \\x1b[2J\\u{9b}31m\\x07\\rhi\r\n");
}

#[test]
fn where_nothing_is_known_to_be_text_nothing_is_changed() {
    let mut filter = Shown::new(evidence(false), Some(follower()), true);
    assert_eq!(shown(&mut filter, b"220 \x1b[2J\r", &[2]).concat(), "220 \x1b[2J\r");
}

#[test]
fn when_it_is_lost_it_goes_unless_it_has_to_escape() {
    for escapes in [true, false] {
        let follower = follower();
        let (mut filter, sent) = (Shown::new(evidence(true), Some(Rc::clone(&follower)), escapes), Sent::new(follower));
        assert!(!filter.is_done() && !sent.is_done());
        assert_eq!(shown(&mut filter, b"220 hi\r\nwhat?\r\n220 x\r\n", &[99]).concat().matches("\x1b[0m").count(), 1);
        assert_eq!((filter.is_done(), sent.is_done()), (!escapes, true));
    }
}

proptest! {
    #[test]
    fn without_its_colours_it_is_what_came(
        protocol in 0..PROTOCOLS.len(),
        lines in prop::collection::vec("(\\+OK|\\* OK|a OK|OK|NO|220|354-|550|HTTP/1.1 404) [a\u{fc}]{0,3}\r?\n|[a\u{fc} {}2]{0,4}\n?", 0..8),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let heard = lines.concat();
        let follower = Rc::new(Follower::new((PROTOCOLS[protocol].begin)(), false));
        let mut filter = Shown::new(evidence(true), Some(follower), false);
        let (mut all, mut came) = (Vec::new(), 0);
        for piece in split(heard.as_bytes(), &sizes) {
            let mut bytes = piece.to_vec();
            filter.apply(&mut bytes, &mut Vec::new());
            all.extend_from_slice(&bytes);
            came += piece.len();
            prop_assert!(plain(&String::from_utf8_lossy(&all)).len() + 3 >= came, "no more than a character waits");
        }
        filter.end(&mut all);
        prop_assert_eq!(plain(str::from_utf8(&all).unwrap()), heard);
    }

    #[test]
    fn the_text_is_the_same_in_any_pieces(
        heard in prop::collection::vec(prop_oneof![Just(b'2'), Just(b'0'), Just(b' '), Just(b'\r'), Just(b'\n'), Just(0xc2), any::<u8>()], 0..40),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let text = |sizes: &[usize]| {
            let mut filter = Shown::new(evidence(true), Some(follower()), true);
            plain(&shown(&mut filter, &heard, sizes).concat())
        };
        prop_assert_eq!(text(&sizes), text(&[usize::MAX]));
    }
}
