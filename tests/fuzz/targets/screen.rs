//! What is shown at a terminal: colours are ours, everything else of the peer's is visible text.

use super::common::{choices, filtered, pieces};
use rncat::{
    filter::{
        colour::Shown,
        escape::Pieces,
        utf8::{Characters, Run},
    },
    proto::{
        evidence::{Evidence, Finding, Side},
        reply::{PROTOCOLS, follow::Follower},
    },
    report::Report,
};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, PROTOCOLS.len()) else { return };
    escapes(bytes, cut);
    characters(bytes, cut);
    let shown = |cut, escapes| {
        let evidence = Rc::new(Evidence::new(Side::Client, Report::new("rncat", 0, true)));
        evidence.found(Finding { what: "a test", mail: true, replies: true });
        let follower = Rc::new(Follower::new((PROTOCOLS[which].begin)(), false));
        remove(&filtered(&mut Shown::new(evidence, Some(follower), escapes), bytes, cut))
    };
    // Its own colours would be in the way.
    if !bytes.contains(&0x1b) {
        assert_eq!(shown(cut, false), bytes, "no byte is lost");
    }
    let whole = shown(0, true);
    let text = String::from_utf8(whole).expect("text");
    assert!(!text.replace("\r\n", "\n").chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    assert_eq!(String::from_utf8_lossy(&shown(cut, true)), text);
}

/// Without the colours that we use.
fn remove(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    while let Some((byte, more)) = rest.split_first() {
        let colour = ["\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[35m", "\x1b[36m"];
        match colour.iter().find_map(|it| rest.strip_prefix(it.as_bytes())) {
            Some(behind) => rest = behind,
            None => {
                out.push(*byte);
                rest = more;
            }
        }
    }
    out
}

fn escapes(bytes: &[u8], cut: u8) {
    let pass = |escapes, cut| {
        let (mut it, mut out) = (Pieces::new(escapes), Vec::new());
        pieces(bytes, cut).into_iter().for_each(|piece| it.pass(piece, &mut out));
        it.end(&mut out);
        out
    };
    assert_eq!(pass(false, cut), bytes);
    let whole = pass(true, 0);
    assert_eq!(pass(true, cut), whole);
    assert!(whole.len() <= 6 * bytes.len());
}

/// Characters come whole, and nothing is lost between them.
fn characters(bytes: &[u8], cut: u8) {
    let (mut it, mut out) = (Characters::default(), Vec::new());
    let mut keep = |run: Run<'_>| match run {
        Run::Text(text) => out.extend_from_slice(text.as_bytes()),
        Run::Odd(odd) => out.extend_from_slice(odd),
    };
    pieces(bytes, cut).into_iter().for_each(|piece| it.pass(piece, &mut keep));
    it.end(&mut keep);
    assert_eq!(out, bytes);
}
